"""What rules found odd in readings, for staff who work it off and for programs (`client`) of the units where it is."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from core.db import ReadSession, statement, view
from services.accounts.roles import StaffPermission


@dataclass(frozen=True, slots=True)
class Finding:
    """What is odd about the readings of a meter from `first_day` to `last_day`, both included. `holder` is masked.

    `found` is held against `expected`, in millionths of a kWh, by `kind`: the highest interval and that of the days
    before; nothing and what a day came to before; the sum of the intervals and what the register counted.
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
    first_day: date
    last_day: date
    found: int
    expected: int
    found_at: datetime


def findings(
    session: ReadSession,
    *,
    staff_id: UUID | None = None,
    client: UUID | None = None,
    unit_code: str | None = None,
    kind: str | None = None,
    after: tuple[int, int, UUID] = (0, 0, UUID(int=0)),
    limit: int,
    now: datetime,
) -> list[Finding]:
    """Up to `limit` open findings behind `after` (unit, account and id), undismissed, where one may view readings."""
    rows = session.sql(
        statement(__package__, "findings.sql"),
        staff_id=staff_id,
        client=client,
        permission=StaffPermission.METERING_VIEW.value,
        unit_code=unit_code,
        kind=kind,
        after_unit=after[0],
        after_account=after[1],
        after_id=after[2],
        limit=limit,
        now=now,
    )
    return [view(Finding, row) for row in rows]
