"""What has come together for the running bill, where an account stands on its ladder, and what a kWh costs now."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from core.crypto.vault import Vault
from core.db import Database
from core.money import Money
from services.tariffs.queries import parse, price
from services.usage import operations, queries
from services.usage.queries import DayCost, Of, RunningCost
from services.usage.queries.parts import parts_of, use_of
from tests.factories.accounts import make_account
from tests.factories.tariffs import FLAT, make_version
from tests.factories.usage import ZONE, bind, days_of, make_calendar, put_readings

JANUARY, JUNE, JULY, AUGUST = (date(2025, month, 1) for month in (1, 6, 7, 8))
SHANDONG: Final[dict[str, Any]] = {
    "id": "cn-sd-res-2019",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "rounding": {"mode": "half_up", "stage": "line"},
    "energy": {"lines": "per_tier", "prices": {"all": "0.5469"}},
    "tiers": {"cycle": "year", "bounds_per_month": ["210", "400"], "adders": ["0", "0.05", "0.30"]},
    "household": {"min_persons": 5, "extra_kwh_per_month": "100", "mode": "first_only"},
    "per_kwh": [{"code": "fund", "rate": "0.01"}],
}
GUANGZHOU: Final[dict[str, Any]] = {
    "id": "cn-gz-res-tou",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "rounding": {"mode": "half_up", "stage": "line"},
    "energy": {
        "lines": "period_plus_adders",
        "prices": {"peak": "0.99500875", "flat": "0.58886875", "valley": "0.22914475"},
        "windows": [
            {"period": "valley", "from": "00:00", "to": "08:00"},
            {"period": "peak", "from": "10:00", "to": "12:00"},
            {"period": "peak", "from": "14:00", "to": "19:00"},
        ],
        "default_period": "flat",
    },
    "tiers": {"cycle": "month", "bounds_per_month": ["260", "600"], "adders": ["0", "0.05", "0.30"]},
}
PERIODS: Final = ("peak", "flat", "valley")


def of_guangzhou(at: datetime) -> int:
    return 3 if at.hour < 8 else 1 if at.hour in (10, 11, 14, 15, 16, 17, 18) else 2


def hourly(first: date, end: date, energy: int) -> dict[date, list[int | None]]:
    return {day: [energy] * 24 for day in days_of(first, end)}


@pytest.fixture
def account_id(database: Database, vault: Vault) -> int:
    with database.write() as session:
        return make_account(session, vault).id


def put(database: Database, account_id: int, days: dict[date, list[int | None]]) -> None:
    with database.write() as session:
        put_readings(session, account_id, days, minutes=60)
        operations.aggregate(session, months={day.replace(day=1): [account_id] for day in days}, zone=ZONE)


def on_shandong(database: Database, account_id: int, first: date = date(2020, 1, 1)) -> None:
    with database.write() as session:
        version = make_version(session, code="SD", document=SHANDONG)
        bind(session, account_id, "SD", first=first)
        make_calendar(session, version, days_of(JANUARY, date(2025, 9, 1)))


def on_guangzhou(database: Database, account_id: int) -> None:
    with database.write() as session:
        version = make_version(session, code="GZ", document=GUANGZHOU, periods=PERIODS)
        bind(session, account_id, "GZ")
        make_calendar(session, version, days_of(date(2025, 5, 1), date(2025, 9, 1)), period=of_guangzhou)


def running(database: Database, account_id: int, today: date) -> RunningCost:
    with database.read() as session:
        found = queries.running_cost(session, account_id=account_id, today=today, zone=ZONE)
    assert found is not None
    return found


def test_the_ladder_of_a_year_says_what_is_used_and_left(database: Database, account_id: int) -> None:
    on_shandong(database, account_id)
    put(database, account_id, hourly(JANUARY, date(2025, 7, 11), 1_000_000))
    with database.read() as session:
        found = queries.tier_position(session, account_id=account_id, on=date(2025, 7, 12), zone=ZONE)
    assert found is not None
    assert (found.first, found.months_in_cycle, found.used) == (JANUARY, 12, Decimal(191 * 24))
    assert [(rung.above, rung.upto, rung.prices["all"]) for rung in found.rungs] == [
        (Decimal(0), Decimal(2520), Decimal("0.5569")),
        (Decimal(2520), Decimal(4800), Decimal("0.6069")),
        (Decimal(4800), None, Decimal("0.8569")),
    ]
    assert (found.current, found.left, found.known_until, found.has_extra) == (
        2,
        Decimal(4800 - 4584),
        date(2025, 7, 10),
        False,
    )


def test_a_new_holder_climbs_from_the_bottom_and_a_part_of_a_month_counts_whole(
    database: Database, account_id: int
) -> None:
    on_shandong(database, account_id)
    put(database, account_id, hourly(JANUARY, date(2025, 7, 11), 1_000_000))
    with database.write() as session:
        session.sql("update account set holder_since = '2025-04-20' where id = :id", id=account_id)
        session.sql(
            """insert into entitlement (account_id, id, customer_id, kind, value, valid_from, recorded_at)
               select id, 1, customer_id, 'persons', 5, '2025-06-01', now() from account where id = :id""",
            id=account_id,
        )
        operations.aggregate(session, months={date(2025, 4, 1): [account_id]}, zone=ZONE)
    with database.read() as session:
        found = queries.tier_position(session, account_id=account_id, on=date(2025, 7, 12), zone=ZONE)
    assert found is not None
    assert (found.first, found.months_in_cycle, found.has_extra) == (date(2025, 4, 20), 9, True)
    assert found.used == (date(2025, 7, 11) - date(2025, 4, 20)).days * 24
    assert [rung.upto for rung in found.rungs] == [Decimal(310 * 9), Decimal(400 * 9), None]


def test_the_running_month_is_priced_with_what_came_before_it_in_the_year(database: Database, account_id: int) -> None:
    on_shandong(database, account_id)
    put(database, account_id, hourly(JANUARY, date(2025, 4, 16), 1_000_000))
    found = running(database, account_id, date(2025, 4, 20))
    tariff = parse(SHANDONG)
    with database.read() as session:
        version_id = session.sql("select max(id) from tariff_version").scalar_one()
        (part,) = parts_of(session, account_ids=[account_id], months=[date(2025, 4, 1)], tariffs={version_id: tariff})
    assert part.used_before == 90 * 24_000_000
    expected = price(tariff, use_of(part, tariff, ("all",)))
    assert found.total == Money(expected.total_minor, "CNY")
    assert [line.code for line in found.parts[0].lines] == [line.code for line in expected.lines] == ["tier1", "fund"]
    assert (found.kwh, found.known_until, found.missing_days, found.unpriced_days) == (
        Decimal(360),
        date(2025, 4, 15),
        0,
        0,
    )
    assert [(each.period, each.kwh, each.cost) for each in found.by_period] == [("all", Decimal(360), found.total)]


def test_the_costs_of_days_and_of_periods_add_up_to_the_month(database: Database, account_id: int) -> None:
    on_guangzhou(database, account_id)
    put(database, account_id, hourly(JULY, AUGUST, 937_282))  # three periods, each rounded alone, lose a fen
    found = running(database, account_id, date(2025, 7, 31))
    with database.read() as session:
        days = queries.cost_by_day(session, account_id=account_id, month=JULY, zone=ZONE)
    assert len(days) == 31
    assert sum(day.cost.minor for day in days) == found.total.minor == sum(each.cost.minor for each in found.by_period)
    assert days[11].cost.minor > days[0].cost.minor, "a day across the limit costs more"
    assert {each.period for each in found.by_period} == set(PERIODS)
    assert sum((each.kwh for each in found.by_period), Decimal(0)) == found.kwh
    assert found.forecast is None, "the month is read whole"
    assert isinstance(days[0], DayCost)


def test_what_is_fed_in_and_charges_by_the_day_belong_to_the_days_of_a_month_that_they_are_of(
    database: Database, account_id: int
) -> None:
    with database.write() as session:
        standing = [{"code": "standing", "amount": "0.50", "per": "day"}]
        document = {**SHANDONG, "fixed": standing, "export": {"price": "0.39"}}
        make_calendar(session, make_version(session, code="PV", document=document), days_of(JULY, AUGUST))
        bind(session, account_id, "PV")
        put_readings(session, account_id, {date(2025, 7, 6): [1_000_000] * 24}, minutes=60, channel="export")
    put(database, account_id, hourly(date(2025, 7, 3), date(2025, 7, 8), 1_000_000))
    with database.read() as session:
        days = queries.cost_by_day(session, account_id=account_id, month=JULY, zone=ZONE)
    used = Decimal(24) * (Decimal("0.5469") + Decimal("0.01"))
    expected = [used + Decimal("1.50"), *[used + Decimal("0.50")] * 4]  # two days before were not read
    expected[3] -= 24 * Decimal("0.39")
    assert [abs(day.cost.major - cost) <= Decimal("0.01") for day, cost in zip(days, expected, strict=True)] == [
        True
    ] * 5
    assert sum(day.cost.minor for day in days) == running(database, account_id, date(2025, 7, 8)).total.minor


def test_a_change_of_tariff_within_the_month_is_a_part_of_its_own_and_unknown_days_are_counted(
    database: Database, account_id: int
) -> None:
    with database.write() as session:
        first = make_version(session, code="A", valid_from=date(2025, 7, 3))
        second = make_version(session, code="GZ", document=GUANGZHOU, periods=PERIODS)
        make_calendar(session, first, days_of(date(2025, 7, 3), AUGUST))
        make_calendar(session, second, days_of(JULY, AUGUST), period=of_guangzhou)
        bind(session, account_id, "A", end=date(2025, 7, 16))
        bind(session, account_id, "GZ", no=2, first=date(2025, 7, 16))
    put(database, account_id, hourly(JULY, date(2025, 7, 21), 1_000_000) | {date(2025, 7, 18): [None] * 24})
    found = running(database, account_id, date(2025, 7, 22))
    assert [(part.tariff_code, part.first.day, part.end.day) for part in found.parts] == [("A", 3, 16), ("GZ", 16, 21)]
    assert (found.unpriced_days, found.missing_days) == (2, 1)
    assert found.parts[0].total.minor == round(13 * 24 * 54.69)
    assert found.total == found.parts[0].total + found.parts[1].total


def test_a_part_that_begins_with_a_day_that_was_not_read_costs_what_is_kept_of_it(
    database: Database, account_id: int
) -> None:
    on_shandong(database, account_id, date(2025, 7, 16))
    with database.write() as session:
        version = make_version(session, code="FLAT")
        make_calendar(session, version, days_of(JULY, AUGUST))
        bind(session, account_id, "FLAT", no=2, first=date(2025, 1, 1), end=date(2025, 7, 11))
    used = hourly(JULY, AUGUST, 30_000_000)
    put(
        database,
        account_id,
        {day: hours for day, hours in used.items() if day not in {date(2025, 7, 16), date(2025, 7, 17)}},
    )
    with database.write() as session:
        while operations.price_next(session) is not None:
            pass
        kept = session.sql(
            """select m.first_day, m.end_day, c.total_minor from usage_month m join usage_cost c using (account_id, month, part)
               where m.account_id = :id order by m.part""",
            id=account_id,
        )
        of_parts = [(row.first_day, row.end_day, row.total_minor) for row in kept]
    shown = running(database, account_id, date(2025, 7, 31))
    assert [(part.first, part.end, part.total.minor) for part in shown.parts] == of_parts
    assert [first for first, _, _ in of_parts] == [JULY, date(2025, 7, 16)]


def test_a_month_in_two_currencies_is_told_in_each_and_added_up_in_neither(database: Database, account_id: int) -> None:
    change, now = date(2025, 7, 16), datetime(2025, 7, 22, 12, tzinfo=ZONE)
    with database.write() as session:
        for no, (code, currency, first, end) in enumerate(
            (("A", "CNY", JULY, change), ("B", "EUR", change, AUGUST)), 1
        ):
            version = make_version(session, code=code, document={**SHANDONG, "currency": currency}, valid_from=JUNE)
            make_calendar(session, version, days_of(JUNE, AUGUST))
            bind(session, account_id, code, no=no, first=JUNE if no == 1 else first, end=end)
    put(database, account_id, hourly(JUNE, date(2025, 7, 21), 1_000_000))
    found = running(database, account_id, now.date())
    old, new = (part.total for part in found.parts)
    assert (found.total, found.in_other_currencies) == (new, (old,))
    assert (old.currency, new.currency) == ("CNY", "EUR")
    assert sum((each.cost for each in found.by_period), Money.zero("EUR")) == new
    assert found.forecast is not None
    assert (found.forecast.low.currency, found.forecast.middle > new) == ("EUR", True)
    with database.read() as session:
        shown, days, _ = queries.present_by_day(session, account_id=account_id, now=now, zone=ZONE)
    assert shown.running == found
    for total in (old, new):
        costs = [day.cost for day in days if day.cost.currency == total.currency]
        assert sum(costs, Money.zero(total.currency)) == total


def test_days_cost_what_the_bill_comes_to_also_where_parts_of_it_were_not_read(
    database: Database, account_id: int
) -> None:
    """A part without a read day, one that ends with days that were not read, and one that begins with such."""
    monthly = [{"code": "service", "amount": "6", "per": "month"}, {"code": "standing", "amount": "0.37", "per": "day"}]
    starts = [JULY, date(2025, 7, 4), date(2025, 7, 16), AUGUST]
    with database.write() as session:
        for no, (first, end) in enumerate(pairwise(starts), 1):
            version = make_version(session, code=f"T{no}", document={**SHANDONG, "fixed": monthly})
            make_calendar(session, version, days_of(JULY, AUGUST))
            bind(session, account_id, f"T{no}", no=no, first=first, end=end)
    read = [*days_of(date(2025, 7, 6), date(2025, 7, 13)), *days_of(date(2025, 7, 18), date(2025, 7, 21))]
    known_not = date(2025, 7, 9)
    put(database, account_id, {day: [None if day == known_not else 937_219] * 24 for day in read})
    read.remove(known_not)
    found = running(database, account_id, date(2025, 7, 22))
    now = datetime(2025, 7, 22, 12, tzinfo=ZONE)
    with database.read() as session:
        days = queries.cost_by_day(session, account_id=account_id, month=date(2025, 7, 31), zone=ZONE)
        assert queries.present_by_day(session, account_id=account_id, now=now, zone=ZONE) == (
            queries.present(session, account_id=account_id, now=now, zone=ZONE),
            days,
            queries.series(session, account_id=account_id, of=Of.MONTH, at=JULY, zone=ZONE),
        )
        assert queries.cost_by_day(session, account_id=account_id, month=AUGUST, zone=ZONE) == []
    assert [day.day for day in days] == read
    assert len(found.parts) == 3
    assert sum((day.cost for day in days), Money.zero("CNY")) == found.total


def test_what_a_kwh_costs_now_and_when_that_changes(database: Database, account_id: int) -> None:
    on_guangzhou(database, account_id)
    put(database, account_id, hourly(JULY, date(2025, 7, 15), 1_000_000))
    with database.read() as session:
        found = queries.price_now(
            session, account_id=account_id, now=datetime(2025, 7, 15, 17, 5, tzinfo=ZONE), zone=ZONE
        )
        late = queries.price_now(
            session, account_id=account_id, now=datetime(2025, 7, 15, 23, 50, tzinfo=ZONE), zone=ZONE
        )
    assert found is not None
    assert late is not None
    assert (found.period, found.price) == ("peak", Decimal("1.04500875")), "336 kWh are in the second tier"
    assert (found.until, found.next_period, found.next_price) == (
        datetime(2025, 7, 15, 19, tzinfo=ZONE),
        "flat",
        Decimal("0.63886875"),
    )
    assert (late.period, late.until, late.next_period) == ("flat", datetime(2025, 7, 16, tzinfo=ZONE), "valley")


def now_and_next(database: Database, account_id: int, now: datetime, zone: ZoneInfo = ZONE) -> list[Any]:
    with database.read() as session:
        found = queries.price_now(session, account_id=account_id, now=now, zone=zone)
    assert found is not None
    return [found.period, found.price, found.until, found.next_period, found.next_price]


def test_the_next_price_is_that_of_the_tiers_that_begin_anew(database: Database, account_id: int) -> None:
    first, end = date(2025, 12, 1), date(2026, 1, 4)
    with database.write() as session:
        version = make_version(session, code="SD", document=SHANDONG)
        bind(session, account_id, "SD")
        make_calendar(session, version, days_of(first, end))
    put(database, account_id, hourly(first, date(2025, 12, 30), 10_000_000))
    new_year = datetime(2026, 1, 1, tzinfo=ZONE)
    assert now_and_next(database, account_id, datetime(2025, 12, 30, 23, 59, tzinfo=ZONE)) == [
        "all", Decimal("0.8569"), new_year, "all", Decimal("0.5569"),
    ]  # fmt: skip
    assert now_and_next(database, account_id, new_year)[:3] == ["all", Decimal("0.5569"), None]


def test_the_next_price_is_that_of_the_version_or_the_tariff_that_holds_from_midnight(
    database: Database, account_id: int
) -> None:
    change, other = date(2025, 7, 16), date(2025, 7, 18)
    dearer = {**SHANDONG, "energy": {"lines": "per_tier", "prices": {"all": "0.9"}}}
    with database.write() as session:
        before = make_version(session, code="SD", document=SHANDONG, valid_to=change)
        after = make_version(session, code="SD", document=dearer, valid_from=change)
        version = make_version(session, code="GZ", document=GUANGZHOU, periods=PERIODS)
        make_calendar(session, before, days_of(JULY, change))
        make_calendar(session, after, days_of(change, AUGUST))
        make_calendar(session, version, days_of(JULY, AUGUST), period=of_guangzhou)
        bind(session, account_id, "SD", end=other)
        bind(session, account_id, "GZ", no=2, first=other)
    assert now_and_next(database, account_id, datetime(2025, 7, 15, 23, 50, tzinfo=ZONE)) == [
        "all", Decimal("0.5569"), datetime(2025, 7, 16, tzinfo=ZONE), "all", Decimal("0.91"),
    ]  # fmt: skip
    assert now_and_next(database, account_id, datetime(2025, 7, 16, tzinfo=ZONE)) == [
        "all", Decimal("0.91"), datetime(2025, 7, 18, tzinfo=ZONE), "valley", Decimal("0.22914475"),
    ]  # fmt: skip


def test_the_next_price_is_that_of_the_season_that_begins_with_a_month(database: Database, account_id: int) -> None:
    summer = {"period": "summer", "from": "00:00", "to": "24:00", "months": [6, 7, 8]}
    energy = {"lines": "per_tier", "prices": {"summer": "0.9", "winter": "0.6"}, "windows": [summer]}
    document = {**SHANDONG, "energy": {**energy, "default_period": "winter"}}
    with database.write() as session:
        version = make_version(session, code="SD", document=document, periods=("summer", "winter"))
        make_calendar(session, version, days_of(AUGUST, date(2025, 9, 9)), period=lambda at: 1 if at.month == 8 else 2)
        bind(session, account_id, "SD")
    assert now_and_next(database, account_id, datetime(2025, 8, 30, 12, tzinfo=ZONE)) == [
        "summer", Decimal("0.91"), datetime(2025, 9, 1, tzinfo=ZONE), "winter", Decimal("0.61"),
    ]  # fmt: skip


def test_no_next_price_is_told_in_another_currency(database: Database, account_id: int) -> None:
    change = date(2025, 7, 16)
    with database.write() as session:
        for no, (code, currency, first, end) in enumerate((("A", "CNY", JUNE, change), ("B", "EUR", change, None)), 1):
            energy = {"lines": "per_tier", "prices": {"all": "0.5" if no == 1 else "0.07"}}
            document = {**FLAT, "currency": currency, "energy": energy}
            make_calendar(session, make_version(session, code=code, document=document), days_of(JULY, AUGUST))
            bind(session, account_id, code, no=no, first=first, end=end)
    now = datetime(2025, 7, 15, 12, tzinfo=ZONE)
    assert now_and_next(database, account_id, now) == ["all", Decimal("0.5"), None, None, None]


def test_on_the_day_of_25_hours_a_price_holds_through_the_hour_that_comes_twice(
    database: Database, account_id: int
) -> None:
    berlin, day = ZoneInfo("Europe/Berlin"), date(2025, 10, 26)
    with database.write() as session:
        version = make_version(session, code="GZ", document=GUANGZHOU, periods=PERIODS)
        make_calendar(session, version, [day], period=lambda at: 1 if at.hour == 2 else 2, zone=berlin)
        bind(session, account_id, "GZ")
    assert now_and_next(database, account_id, datetime(2025, 10, 26, 0, 10, tzinfo=UTC), berlin)[:4] == [
        "peak", Decimal("0.99500875"), datetime(2025, 10, 26, 2, tzinfo=UTC), "flat",
    ]  # fmt: skip


def test_the_ladder_has_the_limits_by_which_this_month_is_priced(database: Database, account_id: int) -> None:
    """A household that grew on the tenth is lifted from the first of the next month on."""
    with database.write() as session:
        lifted = {**SHANDONG, "tiers": GUANGZHOU["tiers"]}
        version = make_version(session, code="HH", document=lifted)
        make_calendar(session, version, days_of(JULY, date(2025, 8, 9)))
        bind(session, account_id, "HH")
        session.sql(
            """insert into entitlement (account_id, id, customer_id, kind, value, valid_from, recorded_at)
               select id, 1, customer_id, 'persons', 5, '2025-07-10', now() from account where id = :id""",
            id=account_id,
        )
    put(database, account_id, hourly(JULY, date(2025, 7, 20), 1_000_000))
    with database.read() as session:
        july, august = (
            queries.tier_position(session, account_id=account_id, on=day, zone=ZONE)
            for day in (date(2025, 7, 20), AUGUST)
        )
    assert july is not None
    assert august is not None
    assert ([rung.upto for rung in july.rungs], july.has_extra) == ([Decimal(260), Decimal(600), None], False)
    assert ([rung.upto for rung in august.rungs], august.has_extra) == ([Decimal(360), Decimal(600), None], True)
    lines = running(database, account_id, date(2025, 7, 20)).parts[0].lines
    assert [(line.code, line.quantity) for line in lines[:2]] == [("tier1", Decimal(260)), ("tier2", Decimal(196))]


def test_an_agreement_that_is_renewed_on_its_tariff_changes_nothing(database: Database, account_id: int) -> None:
    with database.write() as session:
        make_calendar(session, make_version(session, code="A"), days_of(JUNE, date(2025, 9, 1)))
        for no, (first, end) in enumerate(((JUNE, date(2025, 7, 16)), (date(2025, 7, 16), None)), 1):
            bind(session, account_id, "A", no=no, first=first, end=end)
    put(database, account_id, hourly(JULY, date(2025, 7, 21), 1_000_000))
    found = running(database, account_id, date(2025, 7, 21))
    assert [(part.first, part.end) for part in found.parts] == [(JULY, date(2025, 7, 21))]
    with database.read() as session:
        now = datetime(2025, 7, 12, 12, tzinfo=ZONE)
        offer = queries.price_now(session, account_id=account_id, now=now, zone=ZONE)
    assert offer is not None
    assert offer.until is None
