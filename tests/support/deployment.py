"""A whole deployment for tests that come from outside: every program as a process of its own, over its own database."""

import base64
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
from psycopg import sql

from app import demo, secrets
from app.commands.demo import furnish
from app.embedded import ValkeyServer, free_port
from app.house import PROFILES, Profile
from core import clock
from core.config import PREFIX, Settings
from core.crypto.vault import Vault
from core.db import Database
from core.http import Client
from services.payments.providers.wechat_pay.adapter import WeChatPay
from tests.factories import payments as paying
from tests.support.processes import running
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until

PATIENCE_S: Final = 150.0
RECEIPT_SECRET: Final = "a-secret-of-the-test"
RELAY: Final = ("-m", "app.relay")
WORKER: Final = (
    *("-m", "celery", "-A", "app.worker", "worker", "-P", "solo"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"),
)


@dataclass(frozen=True)
class Deployment:
    """A supplier at work: web, relay and worker over one database, and the providers they call."""

    settings: Settings
    database: Database
    vault: Vault
    sandbox: SandboxProcess
    provider: WeChatPay
    people: list[dict[str, Any]]
    accounts: dict[str, dict[str, Any]]

    @property
    def url(self) -> str:
        """Where customers reach it."""
        return self.settings.public_url

    def code_for(self, phone: str, *, after: int = 0) -> str:
        """The newest sign-in code that came to a telephone, once more than `after` messages are there."""
        messages = wait_until(
            lambda: (found := self.codes_for(phone))[: len(found) - after],
            timeout_s=PATIENCE_S,
            message=f"no code came to {phone}",
        )
        return str(messages[0])

    def codes_for(self, phone: str) -> list[str]:
        """Sign-in codes that came to a telephone, the newest first."""
        return [each["params"]["code"] for each in self.sandbox.messages(phone) if "code" in each["params"]]

    def act_as_web(self) -> None:
        """Let flows called in this process reach the deployment's provider."""
        paying.fill(self.provider)

    def out_trade_no(self, payment_no: str) -> str:
        """The number under which the provider knows a payment."""
        with self.database.read() as session:
            found: str = session.sql(
                """select a.out_trade_no from payment_attempt a join payment_order o on o.id = a.order_id
                   where o.payment_no = :no order by a.no desc limit 1""",
                no=payment_no,
            ).scalar_one()
        return found

    @contextlib.contextmanager
    def without_table(self, name: str) -> Iterator[None]:
        """While the block runs every statement that reads this table fails: a bug, as far as the web can tell."""
        dsn = self.settings.migration_database_url
        assert dsn is not None
        with psycopg.connect(dsn.get_secret_value(), autocommit=True) as connection:
            old, new = sql.Identifier(name), sql.Identifier(name + "_away")
            connection.execute(sql.SQL("alter table {} rename to {}").format(old, new))
            try:
                yield
            finally:
                connection.execute(sql.SQL("alter table {} rename to {}").format(new, old))


@contextlib.contextmanager
def deployed(
    *, owner_dsn: str, app_dsn: str, token_pem: str, folder: Path, profile: Profile = Profile.CNY, **other: object
) -> Iterator[Deployment]:
    """The demo supplier of a profile over the database of these addresses, until the block ends."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        valkey = ValkeyServer(folder, port=free_port(), password="test")
        valkey.start()
        stack.callback(valkey.stop)
        sandbox = SandboxProcess(
            folder / "sandbox", receipt_url=f"{url}/callbacks/sms/aliyun_sms/{RECEIPT_SECRET}"
        ).start()
        stack.callback(sandbox.stop)
        given = {**secrets.of_sandbox(sandbox.home / "credentials.json"), **PROFILES[profile]}
        named = {name.removeprefix(PREFIX).lower(): value for name, value in given.items()}
        settings = Settings.model_validate(
            {
                **named,
                "environment": "test",
                "home": folder,
                "database_url": app_dsn,
                "migration_database_url": owner_dsn,
                "redis_url": valkey.url,
                "public_url": url,
                "master_key": base64.b64encode(bytes(range(32))).decode(),
                "data_keys": "a:" + base64.b64encode(bytes(range(1, 33))).decode(),
                "token_keys": token_pem,
                "wechat_pay_base_url": sandbox.base_url,
                "wechat_base_url": sandbox.base_url,
                "wechat_open_url": sandbox.base_url,
                "aliyun_sms_base_url": sandbox.base_url,
                "aliyun_sms_receipt_secret": RECEIPT_SECRET,
                "log_level": "WARNING",
                **other,
            }
        )
        database = Database(app_dsn)
        stack.callback(database.close)
        vault = Vault(data_keys=settings.data_key_ring, master_key=settings.master_key_bytes)
        serve = ("-m", "app.serve", "--host", "127.0.0.1", "--port", str(port))
        for name, arguments in (("web", serve), ("relay", RELAY), ("worker", WORKER)):
            stack.enter_context(running(settings, *arguments, log=folder / f"{name}.log"))
        told = furnish(database, settings, supplier=demo.SUPPLIERS[profile.value], now=clock.now())
        _wait_for(f"{url}/readyz", log=folder / "web.log")
        accounts = {each["account_no"]: each for each in told["accounts"]}
        client = Client(sandbox.base_url, name=paying.WECHAT)
        stack.callback(client.close)
        merchant = paying.merchant(sandbox.credentials["wechat_pay"], callback_url=url)
        yield Deployment(settings, database, vault, sandbox, WeChatPay(client, merchant), told["people"], accounts)


def _wait_for(address: str, *, log: Path) -> None:
    limit = time.monotonic() + PATIENCE_S
    with httpx.Client(trust_env=False, timeout=5) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if client.get(address).status_code == httpx.codes.OK:
                    return
            assert time.monotonic() < limit, log.read_text(encoding="utf-8")
            time.sleep(0.05)
