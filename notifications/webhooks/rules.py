"""States of webhooks, what an answer means, how long each wait is, and how a message is signed. Pure."""

import base64
import enum
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
"""Standard Webhooks wants 24 to 64."""

OVERLAP: Final = timedelta(hours=24)
"""How long the earlier secret signs beside the new one."""

OK: Final = range(200, 300)
GONE: Final = 410
MOST_RETRY_AFTER_S: Final = 3_600

WAITS_S: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""After each failure in a row: the schedule of the specification, ten tries within 75 hours and 35 minutes."""


class EndpointState(enum.StrEnum):
    """Where an endpoint stands. A disabled one is sent nothing and collects; a deleted one hears of nothing more."""

    ACTIVE = "active"
    DISABLED = "disabled"
    DELETED = "deleted"


class Why(enum.StrEnum):
    """Who disabled an endpoint: a person, its own answer 410, or three days without an answer of 2xx."""

    STAFF = "staff"
    GONE = "gone"
    FAILING = "failing"


class DeliveryState(enum.StrEnum):
    """Where one delivery stands. What waits first is sent first; what was set aside holds nothing up."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    SET_ASIDE = "set_aside"


def wait_s(failures: int, *, retry_after_s: int | None, jitter: float) -> float | None:
    """Seconds after so many failures in a row until the next try, None when there is none any more.

    `jitter` in 0..1 keeps repetitions apart. What the endpoint asks for counts up to an hour, and never shortens.
    """
    if failures > len(WAITS_S):
        return None
    asked = min(retry_after_s or 0, MOST_RETRY_AFTER_S)
    return max(WAITS_S[failures - 1] * (0.9 + jitter / 5), asked)


def new_secret() -> str:
    """A secret as endpoints are given it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(keys: Sequence[str], *, message_id: str, timestamp: int, body: bytes) -> str:
    """The header's value: one signature for each secret, the present one first."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(
        "v1,"
        + base64.b64encode(
            hmac.digest(base64.b64decode(key.removeprefix(PREFIX), validate=True), signed, hashlib.sha256)
        ).decode()
        for key in keys
    )
