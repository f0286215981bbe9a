"""Energies at the face: kWh of whole millionths and back."""

from decimal import Decimal
from typing import Final

UNITS_PER_KWH: Final = 1_000_000


def kwh_of(energy: int) -> Decimal:
    """The kWh of an energy, exact."""
    return Decimal(energy).scaleb(-6)
