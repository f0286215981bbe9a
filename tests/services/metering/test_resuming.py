"""An import of readings that was cut off goes on behind its last chunk, and ends as one that was not."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import faults
from core.faults import InjectedFault
from services.accounts.queries import AccountRef
from services.metering import operations
from tests.factories.readings import Readings, Row, rows

DAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def unarmed() -> Iterator[None]:
    """No fault is left behind."""
    yield
    faults.arm(None)


def records() -> list[Row]:
    kwh = [f"0.{number:03d}" for number in range(96)]
    return [row for number in range(5) for row in rows(DAY + timedelta(number), kwh)]


@pytest.mark.parametrize("point", ["import.chunk.before", "import.chunk.before_commit", "import.chunk.committed"])
def test_a_run_that_was_cut_off_ends_as_one_that_was_not(readings: Readings, point: str) -> None:
    path, met = readings.write(records()), 0

    def die(name: str) -> None:
        nonlocal met
        met += name == point
        if name == point and met == 3:
            raise InjectedFault(name)

    faults.arm(die)
    with pytest.raises(InjectedFault):
        readings.take_file(path, chunk_rows=70)
    faults.arm(None)
    report = readings.take_file(path, chunk_rows=70)
    assert report.resumed_from == (210 if point == "import.chunk.committed" else 140)
    assert (report.new, report.changed, report.unchanged, report.rejected) == (480, 0, 0, 0)
    expected = [Decimal(number).scaleb(-3) for number in range(96)]
    assert readings.days() == {
        ("M1", "import", 15, DAY + timedelta(number)): (expected, "a" * 96) for number in range(5)
    }


def test_a_claim_of_changes_is_one_summers_alone_and_forgets_nothing_that_comes_meanwhile(
    readings: Readings, account: AccountRef
) -> None:
    readings.take(rows(DAY, ["1"]))
    with readings.database.write() as first:
        claimed = operations.claim_changes(first, most=10)
        assert [(each.account_id, each.month) for each in claimed] == [(account.id, date(2026, 3, 1))]
        readings.take(rows(DAY, ["2"]))
        with readings.database.write() as second:
            assert operations.claim_changes(second, most=10) == []
        operations.changes_done(first, claimed)
    with readings.database.write() as session:
        again = operations.claim_changes(session, most=10)
        assert [(each.account_id, each.month) for each in again] == [(account.id, date(2026, 3, 1))]
        operations.changes_done(session, again)
        assert operations.claim_changes(session, most=10) == []
