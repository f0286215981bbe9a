"""Publishing a version: one of the staff proposes it, another approves, and it holds."""

from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import sqlalchemy as sa

from core import faults, outbox
from core.audit import Actor
from core.db import ReadSession, WriteSession
from core.periods import business_date
from services.accounts.errors import UnitUnknown
from services.accounts.queries import staffing
from services.accounts.roles import StaffPermission
from services.casework import operations as casework
from services.casework.ports import Approved, Kind, Outcome, Payload
from services.tariffs.errors import BeginsInPast, VersionChanged, VersionFixed, VersionsOverlap
from services.tariffs.events import TariffPublished
from services.tariffs.models import VersionState
from services.tariffs.operations import calendar
from services.tariffs.operations.versions import hold_version, lock_version, record, subject_of
from services.tariffs.queries.versions import VersionId, VersionView, leaves_gap, version_by_id
from services.tariffs.rules.life import Act, made_until, next_state

PUBLISH_TARIFF: Final = "tariffs.publish_tariff"


class PublishTariff(Payload):
    """Which version; it stays as it is while it is proposed."""

    version_id: int
    tariff_code: str
    version_no: int
    valid_from: date
    is_correction: bool
    nothing_from: date | None = None
    """From this day on no version was published when it was asked for: the tariff ends, or waits for another."""


def propose(
    session: WriteSession,
    *,
    version_id: VersionId,
    revision: int,
    reason: str,
    is_correction: bool,
    by: UUID,
    zone: ZoneInfo,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Ask that a draft be published; answers the request, which another decides by `casework.operations.approve`.

    A version that begins before today must be asked for as a correction, and so must one that begins inside a published
    version whose end is set: it ends where that one ends. Raises UnitUnknown for whoever may not edit
    tariffs everywhere, VersionUnknown, VersionFixed, VersionChanged, BeginsInPast, VersionsOverlap, ReasonMissing.
    """
    may = StaffPermission.TARIFFS_EDIT
    if not staffing.staff_holds_everywhere(session, staff_id=by, permission=may, now=now):
        raise UnitUnknown
    version = lock_version(session, version_id=version_id, now=now)
    if next_state(version.state, Act.PROPOSE) is None:
        raise VersionFixed(state=version.state.value)
    if version.revision != revision:
        raise VersionChanged
    _check_begin(version, is_correction=is_correction, today=business_date(now, zone))
    _check_room(session, version, is_correction=is_correction)
    request_id = casework.ask(
        session,
        kind=PUBLISH_TARIFF,
        subject=subject_of(version_id),
        unit_id=_top_unit(session),
        payload=PublishTariff(
            version_id=version_id,
            tariff_code=version.tariff_code,
            version_no=version.version_no,
            valid_from=version.valid_from,
            is_correction=is_correction,
            nothing_from=version.valid_to if leaves_gap(session, version=version) else None,
        ),
        reason=reason,
        by=by,
        actor=actor,
        now=now,
    )
    session.sql(
        """update tariff_version set state = 'proposed', request_id = :request_id, is_correction = :is_correction,
             revision = revision + 1, changed_at = :now
           where id = :id""",
        id=version_id,
        is_correction=is_correction,
        request_id=request_id,
        now=now,
    )
    proposed = version_by_id(session, version_id=version_id)
    record(session, proposed, act="tariffs.proposed", actor=actor, before=version)
    return request_id


def publish_tariff(zone: ZoneInfo) -> Kind:
    """The kind of request by which versions are published, for the supplier in this zone.

    Both persons hold their right in every unit: a tariff is the whole supplier's.
    """

    def carry_out(session: WriteSession, approved: Approved) -> Outcome:
        wanted: PublishTariff = approved.payload
        version = version_by_id(session, version_id=wanted.version_id)
        is_asked = version.request_id == approved.request_id
        if not is_asked or next_state(version.state, Act.PUBLISH) is not VersionState.PUBLISHED:
            raise VersionFixed(state=version.state.value)
        _publish(session, version, today=business_date(approved.now, zone), zone=zone, approved=approved)
        return Outcome()

    def may_touch(session: ReadSession, _: PublishTariff, staff_id: UUID, now: datetime) -> bool:
        may = StaffPermission.TARIFFS_APPROVE
        return staffing.staff_holds_everywhere(session, staff_id=staff_id, permission=may, now=now)

    return Kind(
        name=PUBLISH_TARIFF,
        payload=PublishTariff,
        asks=StaffPermission.TARIFFS_EDIT,
        decides=StaffPermission.TARIFFS_APPROVE,
        carry_out=carry_out,
        may_touch=may_touch,
        hold=lambda session, wanted: hold_version(session, version_id=wanted.version_id),
        let_go=_let_go,
    )


def _publish(session: WriteSession, version: VersionView, *, today: date, zone: ZoneInfo, approved: Approved) -> None:
    """End the version before, let this one hold, make its days and tell it: all of it or nothing."""
    _check_begin(version, is_correction=version.is_correction, today=today)
    calendar.hold_calendar(session)
    ended = _check_room(session, version, is_correction=version.is_correction)
    if ended is not None:
        session.sql(
            "update tariff_version set valid_to = :valid_to where id = :id", id=ended.id, valid_to=version.valid_from
        )
        calendar.cut(session, version_id=ended.id, end=version.valid_from)
        record(
            session,
            version_by_id(session, version_id=ended.id),
            act="tariffs.ended",
            actor=approved.actor,
            before=ended,
        )
    faults.point("tariffs.publish.ended")
    try:
        session.sql(
            """update tariff_version set state = 'published', published_at = :now, revision = revision + 1,
                 changed_at = :now
               where id = :id""",
            id=version.id,
            now=approved.now,
        )
    except sa.exc.IntegrityError as error:
        if isinstance(error.orig, psycopg.errors.ExclusionViolation):
            raise VersionsOverlap(version_no=version.version_no) from error
        raise
    end = made_until(version.valid_to, today=today)
    calendar.make_days(session, version_id=version.id, first=version.valid_from, end=end, zone=zone)
    published = version_by_id(session, version_id=version.id)
    record(session, published, act="tariffs.published", actor=approved.actor, before=version)
    outbox.add(
        session,
        TariffPublished(
            version_id=version.id,
            tariff_code=version.tariff_code,
            valid_from=version.valid_from.isoformat(),
            valid_to=None if version.valid_to is None else version.valid_to.isoformat(),
            ended_id=None if ended is None else ended.id,
        ),
    )
    faults.point("tariffs.publish.before_commit")


def _check_begin(version: VersionView, *, is_correction: bool, today: date) -> None:
    if version.valid_from < today and not is_correction:
        raise BeginsInPast


def _check_room(session: ReadSession, version: VersionView, *, is_correction: bool) -> VersionView | None:
    """The published version that this one ends: one that begins no later, and still runs or is corrected to its end.

    A correction ends on the very day on which what it corrects ends, so that the days behind it are not left without a
    price. Raises VersionsOverlap for any other that holds on a day of it. Served by ix_tariff_version_published.
    """
    rows = session.sql(
        """select id, version_no, valid_from, valid_to from tariff_version
           where tariff_code = :code and state = 'published' and id <> :id
             and daterange(valid_from, valid_to) && daterange(cast(:valid_from as date), cast(:valid_to as date))
           order by valid_from""",
        code=version.tariff_code,
        id=version.id,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
    ).all()
    ended: int | None = None
    for row in rows:
        may_end = row.valid_to is None or (is_correction and row.valid_to == version.valid_to)
        if not may_end or row.valid_from > version.valid_from:
            raise VersionsOverlap(version_no=row.version_no)
        ended = row.id
    return None if ended is None else version_by_id(session, version_id=ended)


def _let_go(session: WriteSession, wanted: PublishTariff, now: datetime) -> None:
    """What nobody approved is a draft again."""
    session.sql(
        """update tariff_version set state = 'draft', request_id = null, revision = revision + 1, changed_at = :now
           where id = :id and state = 'proposed'""",
        id=wanted.version_id,
        now=now,
    )


def _top_unit(session: ReadSession) -> int:
    """A topmost unit: requests name one, and whoever decides must hold the right in all of them."""
    found: int | None = staffing.top_unit(session)
    if found is None:
        raise UnitUnknown
    return found
