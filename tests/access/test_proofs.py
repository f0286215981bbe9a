"""What anybody may be shown is no proof that an account is theirs."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from services.payments import rules
from tests.factories.billing import bill_record, load
from tests.support.town import HOLDER, Home, Person, Town

AMOUNT = 12_860


@pytest.fixture
def home(town: Town) -> Home:
    return town.build(town.unit_id)


@pytest.fixture
def somebody(town: Town, home: Home) -> Person:
    return town.settle(home, by_quote=True, has_payments=False)


@pytest.fixture
def another(town: Town, home: Home) -> Person:
    return town.settle(home, by_quote=True, has_payments=False)


def post(town: Town, person: Person, path: str, body: dict[str, Any]) -> Any:
    headers = {**person.bearer, "idempotency-key": uuid.uuid4().hex}
    return town.client.post(f"/api/v1{path}", json=body, headers=headers)


def quoted_minor(town: Town, person: Person, home: Home) -> int:
    answer = post(town, person, "/payment-quotes", {"account_no": home.account_no, "name_hint": HOLDER[0]})
    assert answer.status_code == 201
    due: int = answer.json()["due"]["amount_minor"]
    return due


def link(town: Town, person: Person, home: Home, **proof: object) -> tuple[int, dict[str, Any]]:
    body = {"account_no": home.account_no, "proof": {"name_character": HOLDER[0], **proof}}
    answer = post(town, person, "/account-links", body)
    return answer.status_code, {**answer.json(), "request_id": ""}


def by_amount(town: Town, person: Person, home: Home, amount_minor: int = AMOUNT) -> tuple[int, dict[str, Any]]:
    return link(town, person, home, kind="last_bill_amount", amount_minor=amount_minor)


def bill_comes(town: Town, home: Home, *, after: timedelta, amount_minor: int) -> None:
    record = bill_record(
        home.account_no,
        f"B{home.account_no}03",
        amount_minor=amount_minor,
        period_first="2026-06-01",
        period_end="2026-07-01",
        issue_date="2026-07-03",
        due_date="2026-07-25",
    )
    with town.runtime.db.write() as session:
        load(session, record, now=clock.now() + after)


def test_the_amount_of_a_bill_that_nobody_was_shown_is_a_proof(town: Town, home: Home, somebody: Person) -> None:
    assert by_amount(town, somebody, home)[0] == 201


def test_an_amount_that_a_quote_showed_proves_nothing_to_anybody_and_the_meter_still_does(
    town: Town, home: Home, somebody: Person, another: Person
) -> None:
    assert quoted_minor(town, somebody, home) == AMOUNT
    wrong = by_amount(town, another, home, AMOUNT + 1)
    assert (wrong[0], wrong[1]["code"]) == (409, "link_refused")
    assert by_amount(town, somebody, home) == wrong
    assert by_amount(town, another, home) == wrong
    assert link(town, somebody, home, kind="meter_no", meter_no=home.meter_no)[0] == 201
    assert link(town, another, home, kind="meter_no", meter_no=home.meter_no)[0] == 201


def test_a_shown_amount_costs_a_try_like_a_wrong_one(town: Town, home: Home, somebody: Person) -> None:
    quoted_minor(town, somebody, home)
    assert [by_amount(town, somebody, home)[0] for _ in range(6)] == [409] * 5 + [429]


def test_a_bill_that_comes_after_a_quote_ended_is_a_proof_again(
    town: Town, home: Home, somebody: Person, another: Person
) -> None:
    quoted_minor(town, somebody, home)
    bill_comes(town, home, after=rules.QUOTE_LIFE + timedelta(minutes=1), amount_minor=7_700)
    assert by_amount(town, another, home)[0] == 409
    assert by_amount(town, another, home, 7_700)[0] == 201


def test_a_bill_that_comes_while_a_quote_lives_is_none(
    town: Town, home: Home, somebody: Person, another: Person
) -> None:
    quoted_minor(town, somebody, home)
    bill_comes(town, home, after=timedelta(minutes=1), amount_minor=7_700)
    assert by_amount(town, another, home, 7_700)[0] == 409


def test_the_same_bill_told_again_does_not_make_a_shown_amount_secret(town: Town, home: Home, somebody: Person) -> None:
    quoted_minor(town, somebody, home)
    with town.runtime.db.write() as session:
        load(session, bill_record(home.account_no, home.bills[1].bill_no), now=clock.now() + timedelta(days=1))
    assert by_amount(town, somebody, home)[0] == 409
