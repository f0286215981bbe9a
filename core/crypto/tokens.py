"""Access tokens: ES256 JWTs in the shape of RFC 9068, by python-jose, which nothing else may import.

The library accepts more than a token should be (no `exp`, no `aud`, unknown `crit`) and can be crashed by hostile
headers, so everything is bounded and compared before it parses, and its claims pass a strict model after it.
"""

import base64
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Final, Literal
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jose import jwk, jws
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

LIFETIME: Final = timedelta(minutes=15)
MAX_BYTES: Final = 2048
CACHE_SIZE: Final = 50_000
_PEM_END: Final = "-----END PRIVATE KEY-----"
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class InvalidToken(Exception):
    """The token is not ours, not valid now, or not for this audience. Says no more on purpose."""


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    iss: Text
    aud: Text
    sub: Text
    sid: Text
    kind: Literal["user", "staff", "service"]
    scope: str = Field(max_length=1000)
    jti: Text
    iat: int = Field(ge=0, lt=2**40)
    exp: int = Field(ge=0, lt=2**40)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a verified token says: who, in which session, until when (Unix seconds)."""

    subject: str
    session_id: UUID
    kind: Literal["user", "staff", "service"]
    scopes: frozenset[str]
    expires_at: int


class TokenKeys:
    """Signs with the first key, verifies with all; remembers a verified token's digest, never past its expiry."""

    def __init__(self, pem: str, *, issuer: str, audience: str) -> None:
        keys = [_load(part + _PEM_END) for part in pem.split(_PEM_END) if part.strip()]
        self._issuer, self._audience = issuer, audience
        self._signer = jwk.construct(_private_pem(keys[0]), algorithm="ES256")
        self._header = {"alg": "ES256", "kid": _thumbprint(keys[0]), "typ": "at+jwt"}
        self._verifiers = {_thumbprint(key): jwk.construct(_public_pem(key), algorithm="ES256") for key in keys}
        # jose sorts a header's names, so each key has exactly one header text: anything else is refused before it is
        # parsed.
        self._header_texts = {_header_text(kid): kid for kid in self._verifiers}
        self._verified: OrderedDict[bytes, Identity] = OrderedDict()
        self._lock = threading.Lock()

    def issue(self, identity: Identity, *, token_id: UUID, now: datetime) -> str:
        """Sign a token for `identity`; its `expires_at` is what the caller set, at most LIFETIME from `now`."""
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": identity.subject,
            "sid": str(identity.session_id),
            "kind": identity.kind,
            "scope": " ".join(sorted(identity.scopes)),
            "jti": str(token_id),
            "iat": int(now.timestamp()),
            "exp": min(identity.expires_at, int((now + LIFETIME).timestamp())),
        }
        return str(jws.sign(claims, self._signer, headers=self._header, algorithm="ES256"))

    def verify(self, token: str, *, now: datetime) -> Identity:
        """The token's identity; raises InvalidToken.

        Revocation is asked of the database with the access check, not here.
        """
        seconds = int(now.timestamp())
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._verified.get(digest)
        if known is None:
            known = self._verify_anew(token, seconds)
            with self._lock:
                self._verified[digest] = known
                if len(self._verified) > CACHE_SIZE:
                    self._verified.popitem(last=False)
        if known.expires_at <= seconds:
            raise InvalidToken
        return known

    def _verify_anew(self, token: str, seconds: int) -> Identity:
        kid = self._header_texts.get(token.partition(".")[0])
        if len(token) > MAX_BYTES or kid is None or not token.isascii():
            raise InvalidToken
        try:
            claims = _Claims.model_validate_json(jws.verify(token, self._verifiers[kid], algorithms=["ES256"]))
            session_id = UUID(claims.sid)
        except (Exception, RecursionError) as error:  # jose raises whatever its parsers raise: each is a refusal
            raise InvalidToken from error
        is_ours = claims.iss == self._issuer and claims.aud == self._audience
        if (
            not is_ours
            or claims.exp <= seconds
            or claims.iat > seconds + 60
            or claims.exp - claims.iat > LIFETIME.total_seconds()
        ):
            raise InvalidToken
        return Identity(claims.sub, session_id, claims.kind, frozenset(claims.scope.split()), claims.exp)


def _load(pem: str) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem.strip().encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        msg = "WATTLINE_TOKEN_KEYS must hold P-256 private keys"
        raise ValueError(msg)  # noqa: TRY004 -- a wrong setting, not a wrong call
    return key


def _private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _thumbprint(key: ec.EllipticCurvePrivateKey) -> str:
    return sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:16]


def _header_text(kid: str) -> str:
    header = json.dumps({"alg": "ES256", "kid": kid, "typ": "at+jwt"}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(header.encode()).decode().rstrip("=")
