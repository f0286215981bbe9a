"""Holidays, worked weekend days and temperatures: what tariffs ask about days, year by year.

They hold for the whole supplier. Whoever may view tariffs in some unit sees them; only who may edit them in every unit
says something, with a fresh code: hours have other prices at once.
"""

from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from core.db import WriteSession
from core.periods import Period, business_date, day_of
from portal.pages import go, speak, text_of
from portal.staff.pages import CheckedForm, FreshCode, StaffReader, requires, requires_everywhere, show
from portal.staff.tariffs import may_edit
from services.accounts.roles import StaffPermission
from services.tariffs import operations, queries
from services.tariffs.errors import CalendarWrong, DayOver, DaysDiffer
from services.tariffs.queries import DayKind
from web.runtime import Runtime, RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

CALENDAR: Final = "/staff/calendar"
HOLIDAYS: Final = f"{CALENDAR}/holidays"
TEMPERATURES: Final = f"{CALENDAR}/temperatures"
CONFLICT: Final = 409
FIRST_YEAR: Final = 1901
LAST_YEAR: Final = 2198
MOST: Final = 400
"""Temperatures of a page: a year of one place."""

Reader = Annotated[StaffReader, requires(StaffPermission.TARIFFS_VIEW)]
Editor = Annotated[StaffReader, requires_everywhere(StaffPermission.TARIFFS_EDIT)]
Word = Annotated[str, Form(max_length=100)]


@router.get(CALENDAR)
def calendar_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    year: Annotated[int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR)] = None,
) -> Response:
    """A year: this one, unless another is asked for."""
    return _page(request, runtime, reader, write, {}, now=now, year=year)


@router.post(HOLIDAYS, dependencies=[CheckedForm, FreshCode])
def add_holiday(
    request: Request,
    runtime: RuntimeDep,
    reader: Editor,
    write: Write,
    now: Now,
    counts_as: Annotated[DayKind, Form()],
    day: Word = "",
    holiday: Word = "",
) -> Response:
    """Let a day to come count as another than its weekday; sent twice, it is said once."""
    typed = {"day": day, "holiday": holiday, "counts_as": counts_as.value}
    found = _day(day)
    if found is None:
        return _page(request, runtime, reader, write, {"day": _not_a_day(request)}, now=now, typed=typed)
    try:
        operations.say_holiday(
            write,
            day=found,
            name=holiday.strip(),
            kind=counts_as,
            today=business_date(now, runtime.settings.zone),
            zone=runtime.settings.zone,
            actor=reader.actor,
        )
    except CalendarWrong:
        wrong = {"holiday": _not_a_name(request)}
        return _page(request, runtime, reader, write, wrong, now=now, typed=typed, year=found.year)
    except (DayOver, DaysDiffer) as refusal:
        wrong = {"day": text_of(request, refusal)}
        return _page(request, runtime, reader, write, wrong, now=now, typed=typed, year=found.year)
    return _back(found)


@router.post(HOLIDAYS + "/remove", dependencies=[CheckedForm, FreshCode])
def remove_holiday(
    request: Request, runtime: RuntimeDep, reader: Editor, write: Write, now: Now, day: Word = "", holiday: Word = ""
) -> Response:
    """Let a day to come count as its weekday again."""
    found = _day(day)
    if found is None:
        return _page(request, runtime, reader, write, {"holidays": _not_a_day(request)}, now=now)
    today = business_date(now, runtime.settings.zone)
    try:
        operations.take_holiday(
            write, day=found, name=holiday, today=today, zone=runtime.settings.zone, actor=reader.actor
        )
    except DayOver as refusal:
        wrong = {"holidays": text_of(request, refusal)}
        return _page(request, runtime, reader, write, wrong, now=now, year=found.year, status=CONFLICT)
    return _back(found)


@router.post(TEMPERATURES, dependencies=[CheckedForm, FreshCode])
def say_temperature(
    request: Request,
    runtime: RuntimeDep,
    reader: Editor,
    write: Write,
    now: Now,
    place: Word = "",
    on: Word = "",
    max_c: Word = "",
) -> Response:
    """Say how warm it became, or will; what was said before is replaced."""
    typed = {"place": place, "on": on, "max_c": max_c}
    found = _day(on)
    if found is None:
        return _page(request, runtime, reader, write, {"on": _not_a_day(request)}, now=now, typed=typed)
    try:
        operations.say_temperature(
            write, place=place.strip(), day=found, max_c=max_c.strip(), zone=runtime.settings.zone, actor=reader.actor
        )
    except CalendarWrong as refusal:
        _ = speak(request)
        field = str(refusal.facts["field"])
        told = _("A number from -90 to 70 with at most 1 decimal.") if field == "max_c" else _not_a_name(request)
        return _page(request, runtime, reader, write, {field: told}, now=now, typed=typed, year=found.year)
    return _back(found)


@router.post(TEMPERATURES + "/remove", dependencies=[CheckedForm, FreshCode])
def remove_temperature(
    request: Request, runtime: RuntimeDep, reader: Editor, write: Write, now: Now, place: Word = "", on: Word = ""
) -> Response:
    """Take back what was said of a day to come."""
    found = _day(on)
    if found is None:
        return _page(request, runtime, reader, write, {"temperatures": _not_a_day(request)}, now=now)
    today = business_date(now, runtime.settings.zone)
    try:
        operations.take_temperature(
            write, place=place, day=found, today=today, zone=runtime.settings.zone, actor=reader.actor
        )
    except DayOver as refusal:
        wrong = {"temperatures": text_of(request, refusal)}
        return _page(request, runtime, reader, write, wrong, now=now, year=found.year, status=CONFLICT)
    return _back(found)


def _day(typed: str) -> date | None:
    try:
        found = day_of(typed.strip())
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


def _back(day: date) -> Response:
    return go(f"{CALENDAR}?year={day.year}")


def _not_a_day(request: Request) -> str:
    _ = speak(request)
    return _("Not a day of the calendar: write it like 2026-01-31.")


def _not_a_name(request: Request) -> str:
    _ = speak(request)
    return _("As documents of tariffs name it: small letters, digits and _, beginning with a letter.")


def _page(
    request: Request,
    runtime: Runtime,
    reader: StaffReader,
    session: WriteSession,
    wrong: dict[str, str],
    *,
    now: datetime,
    year: int | None = None,
    typed: dict[str, str] | None = None,
    status: int | None = None,
) -> Response:
    today = business_date(now, runtime.settings.zone)
    shown = year or today.year
    whole = Period(date(shown, 1, 1), date(shown + 1, 1, 1))
    temperatures = queries.temperatures(session, period=whole, limit=MOST + 1)
    return show(
        request,
        "staff/calendar.html",
        reader,
        status=status,
        here=f"{CALENDAR}?year={shown}",
        year=shown,
        years=(FIRST_YEAR, LAST_YEAR),
        today=today,
        holidays=queries.holidays(session, period=whole),
        temperatures=temperatures[:MOST],
        most=MOST if len(temperatures) > MOST else None,
        kinds=[*DayKind],
        may_edit=may_edit(reader),
        typed={"day": "", "holiday": "", "counts_as": "", "place": "", "on": "", "max_c": "", **(typed or {})},
        wrong=wrong,
    )
