"""Messages about bills."""

from datetime import date, timedelta
from typing import Final

from core.db import WriteSession
from core.outbox import Delivery
from core.periods import business_date
from notifications.audience import of_account_owners
from notifications.queueing import Fact, tell
from notifications.setup import SETUP
from notifications.states import Priority
from notifications.texts import day_param, masked_account, money_param, month_param
from services.accounts import queries as accounts
from services.accounts.queries import AccountId
from services.billing import queries as billing
from services.billing.events import BillIssued
from services.billing.queries import BillView

TTL: Final = timedelta(days=3)
NEWS_FOR: Final = timedelta(days=10)
"""A file may be late by the longest run of public holidays (eight days) and some; what is older came with a supplier
that goes live, and its customers have it on paper."""


def bill_ready(session: WriteSession, delivery: Delivery, event: BillIssued) -> None:
    """Tell the account's owners and its holder's contact points that a bill is ready, once per bill.

    Nobody is told of a bill that was no news any more when it came.
    """
    setup = SETUP.get()
    account_id = AccountId(event.account_id)
    bill = billing.bills(session, account_id=account_id, bill_ids=[event.bill_id])[0]
    if not _is_news(bill, came_on=business_date(delivery.occurred_at, setup.settings.zone)):
        return
    account_no = accounts.account(session, account_id=account_id).ref.account_no
    fact = Fact(
        intent=f"bill_ready:{event.account_id}:{event.bill_id}",
        template="bill_ready",
        params={
            "account": masked_account(account_no),
            "amount": money_param(bill.amount),
            "period": month_param(bill.period_first),
            "due": day_param(bill.due_date),
            "bill_no": bill.bill_no,
        },
        link=f"/bills/{account_no}/{bill.bill_no}",
        ttl=TTL,
        priority=Priority.BULK,
        account_ids=[account_id],
    )
    audience = of_account_owners(session, setup=setup, account_id=account_id, now=delivery.occurred_at)
    tell(session, setup=setup, fact=fact, audience=audience)


def _is_news(bill: BillView, *, came_on: date) -> bool:
    """It can still be paid in time, and its customer cannot have heard of it long ago."""
    return bill.due_date >= came_on and bill.issue_date + NEWS_FOR >= came_on
