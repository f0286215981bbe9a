"""What the rest of a bill's days will use, and how wrong such a guess was before. Whole numbers and fractions alone.

The guess of a day is the mean of the known whole days of the last four weeks that are of its kind (weekday or
weekend; all of them where there is none of its kind). Where the same days of the last year are known, the guess is the
mean of that and of what those days used, scaled by how the weeks before them compare with now. How wrong it usually is
is found by guessing past months from the same point, and comparing with what they used.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

WEEKS: Final = timedelta(days=28)
LEAST_DAYS: Final = 7
"""Fewer whole days say nothing about a month."""
LEAST_TRIES: Final = 4
MOST_TRIES: Final = 12
USUAL: Final = (Fraction(7, 10), Fraction(13, 10))
"""The range where too few months are known to have found one."""
LOW, HIGH = Fraction(1, 10), Fraction(9, 10)
SATURDAY: Final = 5
YEAR: Final = timedelta(days=364)
"""A year of whole weeks: weekdays meet weekdays."""

Uses = Mapping[date, Mapping[str, int]]
"""Energy of whole days by period."""


@dataclass(frozen=True, slots=True)
class Guess:
    """Energy by period of the days to come; `low` and `high` are factors of it. `days`: what it stands on."""

    energies: Mapping[str, int]
    low: Fraction
    high: Fraction
    days: int
    is_wide: bool


def guess(uses: Uses, *, begin: date, end: date) -> Guess | None:
    """The use of the days from `begin` up to `end`, from what is known before `begin`; None when too little is."""
    energies, seen = _rest(uses, begin, end)
    if energies is None:
        return None
    errors = sorted(_errors(uses, begin, end))
    is_wide = len(errors) < LEAST_TRIES
    low, high = (
        USUAL if is_wide else (min(_quantile(errors, LOW), Fraction(1)), max(_quantile(errors, HIGH), Fraction(1)))
    )
    return Guess(energies, low, high, seen, is_wide)


def _rest(uses: Uses, begin: date, end: date) -> tuple[Mapping[str, int] | None, int]:
    recent = [day for day in (begin - timedelta(days=back) for back in range(1, WEEKS.days + 1)) if day in uses]
    if len(recent) < LEAST_DAYS:
        return None, len(recent)
    names = sorted({name for day in recent for name in uses[day]})
    kinds = {kind: [day for day in recent if _is_weekend(day) is kind] or recent for kind in (True, False)}
    means = {
        kind: {name: Fraction(sum(uses[day].get(name, 0) for day in days), len(days)) for name in names}
        for kind, days in kinds.items()
    }
    coming = [begin + timedelta(days=n) for n in range((end - begin).days)]
    counts = Counter(map(_is_weekend, coming))
    rest = {name: sum((means[kind][name] * counts[kind] for kind in kinds), Fraction(0)) for name in names}
    factor = _season(uses, recent, coming, sum(rest.values(), Fraction(0)))
    return {name: round(energy * factor) for name, energy in rest.items()}, len(recent)


def _season(uses: Uses, recent: Sequence[date], coming: Sequence[date], plain: Fraction) -> Fraction:
    """By how much the days to come are expected to differ from the last weeks, by what the last year did."""
    then = [day - YEAR for day in coming]
    before = [day for day in recent if day - YEAR in uses]
    if not plain or not then or len(before) < LEAST_DAYS or any(day not in uses for day in then):
        return Fraction(1)
    now, was = (sum(sum(uses[day - back].values()) for day in before) for back in (timedelta(0), YEAR))
    if not was:
        return Fraction(1)
    scaled = Fraction(sum(sum(uses[day].values()) for day in then) * now, was)
    return (1 + scaled / plain) / 2


def _errors(uses: Uses, begin: date, end: date) -> list[Fraction]:
    """What past months used, over what would have been guessed from the same point of them."""
    length, errors = end - begin, []
    for back in range(1, MOST_TRIES + 1):
        start = _months_before(begin, back)
        days = [start + timedelta(days=n) for n in range(length.days)]
        if not days or any(day not in uses for day in days):
            continue
        guessed, _ = _rest(uses, start, start + length)
        total = sum((guessed or {}).values())
        if total:
            errors.append(Fraction(sum(sum(uses[day].values()) for day in days), total))
    return errors


def _months_before(day: date, months: int) -> date:
    at = day.year * 12 + day.month - 1 - months
    return date(at // 12, at % 12 + 1, min(day.day, 28))


def _quantile(ordered: Sequence[Fraction], share: Fraction) -> Fraction:
    """The value at a share of the way through, between neighbours in proportion."""
    place = share * (len(ordered) - 1)
    at = int(place)
    after = min(at + 1, len(ordered) - 1)
    return ordered[at] + (ordered[after] - ordered[at]) * (place - at)


def _is_weekend(day: date) -> bool:
    return day.weekday() >= SATURDAY
