"""My tariff: what a kWh costs now and at other times, what else is charged, and what was agreed."""

from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from core.periods import business_date
from portal.customer import shelf
from portal.pages import SignedIn, go, show
from services.accounts.queries import agreements
from services.usage.queries import price_now
from web.plans import Plan, now_of, plan_on, prices_of
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)


@router.get("/tariff")
def tariff(request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now) -> Response:
    """The tariff of the chosen account."""
    mine = shelf.of_reader(request, write, reader, now=now)
    if mine.account is None:
        return go("/accounts/link")
    zone = runtime.settings.zone
    today = business_date(now, zone)
    history = agreements.agreements(write, account_id=mine.account.id, since=mine.account.holder_since)
    held = next((each for each in history if each.holds_on(today)), None)
    plan = plan_on(write, agreement=held, day=today, zone=zone)
    return show(
        request,
        "customer/tariff.html",
        reader,
        unread=mine.unread,
        account=mine.account,
        accounts=mine.accounts,
        agreement=held,
        history=history,
        slots_now=price_now(write, account_id=mine.account.id, now=now, zone=zone)
        if plan is not None and plan.tariff.by_slot
        else None,
        **({"plan": None} if plan is None else _shown(plan, today, now)),
    )


def _shown(plan: Plan, today: date, now: datetime) -> dict[str, Any]:
    prices = prices_of(plan.tariff, month=today.month)
    stay = now_of(plan.stays, now)
    return {
        "plan": plan.tariff.document,
        "name": plan.name,
        "version": plan.version,
        "last_day": None if plan.version.valid_to is None else plan.version.valid_to - timedelta(days=1),
        "default_period": plan.tariff.default_period,
        "periods": plan.tariff.periods,
        "month": today,
        "prices": prices,
        "is_by_slot": plan.tariff.by_slot,
        "stays": plan.stays,
        "stay": stay,
        "costs_now": next((each.costs for each in prices.periods if stay and each.period == stay.period), ()),
        "now": now,
    }
