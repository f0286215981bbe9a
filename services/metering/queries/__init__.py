"""What is read of readings: intervals of an account with their quality, how fresh they are, where they are missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from core.db import ReadSession, statement
from core.periods import Period, start_of
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
from services.metering.queries.registers import (
    LatestReadings,
    RegisterShown,
    RegisterUse,
    latest_readings,
    register_days,
    register_use,
)
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
    "DayOfIntervals",
    "Doubt",
    "Finding",
    "FindingKind",
    "Gap",
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
    "RegisterUse",
    "Span",
    "findings",
    "gaps",
    "held_counts",
    "held_of_program",
    "held_photo",
    "held_reading",
    "held_readings",
    "intervals",
    "kwh_of",
    "latest_readings",
    "meter_gaps",
    "own_photo",
    "own_reading",
    "own_readings",
    "readable_registers",
    "register_days",
    "register_use",
    "span",
]
_RANKS = "mesa"


@dataclass(frozen=True, slots=True)
class DayOfIntervals:
    """What an account's meters measured in one channel on one day.

    Element k begins k intervals of `minutes` after local midnight, in elapsed time. `energies` are millionths of a kWh
    (kvarh), None where nothing is known; `qualities` has a letter of `Quality` for each.
    """

    day: date
    minutes: int
    energies: list[int | None]
    qualities: str


@dataclass(frozen=True, slots=True)
class Span:
    """From which day on an account is read in intervals, and until when it was read; both None if it never was."""

    first_day: date | None
    read_until: datetime | None


@dataclass(frozen=True, slots=True)
class Gap:
    """From `begins` up to `ends` nothing is known, though something is known before and behind."""

    begins: datetime
    ends: datetime


def intervals(session: ReadSession, *, account_id: int, period: Period, channel: Channel) -> list[DayOfIntervals]:
    """The days of a period of which something was said, by date; meters that follow each other are summed up.

    On a day on which two meters are read in different intervals, the longer one holds.
    """
    rows = session.sql(
        statement(__package__, "intervals.sql"),
        account_id=account_id,
        first=period.first,
        end=period.end,
        channel=channel.value,
    ).all()
    days = (DayOfIntervals(row.day, row.interval_minutes, row.energies, row.qualities) for row in rows)
    return [_joined(list(of_day)) for _, of_day in groupby(days, key=lambda each: each.day)]


def span(session: ReadSession, *, account_id: int, channel: Channel = Channel.IMPORT) -> Span:
    """Since when and until when an account is read in intervals."""
    row = session.sql(
        """select min(first_day) as first_day, max(read_until) as read_until
           from reading_series where account_id = :account_id and channel = :channel""",
        account_id=account_id,
        channel=channel.value,
    ).one()
    return Span(row.first_day, row.read_until)


def gaps(session: ReadSession, *, account_id: int, period: Period, channel: Channel, zone: ZoneInfo) -> list[Gap]:
    """Where readings are missing in a period, by time; what has not come yet behind the latest one is no gap."""
    known = span(session, account_id=account_id, channel=channel)
    if known.first_day is None or known.read_until is None:
        return []
    days = {each.day: each for each in intervals(session, account_id=account_id, period=period, channel=channel)}
    day, found = max(period.first, known.first_day), list[Gap]()
    while day < period.end and start_of(day, zone) < known.read_until:
        for gap in _gaps_of(day, days.get(day), zone):
            begins, ends = gap.begins, min(gap.ends, known.read_until)
            if begins >= ends:
                continue
            if found and found[-1].ends == begins:
                begins = found.pop().begins
            found.append(Gap(begins, ends))
        day += timedelta(days=1)
    return found


def _gaps_of(day: date, known: DayOfIntervals | None, zone: ZoneInfo) -> Iterator[Gap]:
    begins = start_of(day, zone)
    if known is None:
        yield Gap(begins, start_of(day + timedelta(days=1), zone))
        return
    length = timedelta(minutes=known.minutes)
    places = [-1, *(place for place, letter in enumerate(known.qualities) if letter != "m"), len(known.qualities)]
    for before, after in pairwise(places):
        if after > before + 1:
            yield Gap(begins + (before + 1) * length, begins + after * length)


def _joined(days: list[DayOfIntervals]) -> DayOfIntervals:
    """Several meters of one day as one: sums, each of the worst quality that went into it."""
    if len(days) == 1:
        return days[0]
    minutes = max(each.minutes for each in days)
    longer = [_lengthened(each, minutes) for each in days]
    elements = [
        [(energy, quality) for energy, quality in element if energy is not None]
        for element in zip(*(zip(each.energies, each.qualities, strict=True) for each in longer), strict=True)
    ]
    return DayOfIntervals(
        days[0].day,
        minutes,
        [sum(energy for energy, _ in element) if element else None for element in elements],
        "".join(min((quality for _, quality in element), key=_RANKS.index, default="m") for element in elements),
    )


def _lengthened(day: DayOfIntervals, minutes: int) -> DayOfIntervals:
    """The same in longer intervals; one of which a part is missing is missing."""
    parts = minutes // day.minutes
    if parts == 1:
        return day
    energies: list[int | None] = []
    for first in range(0, len(day.energies), parts):
        piece = [each for each in day.energies[first : first + parts] if each is not None]
        energies.append(sum(piece) if len(piece) == parts else None)
    qualities = (
        min(day.qualities[first : first + parts], key=_RANKS.index) for first in range(0, len(day.qualities), parts)
    )
    return DayOfIntervals(day.day, minutes, energies, "".join(qualities))
