"""How an edge reaches the database: one alias for operations, one for flows, one reading of the clock.

Both aliases are bounded below the pool's size. Without the bounds, requests that hold a connection between two hops
of the thread pool wait for threads that wait for connections: a deadlock. Every edge must use these very aliases,
since each `Depends()` object counts for itself.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends

from core import clock, faults
from core.db import Database, WriteSession
from web.runtime import RuntimeDep

OPERATIONS_AT_ONCE: Final = 9
FLOWS_AT_ONCE: Final = 5
"""Together the least `database_pool_size` that the settings allow."""


def _transaction(runtime: RuntimeDep) -> Iterator[WriteSession]:
    with runtime.db.write() as session:
        yield session
    faults.point("web.committed")


async def _database(runtime: RuntimeDep) -> Database:
    return runtime.db


async def _now() -> datetime:
    return clock.now()


Write = Annotated[WriteSession, Depends(_transaction, scope="function", max_concurrency=OPERATIONS_AT_ONCE)]
"""The request's one transaction: committed before the answer leaves, rolled back by an exception."""

Flows = Annotated[Database, Depends(_database, scope="function", max_concurrency=FLOWS_AT_ONCE)]
"""The database for an endpoint that calls a flow; such an endpoint takes no `Write`."""

Now = Annotated[datetime, Depends(_now)]
"""The moment at which the request was read."""
