"""`api.weixin.qq.com`: codes and tokens. Whatever is wrong is told with 200 and an `errcode`."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.calls import Voice, carry_out
from sandbox.faults import Fault
from sandbox.wechat.provider import Provider, provider_of
from sandbox.wechat.refusals import Refused, told

VOICE: Final = Voice(broken=json.dumps(told(-1)).encode(), limited=json.dumps(told(45011)).encode())
router = APIRouter()


@router.get("/sns/jscode2session")
async def js_code_to_session(request: Request) -> Response:
    """Who signed in to a mini-program, and the key that their client shares with us."""
    asked = request.query_params

    def work(provider: Provider) -> dict[str, Any]:
        app = provider.proved(asked.get("appid"), asked.get("secret"))
        return provider.people.session(app, asked.get("js_code", ""))

    return await _answered(request, "jscode2session", work)


@router.get("/sns/oauth2/access_token")
async def oauth_code_to_token(request: Request) -> Response:
    """Who came by an official account's page."""
    asked = request.query_params

    def work(provider: Provider) -> dict[str, Any]:
        app = provider.proved(asked.get("appid"), asked.get("secret"))
        return provider.people.authorised(app, asked.get("code", ""))

    return await _answered(request, "oauth2_access_token", work)


@router.post("/cgi-bin/stable_token")
async def stable_token(request: Request) -> Response:
    """The token by which an application calls."""
    body = await request.body()

    def work(provider: Provider) -> dict[str, Any]:
        asked = _object(body)
        app = provider.proved(asked.get("appid"), asked.get("secret"))
        return provider.tokens.stable(app.appid, is_forced=asked.get("force_refresh") is True)

    return await _answered(request, "stable_token", work)


@router.post("/wxa/business/getuserphonenumber")
async def phone_number(request: Request) -> Response:
    """The telephone number that a person agreed to give."""
    body = await request.body()

    def work(provider: Provider) -> dict[str, Any]:
        appid = provider.tokens.appid_of(request.query_params.get("access_token", ""))
        return provider.people.phone(appid, str(_object(body).get("code") or ""))

    return await _answered(request, "getuserphonenumber", work)


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(47001) from error
    if not isinstance(content, dict):
        raise Refused(47001)
    return content


async def _answered(request: Request, operation: str, work: Callable[[Provider], dict[str, Any]]) -> Response:
    provider = provider_of(request)

    def carried(struck: Mapping[str, Fault]) -> Response:
        fault = struck.get("errcode")
        try:
            answer = work(provider) if fault is None else told(int(fault.value or -1))
        except Refused as refused:
            answer = told(refused.errcode)
        provider.count(operation, answer.get("errcode", 0))
        return JSONResponse(answer)

    return await carry_out(provider.faults, f"wechat.{operation}", VOICE, carried)
