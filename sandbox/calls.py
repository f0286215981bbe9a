"""Carrying out a call with the faults that strike it: before, after, or instead of its effect."""

import asyncio
from collections.abc import Callable
from typing import Final

from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from sandbox.faults import Faults

HANG_S: Final = 20.0
BROKEN: Final = b'{"code":"SYSTEM_ERROR","message":"\xe7\xb3\xbb\xe7\xbb\x9f\xe5\xbc\x82\xe5\xb8\xb8"}'
LIMITED: Final = b'{"code":"FREQUENCY_LIMITED","message":"\xe9\xa2\x91\xe7\x8e\x87\xe8\xb6\x85\xe9\x99\x90"}'


class Cut(Response):
    """An answer that breaks off: it promises more bytes than come, so the server closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's signature
        """Promise a body and send none."""
        headers = [(b"content-length", b"100000"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        msg = "answer cut off on order"
        raise ConnectionAbortedError(msg)


async def carry_out(
    faults: Faults, place: str, work: Callable[[], Response], *, dropped: Callable[[Response], None] | None = None
) -> Response:
    """Do `work` unless a fault forbids it; `dropped` is told of an effect whose answer the caller never sees."""
    struck = faults.strike(place)
    for fault in struck:
        if fault.kind == "rate_limited":
            return Response(LIMITED, 429, media_type="application/json")
        if fault.kind == "error_before":
            return Response(BROKEN, int(fault.value or 500), media_type="application/json")
        if fault.kind == "hang_before":
            await asyncio.sleep(float(fault.value or HANG_S))
            return Cut()
        if fault.kind == "drop_before":
            return Cut()
    answer = await run_in_threadpool(work)
    for fault in struck:
        if fault.kind in {"error_after", "drop_after", "hang_after"} and dropped is not None:
            await run_in_threadpool(dropped, answer)
        if fault.kind == "error_after":
            return Response(BROKEN, int(fault.value or 500), media_type="application/json")
        if fault.kind == "hang_after":
            await asyncio.sleep(float(fault.value or HANG_S))
            return Cut()
        if fault.kind == "drop_after":
            return Cut()
    return answer
