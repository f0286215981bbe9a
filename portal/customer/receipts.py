"""What a receipt says: what each bill took, what waits for our staff, what became prepaid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.money import Money
from services.payments.queries import PartView, PaymentView, SuspendedView

SUSPENDED: Final = "suspended"
RETURNED: Final = "returned"


@dataclass(frozen=True)
class ReceiptRow:
    """What one bill took of a payment; without a number, what became prepaid.

    `is_waiting`: our staff places it. `is_returned`: it goes back to whoever paid it. `is_placed`: our staff gave it to
    an account, `placed_in` where that is the payer's to see.
    """

    no: str | None
    amount: Money
    is_waiting: bool = False
    is_returned: bool = False
    is_placed: bool = False
    placed_in: str | None = None


@dataclass(frozen=True)
class AlsoReceived:
    """Another sum that came for a payment, and what became of it."""

    amount: Money
    paid_at: datetime
    provider_reference: str
    rows: list[ReceiptRow]


def rows_of(parts: Sequence[PartView], amount: Money, suspense: Sequence[SuspendedView] = ()) -> list[ReceiptRow]:
    """What each bill took, what waits for our staff, and what became prepaid: meant so, or not needed by a bill.

    `suspense` says what our staff decided since about what waited. Nothing where the parts are not the payer's to see.
    """
    if not parts:
        return []
    rows = []
    decided = {each.no: each for each in suspense}
    for part in parts:
        if part.outcome == SUSPENDED:
            rows.append(_suspended(part, decided.get(part.no)))
        elif part.no is not None and part.taken is not None:
            rows.append(ReceiptRow(part.no, part.taken))
    left = amount.minor - sum(row.amount.minor for row in rows)
    prepaid = ReceiptRow(None, Money(left, amount.currency))
    return [row for row in (*rows, prepaid) if row.amount.minor > 0]


def _suspended(part: PartView, told: SuspendedView | None) -> ReceiptRow:
    if told is None or told.outcome == SUSPENDED:
        return ReceiptRow(part.no, part.amount, is_waiting=True)
    if told.outcome == RETURNED:
        return ReceiptRow(part.no, part.amount, is_returned=True)
    return ReceiptRow(part.no, part.amount, is_placed=True, placed_in=told.account_no)


def also_received(payment: PaymentView) -> list[AlsoReceived]:
    """Other sums that came for a payment."""
    return [
        AlsoReceived(
            also.amount,
            also.paid_at,
            also.provider_reference,
            rows_of(also.parts, also.amount)
            if also.outcome not in {SUSPENDED, RETURNED}
            else [
                ReceiptRow(
                    None,
                    also.amount,
                    is_waiting=also.outcome == SUSPENDED,
                    is_returned=also.outcome == RETURNED,
                )
            ],
        )
        for also in payment.also_received
    ]
