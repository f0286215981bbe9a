"""Reads of the ledger.

Balances and amounts grow on their code's own side: a receivable by debit, a prepaid balance by credit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from core.db import ReadSession, statement, view
from core.money import Money
from services.ledger.chart import BookId, Code, OwnerKind, Source

_LAST: Final = 2**63 - 1
_FIRST_BOOK: Final = BookId(1)
_LAST_BOOK: Final = BookId(_LAST)
_NO_LINE: Final = 2**15 - 1


@dataclass(frozen=True, slots=True)
class BalanceView:
    """What one code of a book comes to; `floor_minor` is what it may not fall below."""

    book_id: BookId
    code: Code
    amount: Money
    floor_minor: int | None


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry with the balance after it.

    `no` and `line` are the keyset position; `other_code` is the entry's other side.
    """

    no: int
    line: int
    source: Source
    is_reversal: bool
    source_id: UUID
    effective_at: datetime
    recorded_at: datetime
    other_code: Code
    amount: Money
    balance_after: Money


@dataclass(frozen=True, slots=True)
class TrialBalanceLine:
    """A house total. Exactly one of the two columns is not zero, unless the total is."""

    code: Code
    debit: Money
    credit: Money


@dataclass(frozen=True, slots=True)
class AgeingLine:
    """What of a book's balance is at least `from_days` and less than `to_days` old; None is no limit."""

    book_id: BookId
    from_days: int
    to_days: int | None
    amount: Money


@dataclass(frozen=True, slots=True)
class PointLotView:
    """Points earned together: how many, how many are left, and when those expire."""

    no: int
    earned: int
    remaining: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant: rule, book (None for the house) and what was found."""

    rule: str
    book_id: BookId | None
    detail: str


def book_of(session: ReadSession, *, owner_kind: OwnerKind, owner_id: int) -> BookId | None:
    """The owner's book, None when nothing was ever posted for it."""
    found: int | None = session.sql(
        "select id from book where owner_kind = :kind and owner_id = :owner", kind=owner_kind.value, owner=owner_id
    ).scalar_one_or_none()
    return None if found is None else BookId(found)


def balances(session: ReadSession, *, book_ids: Sequence[BookId]) -> list[BalanceView]:
    """Every balance of these books, by book and code."""
    rows = session.sql(
        """select b.book_id, c.name as code, a.name as asset, b.balance, b.floor from balance b
             join ledger_code c on c.code = b.code join ledger_asset a on a.asset = b.asset
           where b.book_id = any(:books) order by b.book_id, b.code, b.asset""",
        books=list(book_ids),
    )
    return [BalanceView(BookId(row.book_id), Code(row.code), Money(row.balance, row.asset), row.floor) for row in rows]


def balance(session: ReadSession, *, book_id: BookId, code: Code, asset: str) -> Money:
    """One balance; zero where nothing was posted."""
    found: int | None = session.sql(
        """select b.balance from balance b
             join ledger_code c on c.code = b.code join ledger_asset a on a.asset = b.asset
           where b.book_id = :book and c.name = :code and a.name = :asset""",
        book=book_id,
        code=code,
        asset=asset,
    ).scalar_one_or_none()
    return Money(found or 0, asset)


def last_recorded(session: ReadSession, *, book_id: BookId) -> datetime | None:
    """When something was last posted to a book; None for an empty one."""
    found: datetime | None = session.sql(
        "select recorded_at from txn where book_id = :id order by no desc limit 1", id=book_id
    ).scalar_one_or_none()
    return found


def point_lots(session: ReadSession, *, book_id: BookId) -> list[PointLotView]:
    """A book's lots of points in the order in which they are spent, empty ones included."""
    rows = session.sql(
        "select no, earned, remaining, expires_at from point_lot where book_id = :book order by no", book=book_id
    )
    return [PointLotView(row.no, row.earned, row.remaining, row.expires_at) for row in rows]


def statement_page(
    session: ReadSession,
    *,
    book_id: BookId,
    code: Code,
    asset: str,
    before: tuple[int, int] | None = None,
    limit: int = 50,
) -> list[StatementLine]:
    """The newest entries of one code with their running balance.

    `before` is (no, line) of the last line of the page above.
    """
    before_no, before_line = before or (_LAST, _NO_LINE)
    rows = session.sql(
        statement(__package__, "statement.sql"),
        book_id=book_id,
        code=code,
        asset=asset,
        before_no=before_no,
        before_line=before_line,
        limit=limit,
    )
    return [
        view(
            StatementLine,
            row,
            source=Source(row.source),
            other_code=Code(row.other_code),
            amount=Money(row.amount, asset),
            balance_after=Money(row.balance_after, asset),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class PostingView:
    """One posting of a book with both balances after it; `is_reversal` mirrors one of before."""

    no: int
    line: int
    source: Source
    is_reversal: bool
    effective_at: datetime
    recorded_at: datetime
    debit: Code
    credit: Code
    amount: Money
    debit_after: Money
    credit_after: Money


def postings_page(
    session: ReadSession, *, owner_kind: OwnerKind, owner_id: int, before: tuple[int, int] | None = None, limit: int
) -> list[PostingView]:
    """The newest postings of an owner's book in money; `before` is (no, line) of the last one of the page above."""
    before_no, before_line = before or (_LAST, _NO_LINE)
    rows = session.sql(
        statement(__package__, "postings_page.sql"),
        owner_kind=owner_kind.value,
        owner_id=owner_id,
        before_no=before_no,
        before_line=before_line,
        limit=limit,
    )
    return [
        view(
            PostingView,
            row,
            source=Source(row.source),
            debit=Code(row.debit),
            credit=Code(row.credit),
            amount=Money(row.amount, row.asset),
            debit_after=Money(row.debit_after, row.asset),
            credit_after=Money(row.credit_after, row.asset),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Made:
    """What kind of thing made a transaction, and when it was recorded."""

    source: Source
    recorded_at: datetime


def made_by(
    session: ReadSession, *, owner_kind: OwnerKind, owner_id: int, source_ids: Sequence[UUID]
) -> dict[UUID, Made]:
    """What made an owner's transactions with these sources; those that made none are left out.

    Served by uq_book_owner and uq_txn_source.
    """
    rows = session.sql(
        """select t.source_id, t.source, t.recorded_at from book b join txn t on t.book_id = b.id
           where b.owner_kind = :kind and b.owner_id = :owner and t.source_id = any(:ids) and t.source > 0""",
        kind=owner_kind.value,
        owner=owner_id,
        ids=list(source_ids),
    )
    return {row.source_id: Made(Source(row.source), row.recorded_at) for row in rows}


def trial_balance(session: ReadSession) -> list[TrialBalanceLine]:
    """House totals over all books at this moment; per asset both columns have the same sum."""
    lines = []
    for row in session.sql(statement(__package__, "trial_balance.sql")):
        amount, nothing = Money(abs(row.balance), row.asset), Money.zero(row.asset)
        is_credit = row.grows_by_credit == (row.balance >= 0)
        lines.append(
            TrialBalanceLine(Code(row.code), nothing if is_credit else amount, amount if is_credit else nothing)
        )
    return lines


def clearing_totals(
    session: ReadSession, *, code: Code, since: datetime, until: datetime
) -> dict[tuple[UUID, str], int]:
    """Per business object and asset the net debit on `code` in minor units, reversals included.

    Counts transactions recorded in [since, until). For `clearing.<provider>` the object is the payment order, so
    this is what the provider's own books must say.
    """
    rows = session.sql(statement(__package__, "clearing_totals.sql"), code=code, since=since, until=until)
    return {(row.source_id, row.asset): row.amount for row in rows}


def ageing(
    session: ReadSession,
    *,
    book_ids: Sequence[BookId],
    code: Code,
    asset: str,
    as_of: datetime,
    bounds_days: Sequence[int] = (30, 60, 90),
) -> list[AgeingLine]:
    """Positive balances split by the age in days of what they consist of, oldest settled first.

    `bounds_days` ascend.
    """
    bounds = [0, *bounds_days]
    rows = session.sql(
        statement(__package__, "ageing.sql"),
        book_ids=list(book_ids),
        code=code,
        asset=asset,
        as_of=as_of,
        bounds_days=list(bounds_days),
    )
    return [
        AgeingLine(
            BookId(row.book_id),
            bounds[row.bucket],
            bounds[row.bucket + 1] if row.bucket < len(bounds_days) else None,
            Money(row.amount, asset),
        )
        for row in rows
    ]


def book_ranges(session: ReadSession, *, size: int = 100_000) -> Iterator[tuple[BookId, BookId]]:
    """Ranges of `size` book ids that cover all books, for work in shards."""
    for first in range(1, last_book(session) + 1, size):
        yield BookId(first), BookId(first + size - 1)


def last_book(session: ReadSession) -> int:
    """The highest book id, zero without books."""
    return int(session.sql("select coalesce(max(id), 0) from book").scalar_one())


def check_invariants(
    session: ReadSession, *, first_book: BookId = _FIRST_BOOK, last_book: BookId = _LAST_BOOK, limit: int = 100
) -> list[Violation]:
    """At most `limit` breaches of what must always hold in these books.

    Set-based; large ledgers go by `book_ranges`.
    """
    return _violations(session, "invariants.sql", {"first_book": first_book, "last_book": last_book, "limit": limit})


def check_rollup(session: ReadSession, *, limit: int = 100) -> list[Violation]:
    """Whether the roll-up equals its entries. Reads the whole ledger."""
    return _violations(session, "rollup_invariant.sql", {"limit": limit})


def _violations(session: ReadSession, name: str, params: Mapping[str, object]) -> list[Violation]:
    rows = session.sql(statement(__package__, name), **params)
    return [Violation(row.rule, None if row.book_id is None else BookId(row.book_id), row.detail) for row in rows]
