"""Writes of the ledger, each inside the transaction it is given.

Lock order: one call of `post` locks its books in ascending order. A transaction that calls several times locks them
first with `lock_books`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
import sqlalchemy as sa

from core.db import WriteSession, statement
from core.errors import Json
from core.money import Money
from core.outbox import Event
from services.ledger import rules
from services.ledger.chart import POINTS, BookId, Code, OwnerKind, Source
from services.ledger.errors import (
    AmountOutOfRange,
    ConflictingPosting,
    InsufficientBalance,
    NothingToReverse,
    PointsOutsideLots,
    UnknownBook,
    UnknownCode,
)

_FLOOR: Final = "ck_balance_floor"
_MOVE_POINTS: Final = frozenset({Source.POINTS_EARNED, Source.POINTS_SPENT, Source.POINTS_EXPIRED})
_REVERSE: Final = """
select ledger_reverse(:book, cast(:source as smallint), :source_id, :effective_at, cast(:event as smallint))
"""
_REVERSE_POINTS: Final = """
select ledger_points_reverse(:book, cast(:source as smallint), :source_id, :effective_at, cast(:event as smallint))
"""


@dataclass(frozen=True, slots=True)
class Posting:
    """`amount`, which is positive, to the debit of one code and the credit of another.

    Points do not go this way: they lie in lots (`earn_points`, `spend_points`, `expire_points`).
    """

    debit: Code
    credit: Code
    amount: Money

    def __post_init__(self) -> None:
        if self.amount.minor <= 0 or self.debit == self.credit or self.amount.currency == POINTS:
            msg = f"not a posting: {self}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Transaction:
    """What one business object does to one book.

    `event`, an event class with the fields `book_id` and `ref` (the number), rides along to the outbox.
    """

    book_id: BookId
    source: Source
    source_id: UUID
    effective_at: datetime
    postings: Sequence[Posting]
    event: type[Event] | None = None

    def __post_init__(self) -> None:
        if not self.postings or self.effective_at.tzinfo is None:
            msg = f"a transaction needs postings and a time with a zone: {self.source!r} {self.source_id}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class PostedTransaction:
    """Number `no` of a book. `is_new` is false when this source had posted it before."""

    book_id: BookId
    no: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class StagedResult:
    """How many staged transactions were posted now and how many had been before."""

    posted: int
    repeated: int


def ensure_books(session: WriteSession, *, owner_kind: OwnerKind, owner_ids: Sequence[int]) -> dict[int, BookId]:
    """The book of each owner, made where it is missing."""
    rows = session.sql(
        "select owner_id, book_id from ledger_ensure_books(:kind, cast(:ids as bigint[]))",
        kind=owner_kind.value,
        ids=list(owner_ids),
    )
    return {row.owner_id: BookId(row.book_id) for row in rows}


def lock_books(session: WriteSession, *, book_ids: Sequence[BookId]) -> None:
    """Lock books in ascending order until the transaction ends. Payment orders are locked before, payables after."""
    session.sql("select ledger_lock_books(cast(:books as bigint[]))", books=list(book_ids))


def post(session: WriteSession, *, transactions: Sequence[Transaction]) -> list[PostedTransaction]:
    """Post all of these or none; answers in their order. One statement.

    Idempotent by (book, source, source_id): a repetition answers the first number and writes nothing, whatever its
    effective time. Raises UnknownBook, UnknownCode, InsufficientBalance, AmountOutOfRange, and ConflictingPosting for
    a repetition with other postings.
    """
    if not transactions:
        return []
    with _refusals(transactions):
        numbers = session.sql(_POST, **_arrays(session, transactions)).scalar_one()
    return [PostedTransaction(each.book_id, abs(no), no > 0) for each, no in zip(transactions, numbers, strict=True)]


def reverse(
    session: WriteSession,
    *,
    book_id: BookId,
    source: Source,
    source_id: UUID,
    effective_at: datetime,
    event: type[Event] | None = None,
) -> PostedTransaction:
    """Post the mirror image of what a source posted. Once only: a repetition answers the first reversal.

    The pair is linked by its source: the mirror has the negative number of the original's kind. Earned points are taken
    back out of their own lot, then out of the oldest ones; spent and expired points return to their lots and keep those
    lots' expiry. Raises NothingToReverse when the source posted nothing in this book, InsufficientBalance when earned
    points are gone, and what `post` raises.
    """
    with _refusals([], book_ids=[book_id]):
        no: int | None = session.sql(
            _REVERSE_POINTS if source in _MOVE_POINTS else _REVERSE,
            book=book_id,
            source=source.value,
            source_id=source_id,
            effective_at=effective_at,
            event=None if event is None else event.code,
        ).scalar_one()
    if no is None:
        raise NothingToReverse(book_id=book_id, source=source.name.lower(), source_id=str(source_id))
    return PostedTransaction(book_id, abs(no), no > 0)


def post_staged(
    session: WriteSession,
    *,
    query: LiteralString,
    params: Mapping[str, object] | None = None,
) -> StagedResult:
    """Post what a query lists, set-based: the bulk door for imports and billing runs.

    `query` answers one row per posting with the columns book_id, source, source_id, effective_at, line, debit, credit
    (code names), asset (currency), amount (minor units) and event (a code of the outbox, or null). Same
    promises and refusals as `post`, and PointsOutsideLots. Use shards of up to about 50,000 transactions, each its own
    database transaction: a repeated shard posts nothing twice.
    """
    wrapped = statement(__package__, "post_staged.sql").clause.text.replace("(select /* staged rows */)", f"({query})")
    with _refusals([]):
        row = session.connection().execute(sa.text(wrapped), dict(params or {})).one()
    return StagedResult(posted=row.posted, repeated=row.repeated)


def earn_points(
    session: WriteSession,
    *,
    book_id: BookId,
    source_id: UUID,
    points: int,
    expires_at: datetime,
    effective_at: datetime,
    event: type[Event] | None = None,
) -> PostedTransaction:
    """Give points, as one lot that expires as a whole. Once per source: a repetition answers the first.

    Raises UnknownBook, ConflictingPosting for a repetition with another number of points, AmountOutOfRange.
    """
    return _points(
        session,
        """select ledger_points_earn(
             :book, :source_id, :effective_at, :points, :expires_at, cast(:event as smallint))""",
        book_id=book_id,
        event=event,
        source_id=source_id,
        effective_at=effective_at,
        points=_positive(points),
        expires_at=expires_at,
    )


def spend_points(
    session: WriteSession,
    *,
    book_id: BookId,
    source_id: UUID,
    points: int,
    effective_at: datetime,
    event: type[Event] | None = None,
) -> PostedTransaction:
    """Take points out of the oldest lots that have not expired at `effective_at`. Once per source.

    Raises InsufficientBalance when those hold less (nothing is taken then), and what `earn_points` raises.
    """
    return _points(
        session,
        "select ledger_points_spend(:book, :source_id, :effective_at, :points, cast(:event as smallint))",
        book_id=book_id,
        event=event,
        source_id=source_id,
        effective_at=effective_at,
        points=_positive(points),
    )


def expire_points(
    session: WriteSession, *, now: datetime, limit: int, event: type[Event] | None = None
) -> list[PostedTransaction]:
    """Let the points expire whose time has come, in at most `limit` books; answers a transaction per book.

    Books that another transaction holds are left for the next call.
    """
    with _refusals([]):
        rows = session.sql(
            "select book_id, no from ledger_points_expire(:now, :limit, cast(:event as smallint))",
            now=now,
            limit=limit,
            event=None if event is None else event.code,
        )
        return [PostedTransaction(BookId(row.book_id), row.no, is_new=True) for row in rows]


def _points(
    session: WriteSession, call: LiteralString, *, book_id: BookId, event: type[Event] | None, **params: object
) -> PostedTransaction:
    with _refusals([], book_ids=[book_id]):
        no: int = session.sql(call, book=book_id, event=None if event is None else event.code, **params).scalar_one()
    return PostedTransaction(book_id, abs(no), no > 0)


def _positive(points: int) -> int:
    if points <= 0:
        msg = f"not a number of points to move: {points}"
        raise ValueError(msg)
    return points


def set_floor(session: WriteSession, *, book_id: BookId, code: Code, asset: str, floor: int | None) -> None:
    """From now on this balance may not fall below `floor` minor units; None takes the floor away.

    Raises InsufficientBalance when it is below already, UnknownBook, UnknownCode.
    """
    chart = rules.chart(session)
    with _refusals([]):
        session.sql(
            "select ledger_set_floor(:book, cast(:code as smallint), cast(:asset as smallint), :floor)",
            book=book_id,
            code=chart.code(code),
            asset=chart.asset(asset),
            floor=floor,
        )


def roll_up(session: WriteSession, *, most: int = 50_000) -> datetime | None:
    """Move the horizon of the house totals forward and answer it, None before the first.

    Must be the first write of its transaction. Every second call moves it, unless a transaction that is older than the
    previous call is still running. A call adds at most `most` transactions (and what was recorded in the same
    microsecond); `roll_up_is_behind` tells whether to call again.
    """
    horizon: datetime | None = session.sql("select nullif(ledger_roll_up(:most), '-infinity')", most=most).scalar_one()
    return horizon


def roll_up_is_behind(session: WriteSession) -> bool:
    """Tell, in the transaction of a `roll_up`, whether it left postings that could have been added."""
    is_behind: bool = session.sql(
        """select candidate_xid < pg_current_xact_id()::text::bigint
             and candidate_xid <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint from ledger_horizon"""
    ).scalar_one()
    return is_behind


_POST: Final = """
select ledger_post(
  cast(:books as bigint[]), cast(:sources as smallint[]), cast(:source_ids as uuid[]),
  cast(:effective_at as timestamptz[]),
  cast(:counts as integer[]), cast(:debits as smallint[]), cast(:credits as smallint[]), cast(:assets as smallint[]),
  cast(:amounts as bigint[]), cast(:events as smallint[]))
"""


def take_check(session: WriteSession, *, name: str, every: timedelta, now: datetime) -> int | None:
    """Where check `name` of the books goes on, locked until the transaction ends.

    None when somebody else is at it, or when the last round began less than `every` ago and is done.
    """
    session.sql("insert into ledger_check (name) values (:name) on conflict do nothing", name=name)
    row = session.sql(
        "select next_from, started_at from ledger_check where name = :name for update skip locked", name=name
    ).one_or_none()
    if row is None:
        return None
    if row.next_from is not None:
        return int(row.next_from)
    if row.started_at is not None and row.started_at > now - every:
        return None
    session.sql("update ledger_check set found = 0, started_at = :now where name = :name", name=name, now=now)
    return 1


def keep_check(session: WriteSession, *, name: str, next_from: int | None, found: int, now: datetime) -> None:
    """Keep what a range of a taken check showed; without `next_from` the round is whole."""
    session.sql(
        """update ledger_check set next_from = :next_from, found = found + :found,
             violations = case when cast(:next_from as bigint) is null then found + :found else violations end,
             finished_at = case when cast(:next_from as bigint) is null then :now else finished_at end
           where name = :name""",
        name=name,
        next_from=next_from,
        found=found,
        now=now,
    )


def _arrays(session: WriteSession, transactions: Sequence[Transaction]) -> dict[str, list[Any]]:
    chart = rules.chart(session)
    postings = [posting for each in transactions for posting in each.postings]
    return {
        "books": [each.book_id for each in transactions],
        "sources": [each.source.value for each in transactions],
        "source_ids": [each.source_id for each in transactions],
        "effective_at": [each.effective_at for each in transactions],
        "counts": [len(each.postings) for each in transactions],
        "debits": [chart.code(posting.debit) for posting in postings],
        "credits": [chart.code(posting.credit) for posting in postings],
        "assets": [chart.asset(posting.amount.currency) for posting in postings],
        "amounts": [posting.amount.minor for posting in postings],
        "events": [None if each.event is None else each.event.code for each in transactions],
    }


@contextmanager
def _refusals(transactions: Sequence[Transaction], *, book_ids: Sequence[BookId] = ()) -> Iterator[None]:
    """The one place where the database's refusals become ours."""
    books: Json = [int(book) for book in sorted({*book_ids, *(each.book_id for each in transactions)})]
    try:
        yield
    except sa.exc.DBAPIError as error:
        if not isinstance(error.orig, psycopg.Error):
            raise
        diagnosis, detail = error.orig.diag, error.orig.diag.message_detail or ""
        match error.orig.sqlstate:
            case "23514" if diagnosis.constraint_name == _FLOOR:
                raise InsufficientBalance(book_ids=books) from error
            case "LG001" | "P0002":
                raise UnknownBook(book_ids=books) from error
            case "LG002":
                book_id, source, source_id = detail.split()
                raise ConflictingPosting(book_id=int(book_id), source=int(source), source_id=source_id) from error
            case "LG003":
                raise UnknownCode from error
            case "LG005":
                raise PointsOutsideLots from error
            case "22003":
                raise AmountOutOfRange from error
            case _:
                raise
