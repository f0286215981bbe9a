"""HTTP/1.1 as our web processes speak it: uvicorn's protocol, with a deadline and a size for a request's head.

The parser waits for ever for a head that drips or never ends, and keeps all of it; `web.guard` sees a request only
when its head is whole.
"""

import asyncio
from typing import Final
from urllib.parse import urlsplit

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from web.guard import AUTHORITY

HEAD_DEADLINE_S: Final = 10.0
MAX_HEAD_BYTES: Final = 32_768
"""Twice what the guard lets through, so that it is the guard that refuses honest mistakes with a problem."""

_TIMEOUT: Final = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose next head does not come in time, or does not end."""

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _is_in_head = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn's own
        """Wait for the first head."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._is_in_head = True

    def on_headers_complete(self) -> None:
        """The head is whole. Whom an absolute target names is for the guard to judge: it outweighs Host (RFC 9112)."""
        self._is_in_head = False
        self._stop_waiting()
        if not self.url.startswith(b"/"):
            self.scope[AUTHORITY] = urlsplit(self.url).netloc.decode("ascii", "replace").lower()  # type: ignore[typeddict-unknown-key] # our own
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head has no end. Most heads come whole, and need no deadline."""
        super().data_received(data)
        if self._is_in_head and self._deadline is None:
            self._wait_for_head()
        if self._deadline is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(_TOO_LARGE)

    def _wait_for_head(self) -> None:
        self._head_bytes = 0
        self._deadline = self.loop.call_later(HEAD_DEADLINE_S, self._refuse, _TIMEOUT)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, answer: bytes) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()
