"""RFC 9457 problems: one table from refusal to status and text, in every offered language.

Each domain lists its own in `web/problems/<domain>.py`. A refusal without an entry is a bug and answers 500. No
problem echoes what was sent.
"""

import pkgutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, Final

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict

from core.errors import Json, Refusal

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PAGE: Final = "/docs/problems"
"""The portal serves it: whoever follows a problem's `type` reads what to do."""

TYPE_BASE: Final = TYPE_PAGE + "#"
RETRY_AFTER: Final = "Retry-After"
SCHEMA: Final = "#/components/schemas/ProblemBody"


@dataclass(frozen=True)
class Problem:
    """How one refusal is told. Texts may use the refusal's facts in braces and say what the reader can do."""

    refusal: type[Refusal]
    status: int
    zh: str
    en: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The stable code."""
        return self.refusal.code

    def detail(self, locale: str, facts: Mapping[str, Json]) -> str:
        """The text in the reader's language."""
        return self.text(locale).format_map({name: str(value) for name, value in facts.items()})

    def text(self, locale: str) -> str:
        """The same with the names of the facts."""
        return self.zh if locale.startswith("zh") else self.en


class FieldProblem(BaseModel):
    """One wrong field of a 422."""

    model_config = ConfigDict(extra="forbid")

    field: str
    code: str
    detail: str


class ProblemBody(BaseModel):
    """The body of every error answer."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": TYPE_BASE + "not_found",
                    "title": "not_found",
                    "status": 404,
                    "code": "not_found",
                    "detail": "There is nothing here for you.",
                }
            ]
        },
    )

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str | None = None
    errors: list[FieldProblem] | None = None


@cache
def _table() -> dict[type[Refusal], Problem]:
    """What the modules of this package list, read when the first is told; two texts for one refusal are a mistake."""
    found: dict[type[Refusal], Problem] = {}
    for module in pkgutil.iter_modules(__path__):
        for entry in import_module(f"{__name__}.{module.name}").PROBLEMS:
            if found.setdefault(entry.refusal, entry) != entry:
                msg = f"two problems for {entry.refusal.__name__}"
                raise ValueError(msg)
    return found


def table() -> list[Problem]:
    """Every problem, by code."""
    return sorted(_table().values(), key=lambda entry: entry.code)


def of(refusal: Refusal) -> Problem:
    """The entry of a refusal; raises KeyError when its domain forgot it."""
    return _table()[type(refusal)]


def body(problem: Problem, refusal: Refusal, *, locale: str, request_id: str | None) -> dict[str, Any]:
    """The problem's members, with the refusal's facts as extension members."""
    return {
        **refusal.facts,
        "type": TYPE_BASE + problem.code,
        "title": problem.code,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail(locale, refusal.facts),
        **({} if request_id is None else {"request_id": request_id}),
    }


def answer(refusal: Refusal, *, locale: str, request_id: str | None = None) -> Response:
    """The answer that tells a refusal."""
    problem = of(refusal)
    return JSONResponse(
        body(problem, refusal, locale=locale, request_id=request_id),
        problem.status,
        headers=headers_of(refusal),
        media_type=MEDIA_TYPE,
    )


def headers_of(refusal: Refusal) -> dict[str, str]:
    """The headers that tell a refusal."""
    return {**of(refusal).headers, **waiting_of(refusal)}


def waiting_of(refusal: Refusal) -> dict[str, str]:
    """The header that says when to come again, where it makes sense to: what the refusal knows, else what is usual."""
    wait_s = refusal.facts.get("retry_after_s") or of(refusal).headers.get(RETRY_AFTER)
    return {} if wait_s is None else {RETRY_AFTER: str(wait_s)}


def problems(*refusals: type[Refusal]) -> dict[int | str, dict[str, Any]]:
    """`responses=` for an operation: its own refusals and those that any operation may answer.

    `web.openapi` adds what follows from the operation itself: its parameters, its body, who may call it.
    """
    from web.problems.common import EVERYWHERE  # noqa: PLC0415 -- common lists what this module makes

    documented: dict[int | str, dict[str, Any]] = {}
    everywhere: tuple[type[Refusal], ...] = EVERYWHERE
    for refusal in (*everywhere, *refusals):
        document(documented, refusal)
    return documented


def document(responses: dict[Any, dict[str, Any]], refusal: type[Refusal], *, key: type[int | str] = int) -> None:
    """Add a refusal, with its example, to an operation's responses, whose statuses are of type `key`."""
    entry = _table()[refusal]
    known = responses.setdefault(key(entry.status), {"description": "", "content": {}})
    told = known["content"].setdefault(MEDIA_TYPE, {"schema": {"$ref": SCHEMA}, "examples": {}})
    if entry.code in told["examples"]:
        return
    known["description"] = ", ".join(filter(None, (known["description"], entry.code)))
    told["examples"][entry.code] = {"value": example(entry.code, entry.status, entry.en)}
    for name in entry.headers:
        known.setdefault("headers", {})[name] = {"schema": {"type": "string"}}


def example(code: str, status: int, detail: str) -> dict[str, Json]:
    """A problem as the document shows it."""
    return {"type": TYPE_BASE + code, "title": code, "status": status, "code": code, "detail": detail}


def request_id_of(request: Request) -> str:
    """The id that the guard gave this request; logs and problems carry it."""
    request_id: str = request.scope.setdefault("wattline.request_id", uuid.uuid4().hex)
    return request_id
