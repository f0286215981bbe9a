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
from portal.staff.pages import CheckedForm, SignedInStaff, StaffReader, check
from portal.staff.reading_lists import PAGE, ReadingList, behind_of
from portal.staff.readings import READINGS, Reader, Text, is_reason
from services.accounts.queries import finding
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
    unit: Annotated[str, Form(max_length=64)] = "",
    kind: Annotated[str, Form(max_length=64)] = "",
    after: Annotated[str, Form(max_length=1000)] = "",
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
        wanted = {"unit": unit.strip(), "kind": kind.strip()}
        return _page(request, runtime, reader, write, wanted, wrong, now=now, after=after, why=why)
    if not operations.dismiss_finding(
        write, account_id=account.id, finding_id=finding_id, actor=reader.actor, why=why.strip(), now=now
    ):
        raise NotFound
    return go(f"{ODD}?{urlencode({'unit': unit, 'kind': kind, 'after': after})}")


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
    listed = ReadingList(ODD, wanted, reader, runtime.cursors)
    found = queries.findings(
        session,
        staff_id=reader.staff_id,
        unit_code=wanted["unit"] or None,
        kind=wanted["kind"] or None,
        after=behind_of(listed.behind(after, first=[])),
        limit=PAGE + 1,
        now=now,
    )
    rows, more = listed.page(found)
    return listed.show(
        request,
        session,
        "staff/readings_odd.html",
        more,
        now=now,
        rows=[(each, queries.kwh_of(each.found), queries.kwh_of(each.expected)) for each in rows],
        kinds=[each.value for each in queries.FindingKind],
        after=after,
        why=why,
        wrong=wrong,
    )
