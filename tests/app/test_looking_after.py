"""`wattline doctor`, `wattline check-invariants`, the hourly check of the books, and what machines are told."""

import json
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from fastapi.testclient import TestClient
from psycopg import sql
from pydantic import SecretStr
from typer.testing import CliRunner

import migrations
from app import wiring
from app.cli import COMMANDS, cli_of
from app.commands import doctor
from app.commands.doctor import Finding
from app.main import create_app
from core import clock, db, outbox
from core.audit import Actor
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from services.accounts.roles import StaffRole
from services.billing import flows
from services.ledger.events import LedgerPosted
from services.payments import operations as payments
from services.payments.operations import Effect
from tests.conftest import Servers
from tests.factories import payments as make
from tests.factories import staff as people
from tests.factories.accounts import make_account
from tests.factories.billing import make_bill
from tests.support.processes import ROOT, Heard, environment_of, wattline
from tests.support.town import INSIDE

CLI = cli_of(COMMANDS)
WECHAT = {
    "WATTLINE_WECHAT_PAY_MCHID": "1900000001",
    "WATTLINE_WECHAT_PAY_MERCHANT_SERIAL": "ABC",
    "WATTLINE_WECHAT_PAY_APIV3_KEY": "k" * 32,
    "WATTLINE_WECHAT_PAY_CERTIFICATES": "-",
}
Break = Callable[[str], None]
Examined = Callable[..., dict[str, Finding]]


@pytest.fixture
def examined(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Examined:
    """What a doctor finds with these settings, by name; the worst of each name."""

    def made(**variables: str) -> dict[str, Finding]:
        with monkeypatch.context() as patch:
            for name, value in environment_of(settings, **variables).items():
                patch.setenv(name, value)
            found = list(doctor.examine())
        order = ["ok", "warning", "wrong"]
        return {each.name: each for each in sorted(found, key=lambda each: order.index(each.verdict))}

    return made


def wrong(found: dict[str, Finding]) -> list[str]:
    return [name for name, each in found.items() if each.verdict == "wrong"]


@pytest.fixture
def tamper(servers: Servers, database_name: str) -> Break:
    """Change rows that nobody may change, as the superuser with triggers off."""

    def made(statement: str) -> None:
        dsn = psycopg.conninfo.make_conninfo(servers.admin_dsn, dbname=database_name)
        with psycopg.connect(dsn) as connection:
            connection.execute("set session_replication_role = replica")
            done = connection.execute(sql.SQL(statement))
            assert done.rowcount > 0, statement

    return made


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A merchant's side of a sandbox that nobody starts."""
    home = tmp_path_factory.mktemp("sandbox")
    subprocess.run([sys.executable, "-m", "sandbox", "init", "--home", str(home)], cwd=ROOT, check=True)
    given: dict[str, str] = json.loads((home / "credentials.json").read_text(encoding="utf-8"))["wechat_pay"]
    return given


@pytest.fixture
def paid(database: Database, vault: Vault, credentials: dict[str, str]) -> None:
    """A household whose bill is paid, beside money for an unknown order."""
    make.fill(make.provider("http://127.0.0.1:9", make.merchant(credentials)))
    home = make.household(database, vault, bills=(10_000, 20_000))
    first, second = (make.latest(database, make.order(database, vault, make.wanted(home, 10_000))) for _ in range(2))
    assert make.apply(database, make.paid(first)).effect is Effect.BOOKED
    stray = replace(make.paid(second), out_trade_no="STRANGER00000000000000000X")
    assert make.apply(database, stray).effect is Effect.SUSPENDED


def breaches(database: Database) -> set[str]:
    return {each.rule for each in flows.check_all(database, told=lambda _done, _of: None)}


@pytest.mark.usefixtures("paid")
def test_a_paid_house_breaks_no_rule(database: Database) -> None:
    assert breaches(database) == set()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("update balance set balance = balance + 1 where code = 1100", "open_bills_equal_receivable"),
        (
            "update bill set open_minor = 1, state = 'issued' where open_minor = 0",
            "open_equals_amount_less_settlements",
        ),
        (
            "delete from claim where kind = 'wechat_pay.transaction' and owner not like 'suspense%'",
            "paid_attempts_are_claimed",
        ),
        ("update posting set amount = amount - 1 where debit = 1200", "booked_parts_equal_postings"),
        (
            "update payment_part set outcome = 'open', taken_minor = null where outcome = 'booked'",
            "postings_are_of_paid_attempts",
        ),
        ("delete from claim where owner like 'suspense%'", "suspense_is_claimed"),
        ("update payment_suspense set source_id = gen_random_uuid()", "suspense_is_posted"),
        ("update payment_suspense set amount_minor = amount_minor + 1", "open_suspense_equals_balance"),
        ("insert into claim values ('wechat_pay.transaction', '4200', 'nobody')", "claims_are_booked"),
    ],
)
@pytest.mark.usefixtures("paid")
def test_each_broken_rule_is_found(database: Database, tamper: Break, change: str, rule: str) -> None:
    tamper(change)
    assert rule in breaches(database)


def test_the_command_names_the_row_and_ends_with_one(
    settings: Settings, database: Database, vault: Vault, tamper: Break
) -> None:
    with database.write() as session:
        account = make_account(session, vault)
        make_bill(session, account, amount_minor=5_000)
    environment = environment_of(settings)
    clean = CliRunner().invoke(CLI, ["check-invariants"], env=environment)
    assert (clean.exit_code, clean.output) == (0, "Every rule holds.\n")
    tamper("update bill set open_minor = open_minor - 1")
    told = wattline(environment, "check-invariants", "--json")
    assert told.returncode == 1
    found = json.loads(told.stdout)["breaches"]
    assert {"open_bills_equal_receivable", "open_equals_amount_less_settlements"} == {each["rule"] for each in found}
    assert {each["subject"] for each in found} == {f"account {account.id}"}
    said = CliRunner().invoke(CLI, ["check-invariants"], env=environment)
    assert said.exit_code == 1
    assert "open bills 4999, receivable 5000" in said.output


def test_a_round_of_the_check_is_begun_once_an_hour_and_its_breaches_are_told(
    database: Database, vault: Vault, tamper: Break, examined: Examined
) -> None:
    with database.write() as session:
        make_bill(session, make_account(session, vault), amount_minor=5_000)
    now = clock.now()
    assert flows.check_next(database, now=now, most_ranges=5) == 4
    assert flows.check_next(database, now=now + timedelta(minutes=59), most_ranges=5) == 0
    tamper("update bill set open_minor = open_minor - 1")
    assert examined()["check bills"].verdict == "ok"
    assert flows.check_next(database, now=now + timedelta(hours=1), most_ranges=5) == 4
    found = examined()
    assert wrong(found) == ["check bills"]
    assert "2 breaches" in found["check bills"].detail


def test_a_round_goes_on_where_it_stopped(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch, tamper: Break
) -> None:
    with database.write() as session:
        for _ in range(3):
            make_bill(session, make_account(session, vault), amount_minor=5_000)
    monkeypatch.setattr(flows, "RANGE", 1)
    tamper("update bill set open_minor = open_minor - 1 where account_id = (select max(account_id) from bill)")
    now = clock.now()
    assert flows.check_next(database, now=now, most_ranges=2) == 8
    with database.read() as session:
        halfway = session.sql("select next_from, finished_at from ledger_check where name = 'bills'").one()
    assert (halfway.next_from, halfway.finished_at) == (3, None)
    flows.check_next(database, now=now, most_ranges=9)
    with database.read() as session:
        done = session.sql("select next_from, violations from ledger_check where name = 'bills'").one()
    assert (done.next_from, done.violations) == (None, 2)


def test_a_check_that_somebody_is_at_is_left_to_them(database: Database) -> None:
    assert flows.check_next(database, now=clock.now(), most_ranges=1) == 4
    with database.write() as session:
        session.sql("select from ledger_check for update").all()
        assert flows.check_next(database, now=clock.now() + timedelta(hours=2), most_ranges=1) == 0


def test_a_healthy_house_is_told_so(settings: Settings) -> None:
    done = wattline(environment_of(settings), "doctor", "--json")
    found = {each["name"]: each for each in json.loads(done.stdout)["findings"]}
    assert done.returncode == 0, found
    for name in ("settings", "token keys", "redis", "database", "database role", "clock", "schema", "queue outbox"):
        assert found[name]["verdict"] == "ok", found[name]
    assert found["schema"]["detail"] == migrations.head()


def test_a_late_queue_is_wrong(database: Database, tamper: Break, examined: Examined) -> None:
    with database.write() as session:
        outbox.add(session, LedgerPosted(book_id=1, ref=1))
    assert wrong(examined()) == []
    tamper("update outbox set created_at = now() - interval '1 hour'")
    found = examined()
    assert wrong(found) == ["queue outbox"]
    assert "1 wait, the oldest for 36" in found["queue outbox"].detail


def test_an_endpoint_that_stopped_by_itself_is_warned_of(tamper: Break, examined: Examined) -> None:
    assert examined()["webhooks"].verdict == "ok"
    tamper(
        """insert into webhook_endpoint (id, unit_id, name, url, events, state, disabled_why, disabled_at, secret_sealed,
             created_at, created_by)
           select gen_random_uuid(), 1, 'x', 'https://x', '{x}', 'disabled', why, now(), '', now(), gen_random_uuid()
           from unnest(array['staff', 'gone', 'failing']) why"""
    )
    found = examined()["webhooks"]
    assert (found.verdict, found.detail.split()[0]) == ("warning", "2"), "whom staff stopped they know"


def test_the_owner_role_is_too_strong_to_serve(owner_dsn: str, examined: Examined) -> None:
    found = examined(WATTLINE_DATABASE_URL=owner_dsn)
    assert wrong(found) == ["database role"]
    assert "use wattline_app" in found["database role"].detail


def test_a_schema_that_is_behind_is_wrong(tamper: Break, examined: Examined) -> None:
    tamper("update alembic_version set version_num = '0001_core'")
    found = examined()
    assert wrong(found) == ["schema"]
    assert "wattline migrate" in found["schema"].detail


def test_clocks_that_differ_are_wrong(examined: Examined, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now - timedelta(minutes=2))
    assert wrong(examined()) == ["clock"]


@pytest.mark.parametrize(
    ("variables", "name", "said"),
    [
        ({"WATTLINE_DATABASE_URL": "host=127.0.0.1 port=9 user=nobody"}, "database", "refused"),
        ({"WATTLINE_REDIS_URL": "redis://127.0.0.1:9/0"}, "redis", "refused"),
        ({"WATTLINE_BROKER_URL": "redis://127.0.0.1:9/0"}, "broker", "refused"),
        ({"WATTLINE_TOKEN_KEYS": "not a key"}, "token keys", "PEM"),
        (WECHAT | {"WATTLINE_WECHAT_PAY_MERCHANT_PRIVATE_KEY": "not a key"}, "payment keys", "PEM"),
        ({"WATTLINE_MASTER_KEY": "c2hvcnQ="}, "settings", "WATTLINE_MASTER_KEY must decode to 32 bytes"),
        ({"WATTLINE_ENVIRONMENT": "production"}, "settings", "WATTLINE_PUBLIC_URL must be an https address"),
        ({"WATTLINE_SUPPLIER_ACCENT_FILE": "/no/such/file"}, "settings", "No such file"),
        ({"WATTLINE_SUPPLIER_ZONE": "Mars/X"}, "settings", "WATTLINE_SUPPLIER_ZONE: there is no such zone"),
        ({"WATTLINE_SUPPLIER_ZONE": "../etc"}, "settings", "WATTLINE_SUPPLIER_ZONE: there is no such zone"),
        ({"WATTLINE_SUPPLIER_ZONE": "Asia"}, "settings", "WATTLINE_SUPPLIER_ZONE: there is no such zone"),
        ({"WATTLINE_SUPPLIER_CURRENCY": "XXQ"}, "settings", "WATTLINE_SUPPLIER_CURRENCY: no territory"),
        ({"WATTLINE_SUPPLIER_CURRENCY": "DEM"}, "settings", "WATTLINE_SUPPLIER_CURRENCY: no territory"),
        ({"WATTLINE_ALLOWED_HOSTS": "*"}, "settings", "WATTLINE_ALLOWED_HOSTS: each part is a host"),
        ({"WATTLINE_ALLOWED_HOSTS": "a.example, *.b.example"}, "settings", "WATTLINE_ALLOWED_HOSTS: each part"),
        ({"WATTLINE_ALLOWED_HOSTS": "https://a.example"}, "settings", "WATTLINE_ALLOWED_HOSTS: each part"),
        ({"WATTLINE_TRUSTED_PROXIES": "*"}, "settings", "WATTLINE_TRUSTED_PROXIES: each part is an address"),
        ({"WATTLINE_TRUSTED_PROXIES": "10.0.0.1, proxy"}, "settings", "WATTLINE_TRUSTED_PROXIES: each part"),
        ({"WATTLINE_TRUSTED_PROXIES": "0.0.0.0/0"}, "settings", "WATTLINE_TRUSTED_PROXIES: a network of everybody"),
        ({"WATTLINE_TRUSTED_PROXIES": "10.0.0.1,::/0"}, "settings", "WATTLINE_TRUSTED_PROXIES: a network of everybody"),
    ],
)
def test_what_is_wrong_is_named(examined: Examined, variables: dict[str, str], name: str, said: str) -> None:
    found = examined(**variables)
    assert wrong(found) == [name]
    assert said in found[name].detail


def test_what_an_operator_may_well_set_is_taken(examined: Examined) -> None:
    found = examined(
        WATTLINE_SUPPLIER_ZONE="Europe/Berlin",
        WATTLINE_SUPPLIER_CURRENCY="EUR",
        WATTLINE_ALLOWED_HOSTS="a.example, web_1:8000, [::1]:8000",
        WATTLINE_TRUSTED_PROXIES="10.0.0.1, 10.1.0.0/16, 2001:db8::/64",
    )
    assert wrong(found) == []
    assert found["database role"].detail == "wattline_app has only the rights it needs"


def test_a_file_of_no_setting_is_named_and_not_looked_for(examined: Examined) -> None:
    strange = {"WATTLINE_MASTER_KYE_FILE": "/no/such/file", "WATTLINE_PORT_FILE": "/no/such/file"}
    found = examined(WATTLINE_PUBLIC_URL="http://localhost", **strange)["settings"]
    assert (found.verdict, found.detail) == (
        "warning",
        "no such setting: WATTLINE_MASTER_KYE_FILE, WATTLINE_PORT_FILE",
    )


@pytest.mark.parametrize(("days", "verdict"), [(-1, "wrong"), (10, "warning"), (300, "ok")])
def test_a_platform_certificate_that_ends_is_told_in_time(examined: Examined, days: int, verdict: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "platform")]), clock.now()
    built = x509.CertificateBuilder(name, name, key.public_key(), 0xABC, now - timedelta(days=9), now + timedelta(days))
    pem = built.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    given = {"WATTLINE_WECHAT_PAY_MERCHANT_PRIVATE_KEY": private, "WATTLINE_WECHAT_PAY_CERTIFICATES": pem}
    found = examined(**(WECHAT | given))["payment keys"]
    assert (found.verdict, "certificate ABC holds until" in found.detail) == (verdict, True)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of this machine may enter; those of pytest are closed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        assert all(each.stat().st_mode & stat.S_IXOTH for each in folder.parents), "the temporary folder is closed"
        yield folder


def test_a_misspelt_setting_and_an_open_secret_are_warned_of(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, open_folder: Path
) -> None:
    secret = open_folder / "master"
    secret.write_text(settings.master_key.get_secret_value())
    secret.chmod(0o644)
    for name, value in environment_of(settings, WATTLINE_MASTER_KEY_FILE=str(secret)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WATTLINE_REDIS_ULR", "redis://x")
    monkeypatch.delenv("WATTLINE_MASTER_KEY")
    warned = CliRunner().invoke(CLI, ["doctor"])
    assert warned.exit_code == 0, warned.output
    assert "warning  settings         no such setting: WATTLINE_REDIS_ULR" in warned.output
    assert "everybody on this machine can read the file of WATTLINE_MASTER_KEY_FILE" in warned.output
    secret.chmod(0o600)
    assert "can read" not in CliRunner().invoke(CLI, ["doctor"]).output
    secret.chmod(0o444)
    open_folder.chmod(0o700)
    assert "can read" not in CliRunner().invoke(CLI, ["doctor"]).output, "nobody else comes as far as the file"
    open_folder.chmod(0o755)
    with monkeypatch.context() as inside:
        inside.setattr(doctor, "MOUNTED", open_folder)
        assert "can read" not in CliRunner().invoke(CLI, ["doctor"]).output, "a container has no other users"
    assert "can read" in CliRunner().invoke(CLI, ["doctor"]).output


def test_wrong_settings_are_named_without_their_values(settings: Settings) -> None:
    environment = environment_of(settings, WATTLINE_DATA_KEYS="a:c2VjcmV0LXBhcnQ=", WATTLINE_DATABASE_POOL_SIZE="many")
    done = wattline(environment, "demo")
    assert done.returncode == 2
    assert "WATTLINE_DATABASE_POOL_SIZE" in done.stderr
    process = Heard({**environment, "WATTLINE_DATABASE_POOL_SIZE": "16"}, "-m", "app.serve").finish()
    assert process.returncode != 0
    assert "WATTLINE_DATA_KEYS" in process.stderr
    for secret in ("c2VjcmV0LXBhcnQ", "PRIVATE KEY"):
        assert secret not in done.stderr + process.stderr


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    runtime = wiring.build(settings)
    with TestClient(create_app(runtime), base_url="http://testserver", client=INSIDE) as opened:
        yield opened


def test_ready_needs_the_schema_or_a_later_one(client: TestClient, tamper: Break) -> None:
    assert client.get("/readyz").json() == {"database": "ok", "schema": "ok"}
    tamper("update pg_index set indisvalid = false where indexrelid = 'ix_account_search_terms'::regclass")
    assert client.get("/readyz").json()["schema"] == "unfinished"
    tamper("update pg_index set indisvalid = true where indexrelid = 'ix_account_search_terms'::regclass")
    tamper("update alembic_version set version_num = '9999_later'")
    assert client.get("/readyz").status_code == 200
    tamper("update alembic_version set version_num = '0001_core'")
    behind = client.get("/readyz")
    assert (behind.status_code, behind.json()["schema"]) == (503, "behind")
    assert behind.json()["needs"] == migrations.head()


def test_without_a_database_the_process_lives_but_is_not_ready(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "POOL_TIMEOUT_S", 0.5)
    away = settings.model_copy(update={"database_url": SecretStr("host=127.0.0.1 port=9 user=x")})
    runtime = wiring.build(away)
    with TestClient(create_app(runtime), base_url="http://testserver", client=INSIDE) as cut:
        assert cut.get("/livez").status_code == 200
        answer = cut.get("/readyz")
        assert (answer.status_code, answer.json()["database"]) == (503, "unreachable")
        assert measured(cut)["wattline_database_up"] == 0


def test_metrics_tell_the_age_of_the_oldest_undone_row_of_each_queue(
    client: TestClient, database: Database, vault: Vault, tamper: Break
) -> None:
    with database.write() as session:
        make_bill(session, make_account(session, vault), amount_minor=5_000)
        outbox.add(session, LedgerPosted(book_id=1, ref=1))
    tamper("update outbox set created_at = now() - interval '90 seconds'")
    tamper("update bill set open_minor = open_minor - 1")
    long_ago = "'2026-06-01', '2026-06-01', now() - interval '90 seconds'"
    tamper(
        f"insert into reading_due (look, account_id, first_day, last_day, noted_at) select 'validate', 1, {long_ago}"
    )
    flows.check_next(database, now=clock.now(), most_ranges=1)
    told = measured(client)
    assert {name for name in told if name.startswith("wattline_oldest_pending_seconds")} == {
        f'wattline_oldest_pending_seconds{{queue="{name}"}}'
        for name in (
            *("outbox", "inbox", "messages", "webhooks", "readings", "reading_checks", "set_aside"),
            *("payment_checks", "payment_feed", "files", "refund_checks", "erasures", "data_exports"),
        )
    }
    for name in ("outbox", "reading_checks"):
        assert 90 <= told[f'wattline_oldest_pending_seconds{{queue="{name}"}}'] < 600
    assert told['wattline_pending{queue="outbox"}'] >= 1
    assert told['wattline_broken_invariants{check="bills"}'] == 2
    assert told['wattline_broken_invariants{check="ledger"}'] == 0
    assert told["wattline_stopped_webhooks"] == 0
    assert told["wattline_database_up"] == 1


@pytest.mark.usefixtures("paid")
def test_money_without_a_place_is_told_by_metrics_and_doctor_until_it_has_one(
    client: TestClient, examined: Examined, tamper: Break
) -> None:
    tamper("update payment_suspense set created_at = now() - interval '2 days'")
    told = measured(client)
    assert told["wattline_open_suspense"] == 1
    assert 172_800 <= told["wattline_oldest_suspense_seconds"] < 180_000
    found = examined()["suspense"]
    assert (found.verdict, found.detail) == (
        "warning",
        (
            "1 sums of money wait for a person to say whose they are, the oldest for 2 days: "
            "finance does, in the console under Suspense"
        ),
    )
    tamper("update payment_suspense set created_at = now() - interval '4 days'")
    assert wrong(examined()) == ["suspense"]
    tamper("update payment_suspense set state = 'assigned'")
    assert examined()["suspense"].verdict == "ok"
    told = measured(client)
    assert (told["wattline_open_suspense"], told["wattline_oldest_suspense_seconds"]) == (0, 0)


@pytest.mark.usefixtures("paid")
def test_refunds_are_told_by_metrics_and_doctor_until_they_end(
    client: TestClient,
    examined: Examined,
    tamper: Break,
    database: Database,
    vault: Vault,
    credentials: dict[str, str],
) -> None:
    make.fill(make.provider("http://127.0.0.1:9", make.merchant(credentials)))
    soon_after = datetime(2026, 6, 21, tzinfo=UTC)
    with database.write() as session:
        code = session.sql("select min(code) from unit where parent_id is null").scalar_one()
        member = people.employ(session, vault, role=StaffRole.FINANCE, unit=code, now=soon_after)
        payments.return_to_payer(
            session,
            suspense_id=session.sql("select min(id) from payment_suspense").scalar_one(),
            why="nobody knows the payer",
            by=member.staff_id,
            approved_by=None,
            actor=Actor("staff:x"),
            now=soon_after,
        )
    tamper("update payment_refund set created_at = now()")
    assert examined()["refunds"].verdict == "ok"
    tamper("update payment_refund set created_at = now() - interval '2 days'")
    assert examined()["refunds"].verdict == "wrong"
    told = measured(client)
    assert told['wattline_open_refunds{state="waiting"}'] == 1
    assert 172_800 <= told["wattline_oldest_refund_seconds"] < 180_000
    tamper("update payment_refund set state = 'abnormal', refund_id = 'R1'")
    assert examined()["refunds"].detail.startswith("1 are stuck with their payers")
    assert measured(client)['wattline_open_refunds{state="abnormal"}'] == 1
    tamper("update payment_refund set state = 'done', ended_at = now(), next_check_at = null")
    assert examined()["refunds"].verdict == "ok"


def measured(client: TestClient) -> dict[str, float]:
    told = [line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines() if line[0] != "#"]
    return {name: float(value) for name, value in told}
