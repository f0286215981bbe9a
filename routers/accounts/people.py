"""Who may use an account: owners let others pay or view, see who does, and end it; the invited accept or decline."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import Response

from core.idempotency import InFlight, KeyReused
from core.periods import start_of
from routers.accounts.people_schemas import (
    Invitation,
    InvitationList,
    InvitationRequest,
    Invited,
    InvitedList,
    PeopleList,
    PersonWithAccess,
)
from routers.accounts.schemas import LinkedAccount
from services.accounts import operations, queries
from services.accounts.errors import (
    AccessEndPast,
    AlreadyOwner,
    InvitationsLimited,
    InvitedYourself,
    NotOwner,
    OwnerStays,
    TooManyPeople,
)
from services.accounts.operations import Role, Scope, Terms
from services.identity.errors import InvalidPhone
from web.access import OwnedAccount
from web.caller import LivingCustomer
from web.idempotency import KeyedRequest, once
from web.problems import problems
from web.problems.common import KeyMissing, NotFound
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(prefix="/api/v1", tags=["accounts"])

GrantId = Annotated[UUID, Path()]
InvitationId = Annotated[UUID, Path()]


@router.get(
    "/accounts/{account_no}/grants",  # noqa: FAST003 -- OwnedAccount has the number
    responses=problems(NotOwner),
    operation_id="list_people",
)
def list_people(
    account: OwnedAccount, caller: LivingCustomer, runtime: RuntimeDep, write: Write, now: Now
) -> PeopleList:
    """Everybody who may use your account now, with masked telephones. At most 200 are shown."""
    found = queries.people(write, account_id=account.id, now=now)
    zone = runtime.settings.zone
    return PeopleList(items=[PersonWithAccess.of(each, caller_id=caller.user_id, zone=zone) for each in found])


@router.delete(
    "/accounts/{account_no}/grants/{grant_id}",  # noqa: FAST003 -- as above
    status_code=204,
    responses=problems(NotOwner, OwnerStays),
    operation_id="revoke_person",
)
def revoke_person(account: OwnedAccount, caller: LivingCustomer, write: Write, now: Now, grant_id: GrantId) -> None:
    """Take a payer's or viewer's access away, at once. Your own you give up by `DELETE /account-links/...`."""
    if not operations.revoke_grant(write, account_id=account.id, grant_id=grant_id, actor=caller.actor, now=now):
        raise NotFound


@router.post(
    "/accounts/{account_no}/invitations",  # noqa: FAST003 -- as above
    status_code=201,
    response_model=Invitation,
    responses=problems(
        NotOwner,
        InvalidPhone,
        InvitationsLimited,
        TooManyPeople,
        InvitedYourself,
        AccessEndPast,
        KeyMissing,
        KeyReused,
        InFlight,
    ),
    operation_id="invite_person",
)
def invite_person(
    account: OwnedAccount,
    caller: LivingCustomer,
    body: InvitationRequest,
    keyed: KeyedRequest,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
) -> Response:
    """Invite whoever has this telephone to pay or view. They have a week to accept, after signing in with it.

    Ten invitations a day, twenty people per account. The same telephone again with the same terms is the open
    invitation; with other terms, the open one is withdrawn.
    """
    settings = runtime.settings
    until = None if body.last_day is None else start_of(body.last_day + timedelta(days=1), settings.zone)

    def work() -> Invitation:
        made = operations.invite(
            write,
            vault=runtime.vault,
            owner_id=caller.user_id,
            account=account,
            phone=body.phone,
            region=settings.supplier_phone_region,
            terms=Terms(Role(body.role), Scope(body.scope), until),
            actor=caller.actor,
            now=now,
        )
        return Invitation.of(made, settings.zone)

    return once(write, keyed, work)


@router.get(
    "/accounts/{account_no}/invitations",  # noqa: FAST003 -- as above
    responses=problems(NotOwner),
    operation_id="list_invitations",
)
def list_invitations(account: OwnedAccount, runtime: RuntimeDep, write: Write, now: Now) -> InvitationList:
    """Open invitations of your account."""
    found = queries.invitations(write, account_id=account.id, now=now)
    return InvitationList(items=[Invitation.of(each, runtime.settings.zone) for each in found])


@router.delete(
    "/accounts/{account_no}/invitations/{invitation_id}",  # noqa: FAST003 -- as above
    status_code=204,
    responses=problems(NotOwner),
    operation_id="withdraw_invitation",
)
def withdraw_invitation(
    account: OwnedAccount, caller: LivingCustomer, write: Write, now: Now, invitation_id: InvitationId
) -> None:
    """Take an open invitation back: it cannot be accepted any more."""
    is_withdrawn = operations.withdraw(
        write, account_id=account.id, invitation_id=invitation_id, actor=caller.actor, now=now
    )
    if not is_withdrawn:
        raise NotFound


@router.get("/invitations", responses=problems(), operation_id="list_my_invitations")
def list_my_invitations(caller: LivingCustomer, runtime: RuntimeDep, write: Write, now: Now) -> InvitedList:
    """What you are invited to by the telephone with which you signed in."""
    found = queries.invitations_to(write, user_id=caller.user_id, now=now)
    return InvitedList(items=[Invited.of(each, runtime.settings.zone) for each in found])


@router.post(
    "/invitations/{invitation_id}/accept",
    status_code=201,
    response_model=LinkedAccount,
    responses=problems(AlreadyOwner, KeyMissing, KeyReused, InFlight),
    operation_id="accept_invitation",
)
def accept_invitation(
    caller: LivingCustomer, keyed: KeyedRequest, write: Write, now: Now, invitation_id: InvitationId
) -> Response:
    """Accept: the account is among yours from now on."""

    def work() -> LinkedAccount:
        account = operations.accept(
            write, user_id=caller.user_id, invitation_id=invitation_id, actor=caller.actor, now=now
        )
        if account is None:
            raise NotFound
        return LinkedAccount(account_no=account.account_no)

    return once(write, keyed, work)


@router.delete("/invitations/{invitation_id}", status_code=204, responses=problems(), operation_id="decline_invitation")
def decline_invitation(caller: LivingCustomer, write: Write, now: Now, invitation_id: InvitationId) -> None:
    """Decline: whoever invited you sees only that the invitation is open no more."""
    is_declined = operations.decline(
        write, user_id=caller.user_id, invitation_id=invitation_id, actor=caller.actor, now=now
    )
    if not is_declined:
        raise NotFound
