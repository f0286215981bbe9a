"""What staff read of payments; nothing outside of where they may."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.db import ReadSession, statement
from core.money import Money
from services.payments import queries


@dataclass(frozen=True, slots=True)
class FoundPayment:
    """A payment as a search shows it; `account_no` is the first of its accounts that the reader may see."""

    payment_no: str
    account_no: str
    state: str
    amount: Money
    created_at: datetime
    paid_at: datetime | None


def found_payments(session: ReadSession, *, number: str, staff_id: UUID, now: datetime) -> list[FoundPayment]:
    """Payments with this number, ours or a provider's, of the units where one may read payments."""
    rows = session.sql(
        statement(__package__, "found_payments.sql"),
        staff_id=staff_id,
        number=number,
        kinds=[f"{name}.transaction" for name in queries.provider_names()],
        now=now,
    )
    return [
        FoundPayment(
            payment_no=row.payment_no,
            account_no=row.account_no,
            state=row.state,
            amount=Money(row.amount_minor, row.currency),
            created_at=row.created_at,
            paid_at=row.paid_at,
        )
        for row in rows
    ]
