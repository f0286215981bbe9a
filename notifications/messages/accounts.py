"""Messages about who may act for an account."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from core.db import WriteSession
from core.outbox import Delivery
from notifications.audience import of_account_owners, of_user
from notifications.queueing import Fact, Recipient, tell, user_owner
from notifications.setup import SETUP
from notifications.states import Priority
from notifications.texts import masked_account, moment_param
from services.accounts import queries as accounts
from services.accounts.events import AccountLinked
from services.accounts.queries import AccountId
from services.identity import queries as identity

TTL: Final = timedelta(days=3)
NOBODY: Final = "-"


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
            "account": masked_account(accounts.account(session, account_id=account_id).ref.account_no),
            "person": NOBODY if person is None else person.phone_masked,
            "at": moment_param(delivery.occurred_at),
            "hotline": setup.settings.supplier_hotline,
        },
        link=None,
        ttl=TTL,
        priority=Priority.PROMPT,
    )
    audience = of_account_owners(session, setup=setup, account_id=account_id, now=delivery.occurred_at)
    own = {each.phone for each in of_user(session, setup=setup, user_id=user_id)}
    tell(session, setup=setup, fact=fact, audience=list(_others(audience, user_id=user_id, own_phones=own)))


def _others(audience: list[Recipient], *, user_id: UUID, own_phones: set[str | None]) -> Iterator[Recipient]:
    for recipient in audience:
        if recipient.has_inbox and recipient.owner != user_owner(user_id):
            yield replace(recipient, phone=None)
        elif not recipient.has_inbox and recipient.phone not in own_phones:
            yield recipient
