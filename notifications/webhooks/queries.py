"""Reads of endpoints and their deliveries, for members of staff who look after them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.db import ReadSession, statement, view
from core.ids import version_of
from notifications.webhooks.rules import DeliveryState, EndpointState, Why

COUNTED: Final = 10_000
"""Longer queues are told as this long."""


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint. `waits_since`: how long what is sent next has waited; `next_at`: when that is tried."""

    id: UUID
    name: str
    url: str
    events: tuple[str, ...]
    state: EndpointState
    disabled_why: Why | None
    disabled_at: datetime | None
    earlier_until: datetime | None
    created_at: datetime
    failures: int
    next_at: datetime
    delivered_at: datetime | None
    unit_id: int
    unit_code: str
    unit_name: str
    waiting: int
    waits_since: datetime | None
    set_aside: int

    @property
    def version(self) -> str:
        """What a form carries that shows its name, address and events."""
        return version_of(self.name, self.url, self.events)


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One thing told, or to be told. `status` or `trouble` are of the last try; `is_next`: nothing waits before it."""

    id: int
    message_id: str
    type: str
    body: str
    state: DeliveryState
    occurred_at: datetime
    attempts: int
    tried_at: datetime | None
    status: int | None
    trouble: str | None
    delivered_at: datetime | None
    is_next: bool


def endpoints(session: ReadSession, *, staff_id: UUID, now: datetime) -> list[EndpointView]:
    """Every endpoint in the units where somebody may look after them, in the order of the tree."""
    rows = session.sql(statement(__package__, "endpoints.sql"), staff_id=staff_id, now=now, id=None, most=COUNTED)
    return [_endpoint(row) for row in rows]


def endpoint(session: ReadSession, *, endpoint_id: UUID, staff_id: UUID, now: datetime) -> EndpointView | None:
    """One of them; None where somebody may not look after it."""
    row = session.sql(
        statement(__package__, "endpoints.sql"), staff_id=staff_id, now=now, id=endpoint_id, most=COUNTED
    ).one_or_none()
    return None if row is None else _endpoint(row)


def deliveries(
    session: ReadSession, *, endpoint_id: UUID, only_undelivered: bool, before: int | None, limit: int
) -> list[DeliveryView]:
    """Up to `limit` deliveries of an endpoint that come before a place in its order, the latest first.

    Served by pk_webhook_delivery, ix_webhook_delivery_undelivered and ix_webhook_delivery_waiting.
    """
    rows = session.sql(
        _UNDELIVERED if only_undelivered else _DELIVERIES,
        endpoint_id=endpoint_id,
        before=2**63 - 1 if before is None else before,
        limit=limit,
    )
    return [_delivery(row) for row in rows]


_COLUMNS: Final = """
select d.id, d.message_id, d.type, d.body, d.state, d.occurred_at, d.attempts, d.tried_at, d.status, d.error,
  d.delivered_at, d.id = (
    select min(w.id) from webhook_delivery w where w.endpoint_id = d.endpoint_id and w.state = 'waiting') as is_next
from webhook_delivery d where d.endpoint_id = :endpoint_id and d.id < :before"""
_DELIVERIES: Final = _COLUMNS + " order by d.id desc limit :limit"
_UNDELIVERED: Final = _COLUMNS + " and d.state <> 'delivered' order by d.id desc limit :limit"


def _endpoint(row: sa.Row[Any]) -> EndpointView:
    return view(
        EndpointView,
        row,
        events=tuple(row.events),
        state=EndpointState(row.state),
        disabled_why=None if row.disabled_why is None else Why(row.disabled_why),
        next_at=row.due_at,
    )


def _delivery(row: sa.Row[Any]) -> DeliveryView:
    return view(DeliveryView, row, state=DeliveryState(row.state), trouble=row.error, is_next=bool(row.is_next))
