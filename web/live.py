"""Live status: one asyncio task per process asks once a second for everything that anybody watches.

No thread, no session and no connection per watcher. Polling the same address gives the same content, which is why a
stream may be refused: so many are served at once, and so many of them for one person.
"""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog
from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from core import clock
from core.db import Database
from services.payments import queries
from web.problems.live import StreamsFull, TooManyStreams

log = structlog.get_logger(__name__)

PERIOD_S: Final = 1.0
HEARTBEAT_S: Final = 15.0
TASK: Final = "payment-watch"
LONGEST_S: Final = 600.0
"""Then the stream ends and the client comes again: a process that stops does not wait for watchers for ever."""

STREAMS: Final = 500
"""Of one process: each costs some memory here, and a row of the statement that is asked every second."""

STREAMS_EACH: Final = 6
"""Of one person in one process: as many connections as a browser opens to one host by HTTP/1.1."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One payment as one session may see it."""

    payment_no: str
    user_id: UUID
    session_id: UUID


@dataclass(eq=False, slots=True)
class _Watcher:
    """What the task knows for one stream."""

    told: str | None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False


class PaymentWatch:
    """All streams of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._watchers: dict[Watched, list[_Watcher]] = {}
        self._task: asyncio.Task[None] | None = None
        self._streams: Counter[UUID] = Counter()
        self._is_closed = False

    @contextlib.contextmanager
    def place(self, user_id: UUID) -> Iterator[None]:
        """Room for one stream while the block runs. Raises TooManyStreams and StreamsFull."""
        if self._streams[user_id] >= STREAMS_EACH:
            raise TooManyStreams
        if self._streams.total() >= STREAMS:
            raise StreamsFull
        self._streams[user_id] += 1
        try:
            yield
        finally:
            self._streams[user_id] -= 1
            if not self._streams[user_id]:
                del self._streams[user_id]

    async def close(self) -> None:
        """End the task and every stream: the process ends."""
        self._is_closed = True
        for watcher in [each for watchers in self._watchers.values() for each in watchers]:
            _end(watcher)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    @property
    def watched(self) -> int:
        """How many payments are asked for every second."""
        return len(self._watchers)

    async def follow(self, wanted: Watched, first: str) -> AsyncGenerator[str | None]:
        """`first`, then each other text as it comes; None says that nothing has changed for a while.

        Ends with the final state, when the session or the grant ends, or after ten minutes.
        """
        watcher = _Watcher(told=first)
        self._watchers.setdefault(wanted, []).append(watcher)
        self._keep_asking()
        try:
            yield first
            if json.loads(first)["is_final"]:
                return
            async with aclosing(_changes(watcher)) as texts:
                async for text in texts:
                    yield text
        finally:
            self._watchers[wanted].remove(watcher)
            if not self._watchers[wanted]:
                del self._watchers[wanted]

    def _keep_asking(self) -> None:
        """Let the task run while anybody watches. It waits before it asks: it cannot end in a tight circle."""
        if self._is_closed or not self._watchers or (self._task is not None and not self._task.done()):
            return
        self._task = asyncio.create_task(self._ask_for_all(), name=TASK)
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self._watchers and not self._is_closed:
            error = None if task.cancelled() else task.exception()
            log.error("watch_ended", error=type(error).__name__)
        self._keep_asking()

    async def _ask_for_all(self) -> None:
        while self._watchers:
            await asyncio.sleep(PERIOD_S)
            try:
                await self._round()
            except Exception as error:  # noqa: BLE001 -- whatever it is: streams wait for the next round, and clients may poll
                log.warning("watch_failed", error=type(error).__name__)

    async def _round(self) -> None:
        keys = list(self._watchers)
        for key, text in zip(keys, await self._ask(keys), strict=True):
            for watcher in self._watchers.get(key, []):
                _tell(watcher, text)

    async def _ask(self, keys: list[Watched]) -> list[str | None]:
        params: dict[str, object] = {
            "payment_nos": [key.payment_no for key in keys],
            "user_ids": [key.user_id for key in keys],
            "session_ids": [key.session_id for key in keys],
            "now": clock.now(),
        }
        found = json.loads(await self._db.hot(queries.HOT_WATCHED, params))
        return [None if each is None else json.dumps(each, ensure_ascii=False) for each in found]


async def _changes(watcher: _Watcher) -> AsyncGenerator[str | None]:
    end = asyncio.get_running_loop().time() + LONGEST_S
    while asyncio.get_running_loop().time() < end:
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await watcher.changed.wait()
        except TimeoutError:
            yield None
            continue
        watcher.changed.clear()
        if watcher.told is None:
            return
        yield watcher.told
        if watcher.is_over:
            return


def _tell(watcher: _Watcher, text: str | None) -> None:
    if text is None or json.loads(text) != json.loads(watcher.told or "null"):
        watcher.told = text
        watcher.is_over = text is None or bool(json.loads(text)["is_final"])
        watcher.changed.set()


def _end(watcher: _Watcher) -> None:
    watcher.told = None
    watcher.is_over = True
    watcher.changed.set()


def watch_of(request: Request) -> PaymentWatch:
    """The process's one watch."""
    watch: PaymentWatch = request.app.state.payment_watch
    return watch


async def events(watch: PaymentWatch, wanted: Watched, first: str) -> AsyncGenerator[str]:
    """The stream in the form of server-sent events: `status` with the payment's JSON, comments as heartbeats."""
    async with aclosing(watch.follow(wanted, first)) as texts:
        async for text in texts:
            yield ": still here\n\n" if text is None else f"event: status\ndata: {text}\n\n"


class EventStream(StreamingResponse):
    """Server-sent events of one payment. Whoever goes away is forgotten at once, not when memory is swept."""

    media_type = "text/event-stream"

    def __init__(self, watch: PaymentWatch, wanted: Watched, first: str) -> None:
        self._watch, self._wanted = watch, wanted
        self._stream = events(watch, wanted, first)
        super().__init__(self._stream, headers={"cache-control": "no-store", "x-accel-buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer while there is room; raises TooManyStreams and StreamsFull before anything is sent."""
        # Here, and not where the answer is made: whatever happens between the two cannot leave a place taken.
        with self._watch.place(self._wanted.user_id):
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        """Send until the end, and close the stream whatever ended it."""
        async with aclosing(self._stream):
            await super().stream_response(send)
