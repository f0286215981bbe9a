"""What every view of the console shares: who looks and what they may, the form token, a fresh code, rendering.

A view takes `SignedInStaff`, or in one line what it needs: `reader: Annotated[StaffReader, requires(P.AUDIT_VIEW)]`.
Whoever may do it nowhere is told so (403), and the try is noted; what lies in another area is not there (404).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import Depends, FastAPI, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, Response

from core import clock
from core.audit import Actor
from core.db import WriteSession
from portal import pages
from portal.pages import NO_CONTENT, go, safe_next, speak
from portal.staff import kept, menu
from portal.staff.kept_acts import act_of
from portal.staff.menu import Entry
from portal.templating import Page, Renderer
from services.accounts import operations as accounts
from services.accounts.queries import staffing
from services.accounts.roles import StaffPermission
from services.identity.errors import InvitationGone
from services.identity.operations import staff
from web import cookies, handlers, locale, metrics
from web.caller import address_of
from web.handlers import Told
from web.problems.common import CrossSite, Forbidden
from web.runtime import Runtime, RuntimeDep
from web.session import Hashing, Now, PaymentFlows, Write

HOME: Final = "/staff"
LONGEST_ADDRESS: Final = 4_000
"""Characters of an address that is come back to: more than any of ours has."""

FORBIDDEN: Final = 403


class StaffSignInFirst(Exception):
    """The page is for staff who are signed in; the handler sends the reader to the sign-in page and back."""


class StepUpFirst(Exception):
    """What was asked for needs a fresh code; the handler asks for it, and keeps the form that was sent meanwhile."""


class LookOver(Exception):
    """Nobody looks at this account as its people do, or not any more; the handler leads to the account."""

    def __init__(self, account_no: str) -> None:
        super().__init__(account_no)
        self.account_no = account_no


class NotAllowed(Exception):
    """Signed in, and allowed to do this nowhere; the handler notes the try and says so."""

    def __init__(self, actor: Actor, permission: StaffPermission) -> None:
        super().__init__(permission.value)
        self.actor = actor
        self.permission = permission


@dataclass(frozen=True)
class StaffReader:
    """A signed-in member of staff. `permissions` are held in some unit, `everywhere` in all of them.

    `proved_at`: when a code was just given. `ends_at`, `expires_at`: when the session is over if it is not used again,
    and when in any case.
    """

    staff_id: UUID
    session_id: UUID
    name: str
    display_name: str
    permissions: frozenset[StaffPermission]
    everywhere: frozenset[StaffPermission]
    proved_at: datetime | None
    ends_at: datetime
    expires_at: datetime
    form_token: str
    locale: str
    actor: Actor

    @property
    def is_fresh(self) -> bool:
        """Whether what is dangerous may be done without another code."""
        return self.proved_at is not None

    def may(self, permission: StaffPermission) -> bool:
        """Whether they may do this somewhere."""
        return permission in self.permissions


@dataclass(frozen=True)
class StaffPage(Page):
    """What every page of the console knows.

    `here` is where the same page is found by its address, `once` the key of its forms that make something,
    `seconds_left` how long the session is good for without another page.
    """

    here: str = HOME
    menu: tuple[Entry, ...] = ()
    name: str = ""
    is_fresh: bool = False
    can_search: bool = False
    ends_at: datetime | None = None
    seconds_left: int = 0
    is_last: bool = False
    once: str = field(default_factory=lambda: token_hex(16))

    @property
    def entry(self) -> Entry | None:
        """The line of the menu under which the page stands."""
        return next((each for each in self.menu if each.holds(self.path)), None)


def resolved(request: Request, runtime: Runtime, session: WriteSession, now: datetime) -> StaffReader:
    """Who looks; raises StaffSignInFirst."""
    token = request.cookies.get(cookies.staff_session_name(runtime.settings))
    found = None if token is None else staff.resolve(session, token=token, now=now)
    if token is None or found is None:
        raise StaffSignInFirst
    held = staffing.staff_permissions(session, staff_id=found.staff_id, now=now)
    reader = StaffReader(
        staff_id=found.staff_id,
        session_id=found.session_id,
        name=found.name,
        display_name=found.display_name,
        permissions=held.somewhere,
        everywhere=held.everywhere,
        proved_at=found.proved_at,
        ends_at=found.ends_at,
        expires_at=found.expires_at,
        form_token=form_token(runtime, token),
        locale=locale.of_request(request, runtime.settings.locales),
        actor=Actor(f"staff:{found.staff_id}", address_of(request)),
    )
    request.state.staff_reader = reader
    return reader


def form_token(runtime: Runtime, cookie: str) -> str:
    """What forms of a console's page carry; no form of a customer's page has the same."""
    return cookies.form_token(runtime.vault, f"staff|{cookie}")


def _reader(request: Request, runtime: RuntimeDep, write: Write, now: Now) -> StaffReader:
    return resolved(request, runtime, write, now)


def _reader_of_hashing(request: Request, runtime: RuntimeDep, db: Hashing, now: Now) -> StaffReader:
    with db.write() as session:
        return resolved(request, runtime, session, now)


def _reader_of_payments(request: Request, runtime: RuntimeDep, db: PaymentFlows, now: Now) -> StaffReader:
    with db.write() as session:
        return resolved(request, runtime, session, now)


SignedInStaff = Annotated[StaffReader, Depends(_reader)]
SignedInStaffOfHashing = Annotated[StaffReader, Depends(_reader_of_hashing)]
"""The same for a view that takes `Hashing`: found in a transaction that ends before."""

SignedInStaffOfPayments = Annotated[StaffReader, Depends(_reader_of_payments)]
"""The same for a view that takes `PaymentFlows`."""


def requires(permission: StaffPermission) -> Any:
    """The reader of a page that is for those who may do this in some unit; raises NotAllowed for others.

    Which units, the view's queries say, which join `staff_units`.
    """

    async def allowed(reader: SignedInStaff) -> StaffReader:
        check(reader, permission)
        return reader

    return Depends(allowed)


def requires_everywhere(permission: StaffPermission) -> Any:
    """The same for what concerns the whole supplier: those who may do it in every unit."""

    async def allowed(reader: SignedInStaff) -> StaffReader:
        if permission not in reader.everywhere:
            raise NotAllowed(reader.actor, permission)
        return reader

    return Depends(allowed)


def check(reader: StaffReader, permission: StaffPermission) -> None:
    """Raise NotAllowed unless the reader may do this somewhere."""
    if not reader.may(permission):
        raise NotAllowed(reader.actor, permission)


def check_fresh(reader: StaffReader) -> None:
    """Raise StepUpFirst unless a code was just given; for a view that finds its reader itself."""
    if not reader.is_fresh:
        raise StepUpFirst


async def _fresh(reader: SignedInStaff) -> None:
    check_fresh(reader)


async def _checked_form(request: Request, runtime: RuntimeDep, csrf: Annotated[str, Form()] = "") -> None:
    cookie = request.cookies.get(cookies.staff_session_name(runtime.settings))
    if not cookie:
        raise StaffSignInFirst
    cookies.check_form(request, runtime.settings, runtime.vault, bound_to=f"staff|{cookie}", sent=csrf)


async def _checked_visitor_form(request: Request, runtime: RuntimeDep, csrf: Annotated[str, Form()] = "") -> None:
    cookie = request.cookies.get(cookies.staff_visitor_name(runtime.settings))
    bound_to = f"staff|{cookie}" if cookie else None
    cookies.check_form(request, runtime.settings, runtime.vault, bound_to=bound_to, sent=csrf)


CheckedForm = Depends(_checked_form)
"""Goes into `dependencies=` of every route that changes something for staff who are signed in."""

VisitorForm = Depends(_checked_visitor_form)
"""The same for forms of pages without a reader."""

FreshCode = Depends(_fresh)
"""Goes behind `CheckedForm` for what is dangerous: a code must have been given within the last five minutes."""


def show(
    request: Request,
    template: str,
    reader: StaffReader | None,
    *,
    status: int | None = None,
    here: str | None = None,
    **values: object,
) -> HTMLResponse:
    """Render a page of the console. `here` is its address when that is not the request's."""
    renderer: Renderer = request.app.state.renderer
    runtime: Runtime = request.app.state.runtime
    settings = runtime.settings
    wanted = locale.of_request(request, settings.locales)
    name = cookies.staff_visitor_name(settings)
    known = request.cookies.get(name)
    visitor = known or cookies.new_value()
    page = _frame(request, reader, form_token(runtime, visitor), here=here or request.url.path)
    answer = renderer.page(template, page, locale=wanted, status=status or pages.status_of(values), values=values)
    if reader is None and not known:
        cookies.put(answer, settings, name, visitor, max_age_s=None, path=cookies.STAFF_PATH)
    if request.query_params.get("lang") == wanted:
        pages.remember_locale(answer, settings, wanted)
    return answer


def _frame(request: Request, reader: StaffReader | None, visitors_token: str, *, here: str) -> StaffPage:
    """What stands around a page: the menu and the search of its reader."""
    if reader is None:
        return StaffPage(path=request.url.path, form_token=visitors_token, is_signed_in=False, here=here)
    return StaffPage(
        path=request.url.path,
        form_token=reader.form_token,
        is_signed_in=True,
        here=here,
        menu=tuple(menu.entries(speak(request), reader.permissions, reader.everywhere)),
        name=reader.display_name,
        is_fresh=reader.is_fresh,
        can_search=reader.may(StaffPermission.ACCOUNTS_VIEW),
        ends_at=reader.ends_at,
        seconds_left=int((reader.ends_at - clock.now()).total_seconds()),
        is_last=reader.ends_at >= reader.expires_at,
    )


def ask_code(
    request: Request,
    reader: StaffReader,
    wrong: dict[str, str],
    *,
    next: str,  # noqa: A002 -- the form's name
    to: str = HOME,
    form: str = "",
    status: int | None = None,
    held_until: datetime | None = None,
) -> HTMLResponse:
    """The page that asks for a fresh code, to go on to `next`; a `form` that was sent before is kept in it for `to`.

    `held_until` is told to the minute, and a begun one is not over yet.
    """
    until = None if held_until is None else held_until + timedelta(minutes=1, microseconds=-1)
    fields = kept.fields_of(form)
    act = None if fields is None else act_of(speak(request), to, fields)
    values = {"wrong": wrong, "next": next, "to": to, "form": form, "act": act, "held_until": until}
    return show(request, "staff/step_up.html", reader, status=status, here=_step_up(next), **values)


def _step_up(back: str) -> str:
    return "/staff/step-up" if back == HOME else f"/staff/step-up?next={quote(back, safe='/')}"


def arrive(answer: Response, runtime: Runtime, token: str) -> None:
    """Give the browser the cookie of a new session, and take that of the visitor."""
    name = cookies.staff_visitor_name(runtime.settings)
    cookies.drop(answer, runtime.settings, name, path=cookies.STAFF_PATH)
    remember(answer, runtime, token)


def remember(answer: Response, runtime: Runtime, token: str) -> None:
    """Give the browser the cookie of a session; it is gone when the browser is closed."""
    name = cookies.staff_session_name(runtime.settings)
    cookies.put(answer, runtime.settings, name, token, max_age_s=None, path=cookies.STAFF_PATH)


def forget(answer: Response, runtime: Runtime) -> None:
    """Take the cookies of the console away."""
    for name in (cookies.staff_session_name(runtime.settings), cookies.staff_visitor_name(runtime.settings)):
        cookies.drop(answer, runtime.settings, name, path=cookies.STAFF_PATH)


def previous_token(request: Request, runtime: Runtime) -> str | None:
    """The cookie that the browser had before it signs in."""
    return request.cookies.get(cookies.staff_session_name(runtime.settings))


def safe_back(address: str) -> str:
    """Where to go in the console after a code was given: a plain path of it, else its first page."""
    plain = safe_next(address[: LONGEST_ADDRESS + 1])
    is_ours = plain == HOME or plain.startswith((f"{HOME}/", f"{HOME}?"))
    return plain if is_ours and "/." not in plain and len(plain) <= LONGEST_ADDRESS else HOME


def names_of(runtime: Runtime) -> list[str]:
    """Names of the supplier, of which no password may consist."""
    settings = runtime.settings
    return [settings.supplier_name, *filter(None, [settings.supplier_name_en])]


def install(app: FastAPI) -> None:
    """Lead whoever lacks something to where it is given, and note whoever tries what is not theirs."""

    async def sign_in_first(request: Request, _error: Exception) -> Response:
        if "hx-request" in request.headers:
            return Response(status_code=NO_CONTENT, headers={"hx-refresh": "true"})
        is_get = request.method == "GET"
        wanted = _address(request) if is_get else safe_back(pages.origin_of(request))
        asked = {} if wanted == HOME else {"next": wanted}
        if previous_token(request, request.app.state.runtime) is not None:
            asked["over"] = "page" if is_get else "form"
        return go(f"/staff/sign-in?{urlencode(asked, safe='/')}" if asked else "/staff/sign-in")

    async def step_up_first(request: Request, _error: Exception) -> Response:
        back, to = safe_back(pages.origin_of(request)), safe_back(request.url.path)
        form = await kept.of_request(request) if to != HOME else ""
        if not form:
            return go(_step_up(back))
        reader: StaffReader = request.state.staff_reader
        return ask_code(request, reader, {}, next=back, to=to, form=form, status=FORBIDDEN)

    async def look_over(_request: Request, error: Exception) -> Response:
        assert isinstance(error, LookOver)  # noqa: S101 -- narrows for the type checker; Starlette dispatches by class
        return go(f"/staff/accounts/{quote(error.account_no, safe='')}?look=over")

    async def not_allowed(request: Request, error: Exception) -> Response:
        assert isinstance(error, NotAllowed)  # noqa: S101 -- narrows for the type checker; Starlette dispatches by class
        metrics.SECURITY.labels("staff_not_allowed").inc()
        runtime: Runtime = request.app.state.runtime
        await run_in_threadpool(_note, runtime, error)
        return await handlers.tell(request, Forbidden(), locales=runtime.settings.locales, page=problem)

    app.add_exception_handler(StaffSignInFirst, sign_in_first)
    app.add_exception_handler(StepUpFirst, step_up_first)
    app.add_exception_handler(LookOver, look_over)
    app.add_exception_handler(NotAllowed, not_allowed)


def _note(runtime: Runtime, error: NotAllowed) -> None:
    """The request's own transaction was rolled back: the evidence has one of its own."""
    with runtime.db.write() as session:
        accounts.note_staff_refusal(session, actor=error.actor, permission=error.permission)


def _address(request: Request) -> str:
    query = request.url.query
    return safe_back(f"{request.url.path}?{query}" if query else request.url.path)


def problem(request: Request, told: Told) -> Response:
    """The page that tells a problem: the console's with the menu of its reader, the customers' outside of it."""
    if not request.url.path.startswith(HOME):
        return pages.problem(request, told)
    _ = speak(request)
    by_code = {
        CrossSite.code: _("This page is out of date"),
        InvitationGone.code: _("This invitation is not good any more"),
    }
    by_status = {
        403: _("You may not do this"),
        404: _("Page not found"),
        409: _("It has changed meanwhile"),
        422: _("There is a problem"),
        503: _("We are busy right now"),
    }
    title = by_code.get(told.code) or by_status.get(told.status) or _("Something went wrong")
    renderer: Renderer = request.app.state.renderer
    wanted = locale.of_request(request, request.app.state.runtime.settings.locales)
    reader = pages.known_reader(request, told, "staff_reader", resolved, StaffSignInFirst)
    back = safe_back(pages.origin_of(request)) if request.method == "POST" else ""
    page = _frame(request, reader, "", here=back or HOME)
    values = pages.problem_values(request, told, title, back)
    return renderer.page("staff/problem.html", page, locale=wanted, status=told.status, values=values)
