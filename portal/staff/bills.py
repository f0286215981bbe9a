"""One bill of an account as staff see it: what it is made of, how it stands, and what settled it."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from core.periods import business_date
from portal.customer.bills import row_of
from portal.staff.customers import Reader, look_at
from portal.staff.pages import show
from services.accounts.roles import StaffPermission
from services.billing import queries as billing
from services.billing.queries import records
from services.ledger import queries as ledger
from services.ledger.chart import OwnerKind
from services.payments.queries import finding as paying
from web.problems.common import NotFound
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

BILL: Final = "/staff/accounts/{account_no}/bills/{bill_no}"


@router.get(BILL)
def bill(
    request: Request, runtime: RuntimeDep, reader: Reader, write: Write, now: Now, account_no: str, bill_no: str
) -> Response:
    """The bill; the numbers of payments are for those who may read payments where the account lies."""
    looked = look_at(write, reader, account_no, now=now)
    account = looked.account
    found = billing.bill_by_no(write, account_id=account.id, bill_no=bill_no)
    if found is None:
        raise NotFound
    record = records.record(write, account_id=account.id, bill_id=found.id)
    sources = [each.source_id for each in record.settlements]
    may_pay = StaffPermission.PAYMENTS_VIEW in looked.may
    return show(
        request,
        "staff/bill.html",
        reader,
        account=account,
        bill=row_of(found, business_date(now, runtime.settings.zone)),
        lines=billing.lines(write, account_id=account.id, bill_id=found.id),
        record=record,
        made=ledger.made_by(
            write,
            owner_kind=OwnerKind.ACCOUNT,
            owner_id=account.id,
            source_ids=[*sources, *filter(None, [record.posting_id])],
        ),
        payments=paying.numbers_of(write, attempt_ids=sources) if may_pay else {},
    )
