"""Idempotency-Key at the edge: the first answer is kept and repeated, and nothing happens twice.

Kept are 2xx and business refusals (403, 404, 409). 422, 401 and 429 are not: the caller may mend the request and use
the key again.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic import BaseModel

from core import faults, idempotency
from core.db import Database, WriteSession
from core.errors import Refusal
from core.idempotency import Begun, RequestKey
from web import locale, metrics, problems
from web.caller import Customer
from web.leases import Leases
from web.problems.common import KeyMissing
from web.service import Program

KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
KEPT: Final = frozenset({403, 404, 409})
REPLAYED: Final = {"Idempotent-Replayed": "true"}
SOMETIMES: Final = "x-needed-sometimes"
"""Marks, until the document is made, the key of an operation that needs it for some answers alone."""


class Keyed:
    """A request with its key, the leases of its process, and the language its problems are told in."""

    def __init__(self, key: RequestKey, *, leases: Leases, locale: str, request_id: str) -> None:
        self.key = key
        self.leases = leases
        self.locale = locale
        self.request_id = request_id


Sent = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        description="Chosen by the caller for this request; sent again with it, the first answer comes again.",
        json_schema_extra={"minLength": 1, "maxLength": 255, "pattern": f"^{KEY.pattern}$"},
        openapi_examples={"key": {"value": "0b7f1c52-6f0e-4f8e-9a43-5d0f6f1f7c11"}},
    ),
]


async def _keyed(request: Request, caller: Customer, sent: Sent = "") -> Keyed:
    return await _of(request, f"user:{caller.user_id}", sent)


async def _keyed_of_program(request: Request, caller: Program, sent: Sent = "") -> Keyed:
    return await _of(request, f"service:{caller.id}", sent)


async def _of(request: Request, caller: str, sent: str) -> Keyed:
    if not KEY.fullmatch(sent):
        raise KeyMissing
    body = str(request.url.path).encode() + b"\0" + await request.body()
    key = RequestKey.of(
        caller=caller,
        route=metrics.route_of(request.scope),
        key=sent,
        method=request.method,
        body=body,
    )
    wanted = locale.of_request(request, request.app.state.runtime.settings.locales)
    return Keyed(key, leases=request.app.state.leases, locale=wanted, request_id=problems.request_id_of(request))


KeyedRequest = Annotated[Keyed, Depends(_keyed)]
KeyedByProgram = Annotated[Keyed, Depends(_keyed_of_program)]
"""The same for a program of the supplier."""


SentSometimes = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        description="As elsewhere; needed where the answer is a 202.",
        json_schema_extra={"minLength": 1, "maxLength": 255, "pattern": f"^{KEY.pattern}$", SOMETIMES: True},
        openapi_examples={"key": {"value": "0b7f1c52-6f0e-4f8e-9a43-5d0f6f1f7c11"}},
    ),
]


async def _keyed_if_sent(request: Request, caller: Program, sent: SentSometimes = "") -> Keyed | None:
    return await _of(request, f"service:{caller.id}", sent) if "idempotency-key" in request.headers else None


KeyedIfSent = Annotated[Keyed | None, Depends(_keyed_if_sent)]
"""The same where only some answers make something; these ask for the key."""


def once(session: WriteSession, request: Keyed, work: Callable[[], BaseModel], *, status: int = 201) -> Response:
    """Run an operation once per key, in the caller's transaction; a repetition gets the first answer."""
    begun = idempotency.begin(session, request.key)
    if begun.status is not None and begun.answer is not None:
        return _replay(begun.status, begun.answer)
    try:
        with session.begin_nested():
            answer = work().model_dump_json().encode()
    except Refusal as refusal:
        told = problems.answer(refusal, locale=request.locale, request_id=request.request_id)
        if told.status_code not in KEPT:
            raise
        idempotency.finish(session, request.key, begun, status=told.status_code, answer=bytes(told.body))
        return told
    idempotency.finish(session, request.key, begun, status=status, answer=answer)
    return Response(answer, status, media_type="application/json")


def once_flow(
    db: Database, request: Keyed, work: Callable[[str], BaseModel], *, resource: str, status: int = 201
) -> Response:
    """Run a flow once per key.

    `work` gets the id of what it makes: `resource`, or that of an earlier try which died half-way. A run that stood
    still for so long that another took over answers InFlight: the caller comes again for the other's answer.
    """
    with db.write() as session:
        begun = idempotency.begin(session, request.key, resource=resource)
    if begun.status is not None and begun.answer is not None:
        return _replay(begun.status, begun.answer)
    faults.point("idempotency.begun")
    with _freed_by_failure(db, request, begun):
        try:
            with request.leases.held(request.key, begun):
                answer = work(begun.resource or resource).model_dump_json().encode()
        except Refusal as refusal:
            return _refused(db, request, begun, refusal)
        faults.point("idempotency.before_finish")
        with db.write() as session:
            idempotency.finish(session, request.key, begun, status=status, answer=answer)
    faults.point("idempotency.finished")
    return Response(answer, status, media_type="application/json")


@contextmanager
def _freed_by_failure(db: Database, request: Keyed, begun: Begun) -> Iterator[None]:
    """Whatever fails in the block, the next try need not wait for the lease. The failure rises, not what it causes."""
    try:
        yield
    except Refusal:
        raise
    except Exception:
        with suppress(sa.exc.DBAPIError, sa.exc.TimeoutError), db.write() as session:
            idempotency.interrupt(session, request.key, begun)
        raise


def _refused(db: Database, request: Keyed, begun: Begun, refusal: Refusal) -> Response:
    told = problems.answer(refusal, locale=request.locale, request_id=request.request_id)
    with db.write() as session:
        if told.status_code in KEPT:
            idempotency.finish(session, request.key, begun, status=told.status_code, answer=bytes(told.body))
        else:
            idempotency.release(session, request.key, begun)
    return told


def _replay(status: int, answer: bytes) -> Response:
    media_type = "application/json" if status < 400 else problems.MEDIA_TYPE  # noqa: PLR2004 -- the border of RFC 9110's classes
    return Response(answer, status, headers=REPLAYED, media_type=media_type)
