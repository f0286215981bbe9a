"""An address of a merchant that keeps what providers call there, for tests that deliver it themselves."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.waiting import wait_until

MEETING_S = 60
HELD_S = 120


@dataclass
class Call:
    """One request, byte for byte."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came so far, and what it is answered.

    With `meeting` set, answers wait until as many calls are inside as the barrier has parties; with `held`, until that
    is set.
    """

    url: str
    calls: list[Call] = field(default_factory=list)
    status: int = 204
    answer: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    meeting: threading.Barrier | None = None
    held: threading.Event | None = None

    def forget(self) -> None:
        """Be as it was at first, for those who come after others."""
        self.calls.clear()
        self.status, self.answer, self.headers = 204, b"", {}
        self.meeting = self.held = None

    def next_after(self, seen: int) -> Call:
        """The call after the first `seen`; waits for it."""
        wait_until(lambda: len(self.calls) > seen, message="the provider did not call")
        return self.calls[seen]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver while the block runs; it takes everything with 204 until it is told otherwise."""
    receiver = Receiver("")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.calls.append(Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            if receiver.meeting is not None:
                receiver.meeting.wait(MEETING_S)
            if receiver.held is not None:
                receiver.held.wait(HELD_S)
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(receiver.answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
