"""Two-person approval: one asks, another decides, and what was asked is done in the same transaction."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core import audit, ids
from core.audit import Actor
from core.db import WriteSession, to_json
from core.money import Money
from services.accounts.errors import UnitUnknown
from services.accounts.queries import staffing
from services.casework import rules
from services.casework.errors import (
    NotApart,
    OwnRequest,
    ReasonMissing,
    RequesterLost,
    RequestOpen,
    RequestOver,
    RequestUnknown,
)
from services.casework.models import RequestState
from services.casework.ports import KINDS, Approved, Outcome, Payload
from services.casework.rules import Event

OVERTAKING: Final = Actor("job:casework.overtake")


def ask(
    session: WriteSession,
    *,
    kind: str,
    subject: str,
    unit_id: int,
    payload: Payload,
    reason: str,
    by: UUID,
    actor: Actor,
    now: datetime,
    amount: Money | None = None,
) -> UUID:
    """Ask for something that another must approve; returns the request's id.

    Raises UnitUnknown where `by` may not ask for this, ReasonMissing, RequestOpen while the same is asked for, and
    about a sum in suspense while anything is.
    """
    asked = KINDS.get()[kind]
    if not staffing.staff_may(session, staff_id=by, permission=asked.asks, unit_id=unit_id, now=now):
        raise UnitUnknown
    expire_about(session, subject=subject, now=now)
    request_id = session.sql(
        """insert into approval_request (id, kind, subject, unit_id, amount_minor, currency, payload, reason, state,
             requested_by, requested_at, expires_at)
           values (:id, :kind, :subject, :unit_id, :amount_minor, :currency, cast(:payload as jsonb), :reason,
             'requested', :by, :now, :expires_at)
           on conflict do nothing returning id""",
        id=ids.uuid7(),
        kind=kind,
        subject=subject,
        unit_id=unit_id,
        amount_minor=None if amount is None else amount.minor,
        currency=None if amount is None else amount.currency,
        payload=to_json(payload.model_dump(mode="json")),
        reason=_reason(reason),
        by=by,
        now=now,
        expires_at=now + asked.decide_within,
    ).scalar_one_or_none()
    if request_id is None:
        raise RequestOpen
    _audit(
        session, act="casework.asked", request_id=request_id, kind=kind, subject=subject, unit_id=unit_id, actor=actor
    )
    return UUID(str(request_id))


def approve(
    session: WriteSession, *, request_id: UUID, by: UUID, proved_at: datetime, why: str, actor: Actor, now: datetime
) -> Outcome:
    """Approve what another asked for, and have it done. `proved_at` is when the decider gave a fresh code.

    Locks what it is about, then the request. Raises RequestUnknown, OwnRequest, NotApart, RequestOver, RequesterLost,
    and whatever the kind's own domain refuses.
    """
    _hold(session, request_id=request_id)
    row = _lock(session, request_id=request_id, by=by, now=now)
    kind = KINDS.get()[row.kind]
    if not staffing.staff_may(session, staff_id=row.requested_by, permission=kind.asks, unit_id=row.unit_id, now=now):
        raise RequesterLost
    _close(session, row, Event.APPROVE, now=now, by=by, why=why, proved_at=proved_at)
    outcome = kind.carry_out(
        session,
        Approved(
            request_id=row.id,
            unit_id=row.unit_id,
            payload=kind.payload.model_validate(row.payload),
            amount=None if row.amount_minor is None else Money(row.amount_minor, row.currency),
            requested_by=row.requested_by,
            decided_by=by,
            actor=actor,
            now=now,
        ),
    )
    _audit(
        session,
        act="casework.approved",
        request_id=row.id,
        kind=row.kind,
        subject=row.subject,
        unit_id=row.unit_id,
        actor=actor,
    )
    return outcome


def refuse(session: WriteSession, *, request_id: UUID, by: UUID, why: str, actor: Actor, now: datetime) -> None:
    """Refuse what another asked for, and say why.

    Raises RequestUnknown, OwnRequest, NotApart, RequestOver, ReasonMissing.
    """
    _hold(session, request_id=request_id, when_let_go=True)
    row = _lock(session, request_id=request_id, by=by, now=now)
    _close(session, row, Event.REFUSE, now=now, by=by, why=_reason(why))
    _let_go(session, row, now=now)
    _audit(
        session,
        act="casework.refused",
        request_id=row.id,
        kind=row.kind,
        subject=row.subject,
        unit_id=row.unit_id,
        actor=actor,
    )


def withdraw(session: WriteSession, *, request_id: UUID, by: UUID, actor: Actor, now: datetime) -> None:
    """Take one's own request back. Raises RequestUnknown for anybody else's, RequestOver."""
    _hold(session, request_id=request_id, when_let_go=True)
    row = _row(session, request_id=request_id)
    if row is None or row.requested_by != by:
        raise RequestUnknown
    _close(session, row, Event.WITHDRAW, now=now)
    _let_go(session, row, now=now)
    _audit(
        session,
        act="casework.withdrawn",
        request_id=row.id,
        kind=row.kind,
        subject=row.subject,
        unit_id=row.unit_id,
        actor=actor,
    )


def overtake(session: WriteSession, *, subject: str, now: datetime) -> None:
    """Close what is asked about something that was just decided otherwise: nobody could carry it out any more.

    Whoever calls holds what the requests are about. Served by uq_approval_request_open.
    """
    closed = session.sql(
        """update approval_request set state = 'overtaken', decided_at = :now
           where subject = :subject and state = 'requested' returning id, kind, unit_id, payload""",
        subject=subject,
        now=now,
    ).all()
    for row in closed:
        _let_go(session, row, now=now)
        _audit(
            session,
            act="casework.overtaken",
            request_id=row.id,
            kind=row.kind,
            subject=subject,
            unit_id=row.unit_id,
            actor=OVERTAKING,
        )


def expire_about(session: WriteSession, *, subject: str, now: datetime) -> None:
    """Close requests about something that nobody decided in time. Whoever calls holds what they are about."""
    expired = session.sql(
        """update approval_request set state = 'expired', decided_at = :now
           where subject = :subject and state = 'requested' and expires_at <= :now returning kind, payload""",
        subject=subject,
        now=now,
    )
    for row in expired.all():
        _let_go(session, row, now=now)


def expire_old(session: WriteSession, *, now: datetime) -> int:
    """Close requests that nobody decided in time; returns how many."""
    late = session.sql(
        """select id from approval_request where state = 'requested' and expires_at <= :now and kind = any(:kinds)
           order by id""",
        now=now,
        kinds=[name for name, kind in KINDS.get().items() if kind.let_go is not None],
    ).scalars()
    for request_id in late.all():
        _hold(session, request_id=request_id, when_let_go=True)
    expired = session.sql(
        """update approval_request set state = 'expired', decided_at = :now
           where state = 'requested' and expires_at <= :now returning kind, payload""",
        now=now,
    ).all()
    for row in expired:
        _let_go(session, row, now=now)
    return len(expired)


def _lock(session: WriteSession, *, request_id: UUID, by: UUID, now: datetime) -> "sa.Row[Any]":
    row = _row(session, request_id=request_id)
    if row is None:
        raise RequestUnknown
    if row.requested_by == by:
        raise OwnRequest
    kind = KINDS.get()[row.kind]
    if not staffing.staff_may(session, staff_id=by, permission=kind.decides, unit_id=row.unit_id, now=now):
        raise RequestUnknown
    if kind.may_touch is not None and not kind.may_touch(session, kind.payload.model_validate(row.payload), by, now):
        raise RequestUnknown
    if staffing.staff_are_bound(session, staff_id=by, other_id=row.requested_by, now=now):
        raise NotApart
    return row


def _hold(session: WriteSession, *, request_id: UUID, when_let_go: bool = False) -> None:
    """What is asked never changes: it is read before anything is locked.

    A request that ends otherwise than by approval is `when_let_go`: then only kinds hold that do something about it.
    """
    asked = session.sql("select kind, payload from approval_request where id = :id", id=request_id).one_or_none()
    kind = None if asked is None else KINDS.get()[asked.kind]
    if asked is None or kind is None or kind.hold is None or (when_let_go and kind.let_go is None):
        return
    kind.hold(session, kind.payload.model_validate(asked.payload))


def _let_go(session: WriteSession, row: "sa.Row[Any]", *, now: datetime) -> None:
    kind = KINDS.get().get(row.kind)
    if kind is not None and kind.let_go is not None:
        kind.let_go(session, kind.payload.model_validate(row.payload), now)


def _row(session: WriteSession, *, request_id: UUID) -> "sa.Row[Any] | None":
    return session.sql(
        """select id, kind, subject, unit_id, amount_minor, currency, payload, state, requested_by, expires_at
           from approval_request where id = :id for update""",
        id=request_id,
    ).one_or_none()


def _close(
    session: WriteSession,
    row: "sa.Row[Any]",
    event: Event,
    *,
    now: datetime,
    by: UUID | None = None,
    why: str | None = None,
    proved_at: datetime | None = None,
) -> None:
    state = rules.next_state(RequestState(row.state), event, expires_at=row.expires_at, now=now)
    if state is None:
        raise RequestOver
    session.sql(
        """update approval_request set state = :state, decided_by = :by, decided_at = :now, decided_why = :why,
             decision_proved_at = :proved_at where id = :id""",
        id=row.id,
        state=state.value,
        by=by,
        now=now,
        why=None if why is None else rules.reason(why),
        proved_at=proved_at,
    )


def _reason(text: str) -> str:
    kept = rules.reason(text)
    if kept is None:
        raise ReasonMissing
    return kept


def _audit(
    session: WriteSession, *, act: str, request_id: UUID, kind: str, subject: str, unit_id: int, actor: Actor
) -> None:
    audit.record(
        session,
        actor=actor,
        act=act,
        subject=f"approval:{request_id}",
        after={"kind": kind, "about": subject},
        unit_id=unit_id,
    )
