"""What a person's groups of accounts owe: sums, members page by page, and their bills for a spreadsheet."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.db import ReadSession, statement
from core.money import Money
from services.billing.errors import TooManyBills

MOST_BILLS: Final = 20_000
"""Bills of one file: a thousand accounts of a year and a half."""


class Which(enum.StrEnum):
    """Members that are asked for: an account is in arrears when something is open past its due date."""

    ALL = "all"
    OWING = "owing"
    ARREARS = "arrears"


@dataclass(frozen=True, slots=True)
class GroupTotal:
    """What the accounts of one currency owe; `next_due` is the oldest due date among their open bills."""

    due: Money
    accounts: int
    owing: int
    in_arrears: int
    next_due: date | None


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group with its sums, one per currency: none while no account belongs to it."""

    id: UUID
    name: str
    totals: tuple[GroupTotal, ...]

    @property
    def accounts(self) -> int:
        """How many accounts belong to it."""
        return sum(each.accounts for each in self.totals)

    @property
    def in_arrears(self) -> int:
        """How many of them have a bill past its due date."""
        return sum(each.in_arrears for each in self.totals)


@dataclass(frozen=True, slots=True)
class MemberView:
    """An account of a group: the holder masked, the address without the door."""

    account_no: str
    holder: str
    address: str
    state: str
    due: Money
    next_due: date | None
    bills: int


@dataclass(frozen=True, slots=True)
class GroupBill:
    """A bill as a spreadsheet has it. The period is half-open: `period_end` is the first day of the next one."""

    account_no: str
    bill_no: str
    period_first: date
    period_end: date
    issue_date: date
    due_date: date
    energy_kwh: Decimal
    amount: Money
    open: Money
    state: str


def groups(session: ReadSession, *, user_id: UUID, today: date, now: datetime) -> list[GroupView]:
    """A person's groups by name, with what they owe."""
    return list(_groups(_rows(session, user_id=user_id, group_id=None, today=today, now=now)))


def group(session: ReadSession, *, user_id: UUID, group_id: UUID, today: date, now: datetime) -> GroupView | None:
    """One group with what it owes; None for anybody else's."""
    return next(_groups(_rows(session, user_id=user_id, group_id=group_id, today=today, now=now)), None)


def members(
    session: ReadSession,
    *,
    user_id: UUID,
    group_id: UUID,
    which: Which,
    after: str,
    limit: int,
    today: date,
    now: datetime,
) -> list[MemberView]:
    """Up to `limit` accounts of a group behind the number `after`; none of anybody else's group."""
    rows = session.sql(
        statement(__package__, "group_accounts.sql"),
        user_id=user_id,
        group_id=group_id,
        which=which.value,
        after=after,
        limit=limit,
        today=today,
        now=now,
    )
    return [
        MemberView(
            row.account_no,
            row.holder,
            row.address,
            row.state,
            Money(row.due_minor, row.currency),
            row.next_due,
            row.bills,
        )
        for row in rows
    ]


def group_bills(
    session: ReadSession, *, user_id: UUID, group_id: UUID, first: date, last: date, now: datetime
) -> list[GroupBill]:
    """Bills of a group that were issued on these days, both included, by account and day.

    Raises TooManyBills when they are more than `MOST_BILLS`.
    """
    rows = session.sql(
        statement(__package__, "group_bills.sql"),
        user_id=user_id,
        group_id=group_id,
        first=first,
        last=last,
        limit=MOST_BILLS + 1,
        now=now,
    ).all()
    if len(rows) > MOST_BILLS:
        raise TooManyBills(most=MOST_BILLS)
    return [
        GroupBill(
            row.account_no,
            row.bill_no,
            row.period_first,
            row.period_end,
            row.issue_date,
            row.due_date,
            row.energy_kwh,
            Money(row.amount_minor, row.currency),
            Money(row.open_minor, row.currency),
            row.state,
        )
        for row in rows
    ]


def _rows(
    session: ReadSession, *, user_id: UUID, group_id: UUID | None, today: date, now: datetime
) -> list[sa.Row[Any]]:
    return list(
        session.sql(
            statement(__package__, "groups_owed.sql"), user_id=user_id, group_id=group_id, today=today, now=now
        ).all()
    )


def _groups(rows: list[sa.Row[Any]]) -> Iterator[GroupView]:
    for (group_id, name), of_group in groupby(rows, key=lambda row: (row.id, row.name)):
        totals = tuple(
            GroupTotal(Money(row.due_minor, row.currency), row.accounts, row.owing, row.in_arrears, row.next_due)
            for row in of_group
            if row.currency is not None
        )
        yield GroupView(group_id, name, totals)
