"""Paying over the JSON API: started once, shown and streamed alike, tried again, and quoted for others."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from core import clock
from routers.payments.schemas import Payment, PaymentQuote, StartedPayment
from services.payments import operations
from tests.factories import payments as make
from tests.support.town import HOLDER, Home, Person, Town

DUE = 12_860


@pytest.fixture
def home(town: Town) -> Home:
    town.sandbox.clear_faults()
    return town.build(town.unit_id)


@pytest.fixture
def payer(town: Town, home: Home) -> Person:
    return town.settle(home, has_payments=False)


def post(town: Town, person: Person, path: str, body: Any, *, key: str | None = None) -> Any:
    headers = {**person.bearer, "idempotency-key": key or uuid4().hex}
    return town.client.post(f"/api/v1{path}", json=body, headers=headers)


def wish(home: Home, **other: Any) -> dict[str, Any]:
    return {"account_no": home.account_no, "amount_minor": DUE, "method": "wechat_native", **other}


def started(answer: Any) -> StartedPayment:
    assert answer.status_code == 201, answer.text
    return StartedPayment.model_validate_json(answer.text)


def orders(town: Town, person: Person) -> int:
    with town.runtime.db.read() as session:
        found: int = session.sql(
            "select count(*) from payment_order where payer_user_id = :id", id=person.user_id
        ).scalar_one()
    return found


def number(town: Town, payment_no: str) -> str:
    return make.latest(town.runtime.db, payment_no).out_trade_no


def settle(town: Town, payment_no: str) -> None:
    call = town.callback_of(number(town, payment_no))
    headers = {name: value for name, value in call.headers.items() if name.startswith(("wechatpay-", "content-type"))}
    assert town.client.post("/callbacks/wechat-pay", content=call.body, headers=headers).status_code == 204


def test_a_payment_started_again_under_its_key_is_the_same_payment(town: Town, home: Home, payer: Person) -> None:
    first = post(town, payer, "/payments", wish(home), key="once")
    again = post(town, payer, "/payments", wish(home), key="once")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    other = post(town, payer, "/payments", wish(home, amount_minor=1), key="once")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    missing = town.client.post("/api/v1/payments", json=wish(home), headers=payer.bearer)
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_missing")
    assert orders(town, payer) == 1


def test_another_persons_same_key_is_another_payment(town: Town, home: Home, payer: Person) -> None:
    other = town.settle(home, has_payments=False)
    numbers = {
        started(post(town, who, "/payments", wish(home), key="shared")).payment.payment_no for who in (payer, other)
    }
    assert len(numbers) == 2


def test_a_start_that_was_cut_goes_on_with_the_number_it_had(town: Town, home: Home, payer: Person) -> None:
    town.sandbox.fault("wechat_pay.native", "drop_after", count=1)
    lost = started(post(town, payer, "/payments", wish(home), key="cut"))
    assert (lost.payment.state, lost.pay) == ("unknown", None)
    out_trade_no = number(town, lost.payment.payment_no)
    found = started(post(town, payer, f"/payments/{lost.payment.payment_no}/attempts", {}))
    assert (found.payment.state, number(town, lost.payment.payment_no)) == ("waiting", out_trade_no)
    assert found.pay is not None
    assert orders(town, payer) == 1


@pytest.mark.parametrize(
    "amount",
    [0, -1, -DUE, 10**16, 128.6, True, "12860", None, "1e2"],
    ids=lambda value: f"{type(value).__name__}-{value}",
)
def test_an_amount_that_is_no_whole_number_of_minor_units_is_a_422(
    town: Town, home: Home, payer: Person, amount: object
) -> None:
    refused = post(town, payer, "/payments", wish(home, amount_minor=amount))
    assert refused.status_code == 422
    [wrong] = refused.json()["errors"]
    assert wrong["field"] == "body.amount_minor"
    assert orders(town, payer) == 0


def test_the_currency_is_the_accounts_and_nobody_names_another(town: Town, home: Home, payer: Person) -> None:
    assert post(town, payer, "/payments", wish(home, currency="USD")).status_code == 422
    yen = town.build(town.unit_id, has_bills=False, currency="JPY")
    stranger = town.settle(yen, has_payments=False)
    refused = post(town, stranger, "/payments", wish(yen, amount_minor=100))
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_method_not_offered")


def test_less_than_what_is_due_is_refused_where_parts_are_not_taken(
    town: Town, home: Home, payer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(town.settings.__dict__, name="partial_payment", value=False)
    refused = post(town, payer, "/payments", wish(home, amount_minor=DUE - 1))
    assert (refused.status_code, refused.json()["code"]) == (409, "partial_payment_not_allowed")
    assert (refused.json()["due_minor"], refused.json()["currency"]) == (DUE, "CNY")
    started(post(town, payer, "/payments", wish(home)))


def test_a_bill_that_is_settled_or_anothers_cannot_be_chosen(town: Town, home: Home, payer: Person) -> None:
    for bill_no in (home.bills[0].bill_no, town.neighbour.bills[1].bill_no):
        refused = post(town, payer, "/payments", wish(home, bill_nos=[bill_no]))
        assert (refused.status_code, refused.json()["code"]) == (409, "payable_unknown")
    chosen = started(post(town, payer, "/payments", wish(home, bill_nos=[home.bills[1].bill_no])))
    assert [(part.no, part.amount_minor) for part in chosen.payment.parts] == [(home.bills[1].bill_no, DUE)]


def test_each_method_gives_what_its_payers_device_needs(town: Town, home: Home, payer: Person) -> None:
    appid = town.settings.wechat_pay_appid
    somebody = town.sandbox.wechat_person()
    person = {"appid": appid, "code": town.sandbox.wechat_code("oauth", appid, somebody)}
    ways: dict[str, dict[str, Any]] = {
        "wechat_native": {},
        "wechat_h5": {"return_url": "/payments/back"},
        "wechat_jsapi": {"wechat": person},
        "wechat_app": {},
    }
    pays = {
        method: started(post(town, payer, "/payments", wish(home, method=method, **more))).pay
        for method, more in ways.items()
    }
    native, h5, jsapi, app = (pays[f"wechat_{name}"] for name in ("native", "h5", "jsapi", "app"))
    assert native is not None
    assert h5 is not None
    assert jsapi is not None
    assert app is not None
    assert (native.code_url or "").startswith("weixin://wxpay/bizpayurl?pr=")
    assert (native.qr_svg or "").startswith("<svg")
    back = httpx.URL(h5.h5_url or "").params["redirect_url"]
    assert back == f"{town.settings.public_url}/payments/back"
    assert (jsapi.parameters or {}).keys() == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert (app.parameters or {}).keys() == {
        "appid", "partnerid", "prepayid", "package", "noncestr", "timestamp", "sign",
    }  # fmt: skip
    needs = post(town, payer, "/payments", wish(home, method="wechat_jsapi"))
    assert (needs.status_code, needs.json()["code"]) == (409, "payment_method_not_offered")
    foreign = wish(home, method="wechat_jsapi", wechat={"appid": "wx00000000", "code": "0123456789"})
    refused = post(town, payer, "/payments", foreign)
    assert (refused.status_code, refused.json()["code"]) == (409, "wechat_payer_unknown")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a?b=c",
        "/a#b",
        "back",
        "/@evil",
        "/a\n",
    ],
)
def test_a_payer_comes_back_to_this_site_alone(town: Town, home: Home, payer: Person, url: str) -> None:
    refused = post(town, payer, "/payments", wish(home, method="wechat_h5", return_url=url))
    assert refused.status_code in {400, 422}
    assert orders(town, payer) == 0


def test_asking_shows_what_the_stream_says(town: Town, home: Home, payer: Person) -> None:
    payment_no = started(post(town, payer, "/payments", wish(home))).payment.payment_no
    url = f"/api/v1/payments/{payment_no}"
    waiting = Payment.model_validate_json(town.client.get(url, headers=payer.bearer).text)
    assert (waiting.state, waiting.is_final, waiting.provider_reference) == ("waiting", False, None)
    settle(town, payment_no)
    shown = town.client.get(url, headers=payer.bearer)
    paid = Payment.model_validate_json(shown.text)
    assert (paid.state, paid.is_final, paid.amount.amount_minor) == ("paid", True, DUE)
    assert paid.provider_reference
    assert [(part.no, part.taken_minor, part.outcome) for part in paid.parts] == [
        (home.bills[1].bill_no, DUE, "booked")
    ]
    streamed = town.client.get(f"{url}/events", headers=payer.bearer)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    [event, blank] = streamed.text.split("\n\n")
    assert blank == ""
    assert event.startswith("event: status\ndata: ")
    assert json.loads(event.removeprefix("event: status\ndata: ")) == shown.json()


def test_who_asks_hears_that_it_is_paid_though_no_callback_came(town: Town, home: Home, payer: Person) -> None:
    payment_no = started(post(town, payer, "/payments", wish(home))).payment.payment_no
    url = f"/api/v1/payments/{payment_no}/check"
    waiting = Payment.model_validate_json(town.client.post(url, headers=payer.bearer).text)
    assert (waiting.payment_no, waiting.state) == (payment_no, "waiting")
    town.callback_of(number(town, payment_no))
    with town.runtime.db.write() as session:
        session.sql("update payment_attempt set asked_at = asked_at - interval '3 seconds'")
    told = town.client.post(url, headers=payer.bearer)
    seen = Payment.model_validate_json(told.text)
    assert (told.status_code, seen.state) == (200, "paid")
    shown = town.client.get(f"/api/v1/payments/{payment_no}", headers=payer.bearer)
    assert seen == Payment.model_validate_json(shown.text)


def test_who_asks_while_the_provider_is_away_is_told_what_is_known(town: Town, home: Home, payer: Person) -> None:
    payment_no = started(post(town, payer, "/payments", wish(home))).payment.payment_no
    town.sandbox.fault("wechat_pay.query", "drop_before", count=1)
    told = town.client.post(f"/api/v1/payments/{payment_no}/check", headers=payer.bearer)
    assert (told.status_code, told.json()["state"]) == (200, "waiting")


def test_a_payment_that_is_given_up_is_closed_at_its_provider_once_per_key(
    town: Town, home: Home, payer: Person
) -> None:
    payment_no = started(post(town, payer, "/payments", wish(home))).payment.payment_no
    url = f"/payments/{payment_no}/give-up"
    answers = [post(town, payer, url, None, key=key) for key in ("up", "up", "again-up")]
    assert [(each.status_code, each.json()["state"]) for each in answers] == [(200, "closed")] * 3
    assert answers[0].content == answers[1].content
    assert town.client.post(f"/api/v1{url}", headers=payer.bearer).json()["code"] == "idempotency_key_missing"
    order = town.sandbox.order(number(town, payment_no))
    assert order is not None
    assert order["state"] == "CLOSED"


def test_a_payment_that_was_paid_before_it_was_given_up_is_paid(town: Town, home: Home, payer: Person) -> None:
    payment_no = started(post(town, payer, "/payments", wish(home))).payment.payment_no
    town.callback_of(number(town, payment_no))
    told = post(town, payer, f"/payments/{payment_no}/give-up", None)
    assert (told.status_code, told.json()["state"]) == (200, "paid")


def test_a_payment_given_up_while_the_provider_is_away_is_unknown_and_closed_later(
    town: Town, home: Home, payer: Person
) -> None:
    payment_no = started(post(town, payer, "/payments", wish(home))).payment.payment_no
    town.sandbox.fault("wechat_pay.close", "drop_before", count=1)
    told = post(town, payer, f"/payments/{payment_no}/give-up", None)
    assert (told.status_code, told.json()["state"]) == (200, "unknown")
    assert post(town, payer, f"/payments/{payment_no}/give-up", None, key="later").json()["state"] == "closed"


def test_another_try_takes_another_number_and_a_paid_payment_none(town: Town, home: Home, payer: Person) -> None:
    payment_no = started(post(town, payer, "/payments", wish(home))).payment.payment_no
    url, first = f"/payments/{payment_no}/attempts", number(town, payment_no)
    changed = started(post(town, payer, url, {"amount_minor": 5_000, "method": "wechat_h5"}, key="again"))
    assert (changed.payment.amount.amount_minor, changed.payment.method) == (5_000, "wechat_h5")
    second = number(town, payment_no)
    assert post(town, payer, url, {"amount_minor": 5_000, "method": "wechat_h5"}, key="again").json() == json.loads(
        changed.model_dump_json()
    )
    assert number(town, payment_no) == second != first
    settle(town, payment_no)
    final = post(town, payer, url, {"amount_minor": 6_000})
    assert (final.status_code, final.json()["code"]) == (409, "payment_final")
    stranger = post(town, town.people["neighbour"], url, {})
    assert (stranger.status_code, stranger.json()["code"]) == (404, "payment_unknown")


def test_a_try_whose_end_is_unknown_is_not_replaced_by_another(town: Town, home: Home, payer: Person) -> None:
    payment_no = started(post(town, payer, "/payments", wish(home))).payment.payment_no
    town.sandbox.fault("wechat_pay.close", "drop_before")
    doubt = post(town, payer, f"/payments/{payment_no}/attempts", {"amount_minor": 5_000})
    assert (doubt.status_code, doubt.json()["code"]) == (409, "payment_in_doubt")
    assert doubt.headers["retry-after"] == "10"


def test_a_provider_that_is_away_is_told_with_a_time_to_come_back_and_the_key_stays_good(
    town: Town, home: Home, payer: Person
) -> None:
    town.sandbox.fault("wechat_pay.native", "rate_limited", count=1)
    away = post(town, payer, "/payments", wish(home), key="patient")
    assert (away.status_code, away.json()["code"]) == (503, "payment_provider_unavailable")
    assert int(away.headers["retry-after"]) > 0
    assert started(post(town, payer, "/payments", wish(home), key="patient")).pay is not None


def quote(town: Town, person: Person, home: Home, *, hint: str = HOLDER[0]) -> Any:
    return post(town, person, "/payment-quotes", {"account_no": home.account_no, "name_hint": hint})


def test_a_quote_shows_a_masked_name_and_the_amount_and_no_more(town: Town, home: Home) -> None:
    friend = town.people["far"]
    made = quote(town, friend, home)
    assert made.status_code == 201
    told = PaymentQuote.model_validate_json(made.text)
    assert (told.holder, told.due.amount_minor) == ("**明", DUE)
    assert made.json().keys() == {"quote_id", "account_no", "holder", "due", "expires_at"}
    assert 595 < (told.expires_at - clock.now()).total_seconds() <= 600
    by_quote = {"quote_id": str(told.quote_id), "amount_minor": DUE, "method": "wechat_native"}
    paid = started(post(town, friend, "/payments", by_quote))
    assert paid.payment.account_no == home.account_no
    used = post(town, friend, "/payments", by_quote)
    assert (used.status_code, used.json()["code"]) == (409, "quote_expired")
    both = post(town, friend, "/payments", {**by_quote, "account_no": home.account_no})
    assert both.status_code == 422


def test_a_wrong_name_and_a_missing_account_are_refused_alike_and_guessing_ends(town: Town, home: Home) -> None:
    guesser = town.settle(town.build(town.unit_id, has_bills=False), has_payments=False)
    wrong = quote(town, guesser, home, hint="赵")
    missing = post(town, guesser, "/payment-quotes", {"account_no": "9999999999", "name_hint": HOLDER[0]})
    told = [{**answer.json(), "request_id": ""} for answer in (wrong, missing)]
    assert told[0] == told[1]
    assert (wrong.status_code, wrong.json()["code"]) == (409, "quote_refused")
    for _ in range(operations.quotes.WRONG_BY_USER - 2):
        assert quote(town, guesser, home, hint="赵").status_code == 409
    limited = quote(town, guesser, home)
    assert (limited.status_code, limited.json()["code"]) == (429, "quotes_limited")
    assert int(limited.headers["retry-after"]) > 0


def test_a_list_of_numbers_does_not_become_a_list_of_debts(town: Town, home: Home) -> None:
    collector = town.settle(town.build(town.unit_id, has_bills=False), has_payments=False)
    with town.runtime.db.write() as session:
        for _ in range(operations.quotes.RIGHT_BY_USER):
            session.sql(
                """insert into payment_quote (id, user_id, account_id, created_at, expires_at)
                   values (:id, :user, :account, :now, :now)""",
                id=uuid4(),
                user=collector.user_id,
                account=home.account.id,
                now=clock.now(),
            )
    assert quote(town, collector, home).status_code == 429


def test_a_payer_inside_wechat_is_known_by_a_code_or_by_how_they_sign_in(town: Town, home: Home, payer: Person) -> None:
    mini, sandbox = town.sandbox.mini_program["appid"], town.sandbox
    somebody = sandbox.wechat_person()
    code = sandbox.wechat_code("js", mini, somebody)
    by_code = wish(home, method="wechat_jsapi", wechat={"appid": mini, "code": code})
    paid = started(post(town, payer, "/payments", by_code))
    assert paid.pay is not None
    assert (paid.pay.parameters or {})["appId"] == mini
    spent = wish(home, method="wechat_jsapi", wechat={"appid": mini, "code": code})
    refused = post(town, payer, "/payments", spent)
    assert (refused.status_code, refused.json()["code"]) == (409, "wechat_payer_unknown")
    nobody = post(town, payer, "/payments", wish(home, method="wechat_jsapi", wechat={"appid": mini}))
    assert (nobody.status_code, nobody.json()["code"]) == (409, "wechat_payer_unknown")
    joined = wish(home, method="wechat_jsapi", wechat={"appid": town.appid})
    by_identity = started(post(town, payer, "/payments", joined))
    assert by_identity.pay is not None
    assert (by_identity.pay.parameters or {})["appId"] == town.appid
    settle(town, by_identity.payment.payment_no)
    shown = town.client.get(f"/api/v1/payments/{by_identity.payment.payment_no}", headers=payer.bearer)
    assert shown.json()["state"] == "paid"


def test_an_openid_is_no_word_of_this_api(town: Town, home: Home, payer: Person) -> None:
    wechat = {"appid": town.appid, "openid": make.OPENID}
    assert post(town, payer, "/payments", wish(home, method="wechat_jsapi", wechat=wechat)).status_code == 422


def test_a_payment_that_goes_on_needs_no_second_code(town: Town, home: Home, payer: Person) -> None:
    mini, sandbox = town.sandbox.mini_program["appid"], town.sandbox
    code = sandbox.wechat_code("js", mini, sandbox.wechat_person())
    begun = started(
        post(town, payer, "/payments", wish(home, method="wechat_jsapi", wechat={"appid": mini, "code": code}))
    )
    path = f"/payments/{begun.payment.payment_no}/attempts"
    again = started(post(town, payer, path, {"wechat": {"appid": mini, "code": code}}))
    assert again.pay is not None
    assert (again.pay.parameters or {})["package"] == ((begun.pay and begun.pay.parameters) or {})["package"]
    refused = post(town, payer, path, {"amount_minor": 100, "wechat": {"appid": mini, "code": code}})
    assert refused.json()["code"] == "wechat_payer_unknown"
    waiting = town.client.get(f"/api/v1/payments/{begun.payment.payment_no}", headers=payer.bearer).json()
    assert waiting["state"] == "waiting"
    fresh = sandbox.wechat_code("js", mini, sandbox.wechat_person())
    other = started(post(town, payer, path, {"amount_minor": 100, "wechat": {"appid": mini, "code": fresh}}))
    assert other.payment.amount.amount_minor == 100
