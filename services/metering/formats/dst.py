"""A zone as Green Button tells it: an offset, and two rules of 32 bits for when clocks change (DstRuleType)."""

import calendar
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

NONE: Final = "FFFFFFFF"
"""Clocks do not change."""

YEARS: Final = 10
"""A rule is one that held in as many years around the one that is told of; or else the day of that year alone."""

ON_DAY, FIRST_WEEKDAY, LAST_WEEKDAY, ON_OR_AFTER = 0, 2, 7, 1
DAYS_OF_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class LocalTime:
    """Offsets in seconds, rules as eight hexadecimal digits."""

    tz_offset: int
    dst_offset: int
    start_rule: str
    end_rule: str


@dataclass(frozen=True, slots=True)
class _Change:
    """When clocks changed, as they showed until then."""

    at: datetime
    before: timedelta
    after: timedelta


@cache
def local_time(zone: ZoneInfo, year: int) -> LocalTime:
    """How clocks go in a zone in one year. The smaller of two offsets is that of the zone, even where law says else."""
    changes = _changes(zone, year)
    starts = [change for change in changes if change.after > change.before]
    ends = [change for change in changes if change.after < change.before]
    if len(starts) != 1 or len(ends) != 1:
        now = datetime(year, 12, 31, 12, tzinfo=zone).utcoffset() or timedelta()
        return LocalTime(_seconds(now), 0, NONE, NONE)
    start, end = starts[0], ends[0]
    return LocalTime(
        tz_offset=_seconds(start.before),
        dst_offset=_seconds(start.after - start.before),
        start_rule=_rule(zone, start, lambda change: change.after > change.before),
        end_rule=_rule(zone, end, lambda change: change.after < change.before),
    )


def _seconds(offset: timedelta) -> int:
    return offset // timedelta(seconds=1)


def _changes(zone: ZoneInfo, year: int) -> list[_Change]:
    """Changes of a year, to the second: found by day, then by halves."""
    found = []
    day = datetime(year, 1, 1, tzinfo=UTC)
    while day.year == year:
        following = day + timedelta(days=1)
        if _offset(zone, day) != _offset(zone, following):
            low, high = day, following
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                low, high = (middle, high) if _offset(zone, middle) == _offset(zone, day) else (low, middle)
            found.append(
                _Change((high + _offset(zone, day)).replace(tzinfo=None), _offset(zone, day), _offset(zone, high))
            )
        day = following
    return found


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _rule(zone: ZoneInfo, change: _Change, is_such: Callable[[_Change], bool]) -> str:
    """The first way to tell the day that holds in all years around."""
    around = range(change.at.year - YEARS // 2, change.at.year + YEARS // 2 + 1)
    alike = [
        other.at.date()
        for year in around
        for other in _changes(zone, year)
        if is_such(other) and other.at.month == change.at.month and other.at.time() == change.at.time()
    ]
    telling = _telling(alike) if len(alike) == len(around) else None
    operator, day_of_week, day_of_month = telling or (ON_DAY, 0, change.at.day)
    at = change.at
    bits = at.month << 28 | operator << 25 | day_of_month << 20 | day_of_week << 17 | at.hour << 12
    return f"{bits | at.minute * 60 + at.second:08X}"


def _telling(days: Sequence[date]) -> tuple[int, int, int] | None:
    """Operator, day of the week and day of the month that name each of these days of one month in its year."""
    weekdays = {day.isoweekday() for day in days}
    if len(weekdays) > 1:
        return None
    weekday = weekdays.pop()
    if all(day.day + DAYS_OF_WEEK > calendar.monthrange(day.year, day.month)[1] for day in days):
        return LAST_WEEKDAY, weekday, 0
    weeks = {(day.day - 1) // DAYS_OF_WEEK for day in days}
    if len(weeks) == 1:
        return FIRST_WEEKDAY + weeks.pop(), weekday, 0
    first = min(day.day for day in days)
    return (ON_OR_AFTER, weekday, first) if all(day.day < first + DAYS_OF_WEEK for day in days) else None
