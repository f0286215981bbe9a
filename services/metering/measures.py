"""The words and the units of readings, and the row that every format of them is turned into."""

import enum
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

UNITS_PER_KWH: Final = 1_000_000
"""Energy inside this domain is a whole number of these: exact for every meter, and nine million GWh fit."""


class Channel(enum.StrEnum):
    """What an interval series measures: kWh taken and given, kvarh lagging and leading."""

    IMPORT = "import"
    EXPORT = "export"
    REACTIVE_LAG = "reactive_lag"
    REACTIVE_LEAD = "reactive_lead"


class Register(enum.StrEnum):
    """What a register of a meter counts."""

    TOTAL = "total"
    PEAK = "peak"
    FLAT = "flat"
    VALLEY = "valley"
    SHARP = "sharp"
    DEEP_VALLEY = "deep_valley"
    EXPORT = "export"
    REACTIVE = "reactive"


class Quality(enum.StrEnum):
    """How a value came to be, by the letter that stands for it in a day."""

    ACTUAL = "a"
    ESTIMATED = "e"
    SUBSTITUTED = "s"
    MISSING = "m"


class Doubt(enum.StrEnum):
    """Why a reading waits for staff.

    Less than nothing; more than can be; less than a register showed before; other than what is known better; other than
    what staff decided; what a customer told first of a register, with nothing to compare it with; and what was measured
    while its meter was at no account.
    """

    NEGATIVE = "negative"
    IMPLAUSIBLE = "implausible"
    INVERTED = "inverted"
    CONTRADICTED = "contradicted"
    DECIDED = "decided"
    FIRST = "first"
    STRAYED = "strayed"


class IntervalRow(NamedTuple):
    """One interval of one meter, whatever file it came from.

    `start` has an offset; `energy` is in millionths of a kWh or kvarh, None when it is missing. `no` is its place in
    the file, by which it is refused; a record of many intervals has one.
    """

    no: int
    meter_no: str
    channel: Channel
    start: datetime
    minutes: int
    energy: int | None
    quality: Quality = Quality.ACTUAL


def energy_of(kwh: Decimal) -> int:
    """Energy of a number of kWh. Raises ValueError for what is no number or finer than a millionth."""
    units = kwh * UNITS_PER_KWH
    if not units.is_finite() or units != units.to_integral_value():
        raise ValueError("not a whole number of millionths of a kWh")
    return int(units)


def kwh_of(energy: int) -> Decimal:
    """The kWh of an energy, exact."""
    return Decimal(energy).scaleb(-6)
