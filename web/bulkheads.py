"""Places: how many requests of a kind work at once, so that no kind can take what another needs.

A request that works for long, because a provider answers late, waits in the places of its own kind alone. Whoever
finds all places taken waits LONGEST_WAIT_S and is refused then: by that time its client has better things to do.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio
from anyio.lowlevel import RunVar

from web import metrics
from web.problems.common import Busy

LONGEST_WAIT_S: Final = 3.0
RETRY_AFTER_S: Final = 5


class Bulkhead:
    """Some places of one process. As a FastAPI dependency: a place is held from here to the end of the function scope.

    Raises Busy when none becomes free in time. A request must hold a place of one bulkhead only, or the kinds would
    wait for each other again.
    """

    def __init__(self, name: str, places: int) -> None:
        self.name = name
        self.places = places
        self._free: RunVar[anyio.Semaphore] = RunVar(f"wattline.bulkhead.{name}")

    async def __call__(self) -> AsyncIterator[None]:
        """Wait for a place, and give it back at the end."""
        async with self.place():
            yield

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """The same for an endpoint that seldom needs one."""
        free = self._of_this_loop()
        try:
            with anyio.fail_after(LONGEST_WAIT_S):
                await free.acquire()
        except TimeoutError as error:
            metrics.BUSY.labels(self.name).inc()
            raise Busy(retry_after_s=RETRY_AFTER_S) from error
        try:
            yield
        finally:
            free.release()

    def _of_this_loop(self) -> anyio.Semaphore:
        free = self._free.get(None)
        if free is None:
            free = anyio.Semaphore(self.places, max_value=self.places)
            self._free.set(free)
        return free
