"""From the first sign-in to the receipt, in Chinese and English, with scripts and without."""

import pytest

from services.accounts.models import Role
from tests.factories.accounts import grant
from tests.journeys.customer import NAME, Customer, home_with_a_bill, new_phone
from tests.support.browser import PATIENCE_MS, NewVisit
from tests.support.waiting import wait_until

PAID = {"zh-CN": "支付成功", "en": "Payment received"}
RECEIPT = {"zh-CN": "缴费凭证", "en": "Receipt"}
SETTLED = {"zh-CN": "已缴", "en": "Paid"}


@pytest.mark.parametrize(("locale", "scripts"), [("zh-CN", True), ("en", False)])
def test_a_customer_signs_in_links_an_account_pays_and_keeps_the_receipt(
    visit: NewVisit, locale: str, *, scripts: bool
) -> None:
    customer = Customer(visit(locale=locale, scripts=scripts), new_phone())
    payer, page, deployment = visit(width=390), customer.page, customer.deployment
    account, other = home_with_a_bill(deployment), home_with_a_bill(deployment, amount_minor=4_005)

    customer.sign_in()
    assert page.url.endswith("/accounts/link")
    customer.link(account.account_no, character=NAME[1], meter_no=f"M{account.account_no}")
    assert "128.60" in page.inner_text(".due .amount")

    payment_no = customer.begin_to_pay()
    assert page.locator(".qr svg").count() == 1
    if scripts:
        page.evaluate("window.sameDocument = true")
    customer.scan_and_pay(payer, payment_no)
    page.wait_for_selector("#shown[data-state=paid]")
    assert page.inner_text("h1") == PAID[locale]
    assert page.title().startswith(PAID[locale])
    if scripts:
        assert page.evaluate("window.sameDocument"), "the page was loaded again"
        assert page.url.endswith(f"/payments/{payment_no}")

    page.click(f"a[href='/payments/{payment_no}/receipt']")
    page.wait_for_url("**/receipt")
    assert page.inner_text("h1") == RECEIPT[locale]
    order = deployment.sandbox.order(deployment.out_trade_no(payment_no))
    assert order is not None
    assert order["transaction_id"] in page.inner_text("main")
    assert f"B{account.account_no}" in page.inner_text("main")

    def receipt_came() -> bool:
        customer.visit.open("/inbox")
        return page.locator(f"main .rows a:has-text('{payment_no}')").count() == 1

    wait_until(receipt_came, timeout_s=PATIENCE_MS / 1000, message="no receipt came to the inbox")
    page.click(f"main .rows a:has-text('{payment_no}')")
    page.click("article a.button")
    page.wait_for_url(f"**/payments/{payment_no}/receipt")

    customer.visit.open(f"/bills/{account.account_no}/B{account.account_no}")
    assert page.inner_text(".chip").strip() == SETTLED[locale]
    assert page.locator(f"a[href='/pay/{account.account_no}']").count() == 0

    customer.visit.open("/accounts/link")
    customer.link(other.account_no, character=NAME[0], meter_no=f"M{other.account_no}")
    assert "40.05" in page.inner_text(".due .amount")
    page.click(".switcher summary")
    page.click(f".switcher a[href='/accounts/{account.account_no}']")
    page.wait_for_selector(".due .chip.good")
    assert page.inner_text(".switcher summary strong").strip() == account.account_no
    assert len(deployment.sandbox.messages(customer.phone)) >= 1


@pytest.mark.parametrize("scripts", [True, False])
def test_the_language_is_switched_and_kept(visit: NewVisit, *, scripts: bool) -> None:
    visitor = visit(locale="zh-CN", scripts=scripts)
    page = visitor.open("/sign-in")
    assert page.inner_text("h1") == "登录"
    page.click("a[hreflang=en]")
    page.wait_for_selector("html[lang=en]")
    assert page.inner_text("h1") == "Sign in"
    visitor.open("/sign-in")
    assert page.inner_text("h1") == "Sign in"


def test_earlier_bills_are_added_below_and_have_a_page_of_their_own(visit: NewVisit) -> None:
    for scripts in (True, False):
        visitor = visit(scripts=scripts)
        visitor.sign_in_as("+8613800138001")
        page = visitor.open("/bills")
        first = page.locator("#rows > li").count()
        page.click("#more a")
        page.wait_for_selector("#rows > li:nth-child(24)" if scripts else "#rows > li:nth-child(12)")
        assert page.locator("#rows > li").count() == (24 if scripts else 12)
        assert first == 12
        if not scripts:
            assert "after=" in page.url
        assert page.locator("#more a").count() == 0, "the last page offers more"


def test_a_viewer_sees_what_is_owed_and_cannot_pay(visit: NewVisit) -> None:
    visitor = visit(locale="en")
    person = visitor.sign_in_as(f"+86{new_phone()}")
    account = home_with_a_bill(visitor.deployment)
    with visitor.deployment.database.write() as session:
        grant(session, user_id=person, account_id=account.id, role=Role.VIEWER)
    page = visitor.open("/")
    assert "You can view this account" in page.inner_text(".due")
    assert page.locator(".due .button").count() == 0
    visitor.open(f"/bills/{account.account_no}/B{account.account_no}")
    assert page.locator("main .button").count() == 0
    visitor.open(f"/pay/{account.account_no}")
    assert page.inner_text("h1") == "Page not found"
