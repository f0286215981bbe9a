"""What one deployment's messages are made with; `app.wiring` fills the slot."""

from dataclasses import dataclass, field
from typing import Final

from core.config import Settings
from core.crypto.vault import Vault
from core.registry import Slot
from notifications.ports import SmsChannel
from notifications.states import Waits


@dataclass(frozen=True)
class Setup:
    """`sms` is None where the supplier sends no text messages: the inbox then is the only channel."""

    settings: Settings
    vault: Vault
    sms: SmsChannel | None
    waits: Waits = field(default_factory=Waits)

    @property
    def has_sms(self) -> bool:
        """Whether text messages are sent at all: pages promise none where they are not."""
        return self.sms is not None

    def locale(self, wanted: str | None) -> str:
        """The offered language that is nearest to `wanted`, else the supplier's first."""
        offered = self.settings.locales
        if wanted in offered:
            return str(wanted)
        language = (wanted or "").partition("-")[0]
        return next((locale for locale in offered if locale.partition("-")[0] == language), offered[0])


SETUP: Final = Slot[Setup]("notifications.setup")
