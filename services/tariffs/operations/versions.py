"""Tariffs and drafts of their versions: what is written before anybody publishes it.

Whoever calls has made sure of the right: `tariffs.edit` everywhere for staff, `tariffs.write` for a program. A tariff
holds for the whole supplier.
"""

import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from core import audit
from core.audit import Actor
from core.db import WriteSession, to_json
from core.errors import Json
from core.periods import FIRST_YEAR, LAST_YEAR
from core.texts import is_line
from services.casework import operations as casework
from services.tariffs.errors import (
    Fault,
    TariffInvalid,
    TariffTaken,
    TariffUnknown,
    TariffWrong,
    VersionChanged,
    VersionDatesWrong,
    VersionFixed,
)
from services.tariffs.models import TariffClass, VersionState
from services.tariffs.queries.versions import VersionId, VersionView, version_by_id
from services.tariffs.rules.checks import CURRENCIES
from services.tariffs.rules.energy_checks import EVERY_MONTH
from services.tariffs.rules.life import Act, months_of, next_state
from services.tariffs.rules.tariff import Tariff, dump, parse

MOST_NAME: Final = 200
MOST_NOTE: Final = 500
_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,31}")


def validate(
    document: object, *, currency: str | None, zone: ZoneInfo, months: Collection[int] = EVERY_MONTH
) -> Tariff:
    """What a document says, if it may be a version of a tariff in this currency (None: any) of this supplier.

    Raises TariffInvalid with every fault: those of the format, and a currency or time zone that is another.
    """
    tariff = parse(document, months=months)
    faults = []
    if currency is not None and tariff.currency != currency:
        faults.append(Fault("$.currency", "currency_differs", currency))
    if tariff.zone is not None and tariff.zone.key != zone.key:
        faults.append(Fault("$.time_zone", "zone_differs", zone.key))
    if faults:
        raise TariffInvalid(faults)
    return tariff


def create_tariff(
    session: WriteSession,
    *,
    code: str,
    name: str,
    tariff_class: TariffClass,
    currency: str,
    actor: Actor,
    now: datetime,
) -> str:
    """Add a tariff, without a version yet; answers its code. It may be what agreements name already.

    Raises TariffWrong with the field that is not as it must be, TariffTaken.
    """
    name = " ".join(name.split())
    for field, is_right in (
        ("code", _CODE.fullmatch(code) is not None),
        ("name", 0 < len(name) <= MOST_NAME and is_line(name)),
        ("currency", currency in CURRENCIES),
    ):
        if not is_right:
            raise TariffWrong(field=field)
    made = session.sql(
        """insert into tariff (code, name, class, currency, created_at) values (:code, :name, :class, :currency, :now)
           on conflict do nothing returning code""",
        **{"code": code, "name": name, "class": tariff_class.value, "currency": currency, "now": now},
    ).scalar_one_or_none()
    if made is None:
        raise TariffTaken
    audit.record(
        session,
        actor=actor,
        act="tariffs.created",
        subject=f"tariff:{code}",
        after={"tariff_name": name, "currency": currency},
    )
    return code


def draft(
    session: WriteSession,
    *,
    code: str,
    valid_from: date,
    valid_to: date | None,
    document: object,
    note: str,
    zone: ZoneInfo,
    actor: Actor,
    now: datetime,
) -> VersionView:
    """Draft a version of a tariff from a document; it gets the tariff's next number.

    Raises TariffUnknown, VersionDatesWrong, TariffInvalid with every fault.
    """
    _check_dates(valid_from, valid_to)
    currency = _lock_tariff(session, code=code)
    tariff = validate(document, currency=currency, zone=zone, months=months_of(valid_from, valid_to))
    made = session.sql(
        """insert into tariff_version (tariff_code, version_no, valid_from, valid_to, document, periods, state, note,
             created_at, changed_at)
           values (:code, 0, :valid_from, :valid_to, cast(:document as jsonb), :periods, 'draft', :note, :now, :now)
           returning id""",
        code=code,
        valid_from=valid_from,
        valid_to=valid_to,
        document=to_json(dump(tariff)),
        periods=list(tariff.periods),
        note=_note(note),
        now=now,
    ).scalar_one()
    version = version_by_id(session, version_id=made)
    record(session, version, act="tariffs.drafted", actor=actor)
    return version


def edit(
    session: WriteSession,
    *,
    version_id: VersionId,
    revision: int,
    valid_from: date,
    valid_to: date | None,
    document: object,
    note: str,
    zone: ZoneInfo,
    actor: Actor,
    now: datetime,
) -> VersionView:
    """Change a draft; `revision` is that of the version that was looked at.

    Raises VersionUnknown, VersionFixed for what is no draft, VersionChanged, VersionDatesWrong, TariffInvalid.
    """
    _check_dates(valid_from, valid_to)
    before = lock_version(session, version_id=version_id, now=now)
    _allow(before, Act.EDIT, revision=revision)
    currency = session.sql("select currency from tariff where code = :code", code=before.tariff_code).scalar_one()
    tariff = validate(document, currency=currency, zone=zone, months=months_of(valid_from, valid_to))
    session.sql(
        """update tariff_version set valid_from = :valid_from, valid_to = :valid_to,
             document = cast(:document as jsonb), periods = :periods, note = :note, revision = revision + 1,
             changed_at = :now
           where id = :id""",
        id=version_id,
        valid_from=valid_from,
        valid_to=valid_to,
        document=to_json(dump(tariff)),
        periods=list(tariff.periods),
        note=_note(note),
        now=now,
    )
    version = version_by_id(session, version_id=version_id)
    record(session, version, act="tariffs.edited", actor=actor, before=before)
    return version


def withdraw(session: WriteSession, *, version_id: VersionId, revision: int, actor: Actor, now: datetime) -> None:
    """Give a draft up, or what is proposed: nobody decides about it any more. Its number is not given again.

    Raises VersionUnknown, VersionFixed for what is published or withdrawn, VersionChanged.
    """
    before = lock_version(session, version_id=version_id, now=now)
    _allow(before, Act.WITHDRAW, revision=revision)
    if before.state is VersionState.PROPOSED:
        casework.overtake(session, subject=subject_of(version_id), now=now)
    session.sql(
        """update tariff_version set state = 'withdrawn', revision = revision + 1, changed_at = :now
           where id = :id""",
        id=version_id,
        now=now,
    )
    record(session, version_by_id(session, version_id=version_id), act="tariffs.withdrawn", actor=actor, before=before)


def subject_of(version_id: int) -> str:
    """What the audit log and requests for approval call a version."""
    return f"tariff_version:{version_id}"


def hold_version(session: WriteSession, *, version_id: int) -> None:
    """Lock the tariff of a version until the transaction ends: its versions are changed by one at a time."""
    session.sql(
        """select from tariff where code = (select tariff_code from tariff_version where id = :id)
           for no key update""",
        id=version_id,
    )


def lock_version(session: WriteSession, *, version_id: int, now: datetime) -> VersionView:
    """A version with its tariff locked, and no request about it that nobody decided in time. Raises VersionUnknown."""
    hold_version(session, version_id=version_id)
    casework.expire_about(session, subject=subject_of(version_id), now=now)
    return version_by_id(session, version_id=version_id)


def record(
    session: WriteSession, version: VersionView, *, act: str, actor: Actor, before: VersionView | None = None
) -> None:
    """Tell the audit log what became of a version; the document itself stays with the version."""
    audit.record(
        session,
        actor=actor,
        act=act,
        subject=subject_of(version.id),
        before=None if before is None else _told(before),
        after=_told(version),
    )


def _told(version: VersionView) -> dict[str, Json]:
    return {
        "tariff_code": version.tariff_code,
        "version_no": version.version_no,
        "valid_from": version.valid_from.isoformat(),
        "valid_to": None if version.valid_to is None else version.valid_to.isoformat(),
        "state": version.state.value,
        "revision": version.revision,
    }


def _allow(version: VersionView, act: Act, *, revision: int) -> None:
    if next_state(version.state, act) is None:
        raise VersionFixed(state=version.state.value)
    if version.revision != revision:
        raise VersionChanged


def _lock_tariff(session: WriteSession, *, code: str) -> str:
    currency: str | None = session.sql(
        "select currency from tariff where code = :code for no key update", code=code
    ).scalar_one_or_none()
    if currency is None:
        raise TariffUnknown
    return currency


def _check_dates(valid_from: date, valid_to: date | None) -> None:
    last = valid_to or valid_from
    if not FIRST_YEAR <= valid_from.year <= last.year <= LAST_YEAR or last < valid_from or valid_to == valid_from:
        raise VersionDatesWrong


def _note(text: str) -> str:
    return " ".join(text.split())[:MOST_NOTE]
