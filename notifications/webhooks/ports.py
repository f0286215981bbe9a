"""What webhooks need of the network, in its stead."""

import enum
from dataclasses import dataclass
from typing import Final, Protocol

from core.errors import Refusal
from core.registry import Slot


class Trouble(enum.StrEnum):
    """Why a call brought no status."""

    REFUSED = "refused"
    """The target may not be called: what it leads to changed, or the settings did."""
    UNRESOLVED = "unresolved"
    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    NO_ANSWER = "no_answer"


class TargetRefused(Refusal):
    """Nothing is sent to such an address. Which rule it breaks is not told: the answer must be no map of a network."""

    code = "webhook_target_refused"


class TargetUnresolved(Refusal):
    """The host has no address now."""

    code = "webhook_target_unresolved"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call: a status, or why there is none."""

    status: int | None
    trouble: Trouble | None = None
    retry_after_s: int | None = None


class WebhookCaller(Protocol):
    """Calls endpoints, and judges whether an address may be one."""

    def check_target(self, url: str) -> None:
        """Raise TargetRefused or TargetUnresolved for what may not, or cannot, be called now."""
        ...

    def call_endpoint(self, url: str, *, headers: dict[str, str], content: bytes) -> Outcome:
        """Judge the target anew and post to it. Never raises for what the network or the endpoint does."""
        ...


CALLER: Final = Slot[WebhookCaller]("notifications.webhooks")
