"""What is known of days, and which price period holds when."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.db import ReadSession, view
from core.periods import Period
from services.tariffs.models import DayKind
from services.tariffs.queries.versions import VersionId
from services.tariffs.rules.calendar import PLAIN_DAY, DayFacts


@dataclass(frozen=True, slots=True)
class HolidayView:
    """A day that counts as another than its weekday."""

    day: date
    name: str
    kind: DayKind


def holidays(session: ReadSession, *, period: Period) -> list[HolidayView]:
    """Holidays and worked weekend days of a period, in order."""
    rows = session.sql(
        "select day, name, kind from holiday where day >= :first and day < :end order by day, name",
        first=period.first,
        end=period.end,
    )
    return [HolidayView(row.day, row.name, DayKind(row.kind)) for row in rows]


@dataclass(frozen=True, slots=True)
class TemperatureView:
    """How warm it became at a place on a day, or will, in degrees Celsius."""

    place: str
    day: date
    max_c: Decimal


def temperatures(session: ReadSession, *, period: Period, limit: int) -> list[TemperatureView]:
    """Up to `limit` temperatures of a period, the latest day first."""
    rows = session.sql(
        """select place, day, max_c from temperature_day where day >= :first and day < :end
           order by day desc, place limit :limit""",
        first=period.first,
        end=period.end,
        limit=limit,
    )
    return [view(TemperatureView, row) for row in rows]


def day_facts(session: ReadSession, *, days: Collection[date]) -> dict[date, DayFacts]:
    """What is known of each of these days; PLAIN_DAY of one of which nothing is."""
    holidays_: dict[date, set[str]] = {}
    worked: set[date] = set()
    for row in session.sql("select day, name, kind from holiday where day = any(:days)", days=list(days)):
        if row.kind == DayKind.HOLIDAY.value:
            holidays_.setdefault(row.day, set()).add(row.name)
        else:
            worked.add(row.day)
    warmth: dict[date, dict[str, Decimal]] = {}
    for row in session.sql("select place, day, max_c from temperature_day where day = any(:days)", days=list(days)):
        warmth.setdefault(row.day, {})[row.place] = row.max_c
    plain = {day for day in days if day not in holidays_ and day not in worked and day not in warmth}
    return {
        day: PLAIN_DAY
        if day in plain
        else DayFacts(
            holidays=frozenset(holidays_.get(day, ())),
            is_working_weekend=day in worked,
            max_c=warmth.get(day, {}),
        )
        for day in days
    }


def day_of(session: ReadSession, *, version_id: VersionId, day: date) -> tuple[int, ...] | None:
    """The period of each quarter-hour of a day, as indexes from 1 into the version's periods; None when not made."""
    found = session.sql(
        "select periods from tariff_day where version_id = :id and day = :day", id=version_id, day=day
    ).scalar_one_or_none()
    return None if found is None else tuple(found)
