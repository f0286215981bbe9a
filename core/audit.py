"""Who changed what, from where. Append-only: the application may insert and read, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from core.db import ReadSession, Timestamp, WriteSession, to_json
from core.errors import Json
from core.money import Money


class AuditRow(SQLModel, table=True):
    """One act. Carries ids, never names, phones or secrets."""

    __tablename__ = "audit"

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    recorded_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
    actor: str = Field(sa_type=sa.Text)
    act: str = Field(sa_type=sa.Text)
    subject: str = Field(sa_type=sa.Text)
    address: str | None = Field(default=None, sa_type=sa.Text)
    before: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    unit_id: int | None = Field(default=None, sa_type=sa.Integer)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as `kind:id` (`user:0193...`, `job:payments.poll`), and the network address where that is known."""

    name: str
    address: str | None = None


def record(
    session: WriteSession,
    *,
    actor: Actor,
    act: str,
    subject: str,
    before: dict[str, Json] | None = None,
    after: dict[str, Json] | None = None,
    unit_id: int | None = None,
) -> None:
    """Write one act with the change it describes, in the same transaction.

    `unit_id` says to which part of the supplier it belongs, where the subject does not.
    """
    session.sql(
        """insert into audit (actor, act, subject, address, before, after, unit_id)
           values (:actor, :act, :subject, :address, cast(:before as jsonb), cast(:after as jsonb), :unit_id)""",
        actor=actor.name,
        act=act,
        subject=subject,
        address=actor.address,
        before=None if before is None else to_json(before),
        after=None if after is None else to_json(after),
        unit_id=unit_id,
    )


def record_staged(
    session: WriteSession,
    *,
    actor: Actor,
    act: str,
    changes: Sequence[tuple[str, dict[str, Json], dict[str, Json]]],
) -> None:
    """Write one act on many subjects in one statement; a change is subject, before, after."""
    session.sql(
        """insert into audit (actor, act, subject, address, before, after)
           select :actor, :act, c ->> 0, :address, c -> 1, c -> 2
           from jsonb_array_elements(cast(:changes as jsonb)) c""",
        actor=actor.name,
        act=act,
        address=actor.address,
        changes=to_json([list(change) for change in changes]),
    )


def sum_of(amount: Money) -> dict[str, Json]:
    """A sum as a change keeps it."""
    return {"amount_minor": amount.minor, "currency": amount.currency}


def acts_of(session: ReadSession, *, actor: str) -> list[dict[str, Json]]:
    """Everything that somebody did, in order, as it may be shown to them."""
    rows = session.sql(
        "select recorded_at, act, subject, address, before, after from audit where actor = :actor order by id",
        actor=actor,
    )
    return [
        {
            "at": row.recorded_at.isoformat(),
            "act": row.act,
            "subject": row.subject,
            "address": row.address,
            "before": row.before,
            "after": row.after,
        }
        for row in rows
    ]


def forget_addresses(session: WriteSession, *, actor: str) -> None:
    """Forget from where somebody acted. What they did stays, under an id that leads to nobody once they are erased."""
    session.sql("select audit_forget(:actor)", actor=actor)


@dataclass(frozen=True, slots=True)
class Span:
    """A subject and the time in which it was somebody's; None where that is open."""

    subject: str
    since: datetime | None = None
    until: datetime | None = None


def strike_reasons(session: WriteSession, *, about: Sequence[Span]) -> None:
    """Strike out the reasons that were typed for acts on these subjects; who did what, and when, stays."""
    session.sql(
        "select audit_strike(cast(:subjects as text[]), cast(:since as timestamptz[]), cast(:until as timestamptz[]))",
        subjects=[each.subject for each in about],
        since=[each.since for each in about],
        until=[each.until for each in about],
    )
