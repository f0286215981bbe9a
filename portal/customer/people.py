"""Who may use an account, invitations to others and to me, and giving up my own access."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from core.db import WriteSession
from core.errors import Refusal
from core.periods import business_date, start_of
from notifications import inbox
from portal.customer import shelf
from portal.pages import CheckedForm, Reader, SignedIn, go, show, speak, text_of, typed_day
from services.accounts import operations, queries
from services.accounts.errors import AccessEndPast, AlreadyOwner, InvitationsLimited, InvitedYourself, TooManyPeople
from services.accounts.operations import Role, Scope, Terms
from services.accounts.queries import Permission
from services.identity.errors import InvalidPhone
from web.problems.common import NotFound
from web.runtime import Runtime, RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

FIELDS: Final[Mapping[type[Refusal], str]] = {
    InvalidPhone: "phone",
    InvitedYourself: "phone",
    InvitationsLimited: "phone",
    TooManyPeople: "phone",
    AccessEndPast: "last_day",
}
"""Beside which field a refusal stands."""


@dataclass(frozen=True)
class InviteForm:
    """What was typed, to be shown again."""

    phone: str = ""
    role: str = "payer"
    scope: str = "full"
    last_day: str = ""


@dataclass(frozen=True)
class Person:
    """Somebody with access, or invited: `last_day` is the last on which they have it."""

    id: UUID
    phone_masked: str
    role: str
    scope: str
    since: date
    last_day: date | None
    is_me: bool = False


@router.get("/accounts/{account_no}/people")
def people_page(
    request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, account_no: str, done: str = ""
) -> Response:
    """Who may use the account, for its owners; for others, what they themselves may."""
    return _page(request, runtime, reader, write, now, account_no, InviteForm(), done=done)


@router.post("/accounts/{account_no}/people", dependencies=[CheckedForm])
def invite(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    now: Now,
    account_no: str,
    phone: Annotated[str, Form(max_length=64)] = "",
    role: Annotated[Literal["payer", "viewer"], Form()] = "payer",
    scope: Annotated[Literal["full", "totals"], Form()] = "full",
    last_day: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Invite whoever has this telephone."""
    account = shelf.owned(write, reader, account_no, now)
    typed = InviteForm(phone.strip(), role, scope, last_day.strip())
    day = typed_day(typed.last_day)
    if typed.last_day and day is None:
        _ = speak(request)
        wrong = {"last_day": _("Enter a day such as 2026-12-31, or leave it empty.")}
        return _page(request, runtime, reader, write, now, account_no, typed, wrong=wrong)
    try:
        operations.invite(
            write,
            vault=runtime.vault,
            owner_id=reader.user_id,
            account=account,
            phone=typed.phone,
            region=runtime.settings.supplier_phone_region,
            terms=Terms(
                Role(role),
                Scope(scope),
                None if day is None else start_of(day + timedelta(days=1), runtime.settings.zone),
            ),
            actor=reader.actor,
            now=now,
        )
    except tuple(FIELDS) as refusal:
        wrong = {FIELDS[type(refusal)]: text_of(request, refusal)}
        return _page(request, runtime, reader, write, now, account_no, typed, wrong=wrong)
    return go(f"/accounts/{account_no}/people?done=invited")


@router.post("/accounts/{account_no}/people/leave", dependencies=[CheckedForm])
def leave(reader: SignedIn, write: Write, now: Now, account_no: str) -> Response:
    """Give up my own access."""
    found = queries.resolve_access(
        write, user_id=reader.user_id, account_no=account_no, permission=Permission.VIEW, now=now
    )
    if found is None:
        raise NotFound
    operations.give_up_access(write, user_id=reader.user_id, account_id=found.id, actor=reader.actor, now=now)
    return go("/accounts")


@router.post("/accounts/{account_no}/people/{grant_id}/revoke", dependencies=[CheckedForm])
def revoke(reader: SignedIn, write: Write, now: Now, account_no: str, grant_id: UUID) -> Response:
    """Take a payer's or viewer's access away."""
    account = shelf.owned(write, reader, account_no, now)
    if not operations.revoke_grant(write, account_id=account.id, grant_id=grant_id, actor=reader.actor, now=now):
        raise NotFound
    return go(f"/accounts/{account_no}/people?done=revoked")


@router.post("/accounts/{account_no}/people/invitations/{invitation_id}/withdraw", dependencies=[CheckedForm])
def withdraw(reader: SignedIn, write: Write, now: Now, account_no: str, invitation_id: UUID) -> Response:
    """Take an invitation back."""
    account = shelf.owned(write, reader, account_no, now)
    is_withdrawn = operations.withdraw(
        write, account_id=account.id, invitation_id=invitation_id, actor=reader.actor, now=now
    )
    if not is_withdrawn:
        raise NotFound
    return go(f"/accounts/{account_no}/people?done=withdrawn")


@router.get("/invitations")
def invitations(request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now) -> Response:
    """What I am invited to."""
    return _invitations(request, runtime, reader, write, now)


@router.post("/invitations/{invitation_id}/accept", dependencies=[CheckedForm])
def accept(
    request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, invitation_id: UUID
) -> Response:
    """Take an invitation up, and see the account."""
    try:
        account = operations.accept(
            write, user_id=reader.user_id, invitation_id=invitation_id, actor=reader.actor, now=now
        )
    except AlreadyOwner as refusal:
        return _invitations(request, runtime, reader, write, now, problem=text_of(request, refusal))
    if account is None:
        raise NotFound
    answer = go("/?linked=1")
    shelf.remember(answer, runtime.settings, account.account_no)
    return answer


@router.post("/invitations/{invitation_id}/decline", dependencies=[CheckedForm])
def decline(reader: SignedIn, write: Write, now: Now, invitation_id: UUID) -> Response:
    """Say no."""
    if not operations.decline(write, user_id=reader.user_id, invitation_id=invitation_id, actor=reader.actor, now=now):
        raise NotFound
    return go("/invitations")


def _page(
    request: Request,
    runtime: Runtime,
    reader: Reader,
    write: WriteSession,
    now: datetime,
    account_no: str,
    values: InviteForm,
    *,
    wrong: Mapping[str, str] | None = None,
    done: str = "",
) -> Response:
    mine = shelf.of_reader(request, write, reader, now=now, wanted=account_no)
    own = (
        None
        if mine.account is None
        else queries.grant_of(write, user_id=reader.user_id, account_id=mine.account.id, now=now)
    )
    if mine.account is None or own is None:
        raise NotFound
    zone = runtime.settings.zone
    is_owner = own.role == Role.OWNER.value
    people = [
        Person(
            each.grant_id,
            each.phone_masked,
            each.role,
            each.scope,
            business_date(each.since, zone),
            None if each.until is None else business_date(each.until - timedelta(seconds=1), zone),
            is_me=each.user_id == reader.user_id,
        )
        for each in queries.people(write, account_id=mine.account.id, now=now)
        if is_owner or each.user_id == reader.user_id
    ]
    invited = [
        Person(
            each.id,
            each.phone_masked,
            each.role,
            each.scope,
            business_date(each.expires_at, zone),
            None if each.until is None else business_date(each.until - timedelta(seconds=1), zone),
        )
        for each in (queries.invitations(write, account_id=mine.account.id, now=now) if is_owner else [])
    ]
    return show(
        request,
        "customer/people.html",
        reader,
        unread=mine.unread,
        account=mine.account,
        is_owner=is_owner,
        has_given=any(not each.is_me and each.role != Role.OWNER.value for each in people),
        people=people,
        invited=invited,
        values=values,
        today=business_date(now, zone).isoformat(),
        wrong=wrong or {},
        told=_told(speak(request), done),
    )


def _told(_: Callable[[str], str], done: str) -> str:
    return {
        "invited": _("The invitation is on its way. It is good for seven days."),
        "revoked": _("The access has ended."),
        "withdrawn": _("The invitation has been taken back."),
    }.get(done, "")


def _invitations(
    request: Request, runtime: Runtime, reader: Reader, write: WriteSession, now: datetime, *, problem: str = ""
) -> Response:
    zone = runtime.settings.zone
    found = [
        {
            "id": each.id,
            "account": f"****{each.account_end}",
            "holder": each.holder,
            "inviter": each.inviter,
            "role": each.role,
            "scope": each.scope,
            "last_day": None if each.until is None else business_date(each.until - timedelta(seconds=1), zone),
            "expires_at": each.expires_at,
        }
        for each in queries.invitations_to(write, user_id=reader.user_id, now=now)
    ]
    return show(
        request,
        "customer/invitations.html",
        reader,
        unread=inbox.unread_count(write, user_id=reader.user_id),
        invitations=found,
        problem=problem,
    )
