"""When a second person is needed, and how a request ends: pure functions."""

import enum
from datetime import datetime
from typing import Final

from core.money import Money
from services.casework.models import RequestState


class Event(enum.StrEnum):
    """What may happen to a request."""

    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    OVERTAKE = "overtake"


TRANSITIONS: Final = {
    (RequestState.REQUESTED, Event.APPROVE): RequestState.APPROVED,
    (RequestState.REQUESTED, Event.REFUSE): RequestState.REFUSED,
    (RequestState.REQUESTED, Event.WITHDRAW): RequestState.WITHDRAWN,
    (RequestState.REQUESTED, Event.EXPIRE): RequestState.EXPIRED,
    (RequestState.REQUESTED, Event.OVERTAKE): RequestState.OVERTAKEN,
}
"""Everything else is a refusal: what is decided stays decided."""

MOST_REASON: Final = 500


def next_state(state: RequestState, event: Event, *, expires_at: datetime, now: datetime) -> RequestState | None:
    """The state after an event, None when it cannot happen: also when it comes too late."""
    if event not in {Event.EXPIRE, Event.OVERTAKE} and now >= expires_at:
        return None
    return TRANSITIONS.get((state, event))


def shown_state(state: RequestState, *, expires_at: datetime, now: datetime) -> RequestState:
    """The state as it is, whether or not the clock's job has been by."""
    return RequestState.EXPIRED if state is RequestState.REQUESTED and now >= expires_at else state


def needs_second_person(amount: Money | None, *, alone_up_to_minor: int | None) -> bool:
    """Whether one alone may not do it."""
    return alone_up_to_minor is None or amount is None or amount.minor > alone_up_to_minor


def reason(text: str) -> str | None:
    """A reason as it is kept: lines and their ends, nothing unseen; None when there is none, or it is too long."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    kept = "\n".join(line for line in lines if line)
    return kept if 0 < len(kept) <= MOST_REASON else None
