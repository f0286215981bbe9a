"""Requests of one kind cannot take what another needs: slow providers, full places, pools of threads and connections."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import argon2
import httpx2
import pytest
import sqlalchemy as sa

from core import faults
from tests.access.requests import ASKING, headers_of, scene
from tests.factories import payments as make
from tests.factories.own_readings import picture, tell
from tests.support.town import HOLDER, Home, Person, Town
from tests.support.waiting import wait_until
from web import bulkheads, session

Send = Callable[[], httpx2.Response]


@dataclass
class Held:
    """Requests that stand still at a point until they are let go."""

    arrived: int = 0
    let_go: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def at(self, *points: str) -> None:
        def hook(reached: str) -> None:
            if reached in points:
                with self.lock:
                    self.arrived += 1
                assert self.let_go.wait(120)

        faults.arm(hook)

    def wait_for(self, answers: list[Future[httpx2.Response]], point: str) -> None:
        """Wait until all that asked have come to the point; whoever was answered before says with what."""

        def all_came() -> bool:
            early = [answer.result().text for answer in answers if answer.done()]
            assert not early, f"answered before {point}: {early}"
            return self.arrived == len(answers)

        wait_until(all_came, timeout_s=60, message=f"not all came to {point}")


@contextmanager
def holding(send: Send, count: int, point: str) -> Iterator[list[Future[httpx2.Response]]]:
    """`count` requests that have come to `point` and stay there while the block runs."""
    held = Held()
    held.at(point)
    with ThreadPoolExecutor(count) as pool:
        try:
            answers = [pool.submit(send) for _ in range(count)]
            held.wait_for(answers, point)
            yield answers
        finally:
            held.let_go.set()
            faults.arm(None)


@pytest.fixture(autouse=True)
def _short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulkheads, "LONGEST_WAIT_S", 0.2)


@pytest.fixture
def home(town: Town) -> Home:
    return town.build(town.unit_id)


@pytest.fixture
def person(town: Town, home: Home) -> Person:
    return town.settle(home, has_payments=False)


def asking(town: Town, person: Person, home: Home, operation: str) -> Send:
    """Sends an operation as this person, who may do it."""

    def send() -> httpx2.Response:
        made = scene(town, operation, "owner", "own", home=home, person=person)
        asked = ASKING[operation](made)
        return town.client.request(
            operation.partition(" ")[0],
            asked.path,
            json=asked.json,
            data=asked.form,
            headers={**headers_of(made), **asked.headers},
        )

    return send


def quote(town: Town, person: Person) -> httpx2.Response:
    body = {"account_no": town.neighbour.account_no, "name_hint": HOLDER[0]}
    headers = {**person.bearer, "idempotency-key": uuid.uuid4().hex}
    return town.client.post("/api/v1/payment-quotes", json=body, headers=headers)


def told(answer: httpx2.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json().get("code")


def test_payments_at_a_slow_provider_starve_nobody_else(town: Town, person: Person, home: Home) -> None:
    start = asking(town, person, home, "POST /api/v1/payments")
    with holding(start, session.PAYMENT_FLOWS.places, "payments.prepare.before_call") as answers:
        for operation, status in (
            ("GET /api/v1/me", 200),
            ("GET /", 200),
            ("POST /api/v1/auth/otp", 202),
            ("GET /api/v1/accounts/{account_no}", 200),
        ):
            assert asking(town, person, home, operation)().status_code == status, operation
        assert quote(town, person).status_code == 201
        out_trade_no = town.unknown_order()
        call = town.callback_of(out_trade_no)
        assert town.client.post("/callbacks/wechat-pay", content=call.body, headers=call.headers).status_code == 204

        refused = start()
        assert told(refused) == (503, "busy")
        assert int(refused.headers["retry-after"]) > 0
    assert {answer.result().status_code for answer in answers} == {201}
    assert start().status_code == 201


def test_forged_callbacks_keep_neither_true_ones_nor_customers_waiting(town: Town, person: Person, home: Home) -> None:
    call = town.callback_of(town.unknown_order())
    number = make.latest(town.runtime.db, town.start_payment(person.user_id, home)).out_trade_no
    proved = town.callback_of(number)

    def forge() -> httpx2.Response:
        return town.client.post("/callbacks/wechat-pay", content=call.body + b" ", headers=call.headers)

    with holding(forge, session.CALLBACKS.places, "payments.refusal.before_count") as answers:
        assert told(forge()) == (503, "busy")
        answer = town.client.post("/callbacks/wechat-pay", content=proved.body, headers=proved.headers)
        assert answer.status_code == 204
        assert quote(town, person).status_code == 201
        assert asking(town, person, home, "POST /api/v1/auth/otp")().status_code == 202
    assert {answer.result().status_code for answer in answers} == {401}


def test_pictures_sent_at_once_keep_only_others_with_pictures_waiting(town: Town, person: Person, home: Home) -> None:
    reading = tell(town.runtime, home.account.id, user_id=person.user_id)
    path = f"/api/v1/accounts/{home.account_no}/meter-readings/{reading}/photo"

    def put() -> httpx2.Response:
        return town.client.put(path, content=picture(), headers={**person.bearer, "content-type": "image/jpeg"})

    pool = town.runtime.db.engine.pool
    assert isinstance(pool, sa.QueuePool)
    with holding(put, session.PICTURES.places, "metering.picture.made") as answers:
        assert pool.checkedout() == 0, "no transaction is open meanwhile"
        assert told(put()) == (503, "busy")
        assert quote(town, person).status_code == 201
        assert asking(town, person, home, "GET /meter-readings")().status_code == 200
    assert {answer.result().status_code for answer in answers} == {200}


def test_a_form_whose_picture_finds_no_place_is_shown_again_and_one_without_needs_none(
    town: Town, person: Person, home: Home
) -> None:
    reading = tell(town.runtime, home.account.id, user_id=person.user_id)
    path = f"/api/v1/accounts/{home.account_no}/meter-readings/{reading}/photo"

    def put() -> httpx2.Response:
        return town.client.put(path, content=picture(), headers={**person.bearer, "content-type": "image/jpeg"})

    def send(photo: bytes) -> httpx2.Response:
        fields = {
            "csrf": town.form_token(person),
            "account": home.account_no,
            "register_key": "1.total",
            "reading": "10483.25",
        }
        files = {"photo": ("meter.jpg" if photo else "", photo, "application/octet-stream")}
        headers = {**town.browser(person), "accept-language": "en"}
        return town.client.post("/meter-readings", data=fields, files=files, headers=headers, follow_redirects=False)

    with holding(put, session.PICTURES.places, "metering.picture.made"):
        refused = send(picture())
        assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (503, True)
        assert 'value="10483.25"' in refused.text
        assert "nothing was done; try again" in refused.text
        assert send(b"").status_code == 303


def test_codes_at_a_slow_provider_leave_payments_alone(town: Town, person: Person, home: Home) -> None:
    ask = asking(town, person, home, "POST /api/v1/auth/otp")
    with holding(ask, session.CODE_FLOWS.places, "identity.request_code.before_send"):
        assert told(ask()) == (503, "busy")
        assert asking(town, person, home, "POST /api/v1/payments")().status_code == 201


def test_a_flood_of_staff_sign_ins_keeps_only_staff_waiting_who_sign_in(
    town: Town, person: Person, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    guess = asking(town, person, home, "POST /staff/sign-in")
    held, verify = Held(), argon2.PasswordHasher.verify

    def hashing(hasher: argon2.PasswordHasher, *given: Any) -> Any:
        with held.lock:
            held.arrived += 1
        assert held.let_go.wait(120)
        return verify(hasher, *given)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", hashing)
    with ThreadPoolExecutor(session.HASHING.places) as pool:
        try:
            answers = [pool.submit(guess) for _ in range(session.HASHING.places)]
            held.wait_for(answers, "the hash")
            assert guess().status_code == 503
            assert held.arrived == session.HASHING.places, "no more than these hash at once"
            for operation in ("GET /staff/people", "GET /", "POST /api/v1/payments"):
                assert asking(town, person, home, operation)().status_code in {200, 201}, operation
        finally:
            held.let_go.set()
        assert {answer.result().status_code for answer in answers} == {200}


@pytest.mark.parametrize(("language", "text"), [("zh-CN", "请稍后重试"), ("en", "try again in a moment")])
def test_a_browser_that_waited_in_vain_gets_a_page_that_says_when_to_come_again(
    town: Town, person: Person, home: Home, language: str, text: str
) -> None:
    start = asking(town, person, home, "POST /api/v1/payments")
    pay = asking(town, person, home, "POST /pay/{account_no}")
    with holding(start, session.PAYMENT_FLOWS.places, "payments.prepare.before_call"):
        town.client.headers["accept-language"] = language
        try:
            page = pay()
        finally:
            del town.client.headers["accept-language"]
    assert page.status_code == 503
    assert page.headers["content-type"].startswith("text/html")
    assert int(page.headers["retry-after"]) > 0
    assert text in page.text


def test_a_refused_wait_leaves_no_place_taken(town: Town, person: Person, home: Home) -> None:
    look = asking(town, person, home, "GET /api/v1/me")
    places = session.OPERATIONS.places
    for _ in range(2):
        with holding(look, places, "web.committed"), ThreadPoolExecutor(places) as others:
            refused = [others.submit(look) for _ in range(places)]
            assert {told(answer.result()) for answer in refused} == {(503, "busy")}
        assert look().status_code == 200


def test_more_requests_than_threads_and_connections_are_all_answered(
    town: Town, person: Person, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests that hold a connection between two hops of the thread pool must not wait for those that hold threads."""
    monkeypatch.setattr(bulkheads, "LONGEST_WAIT_S", 60.0)
    look, start = (asking(town, person, home, name) for name in ("GET /api/v1/me", "POST /api/v1/payments"))
    with ThreadPoolExecutor(90) as pool:
        sent = [pool.submit(start if number % 10 == 0 else look) for number in range(180)]
        assert {answer.result().status_code for answer in sent} == {200, 201}


def test_a_wechat_that_does_not_answer_holds_up_no_other_sign_in(town: Town) -> None:
    body = {"grant_type": "wechat", "appid": town.appid, "code": "x", "device_id": uuid.uuid4().hex}

    def by_wechat() -> httpx2.Response:
        return town.client.post("/api/v1/auth/token", json={**body, "device_id": uuid.uuid4().hex})

    def by_refresh() -> httpx2.Response:
        return town.client.post("/api/v1/auth/token", json={"grant_type": "refresh", "refresh_token": "x"})

    with holding(by_wechat, session.CODE_FLOWS.places, "identity.wechat.counted") as answers:
        assert by_wechat().json()["code"] == "busy"
        assert by_refresh().json()["code"] == "refresh_refused"
    assert {answer.result().json()["code"] for answer in answers} == {"wechat_code_wrong"}
