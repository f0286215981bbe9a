"""Facts about payments."""

from dataclasses import dataclass
from typing import ClassVar

from core.outbox import Event, register


@register
@dataclass(frozen=True, kw_only=True)
class PaymentBooked(Event):
    """Money of one attempt came and was posted. A second paid attempt of an order is a booking of its own."""

    name: ClassVar[str] = "payments.payment_booked"
    code: ClassVar[int] = 1

    order_id: str
    attempt_id: str


@register
@dataclass(frozen=True, kw_only=True)
class PaymentSuspended(Event):
    """Money came that has no place yet; staff decide."""

    name: ClassVar[str] = "payments.payment_suspended"
    code: ClassVar[int] = 6

    suspense_id: int


@register
@dataclass(frozen=True, kw_only=True)
class PaymentAssigned(Event):
    """Staff gave money that had no place its account."""

    name: ClassVar[str] = "payments.payment_assigned"
    code: ClassVar[int] = 11

    suspense_id: int


@register
@dataclass(frozen=True, kw_only=True)
class PaymentUnassigned(Event):
    """What staff gave an account was taken back out of it: its provider had sent the money back to its payer."""

    name: ClassVar[str] = "payments.payment_unassigned"
    code: ClassVar[int] = 25

    suspense_id: int


@register
@dataclass(frozen=True, kw_only=True)
class PaymentAttemptClosed(Event):
    """An attempt ended without money."""

    name: ClassVar[str] = "payments.payment_attempt_closed"
    code: ClassVar[int] = 9

    order_id: str
    attempt_id: str
