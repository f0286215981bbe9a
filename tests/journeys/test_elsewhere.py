"""A supplier in euro and English: nothing in the portal is of China alone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.house import Profile
from tests.conftest import Servers
from tests.journeys.customer import Customer
from tests.support.browser import NewVisit, keep_picture, supplier
from tests.support.deployment import Deployment


@pytest.fixture(scope="module")
def rheinstrom(servers: Servers, token_pem: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder: Path = tmp_path_factory.mktemp("rheinstrom")
    with supplier(servers, token_pem, folder, profile=Profile.EUR) as made:
        yield made


def test_a_customer_of_another_country_reads_bills_in_its_own_words(
    visit: NewVisit, rheinstrom: Deployment, pytestconfig: pytest.Config
) -> None:
    customer = Customer(visit(rheinstrom, locale="de-DE"), "+4917604069003")
    customer.sign_in()
    page = customer.page
    assert page.get_attribute("html", "lang") == "en", "the supplier's first language, since ours lacks the reader's"
    assert "€" in page.inner_text(".due .amount")
    assert "cannot be paid online yet" in page.inner_text(".due"), "no provider here brings euro"
    assert page.locator(".due .button").count() == 0
    customer.visit.open("/bills")
    page.click("#rows a")
    page.wait_for_selector("main table")
    text = page.inner_text("body")
    assert "Value-added tax" in text
    assert "+49 800 555 0100" in text
    for path in ("/", "/bills", "/inbox", "/me", "/accounts/link", "/pay/4922000003"):
        customer.visit.open(path)
        keep_picture(page, pytestconfig, f"elsewhere{path.replace('/', '_')}.png")
        text = page.inner_text("body").replace("中文", "")
        assert not re.search("¥|CN|Yuan|WeChat|[\u4e00-\u9fff]", text), (path, text)


def test_the_suppliers_accent_colours_its_pages(visit: NewVisit, rheinstrom: Deployment) -> None:
    page = visit(rheinstrom).open("/sign-in")
    assert page.evaluate("getComputedStyle(document.querySelector('.button')).backgroundColor") == "rgb(31, 78, 140)"
