"""What is read back: days of several meters as one, freshness, and every gap by name."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from core.periods import Period
from services.accounts.queries import AccountRef
from services.metering import queries
from services.metering.measures import Quality
from services.metering.queries import Channel, Gap
from tests.factories.readings import Readings, place_meter, rows

DAY = date(2026, 3, 2)
MARCH = Period.month(2026, 3)


def read(readings: Readings, account: AccountRef) -> list[queries.DayOfIntervals]:
    with readings.database.read() as session:
        return queries.intervals(session, account_id=account.id, period=MARCH, channel=Channel.IMPORT)


def test_meters_that_follow_each_other_are_one_day_of_the_longer_interval(
    readings: Readings, account: AccountRef
) -> None:
    with readings.database.write() as session:
        session.sql("update meter set removed_on = :day where meter_no = 'M1'", day=DAY)
        place_meter(session, account_id=account.id, meter_no="M2", since=DAY)
    before = rows(DAY, ["0.5", "0.25", "1", None, *["0"] * 36], quality=Quality.SUBSTITUTED)
    behind = rows(DAY, [None] * 5 + ["2"] * 19, meter_no="M2", minutes=60)
    readings.take([*before, *behind])
    [day] = read(readings, account)
    assert (day.minutes, len(day.energies)) == (60, 24)
    assert day.energies[:6] == [None, 0, 0, 0, 0, 2_000_000]
    # The first hour lacks a quarter; hours 5 to 9 have both: zero of the old one is added.
    assert day.qualities == "m" + "s" * 9 + "a" * 14


def test_every_gap_is_told_with_its_ends_and_what_has_not_come_yet_is_none(
    readings: Readings, account: AccountRef
) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    readings.zone = berlin
    clock_day = date(2026, 3, 29)
    records = rows(clock_day - timedelta(1), ["1"] * 90, zone=berlin)
    records += rows(clock_day + timedelta(1), [None, *["1"] * 5, None, "1"], zone=berlin)
    readings.take(records)
    with readings.database.read() as session:
        found = queries.gaps(session, account_id=account.id, period=MARCH, channel=Channel.IMPORT, zone=berlin)
        span = queries.span(session, account_id=account.id)

    def at(day: int, hour: int, minute: int) -> datetime:
        return datetime(2026, 3, day, hour, minute, tzinfo=berlin).astimezone(UTC)

    assert found == [Gap(at(28, 22, 30), at(30, 0, 15)), Gap(at(30, 1, 30), at(30, 1, 45))]
    assert found[0].ends - found[0].begins == timedelta(hours=24, minutes=45), "the day between has 23 hours"
    assert span.read_until == at(30, 2, 0)


def test_an_account_that_nobody_reads_has_no_days_and_no_gaps(readings: Readings, account: AccountRef) -> None:
    assert read(readings, account) == []
    with readings.database.read() as session:
        assert (
            queries.gaps(session, account_id=account.id, period=MARCH, channel=Channel.IMPORT, zone=ZoneInfo("UTC"))
            == []
        )
        assert queries.kwh_of(1) == Decimal("0.000001")
