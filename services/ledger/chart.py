"""The ledger's vocabulary, for every domain that posts: owners, sources, codes.

Codes live in the table `ledger_code`, so a new provider needs a migration and no line here. The constants are those
that other domains name.
"""

from enum import IntEnum, StrEnum
from typing import Final, NewType

BookId = NewType("BookId", int)
Code = NewType("Code", str)


class OwnerKind(StrEnum):
    """Who a book belongs to."""

    ACCOUNT = "account"
    PERSON = "person"
    SUPPLIER = "supplier"
    PARTNER = "partner"


class Source(IntEnum):
    """What kind of business object made a transaction. With the object's uuid it posts once per book."""

    BILL = 1
    CREDIT_NOTE = 2
    PREPAID_APPLIED = 3
    LATE_FEE = 4
    PAYMENT = 5
    REFUND = 6
    UNASSIGNED_PAYMENT = 7
    ASSIGNMENT_OUT = 8
    ASSIGNMENT_IN = 9
    PROVIDER_FEE = 10
    SETTLEMENT = 11
    OPENING = 12
    POINTS_EARNED = 13
    POINTS_SPENT = 14
    POINTS_EXPIRED = 15
    ADJUSTMENT = 16


POINTS: Final = "PTS"
"""The asset of loyalty points, in the place of a currency."""

RECEIVABLE: Final = Code("receivable")
PREPAID: Final = Code("prepaid")
SUSPENSE: Final = Code("suspense")
TRANSFER: Final = Code("transfer")
BANK: Final = Code("bank")
OPENING: Final = Code("opening")
REVENUE_ENERGY: Final = Code("revenue.energy")
REVENUE_DEMAND: Final = Code("revenue.demand")
REVENUE_POWER_FACTOR: Final = Code("revenue.power_factor")
REVENUE_FIXED: Final = Code("revenue.fixed")
REVENUE_LATE_FEE: Final = Code("revenue.late_fee")
REVENUE_OTHER: Final = Code("revenue.other")
FUNDS_OTHER: Final = Code("funds.other")
TAX_VAT: Final = Code("tax.vat")
TAX_OTHER: Final = Code("tax.other")
POINTS_BALANCE: Final = Code("points.balance")
POINTS_SPENT: Final = Code("points.spent")
POINTS_EXPIRED: Final = Code("points.expired")
POINTS_EXPENSE: Final = Code("points.expense")
REFUNDED_TWICE: Final = Code("expense.refunded_twice")


def clearing(provider: str) -> Code:
    """What a payment provider owes us."""
    return Code(f"clearing.{provider}")


def refund(provider: str) -> Code:
    """What we owe payers through a provider."""
    return Code(f"refund.{provider}")


def fee(provider: str) -> Code:
    """What a payment provider keeps."""
    return Code(f"fee.{provider}")
