"""The cost of the bill that is running: what has come together, by which lines, and what it will come to."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final, Self
from zoneinfo import ZoneInfo

from core.db import ReadSession
from core.money import Money, exponent
from core.periods import Period, business_date
from services.accounts.queries import AccountId
from services.accounts.queries.agreements import agreements
from services.tariffs.errors import UseInvalid
from services.tariffs.queries import Line, Priced, SlotSum, Use, price, versions
from services.usage.queries.days import (
    NO_PERIOD,
    ONE_DAY,
    Day,
    Known,
    days_of,
    demand_of,
    demands_of,
    known,
    whole_days,
)
from services.usage.queries.showing import series_by
from services.usage.queries.slot_days import SlotDay, SlotSpan, price_gaps, slot_days, slot_sum
from services.usage.queries.standing import Standing, held, position_of, price_by, standing, standing_by
from services.usage.queries.views import DayCost, Forecast, Of, PeriodCost, Present, RunningCost, RunningPart, Series
from services.usage.rules.forecasting import Guess, guess
from services.usage.rules.measures import kvarh_of, kwh_of

LOOK_BACK: Final = timedelta(days=800)
"""Days a forecast may stand on: two years, and the weeks before."""
FINEST_RATE: Final = Decimal("0.00000001")
SHARED: Final = ("surcharges",)


@dataclass(frozen=True, slots=True)
class _Run:
    """Days in a row on one version, from `first` up to `end`, whether they were read or not."""

    first: date
    end: date
    found: Standing
    days: list[Day]
    slots: list[SlotDay]

    @property
    def read(self) -> list[Day]:
        """Days of which something was measured."""
        return [day for day in self.days if day.measured_minutes]

    def through(self, day: date) -> Self:
        """The same as far as it was read through a day."""
        return replace(
            self,
            days=[each for each in self.days if each.day <= day],
            slots=[each for each in self.slots if each.day <= day],
        )

    def use(self, *, until: date, more: Mapping[str, int] | None = None) -> Use:
        """What the engine prices but the sum of its slots; `more` energy is expected on top."""
        sums: dict[str, int] = defaultdict(int)
        for energies in (*(day.by_period for day in self.days), more or {}):
            for name, energy in energies.items():
                sums[name] += energy
        month = Period.month(self.first.year, self.first.month)
        return Use(
            month=self.first.month,
            kwh={} if self.found.tariff.by_slot else {name: kwh_of(energy) for name, energy in sums.items() if energy},
            kwh_before_in_cycle=self.found.used_before,
            months_in_cycle=self.found.cycle.months,
            days=(min(until, self.end) - self.first).days,
            days_in_month=(month.end - month.first).days,
            max_demand_kw=demand_of(self.days),
            max_demand_by_period=demands_of(self.days, self.found.tariff.demand_periods),
            kvarh=kvarh_of(sum(day.reactive_energy for day in self.days), has_reactive=self.found.has_reactive),
            export_kwh=kwh_of(sum(day.export_energy for day in self.days)),
            facts=self.found.facts,
        )


def running_cost(session: ReadSession, *, account_id: int, today: date, zone: ZoneInfo) -> RunningCost | None:
    """The cost of the month that `today` lies in, from the readings that are there; None where no tariff is known.

    A change of tariff, version or holder within the month is a part of its own. Charges by the month stand in full from
    its first day, charges by the day up to the last day that was read. The forecast prices what is expected of the
    days to come on top of what was read, on the version that holds today; days that are missing are not made up.
    """
    found = known(session, account_id=account_id, zone=zone)
    return _cost(session, account_id, _running(session, account_id, today, found), found, zone)


def present(session: ReadSession, *, account_id: int, now: datetime, zone: ZoneInfo) -> Present:
    """What `running_cost`, `tier_position` and `price_now` tell of this moment, by one look at what is agreed."""
    found = known(session, account_id=account_id, zone=zone)
    running = _running(session, account_id, business_date(now, zone), found)
    return _present(session, account_id, running, found, now, zone)


def present_by_day(
    session: ReadSession, *, account_id: int, now: datetime, zone: ZoneInfo
) -> tuple[Present, list[DayCost], Series]:
    """The same, and by the same look at its days what `cost_by_day` and `series` tell of the month."""
    today, found = business_date(now, zone), known(session, account_id=account_id, zone=zone)
    running = _running(session, account_id, today, found)
    return (
        _present(session, account_id, running, found, now, zone),
        _by_day(running, found, zone),
        series_by(session, found, running.days, account_id=account_id, of=Of.MONTH, at=today, zone=zone),
    )


@dataclass(frozen=True, slots=True)
class _Running:
    """The month of a running bill, from the holder's first day in it: its days, and its versions."""

    first: date
    month: Period
    days: list[Day]
    runs: list[_Run]

    def until(self, known_until: date | None) -> date:
        """The day behind the last one that is priced; its first where nothing was read since."""
        if known_until is None or known_until < self.first:
            return self.first
        return min(known_until + ONE_DAY, self.month.end)


def _running(session: ReadSession, account_id: int, today: date, found: Known) -> _Running:
    month = Period.month(today.year, today.month)
    first = max(month.first, found.holder_since or month.first)
    days = days_of(session, account_id=account_id, first=first, end=month.end)
    return _Running(first, month, days, _runs(session, account_id, first, month.end, days))


def _present(
    session: ReadSession, account_id: int, running: _Running, found: Known, now: datetime, zone: ZoneInfo
) -> Present:
    today = business_date(now, zone)
    run = next((each.found for each in running.runs if each.first <= today < each.end), None)
    agreed = held(session, account_id=account_id, on=today) if run is None else run.held
    cost = _cost(session, account_id, running, found, zone)
    if agreed is None:
        return Present(cost, None, None)
    at = standing_by(session, agreed, account_id=account_id, on=today)
    return Present(
        running=cost,
        tiers=position_of(at, on=today, known_until=found.last_day(zone)),
        price=price_by(session, at, account_id=account_id, now=now, zone=zone),
    )


def _cost(session: ReadSession, account_id: int, running: _Running, found: Known, zone: ZoneInfo) -> RunningCost | None:
    first, month, days, runs = running.first, running.month, running.days, running.runs
    if not runs:
        return None
    last = found.last_day(zone)
    until = running.until(last)
    priced = [(run, _priced(run, until)) for run in runs if run.first < until]
    parts = [_part(run, each, until) for run, each in priced if each is not None]
    counted = [run for run, each in priced if each is not None]
    currency = parts[-1].total.currency if parts else runs[-1].found.tariff.currency
    sums: dict[str, Money] = {currency: Money.zero(currency)}
    for part in parts:
        sums[part.total.currency] = sums.get(part.total.currency, Money.zero(part.total.currency)) + part.total
    there = {day.day for run in counted for day in run.days}
    expected = (until - max(first, found.first or until)).days
    return RunningCost(
        first=first,
        end=month.end,
        known_until=last if until > first else None,
        kwh=kwh_of(sum(day.energy for day in days)),
        total=sums.pop(currency),
        in_other_currencies=tuple(sums.values()),
        parts=tuple(parts),
        by_period=_by_period((part for part in parts if part.total.currency == currency), currency),
        unpriced_days=sum(day.day not in there for day in days),
        missing_days=max(0, expected - sum(day.is_whole for day in days if day.day < until)),
        price_gaps=price_gaps((each for run in runs for each in run.slots), zone=zone),
        forecast=_forecast(session, account_id, runs, parts, until, month.end),
        changes_on=next((run.first for run in runs[1:] if run.first >= until), None),
    )


def cost_by_day(session: ReadSession, *, account_id: int, month: date, zone: ZoneInfo) -> list[DayCost]:
    """What each read day of a month cost: the rounded cost through it less the one through the day before.

    So the days add up to what `running_cost` tells, each currency by itself, also across a limit of a tier. What days
    that were not read cost anyhow is with the next of their part that was, else with the last; of a part without any,
    with the month's first. Days without a known tariff are left out, those of a tariff whose price of a day cannot be
    told, and all behind a day with an interval without its price.
    """
    found = known(session, account_id=account_id, zone=zone)
    return _by_day(_running(session, account_id, month, found), found, zone)


def _by_day(running: _Running, found: Known, zone: ZoneInfo) -> list[DayCost]:
    until = running.until(found.last_day(zone))
    runs = [run for run in running.runs if run.first < until]
    costs = [cost for run in runs for cost in _days_of_run(run, until)]
    if not costs:
        return []
    unread = [_priced(run, until) for run in runs if not run.read]
    first = costs[0].cost
    anyhow = (Money(each.total_minor, each.currency) for each in unread if each and each.currency == first.currency)
    return [replace(costs[0], cost=sum(anyhow, first)), *costs[1:]]


def _days_of_run(run: _Run, until: date) -> Iterator[DayCost]:
    """What its days cost, each the step from what those before it come to; up to one that cannot be priced."""
    reached = Money.zero(run.found.tariff.currency)
    read = run.read
    for day in read:
        is_last = day is read[-1]
        priced = _priced(run, until) if is_last else _priced(run.through(day.day), day.day + ONE_DAY)
        if priced is None:
            return
        total = Money(priced.total_minor, priced.currency)
        yield DayCost(day.day, kwh_of(day.energy), total - reached)
        reached = total


def _runs(session: ReadSession, account_id: int, first: date, end: date, days: Sequence[Day]) -> list[_Run]:
    """The versions that hold from one day up to another, each with its days."""
    runs: list[_Run] = []
    at = first
    while at < end:
        found = standing(session, account_id=account_id, on=at, before=at)
        if found is None:
            at = _next_start(session, account_id, at, end)
            continue
        until = min(found.holds_until or end, end)
        on_it = [day for day in days if at <= day.day < until and day.version_id == found.version.id]
        runs.append(_Run(at, until, found, on_it, _slots(session, account_id, found, at, until, on_it)))
        at = until
    return runs


def _next_start(session: ReadSession, account_id: int, behind: date, end: date) -> date:
    """The first day behind one without a version on which an agreement or a version begins, read or not."""
    signed = agreements(session, account_id=AccountId(account_id), since=behind)
    begun = [
        max(each.valid_from, version.valid_from)
        for each in signed
        for version in versions(session, code=each.tariff_code, period=Period(behind, end))
    ]
    return min((day for day in begun if behind < day < end), default=end)


def _slots(
    session: ReadSession, account_id: int, found: Standing, first: date, end: date, days: Sequence[Day]
) -> list[SlotDay]:
    if not found.tariff.by_slot:
        return []
    span = SlotSpan(found.version.id, found.version.tariff_code, first, end)
    known_days = {day.day for day in days}
    return [
        each
        for each in slot_days(session, account_ids=[account_id], spans=[span], of_holder=True)
        if each.day in known_days
    ]


def _slots_and_more(known_sum: SlotSum, expected: Mapping[str, int] | None) -> SlotSum:
    """What is expected on top costs what a kWh did so far, on the mean."""
    more = sum((expected or {}).values())
    if not more or not known_sum.kwh:
        return known_sum
    kwh = kwh_of(more)
    mean = (known_sum.cost_minor / known_sum.kwh).quantize(FINEST_RATE)
    return known_sum + SlotSum(kwh, kwh * mean, 0)


def _priced(run: _Run, until: date, more: Mapping[str, int] | None = None) -> Priced | None:
    use = run.use(until=until, more=more)
    try:
        if run.found.tariff.by_slot:
            known_sum = slot_sum(run.slots, energy=sum(day.energy for day in run.days))
            use = replace(use, slot_sum=_slots_and_more(known_sum, more))
        return price(run.found.tariff, use)
    except UseInvalid:
        return None


def _part(run: _Run, priced: Priced, until: date) -> RunningPart:
    return RunningPart(
        tariff_code=run.found.version.tariff_code,
        version_no=run.found.version.version_no,
        first=run.first,
        end=min(run.end, until),
        lines=priced.lines,
        total=Money(priced.total_minor, priced.currency),
    )


def _by_period(parts: Iterable[RunningPart], currency: str) -> tuple[PeriodCost, ...]:
    """Each period's own line, and its share by kWh of tiers, adders and what is charged on every kWh.

    Sums are rounded, and each period is the step from one to the next: so they add up.
    """
    costs: dict[str, Fraction] = defaultdict(Fraction)
    kwh: dict[str, Decimal] = defaultdict(Decimal)
    for part in parts:
        own = {str(line.reason.facts["period"]): line for line in part.lines if line.reason.code == "period"}
        used = {name: line.quantity for name, line in own.items()} or _of_one(part.lines)
        whole = sum(used.values(), Decimal(0))
        shared = [line for line in part.lines if line.group in {"energy", *SHARED} and line not in own.values()]
        for name, quantity in used.items():
            kwh[name] += quantity
            costs[name] += Fraction(own[name].amount) if name in own else Fraction(0)
            if whole:
                share = Fraction(quantity) / Fraction(whole)
                costs[name] += sum((Fraction(line.amount) for line in shared), Fraction(0)) * share
    given, reached, found = 0, Fraction(0), []
    for name in sorted(costs):
        reached += costs[name]
        upto = round(reached * 10 ** exponent(currency))
        found.append(PeriodCost(name, kwh[name], Money(upto - given, currency)))
        given = upto
    return tuple(found)


def _of_one(lines: Sequence[Line]) -> dict[str, Decimal]:
    """The kWh of a tariff that is priced per tier, in the one period of its month; or of one by intervals."""
    slots = [line for line in lines if line.reason.code == "slots"]
    if slots:
        return {NO_PERIOD: slots[0].quantity}
    tiers = [line for line in lines if line.reason.code == "tier"]
    return {str(tiers[0].reason.facts["period"]): sum((line.quantity for line in tiers), Decimal(0))} if tiers else {}


def _forecast(
    session: ReadSession,
    account_id: int,
    runs: Sequence[_Run],
    parts: Sequence[RunningPart],
    until: date,
    end: date,
) -> Forecast | None:
    run = runs[-1]
    if until >= end or until < run.first or len(parts) != len(runs):
        return None
    past = whole_days(session, account_id=account_id, first=until - LOOK_BACK, end=until)
    expected = guess(past, begin=until, end=end)
    if expected is None or not set(expected.energies) <= set(run.found.tariff.periods):
        return None
    currency = run.found.tariff.currency
    before = sum((part.total for part in parts[:-1] if part.total.currency == currency), Money.zero(currency))
    totals = [_with_more(run, expected, factor, end) for factor in (expected.low, Fraction(1), expected.high)]
    if any(total is None for total in totals):
        return None
    low, middle, high = (before + total for total in totals if total is not None)
    known_kwh = sum(day.energy for each in runs for day in each.days)
    return Forecast(
        low=min(low, middle),
        middle=middle,
        high=max(high, middle, key=lambda money: money.minor),
        kwh=kwh_of(known_kwh + sum(expected.energies.values())),
        days_seen=expected.days,
        is_wide=expected.is_wide,
    )


def _with_more(run: _Run, expected: Guess, factor: Fraction, end: date) -> Money | None:
    more = {name: round(energy * factor) for name, energy in expected.energies.items()}
    with localcontext():
        priced = _priced(run, end, more)
    return None if priced is None else Money(priced.total_minor, priced.currency)
