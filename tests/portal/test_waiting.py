"""A payment that waits for its payer: gone on with, changed or given up. HTML; no browser is needed to read it."""

from typing import Any

import pytest

from core.audit import Actor
from portal.customer import payments as pages
from portal.pages import Reader
from tests.factories import payments as make
from tests.support.town import Home, Person, Town

WAITS = "and not paid it yet"
UNKNOWN = "is still being checked"


@pytest.fixture
def home(town: Town) -> Home:
    town.sandbox.clear_faults()
    return town.build(town.unit_id)


@pytest.fixture
def payer(town: Town, home: Home) -> Person:
    return town.settle(home, has_payments=False)


def page(town: Town, payer: Person, path: str) -> str:
    answer = town.client.get(path, headers={**town.browser(payer), "accept-language": "en"})
    assert answer.status_code == 200, answer.text
    return " ".join(answer.text.split())


def send(town: Town, payer: Person, path: str, **fields: str) -> Any:
    form = {"csrf": town.form_token(payer), "method": "wechat_native", **fields}
    headers = {**town.browser(payer), "accept-language": "en"}
    return town.client.post(path, data=form, headers=headers, follow_redirects=False)


def form_key(town: Town, payer: Person) -> str:
    reader = Reader(payer.user_id, payer.session_id, "", "en", Actor("test"))
    return pages.fresh_key(town.runtime.vault, reader)


def test_a_payment_that_merely_waits_is_not_said_to_be_checked(town: Town, home: Home, payer: Person) -> None:
    path = f"/pay/{home.account_no}"
    assert WAITS not in page(town, payer, path)
    waiting = town.start_payment(payer.user_id, home)
    text = page(town, payer, path)
    assert WAITS in text
    assert f'href="/payments/{waiting}"' in text
    assert UNKNOWN not in text


def test_one_whose_end_nobody_knows_is_told_before_a_newer_one_that_waits(
    town: Town, home: Home, payer: Person
) -> None:
    unknown = town.start_payment(payer.user_id, home)
    town.start_payment(payer.user_id, home)
    with town.runtime.db.write() as session:
        session.sql(
            "update payment_attempt set state = 'unknown' where id = :id", id=make.latest(town.runtime.db, unknown).id
        )
    text = page(town, payer, f"/pay/{home.account_no}")
    assert UNKNOWN in text
    assert f'href="/payments/{unknown}"' in text


def test_another_amount_closes_the_first_try_and_waits_under_the_same_number(
    town: Town, home: Home, payer: Person
) -> None:
    no = town.start_payment(payer.user_id, home)
    first = make.latest(town.runtime.db, no)
    assert f'href="/payments/{no}/change"' in page(town, payer, f"/payments/{no}")
    assert 'value="1.00"' in page(town, payer, f"/payments/{no}/change")
    wrong = send(town, payer, f"/payments/{no}/change", amount="9e999999")
    assert wrong.status_code == 422
    assert "plain digits, such as 128.60" in wrong.text
    assert send(town, payer, f"/payments/{no}/change", amount="2.50").headers["location"] == f"/payments/{no}"
    latest = make.latest(town.runtime.db, no)
    assert (latest.amount.minor, latest.out_trade_no != first.out_trade_no) == (250, True)
    found = town.sandbox.order(first.out_trade_no)
    assert found is not None
    assert found["state"] == "CLOSED"
    assert "2.50" in page(town, payer, f"/payments/{no}")


def test_a_payment_that_is_given_up_is_closed(town: Town, home: Home, payer: Person) -> None:
    no = town.start_payment(payer.user_id, home)
    assert send(town, payer, f"/payments/{no}/give-up").headers["location"] == f"/payments/{no}"
    assert "This payment was closed. No money was taken." in page(town, payer, f"/payments/{no}")
    assert WAITS not in page(town, payer, f"/pay/{home.account_no}")
    answer = town.client.get(f"/payments/{no}/change", headers=town.browser(payer), follow_redirects=False)
    assert answer.headers["location"] == f"/payments/{no}"


def test_the_same_form_with_another_amount_says_that_nothing_was_changed(town: Town, home: Home, payer: Person) -> None:
    path, key = f"/pay/{home.account_no}", form_key(town, payer)
    first = send(town, payer, path, key=key, amount="1.00").headers["location"]
    assert send(town, payer, path, key=key, amount="1.00").headers["location"] == first
    other = send(town, payer, path, key=key, amount="2.00").headers["location"]
    assert other == f"{first}?kept=1"
    text = page(town, payer, other)
    assert "Its amount and method were not changed." in text
    assert "Its amount and method were not changed." not in page(town, payer, first)


@pytest.mark.parametrize("amount", ["9e999999", "1e3", "1_000", "１２", "1.250", "0", "-1", ""])
def test_what_is_no_amount_is_refused_with_how_to_write_it(town: Town, home: Home, payer: Person, amount: str) -> None:
    answer = send(town, payer, f"/pay/{home.account_no}", key=form_key(town, payer), amount=amount)
    assert answer.status_code == 422
    assert "plain digits, such as 128.60" in answer.text


def test_portal_and_api_refuse_the_same_amount(town: Town, home: Home, payer: Person) -> None:
    answer = send(town, payer, f"/pay/{home.account_no}", key=form_key(town, payer), amount="10,000,000.01")
    assert answer.status_code == 422
    assert "at most 10000000.00 CNY" in answer.text
    body = {"account_no": home.account_no, "amount_minor": 1_000_000_001, "method": "wechat_native"}
    told = town.client.post("/api/v1/payments", json=body, headers=payer.bearer | {"idempotency-key": "too-much"})
    assert (told.status_code, told.json()["code"]) == (409, "payment_too_large")


@pytest.mark.parametrize(("proof", "value"), [("guess", "1"), ("last_bill_amount", "9e999999")])
def test_an_unknown_proof_or_no_amount_links_nothing(
    town: Town, home: Home, payer: Person, proof: str, value: str
) -> None:
    fields = {"account_no": home.account_no, "name_character": "x", "proof": proof, "proof_value": value}
    assert send(town, payer, "/accounts/link", **fields).status_code == 422
