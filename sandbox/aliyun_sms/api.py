"""The account's one address: every action of Aliyun's RPC APIs is a POST to `/`, told apart by a header."""

import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.aliyun_sms.messages import request_id
from sandbox.aliyun_sms.provider import provider_of
from sandbox.aliyun_sms.requests import Refused
from sandbox.aliyun_sms.signing import check_request
from sandbox.calls import Voice, carry_out
from sandbox.faults import Fault

VERSION: Final = "2017-05-25"
HOST_ID: Final = "dysmsapi.aliyuncs.com"


def _said(code: str, message: str) -> bytes:
    return json.dumps({"Code": code, "Message": message, "RequestId": request_id(), "HostId": HOST_ID}).encode()


VOICE: Final = Voice(
    broken=_said("InternalError", "The request processing has failed due to some unknown error."),
    limited=_said("Throttling.User", "Request was denied due to user flow control."),
)
router = APIRouter()


@router.post("/")
async def act(request: Request) -> Response:
    """Carry out an action; whatever is wrong with it is told with a Code."""
    provider, query = provider_of(request), request.scope["query_string"].decode("latin-1")
    check_request(
        provider.platform,
        provider.nonces,
        method=request.method,
        query=query,
        headers=request.headers,
        body=await request.body(),
    )
    if request.headers["x-acs-version"] != VERSION:
        raise Refused(400, "InvalidVersion", "Specified version is not valid.")
    name, params = request.headers["x-acs-action"], dict(parse_qsl(query, keep_blank_values=True))
    action = {
        "SendSms": provider.messages.send,
        "SendBatchSms": provider.messages.send_batch,
        "QuerySendDetails": provider.messages.details,
    }.get(name)
    if action is None:
        raise Refused(404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")

    def work(struck: Mapping[str, Fault]) -> Response:
        try:
            answer = action(params, struck)
        except Refused as error:
            return refused(request, error)
        provider.nudge()
        return JSONResponse(answer)

    return await carry_out(provider.faults, f"aliyun_sms.{name}", VOICE, work)


def refused(_request: Request, error: Exception) -> Response:
    """A refusal as the provider tells it."""
    if not isinstance(error, Refused):
        raise error
    told = {"Code": error.code, "Message": error.message, "RequestId": request_id()}
    return JSONResponse(told if error.status == 200 else {**told, "HostId": HOST_ID}, error.status)  # noqa: PLR2004 -- OK
