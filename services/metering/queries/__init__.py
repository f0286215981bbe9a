"""What is read of readings: what waits for staff, what meters said last, what people told themselves."""

from services.metering.measures import UNITS_PER_KWH, Channel, Doubt, Quality, Register, kwh_of
from services.metering.models import FindingKind
from services.metering.queries.findings import Finding, findings
from services.metering.queries.own import (
    OwnReading,
    OwnState,
    Photo,
    ReadableRegister,
    held_photo,
    own_photo,
    own_reading,
    own_readings,
    readable_registers,
)
from services.metering.queries.registers import LatestReadings, RegisterShown, latest_readings
from services.metering.queries.waiting import (
    HeldCounts,
    HeldReading,
    MeterGaps,
    held_counts,
    held_of_program,
    held_reading,
    held_readings,
    meter_gaps,
)

__all__ = [
    "UNITS_PER_KWH",
    "Channel",
    "Doubt",
    "Finding",
    "FindingKind",
    "HeldCounts",
    "HeldReading",
    "LatestReadings",
    "MeterGaps",
    "OwnReading",
    "OwnState",
    "Photo",
    "Quality",
    "ReadableRegister",
    "Register",
    "RegisterShown",
    "findings",
    "held_counts",
    "held_of_program",
    "held_photo",
    "held_reading",
    "held_readings",
    "kwh_of",
    "latest_readings",
    "meter_gaps",
    "own_photo",
    "own_reading",
    "own_readings",
    "readable_registers",
]
