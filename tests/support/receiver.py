"""An address of a merchant that keeps what providers call there, for tests that deliver it themselves."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.waiting import wait_until


@dataclass
class Call:
    """One request, byte for byte."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came so far."""

    url: str
    calls: list[Call] = field(default_factory=list)

    def next_after(self, seen: int) -> Call:
        """The call after the first `seen`; waits for it."""
        wait_until(lambda: len(self.calls) > seen, timeout_s=30, message="the provider did not call")
        return self.calls[seen]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver while the block runs; it takes everything with 204."""
    receiver = Receiver("")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.calls.append(Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
