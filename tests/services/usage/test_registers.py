"""Use of meters that are read by hand: days between two readings, the periods that registers name, and what nobody knows."""

import json
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from core import intake
from core.crypto.vault import Vault
from core.db import Database
from core.money import Money
from core.periods import Period, start_of
from services.accounts.queries import AccountId
from services.metering.operations import RegisterReadingsLoader
from services.metering.operations.single import take_back
from services.metering.queries import Channel, Register
from services.tariffs.queries import parse
from services.usage import operations, queries
from services.usage.operations import PricedVersion, Written
from services.usage.queries import Of, drawing, invariants
from services.usage.queries.views import BarQuality
from tests.factories.accounts import grant, make_account, make_user, write_csv
from tests.factories.identity import browser_session
from tests.factories.readings import NOW, ZONE, Readings, place_meter, rows, sender
from tests.factories.tariffs import FLAT, make_version
from tests.factories.usage import bind, days_of, make_calendar, put_readings
from tests.services.usage.test_running import GUANGZHOU, PERIODS, of_guangzhou
from tests.support.registers import days_of_registers

FIRST, END = date(2026, 1, 1), date(2026, 7, 1)
JANUARY, FEBRUARY, MARCH, APRIL = (date(2026, month, 1) for month in (1, 2, 3, 4))
NEW_YORK: Final = ZoneInfo("America/New_York")
KWH: Final = 1_000_000


class Home:
    """An account, its registers and what became of them."""

    def __init__(self, database: Database, vault: Vault, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.zone = ZONE
        self.versions: dict[str, int] = {}
        with database.write() as session:
            account = make_account(session, vault, meter_no="M1")
            self.id, self.no = account.id, account.account_no
            for code, document, periods in (("FLAT", FLAT, ("all",)), ("GZ", GUANGZHOU, PERIODS)):
                version = make_version(session, code=code, document=document, periods=periods)
                make_calendar(
                    session, version, days_of(FIRST, END), period=of_guangzhou if len(periods) > 1 else lambda _at: 1
                )
                self.versions[code] = version

    def agree(self, code: str) -> None:
        with self.database.write() as session:
            bind(session, self.id, code)

    def read(self, *records: tuple[object, ...], digits: int | None = None, multiplier: str | None = None) -> None:
        """Readings: register, when, what it showed; and of which meter, if not of the first."""
        path = self.folder / f"{random.random()}.csv"
        rows = [
            {
                "meter_no": rest[0] if rest else "M1",
                "register": register,
                "read_at": at,
                "value": value,
                "quality": None,
                "digits": digits,
                "multiplier": multiplier,
            }
            for register, at, value, *rest in records
        ]
        write_csv(path, rows)
        report = intake.run(self.database, path=path, loader=RegisterReadingsLoader(sender(zone=self.zone)))
        assert report.rejected == 0

    def follow(self) -> Written:
        done = Written()
        while True:
            with self.database.write() as session:
                found = operations.follow_readings(session, zone=self.zone)
            if found is None:
                return done
            done += found

    def days(self) -> list[Any]:
        with self.database.read() as session:
            assert invariants(session, first_account=1, last_account=self.id, readings_since=FIRST) == []
            return list(session.sql("select * from usage_day where account_id = :id order by day", id=self.id).all())

    def parts(self) -> list[Any]:
        with self.database.read() as session:
            return list(
                session.sql("select * from usage_month where account_id = :id order by month, part", id=self.id).all()
            )


@pytest.fixture
def home(database: Database, vault: Vault, tmp_path: Path) -> Home:
    return Home(database, vault, tmp_path)


@pytest.mark.parametrize(("zone", "seed"), [(ZONE, 1), (NEW_YORK, 2)])
def test_days_are_what_every_register_counted_shared_out_evenly_to_the_millionth(
    home: Home, zone: ZoneInfo, seed: int
) -> None:
    home.zone = zone
    home.agree("GZ")
    dice = random.Random(seed)
    exchanged = date(2026, 3, 8)
    with home.database.write() as session:
        session.sql("update meter set removed_on = :day where meter_no = 'M1'", day=exchanged)
        place_meter(session, account_id=home.id, meter_no="M2", since=exchanged)
    noon = start_of(exchanged, zone) + timedelta(hours=12)
    for register in ("peak", "flat", "valley", "export", "reactive"):
        times = [start_of(FIRST, zone) + timedelta(days=20 * n, seconds=dice.randrange(86_400)) for n in range(3)]
        around = [Decimal(9_990) + n for n in range(3)]
        home.read(
            *((register, at.isoformat(), value % 10_000) for at, value in zip(times, around, strict=True)),
            (register, noon.isoformat(), Decimal("5.123457")),
            digits=4,
            multiplier="1.500001",
        )
        later = [noon + timedelta(days=9 * n, seconds=dice.randrange(86_400)) for n in range(1, 4)]
        home.read(
            (register, noon.isoformat(), 0, "M2"),
            *(
                (register, at.isoformat(), Decimal(n) / 7 // Decimal("0.001") / 1000, "M2")
                for n, at in enumerate(later, 1)
            ),
        )
    home.follow()
    with home.database.read() as session:
        shared = days_of_registers(session, account_id=home.id, zone=zone)
    found = {row.day: row for row in home.days()}
    for day, row in found.items():
        assert row.energy == sum(shared[Register(name)].get(day, 0) for name in PERIODS)
        assert row.export_energy == shared[Register.EXPORT].get(day, 0)
        assert row.reactive_energy == shared[Register.REACTIVE].get(day, 0)
        if row.version_id is not None:
            assert row.energies == [shared[Register(name)].get(day, 0) for name in PERIODS]
        assert row.measured_minutes == row.estimated_minutes
    for register, of_days in shared.items():
        assert sum(of_days.values()) == sum(of_days.get(day, 0) for day in found), register
    whole = found[exchanged]
    assert (whole.measured_minutes, whole.missing_minutes) == (1380 if zone == NEW_YORK else 1440, 0)
    assert found[date(2026, 2, 1)].version_id == home.versions["GZ"]
    assert home.follow() == Written(0, 0)


def test_registers_named_like_periods_are_priced_by_them_and_the_total_beside_them_counts_once(home: Home) -> None:
    home.agree("GZ")
    for at, values in (("2026-01-01", (0, 0, 0, 0)), ("2026-02-01", (100, 150, 62, 312))):
        home.read(*((name, at, value) for name, value in zip((*PERIODS, "total"), values, strict=True)))
    assert home.follow() == Written(31, 1)
    [part] = home.parts()
    assert (part.version_id, part.energies) == (home.versions["GZ"], [100 * KWH, 150 * KWH, 62 * KWH])
    assert (part.estimated_minutes, part.missing_minutes, part.days) == (31 * 1440, 0, 31)
    version = PricedVersion(home.versions["GZ"], "GZ", parse(GUANGZHOU), PERIODS)
    with home.database.write() as session:
        priced = operations.price_months(session, month=JANUARY, first=1, last=home.id, versions=[version])
        total = session.sql("select total_minor from usage_cost where account_id = :id", id=home.id).scalar_one()
    assert (priced.unpriced, total) == (0, 9950 + 8833 + 1421 + 260), "52 kWh above 260 at 5 fen more"


def test_registers_of_which_one_has_no_period_in_the_tariff_say_nothing_of_periods(home: Home) -> None:
    home.agree("GZ")
    shown = (("peak", 10), ("flat", 20), ("valley", 30), ("sharp", 4))
    for register, value in shown:
        home.read((register, "2026-01-01", 0), (register, "2026-02-01", value))
    home.follow()
    [part] = home.parts()
    assert (part.version_id, part.energies) == (None, [64 * KWH])


@pytest.mark.parametrize(("code", "is_priced"), [("FLAT", True), ("GZ", False)])
def test_a_total_is_priced_where_the_tariff_has_one_period_and_otherwise_the_series_says_that_it_is_not(
    home: Home,
    code: str,
    is_priced: bool,
) -> None:
    home.agree(code)
    home.read(("total", "2026-01-01", 1000), ("total", "2026-02-01", 1310))
    home.follow()
    [part] = home.parts()
    assert (part.version_id, part.energies) == (home.versions[code] if is_priced else None, [310 * KWH])
    with home.database.write() as session:
        now = datetime(2026, 2, 2, tzinfo=UTC)
        assert operations.look_through(session, now=now, zone=ZONE) == Written(0, 0)
    with home.database.read() as session:
        shown = queries.series(session, account_id=home.id, of=Of.MONTH, at=JANUARY, zone=ZONE)
        cost = queries.running_cost(session, account_id=home.id, today=date(2026, 1, 31), zone=ZONE)
    assert (shown.periods, shown.gaps) == (("all",), ())
    assert (shown.kwh, shown.days_of_registers) == (Decimal(310), 31)
    assert {(bar.kwh, bar.quality) for bar in shown.bars} == {(Decimal(10), BarQuality.ESTIMATED)}
    assert cost is not None
    assert (cost.unpriced_days, cost.missing_days) == ((0, 0) if is_priced else (31, 0))
    if is_priced:
        assert cost.total == Money(16954, "CNY")


def measure(
    home: Home, days: Mapping[date, Sequence[str | None]], *, meter_no: str = "M1", channel: str = "import"
) -> None:
    """Hours of days, in kWh, by file."""
    told = [
        each
        for day, hours in days.items()
        for each in rows(day, hours, meter_no=meter_no, channel=Channel(channel), minutes=60, zone=home.zone)
    ]
    assert Readings(home.database, home.folder, zone=home.zone).take(told).rejected == 0


def test_days_without_intervals_share_what_intervals_of_the_others_leave_of_a_register(home: Home) -> None:
    home.agree("FLAT")
    measured, later = date(2026, 1, 10), date(2026, 1, 11)
    measure(home, {measured: ["2"]})
    home.read(("total", "2026-01-01", 0), ("total", "2026-02-01", 302))
    home.follow()
    found = {row.day: row for row in home.days()}
    assert {row.energy for day, row in found.items() if day != measured} == {10 * KWH}
    assert (found[measured].energy, found[measured].missing_minutes) == (2 * KWH, 23 * 60)
    measure(home, {later: ["1"] * 24})
    assert home.follow() == Written(30, 1)
    assert {row.day: row.energy for row in home.days()}[later] == 24 * KWH
    assert [part.energy for part in home.parts()] == [302 * KWH]
    with home.database.read() as session:
        shown = queries.series(session, account_id=home.id, of=Of.MONTH, at=JANUARY, zone=ZONE)
    assert shown.days_of_registers == 29


def test_days_that_nobody_can_place_amid_a_month_do_not_charge_it_twice(home: Home) -> None:
    charged = GUANGZHOU | {
        "fixed": [{"code": "basic", "amount": "10", "per": "month"}, {"code": "daily", "amount": "0.1", "per": "day"}]
    }
    with home.database.write() as session:
        version = make_version(session, code="GZF", document=charged, periods=PERIODS)
        make_calendar(session, version, days_of(FIRST, END), period=of_guangzhou)
    home.agree("GZF")
    unread = days_of(date(2026, 1, 11), date(2026, 1, 15))
    measure(home, {day: ["1"] * 24 for day in days_of(JANUARY, FEBRUARY) if day not in unread})
    home.read(("total", "2026-01-01", 0), ("total", "2026-02-01", 27 * 24 + 40))
    home.follow()
    assert [(row.version_id, row.energy) for row in home.days() if row.day in unread] == [(None, 10 * KWH)] * 4
    assert [(part.version_id, part.first_day, part.end_day, part.days, part.energy) for part in home.parts()] == [
        (version, JANUARY, FEBRUARY, 27, 648 * KWH),
        (None, unread[0], date(2026, 1, 15), 4, 40 * KWH),
    ]
    with home.database.write() as session:
        while operations.price_next(session) is not None:
            pass
        kept = session.sql(
            "select sum(total_minor)::bigint from usage_cost where account_id = :id", id=home.id
        ).scalar_one()
        shown = queries.running_cost(session, account_id=home.id, today=date(2026, 1, 31), zone=ZONE)
    assert shown is not None
    assert shown.total == Money(kept, "CNY")
    assert {line.code: line.amount for line in shown.parts[0].lines if line.group == "fixed"} == {
        "basic": 10,
        "daily": Decimal("3.1"),
    }


@pytest.mark.parametrize(
    ("zone", "day"),
    [(ZoneInfo("Atlantic/Azores"), date(2025, 10, 26)), (ZoneInfo("America/Havana"), date(2025, 11, 2))],
)
def test_a_day_that_has_its_midnight_twice_begins_with_the_first(
    home: Home, vault: Vault, zone: ZoneInfo, day: date
) -> None:
    home.zone = zone
    first, before, behind, last = (day + timedelta(days=count) for count in (-9, -1, 1, 9))
    with home.database.write() as session:
        place_meter(session, account_id=home.id, meter_no="M2", since=first)
    measure(home, {before: ["1"] * 24, day: [str(hour) for hour in range(25)], behind: ["1"] * 24})
    home.read(("total", first.isoformat(), 0, "M2"), ("total", last.isoformat(), 18 * 24 + 1, "M2"))
    home.follow()
    with home.database.write() as session:
        shared = days_of_registers(session, account_id=home.id, zone=zone)[Register.TOTAL]
        person = make_user(session, vault, phone="+8613800138000")
        grant(session, user_id=person, account_id=AccountId(home.id))
        opened = browser_session(session, user_id=person)
        text = drawing.intervals(
            session,
            session_id=opened.session_id,
            user_id=person,
            account_no=home.no,
            span=Period(day, behind + timedelta(days=1)),
            zone=zone,
        )
    assert (shared[before], shared[day]) == (24 * KWH, 25 * KWH)
    measured = {before: 24 * KWH, day: 300 * KWH, behind: 24 * KWH}
    assert {row.day: row.energy for row in home.days()} == {
        each: energy + measured.get(each, 0) for each, energy in shared.items() if each < last
    }
    drawn = json.loads(str(text))
    assert (drawn["start"], len(drawn["energies"])) == (start_of(day, zone).timestamp(), 25 + 24)


def test_late_intervals_change_the_days_of_registers_around_them_and_those_alone(home: Home) -> None:
    home.agree("FLAT")
    home.read(("total", "2026-01-01", 0), ("total", "2026-02-01", 310), ("total", "2026-04-01", 310 + 590))
    home.follow()
    measure(home, {date(2026, 2, 10): ["5"] * 24})
    assert home.follow() == Written(59, 2)
    assert [row.month for row in home.parts()] == [JANUARY, FEBRUARY, MARCH]
    assert sum(row.energy for row in home.parts()) == 900 * KWH
    measure(home, {date(2026, 2, 10): ["40"] * 24})
    home.follow()
    assert [row.energy // KWH for row in home.parts()] == [310, 960, 0], (
        "what is less than intervals is never taken off"
    )


@pytest.mark.parametrize(("channel", "column"), [("export", "export_energy"), ("reactive_lag", "reactive_energy")])
def test_a_day_of_intervals_of_something_else_takes_what_it_took_from_registers(
    home: Home, channel: str, column: str
) -> None:
    home.agree("FLAT")
    measure(home, {JANUARY: ["0.5"] * 24}, channel=channel)
    home.read(("total", "2026-01-01", 0), ("total", "2026-01-03", 20))
    home.read(("export", "2026-01-01", 0), ("export", "2026-01-03", 30))
    home.read(("reactive", "2026-01-01", 0), ("reactive", "2026-01-03", 30))
    home.follow()
    days = home.days()
    assert [row.energy for row in days] == [10 * KWH, 10 * KWH]
    expected = {"export_energy": [15, 15], "reactive_energy": [15, 15]} | {column: [12, 18]}
    for name, kwh in expected.items():
        assert [getattr(row, name) for row in days] == [each * KWH for each in kwh]
    assert [(row.measured_minutes, row.missing_minutes, row.version_id) for row in days] == [
        (1440, 0, home.versions["FLAT"])
    ] * 2
    with home.database.write() as session:
        now = datetime(2026, 2, 2, tzinfo=UTC)
        assert operations.look_through(session, now=now, zone=ZONE) == Written(0, 0)


def test_a_day_of_which_every_interval_is_missing_is_made_of_registers(home: Home) -> None:
    home.agree("FLAT")
    with home.database.write() as session:
        put_readings(session, home.id, {JANUARY: [None] * 24}, minutes=60)
    home.follow()
    assert [(row.energy, row.missing_minutes) for row in home.days()] == [(0, 1440)]
    home.read(("total", "2026-01-01", 0), ("total", "2026-01-02", 10))
    home.follow()
    assert [(row.energy, row.missing_minutes, row.estimated_minutes) for row in home.days()] == [(10 * KWH, 0, 1440)]


@pytest.mark.parametrize(("code", "is_priced"), [("FLAT", True), ("GZ", False)])
def test_a_meter_with_intervals_and_one_without_add_up(home: Home, code: str, is_priced: bool) -> None:
    home.agree(code)
    with home.database.write() as session:
        place_meter(session, account_id=home.id, meter_no="M2", since=date(2025, 1, 1))
    measure(home, {JANUARY: ["1"] * 24, date(2026, 1, 2): ["1"] * 23})
    home.read(("total", "2026-01-01", 0, "M2"), ("total", "2026-01-03", 20, "M2"))
    home.follow()
    days = home.days()
    assert [row.energy for row in days] == [34 * KWH, 33 * KWH]
    assert [row.version_id for row in days] == [home.versions[code] if is_priced else None] * 2
    assert [(row.measured_minutes, row.missing_minutes, row.estimated_minutes) for row in days] == [
        (1440, 0, 1440),
        (1380, 60, 1380),
    ]
    with home.database.read() as session:
        day = queries.series(session, account_id=home.id, of=Of.DAY, at=JANUARY, zone=ZONE)
        dry = session.sql("select unit_id from account where id = :id", id=home.id).scalar_one()
        tried = queries.dry_run(
            session, tariff_code=code, version_no=1, tariff=parse(FLAT), unit_ids=[dry], month=JANUARY, zone=ZONE
        )
    assert [bar.kwh for bar in day.bars] == [Decimal(34)]
    if is_priced:
        [each] = tried.largest
        assert each.before == each.after
    assert home.follow() == Written(0, 0)


@pytest.mark.parametrize("measured", [0, 3])
def test_a_month_with_two_exchanges_amid_days_comes_to_what_three_meters_counted(home: Home, measured: int) -> None:
    home.agree("FLAT")
    first, second = date(2026, 1, 10), date(2026, 1, 20)
    noon, evening = "2026-01-10T12:00:00+08:00", "2026-01-20T18:30:15+08:00"
    with home.database.write() as session:
        session.sql("update meter set removed_on = :day where meter_no = 'M1'", day=first)
        place_meter(session, account_id=home.id, meter_no="M2", since=first, until=second)
        place_meter(session, account_id=home.id, meter_no="M3", since=second)
    if measured:
        measure(home, {first + timedelta(days=day): ["0.25"] * 24 for day in range(1, measured + 1)}, meter_no="M2")
    home.read(("total", "2026-01-01", 500), ("total", noon, "590.000001"))
    home.read(("total", noon, 7, "M2"), ("total", evening, 57, "M2"))
    home.read(("total", evening, 0, "M3"), ("total", "2026-02-01", "70.5", "M3"))
    home.follow()
    [part] = home.parts()
    assert (part.energy, part.measured_minutes, part.missing_minutes) == (210_500_001, 31 * 1440, 0)
    days = {row.day: row for row in home.days()}
    assert days[first].measured_minutes == days[second].measured_minutes == 1440
    assert sum(days[first + timedelta(days=day)].energy for day in range(1, measured + 1)) == measured * 6 * KWH


def test_what_a_meter_counted_elsewhere_before_it_came_back_is_not_of_the_account(home: Home) -> None:
    home.agree("FLAT")
    with home.database.write() as session:
        session.sql("update meter set removed_on = '2026-01-11' where meter_no = 'M1'")
        place_meter(session, account_id=home.id, meter_no="M1", since=date(2026, 1, 21))
    home.read(("total", "2026-01-01", 0), ("total", "2026-01-11", 100), ("total", "2026-01-21", 900))
    home.read(("total", "2026-02-01", 950))
    home.follow()
    assert [part.energy for part in home.parts()] == [150 * KWH]
    assert {row.day.day for row in home.days()} == {*range(1, 11), *range(21, 32)}


def test_a_later_reading_makes_exactly_the_months_between_two_readings_anew(home: Home) -> None:
    home.agree("FLAT")
    home.read(("total", "2026-01-01", 0), ("total", "2026-02-01", 310))
    assert home.follow() == Written(31, 1)
    home.read(("total", "2026-04-01", 310 + 590))
    assert home.follow() == Written(59, 2)
    assert [(row.month, row.energy) for row in home.parts()] == [
        (JANUARY, 310 * KWH),
        (FEBRUARY, 280 * KWH),
        (MARCH, 310 * KWH),
    ]
    home.read(("total", "2026-03-01", 310 + 200))
    assert home.follow() == Written(59, 2)
    assert [row.energy // KWH for row in home.parts()] == [310, 200, 390]


def test_a_year_under_other_tariffs_and_a_dry_run_leave_out_what_registers_cannot_say(home: Home) -> None:
    home.agree("FLAT")
    readings = [(month, 300 * n) for n, month in enumerate((JANUARY, FEBRUARY, MARCH, APRIL, date(2026, 5, 1)))]
    home.read(*(("total", str(at), value) for at, value in readings))
    home.follow()
    with home.database.read() as session:
        found = queries.what_if(session, account_id=home.id, until=date(2026, 5, 2), zone=ZONE)
        unit = session.sql("select unit_id from account where id = :id", id=home.id).scalar_one()
        dry = [
            queries.dry_run(
                session,
                tariff_code="FLAT",
                version_no=1,
                tariff=tariff,
                unit_ids=[unit],
                month=MARCH,
                zone=ZONE,
            )
            for tariff in (parse(FLAT), parse(GUANGZHOU))
        ]
    assert found is not None
    assert [(offer.tariff_code, offer.total) for offer in found.offers] == [("FLAT", Money(4 * 16407, "CNY"))]
    assert [(each.before, each.after) for each in dry[0].largest] == [(Money(16407, "CNY"), Money(16407, "CNY"))]
    assert [each.faults[0].code for each in dry[1].unpriced] == ["period_unknown"]


def test_the_moments_before_the_first_reading_are_a_gap_and_those_after_the_last_are_awaited(home: Home) -> None:
    home.agree("FLAT")
    home.read(("total", "2026-01-10T06:00+08:00", 0), ("total", "2026-01-20T18:00+08:00", 252))
    home.follow()
    with home.database.read() as session:
        month = queries.series(session, account_id=home.id, of=Of.MONTH, at=JANUARY, zone=ZONE)
        day = queries.series(session, account_id=home.id, of=Of.DAY, at=date(2026, 1, 15), zone=ZONE)
    assert month.known_until == datetime(2026, 1, 20, 18, tzinfo=ZONE)
    assert [(gap.begin, gap.end) for gap in month.gaps] == [
        (start_of(date(2026, 1, 10), ZONE), datetime(2026, 1, 10, 6, tzinfo=ZONE))
    ]
    assert [month.bars[n - 1].quality for n in (9, 10, 11, 20, 21)] == [
        BarQuality.MISSING,
        BarQuality.PARTIAL,
        BarQuality.ESTIMATED,
        BarQuality.ESTIMATED,
        BarQuality.AWAITED,
    ]
    [bar] = day.bars
    assert (bar.kwh, bar.quality, day.kwh) == (Decimal(24), BarQuality.ESTIMATED, Decimal(24))


def test_days_that_no_two_readings_enclose_any_more_are_gone(home: Home) -> None:
    home.agree("FLAT")
    home.read(("total", "2026-01-01", 100), ("total", "2026-01-11", 110), ("total", "2026-02-11", 420))
    home.follow()
    assert sum(row.energy for row in home.days()) == 320 * KWH
    with home.database.write() as session:
        last = session.sql("select id from register_reading order by read_at desc limit 1").scalar_one()
        take_back(session, account_id=home.id, reading_id=last, now=NOW, zone=ZONE)
    home.follow()
    assert [row.day for row in home.days()] == [date(2026, 1, day) for day in range(1, 11)]
    assert [(row.month, row.energy) for row in home.parts()] == [(JANUARY, 10 * KWH)]
