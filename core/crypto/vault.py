"""Personal data at rest: AES-256-GCM under a subkey per owner, and keyed hashes to search by.

A sealed value is `version (1) | length of key id (1) | key id | nonce (12) | ciphertext and tag`. The subkey is HKDF-
SHA256 (RFC 5869) of the data key with the owner as info, so that a value moved to another owner, table or column does
not open.
"""

import hashlib
import hmac
import secrets
import unicodedata
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION: Final = 1
NONCE_BYTES: Final = 12
BLIND_BYTES: Final = 16


class CannotOpen(Exception):
    """No key of the ring opens this value in this place. Says no more: the value is a secret, and so is its owner."""


class Vault:
    """The keys of one deployment. `data_keys` maps key ids to 32 bytes; the first seals, all open."""

    def __init__(self, *, data_keys: dict[str, bytes], master_key: bytes) -> None:
        self._data_keys = data_keys
        self._current = next(iter(data_keys))
        self._master_key = master_key
        self._subkey = lru_cache(maxsize=4096)(self._derive_data_subkey)
        self._purpose_key = lru_cache(maxsize=64)(self._derive_purpose_key)

    @property
    def key_id(self) -> str:
        """Which key seals."""
        return self._current

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ring, the sealing key first."""
        return tuple(self._data_keys)

    @property
    def head(self) -> bytes:
        """How every value begins that the present key seals."""
        key_id = self._current.encode()
        return bytes((VERSION, len(key_id))) + key_id

    def seal(self, *, table: str, column: str, owner: str, text: str) -> bytes:
        """Encrypt `text` for one cell of one owner."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        box = AESGCM(self._subkey(self._current, owner)).encrypt(nonce, text.encode(), _bound_to(table, column, owner))
        return self.head + nonce + box

    def open(self, *, table: str, column: str, owner: str, sealed: bytes) -> str:
        """Decrypt a cell; raises CannotOpen when it was sealed elsewhere, or by a key that is not in the ring."""
        try:
            end = 2 + sealed[1]
            key_id, nonce, box = sealed[2:end].decode(), sealed[end : end + NONCE_BYTES], sealed[end + NONCE_BYTES :]
            return AESGCM(self._subkey(key_id, owner)).decrypt(nonce, box, _bound_to(table, column, owner)).decode()
        except (InvalidTag, KeyError, IndexError, ValueError) as error:  # the last two: no sealed value at all
            raise CannotOpen from error

    def blind(self, kind: str, value: str) -> bytes:
        """A keyed hash (16 bytes) that finds equal values without showing them."""
        normal = unicodedata.normalize("NFKC", value)
        return hmac.digest(self.subkey("blind"), f"{len(kind)}|{kind}|{normal}".encode(), hashlib.sha256)[:BLIND_BYTES]

    def subkey(self, purpose: str) -> bytes:
        """32 bytes derived from the master key for one purpose (form tokens, cursors, code hashes)."""
        return self._purpose_key(purpose)

    def _derive_purpose_key(self, purpose: str) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"wattline|{purpose}".encode()).derive(
            self._master_key
        )

    def _derive_data_subkey(self, key_id: str, owner: str) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=owner.encode()).derive(self._data_keys[key_id])


def _bound_to(table: str, column: str, owner: str) -> bytes:
    return f"{table}|{column}|{owner}".encode()


def mask_phone(phone: str) -> str:
    """An E.164 number with its middle hidden: `+86138****8000`."""
    return f"{phone[:-8]}****{phone[-4:]}" if len(phone) > len("+") + 9 else f"{phone[:2]}****{phone[-2:]}"


def mask_email(address: str) -> str:
    """An address of which the first character and the domain are shown (`z***@example.com`)."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"


def mask_name(name: str) -> str:
    """A name of which the last character alone is shown (`**三`), as notices in public places do."""
    return f"{'*' * min(len(name) - 1, 3)}{name[-1:]}"
