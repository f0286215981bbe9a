"""WeChat Pay's callbacks: verified over the raw bytes, kept once, applied, and acknowledged after the commit."""

from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

import web.problems.payments  # noqa: F401 -- registers how refusals are told
from core import faults
from services.payments import operations
from services.payments.errors import CallbackRefused
from services.payments.ports import PROVIDERS, Notice, PaymentProvider
from web import metrics
from web.problems import problems
from web.problems.common import NotFound
from web.session import Now, Write

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/callbacks", tags=["callbacks"])

NAME: Final = "wechat_pay"
UNKNOWN_SERIAL: Final = "unknown_serial"
SIGNED: Final = frozenset({"malformed", "foreign_merchant"})
"""Proved to be the platform's, and still nothing that we take: told as a bad request, since no key would mend it."""

QUIET: Final = frozenset({"signature_probe"})


async def _provider() -> PaymentProvider:
    found = PROVIDERS.get().get(NAME)
    if found is None:
        raise NotFound
    return found


async def _body(request: Request) -> bytes:
    return await request.body()


async def _heard(
    request: Request, provider: Annotated[PaymentProvider, Depends(_provider)], body: "Body", now: Now
) -> Notice | CallbackRefused:
    try:
        return provider.read_notice(dict(request.headers), body, now=now)
    except CallbackRefused as refused:
        return refused


Body = Annotated[bytes, Depends(_body)]
Heard = Annotated[Notice | CallbackRefused, Depends(_heard)]
Provider = Annotated[PaymentProvider, Depends(_provider)]


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
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}, "example": NOTICE_EXAMPLE}},
        }
    },
)
def receive(request: Request, provider: Provider, body: Body, heard: Heard, write: Write, now: Now) -> Response:
    """Take a notification. 204 says that it is kept, and applied unless something is wrong here that a job mends."""
    if isinstance(heard, CallbackRefused) and heard.facts["reason"] == UNKNOWN_SERIAL and provider.renews_keys:
        try:
            heard = operations.read_with_new_keys(write, source=NAME, headers=dict(request.headers), body=body, now=now)
        except CallbackRefused as refused:
            heard = refused
    if isinstance(heard, CallbackRefused):
        return _refuse(write, reason=str(heard.facts["reason"]), now=now)
    operations.receive_notice(write, source=NAME, notice=heard, body=body, now=now)
    faults.point("payments.callback.before_commit")
    return Response(status_code=204)


def _refuse(write: Write, *, reason: str, now: Now) -> Response:
    """Count it, keep nothing of it, and say no more than the platform needs."""
    operations.count_refusal(write, source=NAME, reason=reason, now=now)
    metrics.SECURITY.labels(f"callback_{reason}").inc()
    if reason not in QUIET:
        log.warning("callback_refused", provider=NAME, reason=reason)
    return JSONResponse(REFUSED, 400 if reason in SIGNED else 401)
