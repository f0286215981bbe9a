"""States, spreading an amount over what is due, and when to ask a provider again: pure functions and data."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.money import Money
from services.payments.errors import IllegalTransition
from services.payments.models import AttemptState, OrderState, RefundState
from services.payments.ports import Due, RefundStatus

LIFE: Final = timedelta(minutes=30)
"""How long an attempt can be paid; sent to the provider as its last moment."""

GRACE: Final = timedelta(seconds=60)
"""How long after that a provider may still come to know an attempt it does not know: the payer stands on its page."""

QUOTE_LIFE: Final = timedelta(minutes=10)
SUPPLIER: Final = 1
"""Owner number of the supplier's own book: one deployment serves one supplier."""

LIVING: Final = frozenset({AttemptState.CREATED, AttemptState.PREPARED, AttemptState.PENDING, AttemptState.UNKNOWN})


class AttemptEvent(enum.StrEnum):
    """What may happen to an attempt."""

    PREPARED = "prepared"
    IN_DOUBT = "in_doubt"
    REFUSED = "refused"
    WAITING = "waiting"
    PAID = "paid"
    CLOSED = "closed"
    FAILED = "failed"


class OrderEvent(enum.StrEnum):
    """What may happen to an order."""

    BOOKED = "booked"
    SUSPENDED = "suspended"
    ENDED = "ended"
    FAILED = "failed"
    RETRIED = "retried"
    RELEASED = "released"


def _attempts() -> dict[tuple[AttemptState, AttemptEvent], AttemptState]:
    s, e = AttemptState, AttemptEvent
    table = {
        (s.CREATED, e.PREPARED): s.PREPARED,
        (s.CREATED, e.IN_DOUBT): s.UNKNOWN,
        (s.CREATED, e.REFUSED): s.FAILED,
        (s.CREATED, e.WAITING): s.PENDING,
        (s.CREATED, e.FAILED): s.FAILED,
        (s.UNKNOWN, e.PREPARED): s.PREPARED,
        (s.UNKNOWN, e.IN_DOUBT): s.UNKNOWN,
        (s.UNKNOWN, e.REFUSED): s.FAILED,
        (s.UNKNOWN, e.WAITING): s.UNKNOWN,  # known to the provider, but its answer is still to be fetched
        (s.UNKNOWN, e.FAILED): s.FAILED,
        (s.PREPARED, e.PREPARED): s.PREPARED,
        (s.PREPARED, e.IN_DOUBT): s.PREPARED,  # a known state is never overwritten with UNKNOWN
        (s.PREPARED, e.REFUSED): s.PREPARED,  # a repetition was refused, unsigned: a question decides what that means
        (s.PREPARED, e.WAITING): s.PENDING,
        (s.PREPARED, e.FAILED): s.FAILED,
        (s.PENDING, e.PREPARED): s.PENDING,
        (s.PENDING, e.IN_DOUBT): s.PENDING,
        (s.PENDING, e.REFUSED): s.PENDING,
        (s.PENDING, e.WAITING): s.PENDING,
        (s.PENDING, e.FAILED): s.FAILED,
        # An ended attempt may still hear late answers of calls that began before it ended; only money changes it.
        (s.CLOSED, e.PREPARED): s.CLOSED,
        (s.CLOSED, e.IN_DOUBT): s.CLOSED,
        (s.CLOSED, e.REFUSED): s.CLOSED,
        (s.CLOSED, e.WAITING): s.CLOSED,
        (s.CLOSED, e.CLOSED): s.CLOSED,
        (s.CLOSED, e.FAILED): s.CLOSED,
        (s.FAILED, e.PREPARED): s.FAILED,
        (s.FAILED, e.IN_DOUBT): s.FAILED,
        (s.FAILED, e.CLOSED): s.FAILED,
        (s.FAILED, e.FAILED): s.FAILED,
        (s.FAILED, e.REFUSED): s.FAILED,
        (s.FAILED, e.WAITING): s.FAILED,
    }
    for state in s:
        table[state, e.PAID] = s.PAID
    for event in e:
        table[s.PAID, event] = s.PAID
    for state in LIVING:
        table[state, e.CLOSED] = s.CLOSED
    return table


ATTEMPT_STATES: Final[Mapping[tuple[AttemptState, AttemptEvent], AttemptState]] = _attempts()
"""PAID absorbs whatever comes; money is taken in every state (CLOSED -> PAID is the late success)."""

ORDER_STATES: Final[Mapping[tuple[OrderState, OrderEvent], OrderState]] = {
    (OrderState.OPEN, OrderEvent.BOOKED): OrderState.PAID,
    (OrderState.OPEN, OrderEvent.SUSPENDED): OrderState.SUSPENDED,
    (OrderState.OPEN, OrderEvent.ENDED): OrderState.CLOSED,
    (OrderState.OPEN, OrderEvent.FAILED): OrderState.FAILED,
    (OrderState.OPEN, OrderEvent.RETRIED): OrderState.OPEN,
    (OrderState.CLOSED, OrderEvent.BOOKED): OrderState.PAID,
    (OrderState.CLOSED, OrderEvent.SUSPENDED): OrderState.SUSPENDED,
    (OrderState.CLOSED, OrderEvent.ENDED): OrderState.CLOSED,
    (OrderState.CLOSED, OrderEvent.RETRIED): OrderState.OPEN,
    (OrderState.FAILED, OrderEvent.BOOKED): OrderState.PAID,
    (OrderState.FAILED, OrderEvent.SUSPENDED): OrderState.SUSPENDED,
    (OrderState.FAILED, OrderEvent.FAILED): OrderState.FAILED,
    (OrderState.FAILED, OrderEvent.ENDED): OrderState.FAILED,
    (OrderState.FAILED, OrderEvent.RETRIED): OrderState.OPEN,
    (OrderState.SUSPENDED, OrderEvent.BOOKED): OrderState.PAID,
    (OrderState.SUSPENDED, OrderEvent.SUSPENDED): OrderState.SUSPENDED,
    (OrderState.SUSPENDED, OrderEvent.ENDED): OrderState.SUSPENDED,
    (OrderState.SUSPENDED, OrderEvent.FAILED): OrderState.SUSPENDED,
    (OrderState.SUSPENDED, OrderEvent.RELEASED): OrderState.CLOSED,  # staff found that none of the money is its own
    (OrderState.PAID, OrderEvent.BOOKED): OrderState.PAID,
    (OrderState.PAID, OrderEvent.SUSPENDED): OrderState.PAID,
    (OrderState.PAID, OrderEvent.ENDED): OrderState.PAID,
    (OrderState.PAID, OrderEvent.FAILED): OrderState.PAID,
}


def next_attempt_state(state: AttemptState, event: AttemptEvent) -> AttemptState:
    """Where an attempt goes; raises IllegalTransition for what cannot happen."""
    if (state, event) not in ATTEMPT_STATES:
        raise IllegalTransition(thing="attempt", state=state.value, event=event.value)
    return ATTEMPT_STATES[state, event]


def next_order_state(state: OrderState, event: OrderEvent) -> OrderState:
    """Where an order goes; raises IllegalTransition for what cannot happen."""
    if (state, event) not in ORDER_STATES:
        raise IllegalTransition(thing="order", state=state.value, event=event.value)
    return ORDER_STATES[state, event]


@dataclass(frozen=True, slots=True)
class Share:
    """What one payable gets of an amount; `due` None is the prepaid balance."""

    kind: str | None
    due: Due | None
    amount: Money


def spread(amount: Money, dues: Sequence[tuple[str, Due]]) -> list[Share]:
    """Divide an amount over what is due, oldest first; what is left goes to the prepaid balance."""
    shares: list[Share] = []
    left = amount
    for kind, due in sorted(dues, key=lambda each: (each[1].due_date, each[1].payable_id)):
        taken = min(left, due.open)
        if taken.minor > 0:
            shares.append(Share(kind, due, taken))
            left = left - taken
    if left.minor > 0:
        shares.append(Share(None, None, left))
    return shares


class RefundEvent(enum.StrEnum):
    """What may happen to a refund."""

    TAKEN = "taken"
    DONE = "done"
    CLOSED = "closed"
    ABNORMAL = "abnormal"
    REFUSED = "refused"


REFUND_EVENTS: Final[Mapping[RefundStatus, RefundEvent | None]] = {
    RefundStatus.PROCESSING: RefundEvent.TAKEN,
    RefundStatus.DONE: RefundEvent.DONE,
    RefundStatus.CLOSED: RefundEvent.CLOSED,
    RefundStatus.ABNORMAL: RefundEvent.ABNORMAL,
    RefundStatus.MISSING: None,
}


def _refunds() -> dict[tuple[RefundState, RefundEvent], RefundState]:
    s, e = RefundState, RefundEvent
    table = {
        (s.APPROVED, e.TAKEN): s.STARTED,
        (s.APPROVED, e.CLOSED): s.FAILED,
        (s.APPROVED, e.REFUSED): s.FAILED,
        (s.STARTED, e.TAKEN): s.STARTED,
        (s.STARTED, e.CLOSED): s.FAILED,
        (s.STARTED, e.REFUSED): s.STARTED,  # it was taken: only a signed answer ends it
        (s.ABNORMAL, e.TAKEN): s.ABNORMAL,  # an older answer that came late
        (s.ABNORMAL, e.CLOSED): s.FAILED,
        (s.ABNORMAL, e.REFUSED): s.ABNORMAL,
        # What was given up may have been taken all the same: the provider's word brings it back.
        (s.FAILED, e.TAKEN): s.STARTED,
        (s.FAILED, e.CLOSED): s.FAILED,
        (s.FAILED, e.REFUSED): s.FAILED,
        (s.CONTESTED, e.TAKEN): s.CONTESTED,
        (s.CONTESTED, e.CLOSED): s.FAILED,
        (s.CONTESTED, e.REFUSED): s.CONTESTED,
    }
    for state in s:
        table[state, e.DONE] = s.DONE
        table[state, e.ABNORMAL] = s.ABNORMAL
    for event in (e.DONE, e.ABNORMAL):  # only people end what went out twice
        table[s.CONTESTED, event] = s.CONTESTED
    for event in e:
        table[s.DONE, event] = s.DONE
        table[s.LOST, event] = s.LOST
    return table


REFUND_STATES: Final[Mapping[tuple[RefundState, RefundEvent], RefundState]] = _refunds()
"""DONE and LOST absorb whatever comes."""

REFUNDABLE_FOR: Final = timedelta(days=365)
"""Providers send nothing back of older payments."""

DOUBT_ENDS: Final = timedelta(days=1)
"""When an answer was lost, and so much later the provider knows no such refund and refuses it: it never took it."""

ABNORMAL_AGAIN: Final = timedelta(hours=6)
"""Between questions about what people must see to at the provider."""


def next_refund_check(state: RefundState, *, checks: int, now: datetime) -> datetime | None:
    """When to ask about a refund again; None for one that is over."""
    if state in {RefundState.DONE, RefundState.FAILED, RefundState.LOST}:
        return None
    if state in {RefundState.ABNORMAL, RefundState.CONTESTED}:
        return now + ABNORMAL_AGAIN
    return now + ASK_AFTER[min(checks, len(ASK_AFTER) - 1)]


ASK_AFTER: Final = tuple(timedelta(seconds=seconds) for seconds in (15, 30, 60, 180, 300, 600, 1800))
"""Waits between questions about a living attempt; the last repeats. A notification usually comes before the first."""

ASK_AT_MOST_EVERY: Final = timedelta(seconds=3)
"""However often the payer presses."""

ASK_AFTER_END: Final = timedelta(minutes=10)
"""An ended attempt is asked about once more: a payment may have raced with the close."""

KNOWN_WITHIN: Final = timedelta(minutes=10)
"""Asking answers within moments, and waits this long between failures at most: what is unknown later is for staff."""

BACK_OFF: Final = timedelta(seconds=5)
MOST_BACK_OFF: Final = timedelta(minutes=10)
_DOUBLINGS: Final = 8


def next_check(*, checks: int, expires_at: datetime, now: datetime) -> datetime:
    """When to ask about a living attempt again after `checks` answers: by the schedule, but not later than its end."""
    due = now + ASK_AFTER[min(checks, len(ASK_AFTER) - 1)]
    return due if now >= expires_at else min(due, expires_at)


def back_off(*, failures: int, jitter: float, least_s: int | None = None) -> timedelta:
    """How long to wait after `failures` in a row; `jitter` in [0, 1) spreads it over the upper half."""
    wait: timedelta = min(BACK_OFF * 2 ** min(failures, _DOUBLINGS), MOST_BACK_OFF) * (0.5 + jitter / 2)
    return max(wait, timedelta(seconds=least_s or 0))


CIRCUIT_FAILURES: Final = 5
CIRCUIT_WAIT: Final = timedelta(seconds=30)
"""After so many failures in a row nobody calls the provider for so long; then one call tries."""
