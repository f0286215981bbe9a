"""Tokens over HTTP: forged ones open nothing, used ones come back as alarms, and what ended stays ended."""

import base64
import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from fastapi.testclient import TestClient
from jose import jws

from core import clock, outbox
from core.crypto.tokens import Identity
from core.db import Database
from tests.factories import identity
from tests.factories.identity import Telephones
from tests.routers.identity.conftest import Pair, SignIn, pair_of, redeem, refresh, told
from web.runtime import Runtime

ME = "/api/v1/me"
REFUSED = (401, "sign_in_needed")


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def decoded(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return found


def bearer(client: TestClient, token: str | bytes) -> tuple[int, str | None]:
    raw = token if isinstance(token, bytes) else token.encode()
    return told(client.get(ME, headers={b"authorization": b"Bearer " + raw}))


def grow_old(db: Database, *, by: timedelta) -> None:
    """Let time pass for every session."""
    with db.write() as session:
        session.sql("update session_family set rotated_at = rotated_at - cast(:by as interval)", by=by)


class Forge:
    """Makes tokens of any claims and header, signed with the deployment's own key unless said."""

    def __init__(self, runtime: Runtime, pair: Pair) -> None:
        self.pem = runtime.settings.token_keys.get_secret_value()
        head, claims, self.signature = pair.access_token.split(".")
        self.head, self.claims = decoded(head), decoded(claims)

    def signed(self, head: dict[str, Any] | None = None, **claims: Any) -> str:
        changed = {name: value for name, value in {**self.claims, **claims}.items() if value is not None}
        return str(jws.sign(changed, self.pem, headers=head or self.head, algorithm="ES256"))

    def by_shared_secret(self, secret: bytes, algorithm: str) -> str:
        text = f"{encoded({**self.head, 'alg': algorithm})}.{encoded(self.claims)}"
        return f"{text}.{base64.urlsafe_b64encode(hmac.digest(secret, text.encode(), hashlib.sha256)).decode()}"


@pytest.fixture
def pair(sign_in: SignIn) -> Pair:
    return sign_in()


@pytest.fixture
def forge(runtime: Runtime, pair: Pair) -> Forge:
    return Forge(runtime, pair)


def test_the_forge_makes_good_tokens_when_nothing_is_forged(client: TestClient, forge: Forge) -> None:
    assert bearer(client, forge.signed())[0] == 200


def test_without_a_bearer_token_nothing_opens(client: TestClient) -> None:
    for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"}):
        answer = client.get(ME, headers=headers)
        assert (told(answer), answer.headers["www-authenticate"]) == (REFUSED, "Bearer")


def test_our_public_key_is_no_shared_secret(client: TestClient, forge: Forge) -> None:
    public = load_pem_private_key(forge.pem.encode(), None).public_key()
    for encoding in (Encoding.PEM, Encoding.DER):
        secret = public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        for algorithm in ("HS256", "ES256"):
            assert bearer(client, forge.by_shared_secret(secret, algorithm)) == REFUSED


def test_no_header_but_our_own_is_read(client: TestClient, forge: Forge) -> None:
    _, claims, signature = forge.signed().split(".")
    for changes in (
        {"alg": "none"},
        {"alg": ["ES256", "HS256"]},
        {"kid": "unknown"},
        {"kid": "../../x"},
        {"jku": "https://evil.example/keys"},
        {"enc": "A256GCM", "alg": "dir"},
        {"typ": "JWT"},
        {"crit": ["exp"]},
    ):
        head = encoded({**forge.head, **changes})
        for token in (
            f"{head}.{claims}.{signature}",
            f"{head}.{claims}.",
            f"{head}.{claims}.{signature}.{claims}.{signature}",
        ):
            assert bearer(client, token) == REFUSED, changes


def test_no_claim_may_be_missing_or_another(client: TestClient, forge: Forge) -> None:
    cases: list[dict[str, Any]] = [
        {"exp": None},
        {"aud": None},
        {"iss": None},
        {"aud": ["http://testserver"]},
        {"aud": "http://elsewhere"},
        {"exp": 1},
        {"kind": "staff"},
        {"kind": "service"},
        {"kind": "admin"},
        {"sub": "not-a-person"},
        {"sid": "not-a-session"},
        {"sid": str(UUID(int=1))},
        {"nbf": 0},
    ]
    for claims in cases:
        assert bearer(client, forge.signed(**claims)) == REFUSED, claims


def test_hostile_headers_are_refused_without_a_crash(client: TestClient, forge: Forge) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 700 + b"]" * 700).decode().rstrip("=")
    for token in (f"{deep}.e30.e30", "x" * 5_000, "é.b.c".encode(), b"\xff\xfe.b.c", "a.b.c", ".." * 9):
        assert bearer(client, token) == REFUSED
    assert bearer(client, "x" * 60_000)[0] == 413
    good = f"Bearer {forge.signed()}"
    twice = client.get(ME, headers=[("Authorization", good), ("Authorization", good)])
    assert told(twice) == (400, "bad_request")


def test_a_token_of_another_kind_opens_nothing(client: TestClient, runtime: Runtime, pair: Pair) -> None:
    claims = decoded(pair.access_token.split(".")[1])
    now = clock.now()
    kinds: tuple[Literal["staff", "service"], ...] = ("staff", "service")
    for kind in kinds:
        other = Identity(claims["sub"], UUID(claims["sid"]), kind, frozenset({"all"}), claims["exp"])
        assert bearer(client, runtime.token_keys.issue(other, token_id=uuid4(), now=now)) == REFUSED
    assert bearer(client, pair.refresh_token) == REFUSED
    assert told(refresh(client, pair.access_token))[0] in {401, 422}
    assert bearer(client, pair.access_token)[0] == 200


def test_the_api_takes_no_cookie_and_a_cookie_is_no_token(client: TestClient, db: Database, runtime: Runtime) -> None:
    with db.write() as session:
        browser = identity.browser_session(
            session, user_id=identity.user(session, vault=runtime.vault, phone=identity.OTHER_PHONE)
        )
    client.cookies.set("session", browser.secret)
    assert told(client.get(ME)) == REFUSED
    assert bearer(client, browser.secret) == REFUSED
    assert told(refresh(client, browser.secret)) == (401, "refresh_refused")


def test_a_refresh_token_is_exchanged_along_a_whole_chain(client: TestClient, pair: Pair) -> None:
    chain = [pair]
    for _ in range(6):
        chain.append(pair_of(refresh(client, chain[-1].refresh_token)))
        assert client.get(ME, headers=chain[-1].headers).status_code == 200
    assert len({each.refresh_token for each in chain}) == len({each.access_token for each in chain}) == 7


def test_a_refresh_repeated_within_ten_seconds_gets_the_same_successor(
    client: TestClient, db: Database, pair: Pair
) -> None:
    first = pair_of(refresh(client, pair.refresh_token))
    grow_old(db, by=timedelta(seconds=8))
    again = pair_of(refresh(client, pair.refresh_token))
    assert again.refresh_token == first.refresh_token
    assert refresh(client, first.refresh_token).status_code == 200


def test_a_refresh_token_that_comes_back_later_ends_the_session_and_its_person_is_told(
    client: TestClient, db: Database, pair: Pair, sign_in: SignIn
) -> None:
    living = pair_of(refresh(client, pair.refresh_token))
    grow_old(db, by=timedelta(seconds=11))
    assert told(refresh(client, pair.refresh_token)) == (401, "refresh_refused")
    assert told(refresh(client, living.refresh_token)) == (401, "refresh_refused"), "the end survived the refusal"
    assert told(client.get(ME, headers=living.headers)) == REFUSED
    while outbox.relay_once(db):
        pass
    inbox = client.get("/api/v1/inbox", headers={**sign_in().headers, "Accept-Language": "en"}).json()
    assert [message["title"] for message in inbox["items"]] == ["App was signed out for safety"]


def test_any_old_token_of_the_chain_ends_it(client: TestClient, sign_in: SignIn) -> None:
    for place in range(4):
        chain = [sign_in(device_id=f"device-at-place-{place}").refresh_token]
        for _ in range(5):
            chain.append(pair_of(refresh(client, chain[-1])).refresh_token)
        assert [told(refresh(client, token)) for token in (chain[place], chain[-1])] == [(401, "refresh_refused")] * 2


def test_twenty_refreshes_at_once_have_one_successor(client: TestClient, db: Database, pair: Pair) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: pair_of(refresh(client, pair.refresh_token)), range(20)))
    (successor,) = {answer.refresh_token for answer in answers}
    with db.read() as session:
        assert session.sql("select generation from session_family").scalar_one() == 2
    assert refresh(client, successor).status_code == 200


def test_a_refresh_token_of_nobody_is_refused(client: TestClient) -> None:
    for token in ("x", "é", "' OR 1=1--", "q" * 200):
        assert told(refresh(client, token)) == (401, "refresh_refused")


def test_a_code_is_exchanged_once(client: TestClient, phones: Telephones, pair: Pair) -> None:
    assert pair.access_token
    assert told(redeem(client, phones.codes()[0])) == (401, "code_wrong")
