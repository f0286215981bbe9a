"""What the demo's people use looks like life, and their bills are what it costs by their tariffs."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from app.demo import SUPPLIERS
from app.demo.bills import bills_of, days_of, tariff_of, zone_of
from app.demo.readings import first_day, meter_of, registers_of
from app.demo.use import DayUse
from services.tariffs.queries import Facts, Use, price

LATEST: Final = date(2026, 11, 24)
CNY, EUR = SUPPLIERS["cny"], SUPPLIERS["eur"]


def day(number: int, on: date, *, supplier: Any = CNY) -> DayUse:
    household = supplier.households[number - 1]
    return days_of(household, number=number - 1, day=on, zone=zone_of(household))


def mean(number: int, month: date, *, given: bool = False) -> int:
    days = [day(number, month + timedelta(days=at)) for at in range(28)]
    return sum(sum(each.given if given else each.taken) for each in days) // len(days)


def test_a_home_has_its_evenings_its_weekends_and_its_seasons() -> None:
    workday, saturday = day(1, date(2026, 6, 3)).taken, day(1, date(2026, 6, 6)).taken
    assert sum(workday[18:22]) > 2 * sum(workday[1:5])
    assert sum(saturday[9:17]) > sum(workday[9:17])
    assert mean(1, date(2026, 7, 1)) > mean(1, date(2026, 4, 1)) < mean(1, date(2026, 1, 1))


def test_panels_give_by_day_and_more_in_summer() -> None:
    given = day(7, date(2026, 6, 3)).given
    assert sum(given[20:28]) > 0 == sum(given[:10]) + sum(given[40:])
    assert mean(7, date(2026, 6, 1), given=True) > 2 * mean(7, date(2026, 12, 1), given=True) > 0


def test_a_factory_takes_reactive_energy_and_rests_on_sundays() -> None:
    workday, sunday = day(17, date(2026, 6, 3)), day(17, date(2026, 6, 7))
    assert len(workday.taken) == 96
    assert sum(sunday.taken) * 10 < sum(workday.taken) * 9
    assert 30 < sum(workday.reactive) * 100 // sum(workday.taken) < 50


def test_days_on_which_clocks_are_changed_have_23_and_25_hours() -> None:
    assert [len(day(1, on, supplier=EUR).taken) for on in (date(2026, 3, 29), date(2026, 10, 25))] == [23, 25]


@pytest.mark.parametrize("number", [1, 5, 7, 13, 17, 19])
def test_a_bill_is_what_the_meter_measured_priced_by_the_tariff(number: int) -> None:
    household = CNY.households[number - 1]
    *_, bill = bills_of(household, number=number - 1, latest=LATEST, months=2, currency="CNY")
    first, end = (date.fromisoformat(str(bill[name])) for name in ("period_first", "period_end"))
    days = [day(number, first + timedelta(days=at)) for at in range((end - first).days)]
    assert bill["energy_kwh"] == f"{Decimal(sum(sum(each.taken) for each in days)) / 1000:f}"
    lines: Any = bill["lines"]
    assert bill["amount_minor"] == sum(line["amount_minor"] for line in lines) > 0
    energies = [line for line in lines if line["code"].startswith("energy")]
    assert sum(Decimal(line["quantity"]) for line in energies) == Decimal(str(bill["energy_kwh"]))


def test_five_persons_pay_the_lower_price_longer() -> None:
    tariff = tariff_of("RES-TIER")
    month = Use(month=10, kwh={"all": Decimal(400)}, kwh_before_in_cycle=Decimal(2900))
    crowded = Use(month=10, kwh=month.kwh, kwh_before_in_cycle=Decimal(2900), facts=Facts(persons=5))
    assert price(tariff, crowded).total_minor < price(tariff, month).total_minor


@pytest.mark.parametrize("supplier", [CNY, EUR], ids=["cny", "eur"])
def test_a_meter_without_intervals_is_read_every_month_and_counts_what_is_billed(supplier: Any) -> None:
    first = first_day(LATEST)
    shown: dict[str, dict[date, Decimal]] = {}
    for row in registers_of(supplier, first=first, end=LATEST):
        read = shown.setdefault(str(row["meter_no"]), {})
        read[date.fromisoformat(str(row["read_at"]))] = Decimal(str(row["value"]))
    without = [each for each in supplier.households if each.interval_minutes is None and each.state != "closed"]
    assert shown.keys() == {meter_of(supplier, each) for each in without}
    household, number = without[0], supplier.households.index(without[0])
    read = shown[meter_of(supplier, household)]
    assert (min(read), max(read), len(read)) == (first, LATEST.replace(day=1), 14)
    *_, bill = bills_of(household, number=number, latest=LATEST, months=2, currency="CNY")
    begins, ends = (date.fromisoformat(str(bill[name])) for name in ("period_first", "period_end"))
    assert read[ends] - read[begins] == Decimal(str(bill["energy_kwh"])) > 0
