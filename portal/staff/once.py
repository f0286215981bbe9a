"""A form that makes something does it once, however often it is sent: by a double click, a reload, or going back.

Its page gives it a key (`sent_once` of parts.html). Where the first sending led is kept under the key and what was
filled in; the same again leads there, and something else under the key is something else.
"""

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Final, ParamSpec, cast

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from core import idempotency
from core.db import WriteSession
from core.idempotency import RequestKey
from portal.pages import SEE_OTHER, go
from portal.staff.pages import StaffReader

BESIDES: Final = frozenset({"csrf", "once"})
P = ParamSpec("P")


@dataclass(frozen=True)
class Sent:
    """A form as it was sent: where to, under which key, and the digest of what was filled in."""

    path: str
    key: str
    digest: str


@dataclass(frozen=True)
class Made:
    """An answer that shows something once, such as a secret; `at` is where the thing is found afterwards."""

    answer: Response
    at: str


async def _sent(request: Request, once: Annotated[str, Form(max_length=64)] = "") -> Sent:
    form = await request.form()  # read already, for the fields of the view
    said = sorted((name, str(value)) for name, value in form.multi_items() if name not in BESIDES)
    return Sent(request.url.path, once, hashlib.sha256(repr(said).encode("utf-8", "surrogatepass")).hexdigest())


SentOnce = Annotated[Sent, Depends(_sent)]


def once(view: Callable[P, Response | Made]) -> Callable[P, Response]:
    """A view with `reader` and `write` whose form is done once; goes below the route."""
    plain = inspect.signature(view)

    @wraps(view)
    def done(*args: P.args, **kwargs: P.kwargs) -> Response:
        sent = cast("Sent", kwargs.pop("sent_once"))
        session, reader = cast("WriteSession", kwargs["write"]), cast("StaffReader", kwargs["reader"])
        return do_once(session, reader, sent, lambda: view(*args, **kwargs))

    added = inspect.Parameter("sent_once", inspect.Parameter.KEYWORD_ONLY, annotation=SentOnce)
    done.__signature__ = plain.replace(parameters=[*plain.parameters.values(), added], return_annotation=Response)  # type: ignore[attr-defined] # read by FastAPI
    return done


def do_once(session: WriteSession, reader: StaffReader, sent: Sent, work: Callable[[], Response | Made]) -> Response:
    """What `work` answers, which is done in this transaction unless this reader sent the same before.

    A repetition waits for the first, and leads where that led. What was refused is not kept. Without a key it is done.
    """
    if not sent.key:
        return _answer(work())
    key = RequestKey.of(
        caller=f"staff:{reader.staff_id}", route=sent.path, key=f"{sent.key}.{sent.digest}", method="POST", body=b""
    )
    idempotency.wait_for(session, key)
    begun = idempotency.begin(session, key)
    if begun.answer is not None:
        return go(begun.answer.decode())
    done = work()
    answer = _answer(done)
    at = done.at if isinstance(done, Made) else answer.headers.get("location", "")
    if at:
        idempotency.finish(session, key, begun, status=SEE_OTHER, answer=at.encode())
    else:
        idempotency.release(session, key, begun)
    return answer


def _answer(done: Response | Made) -> Response:
    return done.answer if isinstance(done, Made) else done
