"""What a receipt says, as HTML: no browser is needed to read it."""

import pytest

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
