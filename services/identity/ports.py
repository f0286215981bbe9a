"""What identity needs from outside."""

import enum
from typing import Protocol

from core.registry import Slot


class Purpose(enum.StrEnum):
    """What a one-time code is good for."""

    SIGN_IN = "sign_in"


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
