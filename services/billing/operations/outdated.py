"""Bills that change while somebody is about to pay them."""

from core.db import WriteSession
from core.outbox import Delivery
from services.accounts.queries import AccountId
from services.billing import queries
from services.billing.events import BillAmended, BillSettled
from services.payments import operations as payments


def stop_payments(session: WriteSession, delivery: Delivery, event: BillAmended | BillSettled) -> None:
    """A bill has another amount, or nothing of it is owed any more: payments under way for the old one are closed.

    Handles the fact some moments later, without the locks of the change: whatever is paid until the provider has closed
    is booked all the same, and its surplus becomes prepaid balance.
    """
    account_id = AccountId(event.account_id)
    [bill] = queries.bills(session, account_id=account_id, bill_ids=[event.bill_id])
    payments.close_outdated(
        session,
        account_id=account_id,
        kind="bill",
        payable_id=bill.id,
        open_minor=bill.open.minor,
        changed_at=delivery.occurred_at,
        now=delivery.occurred_at,
    )
