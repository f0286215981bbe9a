"""A server that speaks HTTP badly, on purpose and without end: what a broken provider or a box in between may send."""

import itertools
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

HEAD: Final = b"HTTP/1.1 200 OK\r\n"
PAUSE_S: Final = 0.02
ZEROS: Final = bytes(65_536)
GIGABYTE: Final = 1_000_000_000


def _slowly(first: bytes, again: bytes) -> Iterator[bytes]:
    """A little at a time, for ever."""
    yield first
    pause = threading.Event()
    while not pause.wait(PAUSE_S):
        yield again


def _huge() -> Iterator[bytes]:
    yield HEAD + b"content-length: %d\r\n\r\n" % GIGABYTE
    yield from itertools.repeat(ZEROS, GIGABYTE // len(ZEROS))


LIES: Final[Mapping[str, Iterable[bytes] | None]] = {
    "says nothing": None,
    "never ends its headers": (),
    "never ends its body": (),
    "sends a gigabyte": (),
    "sends an endless header": (),
    "breaks off": (HEAD + b"content-length: 100\r\n\r\n{",),
    "hangs up": (b"",),
    "speaks something else": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",),
    "answers an unsigned page": (
        HEAD + b"content-type: text/html\r\ncontent-length: 20\r\n\r\n<html>Login</html>\r\n",
    ),
    "answers unsigned JSON": (
        HEAD + b"content-type: application/json\r\ncontent-length: 27\r\n\r\n" + b'{"code_url":"weixin://fake"}'[:27],
    ),
    "is out of order": (b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\n\r\n<html>",),
}  # fmt: skip
"""What it does, by name; None holds the line."""


def _says(lie: str) -> Iterable[bytes]:
    match lie:
        case "never ends its headers":
            return _slowly(HEAD, b"x: y\r\n")
        case "never ends its body":
            return _slowly(HEAD + b"content-length: 900000\r\n\r\n", b" ")
        case "sends a gigabyte":
            return _huge()
        case "sends an endless header":
            return itertools.chain([HEAD + b"x: "], itertools.repeat(b"y" * 65_536))
        case _:
            return LIES[lie] or ()


class Liar:
    """Tells one lie to whoever connects. `sent` counts the bytes that a caller took."""

    def __init__(self, lie: str) -> None:
        self.sent = 0
        self._lie = lie
        self._over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # closed: it is over
                return
            thread = threading.Thread(target=self._lie_to, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _lie_to(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65_536)
            if LIES[self._lie] is None:
                connection.settimeout(PAUSE_S)
                while not self._over.is_set():
                    with suppress(TimeoutError):
                        if not connection.recv(1):
                            return
            for part in _says(self._lie):
                if self._over.is_set():
                    return
                connection.sendall(part)
                self.sent += len(part)

    def close(self) -> None:
        """Lie to nobody any more."""
        self._over.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(10)


@contextmanager
def lying(lie: str) -> Iterator[Liar]:
    """A liar, until the block ends."""
    made = Liar(lie)
    try:
        yield made
    finally:
        made.close()
