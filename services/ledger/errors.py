"""What the ledger refuses. After any of these the transaction is spoilt: roll back, or to the savepoint set before."""

from core.errors import Refusal


class InsufficientBalance(Refusal):
    """A balance would fall below its floor; `book_ids` are the books of the refused call."""

    code = "insufficient_balance"


class UnknownBook(Refusal):
    """A book of the refused call, whose books are `book_ids`, does not exist."""

    code = "unknown_book"


class UnknownCode(Refusal):
    """The chart has no such code or asset."""

    code = "unknown_ledger_code"


class ConflictingPosting(Refusal):
    """The same source was posted before with other postings."""

    code = "conflicting_posting"


class NothingToReverse(Refusal):
    """No transaction of this source is in the book."""

    code = "nothing_to_reverse"


class AmountOutOfRange(Refusal):
    """A balance would pass what the ledger can count (63 bits of minor units)."""

    code = "amount_out_of_range"


class PointsOutsideLots(Refusal):
    """Points were to be posted in bulk; they move with their lots, by the ledger's own operations for points."""

    code = "points_outside_lots"
