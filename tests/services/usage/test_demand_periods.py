"""Charges on the highest demand of a demand period, for accounts: what the engine makes of the very intervals, to the minor unit."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from core.crypto.vault import Vault
from core.db import Database, WriteSession
from core.money import Money
from core.outbox import Delivery
from core.periods import start_of
from services.tariffs import operations as tariffs
from services.tariffs.events import TariffDaysChanged
from services.tariffs.operations import calendar
from services.tariffs.queries import DayFacts, Tariff, Use, VersionId, demand_period_of, parse, period_of, price
from services.usage import operations, queries
from services.usage.operations import PricedMonth, PricedVersion, price_months
from services.usage.queries.comparing import dry_run
from tests.factories.accounts import make_account
from tests.factories.tariffs import FLAT, make_version
from tests.factories.usage import bind, days_of, minutes_of, put_readings, put_total

BERLIN: Final = ZoneInfo("Europe/Berlin")
OCTOBER, NOVEMBER = date(2025, 10, 1), date(2025, 11, 1)
HOLIDAY: Final = date(2025, 10, 3)
MONDAY, SUNDAY = date(2025, 10, 6), date(2025, 10, 5)
NIGHT_AND_DAY: Final[dict[str, Any]] = {
    "id": "by-demand-period",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "rounding": {"mode": "half_up", "stage": "line"},
    "energy": {"lines": "per_tier", "prices": {"all": "0.25"}},
    "demand_charges": [
        {"code": "peak_power", "period": "peak", "prices": ["9.37"]},
        {"code": "night_power", "period": "night", "prices": ["1.11", "2.22"], "bounds": ["3"]},
    ],
    "demand_periods": {
        "windows": [
            {"period": "peak", "from": "08:00", "to": "20:00", "days": ["workday"]},
            {"period": "free", "from": "00:00", "to": "24:00", "days": ["holiday"]},
        ],
        "default_period": "night",
    },
}
"""On holidays power costs nothing."""
Energies = dict[date, list[int | None]]


@dataclass
class Meter:
    """What one meter read: by day, in whole watt-hours."""

    no: str
    minutes: int
    days: Energies = field(default_factory=dict)


def random_document(dice: random.Random, number: int) -> dict[str, Any]:
    """Windows of demand by hours and kinds of days, and charges on some of their periods, in tiers or not."""
    names = dice.sample(("sharp", "peak", "shoulder", "valley"), dice.randint(1, 4))
    windows = [
        {
            "period": name,
            "from": f"{(start := dice.randrange(22)):02}:{dice.choice(('00', '15', '30', '45'))}",
            "to": f"{dice.randint(start + 1, 24):02}:00",
            "priority": dice.randrange(3),
            **(
                {"days": dice.sample(["workday", "weekend", "holiday"], dice.randint(1, 2))}
                if dice.random() < 0.6
                else {}
            ),
            **({"months": [10]} if dice.random() < 0.3 else {}),
        }
        for name in names
    ]
    known = sorted({*names, "rest"})
    charges = []
    for at, period in enumerate([None, *known]):
        bounds = sorted({str(dice.randrange(1, 9)) for _ in range(dice.randrange(3))})
        charges.append(
            {
                "code": f"power{at}",
                "prices": [str(Decimal(dice.randrange(10**4)).scaleb(-2)) for _ in range(len(bounds) + 1)],
                **({"period": period} if period else {}),
                **({"bounds": bounds} if bounds else {}),
                **({"months": dice.choice(([9], [10], [10, 11]))} if dice.random() < 0.3 else {}),
            }
        )
    return {
        **NIGHT_AND_DAY,
        "id": f"random-{number}",
        "rounding": {"mode": dice.choice(("half_up", "half_even", "up")), "stage": dice.choice(("line", "bill"))},
        "demand_charges": dice.sample(charges, dice.randint(1, len(charges))),
        "demand_periods": {"windows": windows, "default_period": "rest"},
    }


def borders_of(documents: Sequence[dict[str, Any]]) -> set[int]:
    """The minutes of a day at which demand periods begin or end."""
    tariffs_ = [parse(document) for document in documents]
    return {minute for tariff in tariffs_ for window in tariff.demand_windows for minute in (window.from_, window.to)}


def random_meters(dice: random.Random, borders: set[int]) -> list[Meter]:
    """One, two that run side by side, or one that is exchanged for another in the middle of a day; some intervals lack.

    The highest loads are in the intervals on both sides of a border: there it shows to which period each belongs.
    """
    days = days_of(OCTOBER, NOVEMBER)
    meters = [Meter(f"M{at}", dice.choice((15, 15, 30, 60))) for at in range(dice.choice((1, 1, 2, 3)))]
    is_exchange = len(meters) == 2 and dice.random() < 0.6
    exchanged = dice.randrange(1, 30)
    for at, meter in enumerate(meters):
        for n, day in enumerate(days):
            if is_exchange and (n > exchanged if at == 0 else n < exchanged):
                continue
            count = minutes_of(day, BERLIN) // meter.minutes
            energies: list[int | None] = [
                None if dice.random() < 0.02 else dice.randrange(900) * meter.minutes // 15 * 1000 for _ in range(count)
            ]
            for border in dice.sample(sorted(borders), min(2, len(borders))):
                for k in range((border - 1) // meter.minutes, border // meter.minutes + 1):
                    if 0 <= k < count:
                        energies[k] = dice.randrange(1_000, 3_000) * meter.minutes // 15 * 1000
            if is_exchange and n == exchanged:
                half = count // 2
                energies[half:] = [None] * (count - half) if at == 0 else energies[half:]
                energies[:half] = energies[:half] if at == 0 else [None] * half
            meter.days[day] = energies
    return meters


def read(session: WriteSession, account_id: int, meters: Sequence[Meter]) -> None:
    for meter in meters:
        put_readings(session, account_id, meter.days, minutes=meter.minutes, meter_no=meter.no, zone=BERLIN)


def moments(meters: Sequence[Meter], day: date) -> Iterator[tuple[datetime, Decimal, Decimal]]:
    """When each moment of a day began by the clock on the wall, its kWh and its kW, at the coarsest interval of the meters."""
    there = [meter for meter in meters if day in meter.days]
    if not there:
        return
    step = max(meter.minutes for meter in there)
    sums: dict[int, int] = defaultdict(int)
    for meter in there:
        for at, energy in enumerate(meter.days[day]):
            if energy is not None:
                sums[at * meter.minutes // step] += energy
    for at, energy in sums.items():
        begin = (start_of(day, BERLIN).astimezone(UTC) + timedelta(minutes=at * step)).astimezone(BERLIN)
        kwh = Decimal(energy).scaleb(-6)
        yield begin, kwh, kwh * 60 / step


def use_of(tariff: Tariff, meters: Sequence[Meter], days: Sequence[date], holidays: Mapping[date, str]) -> Use:
    """What the engine is to price, found in the intervals one by one."""
    kwh: dict[str, Decimal] = defaultdict(Decimal)
    by_period = dict.fromkeys(tariff.demand_periods, Decimal(0))
    highest = Decimal(0)
    for day in days:
        facts = DayFacts(frozenset({holidays[day]} if day in holidays else ()))
        for begin, energy, power in moments(meters, day):
            kwh[period_of(tariff, begin, facts)] += energy
            highest = max(highest, power)
            named = demand_period_of(tariff, begin, facts)
            if named is not None:
                by_period[named] = max(by_period[named], power)
    return Use(
        month=10,
        kwh=kwh,
        days=len(days),
        days_in_month=31,
        max_demand_kw=highest,
        max_demand_by_period=by_period,
    )


def publish(
    session: WriteSession, code: str, document: dict[str, Any], first: date = OCTOBER, end: date | None = None
) -> VersionId:
    """A version that holds, with the days that are made of it."""
    periods = parse(document).periods
    made = VersionId(
        make_version(session, code=code, document=document, periods=periods, valid_from=first, valid_to=end)
    )
    calendar.make_days(session, version_id=made, first=first, end=end or NOVEMBER, zone=BERLIN)
    return made


def declare(session: WriteSession, day: date = HOLIDAY) -> None:
    session.sql("insert into holiday (day, name, kind) values (:day, 'unity', 'holiday')", day=day)


def make_euro_account(session: WriteSession, vault: Vault) -> int:
    made = make_account(session, vault).id
    session.sql("update account set currency = 'EUR' where id = :id", id=made)
    return made


def running_minor(database: Database, account_id: int, today: date = NOVEMBER - timedelta(1)) -> int | None:
    """What the bill comes to; None where something of it cannot be priced."""
    with database.read() as session:
        found = queries.running_cost(session, account_id=account_id, today=today, zone=BERLIN)
        days = queries.cost_by_day(session, account_id=account_id, month=today, zone=BERLIN)
    assert found is not None
    if found.unpriced_days:
        return None
    assert sum(each.cost.minor for each in days) == found.total.minor, "days add up to the month"
    return found.total.minor


@pytest.mark.parametrize("seed", range(4))
def test_accounts_are_charged_what_the_engine_makes_of_their_very_intervals(
    database: Database, vault: Vault, seed: int
) -> None:
    """Whatever the meters: of other steps, side by side, exchanged, with gaps, over the hour that comes twice."""
    dice = random.Random(seed)
    documents = [random_document(dice, at) for at in range(3)]
    change = date(2025, 10, 17)
    with database.write() as session:
        declare(session)
        published = [
            (publish(session, "NOW", documents[0], end=change), documents[0]),
            (publish(session, "NOW", documents[1], first=change), documents[1]),
        ]
        meters = {make_euro_account(session, vault): random_meters(dice, borders_of(documents)) for _ in range(8)}
        for account_id, of_it in meters.items():
            bind(session, account_id, "NOW")
            read(session, account_id, of_it)
        operations.aggregate(session, months={OCTOBER: [*meters]}, zone=BERLIN)
        versions = [PricedVersion(at, "NOW", parse(each), parse(each).periods) for at, each in published]
        done = price_months(session, month=OCTOBER, first=1, last=max(meters), versions=versions)
    assert done == PricedMonth(by_sql=0, by_engine=2 * len(meters), unpriced=0)
    before, after = days_of(OCTOBER, change), days_of(change, NOVEMBER)
    exact = {
        account_id: sum(
            price(parse(each), use_of(parse(each), of_it, days, {HOLIDAY: "unity"})).total_minor
            for each, days in ((documents[0], before), (documents[1], after))
        )
        for account_id, of_it in meters.items()
    }
    with database.read() as session:
        costs = session.sql("select account_id, sum(total_minor) as total from usage_cost group by account_id")
        assert {row.account_id: row.total for row in costs} == exact
        units = session.sql("select distinct unit_id from account").scalars().all()
        tried = parse(documents[2])
        compared = dry_run(
            session, tariff_code="NOW", version_no=9, tariff=tried, unit_ids=units, month=OCTOBER, zone=BERLIN
        )
    assert {each.account_id: (each.before.minor, each.after.minor) for each in compared.largest} == {
        account_id: (
            exact[account_id],
            price(tried, use_of(tried, of_it, [*before, *after], {HOLIDAY: "unity"})).total_minor,
        )
        for account_id, of_it in meters.items()
    }
    assert {account_id: running_minor(database, account_id) for account_id in meters} == exact


@pytest.fixture
def account_id(database: Database, vault: Vault) -> int:
    """An account that pays for power by day and by night."""
    with database.write() as session:
        publish(session, "POWER", NIGHT_AND_DAY, first=date(2025, 7, 1))
        made = make_euro_account(session, vault)
        bind(session, made, "POWER")
    return made


def hours(day: date, watt_hours: Mapping[int, int]) -> Energies:
    """A day of which only some hours have use."""
    return {day: [watt_hours.get(hour, 0) * 1000 for hour in range(minutes_of(day, BERLIN) // 60)]}


def follow_told(session: WriteSession) -> list[int]:
    """Usage hears which days of versions changed, and makes them anew; answers how many days each time."""
    counts = []
    for told in session.sql("delete from outbox where kind = 41 returning payload").scalars().all():
        event = TariffDaysChanged(**told)
        operations.note_days_changed(session, Delivery(1, event, datetime(2025, 10, 7, tzinfo=UTC)), event)
        counts.append(len(event.days))
    while operations.follow_versions(session, zone=BERLIN) is not None:
        pass
    return counts


def come(database: Database, account_id: int, days: Energies) -> None:
    """Readings come, and what they touch is made anew."""
    with database.write() as session:
        put_readings(session, account_id, days, minutes=60, zone=BERLIN)
        operations.follow_readings(session, zone=BERLIN)


def lines(database: Database, account_id: int, today: date) -> dict[str, tuple[Decimal, Decimal]]:
    with database.read() as session:
        found = queries.running_cost(session, account_id=account_id, today=today, zone=BERLIN)
    assert found is not None
    return {line.code: (line.quantity, line.amount) for part in found.parts for line in part.lines}


def test_hours_count_in_their_own_period_and_a_period_without_any_costs_nothing(
    database: Database, account_id: int
) -> None:
    come(database, account_id, hours(SUNDAY, {10: 5_000}))
    found = lines(database, account_id, SUNDAY)
    assert "peak_power" not in found, "no hour of a workday was measured yet"
    assert found["night_power_tier1"] == (Decimal(3), Decimal("3.33"))
    assert found["night_power_tier2"] == (Decimal(2), Decimal("4.44"))
    come(database, account_id, hours(MONDAY, {7: 4_000, 8: 2_000, 19: 1_000, 20: 6_000}))
    found = lines(database, account_id, MONDAY)
    assert found["peak_power"] == (Decimal(2), Decimal("18.74"))
    assert found["night_power_tier2"] == (Decimal(3), Decimal("6.66"))


def test_a_demand_that_is_that_of_no_day_or_period_is_found(database: Database, account_id: int) -> None:
    come(database, account_id, hours(MONDAY, {7: 4_000, 8: 2_000}) | hours(SUNDAY, {10: 5_000}))
    with database.write() as session:
        asked: dict[str, Any] = {"first_account": 1, "last_account": account_id, "readings_since": OCTOBER}
        assert queries.invariants(session, **asked) == []
        session.sql("update usage_day set demands = '{4001, 2000}' where day = :day", day=MONDAY)
        assert [each.rule for each in queries.invariants(session, **asked)] == ["usage_demands_are_the_highest"]
        session.sql("update usage_day set demands = '{2000, 4000}' where day = :day", day=MONDAY)
        session.sql("update usage_month set max_demand = 5001, demands = '{2000, 5001}'")
        assert [each.rule for each in queries.invariants(session, **asked)] == ["usage_demands_are_the_highest"]


def test_a_late_reading_and_a_holiday_that_becomes_known_change_what_power_costs(
    database: Database, account_id: int
) -> None:
    come(database, account_id, hours(MONDAY, {9: 2_000}) | hours(SUNDAY, {9: 1_000}))
    come(database, account_id, hours(MONDAY, {9: 7_000}))
    assert lines(database, account_id, MONDAY)["peak_power"] == (Decimal(7), Decimal("65.59"))
    with database.write() as session:
        declare(session, MONDAY)
        assert calendar.remake(session, days=[MONDAY, SUNDAY], place=None, zone=BERLIN) == 1
        assert follow_told(session) == [1]
    assert "peak_power" not in lines(database, account_id, MONDAY), (
        "prices of energy have no periods, those of power do"
    )


def test_where_only_registers_say_what_was_used_power_has_no_price(database: Database, account_id: int) -> None:
    with database.write() as session:
        put_total(session, account_id, {OCTOBER: 0, NOVEMBER: 310_000_000}, zone=BERLIN)
        operations.aggregate(session, months={OCTOBER: [account_id]}, zone=BERLIN)
    assert running_minor(database, account_id) is None


def test_days_that_lack_their_demand_periods_are_never_priced_at_nothing_and_are_completed(
    database: Database, account_id: int
) -> None:
    come(database, account_id, hours(MONDAY, {9: 2_000}))
    expected = running_minor(database, account_id, MONDAY)
    assert expected is not None
    with database.write() as session:
        session.sql("update tariff_day set demand_periods = null")
        operations.aggregate(session, months={OCTOBER: [account_id]}, zone=BERLIN)
    assert running_minor(database, account_id, MONDAY) is None
    with database.write() as session:
        version = session.sql("select id, periods from tariff_version").one()
        asked = [PricedVersion(version.id, "POWER", parse(NIGHT_AND_DAY), tuple(version.periods))]
        assert price_months(session, month=OCTOBER, first=1, last=account_id, versions=asked).unpriced == 1
        assert tariffs.make_ahead(session, today=OCTOBER, zone=BERLIN, most=9) == 1
        assert follow_told(session) == [(NOVEMBER - date(2025, 7, 1)).days]
    assert running_minor(database, account_id, MONDAY) == expected


@pytest.mark.usefixtures("account_id")
def test_a_year_under_a_tariff_with_demand_periods_is_found_in_the_intervals(database: Database, vault: Vault) -> None:
    dice = random.Random(11)
    meter = Meter("M1", 15)
    months = [date(2025, 8, 1), date(2025, 9, 1), OCTOBER]
    for day in days_of(months[0], NOVEMBER):
        meter.days[day] = [dice.randrange(900) * 1000 for _ in range(minutes_of(day, BERLIN) // 15)]
    with database.write() as session:
        publish(session, "PLAIN", {**FLAT, "currency": "EUR", "time_zone": "Europe/Berlin"}, first=date(2025, 7, 1))
        plain = make_euro_account(session, vault)
        bind(session, plain, "PLAIN")
        read(session, plain, [meter])
        operations.aggregate(session, months={month: [plain] for month in months}, zone=BERLIN)
    with database.read() as session:
        found = queries.what_if(session, account_id=plain, until=NOVEMBER, zone=BERLIN)
    assert found is not None
    by_code = {offer.tariff_code: offer for offer in found.offers}
    tariff = parse(NIGHT_AND_DAY)
    exact = price(tariff, use_of(tariff, [meter], days_of(OCTOBER, NOVEMBER), {}))
    assert by_code["POWER"].months[-1].cost == Money(exact.total_minor, "EUR")
