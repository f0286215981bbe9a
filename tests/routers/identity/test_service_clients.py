"""Programs of the supplier: a secret earns short tokens, and whatever ends the secret ends them at once."""

import base64
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from app.cli import cli_of
from core import clock
from core.audit import Actor
from core.config import Settings
from core.crypto.tokens import Identity
from core.db import Database
from services.identity import operations, queries
from services.identity.errors import ServiceClientUnknown, ServiceNameTaken, ServiceNetworkInvalid
from services.identity.operations import IssuedSecret
from services.identity.operations.clients import WRONG_TRIES
from services.identity.queries import ServiceScope
from tests.factories.accounts import make_unit
from tests.routers.identity.conftest import SignIn, told
from web import handlers
from web.runtime import Runtime
from web.service import BillsWriter

ACTOR = Actor("test:operator")
WRONG = (401, "client_wrong")
OUT = (401, "sign_in_needed")


@pytest.fixture
def issued(db: Database) -> IssuedSecret:
    with db.write() as session:
        return operations.add_client(
            session, name="billing", scopes={ServiceScope.BILLS_WRITE}, actor=ACTOR, now=clock.now()
        )


@pytest.fixture
def guarded(runtime: Runtime) -> TestClient:
    """An operation that only programs with the scope `bills.write` may call."""
    app = FastAPI()
    app.state.runtime = runtime
    handlers.install(app, page=None)

    @app.post("/bills")
    def bills(caller: BillsWriter) -> str:
        return caller.actor.name

    return TestClient(app, base_url="http://testserver")


def ask(client: TestClient, client_id: str, secret: str) -> Any:
    body = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    return client.post("/api/v1/auth/token", json=body)


def bearer(client: TestClient, issued: IssuedSecret) -> dict[str, str]:
    answer = ask(client, issued.client_id, issued.secret)
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def test_a_secret_earns_a_short_token_of_the_clients_scopes_by_body_or_by_basic(
    client: TestClient, guarded: TestClient, issued: IssuedSecret
) -> None:
    by_body = ask(client, issued.client_id, issued.secret)
    basic = base64.b64encode(f"{issued.client_id}:{issued.secret}".encode()).decode()
    by_basic = client.post(
        "/api/v1/auth/token",
        json={"grant_type": "client_credentials"},
        headers={"authorization": f"Basic {basic}"},
    )
    for answer in (by_body, by_basic):
        told_ = answer.json()
        assert (answer.status_code, told_["expires_in"], told_["scope"]) == (200, 900, "bills.write")
        headers = {"authorization": f"Bearer {told_['access_token']}"}
        assert guarded.post("/bills", headers=headers).json().startswith("service:")


def test_an_oauth_client_is_answered_in_its_own_form(client: TestClient, issued: IssuedSecret) -> None:
    grant = "grant_type=client_credentials"
    by_form = f"{grant}&client_id={issued.client_id}&client_secret={issued.secret}&scope=anything&nonce=1"
    # Every character percent-encoded, as a client may that encodes them all.
    encoded = ":".join("".join(f"%{ord(each):02x}" for each in part) for part in (issued.client_id, issued.secret))
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    plain, quoted, wrong = (
        {**headers, "authorization": f"Basic {base64.b64encode(each.encode()).decode()}"}
        for each in (f"{issued.client_id}:{issued.secret}", encoded, f"{issued.client_id}:x")
    )
    for body, sent in ((by_form, headers), (grant, plain), (grant, quoted), (f"{grant}&client_id=", plain)):
        answer = client.post("/api/v1/auth/token", content=body, headers=sent)
        assert (answer.status_code, answer.json()["scope"]) == (200, "bills.write")
    refused = client.post("/api/v1/auth/token", content=grant, headers=wrong)
    assert (told(refused), refused.headers["www-authenticate"]) == (WRONG, "Basic")
    for body, status in (
        ("grant_type=refresh&refresh_token=x", 415),
        (f"{grant}&{grant}", 400),
        ("grant_type=%ff", 422),
    ):
        assert client.post("/api/v1/auth/token", content=body, headers=headers).status_code == status


def test_unknown_wrong_missing_and_disabled_have_one_answer(
    client: TestClient, db: Database, issued: IssuedSecret
) -> None:
    tries = [
        ask(client, "svc_nobody", issued.secret),
        ask(client, issued.client_id, issued.secret[:-1]),
        client.post("/api/v1/auth/token", json={"grant_type": "client_credentials"}),
        client.post(
            "/api/v1/auth/token",
            json={"grant_type": "client_credentials"},
            headers={"authorization": "Basic ü"[:-1] + "="},
        ),
    ]
    with db.write() as session:
        operations.disable_client(session, client_id=issued.client_id, actor=ACTOR)
    tries.append(ask(client, issued.client_id, issued.secret))
    assert [told(answer) for answer in tries] == [WRONG] * 5
    assert len({answer.json()["detail"] for answer in tries}) == 1


def test_a_disabled_client_is_out_at_once_with_the_tokens_it_has(
    client: TestClient, guarded: TestClient, db: Database, issued: IssuedSecret
) -> None:
    headers = bearer(client, issued)
    assert guarded.post("/bills", headers=headers).status_code == 200
    with db.write() as session:
        operations.disable_client(session, client_id=issued.client_id, actor=ACTOR)
    assert told(guarded.post("/bills", headers=headers)) == OUT


def test_two_secrets_live_while_one_takes_over_and_what_the_old_one_earned_ends_with_it(
    client: TestClient, guarded: TestClient, db: Database, issued: IssuedSecret
) -> None:
    old = bearer(client, issued)
    with db.write() as session:
        second = operations.rotate_secret(session, client_id=issued.client_id, actor=ACTOR, now=clock.now())
    assert ask(client, issued.client_id, issued.secret).status_code == 200
    new = bearer(client, second)
    with db.write() as session:
        third = operations.rotate_secret(session, client_id=issued.client_id, actor=ACTOR, now=clock.now())
        [view] = queries.service_clients(session, now=clock.now())
    assert len(view.secrets) == 2
    assert told(ask(client, issued.client_id, issued.secret)) == WRONG
    assert told(guarded.post("/bills", headers=old)) == OUT
    assert guarded.post("/bills", headers=new).status_code == 200
    with db.write() as session:
        operations.rotate_secret(
            session, client_id=issued.client_id, actor=ACTOR, now=clock.now(), overlap=timedelta(0)
        )
    assert told(ask(client, third.client_id, third.secret)) == WRONG


def test_a_scope_counts_only_when_token_and_client_both_have_it(
    client: TestClient, guarded: TestClient, db: Database, issued: IssuedSecret
) -> None:
    with db.write() as session:
        reader = operations.add_client(
            session, name="reports", scopes={ServiceScope.UNITS_WRITE}, actor=ACTOR, now=clock.now()
        )
    assert told(guarded.post("/bills", headers=bearer(client, reader))) == (403, "scope_missing")
    headers = bearer(client, issued)
    with db.write() as session:
        session.sql("update service_client set scopes = '{units.write}' where client_id = :id", id=issued.client_id)
    assert told(guarded.post("/bills", headers=headers)) == (403, "scope_missing")


@pytest.mark.parametrize("kind", ["user", "staff"])
def test_a_token_of_another_kind_opens_nothing_here_and_a_programs_none_elsewhere(
    client: TestClient,
    guarded: TestClient,
    runtime: Runtime,
    db: Database,
    issued: IssuedSecret,
    sign_in: SignIn,
    kind: Any,
) -> None:
    programs = bearer(client, issued)
    assert told(client.get("/api/v1/me", headers=programs)) == OUT
    assert told(client.get("/api/v1/accounts", headers=programs)) == OUT
    assert told(guarded.post("/bills", headers=sign_in().headers)) == OUT
    with db.read() as session:
        row = session.sql("select service_client_id as client, id from service_client_secret").one()
    assert isinstance(row.client, UUID)
    forged = Identity(
        str(row.client), row.id, kind, frozenset({"bills.write"}), int((clock.now() + timedelta(minutes=5)).timestamp())
    )
    token = runtime.token_keys.issue(forged, token_id=row.id, now=clock.now())
    assert told(guarded.post("/bills", headers={"authorization": f"Bearer {token}"})) == OUT


def test_a_program_that_names_its_networks_is_nobody_elsewhere_nor_is_a_token_that_it_has(
    client: TestClient, guarded: TestClient, db: Database, issued: IssuedSecret
) -> None:
    headers = bearer(client, issued)

    def bind(*networks: str) -> None:
        with db.write() as session:
            operations.bind_client(session, client_id=issued.client_id, networks=networks, actor=ACTOR)

    def calls(address: str) -> list[int]:
        ways = [TestClient(each.app, base_url="http://testserver", client=(address, 1)) for each in (client, guarded)]
        answers = [ask(ways[0], issued.client_id, issued.secret), ways[1].post("/bills", headers=headers)]
        return [answer.status_code for answer in answers]

    bind("198.51.100.0/24", "2001:db8::/48")
    for inside in ("198.51.100.7", "::ffff:198.51.100.7", "2001:db8::1"):
        assert calls(inside) == [200, 200], inside
    for outside in ("198.51.101.7", "2001:db8:1::1", "testclient"):
        assert calls(outside) == [401, 401], outside
    with db.read() as session:
        act = session.sql("select before, after from audit where act = 'identity.service_client_bound'").one()
    assert act.before == {"networks": []}
    assert act.after == {"networks": ["198.51.100.0/24", "2001:db8::/48"]}
    bind()
    assert calls("203.0.113.9") == [200, 200]
    for wrong in (["0.0.0.0/0"], ["198.51.100.7/24"], ["x"], ["198.51.100.1"] * 21):
        with pytest.raises(ServiceNetworkInvalid):
            bind(*wrong)


def test_wrong_secrets_are_limited_per_network_and_right_ones_are_not_counted(
    client: TestClient, issued: IssuedSecret
) -> None:
    for _ in range(3):
        assert ask(client, issued.client_id, issued.secret).status_code == 200
    for number in range(WRONG_TRIES.per_hour):
        assert told(ask(client, issued.client_id, f"wrong{number}")) == WRONG
    limited = ask(client, issued.client_id, issued.secret)
    assert told(limited) == (429, "clients_limited")
    assert 0 < int(limited.headers["retry-after"]) <= 3600


def test_neither_the_database_nor_the_audit_log_holds_a_secret(
    client: TestClient, db: Database, issued: IssuedSecret
) -> None:
    bearer(client, issued)
    with db.read() as session:
        kept = session.sql("select string_agg(s::text, ' ') from service_client_secret s").scalar_one()
        acts = session.sql("select string_agg(a::text, ' ') from audit a").scalar_one()
    assert issued.secret not in kept + acts
    assert "identity.service_sign_in" in acts
    assert issued.secret not in repr(issued)


def test_names_are_unique_and_unknown_clients_refused(db: Database, issued: IssuedSecret) -> None:
    with db.write() as session, pytest.raises(ServiceNameTaken):
        operations.add_client(session, name="billing", scopes=set(), actor=ACTOR, now=clock.now())
    with db.write() as session, pytest.raises(ServiceClientUnknown):
        operations.disable_client(session, client_id=issued.client_id + "x", actor=ACTOR)


def test_the_command_prints_a_secret_once_and_shows_rotates_and_disables(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.config.load", lambda: settings)
    command, runner = cli_of(["service-client"]), CliRunner()

    def run(*arguments: str) -> str:
        done = runner.invoke(command, ["service-client", *arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    lines = dict(
        line.split() for line in run("add", "meters", "--scope", "bills.write", "--scope", "units.write").splitlines()
    )
    assert ask(client, lines["client_id"], lines["client_secret"]).json()["scope"] == "bills.write units.write"
    assert lines["client_secret"] not in run("list")
    run("networks", lines["client_id"], "--network", "198.51.100.0/24")
    assert "calls from 198.51.100.0/24" in run("list")
    assert told(ask(client, lines["client_id"], lines["client_secret"])) == WRONG
    run("networks", lines["client_id"])
    again = dict(line.split() for line in run("rotate", lines["client_id"], "--overlap-days", "0").splitlines())
    assert told(ask(client, lines["client_id"], lines["client_secret"])) == WRONG
    assert ask(client, again["client_id"], again["client_secret"]).status_code == 200
    run("disable", lines["client_id"])
    assert told(ask(client, again["client_id"], again["client_secret"])) == WRONG
    refused = runner.invoke(command, ["service-client", "disable", "svc_nobody"])
    assert (refused.exit_code, refused.output.startswith("service_client_unknown: ")) == (2, True)


def test_a_program_without_a_unit_is_said_to_act_nowhere_and_an_unknown_unit_makes_none(
    settings: Settings, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.config.load", lambda: settings)
    command, runner = cli_of(["service-client"]), CliRunner()
    with db.write() as session:
        make_unit(session, code="37")
    add = ("service-client", "add", "feed", "--scope", "payments.read")
    refused = runner.invoke(command, [*add, "--unit", "nowhere"])
    assert (refused.exit_code, refused.output) == (
        2,
        "unit_unknown: There is no such unit, or it is outside of what the caller manages: the answer is the same.\n",
    )
    nowhere = runner.invoke(command, [*add])
    client_id = nowhere.stdout.split()[1]
    assert (nowhere.exit_code, f"units_missing until `wattline service-client units {client_id}" in nowhere.stderr) == (
        0,
        True,
    )
    given = runner.invoke(command, ["service-client", "units", client_id, "--unit", "37"])
    assert given.stdout == f"{client_id} acts in 37\n"
    placed = runner.invoke(command, ["service-client", "add", "other", "--scope", "payments.read", "--unit", "37"])
    assert (placed.exit_code, "units_missing" in placed.stderr) == (0, False)
