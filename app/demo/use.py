"""How the demo's people use electricity: the energy of every interval, the same on every machine for the same day.

All energies are in watt-hours (reactive ones in var-hours), so that an interval is exact in kWh with three decimals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from core.periods import start_of


class Shape(StrEnum):
    """What the day of an account looks like."""

    HOME = "home"
    CAR = "car"
    RESTAURANT = "restaurant"
    SHOP = "shop"
    FACTORY = "factory"
    IRRIGATION = "irrigation"
    PONDS = "ponds"


@dataclass(frozen=True)
class DayUse:
    """What the meter of one account measured in the intervals of one day, in elapsed time since midnight."""

    taken: tuple[int, ...]
    given: tuple[int, ...]
    reactive: tuple[int, ...]


SEASONS: Final = (118, 112, 92, 84, 88, 112, 146, 150, 118, 86, 88, 108)
"""Use by calendar month in percent of the base: heating in winter, cooling in summer."""
FIELDS: Final = (83, 87, 96, 110, 128, 135, 140, 132, 104, 80, 66, 60)
"""The same for irrigation and ponds."""
WORKS: Final = (96, 70, 102, 104, 104, 106, 110, 108, 104, 92, 103, 101)
"""The same for a factory, which stands still in the spring festival."""
SUN: Final = (0, 0, 0, 0, 0, 0, 1, 3, 5, 7, 9, 10, 10, 9, 8, 6, 4, 2, 0, 0, 0, 0, 0, 0)
"""What panels give by hour, in tenths of their peak on the best day."""
SUN_BY_MONTH: Final = (45, 55, 68, 80, 90, 92, 95, 92, 78, 65, 50, 42)

_WORKDAYS: Final[Mapping[Shape, tuple[int, ...]]] = {
    Shape.HOME: (22, 18, 16, 15, 16, 22, 40, 58, 46, 30, 28, 32, 44, 36, 28, 28, 34, 52, 78, 92, 90, 78, 56, 34),
    Shape.CAR: (150, 150, 140, 120, 80, 30, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6, 8, 10, 24, 90, 140),
    Shape.RESTAURANT: (14, 12, 12, 12, 12, 14, 24, 34, 36, 46, 72, 94, 92, 60, 36, 34, 48, 82, 96, 92, 72, 46, 24, 16),
    Shape.SHOP: (10, 10, 10, 10, 10, 10, 12, 18, 40, 78, 84, 84, 82, 84, 84, 82, 80, 80, 78, 72, 50, 14, 10, 10),
    Shape.FACTORY: (30, 30, 30, 30, 31, 34, 40, 50, 54, 55, 54, 50, 44, 52, 54, 54, 52, 46, 42, 42, 41, 38, 33, 31),
    Shape.IRRIGATION: (70, 70, 72, 74, 70, 60, 44, 24, 16, 12, 10, 10, 10, 10, 12, 14, 18, 26, 40, 56, 66, 70, 72, 72),
    Shape.PONDS: (66, 68, 70, 70, 66, 54, 40, 30, 26, 26, 28, 32, 36, 36, 34, 30, 28, 28, 32, 40, 48, 56, 60, 64),
}
_REST_DAYS: Final[Mapping[Shape, tuple[int, ...]]] = {
    **_WORKDAYS,
    Shape.HOME: (28, 22, 18, 16, 16, 18, 24, 38, 52, 58, 58, 66, 76, 64, 52, 50, 54, 66, 84, 94, 92, 84, 66, 44),
    Shape.SHOP: (10, 10, 10, 10, 10, 10, 10, 12, 18, 52, 82, 92, 92, 94, 96, 94, 90, 84, 80, 60, 26, 12, 10, 10),
    Shape.FACTORY: (28, 28, 28, 28, 28, 28, 28, 30, 32, 33, 33, 32, 30, 31, 32, 32, 31, 30, 29, 29, 28, 28, 28, 28),
}
_RESTLESS: Final[Mapping[Shape, int]] = {Shape.HOME: 45, Shape.CAR: 20, Shape.FACTORY: 7}
"""By how many percent an interval strays from the shape; 15 where nothing is said."""
_AS_MUCH: Final = 1_000_000
"""Weights are per million of a workday, whatever their table sums up to."""


def day_use(
    shape: Shape, *, base_kwh: int, solar_kw: int, seed: int, day: date, minutes: int, zone: ZoneInfo
) -> DayUse:
    """The intervals of one day of an account that takes `base_kwh` in a usual month.

    `solar_kw` is the peak of its panels: what they give beyond what is used goes back.
    """
    is_rest = day.weekday() >= 5  # noqa: PLR2004 -- Saturday and Sunday
    weights = _shares(shape, is_rest=is_rest)
    seasons = {Shape.IRRIGATION: FIELDS, Shape.PONDS: FIELDS, Shape.FACTORY: WORKS}.get(shape, SEASONS)
    usual = base_kwh * 1000 * seasons[day.month - 1] * (92 + _chance(seed, day.toordinal(), 17)) // (100 * 100) * 12
    restless = _RESTLESS.get(shape, 15)
    sky = solar_kw * SUN_BY_MONTH[day.month - 1] * (25 + _chance(seed, day.toordinal(), 7, 76))
    taken: list[int] = []
    given: list[int] = []
    for at, hour in enumerate(_hours(day, minutes, zone)):
        strays = 100 - restless + _chance(seed, day.toordinal(), at, 2 * restless + 1)
        used = usual * weights[hour] * minutes * strays // (365 * 60 * 100 * _AS_MUCH)
        sun = sky * SUN[hour] * minutes // (60 * 100) if solar_kw else 0
        taken.append(max(used - sun, 0))
        given.append(max(sun - used, 0))
    reactive = tuple(
        energy * (38 + _chance(seed, day.toordinal(), at, 9)) // 100 if shape is Shape.FACTORY else 0
        for at, energy in enumerate(taken)
    )
    return DayUse(tuple(taken), tuple(given), reactive)


@lru_cache
def _shares(shape: Shape, *, is_rest: bool) -> tuple[int, ...]:
    whole = sum(_WORKDAYS[shape])
    return tuple(weight * _AS_MUCH // whole for weight in (_REST_DAYS if is_rest else _WORKDAYS)[shape])


@lru_cache(maxsize=4096)
def _hours(day: date, minutes: int, zone: ZoneInfo) -> tuple[int, ...]:
    """The hour that clocks show at the beginning of each interval; 23 or 25 hours of them where clocks are changed."""
    start, end, step = start_of(day, zone), start_of(day + timedelta(days=1), zone), timedelta(minutes=minutes)
    return tuple((start + step * at).astimezone(zone).hour for at in range((end - start) // step))


def _chance(seed: int, day: int, at: int, below: int = 17) -> int:
    """A number from nought up to `below` that looks like chance: integers mixed, so that no machine differs."""
    mixed = (seed * 0x9E3779B1 + day * 0x85EBCA77 + at * 0xC2B2AE3D) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 15)) * 0x2C1B3C6D) & 0xFFFFFFFF
    return (mixed ^ (mixed >> 13)) % below
