"""Web processes under measurement: ours and those of the limits, started alike on one socket each."""

import argparse
import base64
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.types import ASGIApp

from benchmarks.harness import ROOT, START_TIMEOUT_S, VoidRun, process_cpu_us
from core.config import Settings
from tests.support.processes import environment_of

HOST: Final = "bench.test"
PUBLIC_URL: Final = f"http://{HOST}"
BACKLOG: Final = 128
AWAKE_WITHIN_S: Final = 120.0


def deployment(database_url: str, **more: object) -> Settings:
    """Settings of a deployment that serves `HOST`."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    given: dict[str, object] = {
        "environment": "test",
        "database_url": database_url,
        "redis_url": "redis://127.0.0.1:1/0",
        "public_url": PUBLIC_URL,
        "master_key": base64.b64encode(bytes(range(32))).decode(),
        "data_keys": "a:" + base64.b64encode(bytes(range(1, 33))).decode(),
        "token_keys": pem.decode(),
        **more,
    }
    return Settings.model_validate(given)


def serve(app: ASGIApp) -> None:
    """Serve a limit on the socket of `--fd`, with the server's settings of `app.serve`, until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    listener = socket.socket(fileno=parser.parse_args().fd)
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, timeout_keep_alive=20)
    uvicorn.Server(config).run(sockets=[listener])


@dataclass(frozen=True, slots=True)
class Served:
    """Processes that answer on one port."""

    port: int
    pids: tuple[int, ...]

    def cpu_us(self) -> int:
        """CPU that the processes have used, user and system, all threads."""
        return sum(map(process_cpu_us, self.pids))


@contextmanager
def serving(
    command: Sequence[str],
    *,
    settings: Settings,
    log: Path,
    probe: str,
    processes: int = 1,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """`python -m COMMAND --fd N`, as many processes on one socket, until the block ends. `probe` must answer 200."""
    with socket.socket() as listener, log.open("ab") as output:
        listener.bind(("127.0.0.1", 0))
        listener.listen(BACKLOG)
        started = [
            subprocess.Popen(
                [sys.executable, "-m", *command, "--fd", str(listener.fileno())],
                cwd=ROOT,
                env=environment_of(settings, **(variables or {})),
                stdout=output,
                stderr=output,
                pass_fds=[listener.fileno()],
            )
            for _ in range(processes)
        ]
        served = Served(listener.getsockname()[1], tuple(each.pid for each in started))
        try:
            _wait_ready(served, started, probe, log)
            yield served
        finally:
            for each in started:
                each.terminate()
            for each in started:
                each.wait(timeout=START_TIMEOUT_S)


def _wait_ready(served: Served, started: Sequence["subprocess.Popen[bytes]"], probe: str, log: Path) -> None:
    """All have to be awake: one alone would take every connection."""
    limit = time.monotonic() + AWAKE_WITHIN_S
    while not (_answers(served.port, probe) and all(map(_listens, served.pids))):
        if time.monotonic() > limit or any(each.poll() is not None for each in started):
            msg = f"a server did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}"
            raise VoidRun(msg)
        time.sleep(0.05)


def _answers(port: int, probe: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", probe, headers={"Host": HOST})
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _listens(pid: int) -> bool:
    """An event loop exists: uvloop's epoll descriptor is open."""
    folder = Path(f"/proc/{pid}/fd")
    try:
        return any("eventpoll" in str(each.readlink()) for each in folder.iterdir())
    except OSError:
        return False
