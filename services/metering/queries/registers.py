"""What the meters of an account said last."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.db import ReadSession, statement
from services.metering.measures import Register


@dataclass(frozen=True, slots=True)
class RegisterShown:
    """What a register showed last, in kWh or kvarh before its multiplier."""

    register: Register
    shown: Decimal
    read_at: datetime


@dataclass(frozen=True, slots=True)
class LatestReadings:
    """Until when a meter was read in intervals (None: it never was), and what its registers showed last."""

    read_until: datetime | None
    registers: list[RegisterShown]


def latest_readings(session: ReadSession, *, account_id: int) -> dict[str, LatestReadings]:
    """The latest readings of an account's meters, former ones included, by number of the meter."""
    rows = session.sql(statement(__package__, "latest_readings.sql"), account_id=account_id)
    return {
        row.meter_no: LatestReadings(
            row.read_until,
            [
                RegisterShown(Register(kind), Decimal(value).scaleb(-6), datetime.fromisoformat(read_at))
                for kind, value, read_at in row.registers
            ],
        )
        for row in rows
    }
