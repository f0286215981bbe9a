"""Signing in by telephone and one-time code, and out again."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from core.config import Settings
from portal import wechat
from portal.pages import CheckedForm, SignedIn, VisitorForm, go, safe_next, show, text_of
from services.identity import flows, operations
from services.identity.errors import CodeIsBurnt, CodesExhausted, CodeWrong, InvalidPhone, SignInLimited
from web import cookies
from web.caller import address_of
from web.locale import of_request
from web.runtime import RuntimeDep
from web.session import CodeFlows, Flows, Now, Write
from web.sign_in import code_policy

router = APIRouter(include_in_schema=False)


def _device(request: Request, settings: Settings) -> str:
    """What binds a code to this browser: the visitor's cookie, which came with the form."""
    return request.cookies[cookies.visitor_name(settings)]


@router.get("/sign-in")
def sign_in_page(
    request: Request,
    runtime: RuntimeDep,
    now: Now,
    next: str = "/",  # noqa: A002 -- the form's name
    plain: str = "",
) -> Response:
    """Ask for the telephone; inside WeChat, WeChat is asked first, once. `plain`: it was, or is not to be."""
    wanted = safe_next(next)
    if not plain and wechat.is_to_ask(request, runtime.settings):
        return go(wechat.way_there(wanted))
    met = wechat.person_of(request, runtime.settings, runtime.vault, now=now) if plain else None
    return _phone_page(request, {}, phone="", next=wanted, is_met=met is not None)


def _phone_page(
    request: Request,
    wrong: dict[str, str],
    *,
    phone: str,
    next: str,  # noqa: A002 -- the form's name
    is_met: bool = False,
) -> Response:
    return show(
        request,
        "customer/sign_in.html",
        None,
        wrong=wrong,
        phone=phone,
        next=next,
        wechat_url=None if wechat.account_for(request) is None else wechat.way_there(next),
        is_met=is_met,
    )


@router.post("/sign-in", dependencies=[VisitorForm])
def send_code(
    request: Request,
    runtime: RuntimeDep,
    db: CodeFlows,
    now: Now,
    phone: Annotated[str, Form(max_length=64)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002 -- the form's name
) -> Response:
    """Send a code and ask for it."""
    settings = runtime.settings
    try:
        requested = flows.request_code(
            db,
            vault=runtime.vault,
            policy=code_policy(settings),
            phone=phone,
            device=_device(request, settings),
            address=address_of(request),
            locale=of_request(request, settings.locales),
            now=now,
        )
    except (InvalidPhone, SignInLimited, CodesExhausted) as refusal:
        wrong = {"phone": text_of(request, refusal)}
        return _phone_page(request, wrong, phone=phone, next=safe_next(next))
    return _code_page(request, {}, phone=phone, masked=requested.phone_masked, next=next)


@router.get("/sign-in/code")
def ask_again() -> Response:
    """A code's page cannot be come back to, as its form is gone: begin again."""
    return go("/sign-in")


@router.post("/sign-in/code", dependencies=[VisitorForm])
def enter_code(
    request: Request,
    runtime: RuntimeDep,
    db: Flows,
    now: Now,
    phone: Annotated[str, Form(max_length=64)] = "",
    code: Annotated[str, Form(max_length=64)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002 -- the form's name
) -> Response:
    """Exchange the code for a session in a fresh cookie."""
    settings = runtime.settings
    name = cookies.session_name(settings)
    try:
        opened = flows.sign_in_browser(
            db,
            vault=runtime.vault,
            policy=code_policy(settings),
            phone=phone,
            code=code,
            device=_device(request, settings),
            user_agent=request.headers.get("user-agent", ""),
            address=address_of(request),
            locale=of_request(request, settings.locales),
            now=now,
            previous_token=request.cookies.get(name),
            wechat=wechat.person_of(request, settings, runtime.vault, now=now),
        )
    except (CodeWrong, CodeIsBurnt, InvalidPhone) as refusal:
        return _code_page(request, {"code": text_of(request, refusal)}, phone=phone, masked=phone, next=next)
    answer = go(safe_next(next))
    cookies.put(answer, settings, name, opened.secret)
    cookies.drop(answer, settings, cookies.visitor_name(settings))
    return answer


def _code_page(request: Request, wrong: dict[str, str], *, phone: str, masked: str, next: str) -> Response:  # noqa: A002 -- the form's name
    return show(
        request,
        "customer/code.html",
        None,
        wrong=wrong,
        phone=phone,
        phone_masked=masked,
        next=safe_next(next),
    )


@router.post("/sign-out", dependencies=[CheckedForm])
def sign_out(runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now) -> Response:
    """End this session."""
    operations.close_session(
        write, user_id=reader.user_id, session_id=reader.session_id, address=reader.actor.address or "", now=now
    )
    answer = go("/sign-in")
    cookies.drop(answer, runtime.settings, cookies.session_name(runtime.settings))
    return answer
