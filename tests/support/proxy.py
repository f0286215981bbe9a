"""A proxy before PostgreSQL's socket that loses a COMMIT, or its answer: the server has done it, and nobody hears of it."""

import re
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psycopg

SOCKET_NAME: Final = ".s.PGSQL.5432"
COMMIT: Final = b"COMMIT"
TAKE: Final = re.compile(rb"(_pg3_\d+)\x00[^\x00]*payment_take_each\(")
"""The statement that commits by itself gets a name, by which it is run from then on."""


class Proxy:
    """Passes everything on, save what `cut` says."""

    def __init__(self, dsn: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="wl-proxy-"))  # short: the path of a socket has few characters
        given = psycopg.conninfo.conninfo_to_dict(dsn)
        self.dsn = psycopg.conninfo.make_conninfo(dsn, host=str(self.folder))
        self.commits = 0
        self._server = str(Path(str(given["host"])) / SOCKET_NAME)
        self._cut_at: int | None = None
        self._is_passed_on = True
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / SOCKET_NAME))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, at: int | None, *, is_passed_on: bool = True) -> None:
        """Lose the answer to the `at`-th COMMIT, counted from 1, or it and all that follow themselves; None: lose none."""
        with self._lock:
            self.commits, self._cut_at, self._is_passed_on = 0, at, is_passed_on

    def close(self) -> None:
        """Let nobody in any more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        shutil.rmtree(self.folder)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed: it is over
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            is_lost = threading.Event()
            for work in (self._questions, self._answers):
                threading.Thread(target=work, args=(client, server, is_lost), daemon=True).start()

    def _questions(self, client: socket.socket, server: socket.socket, is_lost: threading.Event) -> None:
        runs_take = None
        with suppress(OSError):
            while sent := client.recv(65_536):
                if named := TAKE.search(sent):
                    runs_take = re.compile(rb"B.{4}\x00" + named[1] + rb"\x00", re.DOTALL)
                if COMMIT in sent or (runs_take is not None and runs_take.search(sent)):
                    with self._lock:
                        self.commits += 1
                        if self._cut_at is not None and self.commits >= self._cut_at and not self._is_passed_on:
                            break
                        if self.commits == self._cut_at:
                            is_lost.set()
                server.sendall(sent)
        _end(server)

    def _answers(self, client: socket.socket, server: socket.socket, is_lost: threading.Event) -> None:
        """An answer comes after the work was done: when it is to be lost, it is read and the client is cut off."""
        with suppress(OSError):
            while told := server.recv(65_536):
                if is_lost.is_set():
                    break
                client.sendall(told)
        _end(client)
        client.close()
        server.close()


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(dsn: str) -> Iterator[Proxy]:
    """A proxy before the server of `dsn`."""
    made = Proxy(dsn)
    try:
        yield made
    finally:
        made.close()
