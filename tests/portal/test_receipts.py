"""What a receipt says, as HTML: no browser is needed to read it."""

from dataclasses import replace

import pytest

from notifications.setup import SETUP
from tests.support.town import Home, Person, Town, twice_paid


@pytest.fixture
def home(town: Town) -> Home:
    return town.build(town.unit_id)


@pytest.fixture
def payer(town: Town, home: Home) -> Person:
    return town.settle(home, has_payments=False)


def page(town: Town, payer: Person, path: str, locale: str) -> str:
    answer = town.client.get(path, headers={**town.browser(payer), "accept-language": locale})
    assert answer.status_code == 200, answer.text
    return " ".join(answer.text.split())


@pytest.mark.parametrize(
    ("locale", "title", "credited", "waits"),
    [
        ("en", "Received as well: CN¥128.60", "Prepaid balance", "Being placed by our staff"),
        ("zh-CN", "另外收到 ¥128.60", "预存余额", "工作人员正在核对入账"),
    ],
)
def test_whoever_paid_twice_reads_that_both_sums_came_and_where_each_went(
    town: Town, home: Home, payer: Person, locale: str, title: str, credited: str, waits: str
) -> None:
    number = twice_paid(town, payer, home)
    receipt = page(town, payer, f"/payments/{number}/receipt", locale)
    assert receipt.count(title) == 2
    assert receipt.count(credited) == receipt.count(waits) == 1
    assert page(town, payer, f"/payments/{number}", locale).count(title) == 2


def test_whoever_paid_once_reads_of_nothing_else(town: Town, home: Home, payer: Person) -> None:
    number = town.pay(town.start_payment(payer.user_id, home))
    assert "Received as well" not in page(town, payer, f"/payments/{number}/receipt", "en")


@pytest.mark.parametrize(("locale", "promise"), [("en", "SMS"), ("zh-CN", "短信")])
def test_a_receipt_by_text_message_is_promised_only_where_one_is_sent(
    town: Town, home: Home, payer: Person, locale: str, promise: str
) -> None:
    number = town.pay(town.start_payment(payer.user_id, home))
    setup = SETUP.get()
    assert promise in page(town, payer, f"/payments/{number}", locale)
    SETUP.fill(replace(setup, sms=None))
    try:
        told = page(town, payer, f"/payments/{number}", locale)
    finally:
        SETUP.fill(setup)
    assert promise not in told
    assert {"en": "The receipt is in your messages.", "zh-CN": "凭证可在“消息”中查看。"}[locale] in told
