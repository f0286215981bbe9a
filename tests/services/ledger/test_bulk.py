"""The bulk door refuses and answers like the other one."""

from dataclasses import dataclass, replace

import pytest
from sqlalchemy.exc import DBAPIError

from core.db import Database
from services.ledger import operations, queries
from services.ledger.chart import POINTS, PREPAID, RECEIVABLE, REVENUE_ENERGY, BookId
from services.ledger.errors import ConflictingPosting, InsufficientBalance, PointsOutsideLots, UnknownBook, UnknownCode
from services.ledger.events import LedgerPosted
from services.ledger.operations import StagedResult
from tests.services.ledger.factories import bill, books, payment, post, posting, staged, surplus

BILLS = """
select b.id as book_id, 1::smallint as source, md5('bill ' || b.id || :batch)::uuid as source_id, timestamptz '2026-10-01' as effective_at, l.line,
  :debit as debit, l.credit, :asset as asset, (l.amount + b.id)::bigint as amount, 3::smallint as event
from book b cross join (values (1, 'revenue.energy', 5000), (2, 'tax.vat', 650)) l (line, credit, amount)
"""


@dataclass(frozen=True)
class Batch:
    database: Database
    batch: str = "october"
    debit: str = "receivable"
    asset: str = "CNY"

    @property
    def params(self) -> dict[str, object]:
        return {"batch": self.batch, "debit": self.debit, "asset": self.asset}

    def post(self) -> StagedResult:
        with self.database.write() as session:
            return operations.post_staged(session, query=BILLS, params=self.params)


def test_staged_bills_are_posted_once_with_their_events(database: Database) -> None:
    books(database, 200)
    october = Batch(database)
    assert october.post() == StagedResult(posted=200, repeated=0)
    assert october.post() == StagedResult(posted=0, repeated=200)
    assert Batch(database, batch="november").post() == StagedResult(posted=200, repeated=0)
    with database.read() as session:
        assert queries.check_invariants(session) == []
        assert session.sql("select count(*), count(distinct (book_id, ref)) from outbox where kind = 3").one() == (
            400,
            400,
        )
        assert queries.balance(session, book_id=BookId(7), code=RECEIVABLE, asset="CNY").minor == 2 * (5650 + 14)


def test_a_query_without_rows_posts_nothing(database: Database) -> None:
    assert Batch(database).post() == StagedResult(posted=0, repeated=0)


def test_an_unknown_code_is_refused(database: Database) -> None:
    books(database)
    with pytest.raises(UnknownCode):
        Batch(database, debit="nonsense").post()


def test_points_do_not_go_this_way_since_they_lie_in_lots(database: Database) -> None:
    books(database)
    with pytest.raises(PointsOutsideLots):
        Batch(database, asset=POINTS).post()
    with database.read() as session:
        assert session.sql("select count(*) from txn").scalar_one() == 0


def test_an_unknown_book_is_refused(database: Database) -> None:
    with pytest.raises(UnknownBook), database.write() as session:
        staged(session, payment(BookId(77)))


def test_a_dip_below_the_floor_is_refused_even_when_the_end_is_above(database: Database) -> None:
    book, *_ = books(database)
    spend = payment(book, posting(10, debit=PREPAID, credit=RECEIVABLE))
    for history in ([], [surplus(book, 5)]):
        post(database, *history)
        with pytest.raises(InsufficientBalance), database.write() as session:
            staged(session, spend, surplus(book, 50))
    with database.write() as session:
        staged(session, surplus(book, 50), spend)


def test_a_repeated_source_with_other_postings_is_refused(database: Database) -> None:
    book, *_ = books(database)
    paid = payment(book, posting(70), posting(30))
    post(database, paid)
    for other in ([posting(70)], [posting(30), posting(70)], [posting(70), posting(30), posting(1)]):
        with pytest.raises(ConflictingPosting), database.write() as session:
            staged(session, payment(book, *other, source_id=paid.source_id), bill(book))


def test_a_source_may_stand_only_once_in_a_batch(database: Database) -> None:
    book, *_ = books(database)
    paid = payment(book)
    with pytest.raises(DBAPIError, match="stands twice"), database.write() as session:
        staged(session, paid, paid)


def test_events_ride_along_only_with_new_transactions(database: Database) -> None:
    book, other, _ = books(database)
    told = replace(payment(book), event=LedgerPosted)
    for door in ("loop", "bulk"):
        with database.write() as session:
            batch = [told, payment(other, posting(1, debit=RECEIVABLE, credit=REVENUE_ENERGY))]
            staged(session, *batch) if door == "bulk" else operations.post(session, transactions=batch)
    with database.read() as session:
        rows = session.sql("select kind, book_id, ref from outbox").all()
    assert [tuple(row) for row in rows] == [(LedgerPosted.code, book, 1)]
