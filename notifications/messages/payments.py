"""Messages about payments."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from core.db import WriteSession
from core.outbox import Delivery
from notifications.audience import of_user
from notifications.queueing import Fact, tell
from notifications.setup import SETUP
from notifications.states import Priority
from notifications.texts import masked_account, moment_param, money_param
from services.accounts import queries as accounts
from services.accounts.queries import AccountId
from services.payments import queries as payments
from services.payments.events import PaymentBooked

TTL: Final = timedelta(days=1)


def receipt(session: WriteSession, delivery: Delivery, event: PaymentBooked) -> None:
    """Tell the payer that the money came, once per booked attempt. A guest has no telephone and no inbox here."""
    del delivery  # what is told depends on the attempt alone, however often the fact comes
    setup = SETUP.get()
    booked = payments.receipt(session, attempt_id=UUID(event.attempt_id))
    if booked.payer_user_id is None:
        return
    account_ids = sorted({part.account_id for part in booked.parts})
    fact = Fact(
        intent=f"payment_receipt:{booked.attempt_id}",
        template="payment_receipt",
        params={
            "account": _accounts(session, account_ids),
            "amount": money_param(booked.amount),
            "payment_no": booked.payment_no,
            "paid_at": moment_param(booked.paid_at),
        },
        link=f"/payments/{booked.payment_no}/receipt",
        ttl=TTL,
        priority=Priority.PROMPT,
        account_ids=account_ids,
    )
    tell(session, setup=setup, fact=fact, audience=of_user(session, setup=setup, user_id=booked.payer_user_id))


def _accounts(session: WriteSession, account_ids: list[AccountId]) -> str:
    first = masked_account(accounts.account(session, account_id=account_ids[0]).ref.account_no)
    return first if len(account_ids) == 1 else f"{first} +{len(account_ids) - 1}"
