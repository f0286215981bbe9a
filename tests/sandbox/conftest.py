"""One sandbox per worker, honest at the start of each test, and clients that share no line with it."""

import functools
import hashlib
import hmac
import json
import logging
import secrets
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.core import Core
from wechatpayv3.utils import build_authorization, load_private_key

from tests.support.receiver import Receiver, receiving
from tests.support.sandbox import SandboxProcess

BEIJING = timezone(timedelta(hours=8))
NOWHERE = "http://127.0.0.1:9/callbacks/wechat-pay"
Merchant = Callable[..., WeChatPay]


def number() -> str:
    """A merchant's order number of one test alone."""
    return uuid.uuid4().hex


def telephone() -> str:
    """A telephone of one test alone."""
    return f"139{uuid.uuid4().int % 10**8:08d}"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox"), retry_scale=0.001).start()
    yield process
    process.stop()


@pytest.fixture
def provider(running: SandboxProcess) -> SandboxProcess:
    running.clear_faults()
    running.send_receipts_to(None)
    return running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def merchant(provider: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Merchant:
    """Makes clients of the independent library: with the platform's public key, or (`certificates=True`) without."""

    def own_certificates(core: Any) -> None:
        core._gate_way = provider.base_url
        core._update_certificates()

    monkeypatch.setattr(Core, "_init_certificates", own_certificates)

    def make(method: WeChatPayType = WeChatPayType.NATIVE, *, certificates: bool = False, **changes: Any) -> WeChatPay:
        keys = {**provider.credentials["wechat_pay"], **changes}
        client = WeChatPay(
            wechatpay_type=method,
            mchid=keys["mchid"],
            private_key=keys["merchant_private_key"],
            cert_serial_no=keys["merchant_serial"],
            appid=keys["appid"],
            apiv3_key=keys["apiv3_key"],
            notify_url=keys.get("notify_url", NOWHERE),
            public_key=None if certificates else keys["public_key"],
            public_key_id=None if certificates else keys["public_key_id"],
            logger=logging.getLogger("merchant"),
            timeout=(10, 30),
        )
        client._core._gate_way = provider.base_url
        return client

    return make


@functools.cache
def _key(pem: str) -> Any:
    return load_private_key(pem)


class Wire:
    """The merchant's requests one by one, signed by the independent library; `sent` replaces the body after signing."""

    def __init__(self, provider: SandboxProcess) -> None:
        self.keys = provider.credentials["wechat_pay"]
        self.client = httpx.Client(base_url=provider.base_url, trust_env=False, timeout=30)

    def __call__(
        self, method: str, path: str, body: str = "", *, sent: str | None = None, **headers: str
    ) -> httpx.Response:
        signed = build_authorization(
            path,
            method,
            self.keys["mchid"],
            self.keys["merchant_serial"],
            _key(self.keys["merchant_private_key"]),
            body,
        )
        told = {"Authorization": signed, "Accept": "application/json"}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, path, content=body if sent is None else sent, headers=told)

    def order(self, order: str, **changes: Any) -> str:
        """The body of an order."""
        keys = self.keys
        content = {
            "appid": keys["appid"],
            "mchid": keys["mchid"],
            "description": "电费",
            "out_trade_no": order,
            "notify_url": NOWHERE,
            "amount": {"total": 12345, "currency": "CNY"},
            "payer": {"openid": "o1"},
            "scene_info": {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}},
        }
        return json.dumps({**content, **changes})

    def refund(self, order: str, **changes: Any) -> str:
        """The body of a whole refund of such an order."""
        amount = {"refund": 12345, "total": 12345, "currency": "CNY"}
        return json.dumps({"out_trade_no": order, "out_refund_no": f"R{number()}", "amount": amount, **changes})


@pytest.fixture
def wire(provider: SandboxProcess) -> Iterator[Wire]:
    made = Wire(provider)
    yield made
    made.client.close()


def encoded(text: str) -> str:
    return quote(text, safe="-_.~")


class Account:
    """An account at Aliyun that signs by the wire description: ACS3-HMAC-SHA256, parameters in the query."""

    def __init__(self, provider: SandboxProcess) -> None:
        self.given = provider.credentials["aliyun_sms"]
        self._base_url = provider.base_url
        self.client = httpx.Client(trust_env=False, timeout=30)

    def __call__(self, action: str, params: dict[str, str], **changes: str) -> httpx.Response:
        """Call; `changes` are other headers, or `secret`, `key_id`, and `sent_query` and `body` that replace what was signed."""
        query = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in sorted(params.items()))
        headers = {
            "host": self._base_url.removeprefix("http://"),
            "x-acs-action": action,
            "x-acs-version": "2017-05-25",
            "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        }
        secret = changes.pop("secret", self.given["access_key_secret"])
        key_id = changes.pop("key_id", self.given["access_key_id"])
        sent, body = changes.pop("sent_query", query), changes.pop("body", "")
        headers |= {name.replace("_", "-"): value for name, value in changes.items()}
        names = sorted(headers)
        canonical = "\n".join(
            [
                "POST",
                "/",
                query,
                *(f"{name}:{headers[name]}" for name in names),
                "",
                ";".join(names),
                headers["x-acs-content-sha256"],
            ]
        )
        to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
        authorization = f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={';'.join(names)},Signature={signature}"
        return self.client.post(
            f"{self._base_url}/?{sent}", content=body, headers={**headers, "authorization": authorization}
        )

    def message(self, phone: str, **changes: str) -> dict[str, str]:
        """Parameters of SendSms: a code to sign in with."""
        return {
            "PhoneNumbers": phone,
            "SignName": self.given["sign_name"],
            "TemplateCode": self.given["template_codes"]["sign_in_code"]["zh-CN"],
            "TemplateParam": '{"code":"482913"}',
            "OutId": uuid.uuid4().hex,
            **changes,
        }


@pytest.fixture
def account(provider: SandboxProcess) -> Iterator[Account]:
    made = Account(provider)
    yield made
    made.client.close()


def question(phone: str, **changes: str) -> dict[str, str]:
    """Parameters of QuerySendDetails for a telephone today, in Beijing."""
    day = datetime.now(BEIJING).strftime("%Y%m%d")
    return {"PhoneNumber": phone, "SendDate": day, "PageSize": "10", "CurrentPage": "1", **changes}
