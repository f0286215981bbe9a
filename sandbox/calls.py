"""Carrying out a call with the faults that strike it: before, after, or instead of its effect."""

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.faults import Fault, Faults

HANG_S: Final = 20.0
AFTER: Final = frozenset({"error_after", "drop_after", "hang_after"})
_WIRE: Final = "sandbox.transport"


@dataclass(frozen=True)
class Voice:
    """What a provider's gateway says when it is broken, and when it is asked too often."""

    broken: bytes
    limited: bytes


class Wires:
    """Lets an answer reach the connection below it, so that `Reset` can break it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the connection."""
        scope[_WIRE] = getattr(getattr(send, "__self__", None), "transport", None)
        await self._app(scope, receive, send)


class Reset(Response):
    """No answer: the connection is reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's signature
        """Break off."""
        wire: Any = scope[_WIRE]
        # Lingering for zero seconds makes the kernel send a reset in place of an orderly end.
        wire.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.abort()
        while (await receive())["type"] != "http.disconnect":
            """The rest of the request is of no interest."""


async def carry_out(
    faults: Faults, place: str, voice: Voice, work: Callable[[Mapping[str, Fault]], Response]
) -> Response:
    """Do `work` unless a fault forbids it.

    It is told what strikes, for its books: a fault of `AFTER` hides its answer.
    """
    struck = faults.strike(place)
    if "rate_limited" in struck:
        return Response(voice.limited, 429, media_type="application/json")
    spoilt = await _spoilt(struck, "before", voice)
    if spoilt is not None:
        return spoilt
    answer = await run_in_threadpool(work, struck)
    return await _spoilt(struck, "after", voice) or answer


async def _spoilt(struck: Mapping[str, Fault], when: str, voice: Voice) -> Response | None:
    if fault := struck.get(f"error_{when}"):
        return Response(voice.broken, int(fault.value or 500), media_type="application/json")
    if fault := struck.get(f"hang_{when}"):
        await asyncio.sleep(float(fault.value or HANG_S))
        return Reset()
    return Reset() if f"drop_{when}" in struck else None
