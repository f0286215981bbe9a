"""A bill that was paid says when and how, and leads its payer to the receipt."""

import pytest

from services.accounts.models import Role
from tests.factories import payments as paying
from tests.support.town import Home, Person, Town


@pytest.fixture
def home(town: Town) -> Home:
    return town.build(town.unit_id)


def page_of_bill(town: Town, person: Person, home: Home) -> str:
    path = f"/bills/{home.account_no}/{home.bills[1].bill_no}"
    answer = town.client.get(path, headers={**town.browser(person), "accept-language": "en"})
    assert answer.status_code == 200
    return answer.text


def test_a_paid_bill_leads_its_payer_and_nobody_else_to_the_receipt(town: Town, home: Home) -> None:
    payer = town.settle(home, has_payments=False)
    viewer = town.settle(home, role=Role.VIEWER, has_payments=False)
    household = paying.Household(payer.user_id, home.account, home.bills)
    want = paying.wanted(household, 12_860)
    no = paying.start(town.runtime.db, town.runtime.vault, want).payment.payment_no
    assert "<time" not in page_of_bill(town, payer, home)
    town.pay(no)
    link = f'href="/payments/{no}/receipt"'
    mine, theirs = page_of_bill(town, payer, home), page_of_bill(town, viewer, home)
    assert link in mine
    assert no not in theirs
    assert ("<time" in mine, "<time" in theirs) == (True, True)
