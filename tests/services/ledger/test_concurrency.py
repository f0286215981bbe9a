"""Many real connections on few books."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from uuid import uuid4

from core.db import Database
from services.ledger import operations, queries
from services.ledger.chart import PREPAID, RECEIVABLE, OwnerKind
from services.ledger.errors import InsufficientBalance
from services.ledger.operations import PostedTransaction
from tests.services.ledger.factories import WECHAT, books, payment, post, posting, surplus

CONNECTIONS = 10


def together(work: Callable[[int], object]) -> list[object]:
    """Run `work(0..9)` at once, each in its own thread and connection."""
    start = threading.Barrier(CONNECTIONS)

    def run(number: int) -> object:
        start.wait(timeout=60)
        return work(number)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return list(pool.map(run, range(CONNECTIONS)))


def test_every_balance_names_the_payments_in_it(database: Database) -> None:
    """Amounts are powers of two: each balance, and each running balance, is the set of payments that made it."""
    shared = books(database, 3)

    def work(number: int) -> None:
        for step in range(5):
            minor = 1 << (number * 5 + step)
            order = Random(number * 31 + step).sample(shared, 3)
            post(database, *(payment(book, posting(minor)) for book in order))

    together(work)
    everything = (1 << CONNECTIONS * 5) - 1
    with database.read() as session:
        assert queries.check_invariants(session) == []
        for book in shared:
            assert queries.balance(session, book_id=book, code=WECHAT, asset="CNY").minor == everything
            seen = 0
            for line in reversed(queries.statement_page(session, book_id=book, code=WECHAT, asset="CNY", limit=100)):
                assert seen & line.amount.minor == 0
                seen |= line.amount.minor
                assert line.balance_after.minor == seen


def test_a_hot_book_takes_every_payment_once(database: Database) -> None:
    """From transactions that begin with it, and from those that wrote or locked it before and so may not stand in line."""
    hot, *own = books(database, 1 + CONNECTIONS)

    def work(number: int) -> None:
        for _ in range(10):
            with database.write() as session:
                if number % 3 == 1:
                    operations.post(session, transactions=[payment(own[number])])
                if number % 3 == 2:
                    operations.lock_books(session, book_ids=[hot])
                operations.post(session, transactions=[payment(hot, posting(1 << number))])

    together(work)
    with database.read() as session:
        assert queries.check_invariants(session) == []
        assert queries.balance(session, book_id=hot, code=WECHAT, asset="CNY").minor == 10 * ((1 << CONNECTIONS) - 1)


def test_a_source_that_arrives_everywhere_at_once_is_posted_once(database: Database) -> None:
    first, second, _ = books(database)
    paid = [payment(first), payment(second)]

    def work(number: int) -> list[PostedTransaction]:
        return post(database, *(paid if number % 2 else reversed(paid)))

    answers = [answer for each in together(work) for answer in each]  # type: ignore[attr-defined] # lists of answers
    assert {(each.book_id, each.no) for each in answers} == {(first, 1), (second, 1)}
    assert sum(each.is_new for each in answers) == 2


def test_prepaid_is_never_spent_beyond_its_floor_by_a_race(database: Database) -> None:
    book, *_ = books(database)
    post(database, surplus(book, 35))

    def work(_: int) -> bool:
        try:
            post(database, payment(book, posting(10, debit=PREPAID, credit=RECEIVABLE)))
        except InsufficientBalance:
            return False
        return True

    assert sum(map(bool, together(work))) == 3
    with database.read() as session:
        assert queries.balance(session, book_id=book, code=PREPAID, asset="CNY").minor == 5
        assert queries.check_invariants(session) == []


def test_books_are_made_once_by_a_race(database: Database) -> None:
    def work(number: int) -> dict[int, int]:
        with database.write() as session:
            owners = list(range(20)) if number % 2 else list(reversed(range(20)))
            return dict(operations.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=owners))

    answers = together(work)
    assert all(answer == answers[0] for answer in answers)


def test_loop_and_bulk_together_keep_the_books(database: Database) -> None:
    shared = books(database, 3)

    def work(number: int) -> None:
        rows = [(book, str(uuid4())) for book in shared]
        if number % 2:
            post(database, *(payment(book) for book in reversed(shared)))
            return
        with database.write() as session:
            operations.post_staged(
                session,
                query="""select book_id, 5::smallint as source, source_id, now() as effective_at, 1 as line, 'clearing.card' as debit,
                  'receivable' as credit, 'CNY' as asset, 8::bigint as amount, null::smallint as event
                  from unnest(cast(:books as bigint[]), cast(:ids as uuid[])) s (book_id, source_id)""",
                params={"books": [book for book, _ in rows], "ids": [source_id for _, source_id in rows]},
            )

    together(work)
    with database.read() as session:
        assert queries.check_invariants(session) == []
        assert session.sql("select array_agg(version) from book").scalar_one() == [10, 10, 10]
