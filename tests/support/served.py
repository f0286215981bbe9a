"""The application as a process of its own behind a real socket, for what only bytes on a wire can tell."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import uvicorn
from starlette.types import ASGIApp

from app.embedded import free_port
from app.wire import BoundedProtocol
from core.config import Settings
from tests.support.processes import running
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Served:
    """Where it listens, the Host that it answers to, and its log."""

    port: int
    host: str
    log: Path

    @property
    def base_url(self) -> str:
        """Its address; ask with `Host`."""
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        """A client that names the right host."""
        return httpx.Client(
            base_url=self.base_url, headers={"host": self.host}, timeout=60, trust_env=False, follow_redirects=False
        )

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def is_alive(self) -> bool:
        """Whether it answers."""
        with self.client() as client:
            try:
                return client.get("/livez").status_code == httpx.codes.OK
            except httpx.TransportError:
                return False


@contextmanager
def serving(
    settings: Settings,
    *,
    log: Path,
    port: int | None = None,
    program: tuple[str, ...] = ("-m", "app.serve"),
    **variables: str,
) -> Iterator[Served]:
    """One web process over a test's database while the block runs."""
    chosen = port or free_port()
    made = Served(chosen, urlsplit(settings.public_url).netloc, log)
    settings = settings.model_copy(update={"allowed_hosts": f"127.0.0.1:{chosen}"})
    command = (*program, "--host", "127.0.0.1", "--port", str(made.port))
    with running(settings, *command, log=log, **variables) as process:

        def is_up() -> bool:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            return made.is_alive()

        wait_until(is_up, timeout_s=60, message="the web process did not start")
        yield made


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """Signals belong to the test's process."""


@contextmanager
def listening(app: ASGIApp) -> Iterator[int]:
    """The port of an application that a thread of this process serves while the block runs."""
    server = _Server(
        uvicorn.Config(app, port=0, http=BoundedProtocol, log_config=None, access_log=False, lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, message="the application did not start")
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
