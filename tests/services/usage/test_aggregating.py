"""Usage by day and month is what the readings give, by the periods of the version that held, however often it is made."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from core.crypto.vault import Vault
from core.db import Database, WriteSession
from core.periods import start_of
from services.usage import operations
from services.usage.operations import Written
from tests.factories.accounts import make_account
from tests.factories.tariffs import make_version
from tests.factories.usage import ZONE, bind, days_of, make_calendar, minutes_of, put_readings
from tests.support.reading import rows_read

JULY, AUGUST, SEPTEMBER = date(2025, 7, 1), date(2025, 8, 1), date(2025, 9, 1)
NEW_YORK: Final = ZoneInfo("America/New_York")
PERIODS: Final = ("peak", "flat", "valley")


def tou(at: datetime) -> int:
    """Peak from 10:00 and from 17:15, valley until 8:00."""
    minute = at.hour * 60 + at.minute
    return 1 if 600 <= minute < 720 or 1035 <= minute < 1140 else 3 if minute < 480 else 2


def readings(
    first: date, end: date, *, minutes: int = 15, zone: ZoneInfo = ZONE, seed: int = 1
) -> dict[date, list[int | None]]:
    """Some use of every interval."""
    dice = random.Random(seed)
    return {
        day: [dice.randrange(900_000) for _ in range(minutes_of(day, zone) // minutes)] for day in days_of(first, end)
    }


def summed(
    days: Mapping[date, Sequence[int | None]], *, minutes: int = 15, zone: ZoneInfo = ZONE
) -> dict[date, list[int]]:
    """Each day's energy by period, from when each interval begins."""
    sums = {day: [0, 0, 0] for day in days}
    for day, energies in days.items():
        for k, energy in enumerate(energies):
            begins = (start_of(day, zone) + k * timedelta(minutes=minutes)).astimezone(zone)
            sums[day][tou(begins) - 1] += energy or 0
    return sums


def kept_days(session: WriteSession, account_id: int) -> dict[date, list[int]]:
    rows = session.sql("select day, energies from usage_day where account_id = :id order by day", id=account_id)
    return {row.day: row.energies for row in rows}


@pytest.fixture
def account_id(database: Database, vault: Vault) -> int:
    with database.write() as session:
        return make_account(session, vault).id


def aggregate(database: Database, account_id: int, *months: date) -> Written:
    with database.write() as session:
        return operations.aggregate(session, months={month: [account_id] for month in months}, zone=ZONE)


@pytest.mark.parametrize("minutes", [15, 30, 60])
@pytest.mark.parametrize(("zone", "first"), [(ZONE, JULY), (NEW_YORK, date(2025, 3, 1)), (NEW_YORK, date(2025, 11, 1))])
def test_each_interval_counts_in_the_period_in_which_it_begins_also_on_days_of_23_and_25_hours(
    database: Database, account_id: int, minutes: int, zone: ZoneInfo, first: date
) -> None:
    end = (first + timedelta(32)).replace(day=1)
    days = readings(first, end, minutes=minutes, zone=zone)
    with database.write() as session:
        version = make_version(session, code="TOU", periods=PERIODS)
        bind(session, account_id, "TOU")
        make_calendar(session, version, days, period=tou, zone=zone)
        put_readings(session, account_id, days, minutes=minutes)
    assert aggregate(database, account_id, first) == Written(len(days), 1)
    expected = summed(days, minutes=minutes, zone=zone)
    with database.write() as session:
        assert kept_days(session, account_id) == expected
        month = session.sql("select * from usage_month where account_id = :id", id=account_id).one()
    assert month.energies == [sum(day[n] for day in expected.values()) for n in range(3)]
    assert month.energy == sum(map(sum, expected.values()))
    assert (month.first_day, month.end_day, month.days) == (first, end, len(days))
    assert month.measured_minutes == sum(minutes_of(day, zone) for day in days)
    assert month.max_demand == max(energy or 0 for day in days.values() for energy in day) * 60 // (minutes * 1000)
    assert aggregate(database, account_id, first) == Written(0, 0)


def test_late_data_changes_exactly_the_days_and_months_that_they_touch(database: Database, account_id: int) -> None:
    days = readings(JULY, SEPTEMBER)
    with database.write() as session:
        version = make_version(session, code="TOU", periods=PERIODS)
        bind(session, account_id, "TOU")
        make_calendar(session, version, days, period=tou)
        put_readings(session, account_id, {day: days[day] for day in days if day != date(2025, 8, 14)})
    assert aggregate(database, account_id, JULY, AUGUST) == Written(61, 2)
    late = {
        date(2025, 8, 14): days[date(2025, 8, 14)],
        date(2025, 8, 20): readings(AUGUST, SEPTEMBER, seed=2)[date(2025, 8, 20)],
    }
    with database.write() as session:
        put_readings(session, account_id, late)
    assert aggregate(database, account_id, JULY, AUGUST) == Written(2, 1)
    with database.write() as session:
        assert kept_days(session, account_id) == summed(days | late)


def test_a_day_that_changed_is_read_by_itself_however_many_days_its_month_has(
    database: Database, vault: Vault, account_id: int
) -> None:
    day = date(2025, 7, 9)
    with database.write() as session:
        other = make_account(session, vault).id
        version = make_version(session, code="TOU", periods=PERIODS)
        make_calendar(session, version, days_of(JULY, AUGUST), period=tou)
        for each in (account_id, other):
            bind(session, each, "TOU")
        put_readings(session, account_id, readings(JULY, AUGUST))
        put_readings(session, other, readings(day, date(2025, 7, 10)))
    with database.write() as session:
        operations.aggregate(session, months={JULY: [account_id, other]}, zone=ZONE)
        session.sql("update interval_day set energies[1] = energies[1] + 1000 where day = :day", day=day)
    work = partial(operations.aggregate, days={JULY: {account_id: 1 << day.day - 1}}, zone=ZONE)
    with database.write() as session:
        days_read = rows_read(session, partial(work, session), table="interval_day")
        assert days_read == 1
        before = kept_days(session, account_id)
        month = session.sql("select energies from usage_month where account_id = :id", id=account_id).scalar_one()
        assert month == [sum(each[n] for each in before.values()) for n in range(3)]
        assert operations.aggregate(session, months={JULY: [account_id]}, zone=ZONE) == Written(0, 0)


def test_the_order_of_imports_does_not_matter(database: Database, vault: Vault) -> None:
    days = readings(JULY, AUGUST)
    kept = []
    for seed in (1, 2, 3):
        with database.write() as session:
            version = make_version(session, code=f"TOU{seed}", periods=PERIODS)
            account_id = make_account(session, vault).id
            bind(session, account_id, f"TOU{seed}")
            make_calendar(session, version, days, period=tou)
        pieces = list(days)
        random.Random(seed).shuffle(pieces)
        for piece in (pieces[:9], pieces[9:20], pieces[20:]):
            with database.write() as session:
                put_readings(session, account_id, {day: days[day] for day in piece})
            aggregate(database, account_id, JULY)
        with database.write() as session:
            kept.append(kept_days(session, account_id))
    assert kept[0] == kept[1] == kept[2] == summed(days)


def test_another_tariff_or_version_within_a_month_begins_another_part(database: Database, account_id: int) -> None:
    days = readings(JULY, AUGUST)
    with database.write() as session:
        first = make_version(session, code="A", periods=PERIODS, valid_to=date(2025, 7, 10))
        second = make_version(session, code="A", periods=("all",), valid_from=date(2025, 7, 10))
        third = make_version(session, code="B", periods=PERIODS)
        for version in (first, second, third):
            make_calendar(session, version, days, period=tou if version != second else lambda _at: 1)
        bind(session, account_id, "A", end=date(2025, 7, 21))
        bind(session, account_id, "B", no=2, first=date(2025, 7, 21))
        put_readings(session, account_id, days)
    aggregate(database, account_id, JULY)
    with database.write() as session:
        parts = session.sql("select * from usage_month where account_id = :id order by part", id=account_id).all()
        assert [(part.version_id, part.first_day.day, part.end_day, len(part.energies)) for part in parts] == [
            (first, 1, date(2025, 7, 10), 3),
            (second, 10, date(2025, 7, 21), 1),
            (third, 21, AUGUST, 3),
        ]
        assert sum(part.energy for part in parts) == sum(map(sum, summed(days).values()))
        session.sql("update agreement set tariff_code = 'A' where account_id = :id and id = 2", id=account_id)
    assert aggregate(database, account_id, JULY) == Written(11, 2)
    with database.write() as session:
        assert session.sql("select count(*) from usage_month where account_id = :id", id=account_id).scalar_one() == 2


def test_use_without_a_known_tariff_is_kept_in_one(database: Database, account_id: int) -> None:
    days = readings(JULY, date(2025, 7, 4))
    with database.write() as session:
        bind(session, account_id, "NOBODY-KNOWS")
        put_readings(session, account_id, days)
    aggregate(database, account_id, JULY)
    with database.write() as session:
        month = session.sql("select * from usage_month where account_id = :id", id=account_id).one()
    assert (month.version_id, month.energies) == (None, [sum(energy or 0 for day in days.values() for energy in day)])


@pytest.mark.parametrize("since", [date(2019, 5, 1), date(2025, 8, 11)])
def test_use_without_a_known_tariff_lies_on_its_own_days_whenever_the_holder_came(
    database: Database, account_id: int, since: date
) -> None:
    end = date(2025, 7, 4)
    with database.write() as session:
        session.sql("update account set holder_since = :since where id = :id", id=account_id, since=since)
        put_readings(session, account_id, readings(JULY, end))
    aggregate(database, account_id, JULY)
    with database.write() as session:
        part = session.sql("select first_day, end_day from usage_month where account_id = :id", id=account_id).one()
    assert tuple(part) == (JULY, end)


def test_missing_and_estimated_moments_are_counted_and_two_meters_add_up(database: Database, account_id: int) -> None:
    day, exchanged, together = date(2025, 7, 1), date(2025, 7, 2), date(2025, 7, 3)
    half: list[int | None] = [None] * 48
    with database.write() as session:
        session.sql(
            "insert into meter (meter_no, account_id, removed_on) values ('M1', :id, '2025-07-02')", id=account_id
        )
        session.sql(
            "insert into meter (meter_no, account_id, installed_on) values ('M2', :id, '2025-07-02')", id=account_id
        )
        put_readings(
            session,
            account_id,
            {day: [1000] * 90 + [None] * 6, exchanged: [1000] * 48 + half, together: [2000] * 96},
            qualities={day: "e" * 8 + "s" * 2 + "a" * 80 + "m" * 6},
        )
        put_readings(
            session,
            account_id,
            {exchanged: [*half, *([3000] * 44), *[None] * 4], together: [500] * 92 + [None] * 4},
            meter_no="M2",
        )
        put_readings(session, account_id, {together: [7] * 96}, channel="export")
        put_readings(session, account_id, {together: [5] * 96}, channel="reactive_lag")
        put_readings(session, account_id, {together: [3] * 96}, channel="reactive_lead")
    aggregate(database, account_id, JULY)
    with database.write() as session:
        rows = session.sql("select * from usage_day where account_id = :id order by day", id=account_id).all()
    assert [(row.energy, row.missing_minutes, row.estimated_minutes, row.measured_minutes) for row in rows] == [
        (90_000, 90, 150, 1350),
        (180_000, 60, 0, 1380),
        (238_000, 60, 0, 1380),
    ]
    assert (rows[2].export_energy, rows[2].reactive_energy, rows[2].max_demand) == (672, 768, 10)
