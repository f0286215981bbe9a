"""Payments: start, look, watch, try again; quotes to pay for others."""

import json
from typing import Annotated, Final
from uuid import uuid4

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response, StreamingResponse

from core.idempotency import InFlight, KeyReused
from core.ids import human_code
from core.money import MixedCurrencies
from routers.payments.schemas import (
    PAYMENT_EXAMPLE,
    AttemptRequest,
    Payment,
    PaymentNo,
    PaymentQuote,
    PaymentRequest,
    QuoteRequest,
    StartedPayment,
    WechatPayer,
)
from services.identity.errors import WechatBusy
from services.payments import flows, operations, queries
from services.payments.errors import (
    AccountNotPayable,
    AmountChanged,
    AmountTooLarge,
    AttemptInDoubt,
    MethodNotOffered,
    PartialNotAllowed,
    PayableUnknown,
    PaymentFinal,
    PaymentUnknown,
    ProviderRefused,
    ProviderUnavailable,
    QuoteExpired,
    QuoteRefused,
    QuotesLimited,
    SeveralMerchants,
    TooManyParts,
    WechatPayerUnknown,
)
from services.payments.flows import Again
from services.payments.operations import Wanted
from services.payments.ports import Method, Payer
from web import hot, live
from web.caller import Caller, Customer, CustomerOfFlow, CustomerOfPaymentFlow
from web.idempotency import KeyedRequest, once_flow
from web.live import EventStream
from web.problems import problems
from web.problems.common import KeyMissing
from web.problems.live import StreamsFull, TooManyStreams
from web.runtime import Runtime, RuntimeDep
from web.session import Flows, Now, PaymentFlows

router = APIRouter(prefix="/api/v1", tags=["payments"])

PAYMENT_NO_LENGTH: Final = 16
"""80 random bits: a number that nobody guesses."""

KEYED: Final = (KeyMissing, KeyReused, InFlight)
ASKED_FOR: Final = (
    QuoteExpired,
    PayableUnknown,
    PartialNotAllowed,
    AmountTooLarge,
    AmountChanged,
    TooManyParts,
    SeveralMerchants,
    MixedCurrencies,
    MethodNotOffered,
    ProviderUnavailable,
    ProviderRefused,
    WechatPayerUnknown,
    WechatBusy,
    *KEYED,
)
"""Why a provider is not asked for money, or does not take the order."""

EVENT_EXAMPLE: Final = f"event: status\ndata: {json.dumps(PAYMENT_EXAMPLE)}\n\n"


@router.post(
    "/payments",
    response_model=StartedPayment,
    status_code=201,
    operation_id="start_payment",
    responses=problems(AccountNotPayable, *ASKED_FOR),
)
def start_payment(
    body: PaymentRequest,
    caller: CustomerOfPaymentFlow,
    keyed: KeyedRequest,
    db: PaymentFlows,
    runtime: RuntimeDep,
    now: Now,
) -> Response:
    """Start a payment; repeated with its key it goes on where it was cut, and never pays twice."""
    wanted = Wanted(
        user_id=caller.user_id,
        account_no=body.account_no,
        account_nos=tuple(body.account_nos or ()),
        group_id=body.group_id,
        quote_id=body.quote_id,
        amount_minor=body.amount_minor,
        bill_nos=None if body.bill_nos is None else tuple(body.bill_nos),
        method=Method(body.method),
        payer=_person(caller, body.wechat),
        description=_description(runtime),
        partial_allowed=runtime.settings.partial_payment,
        most_major=runtime.settings.payment_most,
    )

    def work(payment_no: str) -> StartedPayment:
        started = flows.start_payment(db, vault=runtime.vault, wanted=wanted, payment_no=payment_no, now=now)
        return StartedPayment.of(started, return_url=_whole(runtime, body.return_url))

    return once_flow(db, keyed, work, resource=human_code(PAYMENT_NO_LENGTH))


@router.get("/payments/{payment_no}", response_model=Payment, responses=problems(), operation_id="show_payment")
async def show_payment(
    request: Request, caller: Customer, payment_no: Annotated[PaymentNo, Path()], now: Now
) -> Response:
    """One payment of yours."""
    return await hot.answer(
        request,
        queries.HOT_PAYMENT,
        {"payment_no": payment_no, "user_id": caller.user_id, "session_id": caller.session_id, "now": now},
    )


@router.get(
    "/payments/{payment_no}/events",
    response_class=StreamingResponse,
    responses={
        **problems(TooManyStreams, StreamsFull),
        200: {
            "description": "Server-sent events `status`, each a Payment, and comments while nothing changes.",
            "content": {"text/event-stream": {"example": EVENT_EXAMPLE}},
        },
    },
    operation_id="watch_payment",
)
async def watch_payment(
    request: Request, caller: Customer, payment_no: Annotated[PaymentNo, Path()], now: Now
) -> EventStream:
    """Follow one payment until it is final; the same content as asking again and again."""
    first = await hot.text(
        request,
        queries.HOT_PAYMENT,
        {"payment_no": payment_no, "user_id": caller.user_id, "session_id": caller.session_id, "now": now},
    )
    wanted = live.Watched(payment_no, caller.user_id, caller.session_id)
    return EventStream(live.watch_of(request), wanted, first)


@router.post(
    "/payments/{payment_no}/check",
    operation_id="check_payment",
    responses=problems(PaymentUnknown),
)
def check_payment(
    caller: CustomerOfPaymentFlow,
    db: PaymentFlows,
    runtime: RuntimeDep,
    payment_no: Annotated[PaymentNo, Path()],
    now: Now,
) -> Payment:
    """Ask the provider now whether a payment is paid, as an app does when WeChat hands back to it.

    Moves nothing by itself, so it takes no key: asked again within three seconds, or while the provider is away, it
    tells what is known.
    """
    return Payment.of(
        flows.check_payment(db, vault=runtime.vault, user_id=caller.user_id, payment_no=payment_no, now=now)
    )


@router.post(
    "/payments/{payment_no}/give-up",
    response_model=Payment,
    operation_id="give_up_payment",
    responses=problems(PaymentUnknown, *KEYED),
)
def give_up_payment(
    caller: CustomerOfPaymentFlow,
    keyed: KeyedRequest,
    db: PaymentFlows,
    payment_no: Annotated[PaymentNo, Path()],
    now: Now,
) -> Response:
    """Give a payment up that will not be made: its number at the provider is closed, and nobody can pay it any more.

    What was paid meanwhile is paid. While the provider does not answer the payment is `unknown` and is closed later.
    """

    def work(_resource: str) -> Payment:
        return Payment.of(
            flows.give_up_payment(db, user_id=caller.user_id, payment_no=payment_no, address=caller.address, now=now)
        )

    return once_flow(db, keyed, work, resource=payment_no, status=200)


@router.post(
    "/payments/{payment_no}/attempts",
    response_model=StartedPayment,
    status_code=201,
    operation_id="retry_payment",
    responses=problems(PaymentUnknown, PaymentFinal, AttemptInDoubt, *ASKED_FOR),
)
def retry_payment(
    body: AttemptRequest,
    caller: CustomerOfPaymentFlow,
    keyed: KeyedRequest,
    db: PaymentFlows,
    runtime: RuntimeDep,
    payment_no: Annotated[PaymentNo, Path()],
    now: Now,
) -> Response:
    """Try a payment again: the same number at the provider while nothing changes, else the old one is closed first."""
    again = Again(
        amount_minor=body.amount_minor,
        bill_nos=None if body.bill_nos is None else tuple(body.bill_nos),
        method=None if body.method is None else Method(body.method),
        payer=_person(caller, body.wechat),
        description=_description(runtime),
        partial_allowed=runtime.settings.partial_payment,
        most_major=runtime.settings.payment_most,
    )

    def work(_resource: str) -> StartedPayment:
        started = flows.retry_payment(
            db, vault=runtime.vault, user_id=caller.user_id, payment_no=payment_no, again=again, now=now
        )
        return StartedPayment.of(started, return_url=_whole(runtime, body.return_url))

    return once_flow(db, keyed, work, resource=payment_no)


@router.post(
    "/payment-quotes",
    response_model=PaymentQuote,
    status_code=201,
    operation_id="quote_payment",
    responses=problems(QuoteRefused, QuotesLimited, *KEYED),
)
def quote_payment(
    body: QuoteRequest, caller: CustomerOfFlow, keyed: KeyedRequest, db: Flows, runtime: RuntimeDep, now: Now
) -> Response:
    """See what somebody else owes, to pay it for them: for ten minutes, with a limited number of guesses a day."""

    def work(_resource: str) -> PaymentQuote:
        with db.write() as session:
            result = operations.quote_for_others(
                session,
                vault=runtime.vault,
                user_id=caller.user_id,
                address=caller.address,
                account_no=body.account_no,
                name_hint=body.name_hint,
                now=now,
            )
        if result.quote is None:
            raise result.refusal or QuoteRefused
        return PaymentQuote.of(result.quote)

    return once_flow(db, keyed, work, resource=str(uuid4()))


def _person(caller: Caller, wechat: WechatPayer | None) -> Payer:
    if wechat is None:
        return Payer(caller.address)
    return Payer(caller.address, appid=wechat.appid, code=wechat.code)


def _description(runtime: Runtime) -> str:
    """What the payer reads at the provider: the supplier. Neither account nor bill is the provider's business."""
    return runtime.settings.supplier_name


def _whole(runtime: Runtime, path: str | None) -> str | None:
    return None if path is None else runtime.settings.public_url + path
