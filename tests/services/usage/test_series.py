"""A series says what was used, what is missing, and compares only days that both periods have."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from core.crypto.vault import Vault
from core.db import Database
from core.periods import start_of
from services.usage import operations, queries
from services.usage.queries import BarQuality, Gap, Of, Series, last_days
from services.usage.queries.days import whole_days
from tests.factories.accounts import make_account
from tests.factories.readings import place_meter
from tests.factories.tariffs import make_version
from tests.factories.usage import ZONE, bind, days_of, make_calendar, minutes_of, put_readings

NEW_YORK: Final = ZoneInfo("America/New_York")
JULY, AUGUST = date(2025, 7, 1), date(2025, 8, 1)


@pytest.fixture
def account_id(database: Database, vault: Vault) -> int:
    with database.write() as session:
        account_id = make_account(session, vault).id
        version = make_version(session, code="TOU", periods=("valley", "peak"))
        bind(session, account_id, "TOU")
        for year in (2024, 2025):
            make_calendar(
                session,
                version,
                days_of(date(year, 6, 1), date(year, 9, 1)),
                period=lambda at: 2 if 8 <= at.hour < 20 else 1,
            )
    return account_id


def put(database: Database, account_id: int, days: dict[date, list[int | None]], zone: ZoneInfo = ZONE) -> None:
    with database.write() as session:
        put_readings(session, account_id, days, minutes=60, zone=zone)
        operations.aggregate(session, months={day.replace(day=1): [account_id] for day in days}, zone=zone)


def shown(database: Database, account_id: int, of: Of, at: date, zone: ZoneInfo = ZONE) -> Series:
    with database.read() as session:
        return queries.series(session, account_id=account_id, of=of, at=at, zone=zone)


def test_a_month_names_its_gaps_and_waits_for_what_cannot_be_known(database: Database, account_id: int) -> None:
    hours: list[int | None] = [1_000_000] * 24
    days = {day: list(hours) for day in days_of(JULY, date(2025, 7, 21)) if day.day not in (5, 6)}
    days[date(2025, 7, 4)][20:] = [None] * 4
    days[date(2025, 7, 10)][3] = None
    put(database, account_id, days)
    found = shown(database, account_id, Of.MONTH, date(2025, 7, 15))
    assert (found.first, found.end, len(found.bars), found.periods) == (JULY, AUGUST, 31, ("peak", "valley"))
    assert found.kwh == sum(found.by_period.values()) == 18 * 24 - 5
    assert found.by_period["peak"] == 18 * 12
    kinds = {quality: [bar.begin.day for bar in found.bars if bar.quality is quality] for quality in BarQuality}
    assert kinds[BarQuality.PARTIAL] == [4, 10]
    assert kinds[BarQuality.MISSING] == [5, 6]
    assert kinds[BarQuality.AWAITED] == [*range(21, 32)]
    assert [bar.kwh for bar in found.bars[3:6]] == [Decimal(20), None, None]
    at = start_of(JULY, ZONE)
    assert found.gaps == (
        Gap(at + timedelta(days=3, hours=20), at + timedelta(days=6)),
        Gap(at + timedelta(days=9, hours=3), at + timedelta(days=9, hours=4)),
    )
    assert found.known_until == datetime(2025, 7, 21, tzinfo=ZONE)
    told = [at for gap in found.gaps for at in (gap.begin, gap.end)]
    told += [found.known_until, *(at for bar in found.bars for at in (bar.begin, bar.end))]
    assert {at.utcoffset() for at in told} == {timedelta(hours=8)}, "one way of times, that of the supplier's zone"
    assert shown(database, account_id, Of.YEAR, JULY).gaps == found.gaps, "what is in the sums of a year is no gap"


def test_a_day_of_which_one_of_two_meters_has_nothing_is_read_in_part_until_it_comes_or_is_estimated(
    database: Database, account_id: int
) -> None:
    hours: list[int | None] = [1_000_000] * 24
    late = date(2025, 7, 9)
    days = dict.fromkeys(days_of(JULY, date(2025, 7, 21)), hours)
    with database.write() as session:
        place_meter(session, account_id=account_id, meter_no="M1", since=date(2025, 1, 1))
        place_meter(session, account_id=account_id, meter_no="M2", since=date(2025, 7, 3))
        put_readings(
            session, account_id, {day: hours for day in days if day.day > 3 and day != late}, minutes=60, meter_no="M2"
        )
    put(database, account_id, days)

    def partly(of: Of = Of.MONTH) -> list[int]:
        bars = shown(database, account_id, of, late).bars
        return [bar.begin.day for bar in bars if bar.quality is BarQuality.PARTIAL]

    with database.read() as reading:
        cost = queries.running_cost(reading, account_id=account_id, today=date(2025, 7, 21), zone=ZONE)
        lately = last_days(reading, account_id=account_id, before=date(2025, 7, 12), since=None)
        whole = whole_days(reading, account_id=account_id, first=JULY, end=date(2025, 8, 1))
    assert (partly(), partly(Of.DAY), partly(Of.YEAR)) == ([9], [9] * 24, [1])
    gap = start_of(late, ZONE)
    assert shown(database, account_id, Of.MONTH, late).gaps == (Gap(gap, gap + timedelta(days=1)),)
    assert [each.day.day for each in lately if each.quality is BarQuality.PARTIAL] == [9]
    assert cost is not None
    assert cost.missing_days == 1
    assert whole.keys() == days.keys() - {late}, "nothing is compared with it or guessed by it"
    with database.write() as session:
        put_readings(session, account_id, {late: hours}, minutes=60, meter_no="M2", qualities={late: "e" * 24})
        operations.aggregate(session, months={JULY: [account_id]}, zone=ZONE)
    assert partly() == []
    assert shown(database, account_id, Of.MONTH, late).gaps == ()


def test_days_that_came_and_are_not_summed_up_yet_are_awaited_and_not_missing(
    database: Database, account_id: int
) -> None:
    with database.write() as session:
        put_readings(session, account_id, {JULY: [1_000_000] * 24}, minutes=60)
    assert shown(database, account_id, Of.MONTH, JULY).known_until is None
    put(database, account_id, {JULY + timedelta(1): [1_000_000] * 24})
    with database.write() as session:
        put_readings(session, account_id, {JULY + timedelta(2): [1_000_000] * 24}, minutes=60)
    found = shown(database, account_id, Of.MONTH, JULY)
    assert found.known_until == datetime(2025, 7, 3, tzinfo=ZONE)
    assert ([bar.quality for bar in found.bars[1:4]], found.kwh, found.gaps) == (
        [BarQuality.ACTUAL, BarQuality.AWAITED, BarQuality.AWAITED],
        Decimal(48),
        (),
    )


def test_a_gap_over_a_day_of_23_hours_is_as_long_as_it_was(database: Database, account_id: int) -> None:
    day = date(2025, 3, 9)
    hours: list[int | None] = [1_000_000] * 24
    days = {day - timedelta(1): [*hours[:22], None, None], day + timedelta(1): [None, *hours[:5], *[None] * 18]}
    put(database, account_id, days, NEW_YORK)
    [gap] = shown(database, account_id, Of.MONTH, day, NEW_YORK).gaps
    assert (gap.begin.hour, gap.end.hour, gap.end.day) == (22, 1, 10)
    assert gap.end.astimezone(UTC) - gap.begin.astimezone(UTC) == timedelta(hours=2 + 23 + 1)


@pytest.mark.parametrize("is_holders", [False, True])
def test_the_first_month_of_readings_or_of_a_holder_lacks_nothing_of_before(
    database: Database, account_id: int, is_holders: bool
) -> None:
    put(database, account_id, {day: [1_000_000] * 24 for day in days_of(date(2025, 6, 10), date(2025, 7, 11))})
    if is_holders:
        with database.write() as session:
            session.sql("update account set holder_since = '2025-06-12' where id = :id", id=account_id)
    year = shown(database, account_id, Of.YEAR, JULY)
    assert [bar.quality for bar in year.bars[5:7]] == [BarQuality.ACTUAL] * 2
    assert year.gaps == ()


def test_periods_are_compared_over_the_days_that_both_have_whole(database: Database, account_id: int) -> None:
    june: dict[date, list[int | None]] = {
        day: [1_000_000] * 24 for day in days_of(date(2025, 6, 1), JULY) if day.day != 2
    }
    last_year: dict[date, list[int | None]] = {
        day: [500_000] * 24 for day in days_of(date(2024, 7, 1), date(2024, 7, 11))
    }
    july: dict[date, list[int | None]] = {day: [2_000_000] * 24 for day in days_of(JULY, date(2025, 7, 13))}
    july[date(2025, 7, 3)] = [None] * 12 + [1] * 12
    put(database, account_id, {**june, **last_year, **july})
    found = shown(database, account_id, Of.MONTH, JULY)
    assert found.before is not None
    assert found.year_before is not None
    assert (found.before.days, found.before.days_left_out) == (10, 2)
    assert (found.before.kwh, found.before.kwh_then, found.before.share) == (Decimal(480), Decimal(240), Decimal(2))
    assert (found.year_before.first, found.year_before.days, found.year_before.share) == (
        date(2024, 7, 1),
        9,
        Decimal(4),
    )
    year = shown(database, account_id, Of.YEAR, JULY)
    assert year.before is not None
    assert (year.before.days, year.before.kwh_then) == (9, Decimal(9 * 12))
    assert [bar.kwh for bar in year.bars[4:7]] == [None, Decimal(29 * 24), Decimal("528.000012")]


def test_a_leap_day_is_compared_with_the_last_of_february(database: Database, account_id: int) -> None:
    leap, before = date(2024, 2, 29), date(2023, 2, 28)
    put(database, account_id, {before: [1_000_000] * 24, leap: [2_000_000] * 24})
    found = shown(database, account_id, Of.DAY, leap).year_before
    assert found is not None
    assert (found.first, found.kwh, found.kwh_then, found.share) == (before, Decimal(48), Decimal(24), Decimal(2))


def test_what_was_given_is_told_where_it_was_measured_and_is_not_zero_elsewhere(
    database: Database, account_id: int
) -> None:
    with database.write() as session:
        sun = {JULY + timedelta(n): [500_000] * 24 for n in (0, 2, 4)}
        put_readings(session, account_id, sun, minutes=60, channel="export")
    put(database, account_id, {JULY + timedelta(n): [1_000_000] * 24 for n in (0, 2, 3)})
    found = shown(database, account_id, Of.MONTH, JULY)
    assert [bar.export_kwh for bar in found.bars[:6]] == [12, None, 12, 0, 12, None]
    assert [bar.kwh for bar in found.bars[:6]] == [24, None, 24, 24, None, None]
    hours = shown(database, account_id, Of.DAY, JULY + timedelta(1)).bars
    assert {bar.export_kwh for bar in hours} == {None}


def test_a_new_holder_sees_nothing_of_the_one_before(database: Database, account_id: int) -> None:
    put(database, account_id, {day: [1_000_000] * 24 for day in days_of(JULY, AUGUST)})
    with database.write() as session:
        session.sql("update account set holder_since = '2025-07-20' where id = :id", id=account_id)
    found = shown(database, account_id, Of.MONTH, JULY)
    assert [bar.begin.day for bar in found.bars if bar.kwh is not None] == [*range(20, 32)]
    assert (found.gaps, found.before) == ((), None)
    assert [bar.kwh for bar in shown(database, account_id, Of.DAY, date(2025, 7, 19)).bars] == [None] * 24
    with database.write() as session:
        session.sql("update account set holder_since = :since where id = :id", id=account_id, since=AUGUST)
    assert shown(database, account_id, Of.MONTH, AUGUST).known_until is None


@pytest.mark.parametrize(("day", "hours"), [(date(2025, 3, 9), 23), (date(2025, 11, 2), 25), (date(2025, 7, 1), 24)])
def test_a_day_has_the_hours_that_pass(database: Database, account_id: int, day: date, hours: int) -> None:
    assert minutes_of(day, NEW_YORK) == hours * 60
    put(database, account_id, {day: [1_000 * (k + 1) for k in range(hours)]}, zone=NEW_YORK)
    found = shown(database, account_id, Of.DAY, day, zone=NEW_YORK)
    assert [bar.kwh for bar in found.bars] == [Decimal(k + 1) / 1000 for k in range(hours)]
    assert found.bars[0].begin.hour == 0
    assert found.bars[-1].end == start_of(day + timedelta(1), NEW_YORK)
    assert found.kwh == sum(bar.kwh or 0 for bar in found.bars)
