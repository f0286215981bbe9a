"""Readings that were taken and look wrong beside others: what rules found, and what staff dismiss of it."""

from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from core.db import WriteSession
from portal.pages import go, speak
from portal.staff.once import once
from portal.staff.pages import CheckedForm, SignedInStaff, StaffReader, check, show
from portal.staff.readings import NOBODY, PAGE, READINGS, Reader, Text, is_reason, place_of
from services.accounts.queries import finding, staffing
from services.accounts.roles import StaffPermission
from services.metering import operations, queries
from web.problems.common import NotFound
from web.runtime import Runtime, RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

ODD: Final = f"{READINGS}/odd"


@router.get(ODD)
def odd_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    unit: Text = "",
    kind: Text = "",
    after: str = "",
) -> Response:
    """What rules found odd and nobody dismissed; it ends with its cause."""
    wanted = {"unit": unit.strip(), "kind": kind.strip()}
    return _page(request, runtime, reader, write, wanted, {}, now=now, after=after)


@router.post(ODD + "/{account_no}/{finding_id}", dependencies=[CheckedForm])
@once
def dismiss(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    account_no: str,
    finding_id: UUID,
    why: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Take it from the list for a reason: it is as it is, and looks odd rightly."""
    check(reader, StaffPermission.METERING_DECIDE)
    account = finding.staff_account(
        write,
        account_no=account_no,
        staff_id=reader.staff_id,
        permission=StaffPermission.METERING_DECIDE,
        now=now,
    )
    if account is None:
        raise NotFound
    if not is_reason(why):
        _ = speak(request)
        wrong = {f"why-{finding_id}": _("Say why, in at most 200 characters.")}
        return _page(request, runtime, reader, write, {"unit": "", "kind": ""}, wrong, now=now, why=why)
    if not operations.dismiss_finding(
        write, account_id=account.id, finding_id=finding_id, actor=reader.actor, why=why.strip(), now=now
    ):
        raise NotFound
    return go(ODD)


def _page(
    request: Request,
    runtime: Runtime,
    reader: StaffReader,
    session: WriteSession,
    wanted: dict[str, str],
    wrong: dict[str, str],
    *,
    now: datetime,
    after: str = "",
    why: str = "",
) -> Response:
    asked = urlencode({name: value for name, value in wanted.items() if value})
    scope = f"staff.readings.odd|{reader.staff_id}|{asked}"
    at = runtime.cursors.behind(after, scope=scope, first=[])
    found = queries.findings(
        session,
        staff_id=reader.staff_id,
        unit_code=wanted["unit"] or None,
        kind=wanted["kind"] or None,
        after=(at[0], at[1], UUID(at[2])) if at else (0, 0, NOBODY),
        limit=PAGE + 1,
        now=now,
    )
    rows, more = runtime.cursors.page(found, PAGE, scope=scope, position=place_of)
    return show(
        request,
        "staff/readings_odd.html",
        reader,
        here=f"{ODD}?{asked}" if asked else ODD,
        rows=[(each, queries.kwh_of(each.found), queries.kwh_of(each.expected)) for each in rows],
        kinds=[each.value for each in queries.FindingKind],
        wanted=wanted,
        units=staffing.staff_units(
            session, staff_id=reader.staff_id, permission=StaffPermission.METERING_VIEW, now=now, limit=500
        ),
        next=f"{ODD}?{urlencode({**wanted, 'after': more})}" if more else "",
        may_decide=reader.may(StaffPermission.METERING_DECIDE),
        why=why,
        wrong=wrong,
    )
