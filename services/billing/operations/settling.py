"""Bills meet money: settled by a payment, put back by its reversal, paid from the prepaid balance.

The ledger posting of a payment is the payment's.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from core import outbox
from core.db import WriteSession, statement
from services.accounts.queries import AccountId
from services.billing.errors import BillNotOpen
from services.billing.events import BillSettled
from services.ledger import operations as ledger
from services.ledger.chart import Source

_PACKAGE: Final = "services.billing"


def settle(
    session: WriteSession, *, account_id: AccountId, bill_id: int, amount_minor: int, payment_id: UUID, now: datetime
) -> int:
    """Take a payment's share off a bill; answers what it took, which is less when less is open: the rest is the caller's.

    Minor units of the account's currency. Raises BillNotOpen when nothing is open. Idempotent by payment: a repetition
    answers what it took the first time. Publishes BillSettled at zero. The caller holds the lock of the account's book.
    """
    bill = session.sql(
        "select open_minor from bill where account_id = :account_id and id = :id for update",
        account_id=account_id,
        id=bill_id,
    ).one_or_none()
    taken = _taken(session, account_id=account_id, bill_id=bill_id, payment_id=payment_id)
    if taken > 0:
        return taken
    if bill is None or bill.open_minor == 0:
        raise BillNotOpen
    share: int = min(bill.open_minor, amount_minor)
    _move(session, account_id=account_id, bill_id=bill_id, amount_minor=share, payment_id=payment_id, now=now)
    if share == bill.open_minor:
        outbox.add(session, BillSettled(account_id=account_id, bill_id=bill_id))
    return share


def put_back(session: WriteSession, *, account_id: AccountId, bill_id: int, payment_id: UUID, now: datetime) -> int:
    """Open again what a payment took off a bill; answers how much. Zero when it took nothing or was put back before."""
    session.sql(
        "select from bill where account_id = :account_id and id = :id for update", account_id=account_id, id=bill_id
    )
    taken = _taken(session, account_id=account_id, bill_id=bill_id, payment_id=payment_id)
    if taken > 0:
        _move(session, account_id=account_id, bill_id=bill_id, amount_minor=-taken, payment_id=payment_id, now=now)
    return taken


def apply_prepaid(session: WriteSession, *, account_ids: Sequence[AccountId], now: datetime) -> None:
    """Pay open bills of these accounts from their prepaid balances, oldest due first. Publishes BillSettled. Locks the accounts' books."""
    session.sql(statement(_PACKAGE, "prepaid_applied.sql"), account_ids=list(account_ids))
    if session.sql("select exists (select from applied)").scalar_one():
        query = statement(_PACKAGE, "prepaid_applied_post.sql").clause.text
        ledger.post_staged(session, query=query, params={"source": Source.PREPAID_APPLIED.value, "now": now})
        settled = session.sql(statement(_PACKAGE, "prepaid_applied_settle.sql"), now=now).all()
        outbox.add_staged(
            session,
            BillSettled,
            payloads=[{"account_id": row.account_id, "bill_id": row.bill_id} for row in settled if row.open_minor == 0],
        )
    session.sql("drop table applied")


def _taken(session: WriteSession, *, account_id: AccountId, bill_id: int, payment_id: UUID) -> int:
    taken: int = session.sql(
        """select coalesce(sum(amount_minor), 0)::bigint from bill_settlement
           where account_id = :account_id and bill_id = :bill_id and payment_id = :payment_id""",
        account_id=account_id,
        bill_id=bill_id,
        payment_id=payment_id,
    ).scalar_one()
    return taken


def _move(
    session: WriteSession, *, account_id: AccountId, bill_id: int, amount_minor: int, payment_id: UUID, now: datetime
) -> None:
    session.sql(
        """update bill set open_minor = open_minor - :amount, state = case when open_minor = :amount then 'settled' else 'issued' end
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
