"""Files into tables: rows are read line by line, staged by COPY, judged and written set-based, a transaction per chunk.

A line is a record. What cannot be read (encoding, number of columns, length, JSON) is a reject with its line number,
never a crash. A run is known by its kind and the file's digest: killed half-way, the next start goes on behind the
last committed chunk. A finished file may be run again; loaders compare before they write, so that nothing changes.
A dry run goes the same way, chunk by chunk, and leaves its report alone.
"""

import enum
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final, Protocol

import psycopg
import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from core import audit, faults, locks
from core.audit import Actor
from core.db import Database, ReadSession, Timestamp, WriteSession, statement
from core.errors import Json, Refusal
from core.records import Layout, Reject, Row, Source, chunks, digest_of, read_ahead

CHUNK_ROWS: Final = 10_000
KEEP_DAYS: Final = 400
KEEP_REJECTS: Final = 1_000
"""Of a run and unit, once the file that has them all is written."""
FORGET_AT_ONCE: Final = 50_000
COMMAND: Final = Actor("command:import")
"""Who imports where no person is known."""
DEADLINE_S: Final = 300.0  # of a chunk and of each of its statements


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


class Mode(enum.StrEnum):
    """Whether a run writes what its rows say, or only reports what it would write."""

    LOAD = "load"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of the rows of a chunk."""

    new: int
    changed: int
    unchanged: int
    rejects: list[Reject]


class Loader(Protocol):
    """What a domain knows about one kind of file."""

    kind: ClassVar[str]
    layout: ClassVar[Layout]

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row]) -> Taken:
        """Write what is new or changed in these rows, and say what was not taken."""

    def place(
        self, session: WriteSession, *, run_id: int, rows: Sequence[Row], rejects: Sequence[Reject]
    ) -> list[Reject]:
        """Count refused rows where they belong; answers them with that place."""

    def finish(self, session: WriteSession, *, run_id: int) -> bool:
        """A piece of the work that waits for the whole file; True when all of it is done."""

    def forget(self, session: WriteSession, *, run_id: int, most: int) -> int:
        """Drop up to `most` notes that only a run at work needs; answers how many."""


class Checker(Loader, Protocol):
    """A loader that can tell what it would do."""

    def check(self, session: WriteSession, *, run_id: int, rows: Sequence[Row]) -> Taken:
        """The same judgement as `load`, and nothing but notes of the run is written."""


class Whole(Protocol):
    """A promise about a file: that it tells all there is of a part of the supplier."""

    @property
    def scope(self) -> str:
        """Which part; empty for all of it."""

    def mark(self, session: WriteSession, *, run_id: int, rows: Sequence[Row]) -> None:
        """Note which known things stand in these rows, refused ones included."""

    def compare(self, session: WriteSession, *, run_id: int) -> tuple[int, int]:
        """Note what is known and stands nowhere in the file: how many of how many known ones."""


@dataclass(frozen=True, slots=True)
class Report:
    """The end of a run. `rows` counts records, rejected ones included.

    `vanished` of `known` things stand nowhere in a file that tells all; both are None for another file.
    """

    run_id: int
    rows: int
    rejected: int
    resumed_from: int
    new: int
    changed: int
    unchanged: int
    vanished: int | None
    known: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    rows: int
    bytes_read: int
    bytes_total: int


def run(
    db: Database,
    *,
    path: Path,
    loader: Loader,
    actor: Actor = COMMAND,
    chunk_rows: int = CHUNK_ROWS,
    told: Callable[[Progress], None] = lambda _progress: None,
    whole: Whole | None = None,
    signed_off_id: int | None = None,
) -> Report:
    """Import a file. The audit log tells who began or resumed it, and what came of it.

    `signed_off_id` is the dry run whose totals somebody stands for. Raises BadFile before anything is written, and
    RunTaken when a second process works on the same file.
    """
    work = _Work(loader, Mode.LOAD, loader.load, whole, signed_off_id)
    return _go(db, work, path, actor=actor, chunk_rows=chunk_rows, told=told)


def check(
    db: Database,
    *,
    path: Path,
    loader: Checker,
    actor: Actor = COMMAND,
    chunk_rows: int = CHUNK_ROWS,
    told: Callable[[Progress], None] = lambda _progress: None,
    whole: Whole | None = None,
    signed_off_id: int | None = None,
) -> Report:
    """Run a file dry: its report is kept as that of an import is, and nothing else is written.

    `signed_off_id` is an earlier dry run that this one repeats. Raises as `run` does.
    """
    work = _Work(loader, Mode.CHECK, loader.check, whole, signed_off_id)
    return _go(db, work, path, actor=actor, chunk_rows=chunk_rows, told=told)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done with a file, and with which promises."""

    loader: Loader
    mode: Mode
    take: Callable[..., Taken]
    whole: Whole | None = None
    signed_off_id: int | None = None


def _go(
    db: Database,
    work: _Work,
    path: Path,
    *,
    actor: Actor,
    chunk_rows: int,
    told: Callable[[Progress], None],
) -> Report:
    source = Source(path, work.loader.layout)
    digest = digest_of(path)
    with db.write() as session:
        run_id, done = _begin(session, work, digest=digest, path=path, actor=actor)
        what: dict[str, Json] = {"kind": work.loader.kind, "sha256": digest.hex(), "resumed_from": done}
        if work.mode is Mode.CHECK:
            what["mode"] = work.mode.value
        audit.record(session, actor=actor, act="import.begin", subject=f"import_run:{run_id}", after=what)
    resumed_from = done
    with path.open("rb") as file:
        for chunk, position in read_ahead(chunks(source.records(file, skip=done), size=chunk_rows, file=file)):
            faults.point("import.chunk.before")
            with db.write() as session:
                done = _take_chunk(session, work, run_id=run_id, done=done, chunk=chunk)
                faults.point("import.chunk.before_commit")
            faults.point("import.chunk.committed")
            told(Progress(done, position, source.size))
    _finish(db, work, run_id=run_id)
    with db.write() as session:
        report = _end(session, run_id=run_id, resumed_from=resumed_from)
        came: dict[str, Json] = {"rows": report.rows, "rejected": report.rejected}
        if work.whole is not None:
            came["vanished"] = report.vanished
        audit.record(session, actor=actor, act="import.finish", subject=f"import_run:{run_id}", after=came)
    return report


def _finish(db: Database, work: _Work, *, run_id: int) -> None:
    """What waits for the whole file, in pieces that may be repeated."""
    is_finished = work.mode is Mode.CHECK
    while not is_finished:
        with db.write() as session:
            is_finished = work.loader.finish(session, run_id=run_id)
            faults.point("import.finish.before_commit")
    if work.whole is not None:
        with db.write() as session:
            _compare(session, work.whole, run_id=run_id)
    forgotten = FORGET_AT_ONCE
    while forgotten == FORGET_AT_ONCE:
        with db.write() as session:
            forgotten = work.loader.forget(session, run_id=run_id, most=FORGET_AT_ONCE)


def _compare(session: WriteSession, whole: Whole, *, run_id: int) -> None:
    """Once: the notes that it needs are dropped afterwards."""
    is_new = "select vanished is null from import_run where id = :id for update"
    if session.sql(is_new, id=run_id).scalar_one():
        vanished, known = whole.compare(session, run_id=run_id)
        session.sql(
            "update import_run set vanished = :vanished, known = :known where id = :id",
            vanished=vanished,
            known=known,
            id=run_id,
        )


def _end(session: WriteSession, *, run_id: int, resumed_from: int) -> Report:
    session.sql("update import_run set finished_at = now() where id = :id", id=run_id)
    row = session.sql(
        """select id, rows_done, rows_rejected, rows_new, rows_changed, rows_unchanged, vanished, known
           from import_run where id = :id""",
        id=run_id,
    ).one()
    return Report(
        run_id=row.id,
        rows=row.rows_done,
        rejected=row.rows_rejected,
        resumed_from=resumed_from,
        new=row.rows_new,
        changed=row.rows_changed,
        unchanged=row.rows_unchanged,
        vanished=row.vanished,
        known=row.known,
    )


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of rows that a program sent: how many there were, and why some were not taken, by row."""

    rows: int
    rejects: list[Reject]


def push(session: WriteSession, *, loader: Loader, rows: Sequence[Row | Reject], digest: bytes, actor: Actor) -> Pushed:
    """Take rows as a file of one chunk would be, in the transaction that is given; `digest` is that of what was sent.

    The run and its rejects are kept beside those of files. Raises RunTaken while a file of this kind has its turn.
    """
    take_turn(session, kind=loader.kind)
    run_id: int = session.sql(
        "insert into import_run (kind, file_digest, actor) values (:kind, :digest, :actor) returning id",
        kind=loader.kind,
        digest=digest,
        actor=actor.name,
    ).scalar_one()
    work = _Work(loader, Mode.LOAD, loader.load)
    _take_chunk(session, work, run_id=run_id, done=0, chunk=rows)
    while not loader.finish(session, run_id=run_id):
        pass
    loader.forget(session, run_id=run_id, most=len(rows) * 2)
    report = _end(session, run_id=run_id, resumed_from=0)
    came: dict[str, Json] = {
        "kind": loader.kind,
        "sha256": digest.hex(),
        "rows": report.rows,
        "rejected": report.rejected,
    }
    audit.record(session, actor=actor, act="import.push", subject=f"import_run:{run_id}", after=came)
    told = rejects(session, run_id=run_id, limit=len(rows) * len(loader.layout.columns))
    trim(session, run_id=run_id, most=len(told))
    return Pushed(report.rows, told)


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
    dropped = session.sql(statement("core", "trim_rejects.sql"), run_id=run_id, kept=KEEP_REJECTS, most=most).rowcount
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


def trim_old(session: WriteSession, *, most: int) -> int:
    """Drop up to `most` such rejects of runs that ended a day ago and whose file nobody has written since."""
    dropped = 0
    while dropped < most:
        found = session.sql(statement("core", "untrimmed_run.sql"), kept=KEEP_REJECTS).scalar_one_or_none()
        if found is None:
            break
        dropped += trim(session, run_id=found, most=most - dropped)
    return dropped


def purge(session: WriteSession, *, most: int) -> int:
    """Forget up to `most` runs that ended KEEP_DAYS ago, with their rejects; returns how many."""
    return session.sql(statement("core", "purge_imports.sql"), days=KEEP_DAYS, most=most).rowcount


def _begin(session: WriteSession, work: _Work, *, digest: bytes, path: Path, actor: Actor) -> tuple[int, int]:
    """The unfinished run of this file, or a new one: its id and the rows of its committed chunks."""
    params: dict[str, object] = {
        "kind": work.loader.kind,
        "digest": digest,
        "mode": work.mode.value,
        "is_full": work.whole is not None,
        "scope": "" if work.whole is None else work.whole.scope,
    }
    unfinished = """select id, rows_done from import_run
        where kind = :kind and file_digest = :digest and mode = :mode and is_full = :is_full and scope = :scope
          and finished_at is null"""
    known = session.sql(unfinished, **params).one_or_none()
    if known is None:
        session.sql(
            """insert into import_run (kind, file_digest, mode, is_full, scope, file_name, file_bytes, actor,
                 signed_off_id)
               values (:kind, :digest, :mode, :is_full, :scope, :file_name, :file_bytes, :actor, :signed_off_id)
               on conflict (kind, file_digest, mode, is_full, scope) where finished_at is null do nothing""",
            file_name=path.name,
            file_bytes=path.stat().st_size,
            actor=actor.name,
            signed_off_id=work.signed_off_id,
            **params,
        )
        known = session.sql(unfinished, **params).one()  # another process may have begun at the same moment
    return known.id, known.rows_done


def _take_chunk(session: WriteSession, work: _Work, *, run_id: int, done: int, chunk: Sequence[Row | Reject]) -> int:
    session.sql("set local work_mem = '64MB'")  # sorts of a whole chunk stay in memory
    if _reached(session, run_id=run_id) != done:
        raise RunTaken
    unread = [record for record in chunk if isinstance(record, Reject)]
    rows = [record for record in chunk if isinstance(record, Row)]
    taken = work.take(session, run_id=run_id, rows=rows)
    if work.whole is not None:
        work.whole.mark(session, run_id=run_id, rows=rows)
    refused = unread + taken.rejects
    if refused:
        _note_rejects(session, work.loader.place(session, run_id=run_id, rows=rows, rejects=refused), run_id=run_id)
    session.sql(
        """update import_run set rows_done = rows_done + :rows, rows_rejected = rows_rejected + :rejected,
             rows_new = rows_new + :new, rows_changed = rows_changed + :changed,
             rows_unchanged = rows_unchanged + :unchanged
           where id = :id""",
        rows=len(chunk),
        rejected=len({each.row_no for each in refused}),
        new=taken.new,
        changed=taken.changed,
        unchanged=taken.unchanged,
        id=run_id,
    )
    return done + len(chunk)


def _note_rejects(session: WriteSession, refused: Sequence[Reject], *, run_id: int) -> None:
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


def _reached(session: WriteSession, *, run_id: int) -> int | None:
    """How far the run has come by whoever went on with it; the row stays locked. Raises RunTaken for a long chunk."""
    with _taken():
        locked = session.sql("select rows_done from import_run where id = :id for update", id=run_id)
    reached: int | None = locked.scalar_one_or_none()
    return reached


@contextmanager
def _taken() -> Iterator[None]:
    """A lock that was not to be had in time means another process."""
    try:
        yield
    except sa.exc.OperationalError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise RunTaken from error
        raise
