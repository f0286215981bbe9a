"""What a register counted between two readings, and how that is shared out over days. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

from core.periods import start_of
from services.metering.measures import UNITS_PER_KWH


@dataclass(frozen=True, slots=True)
class Used:
    """What a register counted from `begins` up to `ends`; `energy` is in millionths of a kWh (kvarh)."""

    begins: datetime
    ends: datetime
    energy: int


def counted(before: int, after: int, *, digits: int | None) -> int | None:
    """How far a register went from one reading to the next; None if that cannot be.

    It begins again at zero behind its digits. A lower reading is taken for that only if it went less than half its
    range: more is a reading that is wrong.
    """
    if after >= before:
        return after - before
    if digits is None:
        return None
    around = after + 10**digits * UNITS_PER_KWH - before
    return around if around * 2 < 10**digits * UNITS_PER_KWH else None


def energy_of_register(went: int, multiplier: Decimal) -> int:
    """Energy that passed while a register behind transformers went so far."""
    return int((went * multiplier).to_integral_value(ROUND_HALF_UP))


def shared_out(used: Used, zone: ZoneInfo) -> dict[date, int]:
    """What passed on each day, evenly by time; the days come to exactly the whole."""
    first, last = used.begins.astimezone(zone).date(), used.ends.astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    borders = [used.begins, *(start_of(day, zone) for day in days[1:]), used.ends]
    lengths = [(after - before) // timedelta(microseconds=1) for before, after in pairwise(borders)]
    whole = sum(lengths)
    if whole <= 0:
        return {}
    reached = [used.energy * until // whole for until in accumulate(lengths)]
    return {day: after - before for day, (before, after) in zip(days, pairwise([0, *reached]), strict=True)}
