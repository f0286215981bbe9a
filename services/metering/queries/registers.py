"""What registers counted: between two readings, and shared out over days."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from core.db import ReadSession, statement
from core.periods import Period, start_of
from services.metering.measures import Register
from services.metering.registers import Used, counted, energy_of_register, shared_out


@dataclass(frozen=True, slots=True)
class RegisterUse:
    """What one register counted between two readings that follow each other. `energy` is in millionths."""

    meter_no: str
    register: Register
    begins: datetime
    ends: datetime
    energy: int
    is_estimated: bool


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


def register_use(session: ReadSession, *, account_id: int, period: Period, zone: ZoneInfo) -> list[RegisterUse]:
    """What an account's registers counted in spans that touch a period, by register and time.

    Of meters that follow each other each counts its own: the sum is what was used across the exchange. What a meter
    counted while it was away and came back is not among it.
    """
    first, end = start_of(period.first, zone), start_of(period.end, zone)
    rows = session.sql(
        statement(__package__, "register_readings.sql"), account_id=account_id, first=first, end=end, zone=str(zone)
    ).all()
    found = []
    for _, of_register in groupby(rows, key=lambda row: row.register_id):
        for before, after in pairwise(of_register):
            went = counted(before.value, after.value, digits=before.digits)
            if went is None or after.was_away or after.read_at <= first or before.read_at >= end:
                continue
            found.append(
                RegisterUse(
                    before.meter_no,
                    Register(before.kind),
                    before.read_at,
                    after.read_at,
                    energy_of_register(went, before.multiplier),
                    "e" in {before.quality, after.quality},
                )
            )
    return found


def register_days(
    session: ReadSession, *, account_id: int, period: Period, zone: ZoneInfo
) -> dict[Register, dict[date, int]]:
    """What was used on each day of a period by registers: the days between two readings evenly, hence estimated.

    Days that no two readings enclose are not among them.
    """
    days: dict[Register, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for use in register_use(session, account_id=account_id, period=period, zone=zone):
        for day, energy in shared_out(Used(use.begins, use.ends, use.energy), zone).items():
            if day in period:
                days[use.register][day] += energy
    return {register: dict(of_days) for register, of_days in days.items()}
