"""Reads of requests for approval."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.db import ReadSession, statement, view
from core.money import Money
from services.casework import rules
from services.casework.models import RequestState
from services.casework.ports import KINDS, Payload

MOST_ROUNDS: Final = 4


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request with the names of who asked and who decided.

    `may_decide`: the reader may, and did not ask. `is_bound`: they could, but for having to do with whoever asked.
    `is_bare`: it lies where the reader has no say any more. That it was theirs, when, and how it ended is all it tells.
    """

    id: UUID
    kind: str
    subject: str
    unit_id: int
    unit_name: str
    amount: Money | None
    payload: Payload | None
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
    is_bound: bool
    is_bare: bool


def needs_second_person(*, kind: str, amount: Money | None) -> bool:
    """Whether this takes a request, or one alone may do it."""
    return rules.needs_second_person(amount, alone_up_to_minor=KINDS.get()[kind].alone_up_to_minor)


def request(session: ReadSession, *, request_id: UUID, seen_by: UUID, now: datetime) -> RequestView | None:
    """A request that somebody asked for or may decide about (or may have decided); None for any other."""
    found = _read(session, seen_by=seen_by, now=now, request_id=request_id, which="one", before=None, limit=1)
    mine = [each for each in found if seen_by in {each.requested_by, each.decided_by}]
    return next(iter(mine or _touchable(session, found, by=seen_by, now=now)), None)


@dataclass(frozen=True, slots=True)
class WaitingView:
    """What waits about something, for who may see that; `is_open_to` the reader: its page tells them more."""

    id: UUID
    kind: str
    requester: str
    requested_at: datetime
    expires_at: datetime
    is_open_to: bool


def waiting_about(session: ReadSession, *, subject: str, seen_by: UUID, now: datetime) -> WaitingView | None:
    """The oldest open request about what the caller has found. Served by uq_approval_request_open."""
    row = session.sql(statement(__package__, "waiting_about.sql"), subject=subject, now=now).one_or_none()
    if row is None:
        return None
    return view(
        WaitingView,
        row,
        requester=row.display_name,
        is_open_to=request(session, request_id=row.id, seen_by=seen_by, now=now) is not None,
    )


@dataclass(frozen=True, slots=True)
class ToDecide:
    """A page of requests; `behind` is where the next one begins, None when there is no other."""

    requests: tuple[RequestView, ...]
    behind: UUID | None


def to_decide(session: ReadSession, *, by: UUID, now: datetime, limit: int, behind: UUID | None = None) -> ToDecide:
    """Up to `limit` open requests of others that somebody may decide about, the oldest first, behind `behind`.

    Whether they may touch what one is about is asked one by one, for MOST_ROUNDS times `limit` at most: a page may hold
    fewer, or none, and others still follow.
    """
    kept: list[RequestView] = []
    for _ in range(MOST_ROUNDS):
        found = _read(session, seen_by=by, now=now, request_id=None, which="to_decide", before=behind, limit=limit + 1)
        looked_at = found[:limit]
        kept += _touchable(session, looked_at, by=by, now=now)
        if len(kept) > limit:
            return ToDecide(tuple(kept[:limit]), kept[limit - 1].id)
        if len(found) <= limit:
            return ToDecide(tuple(kept), None)
        behind = looked_at[-1].id
        if len(kept) == limit:
            break
    return ToDecide(tuple(kept), behind)


def asked_by(session: ReadSession, *, by: UUID, now: datetime, before: UUID | None, limit: int) -> list[RequestView]:
    """Up to `limit` of somebody's own requests, the latest first, behind the one with the id `before`."""
    return _read(session, seen_by=by, now=now, request_id=None, which="mine", before=before, limit=limit)


def decided(session: ReadSession, *, by: UUID, now: datetime, before: UUID | None, limit: int) -> list[RequestView]:
    """Up to `limit` requests that somebody decided about, the latest first, behind the one with the id `before`."""
    return _read(session, seen_by=by, now=now, request_id=None, which="decided", before=before, limit=limit)


def _touchable(session: ReadSession, views: list[RequestView], *, by: UUID, now: datetime) -> list[RequestView]:
    """Those of them that are about what somebody may touch."""
    kinds = KINDS.get()
    return [
        each for each in views if (touch := kinds[each.kind].may_touch) is None or touch(session, each.payload, by, now)
    ]


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
        asks=[kind.asks.value for kind in kinds.values()],
    )
    return [_view(row, now=now) for row in rows]


def _view(row: sa.Row[Any], *, now: datetime) -> RequestView:
    state = rules.shown_state(RequestState(row.state), expires_at=row.expires_at, now=now)
    whole = view(
        RequestView,
        row,
        amount=None if row.amount_minor is None else Money(row.amount_minor, row.currency),
        payload=KINDS.get()[row.kind].payload.model_validate(row.payload),
        state=state.value,
    )
    return _bared(whole) if whole.is_bare else whole


def _bared(whole: RequestView) -> RequestView:
    """What is left of a request for whoever asked or decided it and has moved: no number, no name, no reason."""
    return replace(
        whole,
        subject="",
        unit_id=0,
        unit_name="",
        amount=None,
        payload=None,
        reason="",
        requester="",
        decider=None,
        decided_why=None,
    )
