"""`/__sandbox__/wechat/`: people, their codes and their chats, for tests and curious people."""

import secrets
import time
from typing import Annotated, Any, Literal

import httpx
from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, StringConstraints

from sandbox.credentials import WeChatApp
from sandbox.wechat.crypto import signature
from sandbox.wechat.people import BASE
from sandbox.wechat.provider import Provider, provider_of

router = APIRouter(prefix="/__sandbox__/wechat")


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NewPerson(_Order):
    """A person; `phone` is national, of `country`."""

    name: str = ""
    phone: Annotated[str, StringConstraints(pattern=r"^[0-9]{4,14}$")] | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}$")] = "86"


class NewCode(_Order):
    """What a person's client would hand over."""

    kind: Literal["js", "phone", "oauth"]
    appid: str
    person: int
    scope: Literal["snsapi_base", "snsapi_userinfo"] = BASE  # type: ignore[assignment] # a constant of the same value


class Code(_Order):
    """A code to change."""

    code: str


class Application(_Order):
    """Which application."""

    appid: str


class Said(_Order):
    """A message or event: `fields` besides sender, receiver and time, in the platform's own names."""

    appid: str
    person: int
    fields: dict[str, Any]
    is_plain: bool = False
    is_json: bool | None = None


class CallbackAddress(_Order):
    """Where messages go; null: nowhere."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")] | None


@router.post("/people")
def add_person(request: Request, wanted: NewPerson) -> dict[str, Any]:
    """A new person with a WeChat."""
    return provider_of(request).people.add(**wanted.model_dump())


@router.get("/people")
def list_people(request: Request) -> list[dict[str, Any]]:
    """Everybody, the newest first, with their openids."""
    return provider_of(request).people.all()


@router.post("/people/{person}/block")
def block_person(request: Request, person: int) -> dict[str, Any]:
    """The platform distrusts this person: 40226 from now on."""
    provider = provider_of(request)
    provider.people.block(person)
    return _person(provider, person)


@router.post("/codes")
def make_code(request: Request, wanted: NewCode) -> dict[str, str]:
    """A code, good once, for five minutes."""
    provider = provider_of(request)
    app = _app(provider, wanted.appid)
    person = int(_person(provider, wanted.person)["id"])
    return {"code": provider.people.code(kind=wanted.kind, appid=app.appid, person=person, scope=wanted.scope)}


@router.post("/codes/expire")
def expire_code(request: Request, wanted: Code) -> dict[str, bool]:
    """Let a code's five minutes be over."""
    provider_of(request).people.expire_code(wanted.code)
    return {"expired": True}


@router.post("/tokens/revoke")
def revoke_tokens(request: Request, wanted: Application) -> dict[str, bool]:
    """Calls with tokens given so far answer 40001."""
    provider = provider_of(request)
    provider.tokens.revoke(_app(provider, wanted.appid).appid)
    return {"revoked": True}


@router.post("/tokens/expire")
def expire_tokens(request: Request, wanted: Application) -> dict[str, bool]:
    """Calls with tokens given so far answer 42001."""
    provider = provider_of(request)
    provider.tokens.expire(_app(provider, wanted.appid).appid)
    return {"expired": True}


@router.get("/calls")
def list_calls(request: Request) -> list[dict[str, Any]]:
    """Every call that reached the platform's work, oldest first."""
    return provider_of(request).books.all("select at, operation, errcode from wechat_call order by id")


@router.put("/callback-url")
def set_callback_address(request: Request, wanted: CallbackAddress) -> CallbackAddress:
    """Say where messages go from now on, as the platform's console does."""
    provider_of(request).chats.set_address(wanted.url)
    return wanted


@router.post("/check-url")
def check_url(request: Request, wanted: Application) -> dict[str, bool]:
    """What the console does when the address is saved: ask it to repeat a random text."""
    provider = provider_of(request)
    app, address = _app(provider, wanted.appid), provider.chats.address()
    if address is None:
        raise HTTPException(409, "no callback-url")
    stamp, nonce, echo = str(int(time.time())), secrets.token_hex(5), str(secrets.randbelow(10**18))
    query = {"signature": signature(app.token, stamp, nonce), "timestamp": stamp, "nonce": nonce, "echostr": echo}
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        answer = client.get(address, params=query)
    return {"is_right": answer.status_code == 200 and answer.text == echo}  # noqa: PLR2004 -- OK


@router.post("/messages")
def say(request: Request, wanted: Said) -> dict[str, Any]:
    """A person writes to an application, follows it or leaves it; answers what will be told."""
    provider = provider_of(request)
    app = _app(provider, wanted.appid)
    _person(provider, wanted.person)
    if not isinstance(wanted.fields.get("MsgType"), str):
        raise HTTPException(422, "fields need a MsgType")
    told = provider.chats.say(app, wanted.person, wanted.fields, is_plain=wanted.is_plain, is_json=wanted.is_json)
    provider.nudge()
    return told


@router.get("/chats")
def list_chats(request: Request) -> list[dict[str, Any]]:
    """What was said and what the supplier answered, newest first."""
    return provider_of(request).chats.log()


def _app(provider: Provider, appid: str) -> WeChatApp:
    found = provider.platform.app(appid)
    if found is None:
        raise HTTPException(422, "no such appid")
    return found


def _person(provider: Provider, person: int) -> dict[str, Any]:
    try:
        return provider.people.one(person)
    except KeyError as error:
        raise HTTPException(422, "no such person") from error
