"""Accounts of the signed-in customer: list, home, link, unlink."""

from typing import Annotated, Final
from uuid import uuid4

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from core.db import Database
from core.idempotency import InFlight, KeyReused
from core.pagination import MAX_CURSOR, BadCursor
from routers.accounts.schemas import AccountHome, AccountList, DueList, LastBillProof, LinkedAccount, LinkRequest
from services.accounts import operations
from services.accounts.errors import LinkLimited, LinkRefused
from services.accounts.operations import LastBillAmount, LinkOutcome, LinkResult, MeterNumber
from services.billing import queries as billing
from web import hot
from web.access import ViewedAccount
from web.caller import SIGNED_IN, Caller, Customer, CustomerOfFlow, LivingCustomer, customer_of
from web.idempotency import KeyedRequest, once_flow
from web.models import AccountNo, Limit
from web.problems import problems
from web.problems.common import KeyMissing
from web.runtime import Runtime, RuntimeDep
from web.session import Flows, Now, Write

router = APIRouter(prefix="/api/v1", tags=["accounts"])

FIRST_PAGE: Final = [""]
"""No account number comes before it."""


@router.get("/accounts", response_model=AccountList, responses=problems(BadCursor), operation_id="list_accounts")
async def list_accounts(
    request: Request,
    caller: Customer,
    runtime: RuntimeDep,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR)] = None,
    limit: Annotated[Limit, Query()] = 24,
) -> Response:
    """Your accounts by number, with what each owes."""
    scope = f"accounts|{caller.user_id}"
    [after] = FIRST_PAGE if cursor is None else runtime.cursors.open(cursor, scope=scope)
    params: dict[str, object] = {
        "session_id": caller.session_id,
        "user_id": caller.user_id,
        "after": after,
        "limit": limit,
    }
    return hot.page(await hot.text(request, billing.HOT_ACCOUNTS, params), runtime.cursors, scope=scope)


@router.get(
    "/accounts/{account_no}",
    response_model=AccountHome,
    responses=problems(),
    operation_id="show_account",
    openapi_extra=SIGNED_IN,
)
async def show_account(request: Request, account_no: Annotated[AccountNo, Path()]) -> Response:
    """One account with its balances and last 12 bills."""
    caller = customer_of(request)
    return await hot.answer(
        request,
        billing.HOT_ACCOUNT,
        {"session_id": caller.session_id, "user_id": caller.user_id, "account_no": account_no},
    )


@router.get("/dues", response_model=DueList, responses=problems(BadCursor), operation_id="list_dues")
async def list_dues(
    request: Request,
    caller: Customer,
    runtime: RuntimeDep,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR)] = None,
    limit: Annotated[Limit, Query()] = 24,
) -> Response:
    """What the accounts that you may pay for owe: sums by currency, and those that owe something by number.

    Up to fifty of them are paid together by `POST /api/v1/payments` with `account_nos`. The sums are of your first five
    thousand accounts; `is_complete` says whether there are more.
    """
    scope = f"dues|{caller.user_id}"
    [after] = FIRST_PAGE if cursor is None else runtime.cursors.open(cursor, scope=scope)
    params: dict[str, object] = {
        "session_id": caller.session_id,
        "user_id": caller.user_id,
        "after": after,
        "limit": limit,
        "most": billing.MOST_SUMMED,
    }
    position, sums, items = (await hot.text(request, billing.HOT_DUES, params)).split("\n", 2)
    page = bytes(hot.page(f"{position}\n{items}", runtime.cursors, scope=scope).body).decode()
    return Response(f"{sums[:-1]},{page[1:]}", media_type=hot.JSON)


@router.post(
    "/account-links",
    response_model=LinkedAccount,
    status_code=201,
    operation_id="link_account",
    responses=problems(LinkRefused, LinkLimited, KeyMissing, KeyReused, InFlight),
)
def link_account(
    body: LinkRequest, caller: CustomerOfFlow, keyed: KeyedRequest, flows: Flows, runtime: RuntimeDep, now: Now
) -> Response:
    """Link an account by proof; five failed proofs a day, for you and for the account number."""

    def work(_resource: str) -> LinkedAccount:
        result = _prove(flows, runtime, caller, body, now)
        if result.outcome is LinkOutcome.LIMITED:
            raise LinkLimited(retry_after_s=result.retry_after_s)
        if result.outcome is LinkOutcome.REFUSED:
            raise LinkRefused
        return LinkedAccount(account_no=body.account_no)

    return once_flow(flows, keyed, work, resource=str(uuid4()))


@router.delete(
    "/account-links/{account_no}",  # noqa: FAST003 -- ViewedAccount has the number
    status_code=204,
    responses=problems(),
    operation_id="unlink_account",
)
def unlink_account(account: ViewedAccount, caller: LivingCustomer, write: Write, now: Now) -> None:
    """Give up your own access to an account, at once; as its owner, also what you gave to others."""
    operations.give_up_access(write, user_id=caller.user_id, account_id=account.id, actor=caller.actor, now=now)


def _prove(db: Database, runtime: Runtime, caller: Caller, body: LinkRequest, now: Now) -> LinkResult:
    """One try in its own transaction: a failed proof is committed before it is told."""
    proof = body.proof
    with db.write() as session:
        return operations.link_account(
            session,
            vault=runtime.vault,
            user_id=caller.user_id,
            account_no=body.account_no,
            name_character=proof.name_character,
            evidence=LastBillAmount(proof.amount_minor)
            if isinstance(proof, LastBillProof)
            else MeterNumber(proof.meter_no),
            actor=caller.actor,
            now=now,
        )
