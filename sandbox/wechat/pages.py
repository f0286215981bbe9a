"""Pages where a tester is somebody in WeChat: who comes back by OAuth, and what they write to the supplier."""

from typing import Annotated, Final
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sandbox.pages import HEADERS, page
from sandbox.wechat.people import BASE, OAUTH, USERINFO
from sandbox.wechat.provider import Provider, provider_of

SAYINGS: Final = {"follow": "subscribe", "leave": "unsubscribe"}
router = APIRouter()


@router.get("/connect/oauth2/authorize")
def authorise(
    request: Request, appid: str = "", redirect_uri: str = "", scope: str = BASE, state: str = ""
) -> HTMLResponse:
    """Choose who is looking at the merchant's page. The real platform knows, and shows nothing for `snsapi_base`."""
    provider = provider_of(request)
    if provider.platform.app(appid) is None or not _is_web(redirect_uri) or scope not in {BASE, USERINFO}:
        return page("wechat_wrong.html", 400)
    return page(
        "authorize.html", people=provider.people.all(), appid=appid, redirect_uri=redirect_uri, scope=scope, state=state
    )


@router.post("/connect/oauth2/authorize")
def come_back(
    request: Request,
    appid: Annotated[str, Form()],
    redirect_uri: Annotated[str, Form()],
    scope: Annotated[str, Form()] = BASE,
    state: Annotated[str, Form()] = "",
    person: Annotated[int, Form()] = 0,
    name: Annotated[str, Form()] = "",
) -> Response:
    """Return to the merchant's page with a code."""
    provider = provider_of(request)
    if provider.platform.app(appid) is None or not _is_web(redirect_uri):
        return page("wechat_wrong.html", 400)
    who = person or provider.people.add(name=name)["id"]
    code = provider.people.code(kind=OAUTH, appid=appid, person=who, scope=scope)
    sign = "&" if urlsplit(redirect_uri).query else "?"
    address = f"{redirect_uri}{sign}{urlencode({'code': code, 'state': state})}"
    return RedirectResponse(address, 302, headers=HEADERS)


@router.get("/wechat")
def chat(request: Request) -> HTMLResponse:
    """Who there is, and what was said."""
    provider = provider_of(request)
    accounts = [app for app in provider.platform.wechat if app.kind == "official_account"]
    names = {each["id"]: each["name"] or str(each["id"]) for each in provider.people.all()}
    return page("wechat.html", people=provider.people.all(), apps=accounts, chats=provider.chats.log(30), names=names)


@router.post("/wechat/people")
def add_person(request: Request, name: Annotated[str, Form()] = "", phone: Annotated[str, Form()] = "") -> Response:
    """Somebody new."""
    digits = "".join(character for character in phone if character.isdecimal())
    provider_of(request).people.add(name=name.strip(), phone=digits or None)
    return RedirectResponse("/wechat", 303)


@router.post("/wechat/say")
def say(
    request: Request,
    appid: Annotated[str, Form()],
    person: Annotated[int, Form()],
    act: Annotated[str, Form()],
    text: Annotated[str, Form()] = "",
) -> Response:
    """Follow, leave, or write."""
    provider = provider_of(request)
    _say(provider, appid, person, act, text)
    provider.nudge()
    return RedirectResponse("/wechat", 303)


def _say(provider: Provider, appid: str, person: int, act: str, text: str) -> None:
    app = provider.platform.app(appid)
    if app is None:
        return
    event = SAYINGS.get(act)
    fields = (
        {"MsgType": "text", "Content": text} if event is None else {"MsgType": "event", "Event": event, "EventKey": ""}
    )
    provider.chats.say(app, person, fields)


def _is_web(address: str) -> bool:
    return urlsplit(address).scheme in {"http", "https"}
