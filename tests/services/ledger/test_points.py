"""Points lie in lots that expire, and are spent first in, first out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from core.db import Database
from core.money import Money
from services.ledger import operations, queries
from services.ledger.chart import POINTS, POINTS_BALANCE, POINTS_EXPENSE, BookId, OwnerKind, Source
from services.ledger.errors import ConflictingPosting, InsufficientBalance, NothingToReverse, UnknownBook
from services.ledger.operations import PostedTransaction, Posting
from tests.services.ledger.factories import NOON
from tests.services.ledger.test_concurrency import together

DAY = timedelta(days=1)


def book_of(database: Database, person: int = 1) -> BookId:
    with database.write() as session:
        return operations.ensure_books(session, owner_kind=OwnerKind.PERSON, owner_ids=[person])[person]


def earn(
    database: Database, book: BookId, points: int, *, source_id: UUID | None = None, days: int = 365
) -> PostedTransaction:
    with database.write() as session:
        return operations.earn_points(
            session,
            book_id=book,
            source_id=source_id or uuid4(),
            points=points,
            expires_at=NOON + days * DAY,
            effective_at=NOON,
        )


def spend(
    database: Database, book: BookId, points: int, *, source_id: UUID | None = None, at: datetime = NOON
) -> PostedTransaction:
    with database.write() as session:
        return operations.spend_points(
            session, book_id=book, source_id=source_id or uuid4(), points=points, effective_at=at
        )


def expire(database: Database, *, days: int) -> list[PostedTransaction]:
    with database.write() as session:
        return operations.expire_points(session, now=NOON + days * DAY, limit=100)


def reverse(database: Database, book: BookId, source: Source, source_id: UUID) -> PostedTransaction:
    with database.write() as session:
        return operations.reverse(session, book_id=book, source=source, source_id=source_id, effective_at=NOON)


def left(database: Database, book: BookId) -> list[int]:
    """What is left of each lot; the books are checked on the way."""
    with database.read() as session:
        assert queries.check_invariants(session) == []
        lots = [lot.remaining for lot in queries.point_lots(session, book_id=book)]
        assert queries.balance(session, book_id=book, code=POINTS_BALANCE, asset=POINTS).minor == sum(lots)
    return lots


def test_points_are_spent_first_in_first_out(database: Database) -> None:
    book = book_of(database)
    for points in (100, 50, 70):
        earn(database, book, points)
    spend(database, book, 120)
    assert left(database, book) == [0, 30, 70]


def test_more_than_there_is_cannot_be_spent_and_nothing_is_taken(database: Database) -> None:
    book = book_of(database)
    earn(database, book, 100)
    with pytest.raises(InsufficientBalance) as refused:
        spend(database, book, 101)
    assert refused.value.facts == {"book_ids": [book]}
    assert left(database, book) == [100]


def test_what_has_expired_is_not_spent_even_before_it_is_taken_away(database: Database) -> None:
    book = book_of(database)
    earn(database, book, 100, days=1)
    earn(database, book, 50, days=9)
    with pytest.raises(InsufficientBalance):
        spend(database, book, 51, at=NOON + DAY)
    spend(database, book, 50, at=NOON + DAY)
    assert left(database, book) == [100, 0]


def test_expired_points_are_taken_away_once(database: Database) -> None:
    book, other = book_of(database, 1), book_of(database, 2)
    earn(database, book, 100, days=1)
    earn(database, book, 50, days=9)
    earn(database, other, 7, days=9)
    assert [each.book_id for each in expire(database, days=1)] == [book]
    assert expire(database, days=1) == []
    assert (left(database, book), left(database, other)) == ([0, 50], [7])


def test_a_repeated_source_earns_and_spends_once(database: Database) -> None:
    book, earned, spent = book_of(database), uuid4(), uuid4()
    assert [earn(database, book, 100, source_id=earned).is_new for _ in range(2)] == [True, False]
    assert [spend(database, book, 60, source_id=spent).is_new for _ in range(2)] == [True, False]
    with pytest.raises(ConflictingPosting):
        earn(database, book, 101, source_id=earned)
    assert left(database, book) == [40]


def test_a_spender_who_comes_second_reads_the_lots_that_the_first_left(database: Database) -> None:
    book = book_of(database)
    for _ in range(10):
        earn(database, book, 10)

    def once(_: int) -> bool:
        try:
            return spend(database, book, 15).is_new
        except InsufficientBalance:
            return False

    assert together(once).count(True) == 6
    assert left(database, book) == [0] * 9 + [10]


def test_spent_points_return_to_their_lots(database: Database) -> None:
    book, spent = book_of(database), uuid4()
    earn(database, book, 100)
    earn(database, book, 50)
    spend(database, book, 120, source_id=spent)
    assert reverse(database, book, Source.POINTS_SPENT, spent).is_new
    assert not reverse(database, book, Source.POINTS_SPENT, spent).is_new
    assert left(database, book) == [100, 50]


def test_earned_points_are_taken_back_from_their_own_lot_first(database: Database) -> None:
    book, earned = book_of(database), uuid4()
    earn(database, book, 100)
    earn(database, book, 50, source_id=earned)
    reverse(database, book, Source.POINTS_EARNED, earned)
    assert left(database, book) == [100, 0]


def test_earned_points_that_are_gone_cannot_be_taken_back(database: Database) -> None:
    book, earned = book_of(database), uuid4()
    earn(database, book, 50, source_id=earned)
    spend(database, book, 20)
    with pytest.raises(InsufficientBalance):
        reverse(database, book, Source.POINTS_EARNED, earned)
    assert left(database, book) == [30]


def test_what_moved_no_points_cannot_be_reversed(database: Database) -> None:
    with pytest.raises(NothingToReverse):
        reverse(database, book_of(database), Source.POINTS_SPENT, uuid4())
    with pytest.raises(UnknownBook):
        earn(database, BookId(4711), 1)


def test_points_have_no_other_door() -> None:
    with pytest.raises(ValueError, match="not a posting"):
        Posting(debit=POINTS_EXPENSE, credit=POINTS_BALANCE, amount=Money(1, POINTS))


ONE: Final = "array[gen_random_uuid()], array[now()]"
TWO: Final = "array[gen_random_uuid(), gen_random_uuid()], array[now(), now()]"


@pytest.mark.parametrize(
    "call",
    [
        f"ledger_post(array[%(book)s], '{{13}}', {ONE}, '{{1}}', '{{5900}}', '{{2900}}', '{{1}}', '{{5}}')",
        f"ledger_post(array[%(book)s], '{{13}}', {ONE}, '{{2}}', '{{1200,5900}}', '{{1100,2900}}', '{{156,1}}', '{{5,5}}')",
        f"ledger_post(array[%(book)s, %(book)s], '{{5,13}}', {TWO}, '{{1,1}}', '{{1200,5900}}', '{{1100,2900}}', '{{156,1}}', '{{5,5}}')",
        "ledger_reverse(%(book)s, 13::smallint, (select source_id from txn where book_id = %(book)s), now())",
    ],
    ids=["single", "with money", "several", "reversal"],
)
def test_the_database_moves_no_points_without_their_lots(database: Database, app_dsn: str, call: str) -> None:
    book = book_of(database)
    earn(database, book, 100)
    with psycopg.connect(app_dsn) as app, pytest.raises(psycopg.Error, match="points move with their lots"):
        app.execute(f"select {call}".encode(), {"book": book})
    assert left(database, book) == [100]


@pytest.mark.parametrize(
    "command",
    [
        "update point_lot set remaining = earned",
        "insert into point_lot values (1, 1, 1, 1, now())",
        "delete from point_lot_use",
        "select ledger_points_take(1, 1, 1, null, null)",
    ],
)
def test_the_application_cannot_write_lots_directly(app_dsn: str, command: str) -> None:
    with psycopg.connect(app_dsn, autocommit=True) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(command.encode())


class Points(RuleBasedStateMachine):
    """One person's history beside a list of lots. `database` is set by the test."""

    database: Database
    next_person = 1000

    moved = Bundle("moved")

    def __init__(self) -> None:
        super().__init__()
        Points.next_person += 1
        self.book = book_of(self.database, Points.next_person)
        self.lots: list[list[int]] = []
        self.today = 0

    @rule(target=moved, points=st.integers(1, 50), days=st.integers(1, 6))
    def earn(self, points: int, days: int) -> UUID:
        source_id = uuid4()
        earn(self.database, self.book, points, source_id=source_id, days=self.today + days)
        self.lots.append([points, self.today + days])
        return source_id

    @rule(points=st.integers(1, 90))
    def spend(self, points: int) -> None:
        good = [lot for lot in self.lots if lot[1] > self.today]
        at = NOON + self.today * DAY
        if sum(lot[0] for lot in good) < points:
            with pytest.raises(InsufficientBalance):
                spend(self.database, self.book, points, at=at)
            return
        spend(self.database, self.book, points, at=at)
        for lot in good:
            taken = min(lot[0], points)
            lot[0] -= taken
            points -= taken

    @rule(days=st.integers(0, 3))
    def expire(self, days: int) -> None:
        self.today += days
        expire(self.database, days=self.today)
        for lot in self.lots:
            lot[0] = 0 if lot[1] <= self.today else lot[0]

    @invariant()
    def the_lots_are_the_models(self) -> None:
        assert left(self.database, self.book) == [lot[0] for lot in self.lots]


def test_no_history_loses_or_makes_a_point(database: Database) -> None:
    machine = type("PointsHere", (Points,), {"database": database})
    checks: Sequence[HealthCheck] = list(HealthCheck)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=checks,
        ),
    )
