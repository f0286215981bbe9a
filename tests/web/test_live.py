"""Streams of live status: how many there may be, and that the one task behind them outlives whatever happens to it."""

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx2
import pytest
import sqlalchemy as sa
import structlog
from structlog.typing import EventDict

from core.db import Statement
from services.payments import queries
from tests.support.town import Person, Town
from tests.support.waiting import wait_until
from web import live
from web.live import PaymentWatch

EMPTY = Statement("empty.sql", sa.text("select '[]'"), b"select '[]'")


@pytest.fixture
def watch(town: Town) -> Iterator[PaymentWatch]:
    watch: PaymentWatch = town.app.state.payment_watch
    yield watch
    wait_until(lambda: watch.watched == 0, timeout_s=60, message="a stream is still followed")


@pytest.fixture
def person(town: Town) -> Person:
    return town.settle(town.build(town.unit_id))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as made:
        yield made


Follow = Callable[[Person, str], Future[httpx2.Response]]


@pytest.fixture
def follow(town: Town, watch: PaymentWatch, pool: ThreadPoolExecutor) -> Follow:
    """Opens a stream, and answers when it is being followed what it will have told at its end."""

    def opened(person: Person, payment_no: str) -> Future[httpx2.Response]:
        before = watch.watched
        answer = pool.submit(town.client.get, f"/api/v1/payments/{payment_no}/events", headers=person.bearer)
        wait_until(lambda: watch.watched > before, timeout_s=60, message="the stream is not followed")
        return answer

    return opened


def last_state(answer: httpx2.Response) -> str:
    told = [line for line in answer.text.splitlines() if line.startswith("data:")]
    state: str = json.loads(told[-1].removeprefix("data:"))["state"]
    return state


def ask(town: Town, person: Person, payment_no: str) -> httpx2.Response:
    return town.client.get(f"/api/v1/payments/{payment_no}/events", headers=person.bearer)


def events_of(logs: list[EventDict]) -> list[object]:
    return [each["event"] for each in logs]


def other_payment(town: Town, person: Person) -> str:
    return town.start_payment(person.user_id, town.house, by_quote=True)


def task_of(watch: PaymentWatch) -> asyncio.Task[None]:
    assert watch._task is not None
    return watch._task


def test_one_person_has_so_many_streams_and_others_have_theirs(
    town: Town, person: Person, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STREAMS_EACH", 1)
    first = follow(person, person.waiting_no)
    second = other_payment(town, person)
    refused = ask(town, person, second)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
    assert int(refused.headers["retry-after"]) > 0
    neighbour = town.settle(town.build(town.unit_id))
    theirs = follow(neighbour, neighbour.waiting_no)

    polled = town.client.get(f"/api/v1/payments/{second}", headers=person.bearer)
    assert polled.json()["payment_no"] == second, "what may not be followed may be asked for"
    for number in (person.waiting_no, neighbour.waiting_no, second):
        town.pay(number)
    assert {last_state(answer.result()) for answer in (first, theirs)} == {"paid"}
    assert last_state(ask(town, person, second)) == "paid", "the place is free again"


def test_a_process_has_so_many_streams(
    town: Town, person: Person, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STREAMS", 1)
    first = follow(person, person.waiting_no)
    neighbour = town.people["neighbour"]
    refused = ask(town, neighbour, neighbour.paid_no)
    assert (refused.status_code, refused.json()["code"]) == (503, "streams_full")
    assert int(refused.headers["retry-after"]) > 0
    page = town.client.get(f"/payments/{neighbour.paid_no}/events", headers=town.browser(neighbour))
    assert page.status_code == 503
    assert int(page.headers["retry-after"]) > 0
    town.pay(person.waiting_no)
    first.result()
    assert ask(town, neighbour, neighbour.paid_no).status_code == 200


def test_a_round_that_answers_for_nobody_is_logged_and_the_next_one_tells(
    town: Town, person: Person, watch: PaymentWatch, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = follow(person, person.waiting_no)
    task = task_of(watch)
    with monkeypatch.context() as wrong, structlog.testing.capture_logs() as logs:
        wrong.setattr(queries, "HOT_WATCHED", EMPTY)
        wait_until(lambda: "watch_failed" in events_of(logs), timeout_s=60, message="no round has failed")
    town.pay(person.waiting_no)
    assert last_state(stream.result()) == "paid"
    assert task_of(watch) is task


def test_a_task_that_something_ended_is_logged_and_started_again(
    town: Town, person: Person, watch: PaymentWatch, follow: Follow
) -> None:
    stream = follow(person, person.waiting_no)
    task, portal = task_of(watch), town.client.portal
    assert portal is not None
    with structlog.testing.capture_logs() as logs:
        portal.call(task.cancel)
        wait_until(lambda: task_of(watch) is not task, timeout_s=60, message="nobody started it again")
    assert "watch_ended" in events_of(logs)
    town.pay(person.waiting_no)
    assert last_state(stream.result()) == "paid"


def test_the_task_and_its_streams_end_with_the_process(town: Town, person: Person) -> None:
    wanted = live.Watched(person.waiting_no, person.user_id, person.session_id)

    async def end() -> list[str | None]:
        ended = PaymentWatch(town.runtime.db)
        told = ended.follow(wanted, '{"is_final": false}')
        first = await anext(told)
        following = asyncio.create_task(anext(told, "the end"))
        await asyncio.sleep(0)
        task = task_of(ended)
        await ended.close()
        assert task.done()
        return [first, await following]

    assert asyncio.run(end()) == ['{"is_final": false}', "the end"]
