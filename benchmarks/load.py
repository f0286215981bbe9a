"""A load generator small enough to be beside the point: HTTP/1.1 over raw sockets, the same for every variant.

Closed loop (`hammer`): each connection sends its next request when the last is answered. Open loop (`pace`): requests
leave at a fixed rate whatever the server does, and are timed from the moment at which they were due.
"""

import asyncio
import collections
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import uvloop

Next = Callable[[], bytes | None]
"""The next request, or None when there is none left."""

HEAD_END: Final = b"\r\n\r\n"
LAST_CHUNK: Final = b"\r\n0\r\n\r\n"
ANSWER_TIMEOUT_S: Final = 60.0
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(slots=True)
class Load:
    """What came back: seconds per answer in `waits`, how often each status, and how long it all took."""

    waits: list[float] = field(default_factory=list)
    statuses: collections.Counter[int] = field(default_factory=collections.Counter)
    lasted_s: float = 0.0
    lost: Exception | None = None

    @property
    def per_s(self) -> float:
        """Answers per second."""
        return len(self.waits) / self.lasted_s

    def percentile_ms(self, share: float) -> float:
        """The wait that this share of all answers did not exceed."""
        ordered = sorted(self.waits)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection(asyncio.Protocol):
    """One keep-alive connection with one request under way at a time."""

    def __init__(self, load: Load, answered: "Callable[[_Connection], None]") -> None:
        self._load = load
        self._answered = answered
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._since: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready for the first request."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        """Without its answer a request counts as lost, and ends the run."""
        if self._since is not None:
            self._load.lost = exc or ConnectionError("the server closed a connection instead of answering")

    def send(self, request: bytes, *, since: float) -> None:
        """Send one request, whose wait counts from `since`."""
        assert self._transport is not None
        self._since = since
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Collect an answer: what follows is sent when it is whole."""
        self._received += data
        end = self._received.find(HEAD_END)
        if end < 0 or not self._is_whole(end):
            return
        assert self._since is not None
        self._load.waits.append(time.perf_counter() - self._since)
        self._load.statuses[int(self._received[9:12])] += 1
        self._received = b""
        self._since = None
        self._answered(self)

    def _is_whole(self, end: int) -> bool:
        if length := _LENGTH.search(self._received, 0, end):
            return len(self._received) >= end + len(HEAD_END) + int(length[1])
        is_chunked = b"transfer-encoding: chunked" in self._received[:end].lower()
        return not is_chunked or self._received.endswith(LAST_CHUNK)

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.close()


def hammer(port: int, following: Next, *, connections: int, seconds: float | None = None) -> Load:
    """Send as fast as `connections` are answered, until there is no next request or the time is over."""
    return _run(lambda load: _hammer(load, port, following, connections, seconds))


def pace(port: int, requests: Sequence[bytes], due_s: Sequence[float], *, connections: int) -> Load:
    """Send each request when it is due (ascending, in seconds from the start); a wait begins when it was due."""
    return _run(lambda load: _pace(load, port, zip(due_s, requests, strict=True), connections))


def _run(work: Callable[[Load], Awaitable[None]]) -> Load:
    load = Load()

    async def measured() -> None:
        await work(load)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measured())
    return load


async def _open(load: Load, port: int, count: int, answered: Callable[[_Connection], None]) -> list[_Connection]:
    """One after the other, so that several processes on one socket each get their share."""
    loop = asyncio.get_running_loop()
    opened = []
    for _ in range(count):
        _, connection = await loop.create_connection(lambda: _Connection(load, answered), "127.0.0.1", port)
        opened.append(connection)
    return opened


async def _all_answered(load: Load, is_quiet: Callable[[], bool], opened: Sequence[_Connection]) -> None:
    """Wait for the last answers; raises what broke a connection, and TimeoutError when the server does not answer."""
    answered, since = len(load.waits), time.perf_counter()
    while not is_quiet():
        if load.lost is not None:
            raise load.lost
        if len(load.waits) > answered:
            answered, since = len(load.waits), time.perf_counter()
        elif time.perf_counter() - since > ANSWER_TIMEOUT_S:
            raise TimeoutError("requests are not answered")
        await asyncio.sleep(0.01)
    for connection in opened:
        connection.close()


async def _hammer(load: Load, port: int, following: Next, connections: int, seconds: float | None) -> None:
    busy: set[_Connection] = set()
    begun = end = ended = 0.0

    def go_on(connection: _Connection) -> None:
        nonlocal ended
        now = time.perf_counter()
        request = following() if now < end else None
        if request is None:
            busy.discard(connection)
            ended = now
        else:
            connection.send(request, since=now)

    opened = await _open(load, port, connections, go_on)
    begun = time.perf_counter()
    end = begun + (seconds or float("inf"))
    busy.update(opened)
    for connection in opened:
        go_on(connection)
    await _all_answered(load, lambda: not busy, opened)
    load.lasted_s = ended - begun


async def _pace(load: Load, port: int, schedule: Iterable[tuple[float, bytes]], connections: int) -> None:
    idle: collections.deque[_Connection] = collections.deque()
    waiting: collections.deque[tuple[float, bytes]] = collections.deque()

    def go_on(connection: _Connection) -> None:
        if waiting:
            since, request = waiting.popleft()
            connection.send(request, since=since)
        else:
            idle.append(connection)

    opened = await _open(load, port, connections, go_on)
    idle.extend(opened)
    begun = time.perf_counter()
    for due, request in schedule:
        await asyncio.sleep(max(0.0, begun + due - time.perf_counter()))
        if idle:
            idle.popleft().send(request, since=begun + due)
        else:
            waiting.append((begun + due, request))
    await _all_answered(load, lambda: len(idle) == len(opened), opened)
    load.lasted_s = time.perf_counter() - begun
