"""Staff sign in by password and code, sign out, and give a fresh code before something dangerous."""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from portal.pages import go, origin_of, speak, text_of
from portal.staff.kept import fields_of
from portal.staff.kept_acts import act_of
from portal.staff.me import ME
from portal.staff.pages import (
    HOME,
    CheckedForm,
    SignedInStaff,
    StaffReader,
    VisitorForm,
    arrive,
    ask_code,
    forget,
    form_token,
    previous_token,
    remember,
    safe_back,
    show,
)
from services.identity.errors import StaffCodeWrong, StaffSignInLimited, StaffSignInRefused
from services.identity.operations import staff
from services.identity.operations.staff import Held, SignedIn
from web import cookies, metrics
from web.caller import address_of
from web.runtime import Runtime, RuntimeDep
from web.session import Hashing, Now, Write

router = APIRouter(include_in_schema=False)

LONGEST_FORM: Final = 200_000

Next = Annotated[str, Form()]
"""Where to go afterwards; `safe_back` bounds it."""

Code = Annotated[str, Form(max_length=64)]


@router.get("/staff/sign-in")
def sign_in_page(request: Request, next: str = HOME, over: str = "") -> Response:  # noqa: A002 -- the form's name
    """Ask for name and password, and tell why when a session is `over` at which a page or a form was asked for."""
    return show(request, "staff/sign_in.html", None, wrong={}, next=safe_back(next), over=over)


@router.post("/staff/sign-in", dependencies=[VisitorForm])
def enter_password(
    request: Request,
    runtime: RuntimeDep,
    db: Hashing,
    now: Now,
    name: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Next = HOME,  # noqa: A002 -- the form's name
) -> Response:
    """Ask for the code, whatever the name and the password are worth."""
    visitor = request.cookies[cookies.staff_visitor_name(runtime.settings)]
    with db.write() as session:
        ticket = staff.begin(session, vault=runtime.vault, name=name, password=password, visitor=visitor, now=now)
    return _code_page(request, {}, ticket=ticket, next=next)


@router.get("/staff/sign-in/code")
def ask_again() -> Response:
    """A code's page cannot be come back to, as its form is gone: begin again."""
    return go("/staff/sign-in")


@router.post("/staff/sign-in/code", dependencies=[VisitorForm])
def enter_code(
    request: Request,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
    ticket: Annotated[str, Form(max_length=2000)] = "",
    code: Code = "",
    next: Next = HOME,  # noqa: A002 -- the form's name
) -> Response:
    """Exchange the code for a session in a fresh cookie; a refused try is committed with this answer."""
    settings = runtime.settings
    result = staff.enter_code(
        write,
        vault=runtime.vault,
        ticket=ticket,
        visitor=request.cookies[cookies.staff_visitor_name(settings)],
        code=code,
        user_agent=request.headers.get("user-agent", ""),
        address=address_of(request),
        previous_token=previous_token(request, runtime),
        now=now,
    )
    if isinstance(result, SignedIn):
        answer = go(f"{ME}?done=recovery_code" if result.by_recovery_code else safe_back(next))
        arrive(answer, runtime, result.token)
        return answer
    metrics.SECURITY.labels("staff_sign_in").inc()
    refusal = (
        StaffSignInLimited(retry_after_s=result.retry_after_s) if isinstance(result, Held) else StaffSignInRefused()
    )
    return _code_page(request, {"code": text_of(request, refusal)}, ticket=ticket, next=next)


def _code_page(request: Request, wrong: dict[str, str], *, ticket: str, next: str) -> Response:  # noqa: A002 -- the form's name
    return show(
        request,
        "staff/code.html",
        None,
        here="/staff/sign-in",
        wrong=wrong,
        ticket=ticket,
        next=safe_back(next),
    )


@router.post("/staff/sign-out", dependencies=[CheckedForm])
def sign_out(runtime: RuntimeDep, reader: SignedInStaff, write: Write, now: Now) -> Response:
    """End this session."""
    staff.end_session(
        write, staff_id=reader.staff_id, session_id=reader.session_id, is_own=True, actor=reader.actor, now=now
    )
    answer = go("/staff/sign-in")
    forget(answer, runtime)
    return answer


@router.get("/staff/stay")
def stay(request: Request, reader: SignedInStaff) -> Response:
    """Stay signed in without another page: what a page says of the end of its session, said anew."""
    return show(request, "staff/ends.html", reader, here=safe_back(origin_of(request)))


@router.get("/staff/step-up")
def step_up_page(request: Request, reader: SignedInStaff, next: str = HOME) -> Response:  # noqa: A002 -- the form's name
    """Ask for a fresh code."""
    return ask_code(request, reader, {}, next=safe_back(next))


@router.post("/staff/step-up", dependencies=[CheckedForm])
def step_up(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    code: Code = "",
    next: Next = HOME,  # noqa: A002 -- the form's name
    to: Next = HOME,
    form: Annotated[str, Form(max_length=LONGEST_FORM)] = "",
) -> Response:
    """Take the code, change the cookie, and go back to where it was needed, or on with the form that was kept."""
    result = staff.step_up(
        write,
        vault=runtime.vault,
        staff_id=reader.staff_id,
        session_id=reader.session_id,
        code=code,
        address=address_of(request),
        now=now,
    )
    if isinstance(result, SignedIn):
        answer = _go_on(request, runtime, replace(reader, proved_at=now), result.token, next=next, to=to, form=form)
        remember(answer, runtime, result.token)
        return answer
    metrics.SECURITY.labels("staff_step_up").inc()
    wrong = {"code": text_of(request, StaffCodeWrong())}
    return ask_code(
        request, reader, wrong, next=safe_back(next), to=safe_back(to), form=form, held_until=result.held_until
    )


def _go_on(
    request: Request,
    runtime: Runtime,
    reader: StaffReader,
    token: str,
    *,
    next: str,  # noqa: A002 -- the form's name
    to: str,
    form: str,
) -> Response:
    """The form that was kept is sent by a page of ours: only its token is bound to the new cookie."""
    fields, target = fields_of(form), safe_back(to)
    if fields is None or target == HOME:
        return go(safe_back(next))
    renewed = replace(reader, form_token=form_token(runtime, token))
    return show(
        request,
        "staff/go_on.html",
        renewed,
        here=safe_back(next),
        next=safe_back(next),
        to=target,
        fields=fields,
        act=act_of(speak(request), target, fields),
    )
