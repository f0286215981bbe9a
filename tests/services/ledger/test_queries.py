"""What the ledger's reads promise."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar
from uuid import uuid4

import psycopg
import pytest

from core.clock import now
from core.db import Database
from core.money import Money
from services.ledger import operations, queries
from services.ledger.chart import PREPAID, RECEIVABLE, REVENUE_ENERGY, OwnerKind, Source
from services.ledger.operations import Transaction
from tests.services.ledger.factories import NOON, WECHAT, bill, books, payment, post, posting, surplus
from tests.support.waiting import wait_until

T = TypeVar("T")


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


def test_a_statement_runs_backwards_with_the_balance_after_each_entry(database: Database) -> None:
    book, *_ = books(database)
    paid = payment(book, posting(70), posting(30, credit=PREPAID))
    post(database, bill(book, 120), paid, bill(book, 5))
    with database.read() as session:
        page = queries.statement_page(session, book_id=book, code=RECEIVABLE, asset="CNY", limit=2)
        rest = queries.statement_page(
            session, book_id=book, code=RECEIVABLE, asset="CNY", before=(page[-1].no, page[-1].line)
        )
        prepaid = queries.statement_page(session, book_id=book, code=PREPAID, asset="CNY")
    assert [(line.no, line.amount, line.balance_after, line.other_code) for line in page + rest] == [
        (3, cny(5), cny(55), REVENUE_ENERGY),
        (2, cny(-70), cny(50), WECHAT),
        (1, cny(120), cny(120), REVENUE_ENERGY),
    ]
    assert [(line.amount, line.balance_after, line.source_id) for line in prepaid] == [
        (cny(30), cny(30), paid.source_id)
    ]


def test_balances_grow_on_their_own_side(database: Database) -> None:
    book, other, _ = books(database)
    post(database, bill(book, 120), surplus(book, 7), bill(other))
    with database.read() as session:
        found = {view.code: view.amount for view in queries.balances(session, book_ids=[book])}
        assert queries.balance(session, book_id=book, code=PREPAID, asset="CNY") == cny(7)
        assert queries.balance(session, book_id=book, code=PREPAID, asset="EUR") == Money(0, "EUR")
        assert queries.book_of(session, owner_kind=OwnerKind.ACCOUNT, owner_id=1) == book
        assert queries.book_of(session, owner_kind=OwnerKind.PARTNER, owner_id=1) is None
    assert found == {RECEIVABLE: cny(120), REVENUE_ENERGY: cny(120), PREPAID: cny(7), WECHAT: cny(7)}


def moved(rolled_up: Callable[[], T]) -> T:
    """Roll up until the horizon has moved: it waits for every older transaction of the server, other tests' too."""
    return wait_until(rolled_up, timeout_s=60, message="the horizon did not move")


def test_the_trial_balance_is_the_same_before_and_after_each_roll_up(database: Database) -> None:
    book, other, _ = books(database)
    post(database, bill(book, 120), payment(book, posting(50)), surplus(other, 7))
    expected = [
        queries.TrialBalanceLine(RECEIVABLE, cny(70), cny(0)),
        queries.TrialBalanceLine(WECHAT, cny(57), cny(0)),
        queries.TrialBalanceLine(PREPAID, cny(0), cny(7)),
        queries.TrialBalanceLine(REVENUE_ENERGY, cny(0), cny(120)),
    ]

    def rolled_up() -> datetime | None:
        with database.write() as session:
            horizon = operations.roll_up(session)
        with database.read() as session:
            assert queries.trial_balance(session) == expected
            assert queries.check_rollup(session) == []
        return horizon

    assert rolled_up() is None
    first = moved(rolled_up)
    moved(lambda: rolled_up() != first)
    post(database, bill(book, 30))
    with database.read() as reading:
        assert queries.trial_balance(reading)[0].debit == cny(100)


def test_the_roll_up_waits_for_a_transaction_that_still_runs(database: Database) -> None:
    book, *_ = books(database)
    with database.write() as slow:
        operations.post(slow, transactions=[bill(book)])
        for _ in range(3):
            with database.write() as session:
                assert operations.roll_up(session) is None

    def rolled_up() -> datetime | None:
        with database.write() as session:
            return operations.roll_up(session)

    moved(rolled_up)
    with database.read() as reading:
        assert queries.check_rollup(reading) == []
        assert reading.sql("select balance from ledger_rollup where code = 1100").scalar_one() == 5_000


def test_a_backlog_is_rolled_up_in_slices(database: Database) -> None:
    book, other, _ = books(database)
    for _ in range(4):
        post(database, bill(book))
    post(database, bill(other), bill(book), bill(book))
    with database.write() as session:
        assert operations.roll_up(session) is None
        assert not operations.roll_up_is_behind(session)
    added = [0]

    def rolled_up() -> bool:
        with database.write() as session:
            operations.roll_up(session, most=3)
            is_behind = operations.roll_up_is_behind(session)
        with database.read() as session:
            assert queries.check_rollup(session) == []
            total = session.sql("select coalesce(sum(balance), 0) from ledger_rollup where code = 1100").scalar_one()
        if total != added[-1]:
            added.append(total)
        return not is_behind and total == 7 * 5_000

    moved(rolled_up)
    steps = [(after - before) // 5_000 for before, after in pairwise(added)]
    assert sum(steps) == 7
    assert max(steps) <= 3


def test_clearing_totals_name_the_payment_order_over_all_its_books(database: Database) -> None:
    book, other, _ = books(database)
    order, reversed_order = uuid4(), uuid4()
    post(database, payment(book, posting(4), source_id=order), payment(other, posting(8), posting(1), source_id=order))
    post(database, payment(book, posting(16), source_id=reversed_order))
    with database.write() as session:
        operations.reverse(session, book_id=book, source=Source.PAYMENT, source_id=reversed_order, effective_at=NOON)
    with database.read() as session:
        until = now() + timedelta(hours=1)
        totals = queries.clearing_totals(session, code=WECHAT, since=until - timedelta(hours=2), until=until)
        assert queries.clearing_totals(session, code=WECHAT, since=until, until=until + timedelta(days=1)) == {}
    assert totals == {(order, "CNY"): 13, (reversed_order, "CNY"): 0}


def test_ageing_splits_what_is_owed_oldest_settled_first(database: Database) -> None:
    book, other, _ = books(database)
    for days, minor in ((100, 10), (45, 20), (5, 40)):
        at = NOON - timedelta(days=days)
        post(
            database,
            Transaction(book, Source.BILL, uuid4(), at, [posting(minor, debit=RECEIVABLE, credit=REVENUE_ENERGY)]),
        )
    post(database, payment(book, posting(15)), payment(other))
    with database.read() as session:
        lines = queries.ageing(
            session, book_ids=[book, other], code=RECEIVABLE, asset="CNY", as_of=NOON, bounds_days=(30, 60)
        )
    assert lines == [queries.AgeingLine(book, 0, 30, cny(40)), queries.AgeingLine(book, 30, 60, cny(15))]


def test_a_sound_ledger_breaks_no_invariant(database: Database) -> None:
    book, other, _ = books(database)
    paid = payment(book, posting(70), posting(30, credit=PREPAID))
    post(database, bill(book), paid, surplus(other))
    with database.write() as session:
        operations.reverse(session, book_id=book, source=paid.source, source_id=paid.source_id, effective_at=NOON)
    with database.read() as session:
        ranges = list(queries.book_ranges(session, size=2))
        assert ranges == [(1, 2), (3, 4)]
        assert [queries.check_invariants(session, first_book=first, last_book=last) for first, last in ranges] == [
            [],
            [],
        ]


CORRUPTIONS = {
    "balance_is_sum_of_entries": "update balance set version = version + 1 where book_id = 1 and code = 1100",
    "running_balance_is_unbroken": "update posting set debit_after = debit_after + 1 where book_id = 1 and no = 1",
    "numbers_have_no_gaps": "update book set version = version + 1 where id = 1",
    "transactions_belong_to_a_book": "update txn set book_id = 99 where book_id = 2",
    "transactions_have_all_their_lines": "delete from posting where book_id = 1 and no = 2 and line = 1",
    "books_are_balanced": "update balance set balance = balance + 1 where book_id = 1 and code = 1100",
    "reversals_mirror_their_original": "update posting set amount = amount + 1 where book_id = 1 and no = 3",
    "balances_keep_their_floor": """alter table balance drop constraint ck_balance_floor;
        update balance set floor = balance + 1 where book_id = 1 and code = 1100""",
}


@pytest.mark.parametrize("rule", CORRUPTIONS)
def test_a_planted_corruption_is_found(database: Database, owner_dsn: str, rule: str) -> None:
    book, other, _ = books(database)
    paid = payment(book, posting(70), posting(30, credit=PREPAID))
    post(database, bill(book), paid, surplus(other))
    with database.write() as session:
        operations.reverse(session, book_id=book, source=paid.source, source_id=paid.source_id, effective_at=NOON)
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("alter table posting disable trigger user")
        owner.execute("alter table txn disable trigger user")
        owner.execute(CORRUPTIONS[rule])
    with database.read() as session:
        assert rule in {violation.rule for violation in queries.check_invariants(session)}
