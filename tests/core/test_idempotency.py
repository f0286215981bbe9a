"""Request keys: one effect, one answer. The ten cases over HTTP are tested at the edge; here is what the edge stands on."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from core import idempotency
from core.db import Database, WriteSession
from core.idempotency import Begun, InFlight, KeyReused, NameTaken, RequestKey
from tests.support.waiting import wait_for_waiting

KEY = RequestKey.of(caller="user:1", route="/api/v1/payments", key="k-1", method="POST", body=b'{"a":1}')


def other(**changes: object) -> RequestKey:
    facts: dict[str, object] = {
        "caller": "user:1",
        "route": "/api/v1/payments",
        "key": "k-1",
        "method": "POST",
        "body": b'{"a":1}',
    }
    return RequestKey.of(**{**facts, **changes})  # type: ignore[arg-type] # a table of cases


def answer(database: Database, key: RequestKey = KEY, *, resource: str | None = None) -> Begun:
    with database.write() as session:
        begun = idempotency.begin(session, key, resource=resource)
        if begun.status is None:
            idempotency.finish(session, key, begun, status=201, answer=b"made")
        return begun


def test_the_first_request_does_the_work_and_the_second_gets_its_answer(database: Database) -> None:
    assert answer(database).status is None
    assert answer(database) == Begun(None, 201, b"made")


def test_another_request_under_the_same_key_is_refused(database: Database) -> None:
    answer(database)
    with pytest.raises(KeyReused):
        answer(database, other(body=b'{"a":2}'))


@pytest.mark.parametrize("change", [{"caller": "user:2"}, {"route": "/api/v1/account-links"}, {"key": "k-2"}])
def test_a_key_means_nothing_to_others(database: Database, change: dict[str, object]) -> None:
    answer(database)
    assert answer(database, other(**change)).status is None


def test_a_request_that_failed_leaves_its_key_free(database: Database) -> None:
    def work() -> None:
        with database.write() as session:
            idempotency.begin(session, KEY)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert answer(database).status is None


def test_a_request_beside_a_running_one_is_told_to_wait(database: Database) -> None:
    with database.write() as first, database.write() as second:
        idempotency.begin(first, KEY)
        with pytest.raises(InFlight):
            idempotency.begin(second, KEY)


def test_whoever_waits_for_a_key_finds_what_the_first_answered(database: Database) -> None:
    def repeat() -> Begun:
        with database.write() as session:
            idempotency.wait_for(session, KEY)
            return idempotency.begin(session, KEY)

    with ThreadPoolExecutor(1) as pool:
        with database.write() as first:
            begun = idempotency.begin(first, KEY)
            second = pool.submit(repeat)
            wait_for_waiting(database, message="the second does not wait for the first")
            idempotency.finish(first, KEY, begun, status=201, answer=b"made")
        assert second.result() == Begun(None, 201, b"made")


def test_of_many_at_once_one_works(database: Database) -> None:
    results: list[str] = []
    barrier = threading.Barrier(8)

    def run() -> None:
        barrier.wait()
        try:
            results.append("worked" if answer(database).status is None else "replayed")
        except InFlight:
            results.append("waits")

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(results), results.count("worked")) == (8, 1)


def test_a_living_flow_keeps_its_key_between_its_transactions(database: Database) -> None:
    with database.write() as session:
        idempotency.begin(session, KEY, resource="order-1")
    with database.write() as session, pytest.raises(InFlight):
        idempotency.begin(session, KEY, resource="order-2")


def test_a_dead_flow_is_taken_over_with_the_resource_that_it_named(database: Database) -> None:
    with database.write() as session:
        idempotency.begin(session, KEY, resource="order-1")
        session.sql("update idempotency set leased_until = now() - interval '1 second'")
    with database.write() as session:
        assert idempotency.begin(session, KEY, resource="order-2") == Begun("order-1")
    with database.write() as session, pytest.raises(InFlight):
        idempotency.begin(session, KEY, resource="order-3")


def test_a_flow_that_failed_half_way_may_be_taken_over_at_once(database: Database) -> None:
    with database.write() as session:
        idempotency.interrupt(session, KEY, idempotency.begin(session, KEY, resource="order-1"))
    with database.write() as session:
        assert idempotency.begin(session, KEY, resource="order-2").resource == "order-1"


def test_a_released_key_forgets_what_came_with_it(database: Database) -> None:
    with database.write() as session:
        idempotency.release(session, KEY, idempotency.begin(session, KEY))
    assert answer(database, other(body=b"another")).status is None


def test_releasing_never_forgets_an_answer(database: Database) -> None:
    begun = answer(database)
    with database.write() as session:
        idempotency.release(session, KEY, begun)
        idempotency.interrupt(session, KEY, begun)
    assert answer(database).status == 201


@pytest.fixture
def overtaken(database: Database) -> Begun:
    """A run that stood still past its lease, while another began."""
    with database.write() as session:
        begun = idempotency.begin(session, KEY, resource="order-1")
        session.sql("update idempotency set leased_until = now() - interval '1 second'")
    with database.write() as session:
        assert idempotency.begin(session, KEY, resource="order-2").resource == "order-1"
    return begun


def test_a_run_that_was_overtaken_does_not_answer_for_the_other(database: Database, overtaken: Begun) -> None:
    with database.write() as session, pytest.raises(InFlight):
        idempotency.finish(session, KEY, overtaken, status=409, answer=b"mine")
    with database.read() as session:
        assert session.sql("select status from idempotency").scalar_one() is None


@pytest.mark.parametrize("end", [idempotency.release, idempotency.interrupt])
def test_a_run_that_was_overtaken_cannot_free_the_key_of_the_other(
    database: Database, overtaken: Begun, end: Callable[[WriteSession, RequestKey, Begun], None]
) -> None:
    with database.write() as session:
        end(session, KEY, overtaken)
    with database.write() as session, pytest.raises(InFlight):
        idempotency.begin(session, KEY, resource="order-3")


def test_an_expired_key_is_as_new_even_before_it_is_purged(database: Database) -> None:
    answer(database)
    with database.write() as session:
        session.sql("update idempotency set created_at = now() - interval '8 days'")
    assert answer(database, other(body=b"another")).status is None
    assert answer(database, other(body=b"another")).status == 201


def test_the_purge_takes_old_keys_alone(database: Database) -> None:
    answer(database)
    answer(database, other(key="k-2"))
    with database.write() as session:
        session.sql("update idempotency set created_at = now() - interval '8 days' where key = 'k-2'")
        assert idempotency.purge(session, most=10) == 1
    assert answer(database).status == 201


def test_a_name_belongs_to_its_first_owner(database: Database) -> None:
    with database.write() as session:
        assert idempotency.claim(session, kind="transaction", key="42", owner="a") is True
    with database.write() as session:
        assert idempotency.claim(session, kind="transaction", key="42", owner="a") is False
        assert idempotency.claim(session, kind="refund", key="42", owner="b") is True
        with pytest.raises(NameTaken):
            idempotency.claim(session, kind="transaction", key="42", owner="b")


def test_a_claim_waits_for_a_rival_and_then_sees_that_it_lost(database: Database) -> None:
    outcome: list[str] = []
    started = threading.Event()

    def rival() -> None:
        with database.write() as session:
            started.set()
            try:
                idempotency.claim(session, kind="transaction", key="42", owner="b")
                outcome.append("took")
            except NameTaken:
                outcome.append("lost")

    thread = threading.Thread(target=rival)
    with database.write() as session:
        idempotency.claim(session, kind="transaction", key="42", owner="a")
        thread.start()
        started.wait()
    thread.join()
    assert outcome == ["lost"]
