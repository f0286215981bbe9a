"""Receipts of text messages.

Providers do not sign them: the address holds a secret, and a report counts only when its reference, telephone and
number belong together. A push is answered after the commit, so that one that failed is pushed again.
"""

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from notifications import receipts
from notifications.ports import Report, SmsChannel
from notifications.setup import SETUP
from web.problems import problems
from web.problems.common import BadJson, NotFound
from web.runtime import RuntimeDep
from web.session import Write

router = APIRouter(prefix="/callbacks/sms", tags=["callbacks"])

RECEIPT_EXAMPLE = {
    "phone_number": "13800138000",
    "success": True,
    "err_code": "DELIVERED",
    "biz_id": "932702304080415357^0",
    "out_id": "0197a3c2-6f1e-7c55-9a53-0a4b1f5b7c11",
}
TAKEN_EXAMPLE = {"code": 0, "msg": "received"}


async def _channel(
    runtime: RuntimeDep,
    provider: Annotated[str, Path(max_length=64)],
    secret: Annotated[str, Path(max_length=256)],
) -> SmsChannel:
    sms = SETUP.get().sms
    expected = runtime.settings.aliyun_sms_receipt_secret.get_secret_value()
    if sms is None or provider != sms.name or not hmac.compare_digest(secret.encode(), expected.encode()):
        raise NotFound
    return sms


Channel = Annotated[SmsChannel, Depends(_channel)]


async def _reports(request: Request, sms: Channel) -> list[Report]:
    try:
        return sms.read_receipts(await request.body())
    except (ValueError, RecursionError) as error:
        raise BadJson from error


Reports = Annotated[list[Report], Depends(_reports)]


@router.post(
    "/{provider}/{secret}",  # noqa: FAST003 -- `_channel` takes both parts
    responses={**problems(BadJson), 200: {"content": {"application/json": {"schema": {}, "example": TAKEN_EXAMPLE}}}},
    operation_id="receive_sms_receipts",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "array"}, "example": [RECEIPT_EXAMPLE]}},
        }
    },
)
def receive_receipts(sms: Channel, reports: Reports, write: Write) -> Response:
    """Take the receipts that a provider pushes."""
    receipts.receive(write, sms=sms, reports=reports)
    return Response(sms.receipt_answer(), media_type="application/json")
