"""Where each interval has its own price, months, days and drafts are priced by the very readings, exactly, or not at all."""

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from core import intake
from core.crypto.vault import Vault
from core.db import Database
from core.money import Money
from core.outbox import Delivery
from core.periods import start_of
from services.tariffs.events import SlotPricesChanged
from services.tariffs.operations import SlotPricesLoader
from services.tariffs.queries import Slot, Use, parse, price
from services.usage import operations, queries
from services.usage.operations import PricedMonth, PricedVersion, price_months
from tests.factories.accounts import make_account, write_csv
from tests.factories.tariffs import FLAT, make_version
from tests.factories.usage import ZONE, bind, days_of, make_calendar, put_readings

JULY, AUGUST = date(2025, 7, 1), date(2025, 8, 1)
AGILE: Final[dict[str, Any]] = {
    "id": "agile",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "rounding": {"mode": "half_up", "stage": "bill"},
    "energy": {"lines": "slots", "prices": {"all": "0"}},
    "per_kwh": [{"code": "fund", "rate": "0.01"}],
    "fixed": [{"code": "standing", "amount": "0.4500", "per": "day"}],
    "tax": {"rate": "0.05", "on": "net"},
}
Rates = dict[datetime, Decimal]


class House:
    """An account on half-hourly prices whose meter is read by the quarter-hour."""

    def __init__(self, database: Database, vault: Vault, folder: Path) -> None:
        self.db, self.folder = database, folder
        dice = random.Random(7)
        with database.write() as session:
            self.id = make_account(session, vault).id
            self.version_id = make_version(session, code="AGILE", document=AGILE)
            make_calendar(session, self.version_id, days_of(JULY, AUGUST))
            bind(session, self.id, "AGILE")
        self.days: dict[date, list[int | None]] = {
            day: [dice.randrange(900_000) for _ in range(96)] for day in days_of(JULY, AUGUST)
        }
        self.rates: Rates = {
            start_of(day, ZONE) + at * timedelta(minutes=30): Decimal(dice.randrange(-5 * 10**8, 90 * 10**8)).scaleb(-8)
            for day in days_of(JULY, AUGUST)
            for at in range(48)
        }

    def read(self, days: Mapping[date, list[int | None]] | None = None, *, minutes: int = 15) -> None:
        """Readings come, and are summed up."""
        with self.db.write() as session:
            put_readings(session, self.id, days or self.days, minutes=minutes)
            operations.aggregate(session, months={JULY: [self.id]}, zone=ZONE)

    def load(self, rates: Mapping[datetime, Decimal | str]) -> None:
        """Prices come by file."""
        rows: list[dict[str, object]] = [
            {"tariff_code": "AGILE", "start": at.isoformat(), "rate_minor": f"{rate}"} for at, rate in rates.items()
        ]
        path = write_csv(self.folder / "prices.csv", rows)
        assert intake.run(self.db, path=path, loader=SlotPricesLoader(zone=ZONE)).rejected == 0

    def price(self) -> PricedMonth:
        """The month is priced for good."""
        with self.db.write() as session:
            version = PricedVersion(self.version_id, "AGILE", parse(AGILE), ("all",))
            return price_months(session, month=JULY, first=1, last=self.id, versions=[version])

    def cost(self) -> int | None:
        """What the month was priced at."""
        with self.db.read() as session:
            found: int | None = session.sql(
                "select total_minor from usage_cost where account_id = :id", id=self.id
            ).scalar_one_or_none()
            return found

    def exact(self, days: int = 31, rates: Rates | None = None) -> int:
        """The engine, given each interval by itself."""
        slots = [
            Slot(
                Decimal(energy).scaleb(-6), (rates or self.rates)[start_of(day, ZONE) + at // 2 * timedelta(minutes=30)]
            )
            for day in [*self.days][:days]
            for at, energy in enumerate(self.days[day])
            if energy is not None
        ]
        return price(parse(AGILE), Use(month=7, slots=tuple(slots), days=days, days_in_month=31)).total_minor


@pytest.fixture
def house(database: Database, vault: Vault, tmp_path: Path) -> House:
    return House(database, vault, tmp_path)


def test_a_month_of_quarter_hours_at_half_hourly_prices_is_what_the_engine_makes_of_each(house: House) -> None:
    house.read()
    house.load(house.rates)
    assert house.price() == PricedMonth(by_sql=0, by_engine=1, unpriced=0)
    assert house.cost() == house.exact()


def test_one_missing_price_leaves_the_month_unpriced_and_is_named(house: House) -> None:
    gap = datetime(2025, 7, 9, 3, 30, tzinfo=UTC)
    house.read()
    house.load({at: rate for at, rate in house.rates.items() if at != gap})
    assert house.price().unpriced == 1
    assert house.cost() is None
    with house.db.read() as session:
        running = queries.running_cost(session, account_id=house.id, today=date(2025, 7, 31), zone=ZONE)
        days = queries.cost_by_day(session, account_id=house.id, month=JULY, zone=ZONE)
        tried = queries.dry_run(
            session,
            tariff_code="AGILE",
            version_no=2,
            tariff=parse(FLAT),
            unit_ids=[session.sql("select unit_id from account where id = :id", id=house.id).scalar_one()],
            month=JULY,
            zone=ZONE,
        )
    assert running is not None
    assert (running.parts, running.total.minor, running.unpriced_days) == ((), 0, 31)
    assert [(each.begin, each.end) for each in running.price_gaps] == [(gap, gap + timedelta(minutes=30))]
    assert running.price_gaps[0].begin.utcoffset() == timedelta(hours=8)
    assert [day.day.day for day in days] == [*range(1, 9)]
    assert [(each.path, each.code, each.detail) for each in tried.unpriced[0].faults] == [
        ("$.slots", "slot_price_missing", "2025-07-09")
    ]


def test_an_interval_without_use_needs_no_price(house: House) -> None:
    house.days[JULY][6] = house.days[JULY][7] = 0
    house.read()
    gap = start_of(JULY, ZONE) + timedelta(minutes=90)
    house.load({at: rate for at, rate in house.rates.items() if at != gap})
    assert house.price().unpriced == 0
    assert house.cost() == house.exact()


def test_hours_at_half_hourly_prices_are_refused_not_guessed(house: House) -> None:
    house.read({day: [1_000_000] * 24 for day in days_of(JULY, AUGUST)}, minutes=60)
    house.load(house.rates)
    assert house.price().unpriced == 1
    assert house.cost() is None


def test_a_corrected_price_prices_again_what_was_priced_by_it_and_nothing_else(house: House) -> None:
    house.read()
    house.load(house.rates)
    house.price()
    with house.db.write() as session:
        session.sql("update usage_cost set total_minor = 1 where account_id = :id", id=house.id)
    corrected = {[*house.rates][100]: Decimal("99.5")}
    house.load(corrected)
    follow(house)
    assert house.cost() == 1, "not before the event is delivered"
    deliver(house)
    follow(house)
    assert house.cost() == house.exact(rates=house.rates | corrected)
    house.load(dict.fromkeys(corrected, "-"))
    deliver(house)
    follow(house)
    assert house.cost() is None


def test_a_price_that_comes_after_its_day_was_priced_is_followed_by_its_event(house: House) -> None:
    late = [*house.rates][700]
    house.load({at: rate for at, rate in house.rates.items() if at != late})
    deliver(house)
    house.read()
    follow(house)
    assert house.cost() is None, "there is no other note that the month is to be priced"
    house.load({late: house.rates[late]})
    follow(house)
    assert house.cost() is None
    deliver(house)
    follow(house)
    assert house.cost() == house.exact()


def deliver(house: House) -> None:
    """What was told of prices since the last time comes to usage."""
    with house.db.write() as session:
        for each in session.sql("delete from outbox where kind = 43 returning payload").scalars().all():
            event = SlotPricesChanged(tariff_code=each["tariff_code"], months=each["months"])
            assert event.months == ["2025-07-01"]
            operations.note_slot_prices_changed(session, Delivery(1, event, datetime.now(UTC)), event)


def follow(house: House) -> None:
    waits = True
    while waits:
        with house.db.write() as session:
            done = [operations.follow_versions(session, zone=ZONE), operations.price_next(session)]
            waits = any(each is not None for each in done)


def test_use_at_other_prices_costs_otherwise_though_the_sums_are_the_same(house: House) -> None:
    house.read()
    house.load(house.rates)
    follow(house)
    assert house.cost() == house.exact()
    day = house.days[JULY]
    day[0], day[40] = 0, (day[40] or 0) + (day[0] or 0)
    house.read()
    assert house.cost() is None
    follow(house)
    assert house.cost() == house.exact()


def test_the_running_bill_its_days_and_its_forecast_stand_on_the_same_prices(house: House) -> None:
    known = {day: energies for day, energies in house.days.items() if day < date(2025, 7, 21)}
    house.read(known)
    house.load({at: rate for at, rate in house.rates.items() if at < start_of(date(2025, 7, 21), ZONE)})
    with house.db.read() as session:
        found = queries.running_cost(session, account_id=house.id, today=date(2025, 7, 21), zone=ZONE)
        days = queries.cost_by_day(session, account_id=house.id, month=JULY, zone=ZONE)
    assert found is not None
    assert found.total == Money(house.exact(days=20), "CNY")
    assert found.price_gaps == ()
    assert [line.code for line in found.parts[0].lines] == ["energy", "fund", "standing", "tax"]
    assert sum(day.cost.minor for day in days) == found.total.minor
    assert len(days) == 20
    (of_all,) = found.by_period
    assert (of_all.period, of_all.kwh) == ("all", found.kwh)
    assert found.forecast is not None
    assert found.total.minor < found.forecast.low.minor <= found.forecast.middle.minor <= found.forecast.high.minor


def test_the_price_now_is_that_of_the_interval_and_the_next_follow_until_one_is_not_known(house: House) -> None:
    house.load({at: rate for at, rate in house.rates.items() if at < datetime(2025, 7, 5, 4, tzinfo=UTC)})
    with house.db.read() as session:
        found = queries.price_now(session, account_id=house.id, now=datetime(2025, 7, 5, 1, 10, tzinfo=UTC), zone=ZONE)
        late = queries.price_now(session, account_id=house.id, now=datetime(2025, 7, 5, 4, 10, tzinfo=UTC), zone=ZONE)
        assert queries.tier_position(session, account_id=house.id, on=date(2025, 7, 5), zone=ZONE) is None
    begin = datetime(2025, 7, 5, 1, tzinfo=UTC)
    assert found is not None
    assert [(each.begin, each.price) for each in found.slots] == [
        (at, house.rates[at] / 100 + Decimal("0.01")) for at in (begin + n * timedelta(minutes=30) for n in range(6))
    ]
    assert (found.price, found.until, found.next_price) == (
        found.slots[0].price,
        begin + timedelta(minutes=30),
        found.slots[1].price,
    )
    assert late is None


def test_other_tariffs_and_drafts_are_compared_with_half_hourly_prices_both_ways(house: House) -> None:
    house.read()
    house.load(house.rates)
    with house.db.write() as session:
        flat = make_version(session, code="FLAT", document=FLAT)
        make_calendar(session, flat, days_of(JULY, AUGUST))
        put_readings(session, house.id, {date(2025, 5, 1): [1] * 96, date(2025, 6, 1): [1] * 96})
        operations.aggregate(session, months={date(2025, month, 1): [house.id] for month in (5, 6)}, zone=ZONE)
        unit_id = session.sql("select unit_id from account where id = :id", id=house.id).scalar_one()
    with house.db.read() as session:
        found = queries.what_if(session, account_id=house.id, until=date(2025, 8, 2), zone=ZONE)
        tried = queries.dry_run(
            session, tariff_code="AGILE", version_no=2, tariff=parse(AGILE), unit_ids=[unit_id], month=JULY, zone=ZONE
        )
    assert found is not None
    agile, other = found.offers
    assert (agile.tariff_code, other.tariff_code) == ("AGILE", "FLAT")
    assert agile.months[-1].cost == Money(house.exact(), "CNY")
    assert other.months[-1].cost is not None
    assert agile.months[-2].cost is None, "June has use and no prices"
    assert [(each.before.minor, each.after.minor) for each in tried.largest] == [(house.exact(), house.exact())]
