"""The control API refuses what could never happen, and the page that documents it names all there is."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

import sandbox.wechat.control
from sandbox import control
from sandbox.faults import PLACES
from tests.sandbox.conftest import Wire, number
from tests.support.sandbox import SandboxProcess

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "sandbox.md"


def order_fault(provider: SandboxProcess, **wanted: Any) -> httpx.Response:
    return httpx.post(f"{provider.base_url}/__sandbox__/faults", json=wanted)


@pytest.mark.parametrize(
    "wanted",
    [
        {"place": "wechat_pay.native", "kind": "earthquake"},
        {"place": "wechat_pay.nativ", "kind": "error_before"},
        {"place": "wechat_pay.native", "kind": "duplicate"},
        {"place": "aliyun_sms.*", "kind": "signtest"},
        {"place": "wechat_pay.notify", "kind": "drop", "value": 2},
        {"place": "wechat_pay.notify", "kind": "duplicate", "value": "often"},
        {"place": "wechat_pay.notify", "kind": "duplicate", "value": 0},
        {"place": "wechat_pay.notify", "kind": "delay", "value": -1},
        {"place": "wechat_pay.native", "kind": "error_before", "value": 200},
        {"place": "wechat_pay.native", "kind": "error_before", "count": 0},
        {"place": "wechat_pay.native", "kind": "error_before", "probability": 2},
        {"place": "wechat_pay.native", "kind": "error_before", "often": True},
        {"place": "wechat_pay.native"},
    ],
    ids=str,
)
def test_a_fault_that_could_never_strike_is_refused(provider: SandboxProcess, wanted: dict[str, Any]) -> None:
    assert order_fault(provider, **wanted).status_code == 422
    assert provider.faults() == []


def test_faults_are_listed_with_their_use_and_removed(provider: SandboxProcess) -> None:
    made = order_fault(provider, place="wechat_pay.notify", kind="duplicate", value=3, count=2)
    assert made.status_code == 200
    (fault,) = provider.faults()
    assert fault == {
        "id": made.json()["id"],
        "place": "wechat_pay.notify",
        "kind": "duplicate",
        "value": 3,
        "count": 2,
        "probability": None,
        "used": 0,
    }
    provider.clear_faults()
    assert provider.faults() == []


@pytest.mark.parametrize(("method", "act"), [("GET", ""), ("POST", "/pay"), ("POST", "/cancel"), ("POST", "/notify")])
def test_an_unknown_order_is_not_found(provider: SandboxProcess, method: str, act: str) -> None:
    answer = httpx.request(method, f"{provider.base_url}/__sandbox__/wechat-pay/orders/{number()}{act}")
    assert (answer.status_code, answer.json()["code"]) == (404, "ORDER_NOT_EXIST")


def test_an_unpaid_order_has_nothing_to_tell(provider: SandboxProcess, wire: Wire) -> None:
    order = number()
    wire("POST", "/v3/pay/transactions/native", wire.order(order))
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        provider.notify(order)
    shown = provider.order(order)
    assert shown is not None
    assert (shown["state"], shown["callbacks"], list(shown["answer"])) == ("NOTPAY", [], ["code_url"])


def test_a_payer_may_be_somebody(provider: SandboxProcess, wire: Wire) -> None:
    order = number()
    wire("POST", "/v3/pay/transactions/native", wire.order(order))
    assert provider.pay(order, openid="o-somebody")["openid"] == "o-somebody"
    with pytest.raises(httpx.HTTPStatusError, match="422"):
        provider.pay(order, wallet="full")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "here", 5])
def test_an_address_of_receipts_that_is_none_is_refused(provider: SandboxProcess, url: object) -> None:
    answer = httpx.put(f"{provider.base_url}/__sandbox__/aliyun-sms/receipt-url", json={"url": url})
    assert answer.status_code == 422


def test_the_page_of_the_sandbox_names_every_address_place_and_kind() -> None:
    text = PAGE.read_text(encoding="utf-8")
    quoted = set(re.findall(r"`([^`\n]+)`", text))
    for place, kinds in PLACES.items():
        assert place in quoted
        assert kinds <= quoted
    for route in (*control.router.routes, *sandbox.wechat.control.router.routes):
        path, methods = route.path, route.methods  # type: ignore[attr-defined] # FastAPI's routes have both
        for method in methods:
            assert f"{method} {path.removeprefix('/__sandbox__')}" in text, path
