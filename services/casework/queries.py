"""Reads of requests for approval."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.db import ReadSession, statement
from core.money import Money
from services.casework import rules
from services.casework.models import RequestState
from services.casework.ports import KINDS, Payload


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request with the names of who asked and who decided. `may_decide`: the reader may, if they did not ask."""

    id: UUID
    kind: str
    subject: str
    unit_id: int
    unit_name: str
    amount: Money | None
    payload: Payload
    reason: str
    state: str
    requested_by: UUID
    requester: str
    requested_at: datetime
    expires_at: datetime
    decided_by: UUID | None
    decider: str | None
    decided_at: datetime | None
    decided_why: str | None
    may_decide: bool


def needs_second_person(*, kind: str, amount: Money | None) -> bool:
    """Whether this takes a request, or one alone may do it."""
    return rules.needs_second_person(amount, alone_up_to_minor=KINDS.get()[kind].alone_up_to_minor)


def request(session: ReadSession, *, request_id: UUID, seen_by: UUID, now: datetime) -> RequestView | None:
    """A request that somebody asked for or may decide about (or may have decided); None for any other."""
    found = _read(session, seen_by=seen_by, now=now, request_id=request_id, which="one", before=None, limit=1)
    return found[0] if found else None


def to_decide(
    session: ReadSession, *, by: UUID, now: datetime, limit: int, behind: UUID | None = None
) -> list[RequestView]:
    """Up to `limit` open requests of others that somebody may decide about, the oldest first, behind `behind`."""
    return _read(session, seen_by=by, now=now, request_id=None, which="to_decide", before=behind, limit=limit)


def asked_by(session: ReadSession, *, by: UUID, now: datetime, before: UUID | None, limit: int) -> list[RequestView]:
    """Up to `limit` of somebody's own requests, the latest first, behind the one with the id `before`."""
    return _read(session, seen_by=by, now=now, request_id=None, which="mine", before=before, limit=limit)


def decided(session: ReadSession, *, by: UUID, now: datetime, before: UUID | None, limit: int) -> list[RequestView]:
    """Up to `limit` requests that somebody decided about, the latest first, behind the one with the id `before`."""
    return _read(session, seen_by=by, now=now, request_id=None, which="decided", before=before, limit=limit)


def _read(
    session: ReadSession,
    *,
    seen_by: UUID,
    now: datetime,
    request_id: UUID | None,
    which: str,
    before: UUID | None,
    limit: int,
) -> list[RequestView]:
    kinds = KINDS.get()
    rows = session.sql(
        statement(__package__, "requests.sql"),
        seen_by=seen_by,
        now=now,
        request_id=request_id,
        which=which,
        before=before,
        limit=limit,
        kinds=list(kinds),
        permissions=[kind.decides.value for kind in kinds.values()],
    )
    return [_view(row, now=now) for row in rows]


def _view(row: sa.Row[Any], *, now: datetime) -> RequestView:
    state = rules.shown_state(RequestState(row.state), expires_at=row.expires_at, now=now)
    return RequestView(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        unit_id=row.unit_id,
        unit_name=row.unit_name,
        amount=None if row.amount_minor is None else Money(row.amount_minor, row.currency),
        payload=KINDS.get()[row.kind].payload.model_validate(row.payload),
        reason=row.reason,
        state=state.value,
        requested_by=row.requested_by,
        requester=row.requester,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        decided_by=row.decided_by,
        decider=row.decider,
        decided_at=row.decided_at,
        decided_why=row.decided_why,
        may_decide=row.may_decide,
    )
