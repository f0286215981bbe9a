"""The ten cases of an Idempotency-Key at the edge, over HTTP, on payments, quotes and links of the whole application."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from fastapi.testclient import TestClient

from core import clock, faults, idempotency
from core.faults import InjectedFault
from core.idempotency import LEASE_S
from services.accounts.models import Role
from services.payments.models import AttemptState
from tests.factories import payments as paying
from tests.support.served import serving
from tests.support.town import HOLDER, Home, Person, Town
from tests.support.waiting import wait_until
from web import leases

START = "/api/v1/payments"
QUOTE = "/api/v1/payment-quotes"
LINK = "/api/v1/account-links"


@pytest.fixture
def home(town: Town) -> Home:
    return town.build(town.unit_id)


@pytest.fixture
def person(town: Town, home: Home) -> Person:
    return town.settle(home, has_payments=False)


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    faults.arm(None)


@pytest.fixture
def client(town: Town) -> TestClient:
    """Tells bugs as callers see them."""
    return TestClient(town.app, base_url=town.settings.public_url)


def key() -> str:
    return uuid.uuid4().hex


def wish(home: Home, **other: Any) -> dict[str, Any]:
    return {"account_no": home.account_no, "amount_minor": 100, "method": "wechat_native", **other}


def send(client: TestClient, path: str, who: Person, sent: str, body: dict[str, Any]) -> httpx2.Response:
    return client.post(path, json=body, headers={**who.bearer, "idempotency-key": sent})


def told(answer: httpx2.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


def orders_of(town: Town, who: Person) -> list[tuple[str, str]]:
    """Number of each payment and of each of its attempts."""
    with town.runtime.db.read() as session:
        rows = session.sql(
            """select o.payment_no, a.out_trade_no from payment_order o join payment_attempt a on a.order_id = o.id
               where o.payer_user_id = :user order by o.created_at""",
            user=who.user_id,
        )
        return [(row.payment_no, row.out_trade_no) for row in rows]


def at_provider(town: Town, out_trade_no: str) -> bool:
    return town.sandbox.order(out_trade_no) is not None


def leased_until(town: Town, sent: str) -> datetime:
    with town.runtime.db.read() as session:
        found: datetime = session.sql("select leased_until from idempotency where key = :key", key=sent).scalar_one()
    return found


def lease_s(town: Town, sent: str) -> float:
    return (leased_until(town, sent) - clock.now()).total_seconds()


def expire_lease(town: Town) -> None:
    with town.runtime.db.write() as session:
        session.sql("update idempotency set leased_until = now() - interval '1 second' where leased_until is not null")


def test_1_the_first_request_is_done(town: Town, client: TestClient, home: Home, person: Person) -> None:
    answer = send(client, START, person, key(), wish(home))
    assert answer.status_code == 201
    assert "idempotent-replayed" not in answer.headers
    [(payment_no, out_trade_no)] = orders_of(town, person)
    assert answer.json()["payment"]["payment_no"] == payment_no
    assert at_provider(town, out_trade_no)


def test_2_a_success_is_replayed_byte_for_byte(town: Town, client: TestClient, home: Home, person: Person) -> None:
    sent = key()
    first = send(client, START, person, sent, wish(home))
    town.pay(first.json()["payment"]["payment_no"])
    again = send(client, START, person, sent, wish(home))
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert len(orders_of(town, person)) == 1


def test_3_a_refusal_of_the_business_is_replayed_though_the_reason_is_gone(
    town: Town, client: TestClient, home: Home, person: Person
) -> None:
    town.regrant(person, home, Role.VIEWER)
    sent = key()
    first = send(client, START, person, sent, wish(home))
    assert told(first) == (404, "account_not_payable")
    town.regrant(person, home, Role.PAYER)
    again = send(client, START, person, sent, wish(home))
    assert (again.status_code, again.content) == (404, first.content)
    assert again.headers["content-type"] == "application/problem+json"
    assert send(client, START, person, key(), wish(home)).status_code == 201


def test_3_a_replayed_refusal_counts_no_second_guess(town: Town, client: TestClient, person: Person) -> None:
    sent, body = key(), {"account_no": "0000000000", "name_hint": HOLDER[0]}
    for _ in range(3):
        assert told(send(client, QUOTE, person, sent, body)) == (409, "quote_refused")
    with town.runtime.db.read() as session:
        guesses = session.sql("select count(*) from payment_quote_failure where user_id = :u", u=person.user_id)
        assert guesses.scalar_one() == 1


def test_4_wrong_fields_do_not_spend_the_key(client: TestClient, home: Home, person: Person) -> None:
    sent = key()
    assert told(send(client, START, person, sent, wish(home, amount_minor=0))) == (422, "invalid_fields")
    assert send(client, START, person, sent, wish(home)).status_code == 201


def test_4_a_missing_sign_in_does_not_spend_the_key(town: Town, client: TestClient, home: Home, person: Person) -> None:
    sent = key()
    nobody = client.post(START, json=wish(home), headers={"idempotency-key": sent})
    assert told(nobody) == (401, "sign_in_needed")
    stale = client.post(START, json=wish(home), headers={**town.token_of(person, "staff"), "idempotency-key": sent})
    assert told(stale) == (401, "sign_in_needed")
    assert send(client, START, person, sent, wish(home)).status_code == 201


def test_4_a_limit_does_not_spend_the_key(town: Town, client: TestClient, home: Home, person: Person) -> None:
    def proof(meter_no: str) -> dict[str, Any]:
        return {
            "account_no": home.account_no,
            "proof": {"kind": "meter_no", "name_character": HOLDER[0], "meter_no": meter_no},
        }

    for _ in range(5):
        assert told(send(client, LINK, person, key(), proof("M-wrong"))) == (409, "link_refused")
    sent = key()
    limited = send(client, LINK, person, sent, proof(home.meter_no))
    assert told(limited) == (429, "link_limited")
    assert int(limited.headers["retry-after"]) > 0
    with town.runtime.db.write() as session:
        session.sql("delete from link_failure where user_id = :u", u=person.user_id)
    assert send(client, LINK, person, sent, proof(home.meter_no)).status_code == 201


def test_5_another_body_under_the_key_is_refused(town: Town, client: TestClient, home: Home, person: Person) -> None:
    sent = key()
    assert send(client, START, person, sent, wish(home)).status_code == 201
    reused = send(client, START, person, sent, wish(home, amount_minor=200))
    assert told(reused) == (409, "idempotency_key_reused")
    assert len(orders_of(town, person)) == 1


def test_5_the_key_of_one_payment_does_not_serve_another(
    town: Town, client: TestClient, home: Home, person: Person
) -> None:
    numbers = [town.start_payment(person.user_id, home) for _ in range(2)]
    sent = key()
    answers = [send(client, f"{START}/{number}/attempts", person, sent, {}) for number in numbers]
    assert [told(answer) for answer in answers] == [(201, None), (409, "idempotency_key_reused")]


def test_6_another_caller_and_another_route_are_independent(
    town: Town, client: TestClient, home: Home, person: Person
) -> None:
    other, sent = town.settle(home, has_payments=False), key()
    first = send(client, START, person, sent, wish(home))
    second = send(client, START, other, sent, wish(home))
    assert first.json()["payment"]["payment_no"] != second.json()["payment"]["payment_no"]
    assert "idempotent-replayed" not in second.headers
    quote = send(client, QUOTE, person, sent, {"account_no": home.account_no, "name_hint": HOLDER[0]})
    assert quote.status_code == 201
    assert quote.json()["holder"]


def test_7_while_the_first_is_at_work_the_second_is_told_to_wait(
    town: Town, client: TestClient, home: Home, person: Person
) -> None:
    arrived, may_go = threading.Event(), threading.Event()

    def hold(point: str) -> None:
        if point == "payments.prepare.before_call":
            arrived.set()
            assert may_go.wait(60)

    faults.arm(hold)
    sent = key()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(send, client, START, person, sent, wish(home))
        assert arrived.wait(60)
        second = send(client, START, person, sent, wish(home))
        may_go.set()
    assert told(second) == (409, "request_in_flight")
    assert int(second.headers["retry-after"]) > 0
    assert first.result().status_code == 201
    assert send(client, START, person, sent, wish(home)).content == first.result().content
    assert len(orders_of(town, person)) == 1


def test_7_a_provider_may_be_slower_than_a_lease_is_long(
    town: Town, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that lives holds its key, however long it takes: its lease is prolonged, and nobody takes over."""
    monkeypatch.setattr(idempotency, "LEASE_S", 3)
    monkeypatch.setattr(leases, "PERIOD_S", 0.1)
    arrived, may_go = threading.Event(), threading.Event()

    def hold(point: str) -> None:
        if point == "payments.prepare.before_call":
            arrived.set()
            assert may_go.wait(60)

    sent, portal = key(), town.client.portal
    assert portal is not None
    faults.arm(hold)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(send, town.client, START, person, sent, wish(home))
        assert arrived.wait(60)
        ends_at = leased_until(town, sent)
        keeping = portal.start_task_soon(town.app.state.leases.keep)
        wait_until(lambda: clock.now() > ends_at, timeout_s=60, message="time stands still")
        second = send(town.client, START, person, sent, wish(home))
        keeping.cancel()
        may_go.set()
    assert told(second) == (409, "request_in_flight")
    assert first.result().status_code == 201
    assert len(orders_of(town, person)) == 1


def test_two_renewals_may_fail_before_a_lease_is_over() -> None:
    assert 3 * leases.PERIOD_S < idempotency.LEASE_S


def test_7_fifty_at_once_have_one_effect(town: Town, client: TestClient, home: Home, person: Person) -> None:
    sent = key()
    with ThreadPoolExecutor(10) as pool:
        answers = [pool.submit(send, client, START, person, sent, wish(home)) for _ in range(50)]
        statuses = {answer.result().status_code for answer in answers}
    assert 201 in statuses
    assert statuses <= {201, 409}
    assert len(orders_of(town, person)) == 1


def crash_at(point: str) -> Callable[[str], None]:
    def hook(reached: str) -> None:
        if reached == point:
            raise InjectedFault(point)

    return hook


def test_8_a_crash_before_any_effect_leaves_the_key_to_the_next_try(
    town: Town, client: TestClient, home: Home, person: Person
) -> None:
    faults.arm(crash_at("payments.start.before_order"))
    sent = key()
    answer = send(client, START, person, sent, wish(home))
    assert told(answer) == (500, "internal_error")
    assert orders_of(town, person) == []
    faults.arm(None)
    assert send(client, START, person, sent, wish(home)).status_code == 201
    assert len(orders_of(town, person)) == 1


PHASES = (
    "payments.start.ordered",
    "payments.prepare.before_call",
    "payments.prepare.called",
    "payments.prepare.kept",
    "idempotency.before_finish",
)


@pytest.mark.parametrize("point", PHASES)
def test_9_a_crash_between_phases_goes_on_with_the_same_number_at_the_provider(
    town: Town, client: TestClient, home: Home, person: Person, point: str
) -> None:
    faults.arm(crash_at(point))
    sent = key()
    assert told(send(client, START, person, sent, wish(home))) == (500, "internal_error")
    faults.arm(None)
    [before] = orders_of(town, person)
    again = send(client, START, person, sent, wish(home))
    assert again.status_code == 201
    assert orders_of(town, person) == [before]
    assert again.json()["payment"]["payment_no"] == before[0]
    assert again.json()["pay"]["code_url"]
    assert at_provider(town, before[1])
    assert send(client, START, person, sent, wish(home)).content == again.content


@pytest.mark.parametrize("point", ["idempotency.begun", "payments.prepare.called"])
def test_9_a_killed_process_leaves_a_lease_and_then_the_next_one_goes_on(
    town: Town, client: TestClient, home: Home, person: Person, point: str, tmp_path: Path
) -> None:
    sent = key()
    with (
        serving(town.settings, log=tmp_path / "web.log", WATTLINE_FAULT=f"{point}:kill") as served,
        served.client() as doomed,
        pytest.raises(httpx.TransportError),
    ):
        doomed.post(START, json=wish(home), headers={**person.bearer, "idempotency-key": sent})
    before = orders_of(town, person)
    assert len(before) == (0 if point == "idempotency.begun" else 1)
    assert told(send(client, START, person, sent, wish(home))) == (409, "request_in_flight")
    assert lease_s(town, sent) <= LEASE_S, "the dead are waited for no longer than a lease"
    expire_lease(town)
    again = send(client, START, person, sent, wish(home))
    assert again.status_code == 201
    after = orders_of(town, person)
    assert len(after) == 1
    assert before in ([], after)
    assert at_provider(town, after[0][1])


def test_10_after_seven_days_the_key_is_new(town: Town, client: TestClient, home: Home, person: Person) -> None:
    sent = key()
    first = send(client, START, person, sent, wish(home))
    for age, is_replayed in (("6 days 23 hours", True), ("7 days 1 minute", False)):
        with town.runtime.db.write() as session:
            session.sql(
                "update idempotency set created_at = now() - cast(:age as interval) where key = :key",
                age=age,
                key=sent,
            )
        again = send(client, START, person, sent, wish(home))
        assert (again.content == first.content) is is_replayed
        assert again.status_code == 201
    assert len(orders_of(town, person)) == 2


@pytest.mark.parametrize("sent", ["", " ", "a b", "é", "a" * 256, "\x7f"])
def test_a_key_is_visible_characters_and_not_too_many(
    town: Town, client: TestClient, home: Home, person: Person, sent: str
) -> None:
    # In bytes: no text of a header may hold some of these.
    headers = [(b"authorization", person.bearer["authorization"].encode()), (b"idempotency-key", sent.encode())]
    answer = client.post(START, json=wish(home), headers=headers)
    assert told(answer) == (400, "idempotency_key_missing")
    assert orders_of(town, person) == []


def test_the_longest_key_is_taken(client: TestClient, home: Home, person: Person) -> None:
    assert send(client, START, person, key() * 7 + "a" * 31, wish(home)).status_code == 201


def test_a_lost_answer_is_found_again_by_its_key(town: Town, client: TestClient, home: Home, person: Person) -> None:
    """The provider took the order and its answer was lost: the same key earns the code to pay with."""
    town.sandbox.fault("wechat_pay.native", "drop_after", count=1)
    sent = key()
    first = send(client, START, person, sent, wish(home))
    town.sandbox.clear_faults()
    assert first.status_code == 201
    [(payment_no, _)] = orders_of(town, person)
    again = send(client, f"{START}/{payment_no}/attempts", person, key(), {})
    assert again.json()["pay"]["code_url"]
    assert [number for number, _ in orders_of(town, person)] == [payment_no]
    assert paying.latest(town.runtime.db, payment_no).state == AttemptState.PREPARED
