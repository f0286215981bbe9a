"""Prices of intervals of a tariff that has them, day by day, as they were loaded: nobody changes them here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from core.money import exponent
from core.periods import business_date, day_of, start_of
from portal.staff.pages import show
from portal.staff.tariffs import TARIFFS, Reader, found_tariff
from services.tariffs import queries
from web.problems.common import NotFound
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class _Row:
    """One interval, with the price of a kWh in the currency of the tariff."""

    start: datetime
    end: datetime
    price: Decimal


@router.get(TARIFFS + "/{code}/intervals")
def slot_prices_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    code: str,
    day: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """The prices of one day, of today unless another is chosen."""
    zone = runtime.settings.zone
    tariff = found_tariff(write, runtime, code, now=now)
    try:
        chosen = day_of(day) if day else business_date(now, zone)
    except ValueError as error:
        raise NotFound from error
    one = timedelta(days=1)
    found = queries.slot_prices(write, code=tariff.code, begin=start_of(chosen, zone), end=start_of(chosen + one, zone))
    return show(
        request,
        "staff/slot_prices.html",
        reader,
        here=f"{TARIFFS}/{tariff.code}/intervals?day={chosen.isoformat()}",
        tariff=tariff,
        day=chosen,
        before=chosen - one,
        after=chosen + one,
        rows=[_Row(each.start, each.end, each.rate_minor.scaleb(-exponent(tariff.currency))) for each in found],
    )
