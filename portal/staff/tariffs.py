"""Tariffs: all of them, one with its versions, making one, beginning a draft.

A tariff holds for the whole supplier. Whoever may view tariffs in some unit sees them; only who may edit them in every
unit changes something.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from core.db import WriteSession
from core.periods import business_date, day_of
from portal.pages import go, speak, text_of
from portal.staff import lists
from portal.staff.once import once
from portal.staff.pages import CheckedForm, StaffReader, requires, requires_everywhere, show
from services.accounts.queries import agreements
from services.accounts.roles import StaffPermission
from services.tariffs import operations, queries
from services.tariffs.errors import TariffTaken, TariffWrong, VersionDatesWrong
from services.tariffs.queries import TariffClass, TariffView, VersionView
from web.problems.common import NotFound
from web.runtime import Runtime, RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

TARIFFS: Final = "/staff/tariffs"
MOST: Final = 500
"""Tariffs of a page: a supplier has some dozen."""
MOST_COUNTED: Final = 10_000
"""Accounts of a tariff are counted up to here."""
MOST_UNKNOWN: Final = 20

Reader = Annotated[StaffReader, requires(StaffPermission.TARIFFS_VIEW)]
Editor = Annotated[StaffReader, requires_everywhere(StaffPermission.TARIFFS_EDIT)]


@dataclass(frozen=True)
class NewTariffForm:
    """A tariff that is to be made."""

    code: Annotated[str, Form(max_length=64)] = ""
    name: Annotated[str, Form(max_length=400)] = ""
    tariff_class: Annotated[TariffClass, Form()] = TariffClass.RESIDENTIAL
    valid_from: Annotated[str, Form(max_length=32)] = ""


@router.get(TARIFFS)
def tariffs_page(request: Request, runtime: RuntimeDep, reader: Reader, write: Write, now: Now) -> Response:
    """All tariffs with what holds today; codes of agreements that no tariff has, for who sees every unit."""
    today = business_date(now, runtime.settings.zone)
    rows = queries.tariffs(write, on=today, limit=MOST)
    sees_all = StaffPermission.TARIFFS_VIEW in reader.everywhere
    counts = agreements.accounts_on_tariffs(write, codes=[each.code for each in rows], on=today, most=MOST_COUNTED + 1)
    return show(
        request,
        "staff/tariffs.html",
        reader,
        here=TARIFFS,
        mine=lists.mine(write, reader, "tariffs"),
        rows=rows,
        counts=counts if sees_all else None,
        most=MOST_COUNTED,
        unknown=queries.unknown_codes(write, limit=MOST_UNKNOWN) if sees_all else [],
        may_edit=may_edit(reader),
    )


@router.get(TARIFFS + "/new")
def new_page(
    request: Request, runtime: RuntimeDep, reader: Editor, now: Now, code: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """The form for a tariff, for a code that agreements name already."""
    today = business_date(now, runtime.settings.zone)
    return _new_page(request, reader, NewTariffForm(code=code, valid_from=today.isoformat()), {})


@router.post(TARIFFS + "/new", dependencies=[CheckedForm])
@once
def make(
    request: Request,
    runtime: RuntimeDep,
    reader: Editor,
    write: Write,
    now: Now,
    typed: Annotated[NewTariffForm, Depends()],
) -> Response:
    """Make it, with a first draft to be filled in."""
    settings = runtime.settings
    try:
        with write.begin_nested():
            code = operations.create_tariff(
                write,
                code=typed.code.strip(),
                name=typed.name,
                tariff_class=typed.tariff_class,
                currency=settings.supplier_currency,
                actor=reader.actor,
                now=now,
            )
            version = _draft(write, runtime, reader, code, blank(code, runtime), _day(typed.valid_from), now=now)
    except TariffWrong as refusal:
        return _new_page(request, reader, typed, {str(refusal.facts["field"]): text_of(request, refusal)})
    except TariffTaken as refusal:
        return _new_page(request, reader, typed, {"code": text_of(request, refusal)})
    except (VersionDatesWrong, ValueError):
        return _new_page(request, reader, typed, {"valid_from": _not_a_day(request)})
    return go(f"{address_of(version)}/edit")


@router.get(TARIFFS + "/{code}")
def tariff_page(
    request: Request, runtime: RuntimeDep, reader: Reader, write: Write, now: Now, code: str, before: str = ""
) -> Response:
    """One tariff with its versions, the newest first."""
    return _page(request, runtime, reader, write, code, {}, now=now, before=before)


@router.post(TARIFFS + "/{code}/drafts", dependencies=[CheckedForm])
@once
def begin(
    request: Request,
    runtime: RuntimeDep,
    reader: Editor,
    write: Write,
    now: Now,
    code: str,
    valid_from: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Draft a version as a copy of the latest one."""
    found = found_tariff(write, runtime, code, now=now)
    latest = queries.versions_page(write, code=found.code, limit=1)
    document = queries.document_of(write, version_id=latest[0].id) if latest else blank(found.code, runtime)
    try:
        version = _draft(write, runtime, reader, found.code, document, _day(valid_from), now=now)
    except (VersionDatesWrong, ValueError):
        wrong = {"valid_from": _not_a_day(request)}
        return _page(request, runtime, reader, write, code, wrong, now=now, typed={"valid_from": valid_from})
    return go(f"{address_of(version)}/edit")


def may_edit(reader: StaffReader) -> bool:
    """Whether they may edit tariffs, which takes every unit."""
    return StaffPermission.TARIFFS_EDIT in reader.everywhere


def address_of(version: VersionView) -> str:
    """The page of a version."""
    return f"{TARIFFS}/{version.tariff_code}/{version.version_no}"


def found_tariff(session: WriteSession, runtime: Runtime, code: str, *, now: datetime) -> TariffView:
    """The tariff of a page; raises NotFound."""
    found = queries.tariff_named(session, code=code, on=business_date(now, runtime.settings.zone))
    if found is None:
        raise NotFound
    return found


def found_version(session: WriteSession, code: str, version_no: int) -> VersionView:
    """The version of a page; raises NotFound."""
    found = queries.version(session, code=code, version_no=version_no)
    if found is None:
        raise NotFound
    return found


def blank(code: str, runtime: Runtime) -> dict[str, Any]:
    """A document to begin with: one price, which is nought until somebody fills it in."""
    settings = runtime.settings
    return {
        "id": code,
        "currency": settings.supplier_currency,
        "time_zone": settings.zone.key,
        "rounding": {"mode": "half_up", "stage": "line"},
        "energy": {"lines": "per_tier", "prices": {"all": "0"}},
    }


def _draft(
    session: WriteSession,
    runtime: Runtime,
    reader: StaffReader,
    code: str,
    document: dict[str, Any],
    valid_from: date,
    *,
    now: datetime,
) -> VersionView:
    return operations.draft(
        session,
        code=code,
        valid_from=valid_from,
        valid_to=None,
        document=document,
        note="",
        zone=runtime.settings.zone,
        actor=reader.actor,
        now=now,
    )


def _day(typed: str) -> date:
    return day_of(typed.strip())


def _not_a_day(request: Request) -> str:
    _ = speak(request)
    return _("Not a day of the calendar: write it like 2026-01-31.")


def _new_page(request: Request, reader: StaffReader, typed: NewTariffForm, wrong: dict[str, str]) -> Response:
    return show(
        request,
        "staff/tariff_new.html",
        reader,
        here=f"{TARIFFS}/new",
        typed=typed,
        wrong=wrong,
        classes=[*TariffClass],
    )


def _page(
    request: Request,
    runtime: Runtime,
    reader: StaffReader,
    session: WriteSession,
    code: str,
    wrong: dict[str, str],
    *,
    now: datetime,
    before: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    today = business_date(now, runtime.settings.zone)
    found = found_tariff(session, runtime, code, now=now)
    scope = f"staff.tariff|{found.code}|{reader.staff_id}"
    at = runtime.cursors.behind(before, scope=scope, first=[])
    versions = queries.versions_page(session, code=found.code, limit=PAGE + 1, before_no=at[0] if at else None)
    rows, more = runtime.cursors.page(versions, PAGE, scope=scope, position=lambda each: [each.version_no])
    return show(
        request,
        "staff/tariff.html",
        reader,
        here=f"{TARIFFS}/{found.code}",
        tariff=found,
        prices_intervals=queries.prices_intervals(session, code=found.code),
        versions=rows,
        more=f"{TARIFFS}/{found.code}?before={more}" if more else "",
        today=today,
        wrong=wrong,
        typed=typed or {"valid_from": today.isoformat()},
        may_edit=may_edit(reader),
    )


PAGE: Final = 50
