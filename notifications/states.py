"""The life of a message as a table, and how long each wait is. Pure."""

import enum
from dataclasses import dataclass
from typing import Final


class Channel(enum.StrEnum):
    """How a recipient is reached."""

    SMS = "sms"
    INBOX = "inbox"


class Priority(enum.IntEnum):
    """Which of two due messages goes first: the lower number."""

    PROMPT = 0
    """Somebody waits for it: a receipt, a notice about the safety of an account."""
    BULK = 1
    """Told to many at once, such as the bills of one run: a day more or less changes nothing."""


class State(enum.StrEnum):
    """Where a message stands."""

    PENDING = "pending"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    DEAD = "dead"


class Source(enum.StrEnum):
    """How we came to know something about an attempt."""

    ANSWER = "answer"
    QUERY = "query"
    RECEIPT = "receipt"
    LEASE = "lease"


class Finding(enum.StrEnum):
    """What was learned about an attempt, whatever the provider calls it."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    RETRY = "retry"
    THROTTLE = "throttle"
    AUTH = "auth"
    REJECT = "reject"
    UNKNOWN = "unknown"
    NOT_FOUND = "not_found"


# Facts about the telephone outrank facts about our call: a late "accepted" never overwrites "delivered".
RANK: Final = {
    State.PENDING: 0,
    State.SENDING: 0,
    State.UNKNOWN: 0,
    State.SUPPRESSED: 1,
    State.DEAD: 1,
    State.ACCEPTED: 2,
    State.EXPIRED: 3,
    State.UNDELIVERED: 4,
    State.DELIVERED: 5,
}

NEXT: Final[dict[tuple[State, Finding], State]] = {
    # What our own call said, while its lease holds.
    (State.SENDING, Finding.RETRY): State.PENDING,
    (State.SENDING, Finding.THROTTLE): State.PENDING,
    (State.SENDING, Finding.AUTH): State.PENDING,
    (State.SENDING, Finding.REJECT): State.DEAD,
    (State.SENDING, Finding.UNKNOWN): State.UNKNOWN,
    # What a query said about a lost answer, once the grace period is over.
    (State.UNKNOWN, Finding.NOT_FOUND): State.PENDING,
}
_FACTS: Final = {
    Finding.ACCEPTED: State.ACCEPTED,
    Finding.DELIVERED: State.DELIVERED,
    Finding.FAILED: State.UNDELIVERED,
}


def next_state(state: State, finding: Finding) -> State:
    """Where a finding leads.

    What the provider states as a fact moves a message up in rank only; all else follows the table.
    """
    fact = _FACTS.get(finding)
    if fact is not None:
        return fact if RANK[fact] > RANK[state] else state
    return NEXT.get((state, finding), state)


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds.

    The order call < task's soft limit (40) < hard limit (50) < lease < broker's visibility timeout (300) keeps one
    sender per message.
    """

    lease_s: int = 60
    call_s: int = 25
    grace_s: int = 60
    ask_again_s: int = 15
    throttle_s: int = 65
    auth_s: int = 300
    receipt_s: int = 72 * 3600
    backoff_s: int = 2
    backoff_cap_s: int = 900


def wait_s(waits: Waits, finding: Finding, *, attempt_no: int, jitter: float) -> float:
    """Seconds until the next look; `jitter` in 0..1 keeps repetitions apart."""
    match finding:
        case Finding.RETRY:
            return min(waits.backoff_cap_s, waits.backoff_s << min(attempt_no, 16)) * jitter
        case Finding.THROTTLE:
            return min(waits.backoff_cap_s, waits.throttle_s << min(attempt_no - 1, 16)) * (0.75 + jitter / 2)
        case Finding.AUTH:
            return waits.auth_s * (0.5 + jitter / 2)
        case _:
            return 0.0
