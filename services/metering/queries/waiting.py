"""What staff work off: readings in quarantine, and meters of which days are missing, in the units where they may.

Lists are asked for by a member of staff or by a program (`client`), of whose units they are then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from core.db import ReadSession, statement, view
from services.accounts.roles import StaffPermission
from services.metering import rules
from services.metering.measures import Doubt
from services.metering.models import QuarantineKind

LAST: Final = 32_767
"""Above every series of an account."""
LOOK_BACK_DAYS: Final = 35
"""So many days of each meter are counted, up to yesterday."""
SCANNED: Final = 2_000
SCANNED_ACCOUNTS: Final = 20_000
"""So many meters at most are looked at for one page, and so many accounts for these."""
COUNTED: Final = 10_000
"""So many that wait are counted: what more there is nobody works off today."""


@dataclass(frozen=True, slots=True)
class HeldReading:
    """A reading that nobody believed. `energy` is that of the interval, or what the register showed, in millionths.

    `channel` is a channel or a register, by `kind`. `holder` is masked. `has_photo`: its picture is still kept.
    """

    unit_id: int
    account_id: int
    id: UUID
    account_no: str
    holder: str
    unit: str
    unit_code: str
    kind: str
    meter_no: str
    channel: str
    start_at: datetime
    minutes: int | None
    energy: int | None
    quality: str
    reason: str
    state: str
    source: str
    recorded_at: datetime
    recorded_by: str
    row_no: int | None
    run_id: int | None
    photo_id: UUID | None
    has_photo: bool
    decided_at: datetime | None
    decided_by: str | None
    decided_why: str | None

    @property
    def is_acceptable(self) -> bool:
        """Whether it may be believed as it is."""
        return rules.is_acceptable(reason=self.reason, energy=self.energy)

    @property
    def is_estimable(self) -> bool:
        """Whether an estimate may take its place: of intervals alone, where their meter was at an account."""
        return self.kind == QuarantineKind.INTERVAL.value and self.reason != Doubt.STRAYED


@dataclass(frozen=True, slots=True)
class HeldCounts:
    """How many readings wait, by reason; of more than COUNTED `is_all` is false, and the first ones are counted."""

    by_reason: dict[str, int]
    is_all: bool


@dataclass(frozen=True, slots=True)
class MeterGaps:
    """A meter of which intervals of the last LOOK_BACK_DAYS are missing or estimated.

    `days_missing` have no reading at all, `elements_missing` are single ones besides; `elements_estimated` of
    `elements_known` were estimated. `gap_days` are the days of which anything is missing, None where nothing is.
    """

    unit_id: int
    account_id: int
    series_id: int
    account_no: str
    holder: str
    unit: str
    unit_code: str
    meter_no: str
    read_until: datetime | None
    days_missing: int
    elements_missing: int
    elements_estimated: int
    elements_known: int
    gap_days: Sequence[date] | None


def held_readings(
    session: ReadSession,
    *,
    staff_id: UUID | None = None,
    client: UUID | None = None,
    unit_code: str | None = None,
    reason: str | None = None,
    kind: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: tuple[int, int, UUID] = (0, 0, UUID(int=0)),
    limit: int,
    now: datetime,
) -> list[HeldReading]:
    """Up to `limit` readings that wait behind `after` (unit, account and id), where one may view readings.

    `since` and `until` (exclusive) are about when they were measured, not when they came.
    """
    rows = session.sql(
        statement(__package__, "held_readings.sql"),
        staff_id=staff_id,
        client=client,
        permission=StaffPermission.METERING_VIEW.value,
        unit_code=unit_code,
        reason=reason,
        kind=kind,
        since=since,
        until=until,
        after_unit=after[0],
        after_account=after[1],
        after_id=after[2],
        limit=limit,
        now=now,
    )
    return [view(HeldReading, row) for row in rows]


def held_reading(
    session: ReadSession,
    *,
    account_id: int,
    quarantine_id: UUID,
    staff_id: UUID,
    permission: StaffPermission,
    now: datetime,
) -> HeldReading | None:
    """One reading, decided or not, where one has the permission; None elsewhere."""
    row = session.sql(
        statement(__package__, "held_reading.sql"),
        account_id=account_id,
        id=quarantine_id,
        staff_id=staff_id,
        permission=permission.value,
        now=now,
    ).one_or_none()
    return None if row is None else view(HeldReading, row)


def held_of_program(session: ReadSession, *, account_no: str, quarantine_id: UUID, client: UUID) -> int | None:
    """The account of a reading, decided or not, in the units of a program; None elsewhere."""
    found: int | None = session.sql(
        statement(__package__, "held_of_program.sql"),
        account_no=account_no,
        id=quarantine_id,
        client=client,
    ).scalar_one_or_none()
    return found


def held_counts(session: ReadSession, *, staff_id: UUID, now: datetime, most: int = COUNTED) -> HeldCounts:
    """What waits where one may view readings."""
    rows = session.sql(
        statement(__package__, "held_counts.sql"),
        staff_id=staff_id,
        permission=StaffPermission.METERING_VIEW.value,
        now=now,
        most=most + 1,
    )
    found = {row.reason: row.readings for row in rows}
    return HeldCounts(found, sum(found.values()) <= most)


def meter_gaps(
    session: ReadSession,
    *,
    staff_id: UUID | None = None,
    client: UUID | None = None,
    unit_code: str | None = None,
    after: tuple[int, int, int] = (0, 0, 0),
    limit: int,
    today: date,
    now: datetime,
) -> tuple[list[MeterGaps], tuple[int, int, int] | None]:
    """Up to `limit` meters behind `after` (unit, account and series) with gaps, where one may view readings.

    With them where to go on, None at the end: of meters without gaps only SCANNED are passed over at a time, and of
    accounts without meters SCANNED_ACCOUNTS, so a page may hold fewer.
    """
    rows = session.sql(
        statement(__package__, "meter_gaps.sql"),
        staff_id=staff_id,
        client=client,
        permission=StaffPermission.METERING_VIEW.value,
        unit_code=unit_code,
        after_unit=after[0],
        after_account=after[1],
        after_series=after[2],
        scanned=SCANNED,
        scanned_accounts=SCANNED_ACCOUNTS,
        today=today,
        days=LOOK_BACK_DAYS,
        now=now,
    ).all()
    meters = [row for row in rows if row.account_id is not None]
    gappy = [row for row in meters if row.days_missing or row.elements_missing or row.elements_estimated]
    found = [view(MeterGaps, row) for row in gappy[:limit]]
    if len(gappy) > limit:
        last = found[-1]
        return found, (last.unit_id, last.account_id, last.series_id)
    if len(meters) == SCANNED:
        return found, (meters[-1].unit_id, meters[-1].account_id, meters[-1].series_id)
    end = rows[0]
    return found, (end.end_unit, end.end_account, LAST) if end.accounts == SCANNED_ACCOUNTS else None
