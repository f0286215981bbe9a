"""ACS3-HMAC-SHA256 from the provider's side: whose request it is, and that it comes now and once."""

import hashlib
import hmac
import re
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, quote

from sandbox.aliyun_sms.requests import Refused
from sandbox.credentials import Platform

WINDOW_S: Final = 900
NEEDED: Final = frozenset(
    {"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"}
)
_AUTHORIZATION: Final = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})"
)


class Nonces:
    """Those of the last half hour; a restart forgets them."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, nonce: str) -> None:
        """Raise Refused when it was taken before."""
        now = time.time()
        with self._lock:
            # In order of coming: the oldest stand first.
            while self._seen and (oldest := next(iter(self._seen))) and self._seen[oldest] < now - 2 * WINDOW_S:
                del self._seen[oldest]
            if nonce in self._seen:
                raise Refused(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
            self._seen[nonce] = now


def check_request(
    platform: Platform, nonces: Nonces, *, method: str, query: str, headers: Mapping[str, str], body: bytes
) -> None:
    """Raise Refused unless the account signed exactly this request within the last quarter of an hour, and only once.

    `headers` have lower-case names.
    """
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if found is None:
        raise Refused(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
    key_id, names, sent = found.groups()
    if key_id != platform.sms_key_id:
        raise Refused(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    signed = names.split(";")
    if not set(signed) >= NEEDED or any(name not in headers for name in signed):
        raise Refused(400, "IncompleteSignature", "Signed headers are missing.")
    if abs(time.time() - _moment(headers["x-acs-date"])) > WINDOW_S:
        raise Refused(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
    expected = signature(
        secret=platform.sms_key_secret,
        method=method,
        query=parse_qsl(query, keep_blank_values=True),
        headers=headers,
        signed=signed,
        body_hash=hashlib.sha256(body).hexdigest(),
    )
    if not hmac.compare_digest(expected, sent):
        raise Refused(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
    nonces.take(headers["x-acs-signature-nonce"])


def signature(
    *,
    secret: str,
    method: str,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    signed: Sequence[str],
    body_hash: str,
) -> str:
    """The signature of a request to `/`. The hash of the body stands in the text twice: as a header and at the end."""
    encoded = "&".join(f"{_encode(name)}={_encode(value)}" for name, value in sorted(query))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(signed))
    canonical = f"{method}\n/\n{encoded}\n{lines}\n{';'.join(sorted(signed))}\n{body_hash}"
    to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    return hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")


def _moment(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        message = "Specified time stamp or date value is not well formatted."
        raise Refused(400, "InvalidTimeStamp.Format", message) from error
