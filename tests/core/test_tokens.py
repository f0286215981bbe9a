"""Access tokens: what python-jose would accept and we must not."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jose import jws
from jose.backends import ECKey
from jose.backends.cryptography_backend import CryptographyECKey

from core.crypto.tokens import CACHE_SIZE, LIFETIME, MAX_BYTES, Identity, InvalidToken, TokenKeys
from core.ids import uuid7

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
SESSION = UUID("0197a3c2-6f1e-7c55-9a53-0a4b1f5b7c11")
PERSON = Identity("0197a3c2-6f1e-7c55-9a53-0a4b1f5b7c12", SESSION, "user", frozenset({"pay"}), 2**39)


def pem() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


PEM = pem()
SECONDS = int(NOW.timestamp())
CLAIMS: dict[str, Any] = {
    "iss": "https://a.example",
    "aud": "https://a.example",
    "sub": PERSON.subject,
    "sid": str(SESSION),
    "kind": "user",
    "scope": "",
    "jti": "1",
    "iat": SECONDS,
    "exp": SECONDS + 900,
}


@pytest.fixture
def keys() -> TokenKeys:
    return TokenKeys(PEM, issuer="https://a.example", audience="https://a.example")


def header(keys: TokenKeys, **changes: object) -> dict[str, object]:
    return {**keys._header, **changes}


def signed(
    keys: TokenKeys, claims: bytes | Mapping[str, Any], head: dict[str, object] | None = None, key: str = PEM
) -> str:
    """A token made by the library with any claims and header, signed with our own key unless said."""
    return str(jws.sign(claims, key, headers=head or header(keys), algorithm="ES256"))


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def refused(keys: TokenKeys, token: str, now: datetime = NOW) -> None:
    with pytest.raises(InvalidToken):
        keys.verify(token, now=now)


def test_an_issued_token_says_who_and_for_how_long(keys: TokenKeys) -> None:
    token = keys.issue(PERSON, token_id=uuid7(), now=NOW)
    found = keys.verify(token, now=NOW)
    assert (found.subject, found.session_id, found.kind, found.scopes) == (
        PERSON.subject,
        SESSION,
        "user",
        frozenset({"pay"}),
    )
    assert found.expires_at == SECONDS + LIFETIME.total_seconds()


def test_the_tests_own_forge_makes_valid_tokens_when_nothing_is_forged(keys: TokenKeys) -> None:
    assert keys.verify(signed(keys, CLAIMS), now=NOW).subject == PERSON.subject


@pytest.mark.parametrize("seen_before", [False, True])
def test_a_token_ends_with_its_time_remembered_or_not(keys: TokenKeys, seen_before: bool) -> None:
    token = keys.issue(PERSON, token_id=uuid7(), now=NOW)
    if seen_before:
        keys.verify(token, now=NOW)
    keys.verify(token, now=NOW + LIFETIME - timedelta(seconds=1))
    refused(keys, token, NOW + LIFETIME)


@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_no_claim_may_be_missing(keys: TokenKeys, claim: str) -> None:
    refused(keys, signed(keys, {name: value for name, value in CLAIMS.items() if name != claim}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": str(SECONDS + 900)},
        {"exp": SECONDS + 900.5},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": True},
        {"exp": None},
        {"exp": SECONDS},
        {"exp": SECONDS + 901},
        {"exp": 2**70},
        {"iat": SECONDS + 61},
        {"iat": -1},
        {"iat": "now"},
        {"iss": "https://b.example"},
        {"aud": "https://b.example"},
        {"aud": ["https://a.example"]},
        {"sid": "not-a-uuid"},
        {"kind": "root"},
        {"sub": ""},
        {"sub": 1},
        {"scope": "x" * 1001},
        {"nbf": SECONDS + 100},
        {"admin": True},
    ],
    ids=str,
)
def test_no_claim_may_be_of_another_kind_or_value(keys: TokenKeys, wrong: dict[str, object]) -> None:
    refused(keys, signed(keys, {**CLAIMS, **wrong}))


@pytest.mark.parametrize("claims", [[], "text", 1, None], ids=str)
def test_claims_must_be_an_object(keys: TokenKeys, claims: object) -> None:
    refused(keys, signed(keys, json.dumps(claims).encode()))


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "JWT"},
        {"kid": "other"},
        {"kid": "../../etc/passwd"},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["unheard-of"]},
        {"jku": "https://evil.example/keys"},
        {"zip": "DEF"},
        {"b64": False},
        {"cty": "JWT"},
    ],
    ids=str,
)
def test_only_our_own_header_is_read(keys: TokenKeys, changes: dict[str, object]) -> None:
    refused(keys, signed(keys, CLAIMS, header(keys, **changes)))


def test_a_key_in_the_header_is_not_believed(keys: TokenKeys) -> None:
    stranger = pem()
    public = ECKey(stranger, "ES256").public_key().to_dict()
    public = {name: value.decode() if isinstance(value, bytes) else value for name, value in public.items()}
    refused(keys, signed(keys, CLAIMS, header(keys, jwk=public), stranger))
    refused(keys, signed(keys, CLAIMS, header(keys), stranger))


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "ES384", "RS256"])
def test_another_algorithm_is_refused(keys: TokenKeys, algorithm: str) -> None:
    token = signed(keys, CLAIMS)
    _, payload, signature = token.split(".")
    refused(keys, f"{encoded(header(keys, alg=algorithm))}.{payload}.{signature}")
    refused(keys, f"{encoded(header(keys, alg=algorithm))}.{payload}.")


@pytest.mark.parametrize(
    "encoding", [(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)]
)
def test_our_public_key_is_no_shared_secret(keys: TokenKeys, encoding: tuple[Encoding, PublicFormat]) -> None:
    import hashlib
    import hmac

    public = load_pem_private_key(PEM.encode(), None).public_key().public_bytes(*encoding)
    for head in (header(keys), header(keys, alg="HS256")):
        signing_input = f"{encoded(head)}.{encoded(CLAIMS)}"
        signature = hmac.digest(public, signing_input.encode(), hashlib.sha256)
        refused(keys, f"{signing_input}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}")


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "a.b.c.d.e",
        "\x00",
        "é.b.c",
        "\ud800.b.c",
        "x" * (MAX_BYTES + 1),
        encoded(json.loads("[" * 200 + "]" * 200)) + ".e30.e30",
    ],
    ids=range(10),
)
def test_what_is_no_token_is_refused_without_a_crash(keys: TokenKeys, token: str) -> None:
    refused(keys, token)


def test_a_header_nested_a_thousand_deep_is_not_parsed(keys: TokenKeys) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 700 + b"]" * 700).decode().rstrip("=")
    refused(keys, f"{deep}.e30.e30")
    token = signed(keys, CLAIMS)
    head, _, signature = token.split(".")
    refused(keys, f"{head}.{deep}.{signature}")


def test_a_changed_payload_or_signature_is_refused(keys: TokenKeys) -> None:
    head, payload, signature = signed(keys, CLAIMS).split(".")
    refused(keys, f"{head}.{encoded({**CLAIMS, 'sub': 'other'})}.{signature}")
    refused(keys, f"{head}.{payload}.{signature[:-4]}AAAA")
    refused(keys, f"{head}.{payload}.")
    refused(keys, f"{head}.{payload}")


def test_a_name_given_twice_never_wins_over_its_model(keys: TokenKeys) -> None:
    text = json.dumps(CLAIMS)[:-1] + ', "kind": "staff"}'
    token = signed(keys, text.encode())
    found = keys.verify(token, now=NOW)
    assert found.kind in {"user", "staff"}, "signed by us alone: nobody else can write a name twice"


def test_a_turned_key_still_verifies_and_a_dropped_one_does_not() -> None:
    fresh = pem()
    old = TokenKeys(PEM, issuer="i", audience="a")
    both = TokenKeys(fresh + PEM, issuer="i", audience="a")
    only = TokenKeys(fresh, issuer="i", audience="a")
    token = old.issue(PERSON, token_id=uuid7(), now=NOW)
    assert both.verify(token, now=NOW).subject == PERSON.subject
    refused(only, token)
    assert only.verify(both.issue(PERSON, token_id=uuid7(), now=NOW), now=NOW).subject == PERSON.subject


def test_what_is_remembered_is_bounded(keys: TokenKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.crypto.tokens.CACHE_SIZE", 2)
    assert CACHE_SIZE > 2
    for _ in range(5):
        keys.verify(keys.issue(PERSON, token_id=uuid7(), now=NOW), now=NOW)
    assert len(keys._verified) == 2


def test_refused_tokens_are_not_remembered(keys: TokenKeys) -> None:
    refused(keys, signed(keys, CLAIMS, key=pem()))
    assert not keys._verified


def test_keys_of_other_curves_and_kinds_do_not_start() -> None:
    other = ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="P-256"):
        TokenKeys(other.decode(), issuer="i", audience="a")


def test_the_library_runs_on_openssl_and_not_on_its_slow_twin() -> None:
    assert ECKey is CryptographyECKey
