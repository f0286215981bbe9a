"""Anticipated refusals of billing."""

from core.errors import Refusal


class BillNotOpen(Refusal):
    """The bill is settled or cancelled: nothing is left to pay."""

    code = "bill_not_open"


class BillUnknown(Refusal):
    """The account has no bill with this number."""

    code = "bill_unknown"
