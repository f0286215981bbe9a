"""Callbacks of others: kept once, applied once, whatever fails in between.

`receive` stores a verified callback under its sender's own id. The edge applies it in a savepoint: success marks the
row, failure keeps the row with its error, commits, and is repeated by the sweeper. The sender is answered only after
the commit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
import structlog
from sqlmodel import Field, SQLModel

from core.db import ReadSession, Timestamp, WriteSession, is_lost, view

log = structlog.get_logger(__name__)

MAX_ATTEMPTS: Final = 30
KEEP_DAYS: Final = 90
"""Longer than any sender repeats itself; what a callback did is kept by those who applied it."""


class InboxRow(SQLModel, table=True):
    """One callback as it came. Not owner first: nobody owns it before it is applied."""

    __tablename__ = "inbox"

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    source: str = Field(sa_type=sa.Text)
    external_id: str = Field(sa_type=sa.Text)
    body: bytes = Field(sa_type=sa.LargeBinary)
    received_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
    applied_at: datetime | None = Field(default=None, sa_type=Timestamp)
    due_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
    attempts: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})
    error: str | None = Field(default=None, sa_type=sa.Text)
    subject: str | None = Field(default=None, sa_type=sa.Text)
    outcome: str | None = Field(default=None, sa_type=sa.Text)


@dataclass(frozen=True, slots=True)
class Callback:
    """A stored callback. `is_applied` says that nothing is left to do."""

    id: int
    source: str
    external_id: str
    body: bytes
    is_applied: bool
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A callback for whoever looks into what came: `outcome` is what came of it, `error` why it is not applied yet.

    One that `is_emptied` named a person who is erased.
    """

    id: int
    subject: str
    external_id: str
    received_at: datetime
    applied_at: datetime | None
    outcome: str | None
    attempts: int
    error: str | None
    is_emptied: bool


Apply = Callable[[WriteSession, Callback], str | None]
"""Does what a callback asks for, and may answer in a word what came of it."""

_RECEIVE = """
insert into inbox (source, external_id, body, subject) values (:source, :external_id, :body, :subject)
on conflict (source, external_id) do nothing returning id
"""
_KNOWN = """
select id, applied_at is not null as is_applied, body from inbox
where source = :source and external_id = :external_id for update
"""


def receive(
    session: WriteSession, *, source: str, external_id: str, body: bytes, subject: str | None = None
) -> Callback:
    """Keep a verified callback; a repetition returns the row as it stands, locked until the transaction ends.

    `subject` is the sender's number of what it is about, by which `about` finds it.
    """
    inserted = session.sql(
        _RECEIVE, source=source, external_id=external_id, body=body, subject=subject
    ).scalar_one_or_none()
    if inserted is not None:
        return Callback(inserted, source, external_id, body, is_applied=False)
    known = session.sql(_KNOWN, source=source, external_id=external_id).one()
    return Callback(known.id, source, external_id, bytes(known.body), is_applied=known.is_applied)


def apply(session: WriteSession, callback: Callback, work: Apply) -> bool:
    """Do `work` in a savepoint and mark the callback; a failure is kept for the sweeper.

    Returns whether it is applied now. Raises what broke the connection: then nothing is kept, and the sender comes
    again.
    """
    if callback.is_applied:
        return True
    try:
        with session.begin_nested():
            outcome = work(session, callback)
    except Exception as error:
        if is_lost(error):
            raise
        log.exception("callback_failed", inbox_id=callback.id, source=callback.source)
        session.sql(
            """update inbox set attempts = attempts + 1, error = :error,
                 due_at = now() + least(power(2, attempts), 3600) * interval '1 second' where id = :id""",
            id=callback.id,
            error=f"{type(error).__name__}: {error}"[:2000],
        )
        return False
    session.sql(
        "update inbox set applied_at = now(), error = null, outcome = :outcome where id = :id",
        id=callback.id,
        outcome=outcome,
    )
    return True


def claim_due(session: WriteSession, *, source: str) -> Callback | None:
    """The oldest callback of a source that failed to apply and is due again, locked; None when there is none."""
    row: sa.Row[Any] | None = session.sql(
        """select id, external_id, body, subject from inbox
           where source = :source and applied_at is null and due_at <= now() and attempts < :most
           order by due_at, id limit 1 for update skip locked""",
        source=source,
        most=MAX_ATTEMPTS,
    ).one_or_none()
    return (
        None
        if row is None
        else Callback(row.id, source, row.external_id, bytes(row.body), is_applied=False, subject=row.subject)
    )


def about(session: ReadSession, *, source: str, subjects: Sequence[str], limit: int = 100) -> list[Kept]:
    """What a source told of these subjects, the oldest first, at most `limit`. Served by ix_inbox_subject."""
    rows = session.sql(
        """select id, subject, external_id, received_at, applied_at, outcome, attempts, error, body = '' as is_emptied
           from inbox where source = :source and subject = any(:subjects) order by id limit :limit""",
        source=source,
        subjects=list(subjects),
        limit=limit,
    )
    return [view(Kept, row) for row in rows]


def body_about(session: ReadSession, *, source: str, subjects: Sequence[str], callback_id: int) -> bytes | None:
    """A kept callback as it came, if it is about one of these; None when it is not, or is forgotten or emptied."""
    found: bytes | None = session.sql(
        "select body from inbox where id = :id and source = :source and subject = any(:subjects) and body <> ''",
        id=callback_id,
        source=source,
        subjects=list(subjects),
    ).scalar_one_or_none()
    return None if found is None else bytes(found)


def has_waiting(session: ReadSession, *, source: str, subjects: Sequence[str]) -> bool:
    """Whether a callback about one of these is to be applied yet. Served by ix_inbox_subject.

    One that is given up is not: it would put off for ever whatever waits for it.
    """
    return bool(
        session.sql(
            """select exists (select from inbox
               where source = :source and subject = any(:subjects) and applied_at is null and attempts < :most)""",
            source=source,
            subjects=list(subjects),
            most=MAX_ATTEMPTS,
        ).scalar_one()
    )


def empty(session: WriteSession, *, source: str, subjects: Sequence[str]) -> None:
    """Take what callbacks about these said that are applied or given up; that they came, and what came of it, stays.

    Of an error, which may quote what was said, its kind stays. The row goes on refusing repetitions. Served by
    ix_inbox_subject.
    """
    session.sql(
        """update inbox set body = '', error = split_part(error, ':', 1) where source = :source
           and subject = any(:subjects) and (applied_at is not null or attempts >= :most) and body <> ''""",
        source=source,
        subjects=list(subjects),
        most=MAX_ATTEMPTS,
    )


def forget(session: WriteSession, *, source: str, subjects: Sequence[str]) -> None:
    """Forget all callbacks about these, applied or not. Served by ix_inbox_subject."""
    session.sql(
        "delete from inbox where source = :source and subject = any(:subjects)", source=source, subjects=list(subjects)
    )


def purge(session: WriteSession, *, most: int) -> int:
    """Forget up to `most` callbacks that were applied more than KEEP_DAYS ago; returns how many.

    What is not applied stays.
    """
    return session.sql(
        """delete from inbox where id in (
             select id from inbox where applied_at < now() - make_interval(days => :days)
             order by applied_at limit :most for update skip locked
           )""",
        days=KEEP_DAYS,
        most=most,
    ).rowcount
