"""Facts of billing."""

from dataclasses import dataclass
from typing import ClassVar

from core.outbox import Event, register


@register
@dataclass(frozen=True, kw_only=True)
class BillIssued(Event):
    """A bill that was not known is owed. How old it was when it came, its own dates tell."""

    name: ClassVar[str] = "billing.bill_issued"
    code: ClassVar[int] = 3

    account_id: int
    bill_id: int


@register
@dataclass(frozen=True, kw_only=True)
class BillAmended(Event):
    """An issued bill has another amount or other lines; what was posted is reversed and posted anew."""

    name: ClassVar[str] = "billing.bill_amended"
    code: ClassVar[int] = 4

    account_id: int
    bill_id: int


@register
@dataclass(frozen=True, kw_only=True)
class BillSettled(Event):
    """Nothing of a bill is owed any more."""

    name: ClassVar[str] = "billing.bill_settled"
    code: ClassVar[int] = 5

    account_id: int
    bill_id: int
