"""From exceptions to problems: refusals, wrong fields, unknown paths, a database that is away, and bugs.

Bugs have no handler of the framework's: it would answer them outside `web.guard`, whose part they are.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
import sqlalchemy as sa
import structlog
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException

from core.errors import Refusal
from web import locale, metrics, problems
from web.problems.common import (
    BadJson,
    BadRequest,
    Forbidden,
    InternalError,
    InvalidFields,
    MethodNotAllowed,
    NotFound,
    SignInNeeded,
    TooLarge,
    Unavailable,
    UnsupportedMedia,
    WrongField,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Told:
    """A problem as a page tells it; `wrong` are the fields that are, when it is a form's."""

    status: int
    code: str
    detail: str
    request_id: str
    wrong: tuple[WrongField, ...] = ()


PageRenderer = Callable[[Request, Told], Response]
"""Makes an HTML page for readers who came by browser. It may ask the database who reads, unless it tells of a 5xx."""

_BY_STATUS: Final[dict[int, type[Refusal]]] = {
    400: BadRequest,
    401: SignInNeeded,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
    415: UnsupportedMedia,
    422: InvalidFields,
}
_FIELD_TEXTS: Final = {
    "missing": ("此项必填。", "This is needed."),
    "extra_forbidden": ("不认识的字段。", "This field is not known."),
    "string_pattern_mismatch": ("格式不正确。", "The form is not right."),
    "string_too_long": ("内容过长。", "This is too long."),
    "string_too_short": ("内容过短。", "This is too short."),
    "too_short": ("项目过少。", "There are too few."),
    "too_long": ("项目过多。", "There are too many."),
    "greater_than_equal": ("数值过小。", "This is too small."),
    "less_than_equal": ("数值过大。", "This is too large."),
    "union_tag_invalid": ("不在可选范围内。", "This is not one of the choices."),
    "union_tag_not_found": ("此项必填。", "This is needed."),
    "literal_error": ("不在可选范围内。", "This is not one of the choices."),
    "enum": ("不在可选范围内。", "This is not one of the choices."),
}
AWAY: Final = (sa.exc.OperationalError, sa.exc.TimeoutError, sa.exc.InterfaceError, psycopg.OperationalError)
"""What is raised when the database cannot be asked."""
METHOD_NOT_ALLOWED: Final = 405
_WRONG: Final = ("内容有误。", "This is not valid.")


def install(app: FastAPI, *, page: PageRenderer | None = None) -> None:
    """Handle all that is foreseen; `page` renders problems for browsers outside `/api` and `/callbacks`."""

    async def say(request: Request, refusal: Refusal) -> Response:
        return await tell(request, refusal, locales=request.app.state.runtime.settings.locales, page=page)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)  # noqa: S101 -- narrows for the type checker; Starlette dispatches by class
        metrics.refused(error.code)
        return await say(request, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 -- as above
        is_page = page is not None and _is_browser(request)
        return await say(request, _as_page(request, error)) if is_page else _invalid_fields(request, error)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 -- as above
        refusal = _BY_STATUS.get(error.status_code, BadRequest)()
        answer = await say(request, refusal)
        if error.status_code == METHOD_NOT_ALLOWED:
            answer.headers["Allow"] = ", ".join(sorted(_methods_of(request)))
        return answer

    async def unavailable(request: Request, error: Exception) -> Response:
        log.warning("database_unavailable", error=type(error).__name__)
        return await say(request, Unavailable())

    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    for away in AWAY:
        app.add_exception_handler(away, unavailable)


async def tell(request: Request, refusal: Refusal, *, locales: Sequence[str], page: PageRenderer | None) -> Response:
    """The answer that tells a refusal: a page for browsers where there is a renderer, else a problem."""
    wanted = locale.of_request(request, locales)
    request_id = problems.request_id_of(request)
    if page is None or not _is_browser(request):
        return problems.answer(refusal, locale=wanted, request_id=request_id)
    problem = problems.of(refusal)
    wrong = refusal.wrong if isinstance(refusal, InvalidFields) else ()
    told = Told(problem.status, problem.code, problem.detail(wanted, refusal.facts), request_id, wrong)
    shown = await run_in_threadpool(page, request, told)
    shown.headers.update(problems.waiting_of(refusal))
    return shown


class AnswerCut(Exception):
    """Raised by a stream whose rest is not there any more: what was sent stays without its end, and is seen as cut."""


def log_bug(error: Exception) -> str:
    """Log an error that nobody foresaw, and return the number under which it is found."""
    incident = uuid.uuid4().hex
    log.error("unexpected_error", incident=incident, exc_info=error)
    return incident


def tell_of_bug(request: Request, incident: str, *, locales: Sequence[str], page: PageRenderer | None) -> Response:
    """The answer that tells a bug's number and nothing else; should its page or its language fail, a plain problem."""
    try:
        wanted = locale.of_request(request, locales)
        if page is None or not _is_browser(request):
            return problems.answer(InternalError(incident=incident), locale=wanted)
        is_chinese = wanted.startswith("zh")
        detail = (
            "系统出现意外错误，请稍后再试。" if is_chinese else "We met an error of our own. Try again in a moment."
        )
        return page(request, Told(500, InternalError.code, detail, incident))
    except Exception:
        log.exception("incident_not_shown", incident=incident)
        return problems.answer(InternalError(incident=incident), locale=locales[0])


def _as_page(request: Request, error: RequestValidationError) -> Refusal:
    """Why a browser's request is not valid: a part of the address is nobody's, or fields of a form are wrong."""
    errors = error.errors()
    if request.method != "POST" or any(each["loc"][0] == "path" for each in errors):
        return NotFound()
    wrong = {
        str(each["loc"][1]): WrongField(str(each["loc"][1]), each["type"], each.get("ctx", {}).get("max_length"))
        for each in errors
        if len(each["loc"]) > 1
    }
    return InvalidFields(list(wrong.values()))


def _is_browser(request: Request) -> bool:
    return not request.url.path.startswith(("/api/", "/callbacks/", "/static/"))


def _methods_of(request: Request) -> set[str]:
    """Every method of the path, whichever routes share it; whoever answers GET answers HEAD (`web.guard`)."""
    path: str = request.scope["path"]
    found: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        if context.methods and context.path_regex.match(path):
            found |= context.methods
    return found | ({"HEAD"} if "GET" in found else set())


def _invalid_fields(request: Request, error: RequestValidationError) -> Response:
    """A 422 with the path of each wrong field; nothing that was sent is repeated, save names of known fields."""
    wanted = locale.of_request(request, request.app.state.runtime.settings.locales)
    if any(wrong["type"] == "json_invalid" for wrong in error.errors()):
        return problems.answer(BadJson(), locale=wanted, request_id=problems.request_id_of(request))
    place = 0 if wanted.startswith("zh") else 1
    fields = []
    for wrong in error.errors()[:50]:
        path = [str(part) for part in wrong["loc"]]
        if wrong["type"] == "extra_forbidden":
            path[-1] = "*"  # the name is the caller's own text
        fields.append(
            {"field": ".".join(path), "code": wrong["type"], "detail": _FIELD_TEXTS.get(wrong["type"], _WRONG)[place]}
        )
    refusal = InvalidFields()
    content = problems.body(problems.of(refusal), refusal, locale=wanted, request_id=problems.request_id_of(request))
    return JSONResponse({**content, "errors": fields}, 422, media_type=problems.MEDIA_TYPE)
