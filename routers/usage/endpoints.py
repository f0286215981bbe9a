"""What an account used, and what it costs."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response, StreamingResponse

from core.periods import Period, business_date
from routers.usage.cost_schemas import PriceNow, RunningCost, TierLadder, UsageCost, UsageCostDays
from routers.usage.schemas import UsageIntervals, UsageSeries
from routers.usage.what_if_schemas import TariffComparison, WhatIf
from services.accounts.errors import TotalsOnly
from services.usage import queries
from services.usage.queries import drawing
from services.usage.queries.views import Of
from web import hot, spreadsheets
from web.access import SeenAccount, WhollySeenAccount
from web.caller import Customer
from web.models import AccountNo, Day, Month
from web.problems import problems
from web.problems.common import SpanWrong
from web.runtime import RuntimeDep
from web.session import Now, Write
from web.spans import Stretch
from web.usages import FileFormat, file_of, series_of, span_of

router = APIRouter(prefix="/api/v1/accounts/{account_no}/usage", tags=["usage"])

FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file",
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "meter,channel,start,minutes,energy,quality\r\n"},
            "application/atom+xml": {"schema": {"type": "string"}, "example": "<feed/>"},
        },
    }
}


@router.get("", responses=problems(TotalsOnly), operation_id="show_usage")
def show_usage(
    account: SeenAccount,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
    of: Annotated[Of, Query()] = Of.MONTH,
    at: Annotated[Day | None, Query()] = None,
) -> UsageSeries:
    """The day, month or year that a day lies in (today without one), with what is missing and what it compares with.

    An access that sees sums alone gets years: the months that are over.
    """
    zone = runtime.settings.zone
    today = business_date(now, zone)
    if not account.sees_all and of is not Of.YEAR:
        raise TotalsOnly
    found = series_of(
        write,
        account_id=account.account.id,
        stretch=Stretch.at(of, at or today),
        zone=zone,
        today=today,
        sees_all=account.sees_all,
    )
    return UsageSeries.seen(found)


@router.get(
    "/intervals",
    response_model=UsageIntervals,
    responses=problems(TotalsOnly, SpanWrong),
    operation_id="show_usage_intervals",
)
async def show_usage_intervals(
    request: Request,
    caller: Customer,
    runtime: RuntimeDep,
    account_no: Annotated[AccountNo, Path()],
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day, Query(alias="to")],
) -> Response:
    """Every interval from one day to another, both included, at most 13 months, as short as a drawing can take it."""
    given = drawing.hot_intervals_of(
        session_id=caller.session_id,
        user_id=caller.user_id,
        account_no=account_no,
        span=span_of(first, last),
        zone=runtime.settings.zone,
    )
    found = await hot.text(request, drawing.HOT_INTERVALS, given)
    if found == drawing.TOTALS:
        raise TotalsOnly
    return Response(found, media_type=hot.JSON)


@router.get("/cost", responses=problems(TotalsOnly), operation_id="show_usage_cost")
def show_usage_cost(account: WhollySeenAccount, runtime: RuntimeDep, write: Write, now: Now) -> UsageCost:
    """What has come together for the running bill, line by line, and what it will likely come to."""
    found = queries.present(write, account_id=account.account.id, now=now, zone=runtime.settings.zone)
    return UsageCost(
        running=None if found.running is None else RunningCost.of(found.running),
        tiers=None if found.tiers is None else TierLadder.of(found.tiers),
        now=None if found.price is None else PriceNow.of(found.price),
    )


@router.get("/cost/days", responses=problems(TotalsOnly), operation_id="show_usage_cost_days")
def show_usage_cost_days(
    account: WhollySeenAccount,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
    month: Annotated[Month | None, Query()] = None,
) -> UsageCostDays:
    """What each day of a month cost that was read (of the present month without one), to add up to its cost so far."""
    zone = runtime.settings.zone
    first = month or business_date(now, zone)
    found = queries.cost_by_day(write, account_id=account.account.id, month=first, zone=zone)
    return UsageCostDays.of(Period.month(first.year, first.month), found)


@router.get("/what-if", responses=problems(TotalsOnly), operation_id="compare_tariffs")
def compare_tariffs(account: WhollySeenAccount, runtime: RuntimeDep, write: Write, now: Now) -> WhatIf:
    """What the twelve months before this one would have cost under each tariff that the account could have."""
    zone = runtime.settings.zone
    found = queries.what_if(write, account_id=account.account.id, until=business_date(now, zone), zone=zone)
    return WhatIf(comparison=None if found is None else TariffComparison.of(found))


@router.get(
    "/export",
    response_class=Response,
    responses={**problems(TotalsOnly, SpanWrong), **FILES},
    operation_id="export_usage",
)
def export_usage(
    account: WhollySeenAccount,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day, Query(alias="to")],
    shape: Annotated[FileFormat, Query(alias="format")] = FileFormat.CSV,
) -> Response:
    """Every reading from one day to another, both included, at most 13 months: as CSV or as Green Button (ESPI)."""
    pieces, media_type, name = file_of(
        write,
        account_id=account.account.id,
        span=span_of(first, last),
        since=account.holder_since,
        shape=shape,
        zone=runtime.settings.zone,
        origin=runtime.settings.public_url,
        now=now,
    )
    return StreamingResponse(pieces, media_type=media_type, headers=spreadsheets.attachment(name))
