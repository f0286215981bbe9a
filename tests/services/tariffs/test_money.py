"""Amounts in every currency and at every size: right, or refused."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.tariffs.errors import UseInvalid
from services.tariffs.queries import DayUse, Facts, Use, late_fee, negate, parse, prepaid, price
from tests.services.tariffs.cases import CASES, told

D = Decimal
TRILLION = D(10) ** 12


def flat(**more: Any) -> dict[str, Any]:
    energy = {"lines": "period_plus_adders", "prices": {"all": "0.125"}}
    return {"id": "flat", "currency": "CNY", "energy": energy, **more}


@pytest.mark.parametrize(
    ("currency", "kwh", "amount", "minor"),
    [("JPY", "100.1", "13", 13), ("CNY", "100.1", "12.51", 1251), ("KWD", "100.1", "12.513", 12513)],
)
def test_amounts_have_the_places_of_their_currency(currency: str, kwh: str, amount: str, minor: int) -> None:
    found = price(parse(flat(currency=currency)), Use(kwh={"all": D(kwh)}))
    assert (told(found)[0]["amount"], found.total_minor, found.currency) == (amount, minor, currency)


@pytest.mark.parametrize(
    ("mode", "up", "down"),
    [("half_up", 13, 13), ("half_down", 12, 12), ("half_even", 12, 12), ("up", 13, 13), ("down", 12, 12)],
)
def test_what_is_earned_is_rounded_as_what_is_charged(mode: str, up: int, down: int) -> None:
    document = flat(currency="JPY", rounding={"mode": mode, "stage": "line"}, export={"price": "0.125"})
    charged = price(parse(document), Use(kwh={"all": D(100)}))
    earned = price(parse(document), Use(export_kwh=D(100)))
    assert (charged.total_minor, earned.total_minor) == (up, -down)


def test_a_trillion_kwh_are_priced_to_the_last_digit() -> None:
    found = price(parse(flat(per_kwh=[{"code": "fund", "rate": "0.00000001"}])), Use(kwh={"all": TRILLION}))
    assert found.total_minor == 12_500_001_000_000


def test_what_no_ledger_can_hold_is_refused_and_never_cut() -> None:
    dear = flat(per_kwh=[{"code": "fund", "rate": "1000000000"}])
    with pytest.raises(UseInvalid) as refused:
        price(parse(dear), Use(kwh={"all": TRILLION}))
    assert [fault.code for fault in refused.value.faults] == ["amount_too_large"]


def test_coarser_places_than_the_currencys_are_kept() -> None:
    document = flat(rounding={"mode": "half_up", "stage": "bill", "places": 0}, tax={"rate": "0.5", "on": "net"})
    found = price(parse(document), Use(kwh={"all": D(100)}))
    assert (found.total_minor, [line.amount for line in found.lines]) == (2000, [D("12.5"), D(7)])


def test_derived_prices_are_rounded_before_use_and_funds_do_not_float() -> None:
    components = [
        {"name": "purchase", "price": "0.6350", "floats": True},
        {"name": "fund", "price": "0.00001", "floats": False},
    ]
    energy = {
        "lines": "period_plus_adders",
        "components": components,
        "ratios": {"flat": "1", "sharp": "2.125"},
        "windows": [{"period": "sharp", "from": "11:00", "to": "12:00"}],
        "default_period": "flat",
    }
    exact = flat(energy=energy, time_zone="Asia/Shanghai")
    rounded = {**exact, "rounding": {"mode": "half_up", "stage": "line", "unit_price_places": 4}}
    assert dict(parse(exact).prices) == {"sharp": D("1.34938500"), "flat": D("0.63501")}
    assert dict(parse(rounded).prices) == {"sharp": D("1.3494"), "flat": D("0.6350")}


def test_periods_are_in_one_order_whatever_the_order_of_the_fields() -> None:
    prices = {"shoulder": "1", "valley": "1", "deep_valley": "1", "sharp": "1", "early": "1", "flat": "1", "peak": "1"}
    windows = [{"period": period, "from": "00:00", "to": "24:00"} for period in prices]
    energy = {"lines": "period_plus_adders", "prices": prices, "windows": windows}
    tariff = parse(flat(energy=energy, time_zone="Asia/Shanghai"))
    assert tariff.periods == ("sharp", "peak", "flat", "valley", "deep_valley", "early", "shoulder")


def test_adders_that_differ_by_period_are_shared_out_by_the_months_use_and_add_up() -> None:
    document = CASES["P07"]["tariff"]
    tiers = {
        "cycle": "month",
        "bounds_per_month": ["100"],
        "adders_by_period": {"peak": ["0", "0.06"], "flat": ["0", "0.05"], "valley": ["0", "0.03"]},
    }
    tariff = parse({**document, "tiers": tiers})
    found = price(tariff, Use(kwh={"peak": D(70), "flat": D(70), "valley": D(70)}))
    shared = {line.code: (line.quantity, line.reason) for line in found.lines if "adder" in line.code}
    assert {code: quantity for code, (quantity, _) in shared.items()} == {
        "tier2_adder_peak": D("36.666667"),
        "tier2_adder_flat": D("36.666666"),
        "tier2_adder_valley": D("36.666667"),
    }
    assert shared["tier2_adder_peak"][1] == (
        "tier_adder_of_period",
        {"tier": 2, "above": "100", "upto": None, "adder": "0.06", "period": "peak"},
    )


def test_a_line_says_why_it_is_there() -> None:
    found = price(parse(CASES["P02"]["tariff"]), Use(kwh={"all": D(350)}, kwh_before_in_cycle=D(2400)))
    assert found.lines[1].reason == (
        "tier",
        {"tier": 2, "above": "2520", "upto": "4800", "adder": "0.05", "period": "all", "price": "0.5469"},
    )


@pytest.mark.parametrize(
    ("kwh", "kvarh", "factor"),
    [
        ("0", "0", None), ("0", "5", "0.00"), ("5", "0", "1.00"), ("100", "1", "1.00"), ("3", "4", "0.60"),
        ("171", "103.976872", "0.85"), ("1000000000000", "1000000000000", "0.71"),
    ],
)  # fmt: skip
def test_the_power_factor_has_two_places_half_up(kwh: str, kvarh: str, factor: str | None) -> None:
    facts = Facts(contract_kw=D(1), transformer_kva=D(1))
    use = Use(kwh={"flat": D(kwh)}, kvarh=D(kvarh), max_demand_kw=D(0), facts=facts)
    found = price(parse(CASES["P08"]["tariff"]), use).measured.get("power_factor")
    assert (None if found is None else str(found)) == factor


def test_a_line_of_a_large_household_says_what_lifted_its_limit() -> None:
    found = price(parse(CASES["P04"]["tariff"]), Use(kwh={"all": D(400)}, facts=Facts(persons=5)))
    facts = found.lines[0].reason.facts
    assert (facts["upto"], facts["household"]) == ("3720", "100")


def test_a_household_that_lifts_the_first_limit_above_the_second_has_no_second_tier() -> None:
    document = CASES["P01"]["tariff"]
    household = {"min_persons": 5, "extra_kwh_per_month": "300", "mode": "first_only"}
    tariff = parse({**document, "household": household})
    found = price(tariff, Use(kwh={"all": D(7000)}, facts=Facts(persons=5)))
    assert [(line.code, line.quantity) for line in found.lines] == [("tier1", D(6120)), ("tier3", D(880))]


def test_a_part_of_a_month_costs_its_days_and_two_parts_the_whole() -> None:
    document = flat(fixed=[{"code": "service", "amount": "10", "per": "month", "part_month": "by_days"}])
    parts = [price(parse(document), Use(days=days, days_in_month=31)) for days in (10, 21)]
    assert [line.quantity for part in parts for line in part.lines] == [D("0.322581"), D("0.677419")]
    assert sum(part.total_minor for part in parts) == 1000


def test_free_kwh_and_a_minimum_by_days_are_given_once_in_a_month_of_two_parts() -> None:
    free = {"code": "free", "flag": "low_income", "kwh": "15", "rate": "0.5", "part_month": "by_days"}
    least = {"amount": "31", "part_month": "by_days"}
    entitled = Facts(flags=frozenset({"low_income"}))
    for days, other in ((10, 21), (31, 0)):
        parts = [
            price(
                parse(flat(credits=[free], minimum=least)),
                Use(kwh={"all": D(20)}, days=each, days_in_month=31, facts=entitled),
            )
            for each in (days, other)
        ]
        given = [line.quantity for part in parts for line in part.lines if line.code == "free"]
        assert sum(given) == 15
        assert given[0] == (D(15) if other == 0 else D("4.838710"))
        assert sum(part.total_minor for part in parts) >= 3100
    with pytest.raises(UseInvalid) as refused:
        price(parse(flat(credits=[free])), Use(kwh={"all": D(20)}, facts=entitled))
    assert [fault.path for fault in refused.value.faults] == ["$.days"]


@pytest.mark.parametrize(
    ("arrears", "paid", "more", "minor"),
    [
        ("187.40", "2025-03-20", {}, 0), ("187.40", "2025-03-01", {}, 0), ("187.40", "2025-03-21", {}, 100),
        ("0", "2025-04-07", {}, 0), ("187.40", "2029-03-20", {"cap_ratio": "1"}, 18740),
        ("187.40", "2025-04-07", {"minimum": "3.37"}, 337),
    ],
)  # fmt: skip
def test_a_late_fee_has_a_minimum_from_the_first_day_and_a_cap(
    arrears: str, paid: str, more: dict[str, str], minor: int
) -> None:
    document = CASES["P12"]["tariff"]
    tariff = parse({**document, "late_fee": {**document["late_fee"], **more}})
    found = late_fee(tariff, arrears=D(arrears), due=date(2025, 3, 20), paid=date.fromisoformat(paid))
    assert found.total_minor == minor


def test_days_of_a_prepaid_account_are_in_order_in_the_month_and_topped_up_on_days_that_are_told() -> None:
    tariff = parse(CASES["P14"]["tariff"])
    days = [DayUse(date(2025, 7, day), {"all": D(1)}) for day in (2, 1)] + [DayUse(date(2025, 8, 1), {"all": D(-1)})]
    with pytest.raises(UseInvalid) as refused:
        prepaid(tariff, use=Use(month=7), days=days, opening=D(0), topups={date(2025, 7, 9): D(1)}, thresholds=())
    assert sorted(fault.path for fault in refused.value.faults) == [
        "$.days[1]",
        "$.days[2]",
        "$.days[2].all",
        "$.topups.2025-07-09",
    ]


@pytest.mark.parametrize(
    ("kw", "lines"),
    [("630", [("demand", D(600))]), ("630.001", [("demand", D("630.00")), ("demand_over", D("0.001"))])],
)
def test_a_demand_of_exactly_the_tolerated_ratio_is_billed_as_contracted(
    kw: str, lines: list[tuple[str, Decimal]]
) -> None:
    use = Use(max_demand_kw=D(kw), facts=Facts(contract_kw=D(600), transformer_kva=D(1250)))
    found = price(parse(CASES["P08"]["tariff"]), use)
    assert [(line.code, line.quantity) for line in found.lines if line.group == "demand"] == lines


def test_a_balance_of_exactly_the_threshold_warns_nobody_and_arms_it_again() -> None:
    tariff = parse(flat())
    days = [DayUse(date(2025, 7, day), {"all": D(kwh)}) for day, kwh in ((1, 32), (2, 8), (3, 8), (4, 8))]
    topups = {date(2025, 7, 4): D(2)}
    run = prepaid(tariff, use=Use(), days=days, opening=D(10), topups=topups, thresholds=[D(6)])
    assert [day.balance for day in run.daily] == [D(6), D(5), D(4), D(5)]
    assert [alert.day.day for alert in run.alerts] == [2, 4]


def test_a_threshold_that_is_said_twice_warns_once() -> None:
    run = prepaid(
        parse(flat()),
        use=Use(),
        days=[DayUse(date(2025, 7, 1), {"all": D(8)})],
        opening=D(1),
        topups={},
        thresholds=[D(6), D("6.00")],
    )
    assert run.alerts == ((date(2025, 7, 1), D(6)),)


@pytest.mark.parametrize("second", [date(2025, 8, 1), date(2026, 7, 2)])
@pytest.mark.parametrize("month", [7, None])
def test_days_of_two_months_do_not_climb_one_ladder(second: date, month: int | None) -> None:
    days = [DayUse(day, {"all": D(8)}) for day in (date(2025, 7, 31), second)]
    with pytest.raises(UseInvalid) as refused:
        prepaid(parse(flat()), use=Use(month=month), days=days, opening=D(9), topups={}, thresholds=())
    assert [(fault.path, fault.code) for fault in refused.value.faults] == [("$.days[1]", "date_order")]


def test_charges_by_the_day_of_a_prepaid_account_count_days_without_use_too() -> None:
    tariff = parse(flat(fixed=[{"code": "standing", "amount": "1", "per": "day"}]))
    days = [DayUse(date(2025, 7, day), {"all": D(8)}) for day in (1, 4)]
    run = prepaid(tariff, use=Use(), days=days, opening=D(9), topups={}, thresholds=[D(6)])
    assert [(cost, balance) for _, cost, balance in run.daily] == [(D("2.00"), D("7.00")), (D("4.00"), D("3.00"))]
    assert run.alerts == ((date(2025, 7, 4), D(6)),)


def test_a_negative_bill_is_taken_back_as_it_stands() -> None:
    found = price(parse(flat(export={"price": "0.333"})), Use(export_kwh=D("1.5")))
    assert (found.total_minor, negate(found).total_minor, told(negate(found))[0]["amount"]) == (-50, 50, "0.50")


def test_charges_by_days_and_seasons_of_a_prepaid_account_know_the_month_of_its_days() -> None:
    season = {"months": [2], "bounds": ["1"]}
    document = {
        **flat(),
        "tiers": {"cycle": "month", "seasons": [season], "adders": ["0", "1"]},
        "fixed": [{"code": "service", "amount": "28", "per": "month", "part_month": "by_days"}],
    }
    days = [DayUse(date(2025, 2, day), {"all": D(1)}) for day in (1, 2)]
    tariff = parse(document, months={2})
    run = prepaid(tariff, use=Use(), days=days, opening=D(9), topups={}, thresholds=())
    assert [day.cost for day in run.daily] == [D("1.13"), D("2.12")]
