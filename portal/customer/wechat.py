"""The way to WeChat and back, in the browser inside it, which tells whether somebody is one of our customers."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from core.db import Database
from portal import wechat
from portal.pages import SEE_OTHER, go, safe_next
from services.identity import flows, operations
from services.identity.errors import SignInLimited, WechatBusy, WechatCodeWrong, WechatRefused
from services.identity.flows import BrowserMet, DeviceAsking
from services.identity.ports import WECHAT
from web import cookies
from web.caller import address_of
from web.locale import of_request
from web.runtime import Runtime, RuntimeDep
from web.session import CodeFlows, Now

router = APIRouter(include_in_schema=False)

VISIT_S = 24 * 3600
Short = Annotated[str, Query(max_length=512)]


@router.get("/wechat/go")
def go_to_wechat(request: Request, runtime: RuntimeDep, now: Now, next: Short = "/") -> Response:  # noqa: A002 -- the form's name
    """Ask WeChat who this is; it answers by sending the browser back, mostly without showing anything."""
    settings, account = runtime.settings, wechat.account_for(request)
    if account is None:
        return _by_telephone(next)
    name = cookies.visitor_name(settings)
    known = request.cookies.get(name)
    visitor = known or cookies.new_value()
    back = f"{settings.public_url}/wechat/back?next={quote(safe_next(next), safe='')}"
    state = wechat.state_for(runtime.vault, visitor, now=now)
    answer = RedirectResponse(WECHAT.get().authorize_url(appid=account, back=back, state=state), SEE_OTHER)
    if not known:
        cookies.put(answer, settings, name, visitor, max_age_s=VISIT_S)
    return answer


@router.get("/wechat/back")
def come_back(
    request: Request,
    runtime: RuntimeDep,
    db: CodeFlows,
    now: Now,
    code: Short = "",
    state: Short = "",
    next: Short = "/",  # noqa: A002 -- the form's name
) -> Response:
    """Sign in whoever is joined to this WeChat, and remember whose it is; whoever is not signs in by telephone.

    Somebody who is signed in stays who they are.
    """
    settings, account = runtime.settings, wechat.account_for(request)
    visitor = request.cookies.get(cookies.visitor_name(settings))
    if account is None or not code or not wechat.is_own_state(runtime.vault, visitor, state, now=now):
        return _by_telephone(next)
    session = request.cookies.get(cookies.session_name(settings))
    is_signed_in = session is not None and _is_alive(db, session, now)
    device = DeviceAsking(
        str(visitor),
        request.headers.get("user-agent", ""),
        address_of(request),
        of_request(request, settings.locales),
    )
    try:
        if is_signed_in:
            person = flows.meet_browser(db, vault=runtime.vault, appid=account, code=code, device=device, now=now)
            met = BrowserMet(person, None)
        else:
            met = flows.sign_in_browser_by_wechat(
                db, vault=runtime.vault, appid=account, code=code, device=device, now=now, previous_token=session
            )
    except (SignInLimited, WechatBusy, WechatCodeWrong, WechatRefused):
        answer = go(safe_next(next)) if is_signed_in else _by_telephone(next)
        wechat.remember_nobody(answer, settings)
        return answer
    return _welcome(runtime, met, next=safe_next(next), is_signed_in=is_signed_in, now=now)


def _welcome(runtime: Runtime, met: BrowserMet, *, next: str, is_signed_in: bool, now: datetime) -> Response:  # noqa: A002 -- the form's name
    settings = runtime.settings
    answer = go(next) if is_signed_in or met.opened is not None else _by_telephone(next)
    wechat.remember(answer, settings, runtime.vault, met.person, now=now)
    if met.opened is not None:
        cookies.put(answer, settings, cookies.session_name(settings), met.opened.secret)
        cookies.drop(answer, settings, cookies.visitor_name(settings))
    return answer


def _is_alive(db: Database, token: str, now: datetime) -> bool:
    with db.write() as session:
        return operations.resolve_portal_session(session, token=token, now=now) is not None


def _by_telephone(next: str) -> RedirectResponse:  # noqa: A002 -- the form's name
    """The page that asks for a telephone, and not for WeChat again."""
    wanted = safe_next(next)
    return go("/sign-in?plain=1" if wanted == "/" else f"/sign-in?plain=1&next={quote(wanted, safe='/')}")
