"""How missing readings are estimated: by their neighbours, by the weeks before, by the year before. Pure.

What was estimated is never a source of other estimates: only what was measured, or put in by whoever sends readings.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from statistics import median_low
from typing import Final
from zoneinfo import ZoneInfo

from core.periods import start_of

Known = Mapping[date, tuple[list[int | None], str]]
"""Energies and qualities of days of a series."""

WEEKS: Final = 4
LEAST_WEEKS: Final = 2
"""Of so many weeks at least one value each must be there."""
YEAR: Final = timedelta(days=364)
"""The same weekday a year before."""
LEAST_DAYS: Final = 7
_SOURCES: Final = "as"


@dataclass(frozen=True, slots=True)
class Estimate:
    """Elements of a day from `first` on, and the rule that made them: `linear`, `weeks` or `year`."""

    first: int
    energies: list[int]
    rule: str


def sources_of(day: date) -> list[tuple[date, date]]:
    """Which days are needed for a day's estimates: pairs of a first and an end."""
    weeks = timedelta(weeks=WEEKS)
    return [(day - weeks, day + timedelta(days=2)), (day - YEAR - weeks, day - YEAR + timedelta(days=1))]


def estimates(day: date, known: Known, *, minutes: int, zone: ZoneInfo, linear_minutes: int) -> list[Estimate]:
    """What can be said of the missing elements of a day; of those that no rule reaches nothing is said."""
    labels = _labels(day, zone, minutes)
    energies, qualities = known.get(day, ([], ""))
    missing = [place for place in range(len(labels)) if place >= len(energies) or qualities[place] == "m"]
    made: list[Estimate] = []
    for first, count in _runs(missing):
        linear = _linear(day, known, first=first, count=count, of=len(labels), most=linear_minutes // minutes)
        if linear is not None:
            made.append(Estimate(first, linear, "linear"))
            continue
        for place in range(first, first + count):
            value, rule = _by_weeks(day, known, labels[place], zone, minutes), "weeks"
            if value is None:
                value, rule = _by_year(day, known, labels[place], zone, minutes), "year"
            if value is not None:
                _append(made, place, value, rule)
    return made


def _append(made: list[Estimate], place: int, value: int, rule: str) -> None:
    if made and made[-1].rule == rule and made[-1].first + len(made[-1].energies) == place:
        made[-1].energies.append(value)
    else:
        made.append(Estimate(place, [value], rule))


def _runs(places: list[int]) -> Iterator[tuple[int, int]]:
    first = 0
    for index, place in enumerate(places):
        if index + 1 == len(places) or places[index + 1] != place + 1:
            yield places[first], place - places[first] + 1
            first = index + 1


def _linear(day: date, known: Known, *, first: int, count: int, of: int, most: int) -> list[int] | None:
    """On a straight line between the values before and behind, also across midnight, if no more than `most` miss."""
    before, earlier = _value(known, day, first - 1), 0
    if first == 0:
        before, earlier = _neighbour(day - timedelta(days=1), known, is_before=True, most=most)
    behind, later = _value(known, day, first + count), 0
    if first + count == of:
        behind, later = _neighbour(day + timedelta(days=1), known, is_before=False, most=most)
    length = earlier + count + later
    if before is None or behind is None or length > most:
        return None
    steps = length + 1
    return [
        (before * (steps - place) + behind * place + steps // 2) // steps
        for place in range(earlier + 1, earlier + count + 1)
    ]


def _neighbour(day: date, known: Known, *, is_before: bool, most: int) -> tuple[int | None, int]:
    """The nearest value of the day before or behind, and how many elements miss up to it."""
    energies, qualities = known.get(day, ([], ""))
    places = reversed(range(len(energies))) if is_before else iter(range(len(energies)))
    for missed, place in enumerate(places):
        if qualities[place] != "m":
            return (energies[place] if qualities[place] in _SOURCES else None), missed
        if missed >= most:
            break
    return None, 0


def _value(known: Known, day: date, place: int) -> int | None:
    energies, qualities = known.get(day, ([], ""))
    if 0 <= place < len(energies) and qualities[place] in _SOURCES:
        return energies[place]
    return None


def _by_weeks(day: date, known: Known, label: time, zone: ZoneInfo, minutes: int) -> int | None:
    """The median of the same hour of the same weekday."""
    found = [
        value
        for week in range(1, WEEKS + 1)
        if (value := _at(known, day - timedelta(weeks=week), label, zone, minutes)) is not None
    ]
    return median_low(found) if len(found) >= LEAST_WEEKS else None


def _by_year(day: date, known: Known, label: time, zone: ZoneInfo, minutes: int) -> int | None:
    """The same hour a year before, scaled by what the weeks before came to then and now."""
    then = _at(known, day - YEAR, label, zone, minutes)
    before = [day - timedelta(days=number) for number in range(1, 7 * WEEKS + 1)]
    sums = [(_sum(known, each), _sum(known, each - YEAR)) for each in before]
    pairs = [(now, past) for now, past in sums if now is not None and past is not None]
    now, past = sum(each for each, _ in pairs), sum(each for _, each in pairs)
    if then is None or len(pairs) < LEAST_DAYS or past <= 0:
        return None
    return (then * now + past // 2) // past


def _sum(known: Known, day: date) -> int | None:
    energies, qualities = known.get(day, ([], ""))
    whole = [each for each, said in zip(energies, qualities, strict=True) if said in _SOURCES and each is not None]
    return sum(whole) if whole and len(whole) == len(energies) else None


def _at(known: Known, day: date, label: time, zone: ZoneInfo, minutes: int) -> int | None:
    """The value at a time of the clock, the first of two; None where the clock does not show it."""
    labels = _labels(day, zone, minutes)
    return _value(known, day, labels.index(label)) if label in labels else None


@lru_cache(maxsize=1024)
def _labels(day: date, zone: ZoneInfo, minutes: int) -> tuple[time, ...]:
    """What the clock shows at the beginning of each element of a day."""
    begins, ends = start_of(day, zone), start_of(day + timedelta(days=1), zone)
    count = (ends - begins) // timedelta(minutes=minutes)
    moments = (begins + place * timedelta(minutes=minutes) for place in range(count))
    return tuple(each.astimezone(zone).time() for each in moments)


def place_of(start: datetime, *, zone: ZoneInfo, minutes: int) -> tuple[date, int, int]:
    """The day of an interval, its element, and how many elements the day has."""
    day = start.astimezone(zone).date()
    elapsed = start.astimezone(UTC) - start_of(day, zone)
    return day, elapsed // timedelta(minutes=minutes), len(_labels(day, zone, minutes))


def elements_of(day: date, *, zone: ZoneInfo, minutes: int) -> int:
    """How many elements a day has."""
    return len(_labels(day, zone, minutes))
