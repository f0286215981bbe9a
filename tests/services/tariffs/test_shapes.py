"""What holds for every tariff of the format and every use of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.tariffs.queries import DayUse, Priced, Slot, SlotSum, Tariff, Use, dump, negate, parse, prepaid, price
from tests.services.tariffs import independent
from tests.services.tariffs.cases import use_of
from tests.services.tariffs.shapes import Case, cases

MANY = settings(max_examples=500, deadline=None)


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
@given(cases(), st.randoms(use_true_random=False), st.integers(1, 9))
def test_days_add_up_to_the_month_and_no_split_of_its_use_changes_what_it_costs(
    case: Case, random: Random, count: int
) -> None:
    """Of lines by tier, by period and by interval, rounded line by line or once."""
    tariff, whole = priced({**case, "input": {**case["input"], "days": count}})
    use = replace(use_of(case["input"]), days=count)
    parts = split(random, use, count)
    intervals = [slot for _, slots in parts for slot in slots]
    random.shuffle(intervals)
    again = price(tariff, replace(use, slots=tuple(intervals)))
    assert [line[:5] for line in again.lines] == [line[:5] for line in whole.lines]
    minor = 10 ** independent.ISO.get(tariff.currency, 2)
    first, some = date(2025, use.month or 1, 1), {0, count - 1, *random.sample(range(count), random.randint(0, count))}
    for told in (range(count), sorted(some)):
        days = [
            day_of(tariff, first + timedelta(days=at), parts[before + 1 : at + 1])
            for before, at in pairwise([-1, *told])
        ]
        run = prepaid(tariff, use=replace(use, slots=()), days=days, opening=Decimal(100), topups={}, thresholds=())
        assert sum(day.cost for day in run.daily) * minor == run.month_cost_minor == whole.total_minor
        assert run.closing_balance_minor == 100 * minor - run.month_cost_minor


Part = tuple[dict[str, Decimal], list[Slot]]


def split(random: Random, use: Use, count: int) -> list[Part]:
    """So many parts of a use, to the millionth of a kWh; some of them nothing."""
    kwh = {period: shares(random, whole, count) for period, whole in use.kwh.items()}
    slots = [[Slot(share, slot.rate_minor) for share in shares(random, slot.kwh, count)] for slot in use.slots]
    return [({period: each[at] for period, each in kwh.items()}, [each[at] for each in slots]) for at in range(count)]


def shares(random: Random, whole: Decimal, count: int) -> list[Decimal]:
    energy = int(whole.scaleb(6))
    cuts = [0, *sorted(random.randint(0, energy) for _ in range(count - 1)), energy]
    return [Decimal(upto - begin).scaleb(-6) for begin, upto in pairwise(cuts)]


def day_of(tariff: Tariff, day: date, parts: Sequence[Part]) -> DayUse:
    """One day of all these parts: what was used on days that are not told is told with the next."""
    if not tariff.by_slot:
        return DayUse(day, {period: sum((kwh[period] for kwh, _ in parts), Decimal(0)) for period in parts[0][0]})
    slots = [slot for _, each in parts for slot in each]
    kwh, cost = (
        sum((slot.kwh for slot in slots), Decimal(0)),
        sum((slot.kwh * slot.rate_minor for slot in slots), Decimal(0)),
    )
    return DayUse(day, {}, SlotSum(kwh, cost, len(slots)))


@MANY
@given(cases(plain=True), st.integers(0, 10**9))
def test_who_uses_more_never_pays_less_where_no_price_is_negative(case: Case, watt_hours: int) -> None:
    tariff, found = priced(case)
    use, more = use_of(case["input"]), Decimal(watt_hours) / 1000
    grown = {period: min(kwh + more, Decimal(10) ** 12) for period, kwh in use.kwh.items()}
    slots = tuple(one._replace(kwh=one.kwh + more) for one in use.slots)
    assert price(tariff, replace(use, kwh=grown, slots=slots)).total_minor >= found.total_minor
