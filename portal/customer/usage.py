"""Usage: a day, a month or a year as bars and as a table, what it is compared with, and files to take home."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from core.db import ReadSession
from core.periods import Period, business_date
from portal.customer import shelf
from portal.customer.usage_shown import places_of, shown_of, steps_of
from portal.pages import UNPROCESSABLE, Reader, SignedIn, go, is_partial, show, typed_day
from portal.words.energy import PERIODS
from services.accounts.errors import TotalsOnly
from services.accounts.queries import AccountId
from services.metering.queries import files
from services.usage import queries
from services.usage.queries import drawing
from services.usage.queries.days import known
from services.usage.queries.views import DayCost, Of, PeriodCost, Present, Series
from web import hot, spreadsheets
from web.models import Day
from web.problems.common import NotFound
from web.runtime import RuntimeDep
from web.session import Now, Write
from web.spans import Stretch
from web.usages import FileFormat, expected_of, file_of, series_of, span_of

router = APIRouter(include_in_schema=False)

Short = Annotated[str, Query(max_length=16)]
Beside = Annotated[str, Query(max_length=16, alias="with")]
BEFORE: Final = "before"
YEAR_BEFORE: Final = "year"
A_DAY: Final = timedelta(days=1)
"""A time of the clock tells a moment within it."""


@router.get("/usage")
def usage(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    now: Now,
    of: Short = "",
    at: Short = "",
    beside: Beside = "",
) -> Response:
    """The day, month or year of the chosen account that a day lies in; this month without one.

    A script that shows another one is given what differs by it.
    """
    mine = shelf.of_reader(request, write, reader, now=now)
    is_part = is_partial(request)
    if mine.account is None:
        return go("/accounts/link")
    zone = runtime.settings.zone
    today, asked = business_date(now, zone), typed_day(at) if at else None
    day = min(asked or today, today)
    sees_all = mine.account.sees_lines
    stretch = Stretch.at(Of(of) if of in set(Of) and sees_all else Of.MONTH if sees_all else Of.YEAR, day)

    def series(other: Stretch) -> Series:
        return series_of(write, account_id=account_id, stretch=other, zone=zone, today=today, sees_all=sees_all)

    account_id = mine.account.id
    other = {BEFORE: stretch.before, YEAR_BEFORE: stretch.a_year_before}.get(beside)
    found, present, costs = (
        _read(write, account_id, stretch, zone, now, is_part=is_part) if sees_all else (series(stretch), None, [])
    )
    shown = shown_of(
        found,
        stretch,
        zone=zone,
        today=today,
        since=mine.account.holder_since,
        other=None if other is None else series(other),
        costs=costs,
    )
    is_wrong = bool(at) and asked is None
    return show(
        request,
        "customer/usage_part.html" if is_part else "customer/usage.html",
        reader,
        unread=mine.unread,
        status=UNPROCESSABLE if is_wrong else None,
        account=mine.account,
        accounts=mine.accounts,
        shown=shown,
        offered=[each.value for each in Of] if sees_all else [Of.YEAR.value],
        at=day,
        today=today,
        last=min(stretch.days.end - timedelta(days=1), today),
        has_file=not (shown.is_of_registers or shown.is_empty)
        or _has_file(write, account_id, stretch.days, mine.account.holder_since),
        beside=beside,
        before_first=stretch.before and stretch.before.days.first,
        is_wrong=is_wrong,
        is_part=is_part,
        **({} if present is None else _cards(present, now)),
    )


def _has_file(session: ReadSession, account_id: AccountId, days: Period, since: date | None) -> bool:
    """Whether there is an interval to take home: none of a meter that is read by hand."""
    first = max(days.first, since or days.first)
    return first < days.end and files.has_intervals(session, account_id=account_id, period=Period(first, days.end))


def _read(
    session: ReadSession, account_id: AccountId, stretch: Stretch, zone: ZoneInfo, now: datetime, *, is_part: bool
) -> tuple[Series, Present | None, list[DayCost]]:
    """A stretch, what is told of this moment unless it is on the page already, and what each day of a month cost."""
    today, is_month = business_date(now, zone), stretch.of is Of.MONTH
    if is_month and today in stretch.days and not is_part:
        present, costs, month = queries.present_by_day(session, account_id=account_id, now=now, zone=zone)
        return expected_of(month), present, costs
    return (
        series_of(session, account_id=account_id, stretch=stretch, zone=zone, today=today, sees_all=True),
        None if is_part else queries.present(session, account_id=account_id, now=now, zone=zone),
        queries.cost_by_day(session, account_id=account_id, month=stretch.days.first, zone=zone) if is_month else [],
    )


def _cards(found: Present, now: datetime) -> dict[str, Any]:
    cost, position, price = found.running, found.tiers, found.price
    has_tiers = position is not None and len(position.rungs) > 1
    return {
        "cost": None if cost is None else replace(cost, by_period=tuple(sorted(cost.by_period, key=_place))),
        "cost_last": None if cost is None else cost.end - timedelta(days=1),
        "price": price,
        "is_soon": price is None or price.until is None or price.until - now < A_DAY,
        "position": position if has_tiers else None,
        "steps": steps_of(position) if position is not None and has_tiers else (),
    }


def _place(cost: PeriodCost) -> tuple[int, str]:
    known = list(PERIODS)
    return (known.index(cost.period) if cost.period in known else len(known), cost.period)


@router.get("/usage/intervals")
def intervals(
    request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, at: Short = ""
) -> Response:
    """Every interval of the month that a day lies in, to zoom into; the day itself as bars and as a table.

    Without a day that is read it is the last one that is: most days are read on the next.
    """
    mine = shelf.of_reader(request, write, reader, now=now)
    if mine.account is None:
        return go("/accounts/link")
    if not mine.account.sees_lines:
        raise TotalsOnly
    zone, account_id = runtime.settings.zone, mine.account.id
    today = business_date(now, zone)
    last_read = known(write, account_id=account_id, zone=zone).last_day(zone) or today
    asked = min(typed_day(at) or today, today, max(last_read, mine.account.holder_since or last_read))
    month, day = (
        shown_of(
            series_of(write, account_id=account_id, stretch=stretch, zone=zone, today=today, sees_all=True),
            stretch,
            zone=zone,
            today=today,
            since=mine.account.holder_since,
        )
        for stretch in (Stretch.at(of, asked) for of in (Of.MONTH, Of.DAY))
    )
    rows, minutes = _of_day(write, reader, mine.account.account_no, day.first, zone)
    return show(
        request,
        "customer/intervals.html",
        reader,
        unread=mine.unread,
        account=mine.account,
        month=month,
        last=min(Stretch.at(Of.MONTH, day.first).days.end - timedelta(days=1), today),
        day=day,
        rows=rows,
        places=places_of([kwh for _, kwh in rows if kwh is not None]),
        minutes=None if month.is_empty else minutes,
        zone=zone.key,
    )


def _of_day(
    session: ReadSession, reader: Reader, account_no: str, day: date, zone: ZoneInfo
) -> tuple[list[tuple[datetime, Decimal | None]], int]:
    """Each interval of a day with its kWh, and how long they are: those of the drawing of its month."""
    text = drawing.intervals(
        session,
        session_id=reader.session_id,
        user_id=reader.user_id,
        account_no=account_no,
        span=Stretch.at(Of.MONTH, day).days,
        zone=zone,
    )
    found = json.loads(text or '{"start": null, "minutes": 15, "energies": []}')
    first, step = found["start"] or 0, 60 * found["minutes"]
    begins = (datetime.fromtimestamp(first + step * place, zone) for place in count())
    rows = zip(begins, found["energies"], strict=False)
    return [
        (begin, None if energy is None else Decimal(energy).scaleb(-6)) for begin, energy in rows if begin.date() == day
    ], found["minutes"]


@router.get("/usage/intervals.json")
def intervals_drawn(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    now: Now,
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day, Query(alias="to")],
) -> Response:
    """Every interval of these days of the chosen account, for the drawing."""
    mine = shelf.of_reader(request, write, reader, now=now)
    if mine.account is None:
        raise NotFound
    text = drawing.intervals(
        write,
        session_id=reader.session_id,
        user_id=reader.user_id,
        account_no=mine.account.account_no,
        span=span_of(first, last),
        zone=runtime.settings.zone,
    )
    if text == drawing.TOTALS:
        raise TotalsOnly
    if not text:
        raise NotFound
    return Response(text, media_type=hot.JSON)


@router.get("/usage/export")
def export(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    now: Now,
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day, Query(alias="to")],
    shape: Annotated[FileFormat, Query(alias="format")] = FileFormat.CSV,
) -> Response:
    """Every reading of these days of the chosen account, as a file."""
    mine = shelf.of_reader(request, write, reader, now=now)
    if mine.account is None:
        return go("/accounts/link")
    if not mine.account.sees_lines:
        raise TotalsOnly
    pieces, media_type, name = file_of(
        write,
        account_id=mine.account.id,
        span=span_of(first, last),
        since=mine.account.holder_since,
        shape=shape,
        zone=runtime.settings.zone,
        origin=runtime.settings.public_url,
        now=now,
    )
    return StreamingResponse(pieces, media_type=media_type, headers=spreadsheets.attachment(name))
