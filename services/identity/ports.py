"""What identity needs from outside, and the words that it shares with whoever asks it."""

import enum
from collections.abc import Mapping
from typing import Final, Protocol

from core.registry import Slot


class Purpose(enum.StrEnum):
    """What a one-time code is good for."""

    SIGN_IN = "sign_in"


class ConsentPurpose(enum.StrEnum):
    """Uses of a person's data that need their consent. What contract or law demand needs none."""

    MARKETING = "marketing"
    ANALYSIS = "analysis"


class ConsentDecision(enum.StrEnum):
    """What a person decided."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class Edge(enum.StrEnum):
    """Where a person decided."""

    API = "api"
    PORTAL = "portal"


CONSENT_TEXTS: Final[Mapping[ConsentPurpose, int]] = {ConsentPurpose.MARKETING: 1, ConsentPurpose.ANALYSIS: 1}
"""The version of each purpose's text that is valid now. A new version of a text asks everybody anew."""


class Sending(enum.StrEnum):
    """What the provider said of a message."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class SmsSender(Protocol):
    """Brings one-time codes to telephones."""

    def send_code(self, *, phone: str, code: str, locale: str, reference: str) -> Sending:
        """Ask the provider to send `code` to an E.164 number, within a bounded time: a person is waiting.

        ACCEPTED and REFUSED are the provider's word; UNKNOWN is everything else: no answer, a broken one, a timeout.
        Never raises for what the provider does, and never repeats a send whose answer was lost. `reference` names the
        message towards the provider.
        """
        ...


SMS_SENDER: Slot[SmsSender] = Slot("identity.sms_sender")
