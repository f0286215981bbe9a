"""How complete customer data are: scores of units, the work list of gaps, and what is told of one account.

The score of a unit is out of 100: 60 for the share of its accounts of which no field of level 1 is missing, 30 for the
share of expected fields of level 2 that are there, 10 for the share of accounts of which nothing is too old. Closed
accounts count nowhere. A unit is judged by all accounts below it together, so that every account weighs the same.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.db import ReadSession, statement
from core.ids import version_of
from services.accounts import catalogue
from services.accounts.catalogue import DataField, FieldClass, Level
from services.accounts.queries import AccountId, staffing
from services.accounts.roles import StaffPermission

WEIGHTS: Final = (60, 30, 10)
"""Of level 1, level 2 and timeliness; together 100."""

EQUIPMENT: Final = ("ev_charger", "heat_pump", "solar", "storage", "generator")
TREND_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted of the accounts of a unit, on one day."""

    accounts: int
    level1_whole: int
    level2_expected: int
    level2_met: int
    fresh: int

    @property
    def level1(self) -> float | None:
        """Per cent of accounts whose level 1 is whole; None without accounts, as all shares."""
        return _share(self.level1_whole, self.accounts)

    @property
    def level2(self) -> float | None:
        """Per cent of expected fields of level 2 that are there."""
        return _share(self.level2_met, self.level2_expected)

    @property
    def timeliness(self) -> float | None:
        """Per cent of accounts of which nothing is too old."""
        return _share(self.fresh, self.accounts)

    @property
    def score(self) -> float | None:
        """The weighted sum."""
        parts = (self.level1, self.level2, self.timeliness)
        if not self.accounts:
            return None
        return sum(weight * (part or 0.0) for weight, part in zip(WEIGHTS, parts, strict=True)) / 100


@dataclass(frozen=True, slots=True)
class UnitScore:
    """A unit with its counts; `is_itself`: the unit that was asked for, not one right under it."""

    code: str
    name: str
    is_itself: bool
    counts: Counts


@dataclass(frozen=True, slots=True)
class DayScore:
    """The counts of one day."""

    day: date
    counts: Counts


@dataclass(frozen=True, slots=True)
class GapView:
    """An account of which something is missing."""

    account_id: int
    account_no: str
    holder: str
    unit: str
    missing: tuple[DataField, ...]


@dataclass(frozen=True, slots=True)
class Details:
    """What was told of an account; None for what was not asked yet. `equipment` is by code of the catalogue."""

    email_masked: str | None
    contact_by: str | None
    household_size: int | None
    equipment: dict[str, bool | None]
    confirmed_at: datetime | None

    @property
    def version(self) -> str:
        """What a form carries that shows them: another as soon as somebody tells something else."""
        return version_of(self.email_masked, self.contact_by, self.household_size, self.equipment)


def latest_day(session: ReadSession) -> date | None:
    """The latest day whose round is at its end."""
    found: date | None = session.sql("select max(day) from quality_round where next_from is null").scalar_one()
    return found


def unit_scores(
    session: ReadSession, *, staff_id: UUID, unit_code: str | None, day: date, now: datetime
) -> list[UnitScore]:
    """A unit and those right under it, with all below them; without a code, the topmost where one may view accounts.

    Empty for a unit where one may not.
    """
    path = _seen_path(session, staff_id=staff_id, code=unit_code, now=now)
    if unit_code is not None and path is None:
        return []
    rows = session.sql(statement(__package__, "quality_units.sql"), staff_id=staff_id, unit_path=path, day=day, now=now)
    return [UnitScore(row.code, row.name, row.is_itself, _counts(row)) for row in rows]


def trend(session: ReadSession, *, staff_id: UUID, unit_code: str | None, today: date, now: datetime) -> list[DayScore]:
    """The scores of the last TREND_DAYS days, the latest first: of a unit, or of all where one may view accounts.

    Empty for a unit where one may not.
    """
    path = _seen_path(session, staff_id=staff_id, code=unit_code, now=now)
    if unit_code is not None and path is None:
        return []
    rows = session.sql(
        statement(__package__, "quality_trend.sql"),
        staff_id=staff_id,
        unit_path=path,
        today=today,
        days=TREND_DAYS,
        now=now,
    )
    return [DayScore(row.day, _counts(row)) for row in rows]


def gaps(
    session: ReadSession,
    *,
    staff_id: UUID,
    unit_code: str | None,
    of: FieldClass | None,
    level: Level | None,
    code: str | None,
    after: int,
    limit: int,
    now: datetime,
) -> list[GapView] | None:
    """Up to `limit` accounts behind the id `after` of which such a field is missing, where one may view accounts.

    None for a unit where one may not; nothing of it is read.
    """
    path = _seen_path(session, staff_id=staff_id, code=unit_code, now=now)
    if unit_code is not None and path is None:
        return None
    mask, may = catalogue.mask(of=of, level=level, code=code), StaffPermission.ACCOUNTS_VIEW
    is_rare = not mask & ~catalogue.mask(level=Level.LOCKED)  # few enough to ask each unit for its own
    rows = session.sql(
        statement(__package__, "gaps_page.sql"),
        staff_id=staff_id,
        sees_all=path is None
        and not is_rare
        and staffing.staff_holds_everywhere(session, staff_id=staff_id, permission=may, now=now),
        unit_path=path,
        mask=mask,
        after=after,
        limit=limit,
        now=now,
    )
    return [
        GapView(row.account_id, row.account_no, row.holder, row.unit, tuple(catalogue.missing(row.gaps)))
        for row in rows
    ]


def details(session: ReadSession, *, account_id: AccountId) -> Details:
    """What was told of an account."""
    row = session.sql(
        """select k.address_masked as email_masked, f.contact_by, f.household_size, f.has_ev_charger, f.has_heat_pump,
             f.has_solar, f.has_storage, f.has_generator, f.confirmed_at
           from account a
           left join account_profile f on f.account_id = a.id
           left join contact_point k on k.customer_id = a.customer_id and k.id = 2 and k.kind = 'email'
           where a.id = :id""",
        id=account_id,
    ).one()
    equipment = {code: getattr(row, f"has_{code}") for code in EQUIPMENT}
    return Details(row.email_masked, row.contact_by, row.household_size, equipment, row.confirmed_at)


def _seen_path(session: ReadSession, *, staff_id: UUID, code: str | None, now: datetime) -> str | None:
    """The path of the unit with this code where a member of staff may view accounts there."""
    if code is None:
        return None
    found: str | None = session.sql(
        """select u.path from unit u join staff_units(:staff_id, :permission, :now) s on s.unit_id = u.id
           where u.code = :code""",
        staff_id=staff_id,
        permission=StaffPermission.ACCOUNTS_VIEW.value,
        now=now,
        code=code,
    ).scalar_one_or_none()
    return found


def _counts(row: sa.Row[Any]) -> Counts:
    return Counts(row.accounts, row.level1_whole, row.level2_expected, row.level2_met, row.fresh)


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
