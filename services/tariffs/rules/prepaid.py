"""What is taken from a prepaid balance day by day, and when to warn."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext
from typing import NamedTuple

from core.money import exponent
from services.tariffs.errors import Fault, UseInvalid
from services.tariffs.rules.numbers import EXACT, minor_of
from services.tariffs.rules.pricing import price
from services.tariffs.rules.tariff import Tariff
from services.tariffs.rules.use import MOST, SlotSum, Use, is_amount


class DayUse(NamedTuple):
    """kWh of one day by price period, or the sum of its slots where each has its price."""

    day: date
    kwh: Mapping[str, Decimal]
    slot_sum: SlotSum | None = None


class DayCost(NamedTuple):
    """What a day cost, and what was left when it closed; major units."""

    day: date
    cost: Decimal
    balance: Decimal


class Alert(NamedTuple):
    """On this day the balance closed below this threshold."""

    day: date
    threshold: Decimal


@dataclass(frozen=True, slots=True)
class Prepaid:
    """The days of a month of a prepaid account."""

    daily: tuple[DayCost, ...]
    alerts: tuple[Alert, ...]
    month_cost_minor: int
    closing_balance_minor: int
    currency: str


def prepaid(
    tariff: Tariff,
    *,
    use: Use,
    days: Sequence[DayUse],
    opening: Decimal,
    topups: Mapping[date, Decimal],
    thresholds: Sequence[Decimal],
) -> Prepaid:
    """The cost of each day: what the month costs through it, less what it cost through the day before.

    So a day across a limit is split rightly and the days add up to the month, after rounding too. `use` says what holds
    for the month (the cycle, facts); its kWh are those of `days`, its days those since the first of them. A
    top-up is booked at the start of its day and arms the thresholds that the balance is then at or above; a threshold
    warns once when a day closes below it. Raises UseInvalid.
    """
    _check(tariff, use, days, topups, (opening, *topups.values(), *thresholds))
    used: dict[str, Decimal] = {}
    slots: SlotSum | None = None
    armed = set(thresholds)
    balance, through = opening, 0
    if days:
        first = days[0].day
        length = use.days_in_month or monthrange(first.year, first.month)[1]
        use = replace(use, month=first.month, days_in_month=length)
    daily: list[DayCost] = []
    alerts: list[Alert] = []
    with localcontext(EXACT):
        for day, kwh, more_slots in days:
            if day in topups:
                balance += topups[day]
                armed |= {threshold for threshold in thresholds if balance >= threshold}
            for period, more in kwh.items():
                used[period] = used[period] + more if period in used else more
            slots = more_slots if slots is None or more_slots is None else slots + more_slots
            through_it = replace(use, kwh=used, slot_sum=slots, days=(day - days[0].day).days + 1)
            cost = price(tariff, through_it).total_minor
            today = Decimal(cost - through).scaleb(-exponent(tariff.currency))
            balance, through = balance - today, cost
            daily.append(DayCost(day, today, balance))
            below = [threshold for threshold in dict.fromkeys(thresholds) if threshold in armed and balance < threshold]
            alerts += [Alert(day, threshold) for threshold in below]
            armed -= set(below)
        closing = minor_of(tariff.round(balance), tariff.currency)
        return Prepaid(tuple(daily), tuple(alerts), through, closing, tariff.currency)


def _check(
    tariff: Tariff, use: Use, days: Sequence[DayUse], topups: Mapping[date, Decimal], amounts: Sequence[Decimal]
) -> None:
    faults = []
    for at, (day, kwh, _) in enumerate(days):
        if at and day <= days[at - 1].day:
            faults.append(Fault(f"$.days[{at}]", "date_order"))
        if day.replace(day=1) != days[0].day.replace(day=1) or day.month != (use.month or day.month):
            faults.append(Fault(f"$.days[{at}]", "date_order"))
        faults += [
            Fault(f"$.days[{at}].{period}", "number_out_of_range") for period in kwh if not is_amount(kwh[period])
        ]
    known = {each.day for each in days}
    faults += [Fault(f"$.topups.{day}", "date_order") for day in topups if day not in known]
    if any(type(amount) is not Decimal or not is_amount(amount.copy_abs(), MOST) for amount in amounts):
        faults.append(Fault("$", "number_out_of_range"))
    if tariff.by_slot and any(each.slot_sum is None for each in days):
        faults.append(Fault("$", "structure_unsupported", "slots"))
    if faults:
        raise UseInvalid(faults)
