"""Owners let others pay or view: invited by telephone number, accepted after signing in with it, for a week.

Whether the number belongs to somebody is never told: all that an owner learns comes from what the invited person does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core import audit, ids, locks, outbox
from core.audit import Actor
from core.crypto.vault import Vault, mask_phone
from core.db import WriteSession, statement, view
from services.accounts.errors import (
    AccessEndPast,
    AlreadyOwner,
    InvitationsLimited,
    InvitedYourself,
    NotOwner,
    TooManyPeople,
)
from services.accounts.events import AccessAccepted, AccessInvited
from services.accounts.models import InvitationState, Role, Scope
from services.accounts.operations.grants import grant_access, stand_still
from services.accounts.queries import AccountId, AccountRef, Grant, InvitationView, grant_of, invitation_owner
from services.identity import queries as identity
from services.identity.errors import InvalidPhone

LIFE: Final = timedelta(days=7)
"""How long an invitation may be accepted."""
DAY: Final = timedelta(days=1)
INVITES_A_DAY: Final = 10
"""By one person, of whatever account: messages cost money, and a stranger's telephone is not to be pestered."""
TEXTS_A_DAY: Final = 3
"""To one telephone, by whomever: further invitations are made and not told, and the inviter does not learn it."""
MOST_PEOPLE: Final = 20
"""Living grants that owners gave and open invitations of one account, together."""
KEEP_INVITATIONS: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Terms:
    """What somebody is to be allowed, and until when."""

    role: Role
    scope: Scope
    until: datetime | None


def invite(
    session: WriteSession,
    *,
    vault: Vault,
    owner_id: UUID,
    account: AccountRef,
    phone: str,
    region: str,
    terms: Terms,
    actor: Actor,
    now: datetime,
) -> InvitationView:
    """Invite whoever has this telephone to pay or view; the same invitation again is the one that is open.

    Other terms for the same telephone take the place of the open ones. Access never outlasts the owner's own. Publishes
    AccessInvited. Raises InvalidPhone, InvitedYourself, AccessEndPast, InvitationsLimited, TooManyPeople, and NotOwner
    for somebody who is none at this moment.
    """
    number = identity.phone_number(phone, region=region)
    if number is None:
        raise InvalidPhone
    blind = identity.phone_blind_of(vault, number)
    for key in sorted((f"accounts.people|{account.id}", f"accounts.invites|{owner_id}")):
        locks.lock(session, key=key)
    own = _owned(session, account=account, owner_id=owner_id, now=now)
    own_phone = identity.phone_of(session, vault=vault, user_id=owner_id)
    if own_phone == number:
        raise InvitedYourself
    until = min((end for end in (terms.until, own.until) if end is not None), default=None)
    if until is not None and until <= now:
        raise AccessEndPast
    wanted = Terms(terms.role, terms.scope, until)
    open_one = _open_one(session, account_id=account.id, blind=blind, now=now)
    if open_one is not None and (open_one.invited_by, _terms(open_one)) == (owner_id, wanted):
        return _view(open_one)
    _within_limits(session, account_id=account.id, owner_id=owner_id, replaced=0 if open_one is None else 1, now=now)
    if open_one is not None:
        _close(session, invitation_id=open_one.id, state=InvitationState.WITHDRAWN, now=now)
    return _add(
        session, vault=vault, account=account, number=number, wanted=wanted, actor=actor, owner=owner_id, now=now
    )


def withdraw(session: WriteSession, *, account_id: AccountId, invitation_id: UUID, actor: Actor, now: datetime) -> bool:
    """Take an open invitation back; False when the account has none such. The caller has decided that an owner asks."""
    found = session.sql(
        """select id from access_invitation
           where account_id = :account_id and id = :id and state = 'open' and expires_at > :now for update""",
        account_id=account_id,
        id=invitation_id,
        now=now,
    ).one_or_none()
    if found is None:
        return False
    _close(session, invitation_id=invitation_id, state=InvitationState.WITHDRAWN, now=now)
    _note(session, actor=actor, act="accounts.invitation_withdrawn", account_id=account_id, invitation_id=invitation_id)
    return True


def accept(
    session: WriteSession, *, user_id: UUID, invitation_id: UUID, actor: Actor, now: datetime
) -> AccountRef | None:
    """Take an invitation up; again, it answers the account again. Publishes AccessAccepted.

    None when it is not addressed to this person's telephone, or over, or withdrawn, or when who invited owns the
    account no more: one answer for all. Raises AlreadyOwner.
    """
    account = session.sql(
        statement(__package__, "invited_account.sql"), id=invitation_id, user_id=user_id
    ).one_or_none()
    if account is None:
        return None
    stand_still(session, account_no=account.account_no)
    ref = AccountRef(AccountId(account.id), account.account_no, account.unit_id, account.currency)
    found = session.sql(
        "select * from access_invitation where id = :id and (state = 'accepted' or expires_at > :now) for update",
        id=invitation_id,
        now=now,
    ).one_or_none()
    held = grant_of(session, user_id=user_id, account_id=ref.id, now=now)
    if found is not None and found.state == InvitationState.ACCEPTED.value and held is not None:
        return ref
    if found is None or found.state != InvitationState.OPEN.value:
        return None
    if held is not None and held.role == Role.OWNER.value:
        raise AlreadyOwner
    if not _still_owns(session, account_id=ref.id, owner_id=found.invited_by, now=now):
        return None
    terms = _terms(found)
    _close(session, invitation_id=invitation_id, state=InvitationState.ACCEPTED, now=now)
    grant_access(
        session,
        user_id=user_id,
        account_id=ref.id,
        role=terms.role,
        scope=terms.scope,
        valid_to=terms.until,
        granted_by=found.invited_by,
        actor=actor,
        now=now,
    )
    outbox.add(session, AccessAccepted(account_id=ref.id, user_id=str(user_id), invited_by=str(found.invited_by)))
    return ref


def decline(session: WriteSession, *, user_id: UUID, invitation_id: UUID, actor: Actor, now: datetime) -> bool:
    """Say no to an open invitation; False when there is none such for this person's telephone."""
    account = session.sql(
        statement(__package__, "invited_account.sql"), id=invitation_id, user_id=user_id
    ).one_or_none()
    if account is None:
        return False
    found = session.sql(
        "select id from access_invitation where id = :id and state = 'open' and expires_at > :now for update",
        id=invitation_id,
        now=now,
    ).one_or_none()
    if found is None:
        return False
    _close(session, invitation_id=invitation_id, state=InvitationState.DECLINED, now=now)
    _note(session, actor=actor, act="accounts.invitation_declined", account_id=account.id, invitation_id=invitation_id)
    return True


def purge_invitations(session: WriteSession, *, now: datetime, most: int) -> int:
    """End up to `most` invitations that nobody took up, forget as many older than 90 days; answers the larger count."""
    ended = session.sql(
        """update access_invitation set state = 'expired', ended_at = expires_at, phone_sealed = null
           where id in (select id from access_invitation where state = 'open' and expires_at <= :now limit :most)""",
        now=now,
        most=most,
    ).rowcount
    forgotten = session.sql(
        """delete from access_invitation where id in (
             select id from access_invitation where created_at < :before order by created_at limit :most)""",
        before=now - KEEP_INVITATIONS,
        most=most,
    ).rowcount
    return max(ended, forgotten)


def _owned(session: WriteSession, *, account: AccountRef, owner_id: UUID, now: datetime) -> Grant:
    """The owner's own grant, and the account's holder stays who it is until the end of this."""
    stand_still(session, account_no=account.account_no)
    own = grant_of(session, user_id=owner_id, account_id=account.id, now=now)
    if own is None or own.role != Role.OWNER.value:
        raise NotOwner
    return own


def _still_owns(session: WriteSession, *, account_id: AccountId, owner_id: UUID, now: datetime) -> bool:
    """Whether who invited owns the account, and goes on to until the end of this: their access cannot end meanwhile."""
    found = session.sql(
        """select id from access_grant
           where user_id = :owner and account_id = :account_id and role = 'owner' and revoked_at is null
             and (valid_to is null or valid_to > :now) for share""",
        owner=owner_id,
        account_id=account_id,
        now=now,
    ).one_or_none()
    return found is not None


def _open_one(session: WriteSession, *, account_id: AccountId, blind: bytes, now: datetime) -> sa.Row[Any] | None:
    """The open invitation of a telephone; one past its week is ended."""
    found = session.sql(
        """select * from access_invitation
           where account_id = :account_id and phone_blind = :blind and state = 'open' for update""",
        account_id=account_id,
        blind=blind,
    ).one_or_none()
    if found is not None and found.expires_at <= now:
        _close(session, invitation_id=found.id, state=InvitationState.EXPIRED, now=now)
        return None
    return found


def _within_limits(
    session: WriteSession, *, account_id: AccountId, owner_id: UUID, replaced: int, now: datetime
) -> None:
    nth: datetime | None = session.sql(
        """select (array_agg(created_at order by created_at desc))[:most] from access_invitation
           where invited_by = :owner and created_at > :since""",
        owner=owner_id,
        since=now - DAY,
        most=INVITES_A_DAY,
    ).scalar_one()
    if nth is not None:
        raise InvitationsLimited(retry_after_s=max(1, int((nth + DAY - now).total_seconds())))
    people: int = session.sql(
        """select (select count(*) from access_grant where account_id = :account_id and role <> 'owner'
                     and revoked_at is null and (valid_to is null or valid_to > :now))
                + (select count(*) from access_invitation where account_id = :account_id and state = 'open'
                     and expires_at > :now)""",
        account_id=account_id,
        now=now,
    ).scalar_one()
    if people - replaced >= MOST_PEOPLE:
        raise TooManyPeople(most=MOST_PEOPLE)


def _add(
    session: WriteSession,
    *,
    vault: Vault,
    account: AccountRef,
    number: str,
    wanted: Terms,
    actor: Actor,
    owner: UUID,
    now: datetime,
) -> InvitationView:
    invitation_id, blind = ids.uuid7(), identity.phone_blind_of(vault, number)
    told: int = session.sql(
        "select count(*) from access_invitation where phone_blind = :blind and created_at > :since",
        blind=blind,
        since=now - DAY,
    ).scalar_one()
    row = session.sql(
        """insert into access_invitation (id, account_id, invited_by, phone_sealed, phone_blind, phone_masked, role,
             scope, access_until, state, created_at, expires_at)
           values (:id, :account_id, :owner, :sealed, :blind, :masked, :role, :scope, :until, 'open', :now, :expires_at)
           returning *""",
        id=invitation_id,
        account_id=account.id,
        owner=owner,
        sealed=vault.seal(
            table="access_invitation", column="phone", owner=invitation_owner(invitation_id), text=number
        ),
        blind=blind,
        masked=mask_phone(number),
        role=wanted.role.value,
        scope=wanted.scope.value,
        until=wanted.until,
        now=now,
        expires_at=now + LIFE,
    ).one()
    if told < TEXTS_A_DAY:
        outbox.add(session, AccessInvited(invitation_id=str(invitation_id)))
    _note(session, actor=actor, act="accounts.invite", account_id=account.id, invitation_id=invitation_id)
    return _view(row)


def _close(session: WriteSession, *, invitation_id: UUID, state: InvitationState, now: datetime) -> None:
    session.sql(
        "update access_invitation set state = :state, ended_at = :now, phone_sealed = null where id = :id",
        state=state.value,
        now=now,
        id=invitation_id,
    )


def _note(session: WriteSession, *, actor: Actor, act: str, account_id: int, invitation_id: UUID) -> None:
    audit.record(
        session,
        actor=actor,
        act=act,
        subject=f"account:{account_id}",
        after={"invitation_id": str(invitation_id)},
    )


def _terms(row: sa.Row[Any]) -> Terms:
    return Terms(Role(row.role), Scope(row.scope), row.access_until)


def _view(row: sa.Row[Any]) -> InvitationView:
    return view(InvitationView, row, until=row.access_until)
