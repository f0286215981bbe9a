"""Many sums without a place at once: each to the account that it came for, as if it were done alone."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import Field

from core.db import ReadSession
from core.money import Money
from portal.pages import speak, text_of
from portal.staff.pages import CheckedForm, StaffReader, check, check_fresh, requires, resolved, show
from services.accounts.roles import StaffPermission
from services.payments import flows
from services.payments import operations as payments
from services.payments.queries import placing
from services.payments.queries.placing import WaitingMoney
from web.runtime import RuntimeDep
from web.session import Flows, Now, Write

router = APIRouter(include_in_schema=False)

MANY: Final = "/staff/suspense/many"
MOST: Final = 50
"""Sums of one act: a page of the list."""

COUNT_ABOVE: Final = 10
"""Of more than so many, their count is typed before anything happens."""

MAY: Final = StaffPermission.SUSPENSE_ASSIGN
Assigner = Annotated[StaffReader, requires(MAY)]
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


@router.get(MANY)
def confirm(
    request: Request,
    reader: Assigner,
    write: Write,
    now: Now,
    chosen: Annotated[list[Id], Query(alias="sum", max_length=MOST, default_factory=list)],
) -> Response:
    """What was chosen, with count and total, before anything happens."""
    return _confirm_page(request, write, reader, chosen, {}, now=now)


@router.post(MANY, dependencies=[CheckedForm])
def assign(
    request: Request,
    runtime: RuntimeDep,
    db: Flows,
    now: Now,
    chosen: Annotated[list[Id], Form(alias="sum", max_length=MOST, default_factory=list)],
    count: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Give each its place, and tell of each what came of it; sent again, it does nothing twice."""
    with db.write() as session:
        reader = resolved(request, runtime, session, now)
        check(reader, MAY)
        check_fresh(reader)
        rows = _rows(session, reader, chosen, now=now)
        if len(set(chosen)) > COUNT_ABOVE and count.strip() != str(len(set(chosen))):
            _ = speak(request)
            wrong = {"count": _("Type how many sums these are.")}
            return _confirm_page(request, session, reader, chosen, wrong, now=now)
    done = flows.assign_many(db, suspense_ids=chosen, by=reader.staff_id, actor=reader.actor, now=now)
    results = [
        (rows.get(each.suspense_id), "" if each.refusal is None else text_of(request, each.refusal)) for each in done
    ]
    return show(
        request,
        "staff/suspense_many.html",
        reader,
        here="/staff/suspense",
        results=results,
        placed=sum(not why for _row, why in results),
        wrong={},
    )


def _confirm_page(
    request: Request,
    session: ReadSession,
    reader: StaffReader,
    chosen: Sequence[int],
    wrong: dict[str, str],
    *,
    now: datetime,
) -> Response:
    found = [each for each in _rows(session, reader, chosen, now=now).values() if each.has_own_account]
    able = [each for each in found if each.goes_among_many]
    rows: list[WaitingMoney] = []
    for each in able:
        if payments.one_may_place(each.amount, [row.amount for row in rows]):
            rows.append(each)
    totals: defaultdict[str, int] = defaultdict(int)
    for each in rows:
        totals[each.amount.currency] += each.amount.minor
    return show(
        request,
        "staff/suspense_many.html",
        reader,
        here=f"{MANY}?{'&'.join(f'sum={each.id}' for each in rows)}",
        results=None,
        rows=rows,
        left_out=len(set(chosen)) - len(found),
        looked_at_alone=len(found) - len(able),
        too_much=len(able) - len(rows),
        totals=[Money(minor, currency) for currency, minor in sorted(totals.items())],
        asks_count=len(rows) > COUNT_ABOVE,
        wrong=wrong,
    )


def _rows(
    session: ReadSession, reader: StaffReader, chosen: Sequence[int], *, now: datetime
) -> dict[int, WaitingMoney]:
    """What of the chosen sums the reader may assign, by id."""
    found = (
        placing.suspense_item(session, suspense_id=each, staff_id=reader.staff_id, permission=MAY, now=now)
        for each in sorted(set(chosen))
    )
    return {each.id: each for each in found if each is not None}
