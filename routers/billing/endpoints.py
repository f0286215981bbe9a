"""Bills of one account."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from core.pagination import MAX_CURSOR, BadCursor
from routers.billing.schemas import BillDetail, BillPage
from services.billing import queries
from web import hot
from web.caller import Customer
from web.models import AccountNo, Limit
from web.problems import problems
from web.runtime import RuntimeDep

router = APIRouter(prefix="/api/v1/accounts/{account_no}/bills", tags=["bills"])

FIRST_PAGE = [date.max.isoformat(), 2**63 - 1]
BillNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{4,32}$")]


@router.get("", response_model=BillPage, responses=problems(BadCursor), operation_id="list_bills")
async def list_bills(
    request: Request,
    caller: Customer,
    runtime: RuntimeDep,
    account_no: Annotated[AccountNo, Path()],
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR)] = None,
    limit: Annotated[Limit, Query()] = 24,
) -> Response:
    """Bills of an account, newest first."""
    scope = f"bills|{caller.user_id}|{account_no}"
    issue_date, bill_id = FIRST_PAGE if cursor is None else runtime.cursors.open(cursor, scope=scope)
    found = await hot.text(
        request,
        queries.HOT_BILLS,
        {
            "session_id": caller.session_id,
            "user_id": caller.user_id,
            "account_no": account_no,
            "issue_date": issue_date,
            "bill_id": bill_id,
            "limit": limit,
        },
    )
    return hot.page(found, runtime.cursors, scope=scope)


@router.get("/{bill_no}", response_model=BillDetail, responses=problems(), operation_id="show_bill")
async def show_bill(
    request: Request,
    caller: Customer,
    account_no: Annotated[AccountNo, Path()],
    bill_no: Annotated[BillNo, Path()],
) -> Response:
    """One bill with its lines."""
    return await hot.answer(
        request,
        queries.HOT_BILL,
        {"session_id": caller.session_id, "user_id": caller.user_id, "account_no": account_no, "bill_no": bill_no},
    )
