"""PostgreSQL: sessions, transactions with a deadline, statements from files, and the asynchronous way for single ones.

Only edges and `flows.py` open transactions. A session outside one raises at its first use (`autobegin=False`), and so
does a second `begin`.
"""

import contextlib
import dataclasses
import enum
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final, LiteralString, Self, TypeAlias, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, SQLModel

NAMING: Final = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}
SQLModel.metadata.naming_convention = NAMING

LOCK_TIMEOUT_MS: Final = 5_000
POOL_TIMEOUT_S: Final = 5.0
RECONNECT_S: Final = 3.0
"""The hot pool doubles its waits between attempts; giving up early lets the next request try at once."""
SHUTDOWN: Final = "57P"
"""Class of SQLSTATEs by which a server that stops or starts says goodbye, when it has the time to."""
UNDONE: Final = frozenset({"40001", "40P01"})
"""SQLSTATEs of a serialization failure and of a deadlock."""
PING_S: Final = 2.0
HOT_DEADLINE_S: Final = 3.0
HOT_WRITE_DEADLINE_S: Final = 10.0
HOT_WRITE_LOCK_TIMEOUT_MS: Final = 500
"""Others may wait for the same statement: what is locked for longer is done by a thread of its own."""
WATCH_INTERVAL_S: Final = 0.5
_DIALECT: Final[sa.Dialect] = psycopg_dialect()  # type: ignore[no-untyped-call] # SQLAlchemy leaves its dialects untyped

E = TypeVar("E", bound=enum.StrEnum)
V = TypeVar("V")


class ReadSession(Session):
    """A session in which nothing is written."""

    def sql(self, statement: "LiteralString | Statement", /, **params: object) -> sa.CursorResult[Any]:
        """Run one SQL statement with `:name` parameters."""
        text = statement.clause if isinstance(statement, Statement) else sa.text(statement)
        return self.connection().execute(text, params)


class WriteSession(ReadSession):
    """A session inside a transaction that its opener commits."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a `reads/*.sql` file, for sessions (`clause`) and for the driver (`driver_sql`)."""

    name: str
    clause: sa.TextClause
    driver_sql: bytes


@cache
def statement(package: str, name: str) -> Statement:
    """Load `reads/<name>` of a package, or of the nearest above it that has it; parameters are written `:name`."""
    home = package
    while not (source := files(home).joinpath("reads", name)).is_file():
        home = home.rpartition(".")[0]
    clause = sa.text(source.read_text(encoding="utf-8"))
    return Statement(name, clause, str(clause.compile(dialect=_DIALECT)).encode())


def view(kind: type[V], row: sa.Row[Any], **made: object) -> V:
    """A row as a frozen view: each field is the column of its name, unless it is `made` of the row here."""
    found = row._mapping  # noqa: SLF001 -- SQLAlchemy's own name for what every caller may use
    names = (each.name for each in dataclasses.fields(kind))  # type: ignore[arg-type] # every view is a dataclass
    return kind(**{name: found[name] for name in names if name in found} | made)


def text_enum(choices: type[E], *, length: int = 32) -> sa.Enum:
    """A text column that holds the enum's values; the CHECK lives in the migration."""
    return sa.Enum(
        choices,
        native_enum=False,
        create_constraint=False,
        length=length,
        values_callable=lambda kind: [member.value for member in kind],
    )


class Timestamp(sa.TypeDecorator[datetime]):
    """`timestamptz` that refuses naive values."""

    impl = sa.TIMESTAMP(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """Refuse a time without a zone."""
        if value is not None and value.tzinfo is None:
            msg = "a time without a zone"
            raise ValueError(msg)
        return value


class _Deadlines:
    """Cuts the socket of a transaction that is too old: a frozen server ignores `statement_timeout`.

    A machine that stands still for longer goes on with both at once: what was done in time by its own account, and the
    cut. Whoever keeps the connection therefore looks at `was_cut` afterwards.
    """

    def __init__(self) -> None:
        self._running: dict[_Watched, None] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def watch(self, descriptor: int, seconds: float) -> "_Watched":
        """A block that is cut when it takes longer."""
        return _Watched(self, descriptor, seconds)

    def begin(self, watched: "_Watched") -> None:
        self._running[watched] = None
        if self._thread is None or not self._thread.is_alive():
            self._start()

    def end(self, watched: "_Watched") -> None:
        with self._lock:  # a descriptor that is cut must still be the one that was watched
            self._running.pop(watched, None)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._cut_overdue, name="database-deadlines", daemon=True)
                self._thread.start()

    def _cut_overdue(self) -> None:
        while True:
            time.sleep(WATCH_INTERVAL_S)
            with self._lock:
                now = time.monotonic()
                for watched in [each for each in list(self._running) if each.limit <= now]:
                    self._running.pop(watched, None)
                    watched.was_cut = True
                    _cut(watched.descriptor)


class _Watched:
    """One block under a deadline. Every hot statement has one: a class costs a third of what a generator would."""

    __slots__ = ("_deadlines", "_seconds", "descriptor", "limit", "was_cut")

    def __init__(self, deadlines: _Deadlines, descriptor: int, seconds: float) -> None:
        self._deadlines = deadlines
        self._seconds = seconds
        self.descriptor = descriptor
        self.limit = 0.0
        self.was_cut = False

    def __enter__(self) -> Self:
        self.limit = time.monotonic() + self._seconds
        self._deadlines.begin(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._deadlines.end(self)


def _cut(descriptor: int) -> None:
    with (
        socket.socket(fileno=os.dup(descriptor)) as connection,
        contextlib.suppress(OSError),
    ):  # already gone: nothing to cut
        connection.shutdown(socket.SHUT_RDWR)


_HotPool: TypeAlias = AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]


class Database:
    """A process's ways to PostgreSQL: a synchronous pool for transactions, asynchronous ones for single statements."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 16,
        hot_pool_size: int = 6,
        hot_write_pool_size: int = 3,
        deadline_s: float = 30.0,
        statement_timeout_s: float = 15,
    ) -> None:
        """`deadline_s` ends a transaction, `statement_timeout_s` one statement of it; a read of all needs more."""
        self._dsn = url
        self._statement_timeout_s = statement_timeout_s
        self._deadline_s = deadline_s
        self._deadlines = _Deadlines()
        self.pool_size = pool_size
        self.engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,  # an error is logged and kept: it must not carry what was written
            pool_timeout=POOL_TIMEOUT_S,
        )
        sa.event.listen(self.engine, "checkout", self._ping)
        self._sessions = sessionmaker(bind=self.engine, class_=WriteSession, autobegin=False, expire_on_commit=False)
        self._reads = sessionmaker(bind=self.engine, class_=ReadSession, autobegin=False, expire_on_commit=False)
        self._hot_pool_size = hot_pool_size
        self._hot_write_pool_size = hot_write_pool_size
        self._hot: _HotPool | None = None
        self._hot_write: _HotPool | None = None

    def write(self) -> AbstractContextManager[WriteSession]:
        """A transaction that commits when the block ends and rolls back when it raises."""
        return self._begin(self._sessions)

    def read(self) -> AbstractContextManager[ReadSession]:
        """A transaction that PostgreSQL keeps from writing."""
        return self._begin_read()

    async def open_hot(self) -> None:
        """Start the asynchronous pools; call it in the event loop that will use them.

        Writes have a pool of their own: readers do not wait behind a lock.
        """
        self._hot = self._hot_pool(self._hot_pool_size, self._options())
        self._hot_write = self._hot_pool(
            self._hot_write_pool_size, f"{self._options()} -c lock_timeout={HOT_WRITE_LOCK_TIMEOUT_MS}"
        )
        await self._hot.open()
        await self._hot_write.open()

    async def close_hot(self) -> None:
        """End the asynchronous pools."""
        pools, self._hot, self._hot_write = (self._hot, self._hot_write), None, None
        for pool in pools:
            if pool is not None:
                await pool.close()

    async def hot(self, query: Statement, params: Mapping[str, object]) -> Any:
        """The first column of the first row, or None. One statement, JSON text made by the database."""
        began = time.monotonic()
        while True:
            try:
                return await self._hot_once(self._hot, query, params, HOT_DEADLINE_S)
            except PoolTimeout:
                raise
            except psycopg.OperationalError as error:
                # A read may be repeated, and each try leaves one broken connection less. A silent server uses up the
                # time with two.
                if not _is_gone(error) or time.monotonic() - began >= 2 * HOT_DEADLINE_S:
                    raise

    async def hot_write(self, query: Statement, params: Mapping[str, object]) -> Any:
        """The first column of a statement that writes, committed when it answers: a transaction of its own.

        Never repeated here. Nobody knows what became of it when the connection breaks: the caller must be
        able to ask again.
        """
        return await self._hot_once(self._hot_write, query, params, HOT_WRITE_DEADLINE_S)

    async def _hot_once(
        self, pool: _HotPool | None, query: Statement, params: Mapping[str, object], deadline_s: float
    ) -> Any:
        if pool is None:
            msg = "the asynchronous pools are not open"
            raise RuntimeError(msg)
        # `pool.connection()` would end a transaction, too, of which a statement that commits itself has none.
        connection = await pool.getconn()
        watched = self._deadlines.watch(connection.fileno(), deadline_s)
        try:
            with watched:
                cursor = await connection.execute(query.driver_sql, params)
                row = await cursor.fetchone()
        finally:
            if watched.was_cut:
                await connection.close()
            await pool.putconn(connection)
        return None if row is None else row[0]

    def _hot_pool(self, size: int, options: str) -> _HotPool:
        return AsyncConnectionPool(
            self._dsn,
            min_size=1,
            max_size=size,
            timeout=POOL_TIMEOUT_S,
            reconnect_timeout=RECONNECT_S,
            open=False,
            kwargs={"autocommit": True, "prepare_threshold": 0, "options": options, "row_factory": tuple_row},
        )

    def close(self) -> None:
        """Close the synchronous pool."""
        self.engine.dispose()

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of its own for COPY and the like; the caller closes it."""
        return self._connect()

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self._dsn, options=self._options(), connect_timeout=5)

    def _options(self) -> str:
        timeouts = f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={round(self._statement_timeout_s * 1_000)}"
        return f"{timeouts} -c timezone=UTC -c jit=off"

    def _ping(self, connection: Any, _record: object, _proxy: object) -> None:
        """Refuse a pooled connection that does not answer: SQLAlchemy's own ping waits for ever on a frozen server."""
        try:
            with self._deadlines.watch(connection.fileno(), PING_S) as ping:
                self.engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise sa.exc.InvalidatePoolError from error
        if ping.was_cut:
            raise sa.exc.InvalidatePoolError

    @contextmanager
    def _begin(self, factory: sessionmaker[Any]) -> Iterator[Any]:
        with factory() as session, contextlib.ExitStack() as until_committed, session.begin():
            descriptor = session.connection().connection.driver_connection.fileno()
            until_committed.enter_context(self._deadlines.watch(descriptor, self._deadline_s))
            yield session
            session.flush()

    @contextmanager
    def _begin_read(self) -> Iterator[ReadSession]:
        with self._begin(self._reads) as session:
            session.sql("set transaction read only")
            yield session


@contextmanager
def taken_back(session: WriteSession) -> Iterator[None]:
    """Do a block for its answers alone: what it writes, and the locks that it takes, are given back when it ends."""
    nested = session.begin_nested()
    try:
        yield
    finally:
        nested.rollback()


@dataclass(frozen=True, slots=True)
class Server:
    """What a session is connected to, and as whom. `may_create`: the role could make tables or schemas."""

    version: int
    role: str
    is_superuser: bool
    may_create: bool
    is_standby: bool
    now: datetime


def server(session: ReadSession) -> Server:
    """Ask the server about itself."""
    row = session.sql(
        """select current_setting('server_version_num')::int / 10000 as version, current_user::text as role,
             current_setting('is_superuser') = 'on' as is_superuser, pg_is_in_recovery() as is_standby,
             has_schema_privilege('public', 'create') or has_database_privilege(current_database(), 'create')
               as may_create,
             clock_timestamp() as now"""
    ).one()
    return Server(row.version, row.role, row.is_superuser, row.may_create, row.is_standby, row.now)


def _is_gone(error: psycopg.OperationalError) -> bool:
    """Tell whether the connection broke or the server says goodbye, as all connections do after its restart."""
    return error.sqlstate is None or error.sqlstate.startswith(SHUTDOWN)


def is_lost(error: Exception) -> bool:
    """Tell whether the connection broke: nothing more can be written in its transaction, whoever catches the error."""
    return isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated


def is_undone(error: Exception) -> bool:
    """Tell whether the server took a transaction back for the sake of another: the same work may be done again.

    It does so with one of those that wait for each other, or that do not fit behind one another.
    """
    return isinstance(error, sa.exc.DBAPIError) and getattr(error.orig, "sqlstate", None) in UNDONE


def to_json(value: object) -> str:
    """Compact JSON text for a jsonb parameter."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
