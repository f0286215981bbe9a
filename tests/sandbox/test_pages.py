"""A person plays the payer and reads the telephone, with scripts off."""

import html
import re
from collections.abc import Iterator

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.sandbox.conftest import Account, Wire, number, telephone
from tests.support.receiver import Receiver
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def page(chromium: Browser, provider: SandboxProcess) -> Iterator[Page]:
    """A telephone's browser without scripts."""
    context = chromium.new_context(base_url=provider.base_url, viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type] # a plain dict
    yield context.new_page()
    context.close()


@pytest.fixture
def order(wire: Wire, receiver: Receiver) -> str:
    """An order that waits for its payer."""
    made = number()
    told = wire("POST", "/v3/pay/transactions/h5", wire.order(made, notify_url=receiver.url, description="电费 十月"))
    assert told.status_code == 200
    return made


def payer_page(provider: SandboxProcess, order: str) -> str:
    found = provider.order(order)
    assert found is not None
    return f"/wechat-pay/pay?pr={found['token']}"


def state(provider: SandboxProcess, order: str) -> object:
    found = provider.order(order)
    return found and found["state"]


def test_a_person_finds_the_code_to_sign_in_with_on_the_first_page(page: Page, account: Account) -> None:
    phone = telephone()
    account("SendSms", account.message(phone, TemplateParam='{"code":"730195"}'))
    page.goto("/")
    newest = page.locator(".message").first
    expect(newest).to_contain_text("您的验证码为730195")
    expect(newest.locator("output")).to_have_text("730195")
    newest.get_by_role("link", name=phone).click()
    expect(page.locator(".message")).to_have_count(1)


def test_a_telephone_shows_its_own_messages_alone(page: Page, account: Account, provider: SandboxProcess) -> None:
    mine, other = telephone(), telephone()
    account("SendSms", account.message(mine))
    provider.fault("aliyun_sms.phone", "undelivered", value="MK:0011", count=1)
    account("SendSms", account.message(mine))
    account("SendSms", account.message(other))
    page.goto("/sms")
    page.get_by_label("手机号").fill(f"+86 {mine}")
    page.get_by_role("button", name="查看").click()
    expect(page.locator(".message")).to_have_count(2)
    expect(page.locator(".message").first).to_contain_text("未送达")
    expect(page.locator("main")).not_to_contain_text(other)


def test_a_payer_pays_and_the_merchant_is_told(
    page: Page, provider: SandboxProcess, receiver: Receiver, order: str
) -> None:
    page.goto("/")
    page.get_by_role("link", name="123.45").first.click()
    expect(page.locator(".pay")).to_contain_text("电费 十月")
    expect(page.locator(".amount")).to_have_text("¥123.45")
    page.get_by_role("button", name="立即支付").click()
    expect(page.locator(".pay")).to_contain_text("支付成功")
    expect(page.get_by_role("button")).to_have_count(0)
    wait_until(lambda: receiver.calls, message="the merchant was not told")
    assert state(provider, order) == "SUCCESS"
    page.reload()
    assert len((provider.order(order) or {})["callbacks"]) == 1


def test_a_payer_who_cancels_leaves_the_order_to_be_paid(page: Page, provider: SandboxProcess, order: str) -> None:
    page.goto(payer_page(provider, order))
    page.get_by_role("button", name="取消").click()
    assert state(provider, order) == "NOTPAY"
    expect(page.get_by_role("button", name="立即支付")).to_be_visible()


@pytest.mark.parametrize("button", ["立即支付", "取消"])
def test_a_payer_returns_to_the_merchants_page(page: Page, provider: SandboxProcess, order: str, button: str) -> None:
    back = f"{provider.base_url}/sms?to=13900000000"
    page.goto(f"{payer_page(provider, order)}&redirect_url={html.escape(back)}")
    page.get_by_role("button", name=button).click()
    assert page.url == back


def test_what_a_qr_code_says_opens_the_payers_page(page: Page, wire: Wire) -> None:
    order = number()
    told = wire("POST", "/v3/pay/transactions/native", wire.order(order)).json()
    page.goto("/wechat-pay")
    page.get_by_label("二维码内容").fill(told["code_url"])
    page.get_by_role("button", name="打开").click()
    expect(page.locator("dd").first).to_have_text(order)


@pytest.mark.parametrize(("how", "says"), [("closed", "订单已关闭"), ("late", "订单已过期"), ("paid", "支付成功")])
def test_an_order_that_cannot_be_paid_says_why(
    page: Page, provider: SandboxProcess, wire: Wire, how: str, says: str
) -> None:
    order = number()
    when = {"time_expire": "2026-01-01T00:00:00+08:00"} if how == "late" else {}
    wire("POST", "/v3/pay/transactions/native", wire.order(order, **when))
    address = payer_page(provider, order)
    if how == "closed":
        wire("POST", f"/v3/pay/transactions/out-trade-no/{order}/close", f'{{"mchid":"{wire.keys["mchid"]}"}}')
    if how == "paid":
        provider.pay(order)
    page.goto(address)
    expect(page.locator(".pay")).to_contain_text(says)
    expect(page.get_by_role("button")).to_have_count(0)


def test_an_order_paid_elsewhere_meanwhile_is_not_paid_twice(page: Page, provider: SandboxProcess, order: str) -> None:
    page.goto(payer_page(provider, order))
    provider.pay(order)
    page.get_by_role("button", name="立即支付").click()
    expect(page.locator(".pay")).to_contain_text("支付成功")
    assert len((provider.order(order) or {})["callbacks"]) == 1


@pytest.mark.parametrize(
    "path", ["/wechat-pay/pay", "/wechat-pay/pay?pr=unknown", "/wechat-pay/scan?code=weixin://wxpay/bizpayurl?pr=x"]
)
def test_an_unknown_order_has_a_page_that_says_so(provider: SandboxProcess, path: str) -> None:
    answer = httpx.get(provider.base_url + path)
    assert answer.status_code == 404
    assert "没有这个订单" in answer.text


def test_texts_of_merchants_are_shown_as_texts(provider: SandboxProcess, wire: Wire) -> None:
    order = number()
    wire("POST", "/v3/pay/transactions/native", wire.order(order, description="<script>alert(1)</script>"))
    shown = httpx.get(provider.base_url + payer_page(provider, order) + "&redirect_url=javascript:alert(1)")
    assert "<script" not in shown.text
    assert 'href="javascript' not in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
def test_pages_are_accessible_and_fit_their_screen(
    chromium: Browser,
    provider: SandboxProcess,
    account: Account,
    order: str,
    scheme: str,
    width: int,
) -> None:
    account("SendSms", account.message(telephone()))
    context = chromium.new_context(
        base_url=provider.base_url,
        viewport={"width": width, "height": 700},
        color_scheme=scheme,  # type: ignore[arg-type] # one of two
        bypass_csp=True,  # for the checker's own script
    )
    page = context.new_page()
    for path in ("/", "/sms", "/programs", "/wechat-pay", payer_page(provider, order), "/wechat-pay/pay?pr=unknown"):
        page.goto(path)
        found = Axe().run(page, options={"preload": False, "resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()


def test_no_page_has_a_script(provider: SandboxProcess) -> None:
    for path in ("/", "/sms", "/wechat-pay"):
        assert not re.search(r"<script|\son\w+=", httpx.get(provider.base_url + path).text)
