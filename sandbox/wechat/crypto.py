"""Signatures and encryption of messages, from the platform's side."""

import base64
import hashlib
import secrets
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

BLOCK: Final = 32
"""Of the padding: twice that of the cipher."""

RANDOM, LENGTH = 16, 4


def signature(*parts: str) -> str:
    """SHA-1 over the parts in their own order."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def encrypt(aes_key: str, appid: str, text: str) -> str:
    """The box of a message: sixteen random bytes, the length, the text, the application."""
    raw = text.encode()
    plain = secrets.token_bytes(RANDOM) + len(raw).to_bytes(LENGTH, "big") + raw + appid.encode()
    padding = BLOCK - len(plain) % BLOCK
    encryptor = _cipher(aes_key).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()).decode()


def decrypt(aes_key: str, appid: str, box: str) -> str:
    """The text of a box; raises ValueError for one of another key or application."""
    decryptor = _cipher(aes_key).decryptor()
    plain = decryptor.update(base64.b64decode(box, validate=True)) + decryptor.finalize()
    padding = plain[-1]
    if not 1 <= padding <= BLOCK or plain[-padding:] != bytes([padding]) * padding:
        raise ValueError("padding")
    start = RANDOM + LENGTH
    end = start + int.from_bytes(plain[RANDOM:start], "big")
    if plain[end:-padding] != appid.encode():
        raise ValueError("appid")
    return plain[start:end].decode()


def _cipher(aes_key: str) -> Cipher[CBC]:
    key = base64.b64decode(aes_key + "=")
    return Cipher(AES(key), CBC(key[:16]))
