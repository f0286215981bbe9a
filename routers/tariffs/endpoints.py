"""The tariff of one account."""

from fastapi import APIRouter

from core.periods import business_date
from routers.tariffs.schemas import PlanOfAccount, TariffOfAccount
from services.accounts.queries import agreements
from web.access import SeenAccount
from web.plans import plan_on, prices_of
from web.problems import problems
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(prefix="/api/v1/accounts/{account_no}/tariff", tags=["tariffs"])


@router.get("", responses=problems(), operation_id="show_tariff")
def show_tariff(account: SeenAccount, runtime: RuntimeDep, write: Write, now: Now) -> TariffOfAccount:
    """What a kWh costs by period and tier, when which price holds today, what else is charged, and since when."""
    zone = runtime.settings.zone
    today = business_date(now, zone)
    history = agreements.agreements(write, account_id=account.account.id, since=account.holder_since)
    held = next((each for each in history if each.holds_on(today)), None)
    plan = plan_on(write, agreement=held, day=today, zone=zone)
    shown = None
    if plan is not None:
        month = today.replace(day=1)
        shown = PlanOfAccount.of(plan, prices_of(plan.tariff, month=month.month), month=month, now=now)
    return TariffOfAccount.of(held, shown, history)
