"""Identifiers: UUIDv7 for what the API names, unguessable short codes for people, versions of what a form showed."""

import hashlib
import json
import secrets
import time
from typing import Final
from uuid import UUID

# Crockford's base 32 without U: no letter that is mistaken for a digit on the telephone.
HUMAN_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def uuid7() -> UUID:
    """A time-ordered identifier (RFC 9562 section 5.7). Never a sequence: order holds to the millisecond only."""
    milliseconds = time.time_ns() // 1_000_000  # an identifier's stamp, not a business time
    value = (
        (milliseconds & (1 << 48) - 1) << 80
        | 0x7 << 76
        | secrets.randbits(12) << 64
        | 0b10 << 62
        | secrets.randbits(62)
    )
    return UUID(int=value)


def human_code(length: int) -> str:
    """A random code of `length` letters and digits, 5 bits each."""
    return "".join(secrets.choice(HUMAN_ALPHABET) for _ in range(length))


def version_of(*shown: object) -> str:
    """A word that is the same for the same values and says nothing of them; whoever sends it back saw these."""
    return hashlib.sha256(json.dumps(shown, default=str).encode()).hexdigest()[:32]
