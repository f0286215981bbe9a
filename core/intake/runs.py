"""What is kept of a run of an import: how far it came, what was refused, and whose turn it is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import psycopg
import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from core import locks
from core.db import ReadSession, Timestamp, WriteSession, statement
from core.errors import Refusal
from core.records import Reject

KEEP_DAYS: Final = 400
KEEP_REJECTS: Final = 1_000
"""Of a run and unit, once the file that has them all is written."""


class RunTaken(Refusal):
    """Another process is importing this very file, or another file of a kind whose chunks take turns."""

    code = "import_running"


class ImportRunRow(SQLModel, table=True):
    """One run of one file and how far it came."""

    __tablename__ = "import_run"

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    kind: str = Field(sa_type=sa.Text)
    file_digest: bytes = Field(sa_type=sa.LargeBinary)
    rows_done: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": sa.text("0")})
    rows_rejected: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": sa.text("0")})
    started_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
    finished_at: datetime | None = Field(default=None, sa_type=Timestamp)
    mode: str = Field(sa_type=sa.Text)
    file_name: str | None = Field(default=None, sa_type=sa.Text)
    file_bytes: int | None = Field(default=None, sa_type=sa.BigInteger)
    actor: str = Field(sa_type=sa.Text)
    is_full: bool = Field(default=False)
    scope: str = Field(default="", sa_type=sa.Text)
    signed_off_id: int | None = Field(
        default=None, sa_type=sa.BigInteger, foreign_key="import_run.id", ondelete="SET NULL"
    )
    rows_new: int = Field(default=0, sa_type=sa.BigInteger)
    rows_changed: int = Field(default=0, sa_type=sa.BigInteger)
    rows_unchanged: int = Field(default=0, sa_type=sa.BigInteger)
    vanished: int | None = Field(default=None, sa_type=sa.BigInteger)
    known: int | None = Field(default=None, sa_type=sa.BigInteger)
    trimmed_at: datetime | None = Field(default=None, sa_type=Timestamp)


class ImportRejectRow(SQLModel, table=True):
    """Why one field of one line was refused."""

    __tablename__ = "import_reject"

    run_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="import_run.id", ondelete="CASCADE")
    row_no: int = Field(sa_type=sa.BigInteger, primary_key=True)
    field: str = Field(sa_type=sa.Text, primary_key=True)
    reason: str = Field(sa_type=sa.Text)
    unit_id: int = Field(default=0, sa_type=sa.Integer)


def rejects(session: ReadSession, *, run_id: int, after: tuple[int, str] = (0, ""), limit: int = 1000) -> list[Reject]:
    """Rejected fields of a run by line, a page at a time."""
    rows = session.sql(
        """select row_no, field, reason, unit_id from import_reject
           where run_id = :run_id and (row_no, field) > (:row_no, :field) order by row_no, field limit :limit""",
        run_id=run_id,
        row_no=after[0],
        field=after[1],
        limit=limit,
    )
    return [Reject(row.row_no, row.field, row.reason, row.unit_id) for row in rows]


def trim(session: WriteSession, *, run_id: int, most: int) -> int:
    """Drop up to `most` rejects beyond the first KEEP_REJECTS of each unit; answers how many there were."""
    dropped = session.sql(
        statement(__package__, "trim_rejects.sql"), run_id=run_id, kept=KEEP_REJECTS, most=most
    ).rowcount
    if dropped < most:
        session.sql("update import_run set trimmed_at = now() where id = :id", id=run_id)
    return dropped


def take_turn(session: WriteSession, *, kind: str) -> None:
    """Let no other run of this kind write until the transaction ends. Raises RunTaken when the other's turn is long."""
    with _taken():
        locks.lock(session, key=f"import|{kind}")


def older_unfinished(session: ReadSession, *, kind: str, run_id: int) -> list[int]:
    """Runs of this kind that began before this one and were cut off, or are still at work."""
    older = "select id from import_run where kind = :kind and id < :run_id and finished_at is null"
    return list(session.sql(older, kind=kind, run_id=run_id).scalars())


def was_imported(session: ReadSession, *, run_id: int) -> bool:
    """Whether the file of this run was imported to its end by one before. Reads all runs that are kept: ask once."""
    before = """select exists (
      select from import_run r join import_run o on o.kind = r.kind and o.file_digest = r.file_digest and o.id < r.id
      where r.id = :run_id and o.mode = 'load' and o.finished_at is not null)"""
    found: bool = session.sql(before, run_id=run_id).scalar_one()
    return found


def trim_old(session: WriteSession, *, most: int) -> int:
    """Drop up to `most` such rejects of runs that ended a day ago and whose file nobody has written since."""
    dropped = 0
    while dropped < most:
        found = session.sql(statement(__package__, "untrimmed_run.sql"), kept=KEEP_REJECTS).scalar_one_or_none()
        if found is None:
            break
        dropped += trim(session, run_id=found, most=most - dropped)
    return dropped


def purge(session: WriteSession, *, most: int) -> int:
    """Forget up to `most` runs that ended KEEP_DAYS ago, with their rejects; returns how many."""
    return session.sql(statement(__package__, "purge_imports.sql"), days=KEEP_DAYS, most=most).rowcount


def note_rejects(session: WriteSession, refused: Sequence[Reject], *, run_id: int) -> None:
    """Keep why fields were refused, the first reason of each."""
    session.sql(
        """insert into import_reject (run_id, row_no, field, reason, unit_id)
           select distinct on (row_no, field) :run_id, row_no, field, reason, unit_id
           from unnest(cast(:row_nos as bigint[]), cast(:fields as text[]), cast(:reasons as text[]),
             cast(:unit_ids as integer[])) r (row_no, field, reason, unit_id)""",
        run_id=run_id,
        row_nos=[each.row_no for each in refused],
        fields=[each.field for each in refused],
        reasons=[each.reason for each in refused],
        unit_ids=[each.unit_id for each in refused],
    )


def reached(session: WriteSession, *, run_id: int) -> int | None:
    """How far the run has come by whoever went on with it; the row stays locked. Raises RunTaken for a long chunk."""
    with _taken():
        locked = session.sql("select rows_done from import_run where id = :id for update", id=run_id)
    done: int | None = locked.scalar_one_or_none()
    return done


@contextmanager
def _taken() -> Iterator[None]:
    """A lock that was not to be had in time means another process."""
    try:
        yield
    except sa.exc.OperationalError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise RunTaken from error
        raise
