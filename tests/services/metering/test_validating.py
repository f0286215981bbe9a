"""What is found odd in readings that were taken: each rule beside what it leaves alone, and that a finding ends by itself."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from core import intake
from core.audit import Actor
from core.db import Database
from services.accounts.queries import AccountRef
from services.metering import operations
from services.metering.operations import RegisterReadingsLoader
from tests.factories.readings import NOW, ZONE, Readings, sender, sum_up
from tests.factories.usage import put_readings

TODAY = date(2026, 6, 30)
KWH = 1_000_000
USUAL: Sequence[int | None] = [KWH // 5] * 23 + [KWH]
"""A day in hours, with one of 1 kWh: 5.6 kWh."""


def day(before: int) -> date:
    return TODAY - timedelta(days=before)


class Meter:
    """The meter M1 in hours, and the day's rounds over it."""

    def __init__(self, database: Database, account_id: int) -> None:
        self.database = database
        self.account_id = account_id

    def put(self, days: Mapping[date, Sequence[int | None]], **said: Any) -> None:
        with self.database.write() as session:
            put_readings(session, self.account_id, days, minutes=60, **said)

    def odd(self, *, today: date = TODAY) -> list[tuple[Any, ...]]:
        """What is open behind a round: kind, days, found, expected."""
        sum_up(self.database)
        going = True
        while going:
            with self.database.write() as session:
                going = operations.validate_next(session, today=today, zone=ZONE, now=NOW)
        with self.database.read() as session:
            rows = session.sql(
                """select kind, first_day, last_day, found, expected from reading_finding
                   where ended_at is null order by first_day, kind"""
            ).all()
        return [tuple(row) for row in rows]


@pytest.fixture
def meter(database: Database, account: AccountRef) -> Meter:
    """Forty usual days up to yesterday."""
    found = Meter(database, account.id)
    found.put({day(before): USUAL for before in range(1, 41)})
    return found


def test_an_interval_far_above_four_weeks_is_found_until_it_is_corrected(meter: Meter) -> None:
    assert meter.odd() == []
    meter.put({day(3): [5 * KWH + 1, *USUAL[1:]]})
    spike = ("spike", day(3), day(3), 5 * KWH + 1, KWH)
    assert meter.odd() == [spike]
    assert meter.odd() == [spike], "a second round finds the same one"
    with meter.database.read() as session:
        assert session.sql("select count(*) from reading_finding").scalar_one() == 1
    meter.put({day(3): [5 * KWH, *USUAL[1:]]})
    assert meter.odd() == []
    with meter.database.read() as session:
        assert session.sql("select ended_at from reading_finding").scalars().all() == [NOW]


def test_what_was_dismissed_stays_so_until_the_reading_says_something_else(meter: Meter) -> None:
    meter.put({day(3): [9 * KWH, *USUAL[1:]]})
    assert [row[0] for row in meter.odd()] == ["spike"]

    def open_ids(*, is_dismissed: bool) -> list[Any]:
        with meter.database.read() as session:
            return list(
                session.sql(
                    "select id from reading_finding where ended_at is null and (dismissed_at is not null) = :is",
                    **{"is": is_dismissed},
                ).scalars()
            )

    [found] = open_ids(is_dismissed=False)
    said: dict[str, Any] = {"account_id": meter.account_id, "finding_id": found, "actor": Actor("staff:7"), "now": NOW}
    with meter.database.write() as session:
        assert operations.dismiss_finding(session, why="a pump was tried", **said)
        assert not operations.dismiss_finding(session, why="again", **said)
    meter.odd()
    assert (open_ids(is_dismissed=True), open_ids(is_dismissed=False)) == ([found], [])
    with meter.database.read() as seen:
        [told] = seen.sql("select act, after from audit where act like 'metering.%'").all()
    assert tuple(told) == ("metering.dismissed", {"finding": str(found), "reason": "a pump was tried"})
    meter.put({day(3): [8 * KWH, *USUAL[1:]]})
    meter.odd()
    assert (open_ids(is_dismissed=True), open_ids(is_dismissed=False)) == ([], [found])


def test_little_of_nothing_an_estimate_and_a_meter_that_is_new_are_no_spikes(
    database: Database, account: AccountRef
) -> None:
    meter = Meter(database, account.id)
    meter.put({day(before): [KWH // 100] * 24 for before in range(1, 30)})
    meter.put({day(2): [KWH - 1, *[0] * 23]})
    assert meter.odd() == [], "below 1 kW"
    meter.put({day(2): [9 * KWH] * 24}, qualities={day(2): "e" * 24})
    assert meter.odd() == [], "nobody measured it"
    meter.put({day(30 - 14): [9 * KWH] * 24})
    assert [row[:2] for row in meter.odd()] == [], "thirteen days before it say too little"
    meter.put({day(30): USUAL})
    assert [row[:2] for row in meter.odd()] == [("spike", day(16))]


def test_fourteen_days_of_nothing_behind_use_are_found_until_something_is_used(meter: Meter) -> None:
    nothing = [0] * 24
    meter.put({day(before): nothing for before in range(1, 14)})
    assert meter.odd() == [], "thirteen days are a holiday"
    meter.put({day(14): nothing})
    assert meter.odd() == [("zeros", day(14), day(1), 0, 5_600_000)]
    meter.put({day(7): [None, *nothing[1:]]})
    assert meter.odd() == [], "of a day with a gap nobody knows that it was nothing"
    meter.put({day(7): nothing, TODAY: USUAL})
    assert [row[0] for row in meter.odd()] == ["zeros"]
    assert meter.odd(today=TODAY + timedelta(days=1)) == []


def test_a_home_where_nothing_was_used_before_is_not_told_of(database: Database, account: AccountRef) -> None:
    meter = Meter(database, account.id)
    meter.put({day(before): [0] * 24 for before in range(1, 41)})
    assert meter.odd() == []


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ("157.68", []),
        ("160.01", [("sums", day(30), day(11), 112_000_000, 114_010_000)]),
        ("100", [("sums", day(30), day(11), 112_000_000, 54_000_000)]),
    ],
)
def test_a_register_that_counted_other_than_its_intervals_is_found_with_both_sums(
    meter: Meter, readings: Readings, shown: str, found: list[tuple[Any, ...]]
) -> None:
    read(readings, (day(30), "46"), (day(10), shown))
    assert meter.odd() == found
    meter.put({day(20): [None, *USUAL[1:]]})
    assert meter.odd() == [], "where something is missing there is no sum"


def test_a_register_read_amid_an_interval_and_around_its_end_is_held_against_shares(
    meter: Meter, readings: Readings
) -> None:
    # 21 days of 5.6 kWh and half of an hour of 1 kWh, against 70 steps across zero behind transformers of 2.
    meter.put({day(9): [1_000_000, *USUAL[1:]]})
    read(readings, (f"{day(30)}T00:00+08:00", "980"), (f"{day(9)}T00:30+08:00", "50"), digits=3, multiplier=2)
    assert [row[3:] for row in meter.odd()] == [(118_100_000, 140_000_000)]


def read(readings: Readings, *shown: tuple[object, str], **said: object) -> None:
    path = readings.write([{"meter_no": "M1", "read_at": str(at), "value": value, **said} for at, value in shown])
    report = intake.run(readings.database, path=path, loader=RegisterReadingsLoader(sender()))
    assert report.rejected == 0
