"""Which bill a payment settles, and what became of a bill that changed: pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class OpenBill:
    """What of a bill is still owed."""

    id: int
    due_date: date
    open_minor: int


@dataclass(frozen=True, slots=True)
class Share:
    """What a bill gets of a payment."""

    bill_id: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """How a payment is divided: shares, oldest due first, and what no bill needs."""

    shares: tuple[Share, ...]
    surplus_minor: int


def allocate(bills: Sequence[OpenBill], amount_minor: int) -> Allocation:
    """Divide an amount over open bills, the oldest due date first (then the lower id); nobody gets more than is open."""
    left = amount_minor
    shares = []
    for bill in sorted(bills, key=lambda each: (each.due_date, each.id)):
        part = min(left, bill.open_minor)
        if part > 0:
            shares.append(Share(bill.id, part))
            left -= part
    return Allocation(tuple(shares), left)


@dataclass(frozen=True, slots=True)
class Amended:
    """What is open of an amended bill, and what had been paid beyond its new amount."""

    open_minor: int
    surplus_minor: int


def amend(*, old_amount_minor: int, old_open_minor: int, new_amount_minor: int) -> Amended:
    """What was paid stays paid; what the new amount does not need goes to the prepaid balance."""
    paid = old_amount_minor - old_open_minor
    return Amended(max(new_amount_minor - paid, 0), max(paid - new_amount_minor, 0))
