"""What programs of the supplier see of readings to be worked off, and decide: what waits, is missing, looks odd.

Each list is of the program's units; what is elsewhere is told by none.
"""

from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query
from fastapi.responses import Response

from core.idempotency import InFlight, KeyReused
from core.pagination import MAX_CURSOR, BadCursor
from core.periods import business_date, start_of
from routers.backoffice.reading_schemas import (
    DecidedReading,
    DecideReading,
    OfficeHeldPage,
    OfficeHeldReading,
    OfficeMissing,
    OfficeMissingPage,
    OfficeOdd,
    OfficeOddPage,
    Reason,
)
from services.accounts.errors import UnitsMissing
from services.accounts.queries import programs
from services.metering import operations, queries
from services.metering.errors import ReadingDecided, ReadingNotAcceptable, ReadingNotEstimable, ReadingUnknown
from services.metering.operations import Decision
from services.metering.queries import Finding, FindingKind, HeldReading
from web.idempotency import KeyedByProgram, once
from web.models import AccountNo, Day, Limit
from web.problems import problems
from web.problems.common import KeyMissing, ScopeMissing
from web.runtime import RuntimeDep
from web.service import ReadingsDecider, ReadingsReader, ServiceCaller
from web.session import Now, Write

router = APIRouter(prefix="/api/v1/backoffice", tags=["back office"])

_FIRST: Final = (0, 0, str(UUID(int=0)))
LISTED = problems(ScopeMissing, UnitsMissing, BadCursor)
_ACTS: Final = {
    "accept": (operations.accept, "accepted"),
    "discard": (operations.discard, "discarded"),
    "estimate": (operations.estimate, "estimated"),
}
Cursor = Annotated[str, Query(max_length=MAX_CURSOR)]


def _placed(caller: ReadingsReader, write: Write) -> ServiceCaller:
    """A program that was given units. Raises UnitsMissing."""
    if not programs.has_units(write, client=caller.id):
        raise UnitsMissing
    return caller


Placed = Annotated[ServiceCaller, Depends(_placed)]


@router.get("/held-readings", responses=LISTED, operation_id="list_held_readings")
def list_held_readings(
    caller: Placed,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
    reason: Annotated[Reason | None, Query()] = None,
    first: Annotated[Day | None, Query(alias="from")] = None,
    last: Annotated[Day | None, Query(alias="to")] = None,
    cursor: Cursor = "",
    limit: Annotated[Limit, Query()] = 50,
) -> OfficeHeldPage:
    """Readings that nobody believed and that wait, measured from one day to another, both included."""
    zone, scope = runtime.settings.zone, f"office_held:{caller.id}:{reason}:{first}:{last}"
    found = queries.held_readings(
        write,
        client=caller.id,
        reason=reason,
        since=None if first is None else start_of(first, zone),
        until=None if last is None else start_of(last + timedelta(days=1), zone),
        after=_behind(runtime.cursors.behind(cursor, scope=scope, first=_FIRST)),
        limit=limit + 1,
        now=now,
    )
    page, following = runtime.cursors.page(found, limit, scope=scope, position=_position)
    return OfficeHeldPage(items=[OfficeHeldReading.of(each) for each in page], next=following)


@router.post(
    "/held-readings/{account_no}/{reading_id}/decision",
    response_model=DecidedReading,
    responses=problems(
        ScopeMissing,
        ReadingUnknown,
        ReadingDecided,
        ReadingNotAcceptable,
        ReadingNotEstimable,
        KeyMissing,
        KeyReused,
        InFlight,
    ),
    operation_id="decide_held_reading",
)
def decide_held_reading(
    account_no: Annotated[AccountNo, Path()],
    reading_id: UUID,
    wanted: Annotated[DecideReading, Body()],
    caller: ReadingsDecider,
    keyed: KeyedByProgram,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
) -> Response:
    """Accept a reading that waits, discard it, or have an estimate take its place: once, as staff do in the console."""
    settings = runtime.settings

    def work() -> DecidedReading:
        account_id = queries.held_of_program(write, account_no=account_no, quarantine_id=reading_id, client=caller.id)
        if account_id is None:
            raise ReadingUnknown
        act, state = _ACTS[wanted.decision]
        decision = Decision(caller.actor, wanted.note.strip(), now, settings.zone, settings.readings_linear_minutes)
        act(write, account_id=account_id, quarantine_id=reading_id, decision=decision)
        return DecidedReading.model_validate(
            {"account_no": account_no, "id": reading_id, "state": state, "decided_at": now}
        )

    return once(write, keyed, work, status=200)


@router.get("/missing-readings", responses=LISTED, operation_id="list_missing_readings")
def list_missing_readings(
    caller: Placed,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
    cursor: Cursor = "",
    limit: Annotated[Limit, Query()] = 50,
) -> OfficeMissingPage:
    """Meters that are there now and of which intervals of the last 35 days are missing or were estimated."""
    scope = f"office_missing:{caller.id}"
    unit_id, account_id, series_id = runtime.cursors.behind(cursor, scope=scope, first=[0, 0, 0])
    found, behind = queries.meter_gaps(
        write,
        client=caller.id,
        after=(unit_id, account_id, series_id),
        limit=limit,
        today=business_date(now, runtime.settings.zone),
        now=now,
    )
    following = "" if behind is None else runtime.cursors.make(scope=scope, position=list(behind))
    return OfficeMissingPage(items=[OfficeMissing.of(each) for each in found], next=following)


@router.get("/odd-readings", responses=LISTED, operation_id="list_odd_readings")
def list_odd_readings(
    caller: Placed,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
    kind: Annotated[FindingKind | None, Query()] = None,
    cursor: Cursor = "",
    limit: Annotated[Limit, Query()] = 50,
) -> OfficeOddPage:
    """What rules found odd in readings that were taken, as long as it is so and nobody dismissed it."""
    scope = f"office_odd:{caller.id}:{kind}"
    found = queries.findings(
        write,
        client=caller.id,
        kind=None if kind is None else kind.value,
        after=_behind(runtime.cursors.behind(cursor, scope=scope, first=_FIRST)),
        limit=limit + 1,
        now=now,
    )
    page, following = runtime.cursors.page(found, limit, scope=scope, position=_position)
    return OfficeOddPage(items=[OfficeOdd.of(each) for each in page], next=following)


def _behind(position: list[Any]) -> tuple[int, int, UUID]:
    unit_id, account_id, id_ = position
    return unit_id, account_id, UUID(id_)


def _position(row: HeldReading | Finding) -> list[Any]:
    return [row.unit_id, row.account_id, str(row.id)]
