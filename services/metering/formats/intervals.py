"""What all formats share: numbers as energies, and intervals of other lengths as those that are kept."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from core.records import Reject, Unreadable
from services.metering.measures import Channel, IntervalRow, Quality

NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][+-]?[0-9]{1,2})?")
_TOO_LONG: Final = re.compile(r"[+-]?0*[1-9][0-9]{18,}(?:\.[0-9]*)?")
MOST: Final = 10**18
"""Energies from here on are no energies of an interval and would not fit where they are kept."""

KNOWN: Final = 1 << 14
"""So many texts are not read anew: meters count in whole Wh, or tenths of one."""
FINE: Final = 5
QUARTER: Final = 15
HOUR: Final = 60
DAYS: Final = frozenset(HOUR * each for each in (23, 24, 25))
_DOUBT: Final = {Quality.ACTUAL: 0, Quality.SUBSTITUTED: 1, Quality.ESTIMATED: 2, Quality.MISSING: 3}


class Run(NamedTuple):
    """Intervals of one record that stand behind one another; `letters` are their qualities, the rest as in a row."""

    no: int
    meter_no: str
    channel: Channel
    start: datetime
    minutes: int
    energies: Sequence[int | None]
    letters: str


def apart(runs: Iterator[Run | Reject]) -> Iterator[IntervalRow | Reject]:
    """The intervals of runs one by one."""
    for run in runs:
        if isinstance(run, Reject):
            yield run
            continue
        length = timedelta(minutes=run.minutes)
        for place, (energy_, letter) in enumerate(zip(run.energies, run.letters, strict=True)):
            yield IntervalRow(
                run.no, run.meter_no, run.channel, run.start + place * length, run.minutes, energy_, Quality(letter)
            )


def energy(text: str, shift: int, *, field: str) -> int:
    """A number in units of 10**`shift` millionths as a whole number of these, half of one rounded up.

    Meters count no finer, but programs write 0.30000000000000004. Raises Unreadable.
    """
    return _energy(text, shift, field)


@lru_cache(maxsize=KNOWN)
def _energy(text: str, shift: int, field: str) -> int:
    if not NUMBER.fullmatch(text):
        raise Unreadable(field, "is more than a meter can count" if _TOO_LONG.fullmatch(text) else "is not a number")
    units = Decimal(text).scaleb(shift)
    if abs(units) >= MOST:
        raise Unreadable(field, "is more than a meter can count")
    return int(units.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def worst(qualities: Sequence[Quality]) -> Quality:
    """The least certain of them."""
    return max(qualities, key=_DOUBT.__getitem__)


def quarters(rows: Iterator[IntervalRow | Reject], *, is_wanted: bool) -> Iterator[IntervalRow | Reject]:
    """Intervals of five minutes summed to quarters, where that is wanted, or else refused; all others as they are.

    A quarter of which a part is missing is missing; otherwise it has the quality of its least certain part.
    """
    held: list[IntervalRow] = []
    for row in rows:
        if isinstance(row, Reject):
            yield row
        elif row.minutes != FINE:
            yield from _summed(held)
            held = []
            yield row
        elif not is_wanted:
            yield Reject(row.no, "minutes", "is 5: say that it is to be summed to 15")
        else:
            if held and _quarter(held[0]) != _quarter(row):
                yield from _summed(held)
                held = []
            held.append(row)
    yield from _summed(held)


def _quarter(row: IntervalRow) -> tuple[str, str, int]:
    return row.meter_no, row.channel, int(row.start.timestamp()) // (QUARTER * 60)


def _summed(held: Sequence[IntervalRow]) -> Iterator[IntervalRow]:
    if not held:
        return
    starts = {row.start for row in held}
    energies = [row.energy for row in held if row.energy is not None]
    is_whole = len(held) == len(starts) == len(energies) == QUARTER // FINE
    first = min(held, key=lambda row: row.start)
    yield IntervalRow(
        no=first.no,
        meter_no=first.meter_no,
        channel=first.channel,
        start=first.start - timedelta(seconds=int(first.start.timestamp()) % (QUARTER * 60)),
        minutes=QUARTER,
        energy=sum(energies) if is_whole else None,
        quality=worst([row.quality for row in held]) if is_whole else Quality.MISSING,
    )


def hours(rows: Iterator[IntervalRow | Reject]) -> Iterator[IntervalRow | Reject]:
    """Readings of a whole day as its 23, 24 or 25 hours, all others as they are.

    The energy of the day stays as it was read, to the last millionth; how it lay over the hours nobody knows, so that
    each of them is estimated.
    """
    for row in rows:
        if isinstance(row, Reject) or row.minutes not in DAYS:
            yield row
            continue
        count = row.minutes // HOUR
        for place in range(count):
            before, until = (None if row.energy is None else row.energy * each // count for each in (place, place + 1))
            yield IntervalRow(
                no=row.no,
                meter_no=row.meter_no,
                channel=row.channel,
                start=row.start + timedelta(minutes=HOUR * place),
                minutes=HOUR,
                energy=None if before is None or until is None else until - before,
                quality=worst([row.quality, Quality.ESTIMATED]),
            )
