"""What is written to customers' files: readings of a span of days as plain values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from core.periods import start_of
from services.metering.measures import Channel, Quality

LONGEST_END: Final = 4
LEFT_OUT: Final = 4


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a series: element k begins k intervals after local midnight and has the k-th letter of `qualities`."""

    day: date
    energies: Sequence[int | None]
    qualities: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Series:
    """One channel of one meter. `key` stays when anything else changes, and is told to nobody as it is.

    `meter_key` is the meter's own, and not made of its number: whoever has a name that was made of a number tries them
    all until one fits.
    """

    key: str
    meter_no: str
    channel: Channel
    minutes: int
    days: Sequence[Day]
    meter_key: str


@dataclass(frozen=True, slots=True)
class Interval:
    """One element of a day; `energy` is None when it is missing."""

    start: datetime
    energy: int | None
    quality: Quality


def intervals(series: Series, day: Day, zone: ZoneInfo) -> Iterator[Interval]:
    """The elements of a day with their moments, in UTC."""
    midnight = start_of(day.day, zone)
    length = timedelta(minutes=series.minutes)
    for place, (energy, letter) in enumerate(zip(day.energies, day.qualities, strict=True)):
        yield Interval(midnight + place * length, energy, Quality.MISSING if energy is None else Quality(letter))


def shown(meter_no: str) -> str:
    """A meter number as customers see it: its end, four or more left out. All of it proves whose an account is."""
    known = min(len(meter_no) - LEFT_OUT, LONGEST_END)
    return f"…{meter_no[-known:]}" if known > 0 else "…"
