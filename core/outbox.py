"""The only way a fact leaves a transaction.

`add` writes a row in the transaction of the change. The relay claims rows with SKIP LOCKED and, per event, runs every
handler and deletes the row in ONE transaction: what handlers write in the database happens exactly once, however
often a relay dies. Handlers tolerate any order.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from core.db import Database, Timestamp, WriteSession, is_lost, to_json
from core.errors import Json
from core.faults import point

log = structlog.get_logger(__name__)

MAX_ATTEMPTS: Final = 30
"""After this many failures (about a day) the row stays, is counted as dead, and waits for a person."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """A fact in the past tense. Fields are ids and plain values, never persons or secrets."""

    name: ClassVar[str]
    code: ClassVar[int]
    version: ClassVar[int] = 1

    def payload(self) -> dict[str, Json]:
        """The fields as JSON values."""
        return dict(dataclasses.asdict(self))


@dataclasses.dataclass(frozen=True)
class Delivery:
    """One event on its way to a handler. `id` is the same at every repetition."""

    id: int
    event: Event
    occurred_at: datetime


E = TypeVar("E", bound=Event)
Handler = Callable[[WriteSession, Delivery, Any], None]


class OutboxRow(SQLModel, table=True):
    """A fact that has not reached all its handlers. `book_id` and `ref` are the slim form that SQL functions write."""

    __tablename__ = "outbox"

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    kind: int = Field(sa_type=sa.SmallInteger)
    book_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    ref: int | None = Field(default=None, sa_type=sa.BigInteger)
    payload: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    created_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
    due_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
    attempts: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})
    error: str | None = Field(default=None, sa_type=sa.Text)


_classes: dict[int, type[Event]] = {}
_handlers: dict[int, list[Handler]] = defaultdict(list)


def register(event_class: type[E]) -> type[E]:
    """Class decorator of every event: makes its code known to the relay."""
    known = _classes.setdefault(event_class.code, event_class)
    if known is not event_class:
        msg = f"event code {event_class.code} belongs to {known.name} and {event_class.name}"
        raise ValueError(msg)
    return event_class


def events() -> list[type[Event]]:
    """Every registered event, by code."""
    return [_classes[code] for code in sorted(_classes)]


def subscribe(event_class: type[E], handler: Callable[[WriteSession, Delivery, E], None]) -> None:
    """Call `handler` for each such event; only `app.wiring` subscribes.

    Subscribing the same handler again changes nothing.
    """
    if handler not in _handlers[event_class.code]:
        _handlers[event_class.code].append(handler)


def add(session: WriteSession, event: Event) -> None:
    """Tell a fact with the change that made it."""
    session.sql(
        "insert into outbox (kind, payload) values (:kind, cast(:payload as jsonb))",
        kind=event.code,
        payload=to_json(event.payload()),
    )


def add_staged(session: WriteSession, event_class: type[Event], *, payloads: list[dict[str, Json]]) -> None:
    """Tell many facts of one kind in one statement."""
    session.sql(
        """insert into outbox (kind, payload)
           select :kind, fact from jsonb_array_elements(cast(:payloads as jsonb)) fact""",
        kind=event_class.code,
        payloads=to_json(payloads),
    )


# By id, not by due time: the primary key then finds the next row among millions; rows that were put off are few.
_CLAIM = """
select id, kind, book_id, ref, payload, created_at, attempts from outbox
where due_at <= now() and attempts < :most order by id limit 1 for update skip locked
"""
_FAILED = """
update outbox set attempts = attempts + 1, error = :error,
  due_at = now() + least(power(2, attempts), 3600) * interval '1 second' * (0.5 + random() / 2)
where id = :id
"""


def relay_once(db: Database, *, limit: int = 100) -> int:
    """Deliver up to `limit` due events, each in its own transaction; returns how many were delivered.

    A handler that raises undoes that event's writes, keeps the row with its error and puts it off with growing,
    jittered waits.
    """
    delivered = 0
    for _ in range(limit):
        with db.write() as session:
            row = session.sql(_CLAIM, most=MAX_ATTEMPTS).one_or_none()
            if row is None:
                return delivered
            try:
                with session.begin_nested():
                    _deliver(session, row)
            except Exception as error:
                if is_lost(error):
                    raise
                log.exception("event_failed", event_id=row.id, kind=row.kind, attempts=row.attempts + 1)
                session.sql(_FAILED, id=row.id, error=f"{type(error).__name__}: {error}"[:2000])
                continue
            session.sql("delete from outbox where id = :id", id=row.id)
            point("outbox.relay.before_commit")
        delivered += 1
    return delivered


def _deliver(session: WriteSession, row: sa.Row[Any]) -> None:
    event_class = _classes[row.kind]
    payload = row.payload if row.payload is not None else {"book_id": row.book_id, "ref": row.ref}
    delivery = Delivery(row.id, event_class(**payload), row.created_at)
    for handler in _handlers[row.kind]:
        handler(session, delivery, delivery.event)
