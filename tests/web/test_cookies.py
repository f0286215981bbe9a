"""A form counts only with its session's token and from this site."""

import pytest
from fastapi import Request

from core.config import Settings
from core.crypto.vault import Vault
from web import cookies
from web.problems.common import CrossSite

SESSION = "s" * 43


def form_from(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": raw})


def check(settings: Settings, vault: Vault, request: Request, *, token_of: str = SESSION) -> None:
    cookies.check_form(request, settings, vault, bound_to=SESSION, sent=cookies.form_token(vault, token_of))


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin", "origin": "http://testserver"},
        {"sec_fetch_site": "same-origin"},
        {"origin": "http://testserver"},
        {},
    ],
)
def test_our_own_form_passes(settings: Settings, vault: Vault, headers: dict[str, str]) -> None:
    check(settings, vault, form_from(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "https://testserver.evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site", "hx_request": "true"},
    ],
)
def test_a_form_from_elsewhere_is_refused_even_with_the_token(
    settings: Settings, vault: Vault, headers: dict[str, str]
) -> None:
    with pytest.raises(CrossSite):
        check(settings, vault, form_from(**headers))


def test_a_form_without_this_sessions_token_is_refused(settings: Settings, vault: Vault) -> None:
    with pytest.raises(CrossSite):
        check(settings, vault, form_from(sec_fetch_site="same-origin"), token_of="t" * 43)
    with pytest.raises(CrossSite):
        cookies.check_form(form_from(sec_fetch_site="same-origin"), settings, vault, bound_to=SESSION, sent="")
