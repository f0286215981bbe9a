"""Codes over HTTP: limits bite whoever asks, and no answer tells what we know of a number."""

import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from fastapi.testclient import TestClient

from app.main import create_app
from core import faults
from core.db import Database
from services.identity.ports import Sending
from tests.factories.identity import OTHER_PHONE, PHONE, Telephones, wrong
from tests.routers.identity.conftest import DEVICE_ID, SignIn, otp, pair_of, redeem, refresh, told
from web.runtime import Runtime


def scalar(db: Database, statement: str) -> Any:
    with db.read() as session:
        return session.connection().execute(sa.text(statement)).scalar_one()


def numbers(count: int, first: int = 0) -> list[str]:
    return [f"138{first + number:08}" for number in range(count)]


def test_a_code_becomes_a_pair_of_tokens_in_the_form_of_oauth(client: TestClient, phones: Telephones) -> None:
    asked = otp(client, "138 0013 8000")
    assert (asked.status_code, asked.json()) == (202, {"expires_in_s": 300, "digits": 6})
    answer = redeem(client, phones.codes()[0], device_name="Wang's phone")
    assert answer.json().keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 900)
    me = client.get("/api/v1/me", headers=pair_of(answer).headers)
    assert (me.status_code, me.json()["phone_masked"]) == (200, "+86138****8000")


def test_no_answer_with_a_token_is_kept_by_a_cache(client: TestClient, phones: Telephones) -> None:
    otp(client)
    first = redeem(client, phones.codes()[0])
    second = refresh(client, first.json()["refresh_token"])
    refused = refresh(client, "unknown")
    assert [answer.headers["cache-control"] for answer in (first, second, refused)] == ["no-store"] * 3


def test_the_code_comes_in_the_language_of_the_one_who_asks_and_so_do_refusals(
    client: TestClient, phones: Telephones
) -> None:
    details = []
    for language in ("en", "zh-CN"):
        client.headers["Accept-Language"] = language
        otp(client)
        details.append(redeem(client, wrong(phones.codes()[-1])).json()["detail"])
    assert phones.locales() == ["en", "zh-CN"]
    assert details[0].startswith("The code is wrong")
    assert details[1].startswith("验证码错误")


def test_known_unknown_and_limited_numbers_get_the_same_answer_by_the_same_statements(
    client: TestClient, db: Database, phones: Telephones, sign_in: SignIn
) -> None:
    known, unknown, limited = "+8613700137000", "+8613700137001", "+8613700137002"
    sign_in(known)
    for number in range(5):
        otp(client, limited, f"another-device-of-it-{number}")
    sent = phones.count()
    seen = []
    for phone in (known, unknown, limited):
        statements: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object, kept: Any = statements) -> None:
            kept.append(statement)

        sa.event.listen(db.engine, "before_cursor_execute", note)
        answer = otp(client, phone, f"device-of-the-test-{phone[1:]}")
        sa.event.remove(db.engine, "before_cursor_execute", note)
        headers = [(name, value) for name, value in answer.headers.multi_items() if name != "x-request-id"]
        seen.append((answer.status_code, answer.content, headers, statements))
    assert seen == [seen[0]] * 3
    assert len(seen[0][3]) > 5
    assert phones.count() == sent + 2, "the limited number got no message"


def test_a_number_that_nobody_has_and_a_wrong_code_are_refused_alike(
    client: TestClient, phones: Telephones, sign_in: SignIn
) -> None:
    sign_in(PHONE)
    otp(client, PHONE)
    answers = [
        redeem(client, wrong(phones.codes(PHONE)[-1])),
        redeem(client, "123456", phone=OTHER_PHONE),
        redeem(client, phones.codes(PHONE)[-1], phone=OTHER_PHONE),
        redeem(client, phones.codes(PHONE)[-1], device_id="another-device-123"),
        redeem(client, "12345"),
    ]
    bodies = [{name: value for name, value in each.json().items() if name != "request_id"} for each in answers]
    assert [told(each) for each in answers] == [(401, "code_wrong")] * 5
    assert bodies == [bodies[0]] * 5
    assert redeem(client, phones.codes(PHONE)[-1]).status_code == 200


def test_tries_at_once_are_counted_exactly_and_the_fifth_burns_the_code(
    client: TestClient, db: Database, phones: Telephones
) -> None:
    otp(client)
    (code,) = phones.codes()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: told(redeem(client, wrong(code))), range(12)))
    assert sorted(answers) == sorted([(401, "code_wrong")] * 4 + [(401, "code_burnt")] * 8)
    assert scalar(db, "select tries from otp_challenge") == 5
    assert told(redeem(client, code)) == (401, "code_burnt")


def test_another_device_neither_uses_nor_burns_a_code(client: TestClient, phones: Telephones) -> None:
    otp(client)
    (code,) = phones.codes()
    for _ in range(6):
        assert told(redeem(client, code, device_id="device-of-a-thief")) == (401, "code_wrong")
    assert redeem(client, code).status_code == 200


def test_one_address_cannot_ask_for_a_thousand_phones(client: TestClient, phones: Telephones) -> None:
    answers = [otp(client, phone, f"device-of-nobody-{n}") for n, phone in enumerate(numbers(64))]
    assert [answer.status_code for answer in answers] == [202] * 60 + [429] * 4
    assert phones.count() == 60
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3600
    assert told(answers[-1]) == (429, "sign_in_limited")


def test_one_phone_cannot_be_flooded_from_a_thousand_addresses(runtime: Runtime, phones: Telephones) -> None:
    app = create_app(runtime)
    answers = [
        otp(TestClient(app, client=(f"198.51.100.{n}", 50_000)), PHONE, f"device-of-nobody-{n}") for n in range(12)
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, answers[0].content)}
    assert len(phones.codes(PHONE)) == 5


def test_one_device_cannot_ask_for_many_phones(client: TestClient, phones: Telephones) -> None:
    answers = [otp(client, phone).status_code for phone in numbers(12)]
    assert answers == [202] * 10 + [429] * 2
    assert phones.count() == 10


def test_no_more_codes_are_sent_than_the_budget_pays_for(runtime: Runtime, phones: Telephones) -> None:
    poor = runtime.settings.model_copy(update={"sign_in_daily_codes": 3})
    client = TestClient(create_app(Runtime(**{**runtime.__dict__, "settings": poor})))
    answers = [otp(client, phone) for phone in numbers(5)]
    assert [told(answer) for answer in answers] == [(202, None)] * 3 + [(503, "codes_exhausted")] * 2
    assert phones.count() == 3


def test_a_number_has_one_counter_however_it_is_written(client: TestClient, phones: Telephones) -> None:
    ways = [
        "13800138000",
        "+86138 0013 8000",
        "１３８００１３８０００",
        "138-0013-8000",
        "008613800138000",
        "+8613800138000",
    ]
    assert {otp(client, way).status_code for way in ways} == {202}
    assert (phones.count(), len(phones.codes(PHONE))) == (5, 5)


def test_what_is_no_number_is_refused_and_counts_for_nothing(client: TestClient, db: Database) -> None:
    cases: list[tuple[object, str]] = [
        ("13800138000\n", "invalid_fields"),
        ("138\u200b00138000", "invalid_fields"),
        ("95598", "invalid_phone"),
        ("+8612345678901", "invalid_phone"),
        ("1' OR 1=1--", "invalid_phone"),
        (13800138000, "invalid_fields"),
        ("", "invalid_fields"),
        ("1" * 41, "invalid_fields"),
    ]
    for phone, code in cases:
        answer = client.post("/api/v1/auth/otp", json={"phone": phone, "device_id": DEVICE_ID})
        assert told(answer) == (422, code), phone
        assert not phone or str(phone) not in answer.text
    assert scalar(db, "select count(*) from sign_in_limit") == 0


def test_a_device_without_a_long_plain_text_of_its_own_gets_no_code(client: TestClient) -> None:
    for device_id in (None, "", "short", "with space 0123456789", "x" * 129, "ü" * 20, 1):
        answer = client.post("/api/v1/auth/otp", json={"phone": PHONE, "device_id": device_id})
        assert told(answer) == (422, "invalid_fields"), device_id


def test_an_unknown_grant_or_a_field_too_many_is_a_422_without_echo(client: TestClient) -> None:
    by_code = {"grant_type": "otp", "phone": PHONE, "code": "123456", "device_id": DEVICE_ID}
    cases: list[dict[str, object]] = [
        {"grant_type": "password", "username": "a", "password": "b"},
        {"grant_type": "staff"},
        {"grant_type": None},
        {},
        {"grant_type": "refresh"},
        {"grant_type": "refresh", "refresh_token": ""},
        {"grant_type": "refresh", "refresh_token": 1},
        {"grant_type": "refresh", "refresh_token": "x" * 201},
        {"grant_type": "refresh", "refresh_token": "x", "scope": "admin"},
        {**by_code, "code": 123456},
        {**by_code, "device_id": None},
        {**by_code, "kind": "staff"},
        {**by_code, "device_name": "a\u0007"},
    ]
    for body in cases:
        answer = client.post("/api/v1/auth/token", json=body)
        assert told(answer) == (422, "invalid_fields"), body
        assert not any(word in answer.text for word in ("password", "admin", "123456", "staff"))


def test_the_api_takes_json_alone(client: TestClient) -> None:
    for path in ("otp", "token"):
        form = client.post(f"/api/v1/auth/{path}", data={"phone": PHONE, "device_id": DEVICE_ID})
        text = client.post(f"/api/v1/auth/{path}", content=b"{}", headers={"content-type": "text/plain"})
        assert [told(form), told(text)] == [(415, "unsupported_media")] * 2


def test_what_the_provider_says_changes_nothing_in_the_answer(client: TestClient, phones: Telephones) -> None:
    for answer in Sending:
        phones.answer = answer
        assert otp(client).json() == {"expires_in_s": 300, "digits": 6}
        assert redeem(client, phones.codes()[-1]).status_code == 200


def test_no_code_token_or_number_is_in_a_log_an_answer_or_an_error(
    client: TestClient, phones: Telephones, caplog: pytest.LogCaptureFixture
) -> None:
    texts: list[str] = []

    def keep(answer: Any) -> Any:
        texts.append(f"{answer.headers} {answer.text}")
        return answer

    def die(name: str) -> None:
        if name in dying:
            raise faults.InjectedFault(name)

    dying: set[str] = set()
    caplog.set_level("DEBUG")
    with structlog.testing.capture_logs() as logs:
        phones.answer = Sending.REFUSED
        keep(otp(client))
        keep(redeem(client, wrong(phones.codes()[-1])))
        faults.arm(die)
        try:
            dying = {"identity.request_code.sent"}
            assert keep(otp(client)).status_code == 500
            dying = {"identity.sign_in.before_commit"}
            assert keep(redeem(client, phones.codes()[-1])).status_code == 500
        finally:
            faults.arm(None)
        tokens = redeem(client, phones.codes()[-1]).json()
        keep(client.get("/api/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}))
        keep(client.get("/api/v1/me", headers={"Authorization": f"Bearer {tokens['refresh_token']}"}))
        later = refresh(client, tokens["refresh_token"]).json()
        refresh(client, later["refresh_token"])
        keep(refresh(client, tokens["refresh_token"]))
        keep(refresh(client, later["refresh_token"]))
    for record in logs:
        error = record.get("exc_info")
        if isinstance(error, BaseException):
            texts += traceback.format_exception(error)
    seen = "\n".join([*texts, *map(str, logs), caplog.text])
    secrets = [*phones.codes(), PHONE, PHONE[3:], DEVICE_ID]
    secrets += [each[name] for each in (tokens, later) for name in ("access_token", "refresh_token")]
    assert [name for name in ("refresh_refused", "code_not_accepted", "unexpected_error") if name in seen] == [
        "refresh_refused",
        "code_not_accepted",
        "unexpected_error",
    ], "the logs were seen"
    assert [secret for secret in secrets if secret in seen] == []
