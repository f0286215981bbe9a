"""What holds for every tariff of the format and every use of it."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.tariffs.queries import DayUse, Priced, Slot, Tariff, dump, negate, parse, prepaid, price
from tests.services.tariffs import independent
from tests.services.tariffs.cases import use_of
from tests.services.tariffs.shapes import Case, cases

MANY = settings(max_examples=500, deadline=None)
FIRST = date(2025, 1, 1)


def priced(case: Case) -> tuple[Tariff, Priced]:
    tariff = parse(case["tariff"])
    return tariff, price(tariff, use_of(case["input"]))


@MANY
@given(cases())
def test_any_bill_is_the_independent_engines_adds_up_and_is_taken_back_exactly(case: Case) -> None:
    tariff, found = priced(case)
    rows, total, factor = independent.bill(case["tariff"], case["input"])
    assert [(line.group, line.code, Fraction(line.quantity), Fraction(line.amount)) for line in found.lines] == rows
    assert (found.total_minor, found.measured.get("power_factor")) == (total, factor)
    assert dump(tariff) == case["tariff"]
    lines_add_up_to_the_total(tariff, found)
    a_credit_note_takes_back_each_line_and_the_total(found)


def lines_add_up_to_the_total(tariff: Tariff, found: Priced) -> None:
    net = sum((Fraction(line.amount) for line in found.lines if line.group != "tax"), Fraction(0))
    taxes = sum((Fraction(line.amount) for line in found.lines if line.group == "tax"), Fraction(0))
    rounded = independent.round_to(net, tariff.places, tariff.mode)
    assert (rounded + taxes) * 10 ** independent.ISO.get(tariff.currency, 2) == found.total_minor
    assert rounded == net or not tariff.by_line
    assert len({line.code for line in found.lines}) == len(found.lines)


def a_credit_note_takes_back_each_line_and_the_total(found: Priced) -> None:
    back = negate(found)
    pairs = [*zip(found.lines, back.lines, strict=True)]
    assert all((one.code, one.rate, one.reason) == (other.code, other.rate, other.reason) for one, other in pairs)
    assert all(one.amount + other.amount == 0 == one.quantity + other.quantity for one, other in pairs)
    assert (back.total_minor, negate(back)) == (-found.total_minor, found)


@MANY
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_intervals_and_periods_changes_nothing(case: Case, random: Random) -> None:
    tariff, found = priced(case)
    use = use_of(case["input"])
    slots, periods = [*use.slots, Slot(Decimal(1), Decimal("0.5"))][: len(use.slots)], list(use.kwh)
    random.shuffle(slots)
    random.shuffle(periods)
    again = price(tariff, replace(use, slots=tuple(slots), kwh={period: use.kwh[period] for period in periods}))
    assert (again.lines, again.total_minor) == (found.lines, found.total_minor)


@MANY
@given(cases(lines=("per_tier", "plus")), st.lists(st.integers(0, 1000), min_size=1, max_size=9))
def test_days_of_a_prepaid_month_add_up_to_the_month(case: Case, shares: list[int]) -> None:
    tariff, use = parse(case["tariff"]), use_of({**case["input"], "month": 1, "days": len(shares)})
    kwh = {period: Decimal(min(int(whole), 10**6)) for period, whole in use.kwh.items()}
    kwh = kwh if len(kwh) > 1 or "summer" not in kwh else {"winter": kwh["summer"]}
    days = [
        DayUse(FIRST + timedelta(days=at), {period: whole * share for period, whole in kwh.items()})
        for at, share in enumerate(shares)
    ]
    run = prepaid(tariff, use=use, days=days, opening=Decimal(100), topups={}, thresholds=())
    whole = price(tariff, replace(use, kwh={period: part * sum(shares) for period, part in kwh.items()}))
    minor = 10 ** independent.ISO.get(tariff.currency, 2)
    assert sum(day.cost for day in run.daily) * minor == run.month_cost_minor == whole.total_minor
    assert run.closing_balance_minor == 100 * minor - run.month_cost_minor


@MANY
@given(cases(plain=True), st.integers(0, 10**9))
def test_who_uses_more_never_pays_less_where_no_price_is_negative(case: Case, watt_hours: int) -> None:
    tariff, found = priced(case)
    use, more = use_of(case["input"]), Decimal(watt_hours) / 1000
    grown = {period: min(kwh + more, Decimal(10) ** 12) for period, kwh in use.kwh.items()}
    slots = tuple(one._replace(kwh=one.kwh + more) for one in use.slots)
    assert price(tariff, replace(use, kwh=grown, slots=slots)).total_minor >= found.total_minor
