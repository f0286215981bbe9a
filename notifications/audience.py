"""Who is told: people and contact points, with the languages they read."""

from datetime import datetime
from uuid import UUID

from core.db import ReadSession
from notifications.queueing import Recipient, user_owner
from notifications.setup import Setup
from services.accounts import queries as accounts
from services.accounts.queries import AccountId
from services.identity import queries as identity

OWNER = "owner"
PHONE = "phone"


def of_user(session: ReadSession, *, setup: Setup, user_id: UUID) -> list[Recipient]:
    """One person; nobody when that person is gone."""
    user = identity.user(session, user_id=user_id)
    if user is None:
        return []
    phone = identity.phone_of(session, vault=setup.vault, user_id=user_id)
    return [Recipient(user_owner(user_id), setup.locale(user.locale), phone)]


def of_account_owners(session: ReadSession, *, setup: Setup, account_id: AccountId, now: datetime) -> list[Recipient]:
    """Everybody who owns the account at `now`, then the telephones that its holder left with the supplier."""
    people: list[Recipient] = []
    for grantee in accounts.grantees(session, account_ids=[account_id], now=now):
        if grantee.role == OWNER:
            people += of_user(session, setup=setup, user_id=grantee.user_id)
    contacts = [
        Recipient(
            f"customer:{contact.customer_id}",
            setup.locale(contact.locale),
            accounts.contact_address(
                session, vault=setup.vault, customer_id=contact.customer_id, contact_id=contact.contact_id
            ),
        )
        for contact in accounts.recipients(session, account_ids=[account_id])
        if contact.kind == PHONE
    ]
    return people + contacts
