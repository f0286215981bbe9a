"""Energies at the face: kWh of whole millionths and back."""

from collections.abc import Iterable, Sequence
from decimal import Context, Decimal
from itertools import zip_longest
from typing import Final

UNITS_PER_KWH: Final = 1_000_000
_WIDE: Final = Context(prec=100)


def kwh_of(energy: int) -> Decimal:
    """The kWh of an energy, exact."""
    return Decimal(energy).scaleb(-6)


def kvarh_of(energy: int, *, has_reactive: bool) -> Decimal | None:
    """The reactive energy in kvarh; None where nothing measures it."""
    return kwh_of(energy) if has_reactive or energy else None


def demand_kw(watts: int, energy: int) -> Decimal | None:
    """The highest demand in kW; None where something was used and nobody measured how fast, as by registers alone."""
    return None if energy and not watts else Decimal(watts).scaleb(-3)


def highest(demands: Iterable[Sequence[int]]) -> list[int]:
    """Of each period the highest; arrays end at the last period that was met."""
    return [max(each) for each in zip_longest(*demands, fillvalue=0)]


def demands_kw(periods: Sequence[str], demands: Sequence[int] | None, watts: int, energy: int) -> dict[str, Decimal]:
    """The highest demand of each demand period in kW; of none where it is not known.

    It is not where something was measured (`watts`, the highest) without `demands`, nor where use alone was. A period
    in which nothing was measured has zero.
    """
    if (demands is None and watts) or demand_kw(watts, energy) is None:
        return {}
    found = zip_longest(periods, (demands or ())[: len(periods)], fillvalue=0)
    return {str(period): Decimal(each).scaleb(-3) for period, each in found}


def minor_of_slots(cost: int) -> Decimal:
    """Minor units of a sum of energies x prices of 10^-8 minor units a kWh, exact."""
    return Decimal(cost).scaleb(-14, _WIDE)
