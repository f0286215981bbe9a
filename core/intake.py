"""Files into tables: rows are read line by line, staged by COPY, judged and written set-based, a transaction per chunk.

A line is a record. What cannot be read (encoding, number of columns, length, JSON) is a reject with its line number,
never a crash. A run is known by its kind and the file's digest: killed half-way, the next start goes on behind the
last committed chunk. A finished file may be run again; loaders compare before they write, so that nothing changes.
"""

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, ClassVar, Final, LiteralString, Protocol, TypeAlias

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlmodel import Field, SQLModel

from core import audit, faults, locks, records
from core.audit import Actor
from core.db import Database, ReadSession, Statement, Timestamp, WriteSession, statement
from core.errors import Json, Refusal
from core.records import LINE, Layout, Unreadable, clean

CHUNK_ROWS: Final = 10_000
KEEP_DAYS: Final = 400
MAX_LINE_BYTES: Final = 64 * 1024
COMMAND: Final = Actor("command:import")
"""Who imports where no person is known."""
UTF8_MARK: Final = b"\xef\xbb\xbf"
OTHER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
DEADLINE_S: Final = 300.0  # of a chunk and of each of its statements
FORMATS: Final = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class BadFile(Refusal):
    """The file as a whole cannot be read: its name, its encoding or its heading."""

    code = "bad_file"


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


class ImportRejectRow(SQLModel, table=True):
    """Why one field of one line was refused."""

    __tablename__ = "import_reject"

    run_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="import_run.id", ondelete="CASCADE")
    row_no: int = Field(sa_type=sa.BigInteger, primary_key=True)
    field: str = Field(sa_type=sa.Text, primary_key=True)
    reason: str = Field(sa_type=sa.Text)


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its line in the file, and its values in the order of the layout's columns; an empty field is None."""

    no: int
    values: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Reject:
    """Why a line was not taken. The reason says what is expected and never repeats the value."""

    row_no: int
    field: str
    reason: str


class Loader(Protocol):
    """What a domain knows about one kind of file."""

    kind: ClassVar[str]
    layout: ClassVar[Layout]

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row]) -> list[Reject]:
        """Write what is new or changed in these rows, and say what was not taken."""

    def finish(self, session: WriteSession, *, run_id: int) -> bool:
        """A piece of the work that waits for the whole file; True when all of it is done."""


@dataclass(frozen=True, slots=True)
class Report:
    """The end of a run. `rows` counts records, rejected ones included."""

    run_id: int
    rows: int
    rejected: int
    resumed_from: int


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
) -> Report:
    """Import a file. The audit log tells who began or resumed it, and what came of it.

    Raises BadFile before anything is written, and RunTaken when a second process works on the same file.
    """
    source = _Source(path, loader.layout)
    digest = _digest(path)
    with db.write() as session:
        run_id, done = _begin(session, kind=loader.kind, digest=digest)
        what: dict[str, Json] = {"kind": loader.kind, "sha256": digest.hex(), "resumed_from": done}
        audit.record(session, actor=actor, act="import.begin", subject=f"import_run:{run_id}", after=what)
    resumed_from = done
    with path.open("rb") as file:
        for chunk, position in _read_ahead(_chunks(source.records(file, skip=done), chunk_rows, file)):
            faults.point("import.chunk.before")
            with db.write() as session:
                done = _load_chunk(session, loader, run_id=run_id, done=done, chunk=chunk)
                faults.point("import.chunk.before_commit")
            faults.point("import.chunk.committed")
            told(Progress(done, position, source.size))
    is_finished = False
    while not is_finished:
        with db.write() as session:
            is_finished = loader.finish(session, run_id=run_id)
            faults.point("import.finish.before_commit")
    with db.write() as session:
        rejected: int = session.sql(
            "update import_run set finished_at = now() where id = :id returning rows_rejected", id=run_id
        ).scalar_one()
        came: dict[str, Json] = {"rows": done, "rejected": rejected}
        audit.record(session, actor=actor, act="import.finish", subject=f"import_run:{run_id}", after=came)
    return Report(run_id, done, rejected, resumed_from)


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
        "insert into import_run (kind, file_digest) values (:kind, :digest) returning id",
        kind=loader.kind,
        digest=digest,
    ).scalar_one()
    _load_chunk(session, loader, run_id=run_id, done=0, chunk=rows)
    while not loader.finish(session, run_id=run_id):
        pass
    rejected: int = session.sql(
        "update import_run set finished_at = now() where id = :id returning rows_rejected", id=run_id
    ).scalar_one()
    came: dict[str, Json] = {"kind": loader.kind, "sha256": digest.hex(), "rows": len(rows), "rejected": rejected}
    audit.record(session, actor=actor, act="import.push", subject=f"import_run:{run_id}", after=came)
    return Pushed(len(rows), rejects(session, run_id=run_id, limit=len(rows) * len(loader.layout.columns)))


def rejects(session: ReadSession, *, run_id: int, after: tuple[int, str] = (0, ""), limit: int = 1000) -> list[Reject]:
    """Rejected fields of a run by line, a page at a time."""
    rows = session.sql(
        """select row_no, field, reason from import_reject
           where run_id = :run_id and (row_no, field) > (:row_no, :field) order by row_no, field limit :limit""",
        run_id=run_id,
        row_no=after[0],
        field=after[1],
        limit=limit,
    )
    return [Reject(row.row_no, row.field, row.reason) for row in rows]


def stage(
    session: WriteSession,
    *,
    table: LiteralString,
    columns: Mapping[LiteralString, LiteralString],
    rows: Iterable[Sequence[object]],
) -> None:
    """Fill a temporary (hence unlogged) table by COPY.

    It lives as long as the transaction; `columns` maps names to types.
    """
    connection = session.connection().connection.driver_connection
    if connection is None:
        raise RuntimeError("a session inside a transaction has a connection")
    name = sql.Identifier(table)
    declared = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in columns.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("create temporary table {} ({}) on commit drop").format(name, declared))
        with cursor.copy(sql.SQL("copy {} from stdin").format(name)) as copy:
            for row in rows:
                copy.write_row(row)
    analyze(session, table=table)


def analyze(session: WriteSession, *, table: LiteralString) -> None:
    """Count a temporary table: without statistics the planner takes it for empty and joins by nested loops."""
    session.sql("set local default_statistics_target = 10")
    session.connection().execute(sa.text(f"analyze {table}"))


def refuse(session: WriteSession, *, table: LiteralString, judgement: Statement) -> list[Reject]:
    """Take rows out of a staged table: `judgement` answers (row_no, field, reason), a row as often as it has faults."""
    found = [Reject(row.row_no, row.field, row.reason) for row in session.sql(judgement)]
    if found:
        session.connection().execute(
            sa.text(f"delete from {table} where row_no = any(:row_nos)"),  # noqa: S608 -- a literal name
            {"row_nos": list({each.row_no for each in found})},
        )
    return found


def take_turn(session: WriteSession, *, kind: str) -> None:
    """Let no other run of this kind write until the transaction ends. Raises RunTaken when the other's turn is long."""
    with _taken():
        locks.lock(session, key=f"import|{kind}")


def older_unfinished(session: ReadSession, *, kind: str, run_id: int) -> list[int]:
    """Runs of this kind that began before this one and were cut off, or are still at work."""
    older = "select id from import_run where kind = :kind and id < :run_id and finished_at is null"
    return list(session.sql(older, kind=kind, run_id=run_id).scalars())


def purge(session: WriteSession, *, most: int) -> int:
    """Forget up to `most` runs that ended KEEP_DAYS ago, with their rejects; returns how many."""
    return session.sql(statement("core", "purge_imports.sql"), days=KEEP_DAYS, most=most).rowcount


def _begin(session: WriteSession, *, kind: str, digest: bytes) -> tuple[int, int]:
    """The unfinished run of this file, or a new one: its id and the rows of its committed chunks."""
    params: dict[str, object] = {"kind": kind, "digest": digest}
    unfinished = (
        "select id, rows_done from import_run where kind = :kind and file_digest = :digest and finished_at is null"
    )
    known = session.sql(unfinished, **params).one_or_none()
    if known is None:
        session.sql(
            "delete from import_run where kind = :kind and file_digest = :digest and finished_at is not null", **params
        )
        session.sql(
            """insert into import_run (kind, file_digest) values (:kind, :digest)
               on conflict (kind, file_digest) where finished_at is null do nothing""",
            **params,
        )
        known = session.sql(unfinished, **params).one()  # another process may have begun at the same moment
    return known.id, known.rows_done


def _load_chunk(session: WriteSession, loader: Loader, *, run_id: int, done: int, chunk: Sequence[Row | Reject]) -> int:
    session.sql("set local work_mem = '64MB'")  # sorts of a whole chunk stay in memory
    if _reached(session, run_id=run_id) != done:
        raise RunTaken
    unread = [record for record in chunk if isinstance(record, Reject)]
    refused = unread + loader.load(
        session,
        run_id=run_id,
        rows=[record for record in chunk if isinstance(record, Row)],
    )
    session.sql(
        """insert into import_reject (run_id, row_no, field, reason)
           select distinct on (row_no, field) :run_id, row_no, field, reason
           from unnest(cast(:row_nos as bigint[]), cast(:fields as text[]), cast(:reasons as text[]))
             r (row_no, field, reason)""",
        run_id=run_id,
        row_nos=[each.row_no for each in refused],
        fields=[each.field for each in refused],
        reasons=[each.reason for each in refused],
    )
    session.sql(
        "update import_run set rows_done = rows_done + :rows, rows_rejected = rows_rejected + :rejected where id = :id",
        rows=len(chunk),
        rejected=len({each.row_no for each in refused}),
        id=run_id,
    )
    return done + len(chunk)


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


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


_Chunk: TypeAlias = tuple[list[Row | Reject], int]
"""Records, and how many bytes of the file they and all before them take."""


def _chunks(records: Iterator[Row | Reject], size: int, file: BinaryIO) -> Iterator[_Chunk]:
    chunk: list[Row | Reject] = []
    for record in records:
        chunk.append(record)
        if len(chunk) == size:
            yield chunk, file.tell()
            chunk = []
    if chunk:
        yield chunk, file.tell()


def _read_ahead(chunks: Iterator[_Chunk]) -> Iterator[_Chunk]:
    """Read the next chunk while the database works on this one."""
    with ThreadPoolExecutor(1, thread_name_prefix="import-reader") as reader:
        following = reader.submit(next, chunks, None)
        while (chunk := following.result()) is not None:
            following = reader.submit(next, chunks, None)
            yield chunk


class _Source:
    """A file of one layout; the heading is read when the object is made."""

    def __init__(self, path: Path, layout: Layout) -> None:
        if path.suffix.lower() not in FORMATS:
            raise BadFile(reason="the name must end in .csv, .jsonl or .ndjson")
        self.size = path.stat().st_size
        self._layout = layout
        self._format = FORMATS[path.suffix.lower()]
        self._known = frozenset(layout.columns)
        with path.open("rb") as file:
            first = file.read(len(UTF8_MARK))
            if first[:2] in OTHER_MARKS:
                raise BadFile(reason="the file is UTF-16: save it as UTF-8")
            if self._format == "csv":
                file.seek(len(UTF8_MARK) if first == UTF8_MARK else 0)
                self._places = self._heading(file)

    def records(self, file: BinaryIO, *, skip: int) -> Iterator[Row | Reject]:
        """Records behind the first `skip`; blank lines count as lines and not as records."""
        parse = self._parse_csv if self._format == "csv" else self._parse_json
        seen = 0
        for number, raw in _lines(file):
            if (number == 1 and self._format == "csv") or not raw.strip():
                continue
            seen += 1
            if seen <= skip:
                continue
            try:
                yield Row(number, parse(_text(raw)))
            except Unreadable as error:
                yield Reject(number, error.field, error.reason)

    def _heading(self, file: BinaryIO) -> tuple[int | None, ...]:
        raw = file.readline(MAX_LINE_BYTES)
        try:
            names = [name.strip().lower() for name in _cells(_text(raw))]
        except Unreadable as error:
            raise BadFile(reason=f"heading: {error.reason}") from error
        if unknown := sorted(set(names) - self._known):
            raise BadFile(reason=f"unknown columns: {', '.join(name[:32] for name in unknown[:8])}")
        if len(set(names)) != len(names):
            raise BadFile(reason="a column stands twice in the heading")
        if missing := sorted(self._layout.required - set(names)):
            raise BadFile(reason=f"missing columns: {', '.join(missing)}")
        self._width = len(names)
        return tuple(names.index(column) if column in names else None for column in self._layout.columns)

    def _parse_csv(self, text: str) -> tuple[str | None, ...]:
        cells = _cells(text)
        if len(cells) != self._width:
            raise Unreadable(LINE, f"has {len(cells)} columns, the heading has {self._width}")
        return tuple(None if place is None else cells[place].strip() or None for place in self._places)

    def _parse_json(self, text: str) -> tuple[str | None, ...]:
        return records.values_of(self._layout, records.record_of(text))


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Numbered lines; of an oversized one only the beginning, which is enough to refuse it."""
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
            while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
        yield number, raw.removeprefix(UTF8_MARK) if number == 1 else raw


def _text(raw: bytes) -> str:
    if len(raw) > MAX_LINE_BYTES:
        raise Unreadable(LINE, f"is longer than {MAX_LINE_BYTES} bytes")
    try:
        return clean(raw.decode("utf-8").rstrip("\r\n"))
    except UnicodeDecodeError as error:
        raise Unreadable(LINE, f"is not UTF-8 at byte {error.start + 1}") from error


def _cells(text: str) -> list[str]:
    try:
        return next(csv.reader((text,), strict=True), [])
    except csv.Error as error:
        raise Unreadable(LINE, "has quotes that do not close; a record must be one line") from error
