"""Messages about readings that people tell."""

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from core.db import WriteSession
from core.outbox import Delivery
from notifications.audience import of_user
from notifications.queueing import Fact, tell
from notifications.setup import SETUP
from notifications.states import Priority
from notifications.texts import masked_account, moment_param
from services.accounts import queries as accounts
from services.accounts.queries import AccountId, Permission
from services.metering import queries
from services.metering.events import OwnReadingDecided
from services.metering.queries import OwnState

TTL: Final = timedelta(days=3)
TEMPLATES: Final = {OwnState.ACCEPTED: "own_reading_accepted", OwnState.REFUSED: "own_reading_refused"}


def decided(session: WriteSession, delivery: Delivery, event: OwnReadingDecided) -> None:
    """Tell whoever told a reading what became of it, in their inbox, while they still pay for the account.

    Nobody is told of what was replaced since, nor of what an earlier holder told.
    """
    setup = SETUP.get()
    account_id, reading_id = AccountId(event.account_id), UUID(event.reading_id)
    reading = queries.own_reading(session, account_id=account_id, reading_id=reading_id)
    if reading is None or reading.user_id is None or reading.state not in TEMPLATES:
        return
    account_no = accounts.account(session, account_id=account_id).ref.account_no
    may_tell = accounts.resolve_access(
        session,
        user_id=reading.user_id,
        account_no=account_no,
        permission=Permission.PAY,
        now=delivery.occurred_at,
    )
    if may_tell is None:
        return
    fact = Fact(
        intent=f"own_reading_decided:{reading_id}",
        template=TEMPLATES[reading.state],
        params={
            "account": masked_account(account_no),
            "value": f"{reading.value.normalize():f}",
            "at": moment_param(reading.told_at),
            "hotline": setup.settings.supplier_hotline,
        },
        link="/meter-readings",
        ttl=TTL,
        priority=Priority.PROMPT,
        account_ids=[account_id],
        about_user=None,
    )
    people = [replace(each, phone=None) for each in of_user(session, setup=setup, user_id=reading.user_id)]
    tell(session, setup=setup, fact=fact, audience=people)
