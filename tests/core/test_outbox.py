"""Facts leave a transaction with it, and reach every handler with the effect of once."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import psycopg
import pytest

from core import outbox
from core.db import Database, WriteSession
from core.outbox import Delivery, Event


@dataclass(frozen=True, kw_only=True)
class LampLit(Event):
    name: ClassVar[str] = "test.lamp_lit"
    code: ClassVar[int] = 9001

    lamp: int


@dataclass(frozen=True, kw_only=True)
class Posted(Event):
    name: ClassVar[str] = "test.posted"
    code: ClassVar[int] = 9002

    book_id: int
    ref: int


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """The relay's tables of classes and handlers as they were."""
    classes, handlers = dict(outbox._classes), {code: list(known) for code, known in outbox._handlers.items()}
    outbox.register(LampLit)
    outbox.register(Posted)
    yield
    outbox._classes.clear()
    outbox._classes.update(classes)
    outbox._handlers.clear()
    outbox._handlers.update(handlers)


def note(session: WriteSession, delivery: Delivery, event: LampLit) -> None:
    """A handler whose effect can be counted: twice would break the primary key."""
    session.sql(
        "insert into claim (kind, key, owner) values ('lamp', :key, :owner)",
        key=str(delivery.id),
        owner=str(event.lamp),
    )


def lamps(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.sql("select owner from claim order by owner").scalars())


def light(database: Database, *numbers: int) -> None:
    with database.write() as session:
        for number in numbers:
            outbox.add(session, LampLit(lamp=number))


def kept(database: Database) -> int:
    with database.read() as session:
        return int(session.sql("select count(*) from outbox").scalar_one())


def test_a_fact_of_a_transaction_that_failed_is_never_told(database: Database) -> None:
    outbox.subscribe(LampLit, note)

    def work() -> None:
        with database.write() as session:
            outbox.add(session, LampLit(lamp=1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert outbox.relay_once(database) == 0


def test_each_fact_reaches_each_handler_and_is_gone(database: Database) -> None:
    heard: list[int] = []

    def hear(_session: WriteSession, _delivery: Delivery, event: LampLit) -> None:
        heard.append(event.lamp)

    outbox.subscribe(LampLit, note)
    outbox.subscribe(LampLit, hear)
    outbox.subscribe(LampLit, hear)
    light(database, 1, 2)
    assert outbox.relay_once(database) == 2
    assert (lamps(database), heard) == (["1", "2"], [1, 2])
    assert outbox.relay_once(database) == 0


def test_a_fact_without_a_listener_is_let_go(database: Database) -> None:
    light(database, 1)
    assert outbox.relay_once(database) == 1
    assert kept(database) == 0


def test_the_slim_form_that_sql_writes_is_told_too(database: Database) -> None:
    told: list[Posted] = []

    def hear(_session: WriteSession, _delivery: Delivery, event: Posted) -> None:
        told.append(event)

    outbox.subscribe(Posted, hear)
    with database.write() as session:
        session.sql("insert into outbox (kind, book_id, ref) values (9002, 7, 3)")
    outbox.relay_once(database)
    assert told == [Posted(book_id=7, ref=3)]


def test_many_facts_told_in_one_statement_are_all_told(database: Database) -> None:
    outbox.subscribe(LampLit, note)
    with database.write() as session:
        outbox.add_staged(session, LampLit, payloads=[{"lamp": number} for number in range(5)])
    assert outbox.relay_once(database) == 5


def test_what_a_failing_handler_wrote_is_undone_and_the_fact_is_kept_with_its_error(database: Database) -> None:
    def fail(session: WriteSession, delivery: Delivery, event: LampLit) -> None:
        note(session, delivery, event)
        raise RuntimeError("the bulb is broken")

    outbox.subscribe(LampLit, fail)
    light(database, 1)
    assert outbox.relay_once(database) == 0
    with database.read() as session:
        row = session.sql("select attempts, error, due_at > created_at as is_put_off from outbox").one()
    assert (row.attempts, row.is_put_off, "the bulb is broken" in row.error) == (1, True, True)
    assert lamps(database) == []


def test_a_database_error_of_a_handler_does_not_keep_others_from_being_told(database: Database) -> None:
    def fail_on_one(session: WriteSession, delivery: Delivery, event: LampLit) -> None:
        if event.lamp == 1:
            session.sql("select 1/0")
        note(session, delivery, event)

    outbox.subscribe(LampLit, fail_on_one)
    light(database, 1, 2, 3)
    assert outbox.relay_once(database) == 2
    assert lamps(database) == ["2", "3"]


def test_an_event_of_a_later_release_waits_with_its_error(database: Database) -> None:
    with database.write() as session:
        session.sql("insert into outbox (kind, payload) values (9999, '{}')")
    light(database, 1)
    assert outbox.relay_once(database) == 1
    assert kept(database) == 1


def test_a_fact_given_up_is_kept_and_not_tried(database: Database) -> None:
    light(database, 1)
    with database.write() as session:
        session.sql("update outbox set attempts = :most", most=outbox.MAX_ATTEMPTS)
    assert outbox.relay_once(database) == 0
    assert kept(database) == 1


def test_relays_side_by_side_tell_each_fact_once(database: Database) -> None:
    outbox.subscribe(LampLit, note)
    light(database, *range(40))
    delivered: list[int] = []
    threads = [threading.Thread(target=lambda: delivered.append(outbox.relay_once(database))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(delivered) + outbox.relay_once(database) == 40
    assert len(lamps(database)) == 40


def test_an_event_code_belongs_to_one_event() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Impostor(Event):
        name: ClassVar[str] = "test.impostor"
        code: ClassVar[int] = 9001

    with pytest.raises(ValueError, match="9001"):
        outbox.register(Impostor)


def test_claiming_reads_a_few_rows_however_many_wait(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(
            """insert into outbox (kind, payload, created_at, due_at)
               select 9001, '{"lamp":1}', now() - interval '1 hour', now() - interval '1 hour' from generate_series(1, 20000)"""
        )
        owner.execute("vacuum analyze outbox")
        plan = owner.execute(
            "explain (analyze, buffers off, format json) " + outbox._CLAIM.replace(":most", str(outbox.MAX_ATTEMPTS))
        ).fetchone()
    assert plan is not None
    assert "Seq Scan" not in str(plan[0])
    assert "Sort" not in str(plan[0])
