"""How operations of the console are asked for that are about whoever asks: their sessions, proofs, lists."""

from collections.abc import Callable
from typing import Final, Protocol
from uuid import UUID, uuid4

from tests.access.asking import Asking, Scene
from tests.support.office import office_of

NOBODY: Final = UUID("0197a3c2-0000-7c55-9a53-000000000000")


class Form(Protocol):
    """A page or a form at a path, with what is filled in."""

    def __call__(self, path: str, fields: Callable[[Scene], dict[str, str]] | None = None) -> Asking: ...


def asking(get: Form, form: Form) -> dict[str, Asking]:
    """Each operation, asked for by the console's own pages and forms."""
    return {
        "GET /staff/me": get("/staff/me"),
        "POST /staff/me/sessions/others/end": form("/staff/me/sessions/others/end"),
        "POST /staff/me/sessions/{session_id}/end": form("/staff/me/sessions/{session_id}/end", _session),
        "POST /staff/me/recovery-codes": form("/staff/me/recovery-codes"),
        "POST /staff/me/password": form("/staff/me/password", lambda _: {"current": "wrong", "password": "x" * 9}),
        "GET /staff/me/authenticator": get("/staff/me/authenticator"),
        "POST /staff/me/authenticator": form(
            "/staff/me/authenticator", lambda _: {"password": "wrong", "code": "000000"}
        ),
        "POST /staff/me/authenticator/first-code": form(
            "/staff/me/authenticator/first-code", lambda _: {"ticket": "none", "code": "000000"}
        ),
        "GET /staff/filters": get("/staff/filters"),
        "POST /staff/filters": form(
            "/staff/filters", lambda _: {"of_list": "people", "name": uuid4().hex, "query": "state=active"}
        ),
        "GET /staff/filters/{filter_id}": get("/staff/filters/{filter_id}", _filter),
        "POST /staff/filters/{filter_id}/rename": form(
            "/staff/filters/{filter_id}/rename", lambda made: {**_filter(made), "name": uuid4().hex}
        ),
        "POST /staff/filters/{filter_id}/delete": form("/staff/filters/{filter_id}/delete", _filter),
        "POST /staff/columns": form(
            "/staff/columns", lambda _: {"of_list": "people", "column": "units", "back": "/staff/people"}
        ),
    }


def _session(made: Scene) -> dict[str, str]:
    office = office_of(made.town)
    if made.object == "missing" or made.member is None:
        return {"session_id": str(NOBODY)}
    whose = (
        made.member if made.object == "own" else office.members["elsewhere" if made.caller != "elsewhere" else "here"]
    )
    return {"session_id": str(office.other_session(whose))}


def _filter(made: Scene) -> dict[str, str]:
    office = office_of(made.town)
    if made.object == "missing" or made.member is None:
        return {"filter_id": str(NOBODY)}
    other = office.members["elsewhere" if made.caller != "elsewhere" else "here"]
    return {"filter_id": str(office.kept_filter(made.member if made.object == "own" else other))}
