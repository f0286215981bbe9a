"""Reads of entitlements: what tariffs ask of an account on a day, and which of them end soon."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from core.db import ReadSession, statement, view
from core.periods import Period
from services.accounts.queries import AccountId, staffing
from services.accounts.roles import StaffPermission

NUMBERS: Final = ("persons", "contract_kw", "transformer_kva")
"""Kinds that have a number; every other is a flag."""
MEASURES: Final = ("contract_kw", "transformer_kva")
"""Those of the connection: they tell nothing about people, and stay when the holder changes."""
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class EntitlementView:
    """What an account is entitled to or measured by, from one day up to, not including, another (None: until told)."""

    id: int
    kind: str
    value: Decimal
    valid_from: date
    valid_to: date | None
    document: str

    @property
    def is_flag(self) -> bool:
        """Whether it holds or does not, without a number."""
        return self.kind not in NUMBERS


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What tariffs ask of an account, as it is on one day; None and no flag for what nobody said."""

    persons: int | None
    flags: frozenset[str]
    contract_kw: Decimal | None
    transformer_kva: Decimal | None


@dataclass(frozen=True, slots=True)
class ExpiringView:
    """An entitlement that ends soon, and that nothing of its kind follows."""

    account_id: int
    account_no: str
    holder: str
    unit: str
    id: int
    kind: str
    valid_to: date


def entitlements_of(
    session: ReadSession, *, account_id: AccountId, period: Period | None = None
) -> list[EntitlementView]:
    """Entitlements of an account by kind and first day; with a period those that hold on a day of it.

    Served by uq_entitlement_begin.
    """
    rows = session.sql(
        """select id, kind, value, valid_from, valid_to, document from entitlement
           where account_id = :account_id and (cast(:first as date) is null
             or daterange(valid_from, valid_to) && daterange(cast(:first as date), cast(:end as date)))
           order by kind, valid_from""",
        account_id=account_id,
        first=None if period is None else period.first,
        end=None if period is None else period.end,
    )
    return [view(EntitlementView, row) for row in rows]


def facts_on(session: ReadSession, *, account_id: AccountId, day: date) -> AccountFacts:
    """What tariffs ask of an account on a day."""
    period = Period(day, date.fromordinal(day.toordinal() + 1))
    held = {each.kind: each.value for each in entitlements_of(session, account_id=account_id, period=period)}
    persons = held.get("persons")
    return AccountFacts(
        persons=None if persons is None else int(persons),
        flags=frozenset(held) - frozenset(NUMBERS),
        contract_kw=held.get("contract_kw"),
        transformer_kva=held.get("transformer_kva"),
    )


def expiring(
    session: ReadSession,
    *,
    staff_id: UUID,
    until: date,
    today: date,
    now: datetime,
    limit: int,
    after: tuple[date, int, int] | None = None,
    unit_code: str | None = None,
) -> list[ExpiringView]:
    """Entitlements that end from `today` up to, not including, `until`, and that nothing of their kind follows.

    Of the units where somebody may view accounts, or of one of them and what lies below it; the first to end first,
    behind (valid_to, account_id, id).
    """
    behind = after or (today, 0, 0)
    rows = session.sql(
        statement(__package__, "entitlements_expiring.sql"),
        staff_id=staff_id,
        now=now,
        sees_all=staffing.staff_holds_everywhere(
            session, staff_id=staff_id, permission=StaffPermission.ACCOUNTS_VIEW, now=now
        ),
        until=until,
        unit_code=unit_code,
        behind_day=behind[0],
        behind_account=behind[1],
        behind_id=behind[2],
        limit=limit,
    )
    return [view(ExpiringView, row) for row in rows]


def renewed_until(kind: str, valid_from: date, *, renewals: Mapping[str, int]) -> date | None:
    """The day before which a kind must be proved anew, as PostgreSQL counts months; None where it need not be."""
    months = renewals.get(kind)
    if months is None:
        return None
    year, month = divmod(valid_from.year * _MONTHS + valid_from.month - 1 + months, _MONTHS)
    return date(year, month + 1, min(valid_from.day, calendar.monthrange(year, month + 1)[1]))
