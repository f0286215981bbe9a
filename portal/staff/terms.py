"""What somebody of the staff looks for, as an address may show it: sealed, for their session alone and for a while.

A name or a telephone in an address is kept by browsers, proxies and logs. So a form is sent, and leads to an address
that can be reloaded, gone back to and turned over page by page, and tells nothing. Nothing of it is kept here.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from core.crypto.vault import CannotOpen, Vault

LIFE: Final = timedelta(hours=2)
LONGEST: Final = 200
"""Characters of a text that is looked for."""
LONGEST_SEALED: Final = 4_000
ID: Final = re.compile(r"[a-z_]+:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|account:[0-9]{1,18}")
"""What tells nothing of a person: the id of a thing, as the audit log has it."""
BLOCK: Final = 64
"""Of so many characters is what gets sealed a multiple: the length of an address tells no name."""


def seal(vault: Vault, session_id: UUID, text: str, *, now: datetime) -> str:
    """A text for an address of this session; nothing for nothing."""
    if not text:
        return ""
    plain = json.dumps([int((now + LIFE).timestamp()), text])
    padded = plain.ljust(-(-len(plain) // BLOCK) * BLOCK)
    sealed = vault.seal(table="staff_session", column="term", owner=_owner(session_id), text=padded)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def unseal(vault: Vault, session_id: UUID, sealed: str, *, now: datetime) -> str | None:
    """The text of an address; None when it is over, was made for another session, or was never made here."""
    if not sealed:
        return ""
    try:
        raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        plain = vault.open(table="staff_session", column="term", owner=_owner(session_id), sealed=raw)
    except (binascii.Error, ValueError, CannotOpen):
        return None
    until, text = json.loads(plain)
    return str(text) if now.timestamp() < until else None


@dataclass(frozen=True)
class Seals:
    """How the addresses of one session show what is typed."""

    vault: Vault
    session_id: UUID
    now: datetime

    def shown(self, text: str, plain: re.Pattern[str] = ID) -> str:
        """A text as an address shows it: sealed, unless it is one that may stand there as it is."""
        return text if plain.fullmatch(text) else seal(self.vault, self.session_id, text, now=self.now)

    def read(self, shown: str, plain: re.Pattern[str] = ID) -> str | None:
        """The text that an address shows; None for what `unseal` does not open."""
        return shown if plain.fullmatch(shown) else unseal(self.vault, self.session_id, shown, now=self.now)


def _owner(session_id: UUID) -> str:
    return f"staff_session:{session_id}"
