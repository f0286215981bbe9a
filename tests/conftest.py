"""Real servers for every test: one embedded PostgreSQL and one Valkey per run, a migrated template, a fresh clone per test."""

import base64
import contextlib
import gc
import json
import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from psycopg import sql

import migrations
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from tests.support.receiver import Receiver, receiving
from tests.support.sandbox import SandboxProcess
from tests.support.town import Town, standing_in
from tools.scratch import scratch

pytest_plugins = ["tests.support.browser"]

TEMPLATE = "wattline_template"
FIRST = (
    *(
        "tests/faults/test_crash_points",
        "tests/portal/test_pages",
        "tests/access/test_matrix",
        "tests/app/test_supervisor",
    ),
    *(
        "tests/journeys/test_trouble",
        "tests/portal/test_staff_pages",
        "tests/faults/test_chaos",
        "tests/hostile/test_forms",
    ),
    *("tests/faults", "tests/journeys", "tests/services/payments", "tests/portal", "tests/services", "tests/app"),
)
"""Whole files go to one of three processes, the longest first: so all are done at about the same time."""

SERVERS = "WATTLINE_TEST_SERVERS"
FRESH_S = 240
"""How long a town is copied: its payments under way end half an hour after its founding."""


@dataclass(frozen=True)
class Servers:
    """Addresses of the run's servers."""

    admin_dsn: str
    owner_dsn: str
    app_dsn: str
    redis_url: str

    def owner(self, name: str) -> str:
        """Owner address of one database."""
        return psycopg.conninfo.make_conninfo(self.owner_dsn, dbname=name)

    def app(self, name: str) -> str:
        """Application address of one database."""
        return psycopg.conninfo.make_conninfo(self.app_dsn, dbname=name)


def _log_plainly() -> None:
    """structlog's own default writes out every local of every frame of an exception: minutes where tests raise many."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, in the process that starts the workers, and make the template."""
    _log_plainly()
    if hasattr(config, "workerinput") or config.option.collectonly or os.environ.get(SERVERS):
        return
    stack = contextlib.ExitStack()
    running = stack.enter_context(scratch(durable=False))
    servers = Servers(
        running.dsn("postgres", "postgres"),
        running.dsn("wattline_owner"),
        running.dsn("wattline_app"),
        running.redis_url,
    )
    migrations.upgrade(servers.owner_dsn)
    with psycopg.connect(servers.admin_dsn, autocommit=True) as connection:
        name = psycopg.conninfo.conninfo_to_dict(servers.owner_dsn)["dbname"]
        connection.execute(
            sql.SQL("alter database {} rename to {}").format(sql.Identifier(str(name)), sql.Identifier(TEMPLATE))
        )
    os.environ[SERVERS] = json.dumps(servers.__dict__)
    config.add_cleanup(stack.close)
    config.add_cleanup(lambda: os.environ.__delitem__(SERVERS))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first."""

    def place(item: pytest.Item) -> int:
        return next((place for place, path in enumerate(FIRST) if item.nodeid.startswith(path)), len(FIRST))

    items.sort(key=place)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the collector of garbage need not look through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def servers() -> Servers:
    """The run's servers."""
    return Servers(**json.loads(os.environ[SERVERS]))


@contextlib.contextmanager
def cloned(servers: Servers, template: str | None = None) -> Iterator[str]:
    """A fresh clone of the migrated template or of another database that nobody is connected to, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(servers.admin_dsn, autocommit=True) as connection:
        made = sql.SQL("create database {} template {} strategy file_copy owner wattline_owner")
        connection.execute(made.format(sql.Identifier(name), sql.Identifier(template or TEMPLATE)))
        yield name
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def database_name(servers: Servers) -> Iterator[str]:
    """The test's own database."""
    with cloned(servers) as name:
        yield name


@pytest.fixture
def owner_dsn(servers: Servers, database_name: str) -> str:
    """Owner's address of the test's database."""
    return servers.owner(database_name)


@pytest.fixture
def app_dsn(servers: Servers, database_name: str) -> str:
    """The weak role's address of the test's database."""
    return servers.app(database_name)


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """The run's Valkey; tests must use keys of their own."""
    return servers.redis_url


@pytest.fixture
def database(app_dsn: str) -> Iterator[Database]:
    """The test's database as the application sees it."""
    made = Database(app_dsn)
    yield made
    made.close()


@pytest.fixture(scope="session")
def token_pem() -> str:
    """A P-256 private key."""
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode()
    )


def deployment(*, owner_dsn: str, app_dsn: str, redis_url: str, token_pem: str) -> Settings:
    """Settings of a test deployment without providers; `model_copy(update=...)` makes variants."""
    return Settings(
        environment="test",
        home=Path(tempfile.gettempdir()),
        database_url=app_dsn,
        migration_database_url=owner_dsn,
        redis_url=redis_url,
        public_url="http://testserver",
        master_key=base64.b64encode(bytes(range(32))).decode(),
        data_keys="a:" + base64.b64encode(bytes(range(1, 33))).decode(),
        token_keys=token_pem,
    )


@pytest.fixture
def settings(owner_dsn: str, app_dsn: str, redis_url: str, token_pem: str) -> Settings:
    """The test's deployment, over its own database."""
    return deployment(owner_dsn=owner_dsn, app_dsn=app_dsn, redis_url=redis_url, token_pem=token_pem)


@pytest.fixture
def vault(settings: Settings) -> Vault:
    """The test deployment's vault."""
    return Vault(data_keys=settings.data_key_ring, master_key=settings.master_key_bytes)


@pytest.fixture(scope="session")
def town_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """The providers of all towns of this worker."""
    started = SandboxProcess(tmp_path_factory.mktemp("sandbox")).start()
    yield started
    started.stop()


class Foundings:
    """Towns are copies: founding one asks for a thousand statements and twenty orders, and each of eighty modules has one."""

    def __init__(self, servers: Servers, token_pem: str, sandbox: SandboxProcess, receiver: Receiver) -> None:
        self._servers, self._token_pem, self._sandbox, self._receiver = servers, token_pem, sandbox, receiver
        self._stack = contextlib.ExitStack()
        self._first: tuple[str, Town, list[str]] | None = None
        self._made_at = 0.0

    @contextlib.contextmanager
    def copied(self) -> Iterator[Town]:
        """A town as it was on the day of its founding, in our books and in the provider's."""
        if self._first is None or time.monotonic() > self._made_at + FRESH_S:
            self.close()
            self._made_at = time.monotonic()
            self._first = self._found()
        template, first, orders = self._first
        self._sandbox.put_back(orders)
        self._receiver.forget()
        with (
            cloned(self._servers, template) as name,
            standing_in(self._deployment(name), self._sandbox, self._receiver, copy_of=first) as town,
            town.client,
        ):
            yield town

    def close(self) -> None:
        """Take the first of them away."""
        self._stack.close()

    def _found(self) -> tuple[str, Town, list[str]]:
        name = self._stack.enter_context(cloned(self._servers))
        with (
            standing_in(self._deployment(name), self._sandbox, self._receiver) as town,
            town.runtime.db.read() as session,
        ):
            orders = session.sql("select out_trade_no from payment_attempt").scalars().all()
        return name, town, list(orders)

    def _deployment(self, name: str) -> Settings:
        return deployment(
            owner_dsn=self._servers.owner(name),
            app_dsn=self._servers.app(name),
            redis_url=self._servers.redis_url,
            token_pem=self._token_pem,
        )


@pytest.fixture(scope="session")
def foundings(servers: Servers, token_pem: str, town_sandbox: SandboxProcess) -> Iterator[Foundings]:
    """The towns of this worker."""
    with receiving() as receiver, contextlib.closing(Foundings(servers, token_pem, town_sandbox, receiver)) as made:
        yield made


@pytest.fixture(scope="module")
def town(town_sandbox: SandboxProcess, foundings: Foundings) -> Iterator[Town]:
    """One town for all tests of a module: they must not rely on what another left or took away."""
    town_sandbox.clear_faults()
    with foundings.copied() as copy:
        yield copy
