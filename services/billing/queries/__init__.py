"""Reads of bills and of what an account owes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.db import ReadSession, statement
from core.money import Money
from services.accounts.queries import AccountId, AccountRef
from services.ledger import queries as ledger
from services.ledger.chart import PREPAID, RECEIVABLE, OwnerKind

MOST_SUMMED: Final = 5_000
"""Accounts of one person whose debts one statement adds up."""


HOT_ACCOUNTS: Final = statement(__package__, "hot_accounts.sql")
HOT_ACCOUNT: Final = statement(__package__, "hot_account.sql")
HOT_DUES: Final = statement(__package__, "hot_dues.sql")
HOT_BILLS: Final = statement(__package__, "hot_bills.sql")
HOT_BILL: Final = statement(__package__, "hot_bill.sql")
"""Statements of the hot reads; each checks session and grant itself and writes its answer."""
OPEN_CODES: Final = (RECEIVABLE, PREPAID)


@dataclass(frozen=True, slots=True)
class BillView:
    """A bill. The period is half-open: `period_end` is the first day of the next one."""

    account_id: AccountId
    id: int
    bill_no: str
    period_first: date
    period_end: date
    issue_date: date
    due_date: date
    energy_kwh: Decimal
    amount: Money
    open: Money
    state: str


@dataclass(frozen=True, slots=True)
class BillLineView:
    """One item of a bill; quantity, unit and unit price go together or are absent."""

    line_no: int
    code: str
    quantity: Decimal | None
    unit: str | None
    unit_price: Decimal | None
    amount: Money


@dataclass(frozen=True, slots=True)
class Owed:
    """What an account owes and has in advance. `next_due` is the oldest due date among open bills."""

    due: Money
    prepaid: Money
    next_due: date | None
    open_count: int


@dataclass(frozen=True, slots=True)
class DueView:
    """An account that owes something: the holder masked, the address without the door."""

    account_no: str
    holder: str
    address: str
    due: Money
    next_due: date
    bills: int


@dataclass(frozen=True, slots=True)
class DueTotal:
    """What all of a person's accounts of one currency owe, and how many they are."""

    due: Money
    accounts: int


@dataclass(frozen=True, slots=True)
class Dues:
    """Accounts that owe something, by number, and the sums over all of them."""

    totals: tuple[DueTotal, ...]
    items: tuple[DueView, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class OpenBill:
    """What is open of a bill."""

    id: int
    bill_no: str
    due_date: date
    open: Money


@dataclass(frozen=True, slots=True)
class FoundBill:
    """A bill as a search of staff shows it."""

    bill_no: str
    account_no: str
    period_first: date
    due_date: date
    amount: Money
    open: Money
    state: str


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant of an account's bills."""

    rule: str
    account_id: int
    detail: str


def bills_page(
    session: ReadSession,
    *,
    account_id: AccountId,
    before: tuple[date, int] | None = None,
    limit: int = 24,
    since: date | None = None,
) -> list[BillView]:
    """Bills of an account, newest first; `before` is (issue_date, id) of the last one of the page above.

    With `since`, those that a holder since that day may see: paid bills of before are the earlier holder's.
    """
    issue_date, bill_id = before or (date.max, 2**63 - 1)
    rows = session.sql(
        statement(__package__, "bills_page.sql"),
        account_id=account_id,
        issue_date=issue_date,
        id=bill_id,
        since=since,
        limit=limit,
    )
    return [_view(row) for row in rows]


def bill_by_no(
    session: ReadSession, *, account_id: AccountId, bill_no: str, since: date | None = None
) -> BillView | None:
    """The account's bill with this number; `since` as for `bills_page`."""
    row = session.sql(
        statement(__package__, "bill_by_no.sql"), account_id=account_id, bill_no=bill_no, since=since
    ).one_or_none()
    return None if row is None else _view(row)


def found_bills(session: ReadSession, *, number: str, staff_id: UUID, now: datetime) -> list[FoundBill]:
    """The bill with this number, where a member of staff may view accounts; none elsewhere."""
    rows = session.sql(statement(__package__, "found_bills.sql"), staff_id=staff_id, number=number, now=now)
    return [
        FoundBill(
            row.bill_no,
            row.account_no,
            row.period_first,
            row.due_date,
            Money(row.amount_minor, row.currency),
            Money(row.open_minor, row.currency),
            row.state,
        )
        for row in rows
    ]


def bills(session: ReadSession, *, account_id: AccountId, bill_ids: Sequence[int]) -> list[BillView]:
    """Bills by their keys; those that do not exist are left out."""
    rows = session.sql(statement(__package__, "bills_by_id.sql"), account_id=account_id, ids=list(bill_ids))
    return [_view(row) for row in rows]


def lines(session: ReadSession, *, account_id: AccountId, bill_id: int) -> list[BillLineView]:
    """What a bill is made of."""
    rows = session.sql(statement(__package__, "bill_lines.sql"), account_id=account_id, bill_id=bill_id)
    return [
        BillLineView(
            row.line_no, row.code, row.quantity, row.unit, row.unit_price, Money(row.amount_minor, row.currency)
        )
        for row in rows
    ]


def open_bills(session: ReadSession, *, account_id: AccountId, bill_nos: Sequence[str] | None = None) -> list[BillView]:
    """Bills of which something is owed, oldest due first; only those with these numbers when they are given."""
    rows = session.sql(
        statement(__package__, "bills_open.sql"),
        account_id=account_id,
        bill_nos=None if bill_nos is None else list(bill_nos),
    )
    return [_view(row) for row in rows]


def open_bills_of(
    session: ReadSession, *, account_ids: Sequence[AccountId], most: int
) -> list[tuple[AccountId, OpenBill]]:
    """Open bills of several accounts, by account, oldest due first: `most` of them, and one more if there are more."""
    rows = session.sql(statement(__package__, "bills_open_of.sql"), account_ids=list(account_ids), most=most)
    return [
        (AccountId(row.account_id), OpenBill(row.id, row.bill_no, row.due_date, Money(row.open_minor, row.currency)))
        for row in rows
    ]


def owed(session: ReadSession, *, account_id: AccountId) -> Owed:
    """What an account owes by its open bills, and its prepaid balance by the ledger."""
    row = session.sql(statement(__package__, "owed.sql"), account_id=account_id).one()
    return Owed(
        Money(row.due_minor, row.currency), Money(row.prepaid_minor, row.currency), row.next_due, row.open_count
    )


def dues(session: ReadSession, *, session_id: UUID, user_id: UUID, limit: int) -> Dues:
    """What the accounts that a person may pay for owe, the first `limit` of them by number."""
    told: str = session.sql(
        HOT_DUES, session_id=session_id, user_id=user_id, after="", limit=limit, most=MOST_SUMMED
    ).scalar_one()
    position, sums, items = told.split("\n", 2)
    return Dues(
        tuple(DueTotal(_money(each["due"]), each["accounts"]) for each in json.loads(sums)["totals"]),
        tuple(
            DueView(
                each["account_no"],
                each["holder"],
                each["address"],
                _money(each["due"]),
                date.fromisoformat(each["next_due_date"]),
                each["bills"],
            )
            for each in json.loads(items)
        ),
        has_more=position != "null",
    )


def _money(told: dict[str, Any]) -> Money:
    return Money(told["amount_minor"], told["currency"])


def office_account(session: ReadSession, *, account_no: str, client: UUID) -> str | None:
    """An account as JSON text for a program of the supplier; None when it is missing or of none of its units."""
    found: str | None = session.sql(
        statement(__package__, "office_account.sql"), account_no=account_no, client=client
    ).scalar_one_or_none()
    return found


def why_kept(session: ReadSession, *, account: AccountRef, before: datetime) -> list[str]:
    """What an account's holder is still needed for: money that is open, or business of after `before`."""
    reasons: list[str] = []
    newest: date | None = session.sql(
        "select max(issue_date) from bill where account_id = :id", id=account.id
    ).scalar_one()
    if newest is not None and newest >= before.date():
        reasons.append(f"{account.account_no}: billed on {newest}")
    book = ledger.book_of(session, owner_kind=OwnerKind.ACCOUNT, owner_id=account.id)
    if book is None:
        return reasons
    if any(ledger.balance(session, book_id=book, code=code, asset=account.currency).minor for code in OPEN_CODES):
        reasons.append(f"{account.account_no}: money is open")
    last = ledger.last_recorded(session, book_id=book)
    if last is not None and last >= before:
        reasons.append(f"{account.account_no}: booked on {last.date()}")
    return reasons


def check_invariants(
    session: ReadSession, *, first_account: int = 1, last_account: int = 2**63 - 1, limit: int = 100
) -> list[Violation]:
    """Breaches of what must hold between bills, lines, settlements and ledger, at most `limit`.

    Set-based; large suppliers go by ranges of account ids.
    """
    rows = session.sql(
        statement(__package__, "invariants.sql"), first_account=first_account, last_account=last_account, limit=limit
    )
    return [Violation(row.rule, row.account_id, row.detail) for row in rows]


def _view(row: sa.Row[Any]) -> BillView:
    return BillView(
        AccountId(row.account_id),
        row.id,
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
