"""How operations of the console about tariffs are asked for."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import UUID, uuid4

from core import clock
from tests.access.asking import Asking, Scene
from tests.support.office import DOCUMENT, ELSEWHERE, HERE, TARIFF, office_of

Fields = Callable[[Scene], dict[str, str]]
_VERSION: Final = "/staff/tariffs/{code}/{version_no}"
NOBODYS: Final = UUID("0197a3c2-0000-7c55-9a53-000000000000")
CALENDAR: Final = ("holidays", "holidays/remove", "temperatures", "temperatures/remove")
EDITING: Final = (
    "GET /staff/tariffs/new",
    "POST /staff/tariffs/new",
    "POST /staff/tariffs/{code}/drafts",
    f"GET {_VERSION}/edit",
    *(f"POST /staff/calendar/{act}" for act in CALENDAR),
    *(f"POST {_VERSION}/{act}" for act in ("edit", "text", "urdb", "propose", "withdraw")),
)
"""What takes the right to edit tariffs in every unit."""


def _version(made: Scene) -> dict[str, str]:
    """A draft: the same for every look, one more for what changes it."""
    if made.object == "missing":
        return {"code": "NONE", "version_no": "1"}
    return {"code": TARIFF, "version_no": str(office_of(made.town).draft(is_new=made.operation.startswith("POST ")))}


def _dry_run(made: Scene) -> dict[str, str]:
    """In one of the units, or in none that there is."""
    if made.member is not None and made.caller != "disabled":
        office_of(made.town).draft(is_new=False)
        office_of(made.town).tried(made.member)
    unit = {"own": HERE, "other_unit": ELSEWHERE}.get(made.object, "NONE")
    return {**_version(replace(made, object="own")), "unit": unit}


def _tried(made: Scene) -> dict[str, str]:
    """A dry run over many accounts of whoever calls, or of somebody else."""
    office = office_of(made.town)
    asked = _version(replace(made, object="own", operation="GET "))
    if made.object == "missing" or made.member is None or made.caller == "disabled":
        return {**asked, "run_id": str(NOBODYS)}
    other = office.members["elsewhere" if made.caller != "elsewhere" else "here"]
    return {**asked, "run_id": str(office.tried(made.member if made.object == "own" else other))}


def _trying(made: Scene) -> dict[str, str]:
    return {**_dry_run(made), "month": f"{clock.now():%Y-%m}"}


def _drafting(made: Scene) -> dict[str, str]:
    return {**_version(made), "version": "1", "valid_from": "2027-03-01", "reason": "As decided."}


def _filled_in(made: Scene) -> dict[str, str]:
    return {**_drafting(made), "price_period": "all", "price": "0.51"}


def _pasted(made: Scene) -> dict[str, str]:
    return {**_version(made), "version": "1", "document": json.dumps(DOCUMENT)}


def _rate(made: Scene) -> dict[str, str]:
    return {**_version(made), "version": "1", "rate": '{"energyratestructure": [[{"rate": 0.1}]]}'}


def _new_tariff(_: Scene) -> dict[str, str]:
    return {"code": f"T{uuid4().hex[:12]}", "name": "New", "tariff_class": "any", "valid_from": "2027-03-01"}


def _day(_: Scene) -> dict[str, str]:
    said = {"holiday": "national_day", "counts_as": "holiday", "place": "town", "max_c": "35.5"}
    return {**said, "day": "2190-10-01", "on": "2190-10-01"}


def asking(get: Callable[..., Asking], form: Callable[..., Asking]) -> dict[str, Asking]:
    """Each operation, by how a page is got and a form is sent."""
    return {
        "GET /staff/calendar": get("/staff/calendar"),
        **{f"POST /staff/calendar/{act}": form(f"/staff/calendar/{act}", _day) for act in CALENDAR},
        "GET /staff/tariffs": get("/staff/tariffs"),
        "GET /staff/tariffs/new": get("/staff/tariffs/new"),
        "POST /staff/tariffs/new": form("/staff/tariffs/new", _new_tariff),
        "GET /staff/tariffs/{code}": get("/staff/tariffs/{code}", _version),
        "GET /staff/tariffs/{code}/intervals": get("/staff/tariffs/{code}/intervals", _version),
        "POST /staff/tariffs/{code}/drafts": form("/staff/tariffs/{code}/drafts", _drafting),
        f"GET {_VERSION}": get(_VERSION, _version),
        f"GET {_VERSION}/try": get(f"{_VERSION}/try?kwh=100", _version),
        f"GET {_VERSION}/dry-run": get(f"{_VERSION}/dry-run?unit={{unit}}&of=all", _dry_run),
        f"POST {_VERSION}/dry-runs": form(f"{_VERSION}/dry-runs", _trying),
        f"GET {_VERSION}/dry-runs/{{run_id}}": get(f"{_VERSION}/dry-runs/{{run_id}}", _tried),
        f"POST {_VERSION}/dry-runs/{{run_id}}/export": form(f"{_VERSION}/dry-runs/{{run_id}}/export", _tried),
        f"GET {_VERSION}/compare": get(f"{_VERSION}/compare", _version),
        f"GET {_VERSION}/edit": get(f"{_VERSION}/edit", _version),
        f"POST {_VERSION}/edit": form(f"{_VERSION}/edit", _filled_in),
        f"POST {_VERSION}/text": form(f"{_VERSION}/text", _pasted),
        f"POST {_VERSION}/urdb": form(f"{_VERSION}/urdb", _rate),
        f"POST {_VERSION}/propose": form(f"{_VERSION}/propose", _drafting),
        f"POST {_VERSION}/withdraw": form(f"{_VERSION}/withdraw", _drafting),
    }
