"""Paying for somebody else at the portal: what a stranger sees, for how long, and that it is one payment."""

import re
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx2 as httpx
import pytest

from core import clock
from services.billing import queries as billing
from services.payments.operations import quotes
from tests.portal.wechat_scenes import INSIDE
from tests.support.town import HOLDER, Home, Person, Town

DUE: Final = 12_860


@dataclass(frozen=True)
class Payer:
    """Somebody at a browser who has no account at all."""

    town: Town
    person: Person

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.town.client.get(path, headers={**self._headers(), **headers})

    def send(self, path: str, **fields: str) -> httpx.Response:
        form = {**fields, "csrf": self.town.form_token(self.person)}
        return self.town.client.post(path, data=form, headers=self._headers())

    def ask(self, home: Home, character: str = HOLDER[0]) -> httpx.Response:
        return self.send("/pay-for-others", account_no=home.account_no, name_character=character)

    def _headers(self) -> dict[str, str]:
        return {**self.town.browser(self.person), "accept-language": "en"}


@pytest.fixture
def home(town: Town) -> Home:
    return town.build(town.unit_id)


@pytest.fixture
def payer(town: Town, home: Home) -> Payer:
    return Payer(town, town.with_standing("stranger", home, has_payments=False))


def key_in(page: httpx.Response) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def test_whoever_has_no_account_finds_the_page_and_pays_anothers_debt_once(
    town: Town, home: Home, payer: Payer
) -> None:
    for page in ("/accounts/link", "/me"):
        assert 'href="/pay-for-others"' in payer.get(page).text
    quote = payer.ask(home).headers["location"]
    shown = payer.get(quote)
    assert (home.account_no in shown.text, "**明" in shown.text, "128.60" in shown.text) == (True, True, True)
    assert not any(bill.bill_no in shown.text for bill in home.bills)
    fields = {"key": key_in(shown), "amount": "128.60", "method": "wechat_native"}
    first, second = (payer.send(quote, **fields).headers["location"] for _ in range(2))
    assert first == second
    assert payer.get(quote).headers["location"] == first, "it was for one payment, which is shown"
    town.pay(first.removeprefix("/payments/"))
    receipt = payer.get(f"{first}/receipt").text
    assert home.account_no in receipt
    assert not any(bill.bill_no in receipt for bill in home.bills)
    with town.runtime.db.read() as session:
        assert billing.owed(session, account_id=home.account.id).due.minor == 0


def test_an_amount_that_cannot_be_read_leaves_the_quote_good(home: Home, payer: Payer) -> None:
    quote = payer.ask(home).headers["location"]
    refused = payer.send(quote, key=key_in(payer.get(quote)), amount="12,3x", method="wechat_native")
    assert (refused.status_code, 'value="12,3x"' in refused.text) == (422, True)
    again = payer.send(quote, key=key_in(refused), amount="50.00", method="wechat_native")
    assert again.headers["location"].startswith("/payments/")


def test_what_is_shown_is_its_askers_alone_and_for_ten_minutes(town: Town, home: Home, payer: Payer) -> None:
    quote = payer.ask(home).headers["location"]
    key = key_in(payer.get(quote))
    other = Payer(town, town.people["neighbour"])
    assert other.get(quote).headers["location"] == "/pay-for-others?over=1"
    with town.runtime.db.write() as session:
        session.sql(
            "update payment_quote set expires_at = :past where id = :id",
            past=clock.now() - timedelta(seconds=1),
            id=uuid.UUID(quote.rpartition("/")[2]),
        )
    late = payer.send(quote, key=key, amount="128.60", method="wechat_native")
    assert late.headers["location"] == payer.get(quote).headers["location"] == "/pay-for-others?over=1"
    assert "The quote is used or over; ask for a new one." in payer.get("/pay-for-others?over=1").text


def test_guesses_at_the_page_and_at_the_api_are_counted_together(town: Town, home: Home, payer: Payer) -> None:
    assert payer.send("/pay-for-others", account_no=home.account_no).status_code == 422, "not asked, not counted"
    for _ in range(quotes.WRONG_BY_USER):
        wrong = payer.ask(home, "李")
        assert (wrong.status_code, "do not match" in wrong.text) == (422, True)
    limited = payer.ask(home)
    assert (limited.status_code, "Too many questions" in limited.text) == (422, True)
    api = town.client.post(
        "/api/v1/payment-quotes",
        json={"account_no": home.account_no, "name_hint": HOLDER[0]},
        headers={**payer.person.bearer, "idempotency-key": uuid.uuid4().hex},
    )
    assert (api.status_code, api.json()["code"]) == (429, "quotes_limited")


def test_inside_wechat_it_is_asked_first_who_pays(home: Home, payer: Payer) -> None:
    assert payer.get("/pay-for-others", **INSIDE).headers["location"] == "/wechat/go?next=/pay-for-others"
    quote = payer.ask(home).headers["location"]
    assert payer.get(quote, **INSIDE).headers["location"] == f"/wechat/go?next={quote}"
