"""WeChat Pay's callbacks: verified over the raw bytes, kept once, applied, and acknowledged after the commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from core import clock
from core.db import Database
from services.payments import flows
from services.payments.errors import CallbackRefused
from services.payments.operations import Heard
from services.payments.ports import DEFAULT_MERCHANT, PROVIDERS, Notice, PaymentProvider, source_of
from web import metrics
from web.problems import problems
from web.problems.common import NotFound
from web.session import CALLBACKS
from web.together import Together

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/callbacks", tags=["callbacks"])

NAME: Final = "wechat_pay"
UNKNOWN_SERIAL: Final = "unknown_serial"
SIGNED: Final = frozenset({"malformed", "foreign_merchant"})
"""Proved to be the platform's, and still nothing that we take: told as a bad request, since no key would mend it."""

QUIET: Final = frozenset({"signature_probe"})


AT_ONCE: Final = 2
"""Statements that take callbacks, of one process; the pool has another connection for leases."""

TOGETHER: Final = 16
"""Callbacks in one of them: with as many the wait for the disk is shared, and none waits long for the others."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it came."""

    source: str
    provider: PaymentProvider
    headers: Mapping[str, str]
    body: bytes
    now: datetime


def takes(db: Database) -> Together[Heard, bool]:
    """What takes the callbacks of one process."""
    return Together(partial(flows.take_notices, db), at_once=AT_ONCE, most=TOGETHER)


REFUSED: Final = {"code": "FAIL", "message": "refused"}
NOTICE_EXAMPLE: Final = {
    "id": "EV-2018022511223320873",
    "create_time": "2026-11-24T16:00:31+08:00",
    "event_type": "TRANSACTION.SUCCESS",
    "resource_type": "encrypt-resource",
    "summary": "支付成功",
    "resource": {
        "original_type": "transaction",
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": "...",
        "associated_data": "transaction",
        "nonce": "fdasfjihihihlkja",
    },
}


_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}, "example": NOTICE_EXAMPLE}},
    }
}


def _responses() -> dict[int | str, dict[str, Any]]:
    """The edge's own problems, and the form in which the platform is told that its call is refused."""
    documented = problems(NotFound)
    for status in (400, 401):
        answer = documented.setdefault(status, {"description": "The call is not proved to be the platform's."})
        answer.setdefault("content", {})["application/json"] = {"schema": {"type": "object"}, "example": REFUSED}
    return documented


@router.post(
    "/wechat-pay",
    status_code=204,
    responses=_responses(),
    operation_id="receive_wechat_pay",
    openapi_extra=_BODY,
)
async def receive(request: Request) -> Response:
    """Take a notification. 204 says that it is kept, and applied unless something is wrong here that a job mends."""
    return await _take(request, NAME)


@router.post(
    "/wechat-pay/{merchant}",
    status_code=204,
    responses=_responses(),
    operation_id="receive_wechat_pay_of_merchant",
    openapi_extra=_BODY,
)
async def receive_of_merchant(request: Request, merchant: Annotated[str, Path(max_length=64)]) -> Response:
    """Take a notification to one of several merchant accounts, by name; what is another's is refused and counted."""
    if merchant == DEFAULT_MERCHANT:
        raise NotFound
    return await _take(request, source_of(NAME, merchant))


async def _take(request: Request, source: str) -> Response:
    now = clock.now()
    provider = PROVIDERS.get().get(source)
    if provider is None:
        raise NotFound
    call = Call(source, provider, dict(request.headers), await request.body(), now)
    db: Database = request.app.state.runtime.db
    takes: Together[Heard, bool] = request.app.state.takes
    heard = _read(call)
    if isinstance(heard, Notice) and await takes(Heard(source, heard, call.body, now)):
        return Response(status_code=204)
    async with CALLBACKS.place():
        return await run_in_threadpool(_receive_at_length, db, call, heard)


def _read(call: Call) -> Notice | CallbackRefused:
    try:
        return call.provider.read_notice(call.headers, call.body, now=call.now)
    except CallbackRefused as refused:
        return refused


def _receive_at_length(db: Database, call: Call, heard: Notice | CallbackRefused) -> Response:
    if isinstance(heard, CallbackRefused) and _may_know_more(call.provider, heard):
        heard = flows.read_with_new_keys(db, source=call.source, headers=call.headers, body=call.body, now=call.now)
    if isinstance(heard, CallbackRefused):
        return _refuse(db, call, reason=str(heard.facts["reason"]))
    flows.receive_notice(db, source=call.source, notice=heard, body=call.body, now=call.now)
    return Response(status_code=204)


def _may_know_more(provider: PaymentProvider, refused: CallbackRefused) -> bool:
    return provider.renews_keys and refused.facts["reason"] == UNKNOWN_SERIAL


def _refuse(db: Database, call: Call, *, reason: str) -> Response:
    """Count it, keep nothing of it, and say no more than the platform needs."""
    flows.count_refusal(db, source=call.source, reason=reason, now=call.now)
    metrics.SECURITY.labels(f"callback_{reason}").inc()
    if reason not in QUIET:
        log.warning("callback_refused", provider=call.source, reason=reason)
    return JSONResponse(REFUSED, 400 if reason in SIGNED else 401)
