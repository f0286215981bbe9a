"""Transactions: who may open one, how one ends, and that none waits for ever."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from core import db
from core.db import Database, Statement, WriteSession
from tests.support.waiting import wait_until

PATIENCE_S = 20.0
"""Longer than any deadline below, shorter than the server's own timeouts would let a test pass."""


@pytest.fixture
def hasty(app_dsn: str) -> Iterator[Database]:
    made = Database(app_dsn, pool_size=14, deadline_s=0.5)
    yield made
    made.close()


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def outcome_of(work: Callable[[], object]) -> BaseException | None:
    """What `work` raises, run where it cannot hang the test."""
    raised: list[BaseException | None] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 -- whatever it is, the test wants to see it
            raised.append(error)
        else:
            raised.append(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert raised, "still waiting for the database long after the deadline"
    return raised[0]


def backend(session: WriteSession) -> int:
    pid: int = session.sql("select pg_backend_pid()").scalar_one()
    return pid


def test_a_statement_ends_at_the_timeout_that_its_process_chose(app_dsn: str) -> None:
    brief, patient = Database(app_dsn, statement_timeout_s=0.2), Database(app_dsn, statement_timeout_s=3_600)
    try:
        with pytest.raises(sa.exc.OperationalError, match="statement timeout"), brief.read() as session:
            session.sql("select pg_sleep(60)")
        with patient.read() as session:
            assert session.sql("select current_setting('statement_timeout')").scalar_one() == "1h"
    finally:
        brief.close()
        patient.close()


def test_a_transaction_commits_when_its_block_ends(database: Database) -> None:
    with database.write() as session:
        session.sql("insert into claim (kind, key, owner) values ('k', '1', 'a')")
    with database.read() as session:
        assert session.sql("select owner from claim").scalar_one() == "a"


def test_a_transaction_whose_block_raises_leaves_nothing(database: Database) -> None:
    def work() -> None:
        with database.write() as session:
            session.sql("insert into claim (kind, key, owner) values ('k', '1', 'a')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    with database.read() as session:
        assert session.sql("select count(*) from claim").scalar_one() == 0


def test_a_session_cannot_be_used_after_its_transaction(database: Database) -> None:
    with database.write() as session:
        pass
    with pytest.raises(sa.exc.InvalidRequestError):
        session.sql("select 1")


def test_a_transaction_cannot_be_opened_inside_another_on_the_same_session(database: Database) -> None:
    with database.write() as session, pytest.raises(sa.exc.InvalidRequestError):
        session.begin()


def test_a_read_transaction_refuses_to_write(database: Database) -> None:
    with pytest.raises(sa.exc.InternalError, match="read-only"), database.read() as session:
        session.sql("insert into claim (kind, key, owner) values ('k', '1', 'a')")


def test_a_statement_on_a_frozen_server_is_cut_at_the_deadline(hasty: Database) -> None:
    def work() -> None:
        with hasty.write() as session, frozen(backend(session)):
            session.sql("select 1")

    assert isinstance(outcome_of(work), sa.exc.OperationalError)


def test_a_commit_on_a_frozen_server_is_cut_at_the_deadline(hasty: Database) -> None:
    pids: list[int] = []

    def work() -> None:
        with hasty.write() as session:
            session.sql("insert into claim (kind, key, owner) values ('k', '1', 'a')")
            pids.append(backend(session))
            os.kill(pids[0], signal.SIGSTOP)

    try:
        assert isinstance(outcome_of(work), sa.exc.OperationalError)
    finally:
        os.kill(pids[0], signal.SIGCONT)


def test_a_pooled_connection_that_froze_while_idle_is_replaced(hasty: Database) -> None:
    with hasty.write() as session:
        pid = backend(session)
    found: list[int] = []

    def work() -> None:
        with hasty.write() as session:
            found.append(backend(session))

    with frozen(pid):
        assert outcome_of(work) is None
    assert found != [pid]


def cut(connection: Any) -> bool:
    """Whether the socket of a connection has been cut from this side."""
    with socket.socket(fileno=os.dup(connection.fileno())) as looked_at:
        try:
            return looked_at.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False


def test_a_pooled_connection_that_was_cut_as_it_answered_is_replaced(
    hasty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it goes on a machine that stood still for longer than a ping may take."""
    with hasty.write() as session:
        pid = backend(session)
    ping = hasty.engine.dialect.do_ping

    def stall(connection: Any) -> bool:
        answered = ping(connection)
        wait_until(lambda: cut(connection), message="not cut")
        patched.undo()
        return answered

    with monkeypatch.context() as patched:
        patched.setattr(hasty.engine.dialect, "do_ping", stall)
        patched.setattr(db, "PING_S", 0.0)
        with hasty.write() as session:
            assert backend(session) != pid


def test_a_hot_connection_that_was_cut_as_it_answered_is_replaced(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = psycopg.AsyncCursor.fetchone

    async def stall(cursor: Any) -> Any:
        row = await fetch(cursor)
        wait_until(lambda: cut(cursor.connection), message="not cut")
        return row

    async def pid() -> object:
        return await database.hot_write(Statement("pid", sa.text(""), b"select pg_backend_pid()"), {})

    async def scene() -> None:
        await database.open_hot()
        with monkeypatch.context() as patched:
            patched.setattr(psycopg.AsyncCursor, "fetchone", stall)
            patched.setattr(db, "HOT_WRITE_DEADLINE_S", 0.0)
            was_cut = await pid()
        assert was_cut not in [await pid() for _ in range(10)]  # more than a pool keeps
        await database.close_hot()

    asyncio.run(scene())


def test_a_pooled_connection_whose_server_died_is_replaced(database: Database, app_dsn: str) -> None:
    with database.write() as session:
        pid = backend(session)
    with psycopg.connect(app_dsn, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", [pid])
    with database.write() as session:
        assert backend(session) != pid


def test_a_connection_in_use_again_is_not_cut_by_an_old_deadline(hasty: Database) -> None:
    for _ in range(20):
        with hasty.write() as session:
            session.sql("select 1")
    with hasty.write() as session:
        session.sql("select pg_sleep(0.1)")


async def hot_pid(database: Database) -> int:
    pid: int = await database.hot(Statement("pid", sa.text(""), b"select pg_backend_pid()"), {})
    return pid


def test_a_hot_read_whose_server_died_is_repeated_on_a_living_one(database: Database, app_dsn: str) -> None:
    async def scene() -> None:
        await database.open_hot()
        pid = await hot_pid(database)
        with psycopg.connect(app_dsn, autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s, 5000)", [pid])
        assert await hot_pid(database) != pid
        await database.close_hot()

    asyncio.run(scene())


def test_a_hot_read_whose_server_said_goodbye_is_repeated(database: Database, owner_dsn: str) -> None:
    goodbye = """
      create sequence asked;
      create function goodbye_once() returns int language plpgsql security definer as $$ begin
        if nextval('asked') = 1 then raise exception 'terminating connection' using errcode = '57P01'; end if;
        return 7;
      end $$"""
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(goodbye)

    async def scene() -> None:
        await database.open_hot()
        assert await database.hot(Statement("goodbye", sa.text(""), b"select goodbye_once()"), {}) == 7
        await database.close_hot()

    asyncio.run(scene())


def test_a_hot_read_on_a_frozen_server_is_cut_and_repeated_on_a_living_one(database: Database) -> None:
    async def scene() -> None:
        await database.open_hot()
        pid = await hot_pid(database)
        with frozen(pid):
            assert await asyncio.wait_for(hot_pid(database), PATIENCE_S) != pid
        await database.close_hot()

    asyncio.run(scene())


def test_a_hot_read_that_the_server_refuses_is_not_repeated(database: Database) -> None:
    async def scene() -> None:
        await database.open_hot()
        query = Statement("broken", sa.text(""), b"select 1/0")
        with pytest.raises(psycopg.errors.DivisionByZero):
            await database.hot(query, {})
        await database.close_hot()

    asyncio.run(scene())


def test_a_database_error_does_not_carry_what_was_to_be_written(database: Database) -> None:
    with pytest.raises(sa.exc.DataError) as caught, database.write() as session:
        session.sql("select 1/0 where cast(:secret as text) is not null", secret="+8613800138000")
    assert "13800138000" not in str(caught.value)
