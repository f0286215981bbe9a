"""Bills: the list and one bill with its lines."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from core.money import Money
from core.periods import business_date
from portal.customer import shelf
from portal.pages import SignedIn, go, show
from services.billing import queries
from services.billing.queries import BillView
from services.payments import queries as payments
from web.problems.common import NotFound
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

PAGE: Final = 12
SCOPE: Final = "portal.bills"
BILL: Final = "bill"
"""What payments call a bill."""


@dataclass(frozen=True)
class BillRow:
    """A bill as lists and its page show it; `period_last` is its last day."""

    bill_no: str
    period_first: date
    period_last: date
    issue_date: date
    due_date: date
    energy_kwh: Decimal
    amount: Money
    open: Money
    state: str
    is_overdue: bool


def row_of(bill: BillView, today: date) -> BillRow:
    """What pages show of a bill on a day."""
    return BillRow(
        bill.bill_no,
        bill.period_first,
        bill.period_end - timedelta(days=1),
        bill.issue_date,
        bill.due_date,
        bill.energy_kwh,
        bill.amount,
        bill.open,
        bill.state,
        is_overdue=bill.open.minor > 0 and bill.due_date < today,
    )


@router.get("/bills")
def bills(request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, after: str = "") -> Response:
    """Bills of the chosen account, newest first."""
    mine = shelf.of_reader(request, write, reader, now=now)
    if mine.account is None:
        return go("/accounts/link")
    scope = f"{SCOPE}|{mine.account.id}"
    behind = runtime.cursors.behind(after, scope=scope, first=[])
    before = (date.fromisoformat(behind[0]), behind[1]) if behind else None
    since = mine.account.holder_since
    found = queries.bills_page(write, account_id=mine.account.id, before=before, limit=PAGE + 1, since=since)
    shown, more = runtime.cursors.page(
        found, PAGE, scope=scope, position=lambda bill: [bill.issue_date.isoformat(), bill.id]
    )
    today = business_date(now, runtime.settings.zone)
    return show(
        request,
        "customer/bills.html",
        reader,
        unread=mine.unread,
        account=mine.account,
        accounts=mine.accounts,
        bills=[row_of(bill, today) for bill in shown],
        next=more,
    )


@router.get("/bills/{account_no}/{bill_no}")
def bill(
    request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, account_no: str, bill_no: str
) -> Response:
    """One bill with its lines."""
    mine = shelf.of_reader(request, write, reader, now=now, wanted=account_no)
    found = None
    if mine.account is not None:
        since = mine.account.holder_since
        found = queries.bill_by_no(write, account_id=mine.account.id, bill_no=bill_no, since=since)
    if mine.account is None or found is None:
        raise NotFound
    return show(
        request,
        "customer/bill.html",
        reader,
        unread=mine.unread,
        account=mine.account,
        can_pay=mine.account.can_pay,
        bill=row_of(found, business_date(now, runtime.settings.zone)),
        lines=queries.lines(write, account_id=found.account_id, bill_id=found.id) if mine.account.sees_lines else [],
        paid=payments.paid_for(
            write, account_id=found.account_id, kind=BILL, payable_id=found.id, user_id=reader.user_id
        ),
    )
