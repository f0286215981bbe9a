"""Holidays and temperatures that staff say one by one: the days that they concern are made anew at once.

Whoever calls has made sure that somebody may edit tariffs in every unit.
"""

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from core import audit
from core.audit import Actor
from core.db import WriteSession
from core.errors import Json
from services.tariffs.errors import CalendarWrong, DayOver, DaysDiffer
from services.tariffs.models import DayKind
from services.tariffs.operations import calendar
from services.tariffs.operations.importing import is_day_name, is_warmth, known_holidays, write_holidays, write_warmth


def say_holiday(
    session: WriteSession, *, day: date, name: str, kind: DayKind, today: date, zone: ZoneInfo, actor: Actor
) -> None:
    """Let a day to come count as a holiday, or as a weekend day that is worked, under a name.

    Saying the same again changes nothing. Raises CalendarWrong with the field, DayOver for a day before today,
    DaysDiffer when the day counts as the other under another name. What is over comes by file.
    """
    if not is_day_name(name):
        raise CalendarWrong(field="holiday")
    if day < today:
        raise DayOver
    calendar.hold_calendar(session)
    known = known_holidays(session, days={day})[day]
    if known.get(name) is kind:
        return
    after = {**known, name: kind}
    if len(set(after.values())) > 1:
        raise DaysDiffer
    _holidays_are(session, day, after, zone=zone)
    told: dict[str, Json] = {"holiday": name, "counts_as": kind.value}
    audit.record(session, actor=actor, act="tariffs.holiday_said", subject=f"day:{day.isoformat()}", after=told)


def take_holiday(session: WriteSession, *, day: date, name: str, today: date, zone: ZoneInfo, actor: Actor) -> None:
    """Take a name from a day to come; nothing happens when it has it no more. Raises DayOver for a day before today."""
    if day < today:
        raise DayOver
    calendar.hold_calendar(session)
    known = known_holidays(session, days={day})[day]
    if name not in known:
        return
    _holidays_are(session, day, {key: kind for key, kind in known.items() if key != name}, zone=zone)
    told: dict[str, Json] = {"holiday": name, "counts_as": known[name].value}
    audit.record(session, actor=actor, act="tariffs.holiday_taken", subject=f"day:{day.isoformat()}", before=told)


def say_temperature(session: WriteSession, *, place: str, day: date, max_c: str, zone: ZoneInfo, actor: Actor) -> None:
    """Say how warm it became at a place, or will: what was said before is replaced. `max_c` is as it was typed.

    Raises CalendarWrong with the field.
    """
    if not is_day_name(place):
        raise CalendarWrong(field="place")
    if not is_warmth(max_c):
        raise CalendarWrong(field="max_c")
    calendar.hold_calendar(session)
    before, after = _warmth_of(session, place=place, day=day), Decimal(max_c)
    if before == after:
        return
    _warmth_is(session, place=place, day=day, max_c=after, zone=zone)
    audit.record(
        session,
        actor=actor,
        act="tariffs.temperature_said",
        subject=f"day:{day.isoformat()}",
        before=None if before is None else _told(place, before),
        after=_told(place, after),
    )


def take_temperature(
    session: WriteSession, *, place: str, day: date, today: date, zone: ZoneInfo, actor: Actor
) -> None:
    """Take back what was said of a day to come. Raises DayOver for a day before today."""
    if day < today:
        raise DayOver
    calendar.hold_calendar(session)
    before = _warmth_of(session, place=place, day=day)
    if before is None:
        return
    _warmth_is(session, place=place, day=day, max_c=None, zone=zone)
    told = _told(place, before)
    audit.record(session, actor=actor, act="tariffs.temperature_taken", subject=f"day:{day.isoformat()}", before=told)


def _holidays_are(session: WriteSession, day: date, names: dict[str, DayKind], *, zone: ZoneInfo) -> None:
    write_holidays(session, {day: names})
    calendar.remake(session, days=[day], place=None, zone=zone)


def _warmth_is(session: WriteSession, *, place: str, day: date, max_c: Decimal | None, zone: ZoneInfo) -> None:
    write_warmth(session, {(place, day): max_c})
    calendar.remake(session, days=[day], place=place, zone=zone)


def _warmth_of(session: WriteSession, *, place: str, day: date) -> Decimal | None:
    found: Decimal | None = session.sql(
        "select max_c from temperature_day where place = :place and day = :day", place=place, day=day
    ).scalar_one_or_none()
    return found


def _told(place: str, max_c: Decimal) -> dict[str, Json]:
    return {"place": place, "max_c": f"{max_c:f}"}
