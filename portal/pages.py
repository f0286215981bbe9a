"""What every view shares: who looks (signed in or not), the form token, and rendering in the reader's language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote, urlsplit
from uuid import UUID

from fastapi import Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from core import clock
from core.audit import Actor
from core.config import Settings
from core.db import WriteSession
from core.errors import Refusal
from core.periods import day_of
from portal import fields
from portal.templating import Onlooker, Page, Renderer, translations
from services.accounts.queries import AccountId
from services.identity import operations as identity
from web import cookies, locale, metrics, problems
from web.caller import address_of
from web.handlers import AWAY, Told
from web.problems.common import InvalidFields
from web.runtime import Runtime, RuntimeDep
from web.session import CodeFlows, Flows, Now, PaymentFlows, Write

SEE_OTHER: Final = 303
NO_CONTENT: Final = 204
UNPROCESSABLE: Final = 422
R = TypeVar("R")
OUR_SIDE: Final = 500


class SignInFirst(Exception):
    """The page is for people who are signed in; the handler sends the reader to the sign-in page and back."""


@dataclass(frozen=True)
class Reader:
    """A signed-in customer at a browser; with an `onlooker`, staff who see one account (`account_id`) as they do."""

    user_id: UUID
    session_id: UUID
    form_token: str
    locale: str
    actor: Actor
    onlooker: Onlooker | None = None
    account_id: AccountId | None = None

    def at(self, path: str) -> str:
        """Where this reader finds a page of the portal."""
        return path if self.onlooker is None else self.onlooker.at(path)


def _reader(request: Request, runtime: RuntimeDep, write: Write, now: Now) -> Reader:
    return resolved(request, runtime, write, now)


def _reader_of_payment_flow(request: Request, runtime: RuntimeDep, db: PaymentFlows, now: Now) -> Reader:
    with db.write() as session:
        return resolved(request, runtime, session, now)


def _reader_of_flow(request: Request, runtime: RuntimeDep, db: Flows, now: Now) -> Reader:
    with db.write() as session:
        return resolved(request, runtime, session, now)


def _reader_of_code_flow(request: Request, runtime: RuntimeDep, db: CodeFlows, now: Now) -> Reader:
    with db.write() as session:
        return resolved(request, runtime, session, now)


def resolved(request: Request, runtime: Runtime, session: WriteSession, now: datetime) -> Reader:
    """Who asks, for a view that opens its transactions itself. Raises SignInFirst for nobody."""
    token = request.cookies.get(cookies.session_name(runtime.settings))
    found = None if token is None else identity.resolve_portal_session(session, token=token, now=now)
    if token is None or found is None:
        raise SignInFirst
    reader = Reader(
        user_id=found.user_id,
        session_id=found.session_id,
        form_token=cookies.form_token(runtime.vault, token),
        locale=locale.of_request(request, runtime.settings.locales),
        actor=Actor(f"user:{found.user_id}", address_of(request)),
    )
    request.state.reader = reader
    return reader


async def _checked_form(request: Request, runtime: RuntimeDep, csrf: Annotated[str, Form()] = "") -> None:
    session = request.cookies.get(cookies.session_name(runtime.settings))
    if not session:
        raise SignInFirst
    cookies.check_form(request, runtime.settings, runtime.vault, bound_to=session, sent=csrf)


async def _checked_visitor_form(request: Request, runtime: RuntimeDep, csrf: Annotated[str, Form()] = "") -> None:
    bound_to = request.cookies.get(cookies.visitor_name(runtime.settings))
    cookies.check_form(request, runtime.settings, runtime.vault, bound_to=bound_to, sent=csrf)


SignedIn = Annotated[Reader, Depends(_reader)]
ReaderOfPaymentFlow = Annotated[Reader, Depends(_reader_of_payment_flow)]
"""The same for a view that takes `PaymentFlows`: found in a transaction that ends before the provider is called."""

ReaderOfFlow = Annotated[Reader, Depends(_reader_of_flow)]
"""The same for a view that takes `Flows`."""

ReaderOfCodeFlow = Annotated[Reader, Depends(_reader_of_code_flow)]
"""The same for a view that takes `CodeFlows`."""

CheckedForm = Depends(_checked_form)
"""Goes into `dependencies=` of every route that changes something for a reader who is signed in."""

VisitorForm = Depends(_checked_visitor_form)
"""The same for forms of pages without a reader, which a browser may send whose session is over."""


def show(
    request: Request,
    template: str,
    reader: Reader | None,
    *,
    unread: int = 0,
    status: int | None = None,
    **values: object,
) -> HTMLResponse:
    """Render a page for a reader, or for a visitor who is not signed in; keeps a chosen language in a cookie."""
    renderer: Renderer = request.app.state.renderer
    settings = request.app.state.runtime.settings
    wanted = locale.of_request(request, settings.locales)
    known = request.cookies.get(cookies.visitor_name(settings))
    visitor = known or cookies.new_value()
    token = reader.form_token if reader is not None else cookies.form_token(renderer.vault, visitor)
    page = Page(
        path=request.url.path,
        form_token=token,
        is_signed_in=reader is not None,
        unread=unread,
        onlooker=None if reader is None else reader.onlooker,
    )
    answer = renderer.page(template, page, locale=wanted, status=status or status_of(values), values=values)
    if reader is None and not known:
        cookies.put(answer, settings, cookies.visitor_name(settings), visitor, max_age_s=24 * 3600)
    if request.query_params.get("lang") == wanted:
        remember_locale(answer, settings, wanted)
    return answer


def status_of(values: Mapping[str, object]) -> int:
    """The status of a page: 422 when it shows a form again with what is `wrong`, or the `problem` that it met."""
    return UNPROCESSABLE if values.get("wrong") or values.get("problem") else 200


def remember_locale(answer: Response, settings: Settings, wanted: str) -> None:
    """Keep the language of this browser's pages for a year."""
    cookies.put(answer, settings, locale.COOKIE, wanted, max_age_s=365 * 24 * 3600)


def text_of(request: Request, refusal: Refusal) -> str:
    """A refusal's text in the reader's language, to stand beside a field; counted like one that is a whole answer."""
    metrics.refused(refusal.code)
    return problems.of(refusal).detail(
        locale.of_request(request, request.app.state.runtime.settings.locales), refusal.facts
    )


def typed_day(text: str) -> date | None:
    """The day that was typed; None for what is none."""
    try:
        return day_of(text)
    except ValueError:
        return None


def speak(request: Request) -> Callable[[str], str]:
    """What turns the portal's own texts into the reader's language; call it `_`, so that they are found."""
    return translations(locale.of_request(request, request.app.state.runtime.settings.locales)).gettext


def is_partial(request: Request) -> bool:
    """Whether a script asks for a part of a page."""
    return "hx-request" in request.headers


def go(address: str) -> RedirectResponse:
    """After a form: see another page."""
    return RedirectResponse(address, SEE_OTHER)


def problem(request: Request, told: Told) -> Response:
    """The page that tells a problem, with the menu of whoever is signed in."""
    renderer: Renderer = request.app.state.renderer
    wanted = locale.of_request(request, request.app.state.runtime.settings.locales)
    _ = speak(request)
    titles = {
        403: _("This page is out of date"),
        404: _("Page not found"),
        422: _("There is a problem"),
        429: _("Please wait a moment"),
        503: _("We are busy right now"),
    }
    reader = known_reader(request, told, "reader", resolved, SignInFirst)
    back = origin_of(request) if request.method == "POST" else ""
    page = Page(
        path=request.url.path if reader is None else back,
        form_token="" if reader is None else reader.form_token,
        is_signed_in=reader is not None,
    )
    values = problem_values(request, told, titles.get(told.status, _("Something went wrong")), back)
    return renderer.page("problem.html", page, locale=wanted, status=told.status, values=values)


def problem_values(request: Request, told: Told, title: str, back: str) -> dict[str, Any]:
    """What the page of a problem shows; `back` leads to the form when it was one."""
    _ = speak(request)
    wrong, detail = fields.listed(_, told.wrong), told.detail
    if told.code == InvalidFields.code and not wrong:
        detail = _("The form could not be read. Open its page anew and fill it in again.")
    return {
        "title": title,
        "detail": detail,
        "status": told.status,
        "request_id": told.request_id,
        "wrong": wrong,
        "back": back,
    }


def known_reader(
    request: Request,
    told: Told,
    kept_as: str,
    find: Callable[[Request, Runtime, WriteSession, datetime], R],
    nobody: type[Exception],
) -> R | None:
    """Who reads the page of a problem: as the request found them, else asked for now, unless our own side fails."""
    known: R | None = getattr(request.state, kept_as, None)
    if known is not None or told.status >= OUR_SIDE:
        return known
    runtime: Runtime = request.app.state.runtime
    try:
        with runtime.db.write() as session:
            return find(request, runtime, session, clock.now())
    except (nobody, *AWAY):
        return None


def origin_of(request: Request) -> str:
    """The page whose form was sent: our pages tell us alone (Referrer-Policy same-origin)."""
    found = urlsplit(request.headers.get("referer", ""))
    return safe_next(f"{found.path}?{found.query}" if found.query else found.path)


async def send_to_sign_in(request: Request, _error: Exception) -> Response:
    """Ask for signing in, and come back to a page afterwards; a form's page is not come back to."""
    wanted = request.url.path if request.method == "GET" else "/"
    if is_partial(request):
        # A part of a page cannot become another page: the whole of it is loaded again, and asks for signing in itself.
        return Response(status_code=NO_CONTENT, headers={"hx-refresh": "true"})
    return go("/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='/')}")


def safe_next(address: str) -> str:
    """Where to go after signing in: a plain path of this site, else home."""
    is_plain = (
        address.startswith("/")
        and not address.startswith(("//", "/\\"))
        and address.isascii()
        and address.isprintable()
        and "\\" not in address
    )
    return address if is_plain else "/"
