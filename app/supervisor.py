"""`wattline up`: all processes of a deployment on one machine, started in order, restarted when killed."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

import structlog
from circus import get_arbiter
from circus.arbiter import Arbiter
from circus.sockets import CircusSocket

import migrations
from app import embedded, secrets
from app.house import ROOT, House

log = structlog.get_logger(__name__)

WEB_PROCESSES: Final = 2
GRACE_S: Final = 15
READY_S: Final = 120
LOG_BYTES: Final = 10_000_000


class Busy(RuntimeError):
    """Another `wattline up` runs on this home."""


def up(
    home: Path, *, profile: dict[str, str], after_migrations: Callable[[House], None], ready: Callable[[House], None]
) -> None:
    """Run until Ctrl-C or TERM. Raises Busy when the home is taken.

    `after_migrations` is called before the application's processes start, `ready` once the portal answers. `profile`
    are settings of the supplier (`WATTLINE_*`), which the environment's own win over.
    """
    home = home.resolve()
    (home / "run").mkdir(parents=True, exist_ok=True)
    with _lock(home), _short_folder() as sockets:
        house = _house(home, profile)
        house.ready_file.unlink(missing_ok=True)
        arbiter = _arbiter(house, sockets)
        starter = threading.Thread(
            target=_prepare, args=(house, arbiter, after_migrations, ready), name="starter", daemon=True
        )
        starter.start()
        try:
            arbiter.start()
        finally:
            arbiter.stop()
            house.ready_file.unlink(missing_ok=True)


def _prepare(
    house: House, arbiter: Arbiter, after_migrations: Callable[[House], None], ready: Callable[[House], None]
) -> None:
    try:
        postgres = embedded.PostgresServer(house.home)
        postgres.wait_ready()
        migrations.upgrade(postgres.dsn("wattline_owner"))
        after_migrations(house)
        house.ready_file.touch()
        _wait_for(house.url + "/readyz")
        ready(house)
    except Exception:
        log.exception("start_failed", logs=str(house.home / "log"))
        arbiter.loop.add_callback(arbiter.stop)


def _wait_for(url: str) -> None:
    limit = time.monotonic() + READY_S
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 -- our own address
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
            raise Busy(_owner(file)) from error
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}")
        file.flush()
        yield


def _owner(file: IO[str]) -> str:
    file.seek(0)
    return f"process {file.read() or '?'} runs this home already; stop it, or choose another with WATTLINE_HOME"


@contextlib.contextmanager
def _short_folder() -> Iterator[Path]:
    """A folder for circus' sockets, whose paths must stay short whatever the home is called."""
    folder = Path(tempfile.mkdtemp(prefix="wl-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _house(home: Path, profile: dict[str, str]) -> House:
    ports = _ports(home)
    house = House(home, ports["web"], ports["sandbox"], ports["valkey"])
    sandbox_home = home / "sandbox"
    subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "sandbox", "init", "--home", str(sandbox_home)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    postgres = embedded.PostgresServer(home)
    metrics = home / "run" / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir()
    made = {
        "WATTLINE_ENVIRONMENT": "development",
        "WATTLINE_HOME": str(home),
        "WATTLINE_DATABASE_URL": postgres.dsn("wattline_app"),
        "WATTLINE_MIGRATION_DATABASE_URL": postgres.dsn("wattline_owner"),
        "WATTLINE_REDIS_URL": embedded.ValkeyServer(home, port=house.valkey_port).url,
        "WATTLINE_PUBLIC_URL": house.url,
        "WATTLINE_ALLOWED_HOSTS": f"localhost:{house.port}",
        "WATTLINE_WECHAT_PAY_BASE_URL": house.sandbox_url,
        "WATTLINE_ALIYUN_SMS_BASE_URL": house.sandbox_url,
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        "PYTHONPATH": str(ROOT),
        **secrets.of_home(home),
        **secrets.of_sandbox(sandbox_home / "credentials.json"),
        **profile,
    }
    house.variables = {**made, **{name: value for name, value in os.environ.items() if name.startswith("WATTLINE_")}}
    house.variables["WATTLINE_HOME"] = str(home)
    return house


def _ports(home: Path) -> dict[str, int]:
    """The home's ports: what the environment says, else those of the last start, else the usual ones, else free ones."""
    file = home / "run" / "ports.json"
    last = json.loads(file.read_text()) if file.exists() else {}
    wanted = {"web": ("WATTLINE_PORT", 8000), "sandbox": ("WATTLINE_SANDBOX_PORT", 8001), "valkey": ("", 0)}
    chosen: dict[str, int] = {}
    for name, (variable, usual) in wanted.items():
        asked = os.environ.get(variable)
        port = int(asked) if asked else last.get(name, usual)
        chosen[name] = port if asked or (port and _is_free(port)) else embedded.free_port()
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


def _arbiter(house: House, sockets: Path) -> Arbiter:
    (house.home / "log").mkdir(exist_ok=True)
    receipts = f"{house.url}/callbacks/sms/aliyun/{house.variables['WATTLINE_ALIYUN_SMS_RECEIPT_SECRET']}"
    server = ["-m", "app.embedded"]
    sandbox = ["-m", "sandbox", "serve", "--home", str(house.home / "sandbox"), "--host", "127.0.0.1"]
    celery = ["-m", "celery", "-A", "app.worker"]
    schedule = str(house.home / "run" / "schedule")
    watchers = [
        _watcher(
            house, "postgres", [*server, "postgres", "--home", str(house.home)], is_server=True, stop=signal.SIGINT
        ),
        _watcher(
            house,
            "valkey",
            [*server, "valkey", "--home", str(house.home), "--port", str(house.valkey_port)],
            is_server=True,
        ),
        _watcher(
            house,
            "sandbox",
            [*sandbox, "--port", str(house.sandbox_port), "--sms-receipt-url", receipts],
            is_server=True,
        ),
        _watcher(house, "web", ["-m", "app.serve", "--fd", "$(circus.sockets.web)"], processes=WEB_PROCESSES),
        _watcher(house, "relay", ["-m", "app.relay"]),
        _watcher(
            house,
            "worker",
            [*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle", "-l", "WARNING"],
        ),
        _watcher(house, "scheduler", [*celery, "beat", "-s", schedule, "--pidfile=", "-l", "WARNING"]),
    ]
    return get_arbiter(
        watchers,
        controller=f"ipc://{sockets}/c",
        pubsub_endpoint=f"ipc://{sockets}/p",
        sockets=[CircusSocket("web", host="127.0.0.1", port=house.port, backlog=1024)],
        background=False,
        check_delay=0.5,
        warmup_delay=0,
        proc_name=None,
    )


def _watcher(
    house: House,
    name: str,
    arguments: list[str],
    *,
    is_server: bool = False,
    stop: signal.Signals = signal.SIGTERM,
    processes: int = 1,
) -> dict[str, Any]:
    gate = [] if is_server else ["--after", str(house.ready_file)]
    stream = {
        "class": "FileStream",
        "filename": str(house.home / "log" / f"{name}.log"),
        "max_bytes": LOG_BYTES,
        "backup_count": 2,
    }
    return {
        "name": name,
        "cmd": sys.executable,
        "args": ["-m", "app.child", *gate, "--", sys.executable, *arguments],
        "working_dir": str(ROOT),
        "env": {**os.environ, **house.variables},
        "numprocesses": processes,
        "use_sockets": name == "web",
        "stop_signal": stop,
        "graceful_timeout": GRACE_S,
        "max_retry": -1,
        "close_child_stdin": True,
        "stdout_stream": stream,
        "stderr_stream": stream,
        "priority": 10 if is_server else 1,
    }
