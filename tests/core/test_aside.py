"""One bad piece stops nothing: it is found, set aside, told of, and tried again."""

import pytest

from core import aside
from core.aside import Piece, WorkFails
from core.db import Database, WriteSession

WORK = "test.count"


class Counting:
    """Counts owners into `claim`, whose key a bad one breaks; as a task does, a slice and what is due in turn."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.bad: set[int] = set()
        self.tried: list[int] = []

    def count(self, session: WriteSession, pieces: list[Piece]) -> int:
        self.tried.append(len(pieces))
        for each in pieces:
            session.sql(
                "insert into claim (kind, key, owner) values ('test', :key, :owner) on conflict do nothing",
                key=str(each.owner),
                owner=None if each.owner in self.bad else "x",
            )
        return len(pieces)

    def attempt(self, *owners: int) -> int | None:
        with self.database.write() as session:
            pieces = [Piece(each) for each in owners]
            return aside.attempt(session, work=WORK, pieces=pieces, do=lambda some: self.count(session, some))

    def again(self) -> None:
        is_due = True
        while is_due:
            with self.database.write() as session:
                is_due = aside.again(session, work=WORK, do=lambda some: self.count(session, some))

    def counted(self) -> list[int]:
        with self.database.read() as session:
            return sorted(map(int, session.sql("select key from claim where kind = 'test'").scalars()))

    def failing(self) -> list[tuple[int, int]]:
        with self.database.read() as session:
            return [(each.owner, each.failures) for each in aside.failing(session, limit=9)]

    def pass_time(self) -> None:
        with self.database.write() as session:
            session.sql("update set_aside set due_at = now()")


@pytest.fixture
def counting(database: Database) -> Counting:
    return Counting(database)


def test_of_a_slice_that_fails_all_but_the_bad_one_are_done_in_few_tries(counting: Counting) -> None:
    counting.bad = {37}
    assert counting.attempt(*range(1, 65)) is None
    assert counting.counted() == [], "what a slice that failed wrote is undone"
    counting.again()
    assert counting.counted() == [each for each in range(1, 65) if each != 37]
    assert sum(counting.tried) <= 3 * 64 + 1
    assert counting.failing() == [(37, 1)]
    with counting.database.read() as session:
        [found] = aside.failing(session, limit=9)
    assert found.reason.startswith("IntegrityError: null value in column")
    assert found.due_at > found.since


def test_what_fails_by_itself_waits_longer_each_time_and_is_done_when_it_is_mended(counting: Counting) -> None:
    counting.bad = {1}
    counting.attempt(1)
    waits = []
    for _ in range(14):
        counting.pass_time()
        counting.again()
        with counting.database.read() as session:
            told = session.sql("select round(extract(epoch from due_at - now()) / 60) from set_aside")
            waits.append(int(told.scalar_one()))
    assert waits == sorted(waits)
    assert (len(set(waits)) > 5, waits[-1]) == (True, 24 * 60)
    assert counting.failing() == [(1, 14)]
    counting.bad = set()
    counting.again()
    assert counting.counted() == [], "it is not due"
    counting.pass_time()
    counting.again()
    assert (counting.counted(), counting.failing()) == ([1], [])


def test_a_piece_whose_data_changed_is_tried_at_once_and_spoils_no_slice(counting: Counting) -> None:
    counting.bad = {2}
    counting.attempt(1, 2)
    counting.again()
    assert counting.attempt(2, 3) == 1, "3 alone"
    counting.bad = set()
    counting.again()
    assert (counting.counted(), counting.failing()) == ([1, 2, 3], [])


def test_where_very_many_fail_by_themselves_the_work_stops_and_goes_on_when_it_is_mended(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "MOST", 2)
    counting.bad = {1, 2}
    counting.attempt(1, 2)
    counting.again()
    with pytest.raises(WorkFails):
        counting.attempt(3)
    counting.bad = set()
    counting.pass_time()
    counting.again()
    assert counting.attempt(3) == 1
    assert counting.counted() == [1, 2, 3]
