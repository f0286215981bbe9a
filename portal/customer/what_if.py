"""What the last twelve months would have cost under other tariffs."""

from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from core.money import Money
from core.periods import business_date
from portal.customer import shelf
from portal.customer.usage_shown import MOST_GAPS, percent_more
from portal.pages import SignedIn, go, show
from services.accounts.errors import TotalsOnly
from services.usage import queries
from services.usage.queries.views import Offer, WhatIf
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Row:
    """A tariff beside the present one: how much more it would have cost (less below zero)."""

    offer: Offer
    more: Money | None
    percent: int | None


@router.get("/usage/what-if")
def what_if(request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now) -> Response:
    """The twelve months before this one of the chosen account, under each tariff that it could have."""
    mine = shelf.of_reader(request, write, reader, now=now)
    if mine.account is None:
        return go("/accounts/link")
    if not mine.account.sees_lines:
        raise TotalsOnly
    zone = runtime.settings.zone
    found = queries.what_if(write, account_id=mine.account.id, until=business_date(now, zone), zone=zone)
    return show(
        request,
        "customer/what_if.html",
        reader,
        unread=mine.unread,
        account=mine.account,
        found=found,
        rows=[] if found is None else _rows(found),
        last=None if found is None else found.end - timedelta(days=1),
        counted=set() if found is None else _counted(found),
        gaps=() if found is None else found.gaps[:MOST_GAPS],
        more_gaps=0 if found is None else max(0, len(found.gaps) - MOST_GAPS),
    )


def _rows(found: WhatIf) -> list[Row]:
    present = next((each for each in found.offers if each.is_present), None)
    return sorted((_row(each, present) for each in found.offers), key=lambda row: row.offer.total.minor)


def _row(offer: Offer, present: Offer | None) -> Row:
    if present is None or offer.is_present:
        return Row(offer, None, None)
    return Row(offer, offer.total - present.total, percent_more(offer.total.major, present.total.major))


def _counted(found: WhatIf) -> set[date]:
    """The months that every offer prices: those of the totals."""
    priced = [{each.month for each in offer.months if each.cost is not None} for offer in found.offers]
    return set.intersection(*priced) if priced else set()
