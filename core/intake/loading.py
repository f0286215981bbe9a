"""Files into tables: rows are read line by line, staged by COPY, judged and written set-based, a transaction per chunk.

The next chunk is read and staged, over a connection of its own, while this one is written.

A line is a record. What cannot be read (encoding, number of columns, length, JSON) is a reject with its line number,
never a crash. A run is known by its kind and the file's digest: killed half-way, the next start goes on behind the
last committed chunk. A finished file may be run again; loaders compare before they write, so that nothing changes.
A dry run goes the same way, chunk by chunk, and leaves its report alone. A chunk that the database took back for the
sake of another transaction is staged and written again, a few times.
"""

import contextlib
import enum
import gc
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Protocol, TypeVar, runtime_checkable

import sqlalchemy as sa

from core import audit, faults
from core.audit import Actor
from core.db import Database, WriteSession, is_undone
from core.errors import Json
from core.intake import runs
from core.intake.runs import RunTaken
from core.records import Chunk, Layout, Records, Reject, Row, Source, chunks, digest_of

T = TypeVar("T")

FORGET_AT_ONCE: Final = 50_000
COMMAND: Final = Actor("command:import")
"""Who imports where no person is known."""
DEADLINE_S: Final = 300.0  # of a chunk and of each of its statements
TRIES: Final = 5
"""Of a chunk, when others at work in the same rows come between it time and again."""
SWITCH_S: Final = 0.0005
"""After how long the thread that reads ahead makes way for the one that has an answer of the database."""
COLLECT_AFTER: Final = 200_000
"""New objects until those in circles are looked for. Rows are in none; looking through them took longer than to read
them."""


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
    """What a domain knows about one kind of file.

    `has_turns`: pushes of this kind write one at a time. Those of others lock what they judge, as their files do.
    """

    kind: ClassVar[str]
    layout: ClassVar[Layout]
    has_turns: ClassVar[bool]

    def stage(self, session: WriteSession, rows: Sequence[Row]) -> list[Reject]:
        """Put the rows of a chunk into temporary tables and refuse those whose form is wrong.

        Reads nothing that another chunk may write: the one before may not be committed yet.
        """

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:
        """Write what is new or changed in staged rows; say what was not taken, `refused` at staging included."""

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

    def check(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:
        """The same judgement as `load`, and nothing but notes of the run is written."""


@runtime_checkable
class Reads(Protocol):
    """A loader whose files are not, or not only, lines of its layout: it says how they are read."""

    def source(self, path: Path) -> Records:
        """The file as records; its promises are those of Records. Raises BadFile."""


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
    chunk_rows: int | None = None,
    told: Callable[[Progress], None] = lambda _progress: None,
    whole: Whole | None = None,
    signed_off_id: int | None = None,
) -> Report:
    """Import a file. The audit log tells who began or resumed it, and what came of it.

    `signed_off_id` is the dry run whose totals somebody stands for; `chunk_rows` bounds a transaction more narrowly
    than the format does. Raises BadFile before anything is written, and RunTaken when a second process works on the
    same file.
    """
    work = _Work(loader, Mode.LOAD, loader.load, whole, signed_off_id)
    return _go(db, work, path, actor=actor, chunk_rows=chunk_rows, told=told)


def check(
    db: Database,
    *,
    path: Path,
    loader: Checker,
    actor: Actor = COMMAND,
    chunk_rows: int | None = None,
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
    chunk_rows: int | None,
    told: Callable[[Progress], None],
) -> Report:
    loader = work.loader
    source: Records = loader.source(path) if isinstance(loader, Reads) else Source(path, loader.layout)
    digest = digest_of(path)
    with db.write() as session:
        run_id, done = _begin(session, work, digest=digest, path=path, actor=actor)
        what: dict[str, Json] = {"kind": work.loader.kind, "sha256": digest.hex(), "resumed_from": done}
        if work.mode is Mode.CHECK:
            what["mode"] = work.mode.value
        audit.record(session, actor=actor, act="import.begin", subject=f"import_run:{run_id}", after=what)
    resumed_from = done
    with path.open("rb") as file:
        read = chunks(
            source.records(file, skip=done), size=min(chunk_rows or source.chunk_rows, source.chunk_rows), file=file
        )
        with closing(_ahead(_staged(db, work.loader, read))) as staged:
            for chunk in staged:
                faults.point("import.chunk.before")
                done = _write(db, chunk, work, run_id=run_id, done=done)
                faults.point("import.chunk.committed")
                told(Progress(done, chunk.position, source.size))
    _finish(db, work, run_id=run_id)
    with db.write() as session:
        report = _end(session, run_id=run_id, resumed_from=resumed_from)
        came: dict[str, Json] = {"rows": report.rows, "rejected": report.rejected}
        if work.whole is not None:
            came["vanished"] = report.vanished
        audit.record(session, actor=actor, act="import.finish", subject=f"import_run:{run_id}", after=came)
    return report


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Staged rows in a transaction that is still open: it commits when `transaction` is left, or rolls back.

    `position` is how many bytes of the file they and all before them take.
    """

    session: WriteSession
    records: Sequence[Row | Reject]
    rows: list[Row]
    refused: list[Reject]
    position: int
    transaction: ExitStack


def _staged(db: Database, loader: Loader, read: Iterator[Chunk]) -> Iterator[_Chunk]:
    for records, position in read:
        yield _opened(db, loader, records, position=position)


def _opened(db: Database, loader: Loader, records: Sequence[Row | Reject], *, position: int) -> _Chunk:
    with ExitStack() as unless_staged:
        session = unless_staged.enter_context(db.write())
        return _stage(session, loader, records, position=position, transaction=unless_staged.pop_all())


def _stage(
    session: WriteSession,
    loader: Loader,
    records: Sequence[Row | Reject],
    *,
    position: int = 0,
    transaction: ExitStack | None = None,
) -> _Chunk:
    session.sql("set local work_mem = '64MB'")  # sorts of a whole chunk stay in memory
    rows = [record for record in records if isinstance(record, Row)]
    unread = [record for record in records if isinstance(record, Reject)]
    refused = unread + loader.stage(session, rows)
    return _Chunk(session, records, rows, refused, position, transaction or ExitStack())


def _write(db: Database, chunk: _Chunk, work: _Work, *, run_id: int, done: int) -> int:
    """Write and commit a chunk; how far the run has come by it."""
    staged = [chunk]

    def once() -> int:
        one = staged.pop() if staged else _opened(db, work.loader, chunk.records, position=chunk.position)
        with one.transaction:
            reached = _take_chunk(one, work, run_id=run_id, done=done)
            faults.point("import.chunk.before_commit")
        return reached

    return _repeated(once)


def _repeated(once: Callable[[], T]) -> T:
    """Do a transaction that the database may take back for the sake of another, and then again: up to TRIES times."""
    tries = 1
    while True:
        try:
            return once()
        except sa.exc.DBAPIError as error:
            if tries == TRIES or not is_undone(error):
                raise
            tries += 1


class _Abandoned(Exception):
    """A chunk was staged, and the one before it failed."""


def _ahead(chunks: Iterator[_Chunk]) -> Generator[_Chunk, None, None]:
    """Have the next chunk staged while the consumer writes this one; what is left over is rolled back."""
    usual, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_S)
    gc.set_threshold(COLLECT_AFTER, *thresholds[1:])
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="import-reader") as reader:
            following = reader.submit(next, chunks, None)
            try:
                while (chunk := following.result()) is not None:
                    following = reader.submit(next, chunks, None)
                    yield chunk
            finally:
                if following.exception() is None and (left := following.result()) is not None:
                    with contextlib.suppress(_Abandoned), left.transaction:
                        raise _Abandoned
    finally:
        sys.setswitchinterval(usual)
        gc.set_threshold(*thresholds)


def _finish(db: Database, work: _Work, *, run_id: int) -> None:
    """What waits for the whole file, in pieces that may be repeated."""
    loader, whole = work.loader, work.whole

    def finish() -> bool:
        with db.write() as session:
            is_finished = loader.finish(session, run_id=run_id)
            faults.point("import.finish.before_commit")
        return is_finished

    def forget() -> int:
        with db.write() as session:
            return loader.forget(session, run_id=run_id, most=FORGET_AT_ONCE)

    while work.mode is not Mode.CHECK and not _repeated(finish):
        pass
    if whole is not None:
        with db.write() as session:
            _compare(session, whole, run_id=run_id)
    while _repeated(forget) == FORGET_AT_ONCE:
        pass


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

    The run and its rejects are kept beside those of files. Raises RunTaken while another has its turn or what it needs.
    """
    if loader.has_turns:
        runs.take_turn(session, kind=loader.kind)
    run_id: int = session.sql(
        "insert into import_run (kind, file_digest, actor) values (:kind, :digest, :actor) returning id",
        kind=loader.kind,
        digest=digest,
        actor=actor.name,
    ).scalar_one()
    work = _Work(loader, Mode.LOAD, loader.load)
    _take_chunk(_stage(session, loader, rows), work, run_id=run_id, done=0)
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
    told = runs.rejects(session, run_id=run_id, limit=len(rows) * len(loader.layout.columns))
    runs.trim(session, run_id=run_id, most=len(told))
    return Pushed(report.rows, told)


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


def _take_chunk(chunk: _Chunk, work: _Work, *, run_id: int, done: int) -> int:
    session, rows = chunk.session, chunk.rows
    if runs.reached(session, run_id=run_id) != done:
        raise RunTaken
    taken = work.take(session, run_id=run_id, rows=rows, refused=chunk.refused)
    if work.whole is not None:
        work.whole.mark(session, run_id=run_id, rows=rows)
    refused = taken.rejects
    if refused:
        runs.note_rejects(session, work.loader.place(session, run_id=run_id, rows=rows, rejects=refused), run_id=run_id)
    session.sql(
        """update import_run set rows_done = rows_done + :rows, rows_rejected = rows_rejected + :rejected,
             rows_new = rows_new + :new, rows_changed = rows_changed + :changed,
             rows_unchanged = rows_unchanged + :unchanged
           where id = :id""",
        rows=len(chunk.records),
        rejected=len({each.row_no for each in refused}),
        new=taken.new,
        changed=taken.changed,
        unchanged=taken.unchanged,
        id=run_id,
    )
    return done + len(chunk.records)
