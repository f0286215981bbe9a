"""Many readings in doubt at once: each decided as it would be alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from core.db import ReadSession
from portal.pages import speak, text_of
from portal.staff.pages import CheckedForm, StaffReader, check, requires, resolved, show
from portal.staff.readings import READINGS, decision_of, is_reason, name_of, shown_kwh
from services.accounts.queries import finding
from services.accounts.roles import StaffPermission
from services.metering import flows, queries
from services.metering.queries import HeldReading
from web.runtime import RuntimeDep
from web.session import Flows, Now, Write

router = APIRouter(include_in_schema=False)

MANY: Final = f"{READINGS}/many"
MOST: Final = 50
"""Readings of one act: a page of the list."""

COUNT_ABOVE: Final = 10
"""Of more than so many, their count is typed before anything happens."""

MAY: Final = StaffPermission.METERING_DECIDE
Decider = Annotated[StaffReader, requires(MAY)]
Name = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9A-Za-z-]{1,32}\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", max_length=70
    ),
]
"""A reading as a form names it: the number of its account, and its id."""


@router.get(MANY)
def confirm(
    request: Request,
    reader: Decider,
    write: Write,
    now: Now,
    chosen: Annotated[list[Name], Query(alias="reading", max_length=MOST, default_factory=list)],
) -> Response:
    """What was chosen, with its count, before anything happens."""
    return _confirm_page(request, write, reader, chosen, {}, now=now)


@router.post(MANY, dependencies=[CheckedForm])
def decide_many(
    request: Request,
    runtime: RuntimeDep,
    db: Flows,
    now: Now,
    act: Annotated[flows.Act, Form()],
    chosen: Annotated[list[Name], Form(alias="reading", max_length=MOST, default_factory=list)],
    count: Annotated[str, Form(max_length=20)] = "",
    why: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Decide about each, and tell of each what came of it; sent again, it does nothing twice."""
    with db.write() as session:
        reader = resolved(request, runtime, session, now)
        check(reader, MAY)
        _ = speak(request)
        rows = _rows(session, reader, chosen, now=now)
        wrong: dict[str, str] = {}
        if not is_reason(why):
            wrong["why"] = _("Say why, in at most 200 characters.")
        if len(set(chosen)) > COUNT_ABOVE and count.strip() != str(len(set(chosen))):
            wrong["count"] = _("Type how many readings these are.")
        if wrong:
            return _confirm_page(request, session, reader, chosen, wrong, now=now, why=why)
    decision = decision_of(runtime, reader, why, now=now)
    told = flows.decide_many(db, chosen=[(each.account_id, each.id) for each in rows], act=act, decision=decision)
    by_id = {(each.account_id, each.id): each for each in rows}
    results = [
        (by_id[each.account_id, each.quarantine_id], "" if each.refusal is None else text_of(request, each.refusal))
        for each in told
    ]
    return show(
        request,
        "staff/readings_many.html",
        reader,
        here=READINGS,
        results=results,
        act=act,
        decided=sum(not why_not for _row, why_not in results),
        wrong={},
    )


def _confirm_page(
    request: Request,
    session: ReadSession,
    reader: StaffReader,
    chosen: Sequence[str],
    wrong: dict[str, str],
    *,
    now: datetime,
    why: str = "",
) -> Response:
    rows = [each for each in _rows(session, reader, chosen, now=now) if each.state == "open"]
    names = [name_of(each) for each in rows]
    return show(
        request,
        "staff/readings_many.html",
        reader,
        here=f"{MANY}?{urlencode([('reading', name) for name in names])}",
        results=None,
        rows=[(each, name_of(each), shown_kwh(each)) for each in rows],
        left_out=len(set(chosen)) - len(rows),
        not_acceptable=sum(not each.is_acceptable for each in rows),
        not_estimable=sum(not each.is_estimable for each in rows),
        asks_count=len(rows) > COUNT_ABOVE,
        why=why,
        wrong=wrong,
    )


def _rows(session: ReadSession, reader: StaffReader, chosen: Sequence[str], *, now: datetime) -> list[HeldReading]:
    """What of the chosen readings the reader may decide about, in the order of the list."""
    found: list[HeldReading] = []
    for name in set(chosen):
        account_no, _, reading_id = name.partition(".")
        account = finding.staff_account(
            session, account_no=account_no, staff_id=reader.staff_id, permission=MAY, now=now
        )
        reading = account and queries.held_reading(
            session,
            account_id=account.id,
            quarantine_id=UUID(reading_id),
            staff_id=reader.staff_id,
            permission=MAY,
            now=now,
        )
        if reading:
            found.append(reading)
    return sorted(found, key=lambda each: (each.account_id, each.id))
