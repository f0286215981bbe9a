"""Transactions with meaningful defaults."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

from core.db import Database, WriteSession
from core.money import Money
from services.ledger import operations
from services.ledger.chart import (
    PREPAID,
    RECEIVABLE,
    REVENUE_ENERGY,
    BookId,
    Code,
    OwnerKind,
    Source,
    clearing,
)
from services.ledger.operations import Posting, Transaction

NOON: Final = datetime(2026, 10, 1, 4, tzinfo=UTC)
WECHAT: Final = clearing("wechat_pay")


def posting(
    minor: int = 100,
    *,
    debit: Code = WECHAT,
    credit: Code = RECEIVABLE,
    currency: str = "CNY",
) -> Posting:
    """One amount; by default money that a customer paid."""
    return Posting(debit=debit, credit=credit, amount=Money(minor, currency))


def payment(
    book_id: BookId,
    *postings: Posting,
    source_id: UUID | None = None,
    source: Source = Source.PAYMENT,
) -> Transaction:
    """A payment of one yuan, unless told otherwise."""
    return Transaction(book_id, source, source_id or uuid4(), NOON, list(postings) or [posting()])


def bill(book_id: BookId, minor: int = 5_000) -> Transaction:
    """A bill for energy."""
    return payment(
        book_id,
        posting(minor, debit=RECEIVABLE, credit=REVENUE_ENERGY),
        source=Source.BILL,
    )


def surplus(book_id: BookId, minor: int = 300) -> Transaction:
    """A payment that nothing was due for."""
    return payment(book_id, posting(minor, credit=PREPAID))


def books(database: Database, count: int = 3) -> list[BookId]:
    """Books of accounts 1 to `count`."""
    with database.write() as session:
        made = operations.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=list(range(1, count + 1)))
    return [made[owner_id] for owner_id in sorted(made)]


def post(database: Database, *transactions: Transaction) -> list[operations.PostedTransaction]:
    """Post in a transaction of its own."""
    with database.write() as session:
        return operations.post(session, transactions=transactions)


def staged(session: WriteSession, *transactions: Transaction) -> list[operations.PostedTransaction]:
    """Post through the bulk function what `operations.post` would post through the other."""
    text = operations._POST.replace("ledger_post(", "ledger_post_staged(")
    with operations._refusals(transactions):
        numbers = session.sql(text, **operations._arrays(session, transactions)).scalar_one()
    return [
        operations.PostedTransaction(each.book_id, abs(no), no > 0)
        for each, no in zip(transactions, numbers, strict=True)
    ]
