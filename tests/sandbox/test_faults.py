"""Every kind of trouble strikes where and as documented, and no kind is without its test."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest

from sandbox.faults import PLACES
from tests.sandbox import test_notifications
from tests.sandbox.conftest import Account, Wire, number, question, telephone
from tests.sandbox.test_aliyun_sms import batch
from tests.sandbox.test_wechat_pay import today
from tests.support.receiver import Receiver
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until

CALLS = (
    "wechat_pay.native",
    "wechat_pay.h5",
    "wechat_pay.jsapi",
    "wechat_pay.app",
    "wechat_pay.query",
    "wechat_pay.close",
    "wechat_pay.refund",
    "wechat_pay.refund_query",
    "wechat_pay.certificates",
    "wechat_pay.tradebill",
    "wechat_pay.billdownload",
    "aliyun_sms.SendSms",
    "aliyun_sms.SendBatchSms",
    "aliyun_sms.QuerySendDetails",
    "wechat.jscode2session",
    "wechat.oauth2_access_token",
    "wechat.stable_token",
    "wechat.getuserphonenumber",
)
FAILURES = ("error_before", "error_after", "drop_before", "drop_after", "hang_before", "hang_after", "rate_limited")
TELLING = ("drop", "duplicate", "concurrent", "delay", "out_of_order")
ELSEWHERE = {
    "wechat_pay.notify": {*test_notifications.UNPROVED, *test_notifications.FALSE, "stale"},
    "wechat_pay.refund": {"refused", "abnormal", "closed", "slow"},
    "aliyun_sms.SendSms": {"throttled", "refused", "limits"},
    "aliyun_sms.SendBatchSms": {"throttled", "refused", "limits"},
    "aliyun_sms.phone": {"undelivered", "late"},
    **{place: {"errcode"} for place in CALLS if place.startswith("wechat.")},
    "wechat.message": {"wrong_token", "altered", "appid", "stale"},
}
"""Tested beside what they falsify."""


@dataclass
class Call:
    """A call to a provider, and whether it did what it is for."""

    place: str
    make: Callable[[], httpx.Response]
    has_happened: Callable[[], bool | None]


Calls = Callable[[str], Call]


REFUNDS = ("refund", "refund_query")


def refund(wire: Wire, provider: SandboxProcess, operation: str) -> Call:
    """The call that refunds a paid order, or asks for its refund."""
    order, place = number(), f"wechat_pay.{operation}"
    wire("POST", "/v3/pay/transactions/native", wire.order(order))
    provider.pay(order)
    ask, refunds = wire.refund(order), "/v3/refund/domestic/refunds"
    if operation == "refund":
        made = lambda: any(each["out_trade_no"] == order for each in provider.refunds())  # noqa: E731 -- named for its use
        return Call(place, lambda: wire("POST", refunds, ask), made)
    wire("POST", refunds, ask)
    asked = json.loads(ask)["out_refund_no"]
    return Call(place, lambda: wire("GET", f"{refunds}/{asked}"), lambda: None)


def wechat(provider: SandboxProcess, client: httpx.Client, operation: str) -> Call:
    """The call of an application, with a code of a person that is good for it."""
    app, person, url = provider.mini_program, provider.wechat_person(telephone()), provider.base_url
    secret = {"appid": app["appid"], "secret": app["secret"]}
    kinds = {
        "jscode2session": "js",
        "oauth2_access_token": "oauth",
        "getuserphonenumber": "phone",
        "stable_token": "js",
    }
    code = provider.wechat_code(kinds[operation], app["appid"], person)
    token = client.post(f"{url}/cgi-bin/stable_token", json=secret).json()["access_token"]
    requests = {
        "stable_token": client.build_request("POST", f"{url}/cgi-bin/stable_token", json=secret),
        "getuserphonenumber": client.build_request(
            "POST", f"{url}/wxa/business/getuserphonenumber?access_token={token}", json={"code": code}
        ),
        "jscode2session": client.build_request("GET", f"{url}/sns/{operation}", params={**secret, "js_code": code}),
        "oauth2_access_token": client.build_request(
            "GET", f"{url}/sns/oauth2/access_token", params={**secret, "code": code}
        ),
    }
    seen = len(provider.wechat_calls(operation))
    return Call(
        f"wechat.{operation}",
        lambda: client.send(requests[operation]),
        lambda: len(provider.wechat_calls(operation)) > seen,
    )


@pytest.fixture
def calls(wire: Wire, account: Account, provider: SandboxProcess) -> Calls:
    """Makes the call of a place, with all that it needs."""

    def wechat_pay(operation: str) -> Call:
        order, place = number(), f"wechat_pay.{operation}"
        path = f"/v3/pay/transactions/out-trade-no/{order}"
        mchid = wire.keys["mchid"]
        if operation in {"native", "h5", "jsapi", "app"}:
            body = wire.order(order)
            return Call(
                place,
                lambda: wire("POST", f"/v3/pay/transactions/{operation}", body),
                lambda: provider.order(order) is not None,
            )
        wire("POST", "/v3/pay/transactions/native", wire.order(order))
        if operation == "query":
            return Call(place, lambda: wire("GET", f"{path}?mchid={mchid}"), lambda: None)
        if operation == "close":
            return Call(
                place,
                lambda: wire("POST", f"{path}/close", json.dumps({"mchid": mchid})),
                lambda: (provider.order(order) or {})["state"] == "CLOSED",
            )
        if operation == "certificates":
            return Call(place, lambda: wire("GET", "/v3/certificates"), lambda: None)
        provider.pay(order)
        applied = f"/v3/bill/tradebill?bill_date={today()}"
        if operation == "tradebill":
            return Call(place, lambda: wire("GET", applied), lambda: None)
        link = wire("GET", applied).json()["download_url"].removeprefix(provider.base_url)
        return Call(place, lambda: wire("GET", link), lambda: None)

    def aliyun_sms(action: str) -> Call:
        phone, place = telephone(), f"aliyun_sms.{action}"
        sent = account.message(phone) if action == "SendSms" else batch(account, {phone: "1"})
        if action == "QuerySendDetails":
            sent = question(phone)
        return Call(
            place,
            lambda: account(action, sent),
            lambda: None if action == "QuerySendDetails" else bool(provider.messages(phone)),
        )

    def made(place: str) -> Call:
        name, _, operation = place.partition(".")
        ask: dict[str, Callable[[str], Call]] = {
            "wechat_pay": wechat_pay,
            "aliyun_sms": aliyun_sms,
            "wechat": partial(wechat, provider, wire.client),
            "refund": partial(refund, wire, provider),
        }
        return ask["refund" if operation in REFUNDS else name](operation)

    return made


def outcome(call: Call) -> int | str:
    """The status, or `broken` for a connection without an answer."""
    try:
        return call.make().status_code
    except (httpx.RemoteProtocolError, httpx.ReadError):
        return "broken"


@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize("place", CALLS)
def test_a_call_fails_before_or_after_its_effect(provider: SandboxProcess, calls: Calls, place: str, kind: str) -> None:
    call = calls(place)
    value = 0.01 if kind.startswith("hang") else 503 if kind.startswith("error") else None
    provider.fault(place, kind, value=value, count=1)
    expected = {"error": 503, "drop": "broken", "hang": "broken", "rate": 429}[kind.partition("_")[0]]
    assert outcome(call) == expected
    assert call.has_happened() in {None, kind.endswith("_after")}
    assert outcome(call) in {200, 204}
    assert call.has_happened() in {None, True}
    assert [fault["used"] for fault in provider.faults()] == [1]


@pytest.mark.parametrize(("place", "code"), [("wechat_pay.query", "code"), ("aliyun_sms.SendSms", "Code")])
def test_broken_and_busy_gateways_speak_their_providers_language(
    provider: SandboxProcess, calls: Calls, place: str, code: str
) -> None:
    codes = {"code": ("SYSTEM_ERROR", "FREQUENCY_LIMITED"), "Code": ("InternalError", "Throttling.User")}[code]
    call = calls(place)
    for kind, said in zip(("error_before", "rate_limited"), codes, strict=True):
        provider.clear_faults()
        provider.fault(place, kind)
        answer = call.make()
        assert answer.json()[code] == said
        assert "wechatpay-signature" not in answer.headers


def test_a_timeout_after_its_effect_outlasts_the_caller(
    provider: SandboxProcess, wire: Wire, receiver: Receiver
) -> None:
    order = number()
    provider.fault("wechat_pay.native", "hang_after", value=30, count=1)
    wire.client.timeout = httpx.Timeout(0.5)
    with pytest.raises(httpx.ReadTimeout):
        wire("POST", "/v3/pay/transactions/native", wire.order(order, notify_url=receiver.url))
    wire.client.timeout = httpx.Timeout(30)
    again = wire("POST", "/v3/pay/transactions/native", wire.order(order, notify_url=receiver.url))
    assert again.status_code == 200
    assert len([row for row in provider.orders() if row["out_trade_no"] == order]) == 1


@dataclass
class News:
    """What a provider tells by itself."""

    place: str
    cause: Callable[[], str]
    """Makes something happen; answers the subject under which the books have what is told of it."""


TOLD = {
    "wechat_pay.notify": b"",
    "wechat_pay.refund_notify": b"",
    "aliyun_sms.receipt": b'{"code":0}',
    "wechat.message": b"success",
}
"""What is told, and the answer that ends it."""


@pytest.fixture(params=TOLD)
def news(
    request: pytest.FixtureRequest, wire: Wire, account: Account, provider: SandboxProcess, receiver: Receiver
) -> News:
    receiver.status, receiver.answer = 200, TOLD[request.param]
    provider.send_receipts_to(receiver.url)
    provider.send_messages_to(receiver.url)

    def paid() -> str:
        order = number()
        wire("POST", "/v3/pay/transactions/native", wire.order(order, notify_url=receiver.url))
        provider.pay(order)
        return order

    def refunded() -> str:
        order = number()
        wire("POST", "/v3/pay/transactions/native", wire.order(order))
        provider.pay(order)
        ask = wire.refund(order, notify_url=receiver.url)
        wire("POST", "/v3/refund/domestic/refunds", ask)
        return str(json.loads(ask)["out_refund_no"])

    def sent() -> str:
        biz_id: str = account("SendSms", account.message(telephone())).json()["BizId"]
        return biz_id

    def said() -> str:
        app, person = provider.official_account, provider.wechat_person()
        fields = {"MsgType": "text", "Content": "电费"}
        return str(provider.wechat("messages", appid=app["appid"], person=person["id"], fields=fields)["MsgId"])

    causes = {
        "wechat_pay.notify": paid,
        "wechat_pay.refund_notify": refunded,
        "aliyun_sms.receipt": sent,
        "wechat.message": said,
    }
    return News(request.param, causes[request.param])


def settled(provider: SandboxProcess, subject: str) -> dict[str, Any]:
    """What the books say of it when it is over."""

    def found() -> dict[str, Any] | None:
        told = [each for each in provider.books()["callbacks"] if each["subject"] == subject]
        return told[0] if told and told[0]["done"] else None

    ended = wait_until(found, message="it was not settled")
    assert ended is not None
    return ended


def outcomes(provider: SandboxProcess, subject: str) -> list[str]:
    """The journal of a subject's deliveries, oldest first."""
    events = [json.loads(each["what"]) for each in provider.books()["events"] if each["subject"] == subject]
    return [event["outcome"] for event in reversed(events) if "outcome" in event]


def test_news_may_be_dropped_for_ever(provider: SandboxProcess, receiver: Receiver, news: News) -> None:
    provider.fault(news.place, "drop")
    dropped = settled(provider, news.cause())
    assert (dropped["last_status"], dropped["tries"], receiver.calls) == ("dropped", 0, [])


@pytest.mark.parametrize(("value", "copies"), [(None, 2), (4, 5)])
def test_news_may_be_told_several_times_one_after_the_other(
    provider: SandboxProcess, receiver: Receiver, news: News, value: int | None, copies: int
) -> None:
    provider.fault(news.place, "duplicate", value=value)
    assert settled(provider, news.cause())["last_status"] == str([200] * copies)
    assert len(receiver.calls) == copies
    assert len({told.body for told in receiver.calls}) == 1


def test_news_may_be_told_several_times_at_once(provider: SandboxProcess, receiver: Receiver, news: News) -> None:
    provider.fault(news.place, "concurrent", value=9)
    receiver.meeting = threading.Barrier(10)
    assert settled(provider, news.cause())["last_status"] == str([200] * 10)
    assert not receiver.meeting.broken


def test_news_may_be_delayed(provider: SandboxProcess, receiver: Receiver, news: News) -> None:
    provider.fault(news.place, "delay", value=0.2)
    subject = news.cause()
    assert settled(provider, subject)["tries"] == 1
    assert outcomes(provider, subject) == ["held back", "acknowledged"]
    assert len(receiver.calls) == 1


def test_news_may_come_out_of_order(provider: SandboxProcess, receiver: Receiver, news: News) -> None:
    provider.fault(news.place, "out_of_order", value=600, count=1)
    first = news.cause()
    wait_until(lambda: outcomes(provider, first) == ["held back"])
    second = news.cause()
    settled(provider, second)
    settled(provider, first)
    events = [each for each in provider.books()["events"] if "acknowledged" in each["what"]]
    assert [each["subject"] for each in events[:2]] == [first, second]
    assert len(receiver.calls) == 2


def test_faults_of_a_pattern_strike_wherever_they_are_known(provider: SandboxProcess, calls: Calls) -> None:
    provider.fault("wechat_pay.*", "error_before")
    assert {outcome(call) for call in (calls("aliyun_sms.SendSms"), calls("aliyun_sms.QuerySendDetails"))} == {200}
    order = number()
    assert provider.order(order) is None
    provider.clear_faults()
    call = calls("wechat_pay.query")
    provider.fault("*", "error_before", count=2)
    assert [outcome(call) for _ in range(3)] == [500, 500, 200]


def test_chance_is_seeded(provider: SandboxProcess, calls: Calls) -> None:
    call = calls("wechat_pay.certificates")

    def struck(seed: int) -> list[int | str]:
        provider.clear_faults()
        provider.fault("wechat_pay.certificates", "rate_limited", probability=0.5, seed=seed)
        return [outcome(call) for _ in range(20)]

    assert struck(7) == struck(7) != struck(8)
    assert set(struck(7)) == {200, 429}


def test_several_faults_strike_one_try_together(provider: SandboxProcess, receiver: Receiver, news: News) -> None:
    provider.fault(news.place, "delay", value=0.05)
    provider.fault(news.place, "duplicate")
    settled(provider, news.cause())
    assert len(receiver.calls) == 2


def test_every_kind_has_its_test() -> None:
    tested: dict[str, set[str]] = {place: set(FAILURES) for place in CALLS}
    for place in TOLD:
        tested[place] = set(TELLING)
    for place, kinds in ELSEWHERE.items():
        tested[place] = tested.get(place, set()) | kinds
    assert {place: set(kinds) for place, kinds in PLACES.items()} == tested
