"""Usage: a day, a month or a year as bars and as a table, what it is compared with, and files to take home."""

from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from core.periods import business_date
from portal.customer import shelf
from portal.customer.usage_shown import shown_of
from portal.pages import UNPROCESSABLE, SignedIn, go, show, typed_day
from services.accounts.errors import TotalsOnly
from services.usage.queries.views import Of, Series
from web import spreadsheets
from web.runtime import RuntimeDep
from web.session import Now, Write
from web.spans import Stretch
from web.usages import FileFormat, file_of, series_of, span_of

router = APIRouter(include_in_schema=False)

Short = Annotated[str, Query(max_length=16)]
BEFORE: Final = "before"
YEAR_BEFORE: Final = "year"


@router.get("/usage")
def usage(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    now: Now,
    of: Short = "",
    at: Short = "",
    beside: Annotated[str, Query(max_length=16, alias="with")] = "",
) -> Response:
    """The day, month or year of the chosen account that a day lies in; this month without one."""
    mine = shelf.of_reader(request, write, reader, now=now)
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
    shown = shown_of(
        series(stretch),
        stretch,
        zone=zone,
        today=today,
        since=mine.account.holder_since,
        other=None if other is None else series(other),
    )
    is_wrong = bool(at) and asked is None
    return show(
        request,
        "customer/usage.html",
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
        beside=beside,
        before_first=stretch.before and stretch.before.days.first,
        is_wrong=is_wrong,
    )


@router.get("/usage/export")
def export(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    now: Now,
    first: Annotated[date, Query(alias="from")],
    last: Annotated[date, Query(alias="to")],
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
