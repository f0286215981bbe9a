"""How an edge reaches the database: one alias for operations, one for each kind of flow, one reading of the clock.

Every alias holds a place of its bulkhead until its work is committed. Two things follow, and both are tested:

- *No deadlock.* An operation holds its connection between two hops of the thread pool. All places together are fewer
  than the threads of a process, so whoever holds a connection finds a thread. A flow holds one only within a hop.
- *No starvation.* Operations and flows without outside calls are together fewer than the connections of the smallest
  pool: they need not wait for flows that call a provider, whose transactions are short and whose waiting needs none.
"""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request

from core import clock, faults
from core.db import Database, WriteSession
from web.bulkheads import Bulkhead
from web.runtime import RuntimeDep

OPERATIONS: Final = Bulkhead("operations", 9)
FLOWS: Final = Bulkhead("flows", 4)
PAYMENT_FLOWS: Final = Bulkhead("payment_flows", 10)
CODE_FLOWS: Final = Bulkhead("code_flows", 6)
HASHING: Final = Bulkhead("hashing", 2)
"""For what hashes passwords: slow on purpose, so that whoever floods the sign-in of staff keeps only staff waiting."""

LOOKUPS: Final = Bulkhead("lookups", 2)
"""For forms that name a host, which is looked up before it is taken: the system may take seconds over it."""

EXPORTS: Final = Bulkhead("exports", 1)
"""For answers that are read from the database piece by piece while they leave."""

PICTURES: Final = Bulkhead("pictures", 2)
"""For pictures that are unfolded: what they need together is bounded, and whoever sends many keeps only others with
pictures waiting."""

CALLBACKS: Final = Bulkhead("callbacks", 2)
"""For callbacks that one statement does not settle: whoever sends forged ones keeps only others of them waiting."""

WECHAT_GRANT: Final = "wechat"

BULKHEADS: Final = (OPERATIONS, FLOWS, PAYMENT_FLOWS, CODE_FLOWS, HASHING, LOOKUPS, EXPORTS, PICTURES, CALLBACKS)


def _transaction(
    runtime: RuntimeDep, _place: Annotated[None, Depends(OPERATIONS, scope="function")]
) -> Iterator[WriteSession]:
    with runtime.db.write() as session:
        yield session
        faults.point("web.before_commit")
    faults.point("web.committed")


async def _for_flow(runtime: RuntimeDep, _place: Annotated[None, Depends(FLOWS, scope="function")]) -> Database:
    return runtime.db


async def _for_payment_flow(
    runtime: RuntimeDep, _place: Annotated[None, Depends(PAYMENT_FLOWS, scope="function")]
) -> Database:
    return runtime.db


async def _for_code_flow(
    runtime: RuntimeDep, _place: Annotated[None, Depends(CODE_FLOWS, scope="function")]
) -> Database:
    return runtime.db


async def _for_hashing(runtime: RuntimeDep, _place: Annotated[None, Depends(HASHING, scope="function")]) -> Database:
    return runtime.db


def _grant_of(body: bytes) -> object:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return asked.get("grant_type") if isinstance(asked, dict) else None


async def _for_lookup(runtime: RuntimeDep, _place: Annotated[None, Depends(LOOKUPS, scope="function")]) -> Database:
    return runtime.db


async def _for_tokens(request: Request, runtime: RuntimeDep) -> AsyncIterator[Database]:
    """The places of flows that call nobody, but for a grant that asks WeChat."""
    asks_wechat = _grant_of(await request.body()) == WECHAT_GRANT
    async with (CODE_FLOWS if asks_wechat else FLOWS).place():
        yield runtime.db


async def _for_export(runtime: RuntimeDep, _place: Annotated[None, Depends(EXPORTS)]) -> Database:
    return runtime.db


async def _for_pictures(runtime: RuntimeDep, _place: Annotated[None, Depends(PICTURES, scope="function")]) -> Database:
    return runtime.db


async def _now() -> datetime:
    return clock.now()


Write = Annotated[WriteSession, Depends(_transaction, scope="function")]
"""The request's one transaction: committed before the answer leaves, rolled back by an exception."""

Flows = Annotated[Database, Depends(_for_flow)]
"""The database for an endpoint that calls a flow without an outside call; such an endpoint takes no `Write`."""

PaymentFlows = Annotated[Database, Depends(_for_payment_flow)]
"""The same for flows that call a payment provider."""

CodeFlows = Annotated[Database, Depends(_for_code_flow)]
"""The same for flows of signing in that call somebody: who sends a one-time code, or WeChat."""

TokenFlows = Annotated[Database, Depends(_for_tokens, scope="function")]
"""Either of the two, by what the body asks for."""

Hashing = Annotated[Database, Depends(_for_hashing)]
"""The database for an endpoint that hashes a password: it opens its transaction itself, within one hop."""

Lookups = Annotated[Database, Depends(_for_lookup)]
"""The database for an endpoint that looks up a host: no transaction is open while it does."""

Pictures = Annotated[Database, Depends(_for_pictures)]
"""The database for an endpoint that is sent a picture: no transaction is open while that is unfolded."""

Exports = Annotated[Database, Depends(_for_export)]
"""The database for an answer that is streamed; the place is held to the end of the answer."""

Now = Annotated[datetime, Depends(_now)]
"""The moment at which the request was read."""
