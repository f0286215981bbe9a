"""WeChat Pay's callbacks: what is proved is kept and acknowledged, all else is refused, counted and forgotten."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core import clock
from sandbox import credentials
from sandbox.credentials import Platform
from services.payments import flows, operations, queries
from services.payments.models import SuspenseReason
from services.payments.operations import Effect
from services.payments.ports import PROVIDERS
from services.payments.providers.wechat_pay.adapter import WeChatPay
from tests.factories import payments as make
from tests.support.receiver import Call
from tests.support.town import Home, Person, Town
from tests.support.wechat_notices import URL, notice, paid, signed

ADDRESSED: Final = {"content-type": "application/json"}


@pytest.fixture(autouse=True)
def home(town: Town) -> Home:
    town.sandbox.clear_faults()
    return town.build(town.unit_id)


@pytest.fixture
def payer(town: Town, home: Home) -> Person:
    return town.settle(home, has_payments=False)


@pytest.fixture
def platform(town: Town) -> Platform:
    """The platform's side of the keys: it may sign whatever it likes."""
    return credentials.load(town.sandbox.home)


@pytest.fixture
def out_trade_no(town: Town, home: Home, payer: Person) -> str:
    payment_no = town.start_payment(payer.user_id, home)
    return make.latest(town.runtime.db, payment_no).out_trade_no


def send(town: Town, call: Call) -> Any:
    """Deliver what the platform sent elsewhere, byte for byte."""
    headers = {name: value for name, value in call.headers.items() if name.startswith(("wechatpay-", "content-type"))}
    return town.client.post(URL, content=call.body, headers=headers)


def kept(town: Town) -> tuple[int, int]:
    with town.runtime.db.read() as session:
        row = session.sql(
            "select (select count(*) from inbox) as notices, (select count(*) from txn where source in (5, 7)) as booked"
        ).one()
    return row.notices, row.booked


def refusals(town: Town) -> dict[str, int]:
    with town.runtime.db.read() as session:
        rows = session.sql("select reason, refusals from payment_callback_refusal")
        return {each.reason: each.refusals for each in rows}


@contextmanager
def refused(town: Town, *, reason: str) -> Iterator[None]:
    """Nothing is kept or booked, no provider is called, and one refusal of this reason is counted."""
    before, counted = kept(town), refusals(town).get(reason, 0)
    town.sandbox.fault("wechat_pay.*", "error_before")
    yield
    assert kept(town) == before
    assert refusals(town)[reason] == counted + 1
    assert sum(fault["used"] for fault in town.sandbox.faults()) == 0, "an outside call"


def test_a_proved_notice_is_kept_applied_and_acknowledged_with_nothing_to_say(town: Town, out_trade_no: str) -> None:
    before = kept(town)
    call = town.callback_of(out_trade_no)
    for _ in range(5):
        answer = send(town, call)
        assert (answer.status_code, answer.content) == (204, b"")
    assert kept(town) == (before[0] + 1, before[1] + 1)


def test_the_same_payment_told_under_another_number_is_booked_once(town: Town, out_trade_no: str) -> None:
    before = kept(town)
    assert send(town, town.callback_of(out_trade_no)).status_code == 204
    seen = len(town._receiver.calls)
    town.sandbox.notify(out_trade_no)
    assert send(town, town._receiver.next_after(seen)).status_code == 204
    assert kept(town) == (before[0] + 2, before[1] + 1)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("wrong_key", "signature_wrong"),
        ("wrong_serial", "unknown_serial"),
        ("signtest", "signature_probe"),
        ("stale", "stale"),
        ("altered", "signature_wrong"),
    ],
)
def test_what_is_not_proved_is_refused_without_an_outside_call(
    town: Town, out_trade_no: str, fault: str, reason: str
) -> None:
    town.sandbox.fault("wechat_pay.notify", fault, count=1)
    call = town.callback_of(out_trade_no)
    town.sandbox.clear_faults()
    with refused(town, reason=reason):
        answer = send(town, call)
        assert (answer.status_code, answer.json()) == (401, {"code": "FAIL", "message": "refused"})
    assert send(town, again(town, out_trade_no)).status_code == 204, "a fresh repetition is taken"


def again(town: Town, out_trade_no: str) -> Call:
    seen = len(town._receiver.calls)
    town.sandbox.notify(out_trade_no)
    return town._receiver.next_after(seen)


# Seconds pass between signing and judging: a stamp of the past grows older by them, one of the future comes nearer.
@pytest.mark.parametrize(("age", "status"), [(-270, 204), (-301, 401), (299, 204), (330, 401)])
def test_a_signature_holds_for_less_than_five_minutes(
    town: Town, platform: Platform, out_trade_no: str, age: int, status: int
) -> None:
    body = notice(platform, paid(platform, out_trade_no, transaction_id=f"T{age}"), number=f"window{age}")
    moment = int(clock.now().timestamp()) + age
    assert send(town, signed(platform, body, moment=moment)).status_code == status


@pytest.mark.parametrize(
    "header", ["wechatpay-timestamp", "wechatpay-nonce", "wechatpay-signature", "wechatpay-serial", "all"]
)
def test_a_missing_header_is_a_refusal_and_no_failure(
    town: Town, platform: Platform, out_trade_no: str, header: str
) -> None:
    call = signed(platform, notice(platform, paid(platform, out_trade_no)))
    headers = {name: value for name, value in call.headers.items() if header not in {name, "all"}}
    with refused(town, reason="headers_missing"):
        assert send(town, replace(call, headers={**ADDRESSED, **headers})).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"wechatpay-timestamp": "soon"},
        {"wechatpay-timestamp": "9" * 400},
        {"wechatpay-timestamp": "-1"},
        {"wechatpay-signature": "not base64!"},
        {"wechatpay-signature": base64.b64encode(b"short").decode()},
        {"wechatpay-signature": "A" * 8_000},
        {"wechatpay-serial": "PUB_KEY_ID_"},
        {"wechatpay-signature": "\u00e9"},
        {"wechatpay-serial": "\u00e9"},
        {"wechatpay-nonce": "x" * 2_000},
        {"wechatpay-signature-type": "WECHATPAY2-SM2-WITH-SM3"},
    ],
    ids="-".join,
)
def test_hostile_headers_are_refused_and_never_a_failure(
    town: Town, platform: Platform, out_trade_no: str, change: dict[str, str]
) -> None:
    call = signed(platform, notice(platform, paid(platform, out_trade_no)))
    before = kept(town)
    headers = [(name.encode(), value.encode("latin-1")) for name, value in {**call.headers, **change}.items()]
    answer = town.client.post(URL, content=call.body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert kept(town) == before


SIGNED_HEADERS: Final = ("timestamp", "nonce", "signature", "serial", "signature-type")


@given(name=st.sampled_from(SIGNED_HEADERS), value=st.binary(max_size=40))
@example(name="signature", value=b"\xe9")
@example(name="timestamp", value=b"\xb2")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_in_a_signed_header_are_a_counted_refusal(
    town: Town, platform: Platform, name: str, value: bytes
) -> None:
    call = signed(platform, notice(platform, paid(platform, "N" * 24), number="any-bytes"))
    headers = {key.encode(): text.encode("latin-1") for key, text in call.headers.items()}
    before, counted = kept(town), sum(refusals(town).values())
    answer = town.client.post(
        URL, content=call.body, headers=list({**headers, f"wechatpay-{name}".encode(): value}.items())
    )
    assert (answer.status_code, answer.json()) == (401, {"code": "FAIL", "message": "refused"})
    assert kept(town) == before
    assert sum(refusals(town).values()) == counted + 1


Making = Callable[[Platform], bytes]


@pytest.mark.parametrize(
    "make_body",
    [
        lambda _: b"not json",
        lambda _: b"[]",
        lambda _: b"null",
        lambda _: b"{}",
        lambda platform: notice(platform, b"not json either"),
        lambda platform: notice(platform, b"[1]"),
        lambda platform: notice(platform, paid(platform, "short")),
        lambda platform: notice(platform, paid(platform, "N" * 24, amount={"total": 0, "currency": "CNY"})),
        lambda platform: notice(platform, paid(platform, "N" * 24, amount={"total": -5, "currency": "CNY"})),
        lambda platform: notice(platform, paid(platform, "N" * 24, amount={"total": 1.5, "currency": "CNY"})),
        lambda platform: notice(platform, paid(platform, "N" * 24, amount={"total": "1e2", "currency": "CNY"})),
        lambda platform: notice(platform, paid(platform, "N" * 24, amount={"total": True, "currency": "CNY"})),
        lambda platform: notice(platform, paid(platform, "N" * 24, amount={"total": 10**18, "currency": "CNY"})),
        lambda platform: notice(platform, paid(platform, "N" * 24, amount={"total": 100, "currency": "yuan"})),
        lambda platform: notice(platform, paid(platform, "N" * 24, amount=None)),
        lambda platform: notice(platform, paid(platform, "N" * 24, transaction_id="")),
        lambda platform: notice(platform, paid(platform, "N" * 24, success_time="yesterday")),
        lambda platform: notice(platform, paid(platform, "N" * 24, success_time="2026-06-20T11:00:00")),
        lambda platform: notice(platform, paid(platform, "N" * 24), resource_type="plain"),
        lambda platform: notice(platform, paid(platform, "N" * 24), number=""),
    ],
)
def test_a_signed_body_that_means_nothing_is_a_bad_request(town: Town, platform: Platform, make_body: Making) -> None:
    with refused(town, reason="malformed"):
        answer = send(town, signed(platform, make_body(platform)))
        assert (answer.status_code, answer.json()) == (400, {"code": "FAIL", "message": "refused"})


@pytest.mark.parametrize("change", [{"mchid": "1600000000"}, {"appid": "wx0000000000000000"}])
def test_a_payment_to_another_merchant_or_application_is_refused(
    town: Town, platform: Platform, out_trade_no: str, change: dict[str, str]
) -> None:
    with refused(town, reason="foreign_merchant"):
        body = notice(platform, paid(platform, out_trade_no, **change))
        assert send(town, signed(platform, body)).status_code == 400


@pytest.mark.parametrize("part", ["ciphertext", "nonce"])
def test_a_resource_of_letters_beyond_ascii_is_refused(town: Town, platform: Platform, part: str) -> None:
    body = json.loads(notice(platform, paid(platform, "N" * 24)))
    body["resource"][part] = "\u00e9" * 12
    with refused(town, reason="resource_sealed"):
        assert send(town, signed(platform, json.dumps(body).encode())).status_code == 401


def test_a_resource_sealed_with_another_key_is_refused(town: Town, platform: Platform, out_trade_no: str) -> None:
    stranger = replace(platform, apiv3_key=b"0" * 32)
    with refused(town, reason="resource_sealed"):
        assert send(town, signed(platform, notice(stranger, paid(platform, out_trade_no)))).status_code == 401


@pytest.mark.parametrize(
    ("number", "amount"),
    [("lie-more", {"total": 101, "currency": "CNY"}), ("lie-dollars", {"total": 100, "currency": "USD"})],
)
def test_another_amount_or_currency_settles_nothing_and_is_seen_in_suspense(
    town: Town, home: Home, payer: Person, platform: Platform, number: str, amount: dict[str, Any]
) -> None:
    payment_no = town.start_payment(payer.user_id, home)
    out_trade_no = make.latest(town.runtime.db, payment_no).out_trade_no
    body = notice(platform, paid(platform, out_trade_no, amount=amount, transaction_id=number), number=number)
    assert send(town, signed(platform, body)).status_code == 204
    shown = town.client.get(f"/api/v1/payments/{payment_no}", headers=payer.bearer).json()
    assert (shown["state"], shown["amount"]) == (
        "suspended",
        {"amount_minor": amount["total"], "currency": amount["currency"]},
    )
    bill = town.client.get(
        f"/api/v1/accounts/{home.account_no}/bills/{home.bills[1].bill_no}", headers=payer.bearer
    ).json()
    assert bill["open"]["amount_minor"] == home.bills[1].open.minor
    with town.runtime.db.read() as session:
        [case] = [each for each in make.suspense(session) if each.out_trade_no == out_trade_no]
    assert (case.reason, case.amount.minor, case.amount.currency) == (
        SuspenseReason.AMOUNT_DIFFERS,
        amount["total"],
        amount["currency"],
    )


def test_money_for_a_number_that_is_not_ours_is_kept_in_suspense_and_acknowledged(town: Town) -> None:
    number = town.unknown_order()
    call = town.callback_of(number)
    assert [send(town, call).status_code for _ in range(2)] == [204, 204]
    with town.runtime.db.read() as session:
        [case] = [each for each in make.suspense(session) if each.out_trade_no == number]
        raw = session.sql("select body from inbox order by id desc limit 1").scalar_one()
    assert (case.reason, case.amount, case.order_id) == (SuspenseReason.UNKNOWN_ORDER, make.yuan(100), None)
    assert bytes(raw) == call.body, "the raw notice is kept with it"


def test_one_provider_transaction_never_pays_two_orders(
    town: Town, home: Home, payer: Person, platform: Platform
) -> None:
    numbers = [make.latest(town.runtime.db, town.start_payment(payer.user_id, home)).out_trade_no for _ in range(2)]
    before = kept(town)
    for place, number in enumerate(numbers):
        body = notice(platform, paid(platform, number, transaction_id="T-TWICE"), number=f"twice-{place}")
        assert send(town, signed(platform, body)).status_code == 204
    assert kept(town) == (before[0] + 2, before[1] + 1)
    with town.runtime.db.read() as session:
        assert session.sql("select count(*) from inbox where applied_at is null").scalar_one() == 0
        [case] = [each for each in make.suspense(session) if each.out_trade_no == numbers[1]]
    assert (case.reason, case.is_posted) == (SuspenseReason.TRANSACTION_CLAIMED, False)


@pytest.mark.parametrize("word", ["callback", "check", "attempts", "poller", "closer"])
def test_a_payment_told_first_of_an_unknown_order_ends_as_received_whoever_brings_the_honest_word(
    town: Town, home: Home, payer: Person, word: str
) -> None:
    payment_no = town.start_payment(payer.user_id, home)
    attempt = make.latest(town.runtime.db, payment_no)
    town.sandbox.fault("wechat_pay.notify", "unknown_order", count=1)
    assert send(town, town.callback_of(attempt.out_trade_no)).status_code == 204
    town.sandbox.clear_faults()
    booked = kept(town)[1]
    address = f"/api/v1/payments/{payment_no}"
    match word:
        case "callback":
            seen = len(town._receiver.calls)
            town.sandbox.notify(attempt.out_trade_no)
            assert send(town, town._receiver.next_after(seen)).status_code == 204
        case "check":
            assert town.client.post(f"{address}/check", headers=payer.bearer).status_code == 200
        case "attempts":
            asked = {"amount_minor": 200}
            headers = payer.bearer | {"idempotency-key": payment_no}
            assert town.client.post(f"{address}/attempts", json=asked, headers=headers).status_code == 201
        case _:
            now = clock.now() if word == "poller" else attempt.expires_at
            applied = flows.check_attempt(town.runtime.db, vault=town.runtime.vault, attempt_id=attempt.id, now=now)
            assert applied.effect is Effect.SUSPENDED
    shown = town.client.get(address, headers=payer.bearer).json()
    assert (shown["state"], shown["is_final"]) == ("suspended", True)
    assert kept(town)[1] == booked, "the money is in the books already"
    with town.runtime.db.read() as session:
        assert session.sql("select count(*) from inbox where applied_at is null").scalar_one() == 0
        assert queries.check_claims(session) == []


def test_a_notice_about_something_else_is_kept_and_changes_nothing(town: Town, platform: Platform) -> None:
    before = kept(town)
    body = notice(platform, {"state": "DOING"}, number="score-1", event_type="PAYSCORE.USER_OPEN_SERVICE")
    assert send(town, signed(platform, body)).status_code == 204
    assert kept(town) == (before[0] + 1, before[1])


@pytest.fixture
def certificates(town: Town) -> Iterator[WeChatPay]:
    """The deployment in certificate mode, with no certificate yet."""
    known = PROVIDERS.get()
    given = town.sandbox.credentials["wechat_pay"]
    made = make.provider(town.sandbox.base_url, make.merchant(given, public_keys={}, callback_url=town._receiver.url))
    PROVIDERS.fill({make.WECHAT: made})
    yield made
    PROVIDERS.fill(known)
    make.close_clients()


def test_in_certificate_mode_a_certificate_that_another_process_fetched_is_believed(
    town: Town, platform: Platform, certificates: WeChatPay
) -> None:
    body = notice(platform, paid(platform, "N" * 24, transaction_id="T-CERT"), number="cert-1")
    call = signed(platform, body, serial=platform.certificate_serial)
    with refused(town, reason="unknown_serial"):
        assert send(town, call).status_code == 401
    town.sandbox.clear_faults()
    flows_of_another_process(town)
    assert send(town, call).status_code == 204
    with refused(town, reason="unknown_serial"):
        assert send(town, signed(platform, body)).status_code == 401, "the public key is not believed here"
    assert certificates.renews_keys


def flows_of_another_process(town: Town) -> None:
    """Fetches the certificates as a worker does, and only writes them down."""
    given = town.sandbox.credentials["wechat_pay"]
    other = make.provider(town.sandbox.base_url, make.merchant(given, public_keys={}))
    keys = other.fetch_keys()
    with town.runtime.db.write() as session:
        operations.keep_keys(session, provider=make.WECHAT, keys=keys)


def test_nothing_secret_is_logged_or_told_whatever_is_refused(
    town: Town, platform: Platform, out_trade_no: str, capfd: pytest.CaptureFixture[str]
) -> None:
    secrets = [
        platform.apiv3_key.decode(),
        make.OPENID,
        town.settings.wechat_pay_merchant_private_key.get_secret_value()[60:120],
    ]
    resource = paid(platform, out_trade_no, transaction_id="T-SECRET", payer={"openid": make.OPENID})
    told = [
        send(town, signed(platform, notice(platform, resource, number="secret-1"))),
        send(town, signed(platform, notice(platform, {**resource, "mchid": "1600000000"}))),
        send(town, signed(platform, notice(platform, {**resource, "amount": {"total": make.OPENID}}))),
        send(town, signed(replace(platform, apiv3_key=b"1" * 32), notice(platform, resource, number="secret-2"))),
        send(town, signed(platform, notice(replace(platform, apiv3_key=b"1" * 32), resource))),
    ]
    output = capfd.readouterr()
    everything = output.out + output.err + "".join(each.text for each in told)
    assert "callback_signed_but_refused" in everything
    assert [secret for secret in secrets if secret in everything] == []
    assert json.dumps(resource["payer"]) not in everything
