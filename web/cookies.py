"""Portal sessions: a cookie that names a server-side session, and form tokens bound to it.

`__Host-` cookies need https; on plain http (development) the name has no prefix. A form needs its token AND must come
from this site (Sec-Fetch-Site, else Origin): `HX-Request` proves nothing.
"""

import hashlib
import hmac
import secrets
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import Response

from core.config import Settings
from core.crypto.vault import Vault
from web.problems.common import CrossSite

SESSION_SECONDS: Final = 30 * 24 * 3600
STAFF_PATH: Final = "/staff"
"""Where cookies of staff are sent, and no customer's page sees them."""


def session_name(settings: Settings) -> str:
    """Name of the session cookie."""
    return "__Host-session" if settings.is_secure else "session"


def visitor_name(settings: Settings) -> str:
    """Name of the cookie that binds form tokens of people who are not signed in."""
    return "__Host-visitor" if settings.is_secure else "visitor"


def staff_session_name(settings: Settings) -> str:
    """Name of the session cookie of staff. `__Host-` would send it to every page: its path is STAFF_PATH."""
    return "__Secure-staff" if settings.is_secure else "staff"


def staff_visitor_name(settings: Settings) -> str:
    """Name of the cookie that binds form tokens of staff who are not signed in."""
    return "__Secure-staff-visitor" if settings.is_secure else "staff-visitor"


def new_value() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def put(
    response: Response,
    settings: Settings,
    name: str,
    value: str,
    *,
    max_age_s: int | None = SESSION_SECONDS,
    path: str = "/",
) -> None:
    """Set a cookie that scripts cannot read and other sites cannot send with a form."""
    response.set_cookie(
        name, value, max_age=max_age_s, path=path, secure=settings.is_secure, httponly=True, samesite="lax"
    )


def drop(response: Response, settings: Settings, name: str, *, path: str = "/") -> None:
    """Forget a cookie."""
    response.delete_cookie(name, path=path, secure=settings.is_secure, httponly=True, samesite="lax")


def form_token(vault: Vault, bound_to: str) -> str:
    """The token that a form of this session (or visitor) must carry."""
    return hmac.new(vault.subkey("forms"), bound_to.encode(), hashlib.sha256).hexdigest()


def check_form(request: Request, settings: Settings, vault: Vault, *, bound_to: str | None, sent: str) -> None:
    """Raise CrossSite unless the form is ours: right token, same site. Without a cookie there is no right token."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    is_same_site = (
        site in {"same-origin", "none"} if site is not None else origin is None or _same(origin, settings.public_url)
    )
    is_allowed_origin = origin in {None, "null"} or _same(origin or "", settings.public_url) or site == "same-origin"
    is_right_token = bool(bound_to) and hmac.compare_digest(
        sent.encode("utf-8", "surrogatepass"), form_token(vault, bound_to or "").encode()
    )
    if not (is_same_site and is_allowed_origin and is_right_token):
        raise CrossSite


def _same(origin: str, public_url: str) -> bool:
    return urlsplit(origin)[:2] == urlsplit(public_url)[:2]
