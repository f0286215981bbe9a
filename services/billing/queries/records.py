"""What staff read of one bill besides itself: how it stands in the ledger, and what settled it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.db import ReadSession, statement
from core.money import Money
from services.accounts.queries import AccountId
from services.billing.models import BillOrigin


@dataclass(frozen=True, slots=True)
class Settlement:
    """What something took off a bill, negative when it was put back; `source_id` is what made the posting."""

    source_id: UUID
    amount: Money
    settled_at: datetime


@dataclass(frozen=True, slots=True)
class BillRecord:
    """How a bill came into the ledger (`posting_id` when by itself), and its settlements, the latest first."""

    origin: BillOrigin
    posting_id: UUID | None
    settlements: tuple[Settlement, ...]


def record(session: ReadSession, *, account_id: AccountId, bill_id: int) -> BillRecord:
    """The record of a bill that the caller has found."""
    found = session.sql(
        "select origin, posting_id from bill where account_id = :account_id and id = :id",
        account_id=account_id,
        id=bill_id,
    ).one()
    rows = session.sql(statement(__package__, "bill_settlements.sql"), account_id=account_id, bill_id=bill_id).all()
    settlements = tuple(
        Settlement(row.payment_id, Money(row.amount_minor, row.currency), row.settled_at) for row in rows
    )
    return BillRecord(BillOrigin(found.origin), found.posting_id, settlements)
