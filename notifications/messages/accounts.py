"""Messages about who may act for an account."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from core.db import WriteSession
from core.errors import Json
from core.outbox import Delivery
from notifications.audience import of_account_owners, of_user
from notifications.queueing import Fact, Recipient, tell, user_owner
from notifications.setup import SETUP
from notifications.states import Priority
from notifications.texts import NOBODY, masked_account, moment_param
from services.accounts import queries as accounts
from services.accounts.events import AccessAccepted, AccessEnded, AccessInvited, AccountLinked
from services.accounts.queries import AccountId
from services.identity import queries as identity

TTL: Final = timedelta(days=3)
HOLDER_CHANGED: Final = "holder_changed"


def linked(session: WriteSession, delivery: Delivery, event: AccountLinked) -> None:
    """Tell those who had the account that somebody linked it, once per link: whose proof was stolen learns it here.

    Owners are told in their inbox, the holder's contact points by text message; not the person who linked.
    """
    setup = SETUP.get()
    account_id, user_id = AccountId(event.account_id), UUID(event.user_id)
    person = identity.user(session, user_id=user_id)
    fact = Fact(
        intent=f"account_linked:{account_id}:{delivery.id}",
        template="account_linked",
        params={
            "account": _masked(session, account_id),
            "person": NOBODY if person is None else person.phone_masked,
            "at": moment_param(delivery.occurred_at),
            "hotline": setup.settings.supplier_hotline,
        },
        link=None,
        ttl=TTL,
        priority=Priority.PROMPT,
        account_ids=[account_id],
        about_user=None if person is None else user_id,
    )
    audience = of_account_owners(session, setup=setup, account_id=account_id, now=delivery.occurred_at)
    own = {each.phone for each in of_user(session, setup=setup, user_id=user_id)}
    tell(session, setup=setup, fact=fact, audience=list(_others(audience, user_id=user_id, own_phones=own)))


def invited(session: WriteSession, delivery: Delivery, event: AccessInvited) -> None:
    """Tell the invited telephone: in its person's language and inbox if somebody has signed in with it.

    An invitation that is over by then is not told.
    """
    setup = SETUP.get()
    invitation_id = UUID(event.invitation_id)
    invitation = accounts.invitation(session, vault=setup.vault, invitation_id=invitation_id)
    if invitation is None:
        return
    person = identity.user_by_phone(session, vault=setup.vault, phone=invitation.phone)
    inviter = identity.user(session, user_id=invitation.invited_by)
    fact = Fact(
        intent=f"access_invited:{invitation_id}",
        template="access_invited",
        params={
            "account": _masked(session, invitation.account_id),
            "person": NOBODY if inviter is None else inviter.phone_masked,
            "until": moment_param(invitation.expires_at),
            "hotline": setup.settings.supplier_hotline,
        },
        link="/invitations",
        ttl=invitation.expires_at - delivery.occurred_at,
        priority=Priority.PROMPT,
        account_ids=[invitation.account_id],
        about_user=None if inviter is None else invitation.invited_by,
    )
    owner = accounts.invitation_owner(invitation_id) if person is None else user_owner(person.id)
    locale = setup.locale(None if person is None else person.locale)
    tell(session, setup=setup, fact=fact, audience=[Recipient(owner, locale, invitation.phone)])


def accepted(session: WriteSession, delivery: Delivery, event: AccessAccepted) -> None:
    """Tell the owner who invited, in their inbox."""
    person = identity.user(session, user_id=UUID(event.user_id))
    _tell_by_inbox(
        session,
        delivery,
        account_id=AccountId(event.account_id),
        user_id=UUID(event.invited_by),
        template="access_accepted",
        params={
            "account": _masked(session, AccountId(event.account_id)),
            "person": NOBODY if person is None else person.phone_masked,
        },
        about_user=None if person is None else person.id,
    )


def ended(session: WriteSession, delivery: Delivery, event: AccessEnded) -> None:
    """Tell a person in their inbox that they cannot use an account any more, and whom to ask."""
    _tell_by_inbox(
        session,
        delivery,
        account_id=AccountId(event.account_id),
        user_id=UUID(event.user_id),
        template="access_ended_with_holder" if event.why == HOLDER_CHANGED else "access_ended",
        params={
            "account": _masked(session, AccountId(event.account_id)),
            "at": moment_param(delivery.occurred_at),
            "hotline": SETUP.get().settings.supplier_hotline,
        },
    )


def _tell_by_inbox(
    session: WriteSession,
    delivery: Delivery,
    *,
    account_id: AccountId,
    user_id: UUID,
    template: str,
    params: Mapping[str, Json],
    about_user: UUID | None = None,
) -> None:
    setup = SETUP.get()
    fact = Fact(
        f"{template}:{delivery.id}", template, params, "/accounts", TTL, Priority.PROMPT, [account_id], about_user
    )
    people = [replace(each, phone=None) for each in of_user(session, setup=setup, user_id=user_id)]
    tell(session, setup=setup, fact=fact, audience=people)


def _masked(session: WriteSession, account_id: AccountId) -> str:
    return masked_account(accounts.account(session, account_id=account_id).ref.account_no)


def _others(audience: list[Recipient], *, user_id: UUID, own_phones: set[str | None]) -> Iterator[Recipient]:
    for recipient in audience:
        if recipient.has_inbox and recipient.owner != user_owner(user_id):
            yield replace(recipient, phone=None)
        elif not recipient.has_inbox and recipient.phone not in own_phones:
            yield recipient
