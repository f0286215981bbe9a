"""Facts of the ledger."""

from dataclasses import dataclass
from typing import ClassVar

from core.outbox import Event, register


@register
@dataclass(frozen=True, kw_only=True)
class LedgerPosted(Event):
    """Transaction number `ref` of book `book_id` was posted.

    Any event class with these two fields may ride along with a posting.
    """

    name: ClassVar[str] = "ledger.posted"
    code: ClassVar[int] = 10

    book_id: int
    ref: int
