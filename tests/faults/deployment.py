"""A whole deployment as real processes, each of which may be killed, frozen or told to stop, and comes back.

Servers and programs are started by the thread that makes the deployment, and all of them end with it: Linux signals
them when that thread dies.
"""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import psycopg
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import migrations
from app import embedded
from core.config import Settings
from tests.support.nursery import Child
from tests.support.processes import ROOT, environment_of, started
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until
from tools.scratch import Scratch, scratch

WEB: Final = ("web-1", "web-2")
CELERY: Final = ("-m", "celery", "-A", "app.worker")
WORKER: Final = (*CELERY, "worker", "-c", "2", "--without-gossip", "--without-mingle", "-l", "INFO")
BEAT: Final = ("beat", "--pidfile=", "-l", "INFO")
WITHOUT_POLLER: Final = ("-m", "celery", "-A", "tests.faults.without_poller")
READY_S: Final = 90.0
STOP_S: Final = 30.0
RECEIPT_SECRET: Final = "a-secret-of-the-test"


class Program:
    """One of our programs, started again whenever it has ended, as the supervisor does."""

    def __init__(
        self, name: str, arguments: tuple[str, ...], *, environment: Mapping[str, str], log: Path, fds: tuple[int, ...]
    ) -> None:
        self.name = name
        self.starts = 0
        self._arguments, self._environment, self._log, self._fds = arguments, environment, log, fds
        self._process: Child | None = None

    @property
    def pid(self) -> int:
        """The living process."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = started(
                self._arguments,
                cwd=ROOT,
                environment=self._environment,
                stdout=log.fileno(),
                stderr=log.fileno(),
                pass_fds=self._fds,
            )
        self.starts += 1

    def signal(self, number: signal.Signals) -> None:
        """Signal it, if it lives."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def wait(self) -> None:
        """Wait until it has ended; one that does not is killed."""
        assert self._process is not None
        try:
            self._process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def twin(self) -> "Program":
        """Another process of the same kind."""
        return Program(self.name, self._arguments, environment=self._environment, log=self._log, fds=self._fds)

    def kill(self) -> None:
        """Kill it with all below it."""
        below = self.children()
        self.signal(signal.SIGKILL)
        self.wait()
        for child in below:
            _kill(child)

    def children(self) -> list[psutil.Process]:
        """The processes below it."""
        return psutil.Process(self.pid).children(recursive=True)


class Deployment:
    """PostgreSQL, Valkey, the sandbox, two web processes on one socket, relay, worker and clock."""

    def __init__(
        self,
        folder: Path,
        servers: Scratch,
        *,
        has_poller: bool,
        retry_scale: float,
        web_socket: socket.socket,
    ) -> None:
        self.folder, self.servers = folder, servers
        self.url = f"http://127.0.0.1:{web_socket.getsockname()[1]}"
        receipts = f"{self.url}/callbacks/sms/aliyun_sms/{RECEIPT_SECRET}"
        (folder / "sandbox").mkdir()
        self.sandbox = SandboxProcess(folder / "sandbox", receipt_url=receipts, retry_scale=retry_scale).start()
        self.settings = _settings(self.url, servers, self.sandbox)
        descriptor = web_socket.fileno()
        clock = CELERY if has_poller else WITHOUT_POLLER
        serve = ("-m", "app.serve", "--fd", str(descriptor))
        self.programs = {
            **{name: self._program(name, serve, fds=(descriptor,)) for name in WEB},
            "relay": self._program("relay", ("-m", "app.relay")),
            "worker": self._program("worker", WORKER),
            "scheduler": self._program("scheduler", (*clock, *BEAT, "-s", str(folder / "schedule"))),
        }

    def _program(self, name: str, arguments: tuple[str, ...], *, fds: tuple[int, ...] = ()) -> Program:
        environment = environment_of(self.settings)
        return Program(name, arguments, environment=environment, log=self.folder / f"{name}.log", fds=fds)

    @property
    def owner_dsn(self) -> str:
        """The owner's address of the database, for whoever looks from outside."""
        return self.servers.dsn("wattline_owner")

    def start(self) -> None:
        """Start all programs and wait until the portal answers."""
        for program in self.programs.values():
            program.start()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until /readyz is green."""
        wait_until(self._is_ready, timeout_s=READY_S, message=f"/readyz is not green; see {self.folder}")

    def _is_ready(self) -> bool:
        try:
            return httpx.get(self.url + "/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def supervise(self) -> list[str]:
        """Start whatever has ended; answers what that was."""
        ended = [program for program in self.programs.values() if not program.is_alive]
        for program in ended:
            program.start()
        return [program.name for program in ended]

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Kill a program, or ask it to stop, and start it again when it has ended."""
        program = self.programs[name]
        if number is signal.SIGKILL:
            program.kill()
        else:
            program.signal(number)
            program.wait()
        program.start()

    def kill_child(self, name: str) -> None:
        """Kill what works below a program, which must replace it by itself."""
        for child in self.programs[name].children()[-1:]:
            _kill(child)

    def empty_redis(self) -> None:
        """Kill Redis; it comes back without anything."""
        self.servers.valkey.kill()
        for folder in self.servers.valkey.home.glob("appendonlydir"):
            shutil.rmtree(folder)
        self.servers.valkey.start()

    def kill_postgres(self) -> None:
        """Kill PostgreSQL with all its processes, as a power cut does, and start it again."""
        self.cut_power()
        self.start_postgres()

    def cut_power(self) -> None:
        """Kill PostgreSQL with all its processes."""
        postmaster = psutil.Process(self.servers.postgres.pid)
        below = postmaster.children(recursive=True)
        self.servers.postgres.kill()
        for child in below:
            _kill(child)

    def kill_backend(self) -> None:
        """Kill one of PostgreSQL's sessions: the server then throws all of them out and recovers."""
        with psycopg.connect(self.owner_dsn) as connection:
            found = connection.execute(
                "select pid from pg_stat_activity where usename = 'wattline_app' order by random() limit 1"
            ).fetchone()
        if found is not None:
            os.kill(found[0], signal.SIGKILL)

    def start_postgres(self) -> None:
        """Start it where it was killed."""
        limit = time.monotonic() + READY_S
        while True:
            try:
                self.servers.postgres.start()
            except embedded.NoServer:  # what is left of the old one has not gone yet
                assert time.monotonic() < limit, "PostgreSQL does not come back"
            else:
                return

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Stop a program or server (`postgres`, `redis`), with all below it, as a paused machine does."""
        pid = {"postgres": lambda: self.servers.postgres.pid, "redis": lambda: self.servers.valkey.pid}.get(
            name, lambda: self.programs[name].pid
        )()
        process = psutil.Process(pid)
        stopped = [process, *process.children(recursive=True)]
        for each in stopped:
            _signal(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in stopped:
                _signal(each, signal.SIGCONT)

    def stop(self) -> None:
        """Stop all programs and the sandbox."""
        for program in self.programs.values():
            program.signal(signal.SIGCONT)
            program.signal(signal.SIGTERM)
        for program in self.programs.values():
            if program.starts:
                program.wait()
        self.sandbox.stop()


@contextmanager
def deployed(folder: Path, *, has_poller: bool = True, retry_scale: float = 0.02) -> Iterator[Deployment]:
    """A running, migrated deployment without customers; its logs lie in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        servers = stack.enter_context(scratch(durable=True))
        migrations.upgrade(servers.dsn("wattline_owner"))
        web_socket = stack.enter_context(socket.socket())
        web_socket.bind(("127.0.0.1", 0))
        web_socket.listen(1024)
        made = Deployment(folder, servers, has_poller=has_poller, retry_scale=retry_scale, web_socket=web_socket)
        stack.callback(made.stop)
        made.start()
        yield made


def _settings(url: str, servers: Scratch, sandbox: SandboxProcess) -> Settings:
    key = ec.generate_private_key(ec.SECP256R1())
    pay, sms = sandbox.credentials["wechat_pay"], sandbox.credentials["aliyun_sms"]
    given: dict[str, Any] = {
        "environment": "test",
        "home": sandbox.home.parent,
        "database_url": servers.dsn("wattline_app"),
        "migration_database_url": servers.dsn("wattline_owner"),
        "redis_url": servers.redis_url,
        "public_url": url,
        "master_key": base64.b64encode(bytes(range(32))).decode(),
        "data_keys": "a:" + base64.b64encode(bytes(range(1, 33))).decode(),
        "token_keys": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "wechat_pay_base_url": sandbox.base_url,
        "wechat_pay_mchid": pay["mchid"],
        "wechat_pay_appid": pay["appid"],
        "wechat_pay_merchant_serial": pay["merchant_serial"],
        "wechat_pay_merchant_private_key": pay["merchant_private_key"],
        "wechat_pay_apiv3_key": pay["apiv3_key"],
        "wechat_pay_public_key_id": pay["public_key_id"],
        "wechat_pay_public_key": pay["public_key"],
        "aliyun_sms_base_url": sandbox.base_url,
        "aliyun_sms_access_key_id": sms["access_key_id"],
        "aliyun_sms_access_key_secret": sms["access_key_secret"],
        "aliyun_sms_sign_name": sms["sign_name"],
        "aliyun_sms_templates": json.dumps(sms["template_codes"]),
        "aliyun_sms_receipt_secret": RECEIPT_SECRET,
        "payment_most": 10**10,  # clients tell payments apart by powers of two
    }
    return Settings.model_validate(given)


def _kill(process: psutil.Process) -> None:
    _signal(process, signal.SIGKILL)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:  # it ended by itself
        return
