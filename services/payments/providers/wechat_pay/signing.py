"""Signatures of requests, answers and callbacks, and the box that resources come in.

RSA-SHA256 with PKCS#1 v1.5 over lines that each end with a line feed; AES-256-GCM for resources.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from threading import Lock
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from services.payments.ports import ProviderKey

SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
PROBE: Final = "WECHATPAY/SIGNTEST/"
"""The platform sends such signatures to see whether we verify: they must fail."""

WINDOW: Final = timedelta(seconds=300)
PUBLIC_KEY_PREFIX: Final = "PUB_KEY_ID_"
KEY_CHARACTERS: Final = 32
NONCE_BYTES: Final = 12
_LONGEST_SIGNATURE: Final = 1024


class NotProved(Exception):
    """What came is not proved to be the platform's; `reason` is one of a fixed few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Signer:
    """Signs as the merchant."""

    def __init__(self, *, mchid: str, serial: str, private_key_pem: str) -> None:
        self._key = _private_key(private_key_pem)
        self._mchid = mchid
        self._serial = serial

    def sign(self, *lines: str) -> str:
        """The signature of these lines, in base64."""
        return base64.b64encode(
            self._key.sign(_joined(*(line.encode() for line in lines)), PKCS1v15(), SHA256())
        ).decode()

    def authorization(self, *, method: str, target: str, body: bytes, timestamp: int, nonce: str) -> str:
        """The Authorization header of one request: `target` is path and query as sent, `body` the very bytes."""
        signature = self.sign(method, target, str(timestamp), nonce, body.decode())
        return (
            f'{SCHEME} mchid="{self._mchid}",nonce_str="{nonce}",signature="{signature}",'
            f'timestamp="{timestamp}",serial_no="{self._serial}"'
        )


class Verifier:
    """Knows the platform's keys: public keys by id, certificates by serial. Old and new stay valid side by side."""

    def __init__(self, *, public_keys: Mapping[str, str], certificates: Sequence[str]) -> None:
        self._lock = Lock()
        self._keys: dict[str, tuple[RSAPublicKey, datetime | None]] = {
            key_id: (_public_key(pem), None) for key_id, pem in public_keys.items()
        }
        self.preferred = next(iter(public_keys), None)
        """The id that requests name so that answers are signed with it; None in certificate mode."""
        self.trust([read_certificate(pem) for pem in certificates])

    def trust(self, certificates: Sequence[ProviderKey]) -> None:
        """Believe these certificates from now on, each until it ends."""
        with self._lock:
            known = dict(self._keys)
            for each in certificates:
                if each.serial not in known:
                    known[each.serial] = (
                        _certificate_key(x509.load_pem_x509_certificate(each.pem.encode())),
                        each.valid_to,
                    )
            self._keys = known

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """Return when the platform signed exactly this within five minutes of `now`; else raise NotProved.

        `headers` have lower-case names. Calls nobody: an unknown serial is refused.
        """
        timestamp, nonce, signature, serial = (
            headers.get(f"wechatpay-{name}", "") for name in ("timestamp", "nonce", "signature", "serial")
        )
        if (
            not (timestamp and nonce and signature and serial)
            or headers.get("wechatpay-signature-type", SCHEME) != SCHEME
        ):
            raise NotProved("headers_missing")
        if signature.startswith(PROBE):
            raise NotProved("signature_probe")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= len("9999999999")):
            raise NotProved("stale")
        if abs(now.timestamp() - int(timestamp)) >= WINDOW.total_seconds():
            raise NotProved("stale")
        key, valid_to = self._keys.get(normal_serial(serial), (None, None))
        if key is None or (valid_to is not None and valid_to <= now):
            raise NotProved("unknown_serial")
        try:
            raw = base64.b64decode(signature[:_LONGEST_SIGNATURE], validate=True)
            key.verify(raw, _joined(timestamp.encode(), nonce.encode(), body), PKCS1v15(), SHA256())
        except (ValueError, InvalidSignature) as error:  # letters beyond ASCII are a ValueError of no class of its own
            raise NotProved("signature_wrong") from error


class Box:
    """Opens resources with the API v3 keys: the present one first, then those it replaces."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or any(len(key.encode()) != KEY_CHARACTERS for key in keys):
            raise ValueError("an API v3 key has exactly 32 characters")
        self._boxes = [AESGCM(key.encode()) for key in keys]

    def open(self, *, ciphertext: str, nonce: str, associated_data: str) -> bytes:
        """The plain text; raises NotProved when no key opens it."""
        try:
            sealed = base64.b64decode(ciphertext, validate=True)
        except ValueError as error:  # as above
            raise NotProved("resource_sealed") from error
        if len(nonce.encode()) != NONCE_BYTES:
            raise NotProved("resource_sealed")
        for box in self._boxes:
            try:
                return box.decrypt(nonce.encode(), sealed, associated_data.encode())
            except InvalidTag:
                continue
        raise NotProved("resource_sealed")


def normal_serial(serial: str) -> str:
    """A key id as it is, a certificate's serial in upper case without leading zeros."""
    return serial if serial.startswith(PUBLIC_KEY_PREFIX) else serial.upper().lstrip("0")


def read_certificate(pem: str) -> ProviderKey:
    """A platform certificate from its PEM."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    _certificate_key(certificate)
    return ProviderKey(
        serial=f"{certificate.serial_number:X}",
        pem=pem,
        valid_from=certificate.not_valid_before_utc,
        valid_to=certificate.not_valid_after_utc,
    )


def _certificate_key(certificate: x509.Certificate) -> RSAPublicKey:
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise TypeError("a platform certificate is not RSA")
    return key


@lru_cache(maxsize=16)
def _private_key(pem: str) -> RSAPrivateKey:
    """Kept, since reading one proves its primes, which takes as long as many signatures."""
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the merchant's private key is not RSA")
    return key


def _public_key(pem: str) -> RSAPublicKey:
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise TypeError("the platform's public key is not RSA")
    return key


def _joined(*lines: bytes) -> bytes:
    return b"".join(line + b"\n" for line in lines)
