"""An independent merchant library judges the emulator: what it accepts and refuses is what WeChat Pay does."""

import gzip
import hashlib
import http.server
import json
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from wechatpayv3 import WeChatPayType

from tests.sandbox.conftest import Merchant
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until

AMOUNT = {"total": 12345, "currency": "CNY"}


def number() -> str:
    return uuid.uuid4().hex


class Receiver:
    """A merchant's callback address that keeps what comes."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((dict(self.headers), body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/callback"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_every_way_of_ordering_answers_what_its_client_needs(merchant: Merchant) -> None:
    def ordered(method: WeChatPayType, **more: Any) -> dict[str, str]:
        code, text = merchant(method).pay(description="电费", out_trade_no=number(), amount=AMOUNT, **more)
        assert code == 200, text
        answer: dict[str, str] = json.loads(text)
        return answer

    assert ordered(WeChatPayType.NATIVE)["code_url"].startswith("weixin://wxpay/bizpayurl?pr=")
    assert ordered(WeChatPayType.JSAPI, payer={"openid": "o1"})["prepay_id"]
    assert ordered(WeChatPayType.APP)["prepay_id"]
    scene = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
    assert "/wechat-pay/pay?" in ordered(WeChatPayType.H5, scene_info=scene)["h5_url"]


def test_a_repeated_order_is_one_order_and_a_changed_one_is_refused(
    merchant: Merchant, provider: SandboxProcess
) -> None:
    client, order = merchant(), number()
    first = client.pay(description="电费", out_trade_no=order, amount=AMOUNT)
    assert client.pay(description="电费", out_trade_no=order, amount=AMOUNT) == first
    for changed in ({"description": "水费"}, {"amount": {"total": 1, "currency": "CNY"}}):
        code, text = client.pay(**{"description": "电费", "out_trade_no": order, "amount": AMOUNT, **changed})
        assert code == 400
        assert "商户订单号重复" in text
    assert len([row for row in provider.orders() if row["out_trade_no"] == order]) == 1


def test_an_order_is_paid_once_asked_for_and_cannot_be_closed_then(
    merchant: Merchant, provider: SandboxProcess
) -> None:
    client, order = merchant(), number()
    client.pay(description="电费", out_trade_no=order, amount=AMOUNT)
    code, text = client.query(out_trade_no=order)
    assert (code, json.loads(text)["trade_state"]) == (200, "NOTPAY")
    paid = provider.pay(order)
    told = json.loads(client.query(out_trade_no=order)[1])
    assert told["trade_state"] == "SUCCESS"
    assert told["amount"]["total"] == 12345
    assert json.loads(client.query(transaction_id=paid["transaction_id"])[1])["out_trade_no"] == order
    assert client.close(out_trade_no=order)[0] == 400
    with pytest.raises(httpx.HTTPStatusError):
        provider.pay(order)


def test_a_closed_order_cannot_be_paid_except_when_payment_was_under_way(
    merchant: Merchant, provider: SandboxProcess
) -> None:
    client, order = merchant(), number()
    client.pay(description="电费", out_trade_no=order, amount=AMOUNT)
    assert client.close(out_trade_no=order)[0] == 204
    assert client.close(out_trade_no=order)[0] == 204
    with pytest.raises(httpx.HTTPStatusError):
        provider.pay(order)
    provider.pay(order, even_if_closed=True)
    assert json.loads(client.query(out_trade_no=order)[1])["trade_state"] == "SUCCESS"


def test_an_order_past_its_time_cannot_be_paid(merchant: Merchant, provider: SandboxProcess) -> None:
    client, order = merchant(), number()
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="seconds")
    assert client.pay(description="电费", out_trade_no=order, amount=AMOUNT, time_expire=past)[0] == 200
    with pytest.raises(httpx.HTTPStatusError):
        provider.pay(order)


def test_strangers_and_stale_requests_are_refused(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = stranger.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    order = {"description": "电费", "out_trade_no": number(), "amount": AMOUNT}
    assert merchant(merchant_private_key=pem).pay(**order)[0] == 401
    assert merchant(merchant_serial="AA11").pay(**order)[0] == 401
    assert merchant(appid="wxdeadbeefdeadbeef").pay(**order)[0] == 400
    import wechatpayv3.utils

    real = wechatpayv3.utils.time.time
    monkeypatch.setattr(wechatpayv3.utils.time, "time", lambda: real() - 301)
    assert merchant().pay(**order)[0] == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"out_trade_no": "short"},
        {"out_trade_no": "a" * 33},
        {"out_trade_no": "a b c d e f"},
        {"amount": {"total": 0}},
        {"amount": {"total": "1"}},
        {"description": "电" * 43},
    ],
)
def test_what_the_document_forbids_is_refused(merchant: Merchant, wrong: dict[str, Any]) -> None:
    code, text = merchant().pay(**{"description": "电费", "out_trade_no": number(), "amount": AMOUNT, **wrong})
    assert (code, json.loads(text)["code"]) == (400, "PARAM_ERROR")


def test_an_unknown_order_is_not_found(merchant: Merchant) -> None:
    code, text = merchant().query(out_trade_no=number())
    assert (code, json.loads(text)["code"]) == (404, "ORDER_NOT_EXIST")


def test_a_callback_is_signed_sealed_and_repeated_until_acknowledged(
    merchant: Merchant, provider: SandboxProcess, receiver: Receiver
) -> None:
    client, order = merchant(notify_url=receiver.url), number()
    client.pay(description="电费", out_trade_no=order, amount=AMOUNT)
    receiver.status = 500
    provider.pay(order)
    wait_until(lambda: len(receiver.received) >= 2, message="no second delivery")
    receiver.status = 204
    wait_until(lambda: (provider.order(order) or {})["callbacks"][0]["done"], message="never acknowledged")
    told = [client.callback(headers, body) for headers, body in receiver.received]
    assert {one["id"] for one in told} == {told[0]["id"]}
    assert told[0]["resource"]["out_trade_no"] == order
    assert len({headers["Wechatpay-Signature"] for headers, _ in receiver.received}) == len(receiver.received)


@pytest.mark.parametrize("lie", ["wrong_key", "signtest", "altered"])
def test_a_lying_callback_does_not_pass_an_independent_verifier(
    merchant: Merchant, provider: SandboxProcess, receiver: Receiver, lie: str
) -> None:
    client, order = merchant(notify_url=receiver.url), number()
    client.pay(description="电费", out_trade_no=order, amount=AMOUNT)
    provider.fault("wechat_pay.notify", lie, count=1)
    provider.pay(order)
    headers, body = wait_until(lambda: receiver.received and receiver.received[0])
    assert not client.callback(headers, body)


@pytest.mark.parametrize(("kind", "copies"), [("duplicate", 3), ("concurrent", 3), ("drop", 0)])
def test_callbacks_are_doubled_or_dropped_on_order(
    merchant: Merchant, provider: SandboxProcess, receiver: Receiver, kind: str, copies: int
) -> None:
    client, order = merchant(notify_url=receiver.url), number()
    client.pay(description="电费", out_trade_no=order, amount=AMOUNT)
    provider.fault("wechat_pay.notify", kind, value=2 if copies else None)
    provider.pay(order)
    wait_until(lambda: (provider.order(order) or {})["callbacks"][0]["done"])
    assert len(receiver.received) == copies


@pytest.mark.parametrize(
    ("kind", "has_effect"),
    [
        ("error_before", False),
        ("drop_before", False),
        ("rate_limited", False),
        ("error_after", True),
        ("drop_after", True),
    ],
)
def test_calls_fail_before_or_after_their_effect_on_order(
    merchant: Merchant, provider: SandboxProcess, kind: str, has_effect: bool
) -> None:
    order = number()
    provider.fault("wechat_pay.native", kind, count=1)
    try:
        code, _ = merchant().pay(description="电费", out_trade_no=order, amount=AMOUNT)
    except OSError:
        code = 0
    assert code != 200 or kind.startswith("drop")
    assert (provider.order(order) is not None) == has_effect


def test_the_books_survive_a_kill(merchant: Merchant, provider: SandboxProcess) -> None:
    client, order = merchant(), number()
    client.pay(description="电费", out_trade_no=order, amount=AMOUNT)
    provider.pay(order)
    provider.kill()
    provider.start()
    assert json.loads(client.query(out_trade_no=order)[1])["trade_state"] == "SUCCESS"


def test_the_bill_of_a_day_lists_what_was_paid_and_its_hash_is_right(
    merchant: Merchant, provider: SandboxProcess
) -> None:
    client, order = merchant(), number()
    client.pay(description="电费,十月", out_trade_no=order, amount=AMOUNT)
    provider.pay(order)
    today = datetime.now(timezone(timedelta(hours=8))).strftime("%Y-%m-%d")
    code, text = client.trade_bill(bill_date=today, tar_type="GZIP")
    assert code == 200, text
    meta = json.loads(text)
    code, raw = client.download_bill(meta["download_url"])
    content = gzip.decompress(raw)
    assert hashlib.sha1(content).hexdigest() == meta["hash_value"]
    line = next(row for row in content.decode("utf-8-sig").splitlines() if order in row)
    assert "`123.45" in line.split(",")


def test_certificate_mode_signs_with_the_certificate(provider: SandboxProcess, merchant: Merchant) -> None:
    client, order = merchant(), number()
    client.pay(description="电费", out_trade_no=order, amount=AMOUNT)
    keys = provider.credentials["wechat_pay"]
    path = f"/v3/pay/transactions/out-trade-no/{order}?mchid={keys['mchid']}"
    from wechatpayv3.utils import build_authorization, load_private_key

    header = build_authorization(
        path, "GET", keys["mchid"], keys["merchant_serial"], load_private_key(keys["merchant_private_key"]), data=None
    )
    answer = httpx.get(provider.base_url + path, headers={"Authorization": header, "Accept": "application/json"})
    assert answer.headers["Wechatpay-Serial"] == keys["platform_certificate_serial"]
