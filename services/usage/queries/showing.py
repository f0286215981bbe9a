"""Series of a day, a month or a year, with what is missing and what they compare with."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.db import ReadSession, statement
from core.periods import Period, start_of
from services.tariffs.queries import KNOWN_PERIODS
from services.usage.queries.days import NO_PERIOD, ONE_DAY, Day, Known, days_of, gaps, known, whole_days
from services.usage.queries.views import Bar, BarQuality, Comparison, Of, Series
from services.usage.rules.measures import kwh_of

HOUR: Final = timedelta(hours=1)
SHARE_PLACES: Final = Decimal("0.0001")


def series(session: ReadSession, *, account_id: int, of: Of, at: date, zone: ZoneInfo) -> Series:
    """Use of the day, month or year that `at` lies in, in the supplier's zone; of the present holder alone.

    Compared with the period before and with the same one a year before, over the days that both have whole.
    """
    period = _period(of, at)
    found = known(session, account_id=account_id, zone=zone)
    days = days_of(session, account_id=account_id, first=period.first, end=period.end)
    return series_by(session, found, days, account_id=account_id, of=of, at=at, zone=zone)


def series_by(
    session: ReadSession, found: Known, days: Sequence[Day], *, account_id: int, of: Of, at: date, zone: ZoneInfo
) -> Series:
    """The same where what is known of the account and its days of the period are known already."""
    period = _period(of, at)
    if of is Of.DAY and any(day.is_of_registers for day in days):
        bars = [_bar(days, at, at + ONE_DAY, found, zone)]
    elif of is Of.DAY:
        lacks_meter = any(day.lacks_meter for day in days)
        bars = _hours(session, account_id=account_id, day=at, found=found, zone=zone, lacks_meter=lacks_meter)
    elif of is Of.MONTH:
        bars = [_bar([day], day.day, day.day + ONE_DAY, found, zone) for day in _every(days, period)]
    else:
        bars = [
            _bar([day for day in days if day.day in month], month.first, month.end, found, zone)
            for month in (Period.month(at.year, number) for number in range(1, 13))
        ]
    named = gaps(session, days, account_id=account_id, found=found, first=period.first, end=period.end, zone=zone)
    sums: dict[str, int] = defaultdict(int)
    for day in days:
        for name, energy in day.by_period.items():
            sums[name] += energy
    return Series(
        of=of,
        first=period.first,
        end=period.end,
        bars=tuple(bars),
        periods=_in_order(sums),
        kwh=kwh_of(sum(day.energy for day in days)),
        by_period={name: kwh_of(sums[name]) for name in _in_order(sums)},
        export_kwh=kwh_of(sum(day.export_energy for day in days)) if found.has_export else None,
        gaps=named,
        known_until=None if found.until is None else found.until.astimezone(zone),
        before=_compared(session, account_id, days, period, _period(of, period.first - ONE_DAY), found),
        year_before=_compared(session, account_id, days, period, _period(of, _year_before(at)), found),
        days_of_registers=sum(day.is_of_registers for day in days),
    )


def _period(of: Of, at: date) -> Period:
    match of:
        case Of.DAY:
            return Period(at, at + ONE_DAY)
        case Of.MONTH:
            return Period.month(at.year, at.month)
        case Of.YEAR:
            return Period(date(at.year, 1, 1), date(at.year + 1, 1, 1))


def _year_before(at: date) -> date:
    return at.replace(year=at.year - 1, day=28) if (at.month, at.day) == (2, 29) else at.replace(year=at.year - 1)


def _every(days: Sequence[Day], period: Period) -> list[Day]:
    there = {day.day: day for day in days}
    every = (period.first + timedelta(n) for n in range((period.end - period.first).days))
    return [there.get(day) or Day(day, None, None, None, {}, 0, 0, 0, 0, 0, 0, 0) for day in every]


def _bar(days: Sequence[Day], first: date, end: date, found: Known, zone: ZoneInfo) -> Bar:
    begin, finish = start_of(first, zone), start_of(end, zone)
    sums: dict[str, int] = defaultdict(int)
    for day in days:
        for name, energy in day.by_period.items():
            sums[name] += energy
    measured = sum(day.measured_minutes for day in days)
    since = begin if found.first is None else max(begin, start_of(found.first, zone))
    minutes = (min(finish, found.until or begin) - since) // timedelta(minutes=1)
    quality = _quality(
        is_awaited=found.until is None or begin >= found.until,
        measured=measured,
        is_short=measured < minutes or any(day.lacks_meter for day in days),
        is_estimated=any(day.estimated_minutes for day in days),
    )
    has, exported = measured > 0, sum(day.export_energy for day in days)
    return Bar(
        begin=begin.astimezone(zone),
        end=finish.astimezone(zone),
        kwh=kwh_of(sum(day.energy for day in days)) if has else None,
        by_period={name: kwh_of(sums[name]) for name in _in_order(sums)} if has else {},
        export_kwh=kwh_of(exported) if found.has_export and (has or exported) else None,
        quality=quality,
    )


def _quality(*, is_awaited: bool, measured: int, is_short: bool, is_estimated: bool) -> BarQuality:
    if not measured:
        return BarQuality.AWAITED if is_awaited else BarQuality.MISSING
    if is_short:
        return BarQuality.PARTIAL
    return BarQuality.ESTIMATED if is_estimated else BarQuality.ACTUAL


def _hours(
    session: ReadSession, *, account_id: int, day: date, found: Known, zone: ZoneInfo, lacks_meter: bool
) -> list[Bar]:
    """Hours that pass on a day: 23 or 25 of them when clocks are moved."""
    begin, end = start_of(day, zone), start_of(day + ONE_DAY, zone)
    is_before = found.holder_since is not None and day < found.holder_since
    rows = (
        []
        if is_before
        else session.sql(statement(__package__, "day_intervals.sql"), account_id=account_id, day=day).all()
    )
    hour = partial(_hour, rows, begin, found=found, zone=zone, lacks_meter=lacks_meter)
    return [hour(begin + n * HOUR, min(begin + (n + 1) * HOUR, end)) for n in range(-(-(end - begin) // HOUR))]


def _hour(
    rows: Sequence[Any],
    midnight: datetime,
    begin: datetime,
    end: datetime,
    *,
    found: Known,
    zone: ZoneInfo,
    lacks_meter: bool,
) -> Bar:
    sums: dict[str, int] = defaultdict(int)
    exported = measured = missing = 0
    is_estimated = False
    for row in rows:
        step = timedelta(minutes=row.minutes)
        for k in range((begin - midnight) // step, -(-(end - midnight) // step)):
            energy = row.energies[k]
            if row.channel == "export":
                exported += energy or 0
            elif energy is None:
                missing += row.minutes
            else:
                measured += row.minutes
                is_estimated |= row.qualities[k] in "es"
                name = row.periods[row.calendar[k * row.minutes // 15] - 1] if row.calendar else NO_PERIOD
                sums[name] += energy
    quality = _quality(
        is_awaited=found.until is None or begin >= found.until,
        measured=measured,
        is_short=lacks_meter or (missing > 0 and measured < (end - begin) // timedelta(minutes=1)),
        is_estimated=is_estimated,
    )
    has = measured > 0
    return Bar(
        begin=begin.astimezone(zone),
        end=end.astimezone(zone),
        kwh=kwh_of(sum(sums.values())) if has else None,
        by_period={name: kwh_of(sums[name]) for name in _in_order(sums)},
        export_kwh=kwh_of(exported) if found.has_export and (has or exported) else None,
        quality=quality,
    )


def _in_order(names: Iterable[str]) -> tuple[str, ...]:
    """The names of periods as lines of a bill have them: dear ones first, then by name."""
    ranks: Mapping[str, int] = {name: rank for rank, name in enumerate(KNOWN_PERIODS)}
    return tuple(sorted(names, key=lambda name: (ranks.get(name, len(ranks)), name)))


def _compared(
    session: ReadSession, account_id: int, days: Sequence[Day], period: Period, other: Period, found: Known
) -> Comparison | None:
    """None where no day is whole in both."""
    if found.first is None or other.end <= found.first:
        return None
    whole = whole_days(session, account_id=account_id, first=other.first, end=other.end)
    then = {_place(day, other): sum(by_period.values()) for day, by_period in whole.items()}
    now = {_place(day.day, period): day.energy for day in days if day.is_whole}
    both = now.keys() & then.keys()
    if not both:
        return None
    kwh, kwh_then = (kwh_of(sum(side[place] for place in both)) for side in (now, then))
    return Comparison(
        first=other.first,
        end=other.end,
        days=len(both),
        days_left_out=len(days) - len(both),
        kwh=kwh,
        kwh_then=kwh_then,
        share=(kwh / kwh_then).quantize(SHARE_PLACES) if kwh_then else None,
    )


def _place(day: date, period: Period) -> tuple[int, int]:
    """Where a day lies in its period: days of years by month and day, of months by number."""
    if (period.end - period.first).days > 31:  # noqa: PLR2004 -- longer than a month is a year
        return day.month, day.day
    return 0, (day - period.first).days
