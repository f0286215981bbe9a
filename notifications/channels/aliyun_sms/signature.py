"""ACS3-HMAC-SHA256, Aliyun's signature of requests, version 3."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

ALGORITHM: Final = "ACS3-HMAC-SHA256"


def query_string(params: Mapping[str, str]) -> str:
    """Parameters sorted and encoded after RFC 3986: exactly what is signed and sent."""
    return "&".join(f"{_quote(name)}={_quote(value)}" for name, value in sorted(params.items()))


def sign(
    *, key_id: str, secret: str, host: str, action: str, version: str, query: str, nonce: str, now: datetime
) -> dict[str, str]:
    """Headers of one POST to `/` with `query` and no body."""
    body_hash = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": body_hash,
        "x-acs-date": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        ("POST", "/", query, *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names, body_hash)
    )
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(secret.encode(), to_sign.encode(), hashlib.sha256).hex()
    return {**headers, "authorization": f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"}


def _quote(text: str) -> str:
    return quote(text, safe="-_.~")
