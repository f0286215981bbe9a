"""Tokens for programs of the supplier (RFC 6749, section 4.4), by JSON, by OAuth's own form, by the Basic scheme."""

import base64
import binascii
from datetime import datetime
from urllib.parse import unquote_plus

from fastapi import Request

from core import ids
from core.crypto.tokens import LIFETIME, Identity
from core.db import Database
from routers.identity.schemas import ServiceToken
from services.identity import operations
from services.identity.errors import ClientsLimited, ClientWrong
from services.identity.operations import ClientLimited, ClientRefused
from web.caller import address_of
from web.runtime import Runtime
from web.service import SERVICE


def token(
    request: Request, db: Database, runtime: Runtime, client_id: str | None, secret: str | None, *, now: datetime
) -> ServiceToken:
    """Exchange a secret for a token of its client's scopes. A wrong one is counted and committed before it is told."""
    given = _basic(request) if client_id is None and secret is None else (client_id or "", secret or "")
    with db.write() as session:
        result = operations.prove_client(
            session,
            vault=runtime.vault,
            client_id=given[0],
            secret=given[1],
            address=address_of(request),
            now=now,
        )
    match result:
        case ClientRefused():
            raise ClientWrong
        case ClientLimited(retry_after_s):
            raise ClientsLimited(retry_after_s=retry_after_s)
    who = Identity(
        str(result.id), result.secret_id, SERVICE, result.scopes, expires_at=int((now + LIFETIME).timestamp())
    )
    return ServiceToken(
        access_token=runtime.token_keys.issue(who, token_id=ids.uuid7(), now=now),
        token_type="Bearer",  # noqa: S106 -- the name of a scheme
        expires_in=int(LIFETIME.total_seconds()),
        scope=" ".join(sorted(result.scopes)),
    )


def _basic(request: Request) -> tuple[str, str]:
    """Id and secret of the header, where RFC 6749 (2.3.1) has them encoded; what cannot be read is nobody's."""
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    try:
        text = base64.b64decode(coded, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    client_id, _, secret = text.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)
