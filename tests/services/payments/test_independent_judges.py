"""An independent merchant library judges our adapter: what we send, what we sign for payers, and whom we believe."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from wechatpayv3 import WeChatPay as Judge
from wechatpayv3 import WeChatPayType
from wechatpayv3.utils import rsa_verify

from core import clock
from sandbox import credentials
from services.payments.errors import CallbackRefused
from services.payments.ports import (
    Method,
    OutcomeInDoubt,
    Payer,
    Prepay,
    RefundResult,
    RefundStatus,
    RefundWish,
    Refused,
    TradeState,
)
from services.payments.providers.wechat_pay.adapter import WeChatPay
from tests.factories import payments as make
from tests.support.receiver import receiving
from tests.support.sandbox import SandboxProcess
from tests.support.wechat_notices import notice, paid, signed

AUTHORIZATION = re.compile(r'(\w+)="([^"]*)"')


class Listener:
    """Reads whole requests from a socket and answers nothing of use."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                listener.requests.append((self.command, self.path, headers, body))
                self.send_response(500)
                self.end_headers()

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def overheard(listener: Listener, given: dict[str, Any]) -> Iterator[WeChatPay]:
    yield make.provider(listener.base_url, make.merchant(given))
    make.close_clients()


def judge(given: dict[str, Any], base_url: str = "http://127.0.0.1:9") -> Any:
    made = Judge(
        wechatpay_type=WeChatPayType.JSAPI,
        mchid=given["mchid"],
        private_key=given["merchant_private_key"],
        cert_serial_no=given["merchant_serial"],
        appid=given["appid"],
        apiv3_key=given["apiv3_key"],
        notify_url="http://127.0.0.1:9/callbacks/wechat-pay",
        public_key=given["public_key"],
        public_key_id=given["public_key_id"],
        logger=logging.getLogger("judge"),
    )
    made._core._gate_way = base_url
    return made


def prepay(method: Method, given: dict[str, Any]) -> Prepay:
    payer = Payer("203.0.113.7", make.OPENID, given["appid"])
    return Prepay(method, "N" * 26, make.yuan(12_860), '电费 "=&{} é', clock.now() + timedelta(minutes=30), payer)


def test_every_request_is_signed_over_the_bytes_that_were_sent(
    overheard: WeChatPay, listener: Listener, given: dict[str, Any]
) -> None:
    for method in Method:
        with pytest.raises(OutcomeInDoubt):
            overheard.prepare(method, overheard.compose(prepay(method, given)))
    wish = RefundWish("R" * 33, "42" * 14, make.yuan(860), make.yuan(12_860))
    with pytest.raises(OutcomeInDoubt):
        overheard.refund(overheard.compose_refund(wish))
    for call in (overheard.query, overheard.close, overheard.query_refund):
        with pytest.raises(OutcomeInDoubt):
            call("N" * 26)
    with pytest.raises(OutcomeInDoubt):
        overheard.fetch_keys()
    public_key = load_pem_private_key(given["merchant_private_key"].encode(), None).public_key()
    assert len(listener.requests) == len(Method) + 5
    nonces = set()
    for verb, path, headers, body in listener.requests:
        scheme, _, rest = headers["authorization"].partition(" ")
        pairs = dict(AUTHORIZATION.findall(rest))
        assert scheme == "WECHATPAY2-SHA256-RSA2048"
        assert (pairs["mchid"], pairs["serial_no"]) == (given["mchid"], given["merchant_serial"])
        assert abs(int(pairs["timestamp"]) - clock.now().timestamp()) < 60
        head = f"{verb}\n{path}\n{pairs['timestamp']}"
        assert rsa_verify(head, pairs["nonce_str"], body.decode(), pairs["signature"], public_key)
        assert not rsa_verify(head, pairs["nonce_str"], body.decode() + " ", pairs["signature"], public_key)
        assert (headers["accept"], headers["wechatpay-serial"]) == ("application/json", given["public_key_id"])
        assert "openid" not in path
        nonces.add(pairs["nonce_str"])
    assert len(nonces) == len(listener.requests)
    ordered = json.loads(listener.requests[0][3])
    assert ordered["amount"] == {"total": 12_860, "currency": "CNY"}
    assert datetime.fromisoformat(ordered["time_expire"]).utcoffset() == timedelta(hours=8)


def test_the_same_wish_is_composed_to_the_same_bytes(overheard: WeChatPay, given: dict[str, Any]) -> None:
    wish = prepay(Method.WECHAT_JSAPI, given)
    assert overheard.compose(wish) == overheard.compose(wish)


def test_what_payers_hand_to_wechat_is_signed_as_the_library_signs_it(
    overheard: WeChatPay, given: dict[str, Any]
) -> None:
    now = clock.now()
    jsapi = overheard.present(Method.WECHAT_JSAPI, {"prepay_id": "wx1"}, now=now)
    assert (jsapi["package"], jsapi["signType"]) == ("prepay_id=wx1", "RSA")
    signed = [jsapi["appId"], jsapi["timeStamp"], jsapi["nonceStr"], jsapi["package"]]
    assert jsapi["paySign"] == judge(given).sign(signed)
    app = overheard.present(Method.WECHAT_APP, {"prepay_id": "wx1"}, now=now)
    assert (app["package"], app["partnerid"]) == ("Sign=WXPay", given["mchid"])
    assert app["sign"] == judge(given).sign([app["appid"], app["timestamp"], app["noncestr"], app["prepayid"]])
    again = overheard.present(Method.WECHAT_JSAPI, {"prepay_id": "wx1"}, now=now)
    assert again["nonceStr"] != jsapi["nonceStr"]


def test_a_callback_that_the_library_takes_is_taken_here_until_it_is_stale(
    sandbox: SandboxProcess, wechat: WeChatPay
) -> None:
    given = sandbox.credentials["wechat_pay"]
    library = judge(given, sandbox.base_url)
    with receiving() as receiver:
        ours = make.provider(sandbox.base_url, make.merchant(given, callback_url=receiver.url))
        number = "J" * 26
        ours.prepare(
            Method.WECHAT_NATIVE,
            ours.compose(
                Prepay(
                    Method.WECHAT_NATIVE, number, make.yuan(100), "x", clock.now() + timedelta(minutes=30), Payer("::1")
                )
            ),
        )
        sandbox.pay(number)
        call = receiver.next_after(0)
    theirs = library.callback(call.headers, call.body)
    heard = wechat.read_notice(call.headers, call.body, now=clock.now())
    assert heard.result is not None
    assert heard.id == theirs["id"]
    resource = theirs["resource"]
    assert (heard.result.out_trade_no, heard.result.transaction_id) == (number, resource["transaction_id"])
    assert (heard.result.state, heard.result.amount) == (TradeState.PAID, make.yuan(resource["amount"]["total"]))
    assert library.callback({**call.headers, "wechatpay-nonce": "another"}, call.body) is None
    signed_at = datetime.fromtimestamp(int(call.headers["wechatpay-timestamp"]), tz=UTC)
    for headers, body, now in [
        ({**call.headers, "wechatpay-nonce": "another"}, call.body, signed_at),
        (call.headers, call.body + b" ", signed_at),
        (call.headers, call.body, signed_at + timedelta(seconds=301)),
        (call.headers, call.body, signed_at - timedelta(seconds=301)),
    ]:
        with pytest.raises(CallbackRefused):
            wechat.read_notice(headers, body, now=now)
    assert library.callback(call.headers, call.body) is not None, "the library alone would take it for ever"


def test_a_refund_and_its_callback_are_read_as_the_library_reads_them(
    sandbox: SandboxProcess, wechat: WeChatPay
) -> None:
    given = sandbox.credentials["wechat_pay"]
    library = judge(given, sandbox.base_url)
    number, amount = "S" * 26, make.yuan(100)
    until = clock.now() + timedelta(minutes=30)
    wechat.prepare(
        Method.WECHAT_NATIVE, wechat.compose(Prepay(Method.WECHAT_NATIVE, number, amount, "x", until, Payer("::1")))
    )
    wish = RefundWish("R" * 33, sandbox.pay(number)["transaction_id"], make.yuan(40), amount)
    assert wechat.query_refund(wish.out_refund_no).status is RefundStatus.MISSING
    with receiving() as receiver:
        ours = make.provider(sandbox.base_url, make.merchant(given, callback_url=receiver.url))
        taken = ours.refund(ours.compose_refund(wish))
        call = receiver.next_after(0)
    theirs = library.callback(call.headers, call.body)
    heard = wechat.read_notice(call.headers, call.body, now=clock.now())
    assert heard.refund is not None
    assert (heard.id, heard.result, theirs["event_type"]) == (theirs["id"], None, "REFUND.SUCCESS")
    resource = theirs["resource"]
    assert heard.refund == RefundResult(
        "wechat_pay",
        resource["out_refund_no"],
        RefundStatus.DONE,
        refund_id=resource["refund_id"],
        transaction_id=resource["transaction_id"],
        amount=make.yuan(resource["amount"]["refund"]),
    )
    known = json.loads(library.query_refund(out_refund_no=wish.out_refund_no)[1])
    assert (taken.refund_id, wechat.query_refund(wish.out_refund_no)) == (known["refund_id"], heard.refund)
    assert wechat.query(number).state is TradeState.PAID, "what was refunded was paid"
    stranger = make.provider(sandbox.base_url, make.merchant({**given, "mchid": "1600000000"}))
    with pytest.raises(CallbackRefused):
        stranger.read_notice(call.headers, call.body, now=clock.now())
    with pytest.raises(Refused):
        wechat.refund(wechat.compose_refund(replace(wish, out_refund_no="X" * 33, amount=make.yuan(101))))


def test_an_answer_that_is_not_signed_by_the_platform_is_not_believed(
    sandbox: SandboxProcess, wechat: WeChatPay, given: dict[str, Any]
) -> None:
    theirs = sandbox.credentials["wechat_pay"]
    account = make.merchant(theirs, public_keys={theirs["public_key_id"]: given["public_key"]})
    stranger = make.provider(sandbox.base_url, account)
    wish = Prepay(
        Method.WECHAT_NATIVE, "K" * 26, make.yuan(100), "x", clock.now() + timedelta(minutes=30), Payer("::1")
    )
    with pytest.raises(OutcomeInDoubt):
        stranger.prepare(Method.WECHAT_NATIVE, stranger.compose(wish))
    with pytest.raises(OutcomeInDoubt):
        stranger.query("K" * 26)
    assert wechat.query("K" * 26).state is TradeState.WAITING


def test_in_certificate_mode_the_platforms_certificates_are_fetched_opened_and_proved(sandbox: SandboxProcess) -> None:
    theirs = sandbox.credentials["wechat_pay"]
    ours = make.provider(sandbox.base_url, make.merchant(theirs, public_keys={}))
    assert ours.renews_keys
    wish = Prepay(
        Method.WECHAT_NATIVE, "L" * 26, make.yuan(100), "x", clock.now() + timedelta(minutes=30), Payer("::1")
    )
    for _ in range(2):  # nothing signed by an unknown certificate is believed
        with pytest.raises(OutcomeInDoubt):
            ours.prepare(Method.WECHAT_NATIVE, ours.compose(wish))
    with pytest.raises(OutcomeInDoubt):
        ours.query("L" * 26)
    with pytest.raises(OutcomeInDoubt):
        make.provider(sandbox.base_url, make.merchant(theirs, public_keys={}, apiv3_keys=["0" * 32])).fetch_keys()
    [key] = ours.fetch_keys()
    assert key.serial == theirs["platform_certificate_serial"].lstrip("0")
    ours.trust([key])
    assert ours.prepare(Method.WECHAT_NATIVE, ours.compose(wish))
    assert ours.query("L" * 26).state is TradeState.WAITING
    make.close_clients()


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The platform before and after it changed every key."""
    made = {name: tmp_path_factory.mktemp(name) for name in ("old", "new")}
    for home in made.values():
        credentials.init(home)
    return made


@pytest.mark.parametrize("body_key", ["old", "new"])
@pytest.mark.parametrize("signer", ["old", "new", "certificate"])
def test_old_and_new_keys_are_believed_side_by_side(homes: dict[str, Path], signer: str, body_key: str) -> None:
    """Public key, certificate and API v3 key change one by one; any mixture of old and new is the platform's."""
    platforms = {name: credentials.load(home) for name, home in homes.items()}
    given = {name: json.loads((home / "credentials.json").read_text())["wechat_pay"] for name, home in homes.items()}
    account = make.merchant(
        given["old"],
        apiv3_keys=[given[name]["apiv3_key"] for name in ("new", "old")],
        public_keys={given[name]["public_key_id"]: given[name]["public_key"] for name in ("new", "old")},
        certificates=[given["old"]["platform_certificate"]],
    )
    ours = make.provider("http://127.0.0.1:9", account)
    sealer = replace(platforms[body_key], mchid=given["old"]["mchid"], appid=given["old"]["appid"])
    body = notice(sealer, paid(sealer, "R" * 26))
    platform = platforms["old" if signer == "certificate" else signer]
    call = signed(platform, body, serial=platform.certificate_serial if signer == "certificate" else None)
    heard = ours.read_notice(call.headers, body, now=clock.now())
    assert heard.result is not None
    assert heard.result.out_trade_no == "R" * 26
    only_new = make.merchant(given["new"], mchid=given["old"]["mchid"], appid=given["old"]["appid"])
    if (signer, body_key) != ("new", "new"):
        with pytest.raises(CallbackRefused):
            make.provider("http://127.0.0.1:9", only_new).read_notice(call.headers, body, now=clock.now())
    make.close_clients()
