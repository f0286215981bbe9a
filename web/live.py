"""Live status: one asyncio task per process asks once a second for everything that anybody watches.

No thread, no session and no connection per watcher. Polling the same address gives the same content.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog
from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Send

from core import clock
from core.db import Database
from services.payments import queries

log = structlog.get_logger(__name__)

PERIOD_S: Final = 1.0
HEARTBEAT_S: Final = 15.0
LONGEST_S: Final = 600.0
"""Then the stream ends and the client comes again: a process that stops does not wait for watchers for ever."""


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
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._ask_for_all(), name="payment-watch")
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

    async def _ask_for_all(self) -> None:
        while self._watchers:
            await asyncio.sleep(PERIOD_S)
            keys = list(self._watchers)
            try:
                texts = await self._ask(keys)
            except Exception as error:  # noqa: BLE001 -- the database is away: streams wait, and clients may poll
                log.warning("watch_failed", error=type(error).__name__)
                continue
            for key, text in zip(keys, texts, strict=True):
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


def watch_of(request: Request) -> PaymentWatch:
    """The process's one watch."""
    state = request.app.state
    if not hasattr(state, "payment_watch"):
        state.payment_watch = PaymentWatch(state.runtime.db)
    watch: PaymentWatch = state.payment_watch
    return watch


async def events(watch: PaymentWatch, wanted: Watched, first: str) -> AsyncGenerator[str]:
    """The stream in the form of server-sent events: `status` with the payment's JSON, comments as heartbeats."""
    async with aclosing(watch.follow(wanted, first)) as texts:
        async for text in texts:
            yield ": still here\n\n" if text is None else f"event: status\ndata: {text}\n\n"


class EventStream(StreamingResponse):
    """Server-sent events. Whoever goes away is forgotten at once, not when memory is swept."""

    media_type = "text/event-stream"

    def __init__(self, stream: AsyncGenerator[str]) -> None:
        super().__init__(stream, headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        self._stream = stream

    async def stream_response(self, send: Send) -> None:
        """Send until the end, and close the stream whatever ended it."""
        async with aclosing(self._stream):
            await super().stream_response(send)
