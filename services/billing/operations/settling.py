"""Bills meet money: settled by a payment, put back by its reversal, paid from the prepaid balance.

The ledger posting of a payment is the payment's.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg
import sqlalchemy as sa

from core import outbox
from core.db import WriteSession, statement
from core.money import MixedCurrencies, Money
from services.accounts.queries import AccountId
from services.billing.events import BillSettled
from services.ledger import operations as ledger
from services.ledger.chart import Source

OTHER_CURRENCY: Final = "BL001"


def settle(
    session: WriteSession, *, account_id: AccountId, bill_id: int, amount: Money, payment_id: UUID, now: datetime
) -> Money:
    """Take a payment's share off a bill and answer how much was taken: zero when nothing is open any more.

    Idempotent by payment: a repetition answers what it took the first time. Raises MixedCurrencies. Publishes
    BillSettled at zero. The caller holds the lock of the account's book and posts what was taken.
    """
    try:
        taken: int = session.sql(
            "select bill_settle(:account_id, :bill_id, :payment_id, :amount, :currency, :now)",
            account_id=account_id,
            bill_id=bill_id,
            payment_id=payment_id,
            amount=amount.minor,
            currency=amount.currency,
            now=now,
        ).scalar_one()
    except sa.exc.DBAPIError as error:
        if isinstance(error.orig, psycopg.Error) and error.orig.sqlstate == OTHER_CURRENCY:
            raise MixedCurrencies from error
        raise
    return Money(taken, amount.currency)


def put_back(
    session: WriteSession, *, account_id: AccountId, payment_id: UUID, now: datetime
) -> list[tuple[str, Money]]:
    """Open again what a payment took off the account's bills and answer how much of which; the second time nothing.

    Less than was taken comes back when a bill was amended below what had been paid: that surplus is prepaid balance by
    now, and the caller reverses the rest against it. The caller holds the lock of the account's book.
    """
    taken = _taken(session, account_id=account_id, payment_id=payment_id)
    bills = session.sql(
        """select b.id, b.bill_no, b.amount_minor - b.open_minor as paid_minor from bill b
           where b.account_id = :account_id and b.id = any(:ids) order by b.id for update""",
        account_id=account_id,
        ids=list(taken),
    ).all()
    currency = session.sql(statement(__package__, "currency_of.sql"), account_id=account_id).scalar_one()
    opened = []
    for bill in bills:
        share = min(taken[bill.id], bill.paid_minor)
        if share > 0:
            _move(session, account_id=account_id, bill_id=bill.id, amount_minor=-share, payment_id=payment_id, now=now)
            opened.append((bill.bill_no, Money(share, currency)))
    return opened


def apply_prepaid(session: WriteSession, *, account_ids: Sequence[AccountId], now: datetime) -> None:
    """Pay open bills of these accounts from their prepaid balances, oldest due first. Publishes BillSettled.

    The caller holds the locks of the accounts' books.
    """
    holding = session.sql(statement(__package__, "prepaid_held.sql"), account_ids=list(account_ids)).scalars().all()
    if not holding:
        return
    session.sql(statement(__package__, "prepaid_applied.sql"), account_ids=holding)
    if session.sql("select exists (select from applied)").scalar_one():
        query = statement(__package__, "prepaid_applied_post.sql").clause.text
        ledger.post_staged(session, query=query, params={"source": Source.PREPAID_APPLIED.value, "now": now})
        settled = session.sql(statement(__package__, "prepaid_applied_settle.sql"), now=now).all()
        outbox.add_staged(
            session,
            BillSettled,
            payloads=[{"account_id": row.account_id, "bill_id": row.bill_id} for row in settled if row.open_minor == 0],
        )
    session.sql("drop table applied")


def _taken(session: WriteSession, *, account_id: AccountId, payment_id: UUID) -> dict[int, int]:
    """What a payment has taken off each bill of the account, less what was put back."""
    rows = session.sql(
        """select bill_id, sum(amount_minor)::bigint as taken from bill_settlement
           where account_id = :account_id and payment_id = :payment_id group by bill_id""",
        account_id=account_id,
        payment_id=payment_id,
    )
    return {row.bill_id: row.taken for row in rows}


def _move(
    session: WriteSession, *, account_id: AccountId, bill_id: int, amount_minor: int, payment_id: UUID, now: datetime
) -> None:
    session.sql(
        """update bill set open_minor = open_minor - :amount,
             state = case when open_minor = :amount then 'settled' else 'issued' end
           where account_id = :account_id and id = :bill_id""",
        account_id=account_id,
        bill_id=bill_id,
        amount=amount_minor,
    )
    session.sql(
        """insert into bill_settlement (account_id, bill_id, payment_id, amount_minor, settled_at)
           values (:account_id, :bill_id, :payment_id, :amount, :now)""",
        account_id=account_id,
        bill_id=bill_id,
        payment_id=payment_id,
        amount=amount_minor,
        now=now,
    )
