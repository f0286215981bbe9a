"""What every answer carries, and what none does: security headers everywhere, and of a bug nothing but its number."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2 as httpx
import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import sql

from app.main import create_app
from core import faults
from core.faults import InjectedFault
from tests.access.asking import Object
from tests.access.requests import ASKING, headers_of, scene
from tests.access.test_matrix import ask
from tests.support.served import serving
from tests.support.town import Town
from web.guard import SECURITY_HEADERS

HSTS: Final = "max-age=31536000; includeSubDomains"


@pytest.fixture(scope="module")
def secure(town: Town) -> TestClient:
    """The same application as customers reach it, by https."""
    settings = town.settings.model_copy(update={"public_url": "https://testserver"})
    runtime = type(town.runtime)(
        settings=settings,
        db=town.runtime.db,
        vault=town.runtime.vault,
        token_keys=town.runtime.token_keys,
        cursors=town.runtime.cursors,
    )
    return TestClient(create_app(runtime), base_url="https://testserver")


def expect_dressed(answer: httpx.Response, path: str, *, hsts: str | None = HSTS) -> None:
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert re.search(r"default-src '(none|self)'", policy)
    assert answer.headers.get("strict-transport-security") == hsts
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
    if not (path.startswith("/static/") and answer.status_code == httpx.codes.OK):
        assert answer.headers["cache-control"] == "no-store"
    for name in ("server", "x-powered-by", "via"):
        assert name not in answer.headers
    for cookie in answer.headers.get_list("set-cookie"):
        assert re.search(r"; httponly", cookie, re.IGNORECASE)
        assert re.search(r"; samesite=(lax|strict)", cookie, re.IGNORECASE)
        assert re.search(r"; secure", cookie, re.IGNORECASE)


@pytest.mark.parametrize("operation", sorted(ASKING))
def test_every_answer_of_every_route_is_dressed(town: Town, secure: TestClient, operation: str) -> None:
    path = operation.partition(" ")[2]
    objects: tuple[Object, ...] = ("own", "missing")
    for wanted in objects:
        for caller in ("owner", "anonymous"):
            made = scene(town, operation, caller, wanted)
            if "/events" in path and caller == "owner":
                continue  # the hot pool belongs to the town's own event loop
            expect_dressed(ask(secure, made), path)
    for method in ("TRACE", "PATCH"):
        expect_dressed(secure.request(method, re.sub(r"\{[a-z_]+\}", "ABCD", path)), path)


@pytest.mark.parametrize(
    "raw",
    ["/nothing", "/api/v1/nothing", "/static/nothing.css", "/callbacks/nothing", "/%2e%2e/", "/a" * 3000, "/?a=%00"],
)
def test_every_refusal_is_dressed(secure: TestClient, raw: str) -> None:
    expect_dressed(secure.request("GET", httpx.URL("https://testserver").copy_with(raw_path=raw.encode())), raw)
    expect_dressed(secure.post(raw[:200].replace("%", ""), content=b"a" * 300_000), raw)
    expect_dressed(secure.get("/sign-in", headers={"host": "evil.example"}), "/sign-in")


@contextmanager
def broken(town: Town, table: str) -> Iterator[None]:
    """The application may not read this table for a while: a bug of deployment in the midst of everything."""
    assert town.settings.migration_database_url is not None
    with psycopg.connect(town.settings.migration_database_url.get_secret_value(), autocommit=True) as owner:
        name, hidden = sql.Identifier(table), sql.Identifier(f"{table}_hidden")
        owner.execute(sql.SQL("alter table {} rename to {}").format(name, hidden))
        try:
            yield
        finally:
            owner.execute(sql.SQL("alter table {} rename to {}").format(hidden, name))


LEAKS: Final = ("traceback", "psycopg", "sqlalchemy", "undefinedtable", "relation", "select", ".py", "injected", "0.1")
BROKEN: Final = {
    "a hot read": ("GET /api/v1/accounts/{account_no}", "bill"),
    "an operation's read": ("GET /api/v1/inbox", "message"),
    "an operation's write": ("PUT /api/v1/inbox/{message_id}/read", "message"),
    "a flow": ("POST /api/v1/payments", "payment_order"),
    "the key's row": ("POST /api/v1/payment-quotes", "idempotency"),
    "the access check": ("DELETE /api/v1/account-links/{account_no}", "access_grant"),
    "a callback": ("POST /callbacks/wechat-pay", "inbox"),
    "receipts": ("POST /callbacks/sms/{provider}/{secret}", "inbox"),
    "a page": ("GET /bills", "bill"),
    "a form": ("POST /me/devices/{session_id}/revoke", "audit"),
    "a session's own": ("GET /", "session_family"),
}


@pytest.mark.parametrize("layer", BROKEN)
def test_of_a_bug_in_any_layer_only_its_number_is_told(
    town: Town, layer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    operation, table = BROKEN[layer]
    made = scene(town, operation, "signed" if operation.startswith("POST /callbacks/") else "owner", "own")
    asked = ASKING[operation](made)
    method = operation.partition(" ")[0]
    town.client.cookies.clear()
    capsys.readouterr()
    with broken(town, table):
        answer = town.client.request(
            method,
            asked.path,
            headers={**headers_of(made), **asked.headers},
            content=asked.content,
            json=asked.json,
            data=asked.form,
            follow_redirects=False,
        )
    assert answer.status_code == 500
    expect_dressed(answer, asked.path, hsts=None)
    [incident] = set(re.findall(r"\b[0-9a-f]{32}\b", answer.text))
    assert f"incident={incident}" in capsys.readouterr().out
    text = answer.text.lower().replace(incident, "")
    assert not [word for word in LEAKS if word in text and "/api/" in operation], text
    assert table not in text or "/api/" not in operation
    assert "server" not in answer.headers
    if not operation.partition(" ")[2].startswith(("/api/", "/callbacks/")):
        assert "<html" in text
        return
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() == {"type", "title", "status", "code", "detail", "incident"}


def test_a_process_logs_its_bug_once_and_tells_the_number_alone(town: Town, tmp_path: Path) -> None:
    owner = town.people["owner"]
    point = "payments.start.before_order:raise"
    with (
        serving(town.settings, log=tmp_path / "web.log", WATTLINE_FAULT=point) as served,
        served.client() as client,
    ):
        body = {"account_no": town.house.account_no, "amount_minor": 100, "method": "wechat_native"}
        answer = client.post("/api/v1/payments", json=body, headers={**owner.bearer, "idempotency-key": "k"})
        assert answer.status_code == 500
        assert "server" not in answer.headers
        records = [json.loads(line) for line in served.log.read_text(encoding="utf-8").splitlines()]
    bugs = [record for record in records if record["event"] == "unexpected_error"]
    assert [bug["incident"] for bug in bugs] == [answer.json()["incident"]]
    assert InjectedFault.__name__ in bugs[0]["exception"]
    assert [record for record in records if "exception" in record] == bugs
    assert faults.point.__module__ not in answer.text
