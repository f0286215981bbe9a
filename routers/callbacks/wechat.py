"""WeChat's messages: proved, kept once, acted on, and answered within the five seconds that the platform waits.

An answer says `success`, or what the person reads in the chat, and leaves after the message is committed. When the
database is too slow for that the platform is told to come again, as it does up to three times, and the work goes on in
its thread: whichever comes first keeps the message, and the others find it kept.
"""

import asyncio
from typing import Any, Final

import structlog
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response

from core import clock
from core.db import Database
from notifications import wechat
from notifications.setup import SETUP
from services.identity.errors import WechatPushMalformed, WechatPushUnproved
from services.identity.ports import WECHAT, WechatPush
from web import metrics
from web.problems import problems
from web.problems.common import Unavailable
from web.session import CALLBACKS

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/callbacks", tags=["callbacks"])

ANSWERED_S: Final = 4.0
"""The platform waits for five seconds, the way there and back included."""

TAKEN: Final = "success"
_late: "Final[set[asyncio.Task[Response]]]" = set()
"""Work whose sender was told to come again before it was done; the loop itself would forget it."""

ECHO: Final = {"content": {"text/plain": {"schema": {"type": "string"}, "example": "5837397520665436492"}}}
ANSWER: Final = {
    "content": {
        "text/plain": {"schema": {"type": "string"}, "example": TAKEN},
        "text/xml": {"schema": {"type": "string"}, "example": "<xml><Encrypt>...</Encrypt></xml>"},
    }
}
MESSAGE: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "text/xml": {
                "schema": {"type": "string"},
                "example": "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[...]]></Encrypt></xml>",
            }
        },
    }
}


def _responses(answer: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {**problems(WechatPushUnproved, WechatPushMalformed), 200: answer}


@router.get(
    "/wechat", response_class=PlainTextResponse, responses=_responses(ECHO), operation_id="confirm_wechat_address"
)
async def confirm(request: Request) -> PlainTextResponse:
    """Repeat a random text to the platform's console, which checks so that this address is ours."""
    try:
        return PlainTextResponse(WECHAT.get().confirm_address(request.query_params, now=clock.now()))
    except WechatPushUnproved as refused:
        _count(refused)
        raise


@router.post(
    "/wechat",
    response_class=PlainTextResponse,
    responses=_responses(ANSWER),
    operation_id="receive_wechat_message",
    openapi_extra=MESSAGE,
)
async def receive(request: Request) -> Response:
    """Take a message or event; what is repeated is answered again and changes nothing.

    503 when it is not kept in time: whoever sent it comes again.
    """
    body = await request.body()
    try:
        push = WECHAT.get().read_push(request.query_params, body, now=clock.now())
    except (WechatPushUnproved, WechatPushMalformed) as refused:
        _count(refused)
        raise
    metrics.CHATS.labels(wechat.known_kind(push.kind)).inc()
    work = asyncio.create_task(_taken(request.app.state.runtime.db, push), name="wechat")
    done, _ = await asyncio.wait({work}, timeout=ANSWERED_S)
    if done:
        return work.result()
    log.warning("wechat_told_to_come_again", appid=push.appid)
    _late.add(work)
    work.add_done_callback(_told_late)
    raise Unavailable


async def _taken(db: Database, push: WechatPush) -> Response:
    async with CALLBACKS.place():
        return await run_in_threadpool(_take, db, push)


def _take(db: Database, push: WechatPush) -> Response:
    with db.write() as session:
        said = wechat.receive(session, setup=SETUP.get(), push=push)
    if said is None:
        return PlainTextResponse(TAKEN)
    return Response(WECHAT.get().write_reply(push, said, now=clock.now()), media_type="text/xml")


def _count(refused: WechatPushUnproved | WechatPushMalformed) -> None:
    """Count it, keep nothing of it, and say no more than the platform needs."""
    reason = str(refused.facts.pop("reason"))
    metrics.SECURITY.labels(f"wechat_{reason}").inc()
    log.warning("wechat_push_refused", reason=reason)


def _told_late(work: "asyncio.Task[Response]") -> None:
    """What became of a message whose sender was told to come again."""
    _late.discard(work)
    if not work.cancelled() and (error := work.exception()) is not None:
        log.error("wechat_push_failed_late", error=type(error).__name__)
