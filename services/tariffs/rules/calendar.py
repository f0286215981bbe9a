"""Which price period holds when: windows by months, classes of days, named holidays and hot days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from core.periods import start_of
from services.tariffs.rules.document import MIDNIGHT, QUARTER, DayClass, Window
from services.tariffs.rules.tariff import Tariff

SATURDAY: Final = 5
QUARTERS: Final = MIDNIGHT // QUARTER


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What is known of a day besides its date.

    `holidays`: names of the public holidays that it is part of. `max_c`: the highest temperature by place, as far as
    it is known: a window that waits for a hot day does not hold before.
    """

    holidays: frozenset[str] = frozenset()
    is_working_weekend: bool = False
    max_c: Mapping[str, Decimal] = field(default_factory=dict)


PLAIN_DAY: Final = DayFacts()


def day_class(day: date, facts: DayFacts = PLAIN_DAY) -> DayClass:
    """A holiday comes before a weekend, and a weekend that is worked is a workday."""
    if facts.holidays:
        return "holiday"
    return "weekend" if day.weekday() >= SATURDAY and not facts.is_working_weekend else "workday"


def period_of(tariff: Tariff, start: datetime, facts: DayFacts = PLAIN_DAY) -> str:
    """The price period of an interval that starts at this local time.

    The first window that matches, by priority and then by its place in the document; else the default period.
    """
    return _period(tariff.windows, tariff.default_period, start, facts)


def demand_period_of(tariff: Tariff, start: datetime, facts: DayFacts = PLAIN_DAY) -> str | None:
    """The same for charges on demand; None where they know no periods."""
    named = tariff.document.demand_periods
    return None if named is None else _period(tariff.demand_windows, named.default_period, start, facts)


def day_periods(
    tariff: Tariff, day: date, facts: DayFacts = PLAIN_DAY, *, zone: ZoneInfo | None = None
) -> tuple[str, ...]:
    """The period of each quarter-hour that passes in a local day: 96, or 92 and 100 when clocks are moved.

    `zone`: whose day it is, the tariff's own when absent.
    """
    return _day_periods(tariff.windows, tariff.default_period, day, facts, zone or tariff.zone)


def day_demand_periods(
    tariff: Tariff, day: date, facts: DayFacts = PLAIN_DAY, *, zone: ZoneInfo | None = None
) -> tuple[str, ...] | None:
    """The same for charges on demand; None where they know no periods."""
    named = tariff.document.demand_periods
    if named is None:
        return None
    return _day_periods(tariff.demand_windows, named.default_period, day, facts, zone or tariff.zone)


def _day_periods(
    windows: Sequence[Window], default: str | None, day: date, facts: DayFacts, zone: ZoneInfo | None
) -> tuple[str, ...]:
    held = [window for window in windows if _holds(window, day, facts)]
    clock = [default or ""] * QUARTERS
    for window in reversed(held):
        first, end = window.from_ // QUARTER, window.to // QUARTER
        clock[first:end] = [window.period] * (end - first)
    if zone is None:
        return tuple(clock)
    begin, end_of = start_of(day, zone), start_of(day + timedelta(days=1), zone)
    count = (end_of - begin) // timedelta(minutes=QUARTER)
    if count == QUARTERS and begin.astimezone(zone).utcoffset() == end_of.astimezone(zone).utcoffset():
        return tuple(clock)
    moments = ((begin + timedelta(minutes=QUARTER * at)).astimezone(zone) for at in range(count))
    return tuple(clock[(moment.hour * 60 + moment.minute) // QUARTER] for moment in moments)


def spans(periods: Sequence[str]) -> list[tuple[int, int, str]]:
    """Quarter-hours of a day put together: (first, end, period), for whoever draws or tells the day."""
    found: list[tuple[int, int, str]] = []
    for at, period in enumerate(periods):
        if found and found[-1][2] == period:
            found[-1] = (found[-1][0], at + 1, period)
        else:
            found.append((at, at + 1, period))
    return found


def _period(windows: Sequence[Window], default: str | None, start: datetime, facts: DayFacts) -> str:
    minute, day = start.hour * 60 + start.minute, start.date()
    for window in windows:
        if window.from_ <= minute < window.to and _holds(window, day, facts):
            return window.period
    return default or ""


def _holds(window: Window, day: date, facts: DayFacts) -> bool:
    if window.months is not None and day.month not in window.months:
        return False
    if window.days is not None and day_class(day, facts) not in window.days:
        return False
    if window.holidays is not None and facts.holidays.isdisjoint(window.holidays):
        return False
    if window.temperature is not None:
        reached = facts.max_c.get(window.temperature.place)
        return reached is not None and reached >= window.temperature.at_least_c
    return True
