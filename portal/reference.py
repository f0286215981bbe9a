"""What the addresses in the `type` of problems lead to: every problem with what it means and what a caller does."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from portal.pages import show, speak
from web import locale, problems
from web.problems import Problem

router = APIRouter(include_in_schema=False)

FACT: Final = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class ProblemRow:
    """One problem as the page tells it."""

    code: str
    status: int
    meaning: str
    advice: str


@router.get(problems.TYPE_PAGE)
def problems_page(request: Request) -> Response:
    """All problems, each at its own anchor."""
    wanted = locale.of_request(request, request.app.state.runtime.settings.locales)
    rows = [
        ProblemRow(entry.code, entry.status, FACT.sub("…", entry.text(wanted)), _advice(request, entry))
        for entry in problems.table()
    ]
    return show(request, "problems.html", None, rows=rows)


def _advice(request: Request, problem: Problem) -> str:
    """What a program does about it, by status: the contract of all problems alike."""
    _ = speak(request)
    known = {
        HTTPStatus.UNAUTHORIZED: _("Prove anew who you are; as it is, the request is refused again."),
        HTTPStatus.FORBIDDEN: _("Do not repeat it: the answer stays the same for this caller."),
        HTTPStatus.NOT_FOUND: _("Do not repeat it: the answer stays the same for this caller."),
        HTTPStatus.REQUEST_TIMEOUT: _("Repeat the same request."),
        HTTPStatus.CONFLICT: _("Read the present state, then decide; wait first if the answer has Retry-After."),
        HTTPStatus.TOO_MANY_REQUESTS: _("Wait as long as Retry-After says, or until tomorrow without it."),
        HTTPStatus.INTERNAL_SERVER_ERROR: _(
            "Repeat the same request once, with the same Idempotency-Key; then call us and quote the incident."
        ),
        HTTPStatus.SERVICE_UNAVAILABLE: _(
            "Wait as long as Retry-After says, then repeat the same request with the same Idempotency-Key."
        ),
    }
    return known.get(HTTPStatus(problem.status)) or _("Mend the request; repeated as it is, it is refused again.")
