"""Leases of running flows: prolonged while they run, so that a lease may be shorter than a provider is slow.

One task per process prolongs all of them with one statement. A flow that ends before the first round costs nothing. A
process that dies stops doing it, and its keys are free LEASE_S later; so are those of a process that stands still.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Final

import structlog

from core import idempotency
from core.db import Database
from core.idempotency import LEASE_S, Begun, RequestKey

log = structlog.get_logger(__name__)

PERIOD_S: Final = LEASE_S / 4
"""Two rounds may fail or be late before a lease runs out."""


class Leases:
    """Those of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._held: dict[RequestKey, Begun] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def held(self, key: RequestKey, begun: Begun) -> Iterator[None]:
        """Keep the lease while the block runs."""
        with self._lock:
            self._held[key] = begun
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(key, None)

    async def keep(self) -> None:
        """Prolong leases until cancelled. A round that fails is logged, and the next one comes."""
        while True:
            await asyncio.sleep(PERIOD_S)
            try:
                await self.renew()
            except Exception as error:  # noqa: BLE001 -- whatever it is: a lease that runs out may be taken over, without harm
                log.warning("renewal_failed", error=type(error).__name__)

    async def renew(self) -> None:
        """One round."""
        with self._lock:
            held = list(self._held.items())
        if held:
            await self._db.hot_write(
                idempotency.RENEW,
                {
                    "callers": [key.caller for key, _ in held],
                    "routes": [key.route for key, _ in held],
                    "keys": [key.key for key, _ in held],
                    "runs": [begun.run for _, begun in held],
                    "lease_s": idempotency.LEASE_S,
                },
            )
