"""Hot reads: the database writes the JSON, the edge passes it on.

Each statement answers one text: null when there is nothing for this caller, an empty text when the session has ended.
"""

import json
from typing import Final

from fastapi import Request
from fastapi.responses import Response

from core.db import Statement
from core.pagination import Cursors
from web.problems.common import NotFound, SignInNeeded
from web.runtime import Runtime

JSON: Final = "application/json"


async def text(request: Request, query: Statement, params: dict[str, object]) -> str:
    """What the statement wrote; raises NotFound and SignInNeeded."""
    runtime: Runtime = request.app.state.runtime
    found: str | None = await runtime.db.hot(query, params)
    if found is None:
        raise NotFound
    if not found:
        raise SignInNeeded
    return found


async def answer(request: Request, query: Statement, params: dict[str, object]) -> Response:
    """The statement's JSON as it is."""
    return Response(await text(request, query, params), media_type=JSON)


def page(found: str, cursors: Cursors, *, scope: str) -> Response:
    """A list of which the statement wrote the position of the last entry (null on the last page), then the entries."""
    position, _, items = found.partition("\n")
    following = "null" if position == "null" else json.dumps(cursors.make(scope=scope, position=json.loads(position)))
    return Response(f'{{"items":{items},"next":{following}}}', media_type=JSON)
