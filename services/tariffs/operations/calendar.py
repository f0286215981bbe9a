"""The calendar of published versions: which period each quarter-hour of their days belongs to, of energy and demand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from core import locks, outbox
from core.db import WriteSession, statement
from services.tariffs.events import TariffDaysChanged
from services.tariffs.queries import calendar as days_known
from services.tariffs.queries.versions import VersionId, tariff_of
from services.tariffs.rules.calendar import day_demand_periods, day_periods
from services.tariffs.rules.life import made_until
from services.tariffs.rules.tariff import Tariff

LOCK: Final = "tariffs.calendar"
"""Held by whoever writes days, holidays or temperatures: none makes a day by what another is changing."""
AT_ONCE: Final = 500
"""Days computed between two writes."""


def hold_calendar(session: WriteSession) -> None:
    """Let nobody else change the calendar or what it is made of until the transaction ends."""
    locks.lock(session, key=LOCK)


def make_days(session: WriteSession, *, version_id: VersionId, first: date, end: date, zone: ZoneInfo) -> int:
    """Make the days of a published version from `first` up to, not including, `end`; answers how many are new.

    The caller holds the calendar. Days that are there already stay.
    """
    tariff = tariff_of(session, version_id=version_id)
    made = 0
    while tariff.periods and first < end:
        until = min(end, first + timedelta(days=AT_ONCE))
        days = [first + timedelta(days=at) for at in range((until - first).days)]
        made += _write(session, version_id=version_id, tariff=tariff, days=days, zone=zone, anew=False).new
        first = until
    return made


def make_ahead(session: WriteSession, *, today: date, zone: ZoneInfo, most: int) -> int:
    """Make the days of up to `most` published versions that lack some of those ahead; answers how many versions.

    Published versions have all their days from the first on, so what is missing is behind the last that is made. Days
    that lack their demand periods are made anew, and told as changed.
    """
    hold_calendar(session)
    lacking = session.sql(statement(__package__, "versions_lacking.sql"), most=most).all()
    for row in lacking:
        tariff = tariff_of(session, version_id=VersionId(row.version_id))
        for at in range(0, len(row.days), AT_ONCE):
            _remake(session, row.version_id, tariff, row.days[at : at + AT_ONCE], zone)
    rows = session.sql(
        statement(__package__, "versions_unmade.sql"), until=made_until(None, today=today), most=most
    ).all()
    for row in rows:
        end = made_until(row.valid_to, today=today)
        make_days(session, version_id=VersionId(row.id), first=row.unmade_from, end=end, zone=zone)
    return len({row.id for row in rows} | {row.version_id for row in lacking})


def remake(session: WriteSession, *, days: Sequence[date], place: str | None, zone: ZoneInfo) -> int:
    """Make days anew of which a holiday became known, or the temperature at a `place`; answers how many changed.

    The caller holds the calendar and has written what is known. Only versions are asked that depend on it and have
    the day. Publishes TariffDaysChanged with exactly the days that came out otherwise, once per version.
    """
    found = session.sql(statement(__package__, "versions_with_days.sql"), days=list(days)).all()
    changed = 0
    for row in found:
        tariff = tariff_of(session, version_id=VersionId(row.version_id))
        if _depends(tariff, place):
            changed += _remake(session, row.version_id, tariff, row.days, zone)
    return changed


def _remake(session: WriteSession, version_id: int, tariff: Tariff, days: Sequence[date], zone: ZoneInfo) -> int:
    """Make days of one version anew and tell of those that came out otherwise; answers how many."""
    outcome = _write(session, version_id=VersionId(version_id), tariff=tariff, days=days, zone=zone, anew=True)
    if outcome.changed:
        told = sorted(day.isoformat() for day in outcome.changed)
        outbox.add(session, TariffDaysChanged(version_id=version_id, days=told))
    return len(outcome.changed)


def cut(session: WriteSession, *, version_id: VersionId, end: date) -> None:
    """Drop the days of a version that ended: from `end` on it holds no more. The caller holds the calendar."""
    session.sql("delete from tariff_day where version_id = :id and day >= :end", id=version_id, end=end)


@dataclass(frozen=True, slots=True)
class _Written:
    new: int
    changed: tuple[date, ...]


def _write(
    session: WriteSession,
    *,
    version_id: VersionId,
    tariff: Tariff,
    days: Sequence[date],
    zone: ZoneInfo,
    anew: bool,
) -> _Written:
    facts = days_known.day_facts(session, days=days)
    of_day = [day_periods(tariff, day, facts[day], zone=zone) for day in days]
    of_demand = [day_demand_periods(tariff, day, facts[day], zone=zone) for day in days]
    rows = session.sql(
        statement(__package__, "days_anew.sql" if anew else "days_make.sql"),
        version_id=version_id,
        days=list(days),
        periods=[_array(tariff.periods, named) for named in of_day],
        demand_periods=[None if named is None else _array(tariff.demand_periods, named) for named in of_demand],
    )
    written = tuple(rows.scalars())
    return _Written(new=0 if anew else len(written), changed=written if anew else ())


def _array(periods: Sequence[str], named: Iterable[str]) -> str:
    """Arrays of arrays of different length are none to PostgreSQL: each travels as text."""
    number = {period: str(at) for at, period in enumerate(periods, 1)}
    return f"{{{','.join(number[name] for name in named)}}}"


def _depends(tariff: Tariff, place: str | None) -> bool:
    """Whether a day's periods follow from holidays, or from the temperature at a place."""
    windows = (*tariff.windows, *tariff.demand_windows)
    if place is None:
        return any(window.days or window.holidays for window in windows)
    return any(window.temperature is not None and window.temperature.place == place for window in windows)
