"""Two years of monthly bills of one demo account: what its meter measured, priced by its tariff's own document."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from app.demo import tariffs
from app.demo.suppliers import Household
from app.demo.use import DayUse, day_use
from core.money import round_minor
from core.periods import Period
from services.tariffs.queries import Facts, Line, Tariff, Use, day_periods, parse, price

PAY_WITHIN: Final = timedelta(days=22)
"""From the day of issue."""
_WATT_HOURS: Final = Decimal(1000)
_QUARTER: Final = 15
_DEMAND_MINUTES: Final = 15
"""Meters of industry measure demand in quarter-hours, the others are drawn by the hour where nothing else is said."""

_CODES: Final[Mapping[str, str]] = {
    "capacity": "demand",
    "demand_over": "demand",
    "fund_reservoir": "funds.reservoir_resettlement",
    "fund_renewable": "funds.renewable_energy",
    "tax_electricity": "tax.electricity",
    "tax": "tax.vat",
    "export": "other",
    "free_kwh": "other",
}
"""What lines are called on a bill, where the tariff calls them otherwise."""


@dataclass
class Measured:
    """What a meter measured in a month, in watt-hours; demand in watts."""

    taken: Counter[str] = field(default_factory=Counter)
    given: int = 0
    reactive: int = 0
    demand: int = 0

    @property
    def energy(self) -> int:
        """All that was taken."""
        return self.taken.total()


def bills_of(
    household: Household, *, number: int, latest: date, months: int, currency: str
) -> Iterator[dict[str, object]]:
    """Bills of `months` months, oldest first; the last one was issued on the day `latest`, the others as late."""
    issued_after = timedelta(days=latest.day - 1)
    # Tiers count what was used before in the year.
    earlier = 0 if tariff_of(household.tariff).document.tiers is None else 11
    periods = [_months_before(latest, back) for back in range(months + earlier, 0, -1)]
    measured = {period.first: _month(household, number, period) for period in periods}
    for back, period in zip(range(months, 0, -1), periods[earlier:], strict=True):
        # An account that was closed a year ago has no bill since.
        if household.state == "closed" and back <= months // 2:
            continue
        month = measured[period.first]
        before = _before(measured, period.first) if earlier else 0
        priced = price(tariff_of(household.tariff), _use(household, period, month, before))
        issued = period.end + issued_after
        yield {
            "account_no": household.account_no,
            "bill_no": f"{period.first:%Y%m}{household.account_no}",
            "period_first": period.first.isoformat(),
            "period_end": period.end.isoformat(),
            "issue_date": issued.isoformat(),
            "due_date": (issued + PAY_WITHIN).isoformat(),
            "energy_kwh": str(month.energy / _WATT_HOURS),
            "amount_minor": priced.total_minor,
            "state": "open" if back <= household.open_bills else "settled",
            "lines": [_told(line, currency) for line in priced.lines if line.amount],
        }


def days_of(household: Household, *, number: int, day: date, zone: ZoneInfo) -> DayUse:
    """What the meter of an account measured on one day, in its own intervals."""
    return day_use(
        household.shape,
        base_kwh=household.base_kwh,
        solar_kw=household.solar_kw,
        seed=number,
        day=day,
        minutes=minutes_of(household),
        zone=zone,
    )


def zone_of(household: Household) -> ZoneInfo:
    """The zone of a household's days: that of its tariff."""
    return ZoneInfo(str(tariff_of(household.tariff).document.time_zone))


def minutes_of(household: Household) -> int:
    """The length of the intervals in which a meter measures, whether it sends them or not."""
    return household.interval_minutes or (_DEMAND_MINUTES if household.contract_kw else 60)


@cache
def tariff_of(code: str) -> Tariff:
    """The demo tariff of a code."""
    return parse(next(each.document for each in (*tariffs.CNY, *tariffs.EUR) if each.code == code))


@cache
def _periods_of_day(code: str, day: date) -> tuple[str, ...]:
    return day_periods(tariff_of(code), day)


def _before(measured: Mapping[date, Measured], month: date) -> int:
    """What was taken since the year began."""
    return sum(measured[month.replace(month=each)].energy for each in range(1, month.month))


def _months_before(latest: date, back: int) -> Period:
    at = latest.year * 12 + latest.month - 1 - back
    return Period.month(at // 12, at % 12 + 1)


def _month(household: Household, number: int, period: Period) -> Measured:
    """What was measured, by the price periods of the tariff: each interval by the one in which it begins."""
    month, minutes, zone = Measured(), minutes_of(household), zone_of(household)
    for at in range((period.end - period.first).days):
        day = period.first + timedelta(days=at)
        use, periods = days_of(household, number=number, day=day, zone=zone), _periods_of_day(household.tariff, day)
        for place, energy in enumerate(use.taken):
            month.taken[periods[place * minutes // _QUARTER]] += energy
        month.given += sum(use.given)
        month.reactive += sum(use.reactive)
        month.demand = max(month.demand, max(use.taken) * 60 // minutes)
    return month


def _use(household: Household, period: Period, month: Measured, before: int) -> Use:
    return Use(
        month=period.first.month,
        kwh={name: energy / _WATT_HOURS for name, energy in month.taken.items()},
        kwh_before_in_cycle=before / _WATT_HOURS,
        days=(period.end - period.first).days,
        max_demand_kw=month.demand / _WATT_HOURS,
        kvarh=month.reactive / _WATT_HOURS,
        export_kwh=month.given / _WATT_HOURS,
        facts=Facts(
            persons=household.persons,
            contract_kw=None if household.contract_kw is None else Decimal(household.contract_kw),
            transformer_kva=None if household.transformer_kva is None else Decimal(household.transformer_kva),
        ),
    )


def _told(line: Line, currency: str) -> dict[str, object]:
    """A line as a file of bills has it: what is no plain price of a quantity has an amount alone."""
    told: dict[str, object] = {"code": _code(line.code), "amount_minor": round_minor(line.amount, currency)}
    if line.rate is None or line.unit not in {"kWh", "kW", "kVA", "month", "day"}:
        return told
    return {**told, "quantity": f"{line.quantity:f}", "unit": line.unit, "unit_price": f"{line.rate:f}"}


def _code(code: str) -> str:
    if code.startswith("energy_"):
        return f"energy.{code.removeprefix('energy_')}"
    if code.startswith("tier"):
        return f"energy.{code.removesuffix('_adder')}"
    return _CODES.get(code, code)
