"""The days of one account, as the other reads of usage stand on them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core.db import ReadSession, statement
from core.periods import business_date, start_of
from services.usage.queries.views import Gap
from services.usage.rules.measures import demand_kw, demands_kw, highest

ONE_DAY = timedelta(days=1)
NO_PERIOD = "all"
"""Of use on which no version is known."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day. Energies are millionths of a kWh, by the period's name; demands watts.

    `demands`: the highest of each demand period of the version; None where they are not known.
    `is_of_registers`: all of it, or a part, is an even share of what registers counted: nobody knows when it was.
    `lacks_meter`: one of several meters was there all day and has nothing of it.
    """

    day: date
    version_id: int | None
    tariff_code: str | None
    version_no: int | None
    by_period: Mapping[str, int]
    energy: int
    export_energy: int
    reactive_energy: int
    max_demand: int
    measured_minutes: int
    missing_minutes: int
    estimated_minutes: int
    is_of_registers: bool = False
    demands: Sequence[int] | None = None
    lacks_meter: bool = False

    @property
    def is_whole(self) -> bool:
        """Nothing of it is missing."""
        return self.measured_minutes > 0 and self.missing_minutes == 0 and not self.lacks_meter


@dataclass(frozen=True, slots=True)
class Known:
    """Since when the present holder's use is known and until when; both None without a reading."""

    first: date | None
    until: datetime | None
    has_export: bool
    holder_since: date | None

    def last_day(self, zone: ZoneInfo) -> date | None:
        """The last day of which something is known."""
        return None if self.until is None else business_date(self.until - timedelta(microseconds=1), zone)


def days_of(session: ReadSession, *, account_id: int, first: date, end: date) -> list[Day]:
    """The days with readings from one up to, not including, another; of the present holder alone."""
    rows = session.sql(statement(__package__, "usage_days.sql"), account_id=account_id, first=first, end=end)
    return [
        Day(
            row.day,
            row.version_id,
            row.tariff_code,
            row.version_no,
            _by_period(row.periods, row.energies),
            row.energy,
            row.export_energy,
            row.reactive_energy,
            row.max_demand,
            row.measured_minutes,
            row.missing_minutes,
            row.estimated_minutes,
            row.is_of_registers,
            row.demands,
            row.lacks_meter,
        )
        for row in rows.all()
    ]


def whole_days(session: ReadSession, *, account_id: int, first: date, end: date) -> dict[date, Mapping[str, int]]:
    """What was used by period on those of these days of which nothing is missing; of the present holder alone."""
    rows = session.sql(statement(__package__, "whole_days.sql"), account_id=account_id, first=first, end=end)
    return {row.day: _by_period(row.periods, row.energies) for row in rows.all()}


def _by_period(periods: Sequence[str] | None, energies: Sequence[int]) -> dict[str, int]:
    return dict(zip(periods or (NO_PERIOD,), energies, strict=False))


def known(session: ReadSession, *, account_id: int, zone: ZoneInfo) -> Known:
    """What is known of an account; nothing of one that is not there."""
    row = session.sql(statement(__package__, "known.sql"), account_id=account_id, zone=str(zone)).one_or_none()
    if row is None:
        return Known(None, None, has_export=False, holder_since=None)
    return Known(row.first_day, row.read_until, bool(row.has_export), row.holder_since)


def demand_of(days: Sequence[Day]) -> Decimal | None:
    """The highest demand of some days in kW; None where nobody measured it."""
    return demand_kw(max((day.max_demand for day in days), default=0), sum(day.energy for day in days))


def demands_of(days: Sequence[Day], periods: Sequence[str]) -> dict[str, Decimal]:
    """The same by the demand periods of the version that they lie on; of none where it is not known of all days."""
    known_ones = [day.demands for day in days if day.demands is not None]
    lacks = any(day.demands is None and day.max_demand for day in days)
    return demands_kw(
        periods,
        None if lacks else highest(known_ones),
        max((day.max_demand for day in days), default=0),
        sum(day.energy for day in days),
    )


def gaps(
    session: ReadSession, days: Sequence[Day], *, account_id: int, found: Known, first: date, end: date, zone: ZoneInfo
) -> tuple[Gap, ...]:
    """Time of which no reading is known, to the interval, before the last reading; in times of the zone."""
    there = {day.day: day for day in days}
    lacking = [day.day for day in days if day.missing_minutes]
    by_hand = {day.day for day in days if day.missing_minutes and day.is_of_registers}
    named = [
        _lacking(day, there.get(day), found, zone)
        for day in _expected(found, first, end, zone)
        if day not in there or day in by_hand
    ]
    named += [_lacking(day.day, None, found, zone) for day in days if day.lacks_meter]
    for row in _missed(session, account_id, lacking, first, end) if lacking else ():
        begin, step = start_of(row.day, zone), timedelta(minutes=row.minutes)
        named += [
            Gap(begin + at * step, begin + (at + 1) * step) for at, letter in enumerate(row.qualities) if letter == "m"
        ]
    until = found.until
    return joined((gap for gap in named if until is not None and gap.begin < until), zone=zone)


def joined(gaps_found: Iterable[Gap], *, zone: ZoneInfo) -> tuple[Gap, ...]:
    """The same time in as few ranges as there are, in times of a zone; what is given is in UTC."""
    runs: list[Gap] = []
    for gap in sorted(gaps_found, key=lambda each: (each.begin, each.end)):
        if runs and gap.begin <= runs[-1].end:
            runs[-1] = Gap(runs[-1].begin, max(runs[-1].end, gap.end))
        elif gap.begin < gap.end:
            runs.append(gap)
    return tuple(Gap(run.begin.astimezone(zone), run.end.astimezone(zone)) for run in runs)


def _lacking(day: date, read: Day | None, found: Known, zone: ZoneInfo) -> Gap:
    """A day that is not whole. Of one of registers, the first lacks what is before a reading, the last nothing."""
    begin, finish = start_of(day, zone), start_of(day + ONE_DAY, zone)
    until = min(finish, found.until or begin)
    if read is not None and read.is_of_registers:
        if timedelta(minutes=read.measured_minutes) >= until - begin:
            return Gap(begin, begin)
        if day == found.first:
            return Gap(begin, min(until, begin + timedelta(minutes=read.missing_minutes)))
    return Gap(begin, until)


def _missed(session: ReadSession, account_id: int, days: Sequence[date], first: date, end: date) -> Sequence[Any]:
    """The letters of each interval of these days, of every meter that missed one."""
    return session.sql(
        statement(__package__, "missing.sql"), account_id=account_id, first=first, end=end, days=days
    ).all()


def _expected(found: Known, first: date, end: date, zone: ZoneInfo) -> list[date]:
    """Days that should have been read: from the first known one to the last."""
    last = found.last_day(zone)
    if found.first is None or last is None:
        return []
    begin, until = max(first, found.first), min(end, last + ONE_DAY)
    return [begin + timedelta(n) for n in range((until - begin).days)]
