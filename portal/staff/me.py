"""The first page of the console, and my own security: sessions, password, recovery codes."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from core.db import Database, ReadSession
from portal.pages import go, speak, text_of
from portal.staff.once import Made, once
from portal.staff.pages import (
    CheckedForm,
    FreshCode,
    SignedInStaff,
    SignedInStaffOfHashing,
    StaffReader,
    StepUpFirst,
    names_of,
    show,
)
from portal.staff.waiting import waiting
from services.accounts.queries import staffing
from services.identity import queries
from services.identity.errors import (
    PasswordCommon,
    PasswordHoldsName,
    PasswordTooLong,
    PasswordTooShort,
    StaffPasswordWrong,
)
from services.identity.operations import staff
from services.identity.operations.staff import Refused
from web.problems.common import NotFound
from web.runtime import RuntimeDep
from web.session import Hashing, Now, Write

router = APIRouter(include_in_schema=False)

ME: Final = "/staff/me"
TOLD_FOR: Final = timedelta(days=7)
"""How long the first page tells that the authenticator is another one."""


@router.get("/staff")
def start(request: Request, reader: SignedInStaff, write: Write, now: Now) -> Response:
    """What waits for me, and what I may do where."""
    grants = staffing.staff_grants(write, staff_id=reader.staff_id, seen_by=None, now=now)
    return show(
        request,
        "staff/start.html",
        reader,
        grants=[each for each in grants if each.is_living(now)],
        waiting=waiting(write, speak(request), reader, now=now),
        authenticator_set_at=queries.authenticator_set_at(write, staff_id=reader.staff_id, since=now - TOLD_FOR),
    )


@router.get(ME)
def me(request: Request, reader: SignedInStaff, write: Write, now: Now, done: str = "") -> Response:
    """My security."""
    return show(request, "staff/me.html", reader, wrong={}, done=done, **_seen(write, reader, now=now))


@router.post("/staff/me/sessions/others/end", dependencies=[CheckedForm])
def end_others(reader: SignedInStaff, write: Write, now: Now) -> Response:
    """Sign out everywhere but here."""
    staff.end_other_sessions(write, staff_id=reader.staff_id, kept=reader.session_id, actor=reader.actor, now=now)
    return go(ME)


@router.post("/staff/me/sessions/{session_id}/end", dependencies=[CheckedForm])
def end_session(reader: SignedInStaff, write: Write, now: Now, session_id: UUID) -> Response:
    """Sign out elsewhere."""
    is_mine = staff.end_session(
        write, staff_id=reader.staff_id, session_id=session_id, is_own=False, actor=reader.actor, now=now
    )
    if not is_mine:
        raise NotFound
    return go(ME)


@router.post("/staff/me/recovery-codes", dependencies=[CheckedForm, FreshCode])
@once
def renew_recovery_codes(request: Request, runtime: RuntimeDep, reader: SignedInStaff, write: Write) -> Made:
    """New recovery codes, shown once."""
    codes = staff.renew_recovery_codes(write, vault=runtime.vault, staff_id=reader.staff_id, actor=reader.actor)
    shown = show(request, "staff/recovery_codes.html", reader, here=ME, codes=codes, has_new_authenticator=False)
    return Made(shown, ME)


@router.post("/staff/me/password", dependencies=[CheckedForm])
def change_password(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaffOfHashing,
    db: Hashing,
    now: Now,
    current: Annotated[str, Form(max_length=1000)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Change my password; my other sessions end."""
    if not reader.is_fresh:
        raise StepUpFirst
    wrong: dict[str, str] = {}
    try:
        with db.write() as session:
            result = staff.change_password(
                session,
                staff_id=reader.staff_id,
                session_id=reader.session_id,
                current=current,
                wanted=password,
                names=names_of(runtime),
                actor=reader.actor,
                now=now,
            )
        if isinstance(result, Refused):
            wrong = {"current": text_of(request, StaffPasswordWrong())}
    except (PasswordTooShort, PasswordTooLong, PasswordCommon, PasswordHoldsName) as refusal:
        wrong = {"password": text_of(request, refusal)}
    if wrong:
        return _again(request, db, reader, wrong, now=now)
    return go(f"{ME}?done=password")


def _again(request: Request, db: Database, reader: StaffReader, wrong: dict[str, str], *, now: datetime) -> Response:
    with db.read() as session:
        seen = _seen(session, reader, now=now)
    return show(request, "staff/me.html", reader, here=ME, wrong=wrong, done="", **seen)


def _seen(session: ReadSession, reader: StaffReader, *, now: datetime) -> dict[str, Any]:
    sessions = queries.staff_sessions(session, staff_id=reader.staff_id, now=now)
    return {
        "sessions": [{"view": each, "is_current": each.id == reader.session_id} for each in sessions],
        "codes_left": queries.recovery_codes_left(session, staff_id=reader.staff_id),
        "sign_in_name": reader.name,
    }
