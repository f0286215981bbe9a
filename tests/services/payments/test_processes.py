"""Payments through real processes: two web servers, worker, clock and relay, killed, cut off, and asked all at once."""

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from app.embedded import free_port
from core import clock
from core.config import Settings
from core.crypto.tokens import TokenKeys
from core.crypto.vault import Vault
from core.db import Database
from sandbox import credentials
from services.payments import queries
from tests.conftest import Servers, cloned, deployment
from tests.factories import identity as people
from tests.factories import payments as make
from tests.factories.payments import Household
from tests.support.processes import running
from tests.support.receiver import Call, Receiver, receiving
from tests.support.sandbox import SandboxProcess
from tests.support.served import Served, serving
from tests.support.town import deployed
from tests.support.waiting import wait_until
from tests.support.wechat_notices import URL, notice, paid, signed

PATIENCE_S: Final = 90.0
QUIET: Final = ("--without-gossip", "--without-mingle", "-l", "INFO")
WORKER: Final = ("-m", "celery", "-A", "app.worker", "worker", "-P", "solo", *QUIET)
RELAY: Final = ("-m", "app.relay")


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def database_name(servers: Servers) -> Iterator[str]:
    with cloned(servers) as name:
        yield name


@pytest.fixture(scope="module")
def settings(
    servers: Servers, database_name: str, token_pem: str, running_sandbox: SandboxProcess, receiver: Receiver
) -> Settings:
    """One deployment for the module; its provider calls the receiver, and the tests pass on what came there."""
    made = deployment(
        owner_dsn=servers.owner(database_name),
        app_dsn=servers.app(database_name),
        redis_url=servers.redis_url,
        token_pem=token_pem,
    )
    return deployed(made, running_sandbox, callback_url=receiver.url)


@pytest.fixture(scope="module")
def database(settings: Settings) -> Iterator[Database]:
    made = Database(settings.database_url.get_secret_value())
    yield made
    made.close()


@pytest.fixture(scope="module")
def webs(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Served]]:
    """Two web processes of one deployment."""
    folder = tmp_path_factory.mktemp("webs")
    with ExitStack() as stack:
        yield [stack.enter_context(serving(settings, log=folder / f"web{place}.log")) for place in range(2)]


@pytest.fixture(autouse=True)
def house(settings: Settings, sandbox: SandboxProcess, receiver: Receiver) -> Iterator[None]:
    """This process starts payments as the web does, and the provider calls the receiver unless told otherwise."""
    account = make.merchant(sandbox.credentials["wechat_pay"], callback_url=receiver.url)
    make.fill(make.provider(sandbox.base_url, account))
    assert settings.wechat_pay_base_url == sandbox.base_url
    yield
    make.close_clients()


@pytest.fixture
def home(database: Database, vault: Vault) -> Household:
    return make.household(database, vault)


def begin(database: Database, vault: Vault, home: Household) -> tuple[str, str]:
    """A payment that waits for its payer: its number here and at the provider."""
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    return no, make.latest(database, no).out_trade_no


def call_of(sandbox: SandboxProcess, receiver: Receiver, out_trade_no: str) -> Call:
    seen = len(receiver.calls)
    sandbox.pay(out_trade_no)
    call = receiver.next_after(seen)
    return replace(call, headers={name: value for name, value in call.headers.items() if name.startswith("wechatpay-")})


def post(web: Served, call: Call) -> int:
    with web.client() as client:
        headers = {**call.headers, "content-type": "application/json"}
        return client.post(URL, content=call.body, headers=headers).status_code


def state(database: Database, home: Household, no: str) -> str:
    with database.read() as session:
        found = queries.payment(session, payment_no=no, user_id=home.user_id, now=clock.now())
    assert found is not None
    return found.state


def booked(database: Database, home: Household) -> int:
    """How many payments lie in the household's book."""
    with database.read() as session:
        found: int = session.sql(
            """select count(*) from txn t join book b on b.id = t.book_id
               where b.owner_kind = 'account' and b.owner_id = :id and t.source = 5""",
            id=home.account.id,
        ).scalar_one()
    return found


def receipts(database: Database, home: Household) -> dict[str, str]:
    """Text messages to the payer: intent and state."""
    with database.read() as session:
        rows = session.sql(
            """select intent, state from message
               where owner = :who and channel = 'sms' and template = 'payment_receipt'""",
            who=f"user:{home.user_id}",
        )
        return {row.intent: row.state for row in rows}


def test_a_notice_sent_twenty_times_at_once_to_two_processes_is_booked_once(
    database: Database,
    vault: Vault,
    home: Household,
    webs: Sequence[Served],
    sandbox: SandboxProcess,
    receiver: Receiver,
) -> None:
    no, number = begin(database, vault, home)
    call, together = call_of(sandbox, receiver, number), threading.Barrier(20)

    def send(place: int) -> int:
        together.wait()
        return post(webs[place % 2], call)

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(send, range(20)))
    assert statuses == [204] * 20
    assert (booked(database, home), state(database, home, no)) == (1, "paid")
    with database.read() as session:
        told = session.sql(
            "select count(*) from outbox where kind = 1 and payload ->> 'attempt_id' = :id",
            id=str(make.latest(database, no).id),
        ).scalar_one()
    assert told == 1


def test_a_payment_reaches_a_stream_of_another_process_without_a_reload(
    database: Database,
    vault: Vault,
    home: Household,
    settings: Settings,
    webs: Sequence[Served],
    sandbox: SandboxProcess,
    receiver: Receiver,
) -> None:
    no, number = begin(database, vault, home)
    with database.write() as session:
        app = people.app_session(session, user_id=home.user_id)
    keys = TokenKeys(settings.token_keys.get_secret_value(), issuer=settings.public_url, audience=settings.public_url)
    headers = {"authorization": f"Bearer {people.access_token(keys, app)}"}
    seen: list[dict[str, Any]] = []
    with webs[0].client() as client, client.stream("GET", f"/api/v1/payments/{no}/events", headers=headers) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                seen.append(json.loads(line.removeprefix("data: ")))
            if len(seen) == 1 and not booked(database, home):
                assert post(webs[1], call_of(sandbox, receiver, number)) == 204
        polled = client.get(f"/api/v1/payments/{no}", headers=headers).json()
    assert [each["state"] for each in seen] == ["waiting", "paid"]
    assert seen[-1] == polled


def test_while_the_database_is_away_nothing_is_acknowledged_and_the_repetition_is_booked(
    database: Database,
    vault: Vault,
    home: Household,
    webs: Sequence[Served],
    servers: Servers,
    database_name: str,
    sandbox: SandboxProcess,
    receiver: Receiver,
) -> None:
    no, number = begin(database, vault, home)
    call = call_of(sandbox, receiver, number)
    name = sql.Identifier(database_name)
    with psycopg.connect(servers.admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("alter database {} allow_connections false").format(name))
        try:
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (database_name,))
            assert [post(web, call) for web in webs] == [503, 503]
        finally:
            admin.execute(sql.SQL("alter database {} allow_connections true").format(name))
    assert [post(web, call) for web in webs] == [204, 204]
    assert (booked(database, home), state(database, home, no)) == (1, "paid")


@pytest.mark.parametrize(
    ("point", "before"), [("payments.callback.before_take", "waiting"), ("payments.callback.taken", "paid")]
)
def test_a_process_killed_around_its_commit_is_told_again_and_books_once(
    database: Database,
    vault: Vault,
    home: Household,
    settings: Settings,
    sandbox: SandboxProcess,
    tmp_path: Path,
    point: str,
    before: str,
) -> None:
    port = free_port()
    given = sandbox.credentials["wechat_pay"]
    make.fill(make.provider(sandbox.base_url, make.merchant(given, callback_url=f"http://127.0.0.1:{port}")))
    own = Settings.model_validate({**settings.model_dump(), "callback_url": f"http://127.0.0.1:{port}"})
    no, number = begin(database, vault, home)
    with serving(own, log=tmp_path / "killed.log", port=port, WATTLINE_FAULT=f"{point}:kill") as web:
        sandbox.pay(number)
        wait_until(lambda: not web.is_alive(), timeout_s=PATIENCE_S, message="the process did not reach the point")
    assert state(database, home, no) == before

    def is_acknowledged() -> bool:
        told = sandbox.order(number)
        return told is not None and all("204" in each["last_status"] for each in told["callbacks"])

    with serving(own, log=tmp_path / "web.log", port=port):
        wait_until(is_acknowledged, timeout_s=PATIENCE_S, message="the provider was not answered")
    assert (booked(database, home), state(database, home, no)) == (1, "paid")


def test_keys_that_change_under_load_lose_no_notice(
    database: Database,
    vault: Vault,
    settings: Settings,
    sandbox: SandboxProcess,
    tmp_path: Path,
) -> None:
    """Notices signed and sealed by the old keys, by the new ones, and by the certificate come mixed, many at once."""
    credentials.init(tmp_path / "new")
    old = credentials.load(sandbox.home)
    new = replace(credentials.load(tmp_path / "new"), mchid=old.mchid, appid=old.appid)
    given = json.loads((tmp_path / "new" / "credentials.json").read_text(encoding="utf-8"))["wechat_pay"]
    both = Settings.model_validate(
        {
            **settings.model_dump(),
            "wechat_pay_apiv3_key": f"{given['apiv3_key']},{settings.wechat_pay_apiv3_key.get_secret_value()}",
            "wechat_pay_public_key_id": f"{given['public_key_id']},{settings.wechat_pay_public_key_id}",
            "wechat_pay_public_key": given["public_key"] + settings.wechat_pay_public_key,
            "wechat_pay_certificates": old.certificate_pem,
        }
    )
    homes = [make.household(database, vault) for _ in range(12)]
    numbers = [begin(database, vault, home)[1] for home in homes]

    def told(place: int) -> Call:
        signer, sealer = ((old, old), (new, old), (new, new), (old, new))[place % 4]
        resource = paid(old, numbers[place], amount={"total": 10_000, "currency": "CNY"})
        body = notice(sealer, resource, number=f"rotated-{place}")
        return signed(signer, body, serial=old.certificate_serial if place % 8 == 0 else None)

    with serving(both, log=tmp_path / "web.log") as web, ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda place: post(web, told(place)), range(len(homes))))
    assert statuses == [204] * len(homes)
    assert [booked(database, home) for home in homes] == [1] * len(homes)


@pytest.fixture(scope="module")
def crew(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Path]]:
    """Worker, clock and relay of the deployment; answers their logs. Tests that need them come last."""
    folder = tmp_path_factory.mktemp("crew")
    clock_ = ("-m", "celery", "-A", "app.worker", "beat", "-s", str(folder / "schedule"), "--pidfile=", "-l", "INFO")
    with ExitStack() as stack:
        for name, command in {"worker": WORKER, "beat": clock_, "relay": RELAY}.items():
            stack.enter_context(running(settings, *command, log=folder / f"{name}.log"))
        yield [folder / f"{name}.log" for name in ("worker", "beat", "relay")]


def test_without_redis_money_is_booked_and_receipts_follow_once_per_payment(
    database: Database,
    vault: Vault,
    home: Household,
    settings: Settings,
    sandbox: SandboxProcess,
    receiver: Receiver,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """Two attempts for one bill are both paid while Redis is away: the bill is paid once, the rest is credited."""
    cut_off = Settings.model_validate({**settings.model_dump(), "redis_url": f"redis://127.0.0.1:{free_port()}/0"})
    started = [begin(database, vault, home) for _ in range(2)]
    with serving(cut_off, log=tmp_path / "web.log") as web:
        for _, number in started:
            call = call_of(sandbox, receiver, number)
            assert [post(web, call) for _ in range(3)] == [204] * 3
    assert booked(database, home) == 2
    with database.read() as session:
        open_minor = session.sql("select open_minor from bill where account_id = :id", id=home.account.id).scalar_one()
        prepaid = session.sql(
            """select v.balance from balance v join book b on b.id = v.book_id join ledger_code c on c.code = v.code
               where b.owner_kind = 'account' and b.owner_id = :id and c.name = 'prepaid'""",
            id=home.account.id,
        ).scalar_one()
    assert (open_minor, prepaid) == (0, 10_000)

    def are_sent() -> bool:
        states = receipts(database, home).values()
        return len(states) == len(started) and set(states) <= {"accepted", "delivered"}

    logs = [tmp_path / "web.log", *request.getfixturevalue("crew")]
    wait_until(are_sent, timeout_s=PATIENCE_S, message="the receipts were not sent")
    intents = {f"payment_receipt:{make.latest(database, no).id}" for no, _ in started}
    assert receipts(database, home).keys() == intents
    nothing_secret(settings, sandbox, logs)


def nothing_secret(settings: Settings, sandbox: SandboxProcess, logs: Sequence[Path]) -> None:
    """What may stand in no log: keys, what opens accounts, whole telephone numbers, what a notice held."""
    written = "".join(log.read_text(encoding="utf-8") for log in logs)
    assert "callbacks/wechat-pay" in written
    paid = [order for order in sandbox.orders() if order["openid"]]
    texts = [message["text"] for message in sandbox.messages()]
    secrets = {
        settings.wechat_pay_apiv3_key.get_secret_value(),
        settings.wechat_pay_merchant_private_key.get_secret_value().splitlines()[1],
        settings.aliyun_sms_access_key_secret.get_secret_value(),
        settings.master_key.get_secret_value(),
        settings.database_url.get_secret_value(),
        *(order["openid"] for order in paid),
        *(message["phone"] for message in sandbox.messages()),
        *texts,
    }
    assert paid
    assert texts
    assert [secret for secret in secrets if secret and secret in written] == []


@pytest.mark.usefixtures("crew")
def test_the_clock_finds_a_payment_of_which_nobody_was_told(
    database: Database,
    vault: Vault,
    home: Household,
    sandbox: SandboxProcess,
) -> None:
    sandbox.fault("wechat_pay.notify", "drop")
    no, number = begin(database, vault, home)
    sandbox.pay(number)
    with database.write() as session:
        session.sql("update payment_attempt set next_check_at = now() where out_trade_no = :no", no=number)
    wait_until(
        lambda: state(database, home, no) == "paid",
        timeout_s=PATIENCE_S,
        message="the poller did not find the payment",
    )
    assert booked(database, home) == 1
