"""Impatient fingers, the back button, a payment that ran out of time, a lost connection, and paying on the phone itself."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from core import clock
from services.payments import flows
from tests.factories import payments as paying
from tests.factories.accounts import grant
from tests.journeys.customer import SUBMIT, Customer, home_with_a_bill, new_phone
from tests.support.browser import PATIENCE_MS, PHONE, NewVisit
from tests.support.waiting import wait_until
from web.live import STREAMS_EACH


@pytest.fixture
def customer(visit: NewVisit, request: pytest.FixtureRequest) -> Customer:
    """Signed in, with one account that owes 128.60."""
    made = Customer(visit(**getattr(request, "param", {})), new_phone())
    person = made.visit.sign_in_as(f"+86{made.phone}")
    with made.deployment.database.write() as session:
        account = home_with_a_bill(made.deployment)
        grant(session, user_id=person, account_id=account.id)
    return made


def orders_of(customer: Customer) -> int:
    """How many orders the provider has for the account on the customer's home page."""
    customer.visit.open("/")
    account_no = customer.page.inner_text(".switcher summary strong").strip()
    with customer.deployment.database.read() as session:
        numbers = session.sql(
            """select t.out_trade_no from payment_attempt t join payment_part p on p.attempt_id = t.id
               join account a on a.id = p.account_id where a.account_no = :account_no""",
            account_no=account_no,
        ).scalars()
        ours = set(numbers)
    return sum(order["out_trade_no"] in ours for order in customer.deployment.sandbox.orders())


@pytest.mark.parametrize("customer", [{"scripts": True}, {"scripts": False}], indirect=True)
def test_pressing_pay_twice_makes_one_payment(customer: Customer) -> None:
    page = customer.visit.open("/")
    page.click(".due .button")
    page.wait_for_url("**/pay/*")
    page.dblclick(SUBMIT)
    page.wait_for_url("**/payments/*")
    assert orders_of(customer) == 1


def test_one_form_sent_at_once_by_many_is_one_payment(customer: Customer) -> None:
    page = customer.visit.open("/")
    page.click(".due .button")
    page.wait_for_url("**/pay/*")
    fields = {
        str(each.get_attribute("name")): each.input_value()
        for each in page.locator("main form input:not([type=radio]), main form input:checked").all()
    }
    cookies = {each["name"]: each["value"] for each in customer.visit.context.cookies()}
    address = page.url

    def send(_: int) -> str:
        answer = httpx.post(address, data=fields, cookies=cookies, trust_env=False, timeout=60)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    with ThreadPoolExecutor(6) as together:
        places = set(together.map(send, range(6)))
    assert len(places) == 1
    assert orders_of(customer) == 1


def test_the_back_button_pays_nothing_twice(customer: Customer, visit: NewVisit) -> None:
    payment_no = customer.begin_to_pay()
    page = customer.page
    page.go_back()
    page.wait_for_url("**/pay/*")
    assert page.locator(f"main .note a[href='/payments/{payment_no}']").count() == 1, "it does not warn"
    page.click(f"main .note a[href='/payments/{payment_no}']")
    page.wait_for_url("**/payments/*")
    customer.scan_and_pay(visit(width=390), payment_no)
    page.wait_for_selector("#shown[data-state=paid]")
    page.go_back()
    page.wait_for_url("**/pay/*")
    page.wait_for_selector("#amount")
    assert page.input_value("#amount") == ""
    assert orders_of(customer) == 1


@pytest.mark.parametrize("customer", [{"locale": "en"}, {"locale": "en", "scripts": False}], indirect=True)
def test_a_payment_that_its_provider_closed_says_so_and_can_be_begun_again(customer: Customer) -> None:
    deployment, page = customer.deployment, customer.page
    first = customer.begin_to_pay()
    deployment.act_as_web()
    flows.close_attempt(deployment.database, attempt=paying.latest(deployment.database, first), now=clock.now())
    page.wait_for_selector("#shown[data-state=closed]")
    assert "No money was taken" in page.inner_text("#shown")
    page.click("#shown .button")
    page.wait_for_url("**/pay/*")
    page.click(SUBMIT)
    page.wait_for_url("**/payments/*")
    assert customer.payment_no() != first
    assert page.locator("#shown[data-state=waiting]").count() == 1


@pytest.mark.parametrize(
    "customer", [{"width": 390, **PHONE}, {"width": 390, **PHONE, "scripts": False}], indirect=True
)
def test_a_phone_pays_in_its_own_wechat_and_comes_back(customer: Customer) -> None:
    page, provider = customer.page, customer.deployment.sandbox.base_url
    payment_no = customer.begin_to_pay()
    assert page.locator(".qr").count() == 0
    page.click("#shown a.button")
    page.wait_for_url(f"{provider}/wechat-pay/pay*")
    asked = next(
        each
        for each in reversed(customer.visit.requests)
        if each.url.startswith(provider) and each.is_navigation_request()
    )
    came_from = urlsplit(asked.all_headers()["referer"])
    assert (came_from.netloc, came_from.path) == (urlsplit(customer.deployment.url).netloc, "/"), (
        "WeChat refuses payers of a site that it does not know; and needs no more than the site"
    )
    page.click("button[value=pay]")
    page.wait_for_url(f"{customer.deployment.url}/payments/{payment_no}")
    page.wait_for_selector("#shown[data-state=paid]")


@pytest.mark.parametrize("customer", [{"width": 390, **PHONE}], indirect=True)
def test_a_link_that_is_too_old_is_renewed_without_a_second_order(customer: Customer) -> None:
    payment_no, page = customer.begin_to_pay(), customer.page
    page.click(f"form[action='/payments/{payment_no}/again'] button")
    page.wait_for_url(f"**/payments/{payment_no}")
    page.click("#shown a.button")
    page.click("button[value=pay]")
    page.wait_for_selector("#shown[data-state=paid]")
    assert orders_of(customer) == 1


def test_a_payer_who_goes_away_finds_the_payment_waiting(customer: Customer) -> None:
    payment_no = customer.begin_to_pay()
    customer.deployment.sandbox.cancel(customer.deployment.out_trade_no(payment_no))
    customer.page.click("#shown button")
    customer.page.wait_for_url(f"**/payments/{payment_no}")
    assert customer.page.locator("#shown[data-state=waiting]").count() == 1


@pytest.mark.parametrize("customer", [{"locale": "en"}], indirect=True)
def test_a_lost_connection_is_told_and_mended(customer: Customer, visit: NewVisit) -> None:
    payment_no = customer.begin_to_pay()
    page = customer.page
    customer.visit.context.set_offline(True)
    page.evaluate("htmx.trigger('#status', 'look')")
    page.wait_for_selector("#stale:not([hidden])")
    assert "do not pay twice" in page.inner_text("#stale")
    customer.scan_and_pay(visit(width=390), payment_no)
    customer.visit.context.set_offline(False)
    page.wait_for_selector("#shown[data-state=paid]")
    assert page.locator("#stale[hidden]").count() == 1
    complaints = customer.visit.complaints
    complaints[:] = [each for each in complaints if "Failed to fetch" not in each]


@pytest.mark.parametrize("customer", [{"locale": "en"}], indirect=True)
def test_a_provider_that_cannot_be_reached_leaves_the_form_as_it_was(customer: Customer) -> None:
    deployment, page = customer.deployment, customer.page
    deployment.sandbox.fault("wechat_pay.native", "rate_limited", count=5)
    try:
        customer.visit.open("/")
        page.click(".due .button")
        page.wait_for_url("**/pay/*")
        page.fill("#amount", "55.50")
        page.click(SUBMIT)
        page.wait_for_selector("#summary")
    finally:
        deployment.sandbox.clear_faults()
    assert "no money was taken" in page.inner_text("#summary")
    assert page.input_value("#amount") == "55.50"


def test_signing_out_ends_the_session_in_every_tab(customer: Customer) -> None:
    payment_no = customer.begin_to_pay()
    page, other = customer.page, customer.visit.context.new_page()
    other.goto(customer.deployment.url + "/me")
    other.click("form[action='/sign-out'] button")
    other.wait_for_url("**/sign-in")
    page.evaluate("htmx.trigger('#status', 'look')")
    page.wait_for_url(f"**/sign-in?next=/payments/{payment_no}", timeout=PATIENCE_MS)
    wait_until(lambda: page.locator("#phone").count() == 1)


def test_a_page_whose_stream_is_refused_goes_on_by_asking(customer: Customer, visit: NewVisit) -> None:
    page, payer, url = customer.page, visit(width=390), customer.deployment.url
    payment_no = customer.begin_to_pay()
    page.goto("about:blank")
    cookies = {str(each["name"]): str(each["value"]) for each in customer.visit.context.cookies()}
    path = f"{url}/payments/{payment_no}/events"
    with httpx.Client(cookies=cookies, timeout=60, trust_env=False) as client, contextlib.ExitStack() as streams:
        for _ in range(STREAMS_EACH):
            stream = wait_until(lambda: admitted(streams, client, path), timeout_s=60, message="no room for a stream")
            assert stream is not None
            assert stream.headers["content-type"].startswith("text/event-stream")
        with page.expect_response(path) as refused:
            page.goto(f"{url}/payments/{payment_no}")
        assert refused.value.status == httpx.codes.TOO_MANY_REQUESTS
        page.evaluate("window.sameDocument = true")
        customer.scan_and_pay(payer, payment_no)
        page.wait_for_selector("#shown[data-state=paid]")
        assert page.evaluate("window.sameDocument"), "the page was loaded again"


def admitted(streams: contextlib.ExitStack, client: httpx.Client, path: str) -> httpx.Response | None:
    """A stream that stays open, once those of a page that was left are forgotten."""
    opened = client.stream("GET", path)
    stream = opened.__enter__()
    if stream.status_code != httpx.codes.OK:
        opened.__exit__(None, None, None)
        return None
    streams.push(opened)
    return stream
