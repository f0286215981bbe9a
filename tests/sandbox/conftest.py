"""One sandbox per worker, honest at the start of each test, and an independent merchant."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType

from tests.support.sandbox import SandboxProcess

Merchant = Callable[..., WeChatPay]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox")).start()
    yield process
    process.stop()


@pytest.fixture
def provider(running: SandboxProcess) -> SandboxProcess:
    running.clear_faults()
    return running


@pytest.fixture
def merchant(provider: SandboxProcess) -> Merchant:
    def make(method: WeChatPayType = WeChatPayType.NATIVE, **changes: Any) -> WeChatPay:
        keys = {**provider.credentials["wechat_pay"], **changes}
        client = WeChatPay(
            wechatpay_type=method,
            mchid=keys["mchid"],
            private_key=keys["merchant_private_key"],
            cert_serial_no=keys["merchant_serial"],
            appid=keys["appid"],
            apiv3_key=keys["apiv3_key"],
            notify_url=keys.get("notify_url", "http://127.0.0.1:9/callbacks/wechat-pay"),
            public_key=keys["public_key"],
            public_key_id=keys["public_key_id"],
            logger=logging.getLogger("merchant"),
        )
        client._core._gate_way = provider.base_url
        return client

    return make
