"""A customer opens the portal inside WeChat, is recognised there, and pays by WeChat's own client.

The client itself is the browser's part: a script stands for it, which asks for money at the sandbox, where it moves.
"""

import json
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from tests.factories import payments as paying
from tests.factories.accounts import make_user
from tests.support.browser import NewVisit, Visit, keep_picture
from tests.support.deployment import Deployment

INSIDE: Final[dict[str, Any]] = {
    "user_agent": (
        "Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile "
        "Safari/537.36 XWEB/1260117 MicroMessenger/8.0.49.2600(0x28003133) WeChat/arm64 Weixin NetType/WIFI"
    ),
    "has_touch": True,
    "is_mobile": True,
    "width": 390,
    "locale": "en",
}
CLIENT: Final = """
window.WeixinJSBridge = {
  invoke: (what, asked, told) =>
    window.weixin(JSON.stringify({what, asked})).then((said) => told({err_msg: `get_brand_wcpay_request:${said}`})),
};
"""


class Client:
    """WeChat's client: what pages ask of it, and what its person does."""

    def __init__(self, visit: Visit, deployment: Deployment) -> None:
        self.asked: list[dict[str, Any]] = []
        self.says = "ok"
        self._sandbox = deployment.sandbox.base_url
        visit.page.expose_function("weixin", self._invoke)
        visit.context.add_init_script(CLIENT)

    def _invoke(self, told: str) -> str:
        call: dict[str, Any] = json.loads(told)
        self.asked.append(call)
        if self.says == "ok":
            reference = call["asked"]["package"].removeprefix("prepay_id=")
            httpx.post(f"{self._sandbox}/wechat-pay/pay", data={"pr": reference, "act": "pay"}, trust_env=False)
        return self.says


def choose_person(visit: Visit, name: str) -> None:
    """At the sandbox's page: be this person, who is new there."""
    visit.page.fill("#name", name)
    visit.page.get_by_role("button", name="Continue").click()


@pytest.mark.timeout(600)
def test_a_customer_is_recognised_and_pays_inside_wechat(
    visit: NewVisit, deployment: Deployment, request: pytest.FixtureRequest
) -> None:
    phone, name = f"+86133{uuid4().int % 10**8:08d}", f"somebody {uuid4().hex[:8]}"
    with deployment.database.write() as session:
        person = make_user(session, deployment.vault, phone=phone)
    home = paying.household(deployment.database, deployment.vault, bills=(12_860,), user_id=person)
    visitor = visit(**INSIDE)
    page, client = visitor.page, Client(visitor, deployment)

    visitor.open("/")
    choose_person(visitor, name)
    expect(page.get_by_text("From then on WeChat signs you in")).to_be_visible()
    page.fill("#phone", phone)
    page.get_by_role("button", name="Send the code").click()
    page.fill("#code", deployment.code_for(phone))
    page.locator("main form:has(#code) button").click()
    page.goto(f"{deployment.url}/pay/{home.account.account_no}")
    assert page.locator('input[name="method"]').evaluate_all("all => all.map(each => each.value)") == ["wechat_jsapi"]
    page.get_by_role("button", name="Continue to payment").click()

    pay = page.get_by_role("button", name="Pay in WeChat")
    client.says = "cancel"
    pay.click()
    expect(pay).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#bridge-failed")).to_be_hidden()
    client.says = "fail"
    pay.click()
    expect(page.locator("#bridge-failed")).to_be_visible()
    page.reload()
    keep_picture(page, request.config, "wechat_pay.png")
    client.says = "ok"
    pay.click()
    expect(page.get_by_text("Payment received")).to_be_visible()

    assert [call["what"] for call in client.asked] == ["getBrandWCPayRequest"] * 3
    first, _, last = (call["asked"] for call in client.asked)
    assert first["package"] == last["package"]
    assert first["paySign"] != last["paySign"]
    payment_no = urlsplit(page.url).path.rsplit("/", 1)[-1]
    order = deployment.sandbox.order(deployment.out_trade_no(payment_no))
    assert order is not None
    assert (order["method"], order["state"], order["amount"]) == ("jsapi", "SUCCESS", 12_860)


@pytest.mark.timeout(600)
def test_whoever_is_joined_needs_no_telephone_the_next_time(visit: NewVisit, deployment: Deployment) -> None:
    phone, name = f"+86133{uuid4().int % 10**8:08d}", f"somebody {uuid4().hex[:8]}"
    first = visit(**INSIDE)
    first.open("/me")
    assert parse_qs(urlsplit(first.page.url).query)["scope"] == ["snsapi_base"]
    choose_person(first, name)
    first.page.fill("#phone", phone)
    first.page.get_by_role("button", name="Send the code").click()
    first.page.fill("#code", deployment.code_for(phone))
    first.page.locator("main form:has(#code) button").click()
    expect(first.page.get_by_role("heading", name="Sign-in by WeChat")).to_be_visible()

    again = visit(**INSIDE)
    again.open("/me")
    again.page.locator("li", has_text=name).get_by_role("button").click()
    expect(again.page.get_by_text(f"{phone[:-8]}****{phone[-4:]}")).to_be_visible()
    again.page.get_by_role("button", name="Unlink").click()
    expect(again.page.get_by_role("heading", name="Sign-in by WeChat")).to_have_count(0)
