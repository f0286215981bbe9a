"""An independent merchant library judges the emulator: what it accepts and refuses is what WeChat Pay does."""

import gzip
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from wechatpayv3 import WeChatPay, WeChatPayType

from tests.sandbox.conftest import BEIJING, Merchant, Wire, number
from tests.support.sandbox import SandboxProcess

AMOUNT = {"total": 12345, "currency": "CNY"}
METHODS: dict[WeChatPayType, dict[str, Any]] = {
    WeChatPayType.NATIVE: {},
    WeChatPayType.JSAPI: {"payer": {"openid": "o1"}},
    WeChatPayType.APP: {},
    WeChatPayType.H5: {"scene_info": {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}},
}
ANSWERS = {
    WeChatPayType.NATIVE: ("code_url", r"weixin://wxpay/bizpayurl\?pr=\S+"),
    WeChatPayType.JSAPI: ("prepay_id", r"wx\S+"),
    WeChatPayType.APP: ("prepay_id", r"wx\S+"),
    WeChatPayType.H5: ("h5_url", r"http://127\.0\.0\.1:\d+/wechat-pay/pay\?pr=\S+"),
}


def ordered(client: WeChatPay, order: str, **more: Any) -> tuple[int, dict[str, Any]]:
    code, text = client.pay(**{"description": "电费", "out_trade_no": order, "amount": AMOUNT, **more})
    return code, json.loads(text)


def today() -> str:
    return datetime.now(BEIJING).strftime("%Y-%m-%d")


def day_before(days: int) -> str:
    return (datetime.now(BEIJING) - timedelta(days=days)).strftime("%Y-%m-%d")


def bill(client: WeChatPay, **more: Any) -> list[str]:
    """Lines of a bill whose hash is right."""
    code, text = client.trade_bill(**{"bill_date": today(), **more})
    assert code == 200, text
    meta = json.loads(text)
    assert meta["hash_type"] == "SHA1"
    code, raw = client.download_bill(meta["download_url"])
    assert code == 200
    content = gzip.decompress(raw)
    assert hashlib.sha1(content).hexdigest() == meta["hash_value"]
    return content.decode("utf-8").splitlines()


@pytest.mark.parametrize("certificates", [False, True], ids=["public key", "certificates"])
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_way_of_ordering_goes_from_order_to_payment(
    merchant: Merchant, provider: SandboxProcess, method: WeChatPayType, certificates: bool
) -> None:
    client, order = merchant(method, certificates=certificates), number()
    code, answer = ordered(client, order, **METHODS[method])
    name, pattern = ANSWERS[method]
    assert (code, list(answer)) == (200, [name])
    assert re.fullmatch(pattern, answer[name])
    paid = provider.pay(order)
    told = json.loads(client.query(transaction_id=paid["transaction_id"])[1])
    assert (told["trade_state"], told["amount"]["total"]) == ("SUCCESS", 12345)
    assert told["trade_type"] == {"H5": "MWEB"}.get(method.name, method.name)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_repeated_order_is_one_order_and_answers_the_same(
    merchant: Merchant, provider: SandboxProcess, method: WeChatPayType
) -> None:
    client, order = merchant(method), number()
    first = ordered(client, order, **METHODS[method])
    assert ordered(client, order, **METHODS[method]) == first
    assert len([row for row in provider.orders() if row["out_trade_no"] == order]) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"description": "水费"},
        {"amount": {"total": 12346, "currency": "CNY"}},
        {"attach": "more"},
        {"notify_url": "http://127.0.0.1:9/elsewhere"},
        {"time_expire": "2099-01-01T00:00:00+08:00"},
        {"method": WeChatPayType.JSAPI, "payer": {"openid": "o1"}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_known_number_with_anything_changed_is_refused(
    merchant: Merchant, provider: SandboxProcess, changed: dict[str, Any]
) -> None:
    order = number()
    assert ordered(merchant(), order)[0] == 200
    method = changed.pop("method", WeChatPayType.NATIVE)
    code, answer = ordered(merchant(method), order, **changed)
    assert (code, answer["code"], answer["message"]) == (403, "OUT_TRADE_NO_USED", "201 商户订单号重复")
    kept = provider.order(order)
    assert kept is not None
    assert (kept["method"], kept["amount"], kept["description"]) == ("native", 12345, "电费")


@pytest.mark.parametrize(("is_paid", "code"), [(True, "ORDERPAID"), (False, "ORDER_CLOSED")])
def test_a_settled_order_is_not_entered_again(
    merchant: Merchant, provider: SandboxProcess, is_paid: bool, code: str
) -> None:
    client, order = merchant(), number()
    ordered(client, order)
    if is_paid:
        provider.pay(order)
    else:
        client.close(out_trade_no=order)
    assert ordered(client, order) == (400, {"code": code, "message": answer_of(code), "detail": {}})


def answer_of(code: str) -> str:
    return {"ORDERPAID": "订单已支付", "ORDER_CLOSED": "订单已关闭"}[code]


def test_an_order_is_paid_once_and_cannot_be_closed_then(merchant: Merchant, provider: SandboxProcess) -> None:
    client, order = merchant(), number()
    ordered(client, order)
    assert json.loads(client.query(out_trade_no=order)[1])["trade_state"] == "NOTPAY"
    provider.pay(order)
    told = json.loads(client.query(out_trade_no=order)[1])
    assert (told["trade_state"], told["trade_state_desc"]) == ("SUCCESS", "支付成功")
    code, text = client.close(out_trade_no=order)
    assert (code, json.loads(text)["code"]) == (400, "ORDERPAID")
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        provider.pay(order)


def test_a_closed_order_cannot_be_paid_except_when_payment_was_under_way(
    merchant: Merchant, provider: SandboxProcess
) -> None:
    client, order = merchant(), number()
    ordered(client, order)
    assert client.close(out_trade_no=order) == (204, b"")
    assert client.close(out_trade_no=order)[0] == 204
    assert json.loads(client.query(out_trade_no=order)[1])["trade_state"] == "CLOSED"
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        provider.pay(order)
    provider.pay(order, even_if_closed=True)
    assert json.loads(client.query(out_trade_no=order)[1])["trade_state"] == "SUCCESS"


def test_an_order_past_its_time_cannot_be_paid_and_is_still_not_closed(
    merchant: Merchant, provider: SandboxProcess
) -> None:
    client, order = merchant(), number()
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="seconds")
    assert ordered(client, order, time_expire=past)[0] == 200
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        provider.pay(order)
    assert json.loads(client.query(out_trade_no=order)[1])["trade_state"] == "NOTPAY"


def test_a_payer_who_goes_away_leaves_the_order_to_be_paid(merchant: Merchant, provider: SandboxProcess) -> None:
    client, order = merchant(), number()
    ordered(client, order)
    assert provider.cancel(order)["state"] == "NOTPAY"
    provider.pay(order)
    assert json.loads(client.query(out_trade_no=order)[1])["trade_state"] == "SUCCESS"


def test_an_unknown_order_is_not_found(merchant: Merchant) -> None:
    for asked in ({"out_trade_no": number()}, {"transaction_id": "4200000000000000000000000000"}):
        code, text = merchant().query(**asked)
        assert (code, json.loads(text)["code"]) == (404, "ORDER_NOT_EXIST")
    code, text = merchant().close(out_trade_no=number())
    assert (code, json.loads(text)["code"]) == (404, "ORDER_NOT_EXIST")


def test_strangers_are_refused(merchant: Merchant, provider: SandboxProcess) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = stranger.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    order = number()
    for client in (merchant(merchant_private_key=pem), merchant(merchant_serial="AA11"), merchant(mchid="1600000000")):
        for code, text in (
            client.pay(description="电费", out_trade_no=order, amount=AMOUNT),
            client.query(out_trade_no=order),
            client.close(out_trade_no=order),
            client.trade_bill(bill_date=today()),
            client.download_bill("/v3/billdownload/file?token=x"),
        ):
            assert (code, json.loads(text)["code"]) == (401, "SIGN_ERROR")
    assert ordered(merchant(appid="wxdeadbeefdeadbeef"), order)[0] == 400
    assert provider.order(order) is None


@pytest.mark.parametrize(("off_s", "is_taken"), [(-310, False), (-290, True), (290, True), (310, False)])
def test_a_request_is_good_for_five_minutes(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch, off_s: int, is_taken: bool
) -> None:
    import wechatpayv3.utils

    now = datetime.now(UTC).timestamp()
    client = merchant()
    monkeypatch.setattr(wechatpayv3.utils.time, "time", lambda: now + off_s)
    code, _ = ordered(client, number())
    assert code == (200 if is_taken else 401)


def test_a_body_or_address_changed_on_the_way_is_refused(wire: Wire, provider: SandboxProcess) -> None:
    order = number()
    body = wire.order(order)
    changed = body.replace("12345", "12346")
    assert wire("POST", "/v3/pay/transactions/native", body, sent=changed).status_code == 401
    assert wire("POST", "/v3/pay/transactions/native", body, sent=body + " ").status_code == 401
    assert provider.order(order) is None
    assert wire("POST", "/v3/pay/transactions/native", body).status_code == 200
    signed_for_another = wire("GET", f"/v3/pay/transactions/out-trade-no/{order}?mchid=1600000000")
    assert (signed_for_another.status_code, signed_for_another.json()["code"]) == (400, "PARAM_ERROR")


def test_answers_are_signed_and_refusals_are_not(wire: Wire) -> None:
    order = number()
    taken = wire("POST", "/v3/pay/transactions/native", wire.order(order))
    told = {"signature", "timestamp", "nonce", "serial", "signature-type"}
    assert {f"wechatpay-{name}" for name in told} | {"request-id"} <= set(taken.headers)
    refused = wire("POST", "/v3/pay/transactions/native", wire.order(order, description="水费"))
    assert (refused.status_code, "wechatpay-signature" in refused.headers) == (403, False)
    closed = wire("POST", f"/v3/pay/transactions/out-trade-no/{order}/close", json.dumps({"mchid": wire.keys["mchid"]}))
    assert (closed.status_code, closed.content, "wechatpay-signature" in closed.headers) == (204, b"", True)


def test_the_key_that_the_merchant_names_signs_and_else_the_certificate(wire: Wire) -> None:
    path = "/v3/certificates"
    assert wire("GET", path).headers["Wechatpay-Serial"] == wire.keys["platform_certificate_serial"]
    named = wire("GET", path, Wechatpay_Serial=wire.keys["public_key_id"])
    assert named.headers["Wechatpay-Serial"] == wire.keys["public_key_id"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"out_trade_no": "short"},
        {"out_trade_no": "a" * 33},
        {"out_trade_no": "a b c d e f"},
        {"out_trade_no": 123456},
        {"amount": {"total": 0}},
        {"amount": {"total": "1"}},
        {"amount": {"total": 1.5}},
        {"amount": {"total": True}},
        {"amount": {"total": 1, "currency": "USD"}},
        {"description": "电" * 43},
        {"description": ""},
        {"notify_url": "http://127.0.0.1:9/callback?a=b"},
        {"notify_url": "ftp://127.0.0.1/callback"},
        {"attach": "a" * 129},
        {"time_expire": "tomorrow"},
        {"payer": {}},
        {"mchid": "1600000000"},
    ],
    ids=str,
)
def test_what_the_document_forbids_is_refused_with_the_name_of_the_field(wire: Wire, wrong: dict[str, Any]) -> None:
    answer = wire("POST", "/v3/pay/transactions/jsapi", wire.order(number(), **wrong))
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")
    assert next(iter(wrong)) in answer.json()["message"]


@pytest.mark.parametrize("body", ["", "[]", "{", '"text"'])
def test_what_is_no_object_is_refused(wire: Wire, body: str) -> None:
    answer = wire("POST", "/v3/pay/transactions/native", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")


def test_what_is_not_emulated_is_said_to_be_missing(wire: Wire) -> None:
    for method, path in (("POST", "/v3/pay/transactions/telepathy"), ("GET", "/v3/pay/partner/transactions")):
        answer = wire(method, path, wire.order(number()) if method == "POST" else "")
        assert (answer.status_code, answer.json()["code"]) == (404, "RESOURCE_NOT_EXISTS")
    assert wire("GET", "/v3/certificates", Accept="text/html").status_code == 406


def test_the_bill_of_a_day_lists_each_payment_and_its_sums(merchant: Merchant, provider: SandboxProcess) -> None:
    client, order = merchant(), number()
    ordered(client, order, description="电费,十月", attach="`a,b")
    ordered(client, number())
    paid = provider.pay(order)
    head, *rows, foot, sums = bill(client)
    assert head.startswith("\ufeff交易时间,")
    names = head.removeprefix("\ufeff").split(",")
    mine = next(row for row in rows if order in row)
    cells = dict(zip(names, mine.removeprefix("`").split(",`"), strict=True))
    assert cells["微信订单号"] == paid["transaction_id"]
    assert (cells["订单金额"], cells["手续费"], cells["交易状态"]) == ("123.45", "0.74070", "SUCCESS")
    assert (cells["商品名称"], cells["商户数据包"]) == ("电费,十月", "`a,b")
    total = dict(zip(foot.split(","), sums.removeprefix("`").split(",`"), strict=True))
    everything = [row for row in provider.books()["orders"] if row["state"] == "SUCCESS"]
    payments = [row for row in rows if row.split(",`")[names.index("交易状态")] == "SUCCESS"]
    assert (int(total["总交易单数"]), len(everything)) == (len(rows), len(payments))
    assert total["订单总金额"] == f"{sum(row['amount'] for row in everything) / 100:.2f}"


def test_a_bill_may_come_unpacked(wire: Wire, provider: SandboxProcess) -> None:
    order = number()
    wire("POST", "/v3/pay/transactions/native", wire.order(order))
    provider.pay(order)
    meta = wire("GET", f"/v3/bill/tradebill?bill_date={today()}").json()
    file = wire("GET", meta["download_url"].removeprefix(provider.base_url))
    assert hashlib.sha1(file.content).hexdigest() == meta["hash_value"]
    assert order.encode() in file.content
    assert "wechatpay-signature" not in file.headers


def test_the_bill_of_successes_has_no_columns_of_refunds(merchant: Merchant, provider: SandboxProcess) -> None:
    client, order = merchant(), number()
    ordered(client, order)
    provider.pay(order)
    everything, successes = (bill(client, bill_type=kind)[0].split(",") for kind in ("ALL", "SUCCESS"))
    assert (len(everything), len(successes)) == (27, 20)
    assert "退款金额" not in successes


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"bill_date": "2026-13-01"}, "PARAM_ERROR"),
        ({"bill_type": "EVERYTHING"}, "PARAM_ERROR"),
        ({"tar_type": "ZIP"}, "PARAM_ERROR"),
        ({"bill_type": "REFUND", "bill_date": day_before(40)}, "NO_STATEMENT_EXIST"),
        ({"bill_date": "2001-01-01"}, "INVALID_REQUEST"),
        ({"bill_date": day_before(40)}, "NO_STATEMENT_EXIST"),
    ],
    ids=str,
)
def test_a_bill_that_cannot_be_is_refused(merchant: Merchant, asked: dict[str, str], code: str) -> None:
    status, text = merchant().trade_bill(**{"bill_date": today(), **asked})
    assert (status, json.loads(text)["code"]) == (400, code)


def test_a_bill_is_fetched_by_its_link_alone(merchant: Merchant) -> None:
    code, text = merchant().download_bill("/v3/billdownload/file?token=guessed")
    assert (code, json.loads(text)["code"]) == (404, "RESOURCE_NOT_EXISTS")
