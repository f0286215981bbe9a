"""Energies at the face: kWh of whole millionths and back."""

from decimal import Context, Decimal
from typing import Final

UNITS_PER_KWH: Final = 1_000_000
_WIDE: Final = Context(prec=100)


def kwh_of(energy: int) -> Decimal:
    """The kWh of an energy, exact."""
    return Decimal(energy).scaleb(-6)


def demand_kw(watts: int, energy: int) -> Decimal | None:
    """The highest demand in kW; None where something was used and nobody measured how fast, as by registers alone."""
    return None if energy and not watts else Decimal(watts).scaleb(-3)


def minor_of_slots(cost: int) -> Decimal:
    """Minor units of a sum of energies x prices of 10^-8 minor units a kWh, exact."""
    return Decimal(cost).scaleb(-14, _WIDE)
