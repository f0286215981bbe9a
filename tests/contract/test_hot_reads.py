"""The text that the database writes for each hot read is what the document promises, whatever the account looks like."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from pydantic import BaseModel

from core import clock
from routers.accounts.schemas import AccountHome, AccountList
from routers.billing.schemas import BillDetail, BillPage
from routers.payments.schemas import Payment
from services.accounts.models import Role
from tests.contract.test_document import OPERATIONS, wrong_in
from tests.factories import payments as paying
from tests.factories.billing import bill_record, load, make_bill
from tests.support.town import Home, Person, Town, twice_paid

LIST: Final = "GET /api/v1/accounts"
HOME: Final = "GET /api/v1/accounts/{account_no}"
BILLS: Final = "GET /api/v1/accounts/{account_no}/bills"
BILL: Final = "GET /api/v1/accounts/{account_no}/bills/{bill_no}"
PAYMENT: Final = "GET /api/v1/payments/{payment_no}"
MODELS: Final[dict[str, type[BaseModel]]] = {
    LIST: AccountList,
    HOME: AccountHome,
    BILLS: BillPage,
    BILL: BillDetail,
    PAYMENT: Payment,
}


def read(town: Town, person: Person, operation: str, query: str = "", **names: str) -> dict[str, Any]:
    """Ask, and hold the text against the document and against the model."""
    path = operation.partition(" ")[2].format(**names)
    answer = town.client.get(path + query, headers=person.bearer)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    schema = OPERATIONS[operation]["responses"]["200"]["content"]["application/json"]["schema"]
    told: dict[str, Any] = json.loads(answer.text)
    assert wrong_in(schema, told) == []
    MODELS[operation].model_validate_json(answer.text)
    return told


def no_bills(town: Town) -> Home:
    return town.build(town.unit_id, has_bills=False)


def many_bills(town: Town) -> Home:
    home = town.build(town.unit_id)
    records = [
        bill_record(home.account_no, f"B{home.account_no}{number}", amount_minor=1_000 + number)
        for number in range(11, 41)
    ]
    with town.runtime.db.write() as session:
        load(session, *records)
    return home


def odd_bills(town: Town) -> Home:
    """Nothing used and nothing to pay, a line without quantity, a huge amount."""
    home = town.build(town.unit_id)
    number = home.account_no
    with town.runtime.db.write() as session:
        make_bill(
            session, home.account, bill_no=f"B{number}11", amount_minor=0, energy_kwh="0", lines="energy|0|kWh|0|0"
        )
        make_bill(session, home.account, bill_no=f"B{number}12", amount_minor=10**14, lines=f"energy||||{10**14}")
    return home


def in_euro(town: Town) -> Home:
    home = town.build(town.unit_id, has_bills=False, currency="EUR")
    with town.runtime.db.write() as session:
        bill = make_bill(session, home.account, bill_no=f"B{home.account_no}01")
    return replace(home, bills=(bill,))


def closed(town: Town) -> Home:
    return town.build(town.unit_id, state="closed")


def suspended(town: Town) -> Home:
    return town.build(town.unit_id, state="suspended")


def with_sparse_address(town: Town) -> Home:
    home = town.build(town.unit_id)
    with town.runtime.db.write() as session:
        session.sql(
            """update premises set district = '', street = '', building = '"\\/ \U0001f50c'
               where id = (select premises_id from account where id = :id)""",
            id=home.account.id,
        )
    return home


SHAPES: Final = (no_bills, many_bills, odd_bills, in_euro, closed, suspended, with_sparse_address)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_accounts_and_bills_of_every_shape_keep_their_schema(town: Town, shape: Any) -> None:
    home: Home = shape(town)
    person = town.settle(home, has_payments=False)
    [summary] = read(town, person, LIST)["items"]
    whole = read(town, person, HOME, account_no=home.account_no)
    assert summary.items() <= whole.items()
    assert whole["due"]["currency"] == home.account.currency
    seen: list[dict[str, Any]] = []
    query = "?limit=7"
    while True:
        page = read(town, person, BILLS, query, account_no=home.account_no)
        seen += page["items"]
        if page["next"] is None:
            break
        query = f"?limit=7&cursor={page['next']}"
    assert whole["bills"] == seen[:12]
    assert sum(bill["open"]["amount_minor"] for bill in seen) == whole["due"]["amount_minor"]
    for bill in seen:
        detail = read(town, person, BILL, account_no=home.account_no, bill_no=bill["bill_no"])
        assert bill.items() <= detail.items()
        assert sum(line["amount"]["amount_minor"] for line in detail["lines"]) == bill["amount"]["amount_minor"]


@pytest.mark.parametrize("role", list(Role))
def test_every_role_reads_the_same_schema(town: Town, role: Role) -> None:
    home = town.build(town.unit_id)
    person = town.settle(home, role=role, has_payments=False)
    assert read(town, person, HOME, account_no=home.account_no)["role"] == role
    assert read(town, person, LIST)["items"][0]["role"] == role


def test_nobody_with_no_account_reads_an_empty_list(town: Town) -> None:
    assert read(town, town.people["stranger"], LIST) == {"items": [], "next": None}


def test_prepaid_money_shows_as_such(town: Town) -> None:
    home = town.build(town.unit_id)
    person = town.settle(home, has_payments=False)
    household = paying.Household(person.user_id, home.account, home.bills)
    started = paying.start(town.runtime.db, town.runtime.vault, paying.wanted(household, amount_minor=20_000))
    number = town.pay(started.payment.payment_no)
    whole = read(town, person, HOME, account_no=home.account_no)
    assert (whole["due"]["amount_minor"], whole["prepaid"]["amount_minor"]) == (0, 7_140)
    assert whole["next_due_date"] is None
    parts = read(town, person, PAYMENT, payment_no=number)["parts"]
    assert [(part["kind"], part["amount_minor"]) for part in parts] == [("bill", 12_860), ("prepaid", 7_140)]


def test_a_payment_keeps_its_schema_in_every_state(town: Town) -> None:
    home = town.build(town.unit_id)
    person = town.settle(home)
    assert read(town, person, PAYMENT, payment_no=person.waiting_no)["state"] == "waiting"
    assert read(town, person, PAYMENT, payment_no=person.paid_no)["state"] == "paid"
    with town.runtime.db.write() as session:
        session.sql(
            """update payment_attempt set state = 'unknown' where order_id =
               (select id from payment_order where payment_no = :no)""",
            no=person.waiting_no,
        )
    assert read(town, person, PAYMENT, payment_no=person.waiting_no)["state"] == "unknown"
    for state in ("closed", "failed"):
        with town.runtime.db.write() as session:
            session.sql(
                "update payment_order set state = :state where payment_no = :no", state=state, no=person.waiting_no
            )
        found = read(town, person, PAYMENT, payment_no=person.waiting_no)
        assert (found["state"], found["is_final"]) == (state, True)


def test_a_payment_by_quote_keeps_its_schema(town: Town) -> None:
    stranger = town.people["stranger"]
    assert read(town, stranger, PAYMENT, payment_no=stranger.paid_no)["account_no"] == town.house.account_no


def test_a_stream_tells_what_asking_tells(town: Town) -> None:
    owner = town.people["owner"]
    asked = read(town, owner, PAYMENT, payment_no=owner.paid_no)
    stream = town.client.get(f"/api/v1/payments/{owner.paid_no}/events", headers=owner.bearer).text
    event, data = stream.strip().split("\n")
    assert (event, json.loads(data.removeprefix("data: "))) == ("event: status", asked)


def test_a_grant_that_begins_tomorrow_shows_nothing_today(town: Town) -> None:
    home = town.build(town.unit_id)
    person = town.settle(home, has_payments=False)
    with town.runtime.db.write() as session:
        session.sql(
            "update access_grant set valid_from = :start where user_id = :user",
            start=clock.now() + timedelta(days=1),
            user=person.user_id,
        )
    assert read(town, person, LIST)["items"] == []
    assert town.client.get(f"/api/v1/accounts/{home.account_no}", headers=person.bearer).status_code == 404


def test_a_payment_that_was_paid_twice_shows_both_sums(town: Town) -> None:
    home = town.build(town.unit_id)
    person = town.settle(home, has_payments=False)
    number = twice_paid(town, person, home)
    told = read(town, person, PAYMENT, payment_no=number)
    assert told["amount"]["amount_minor"] == 12_860
    sums = [(each["amount"]["amount_minor"], each["outcome"]) for each in told["also_received"]]
    assert sums == [(12_860, "suspended"), (12_860, "booked")]
    prepaid = told["also_received"][1]["parts"]
    assert [(part["kind"], part["taken_minor"]) for part in prepaid] == [("bill", 0)]


def test_who_pays_by_quote_sees_a_second_sum_and_not_what_it_went_to(town: Town) -> None:
    home = town.build(town.unit_id)
    friend = town.settle(home, by_quote=True, has_payments=False)
    number = twice_paid(town, friend, home, by_quote=True)
    also = read(town, friend, PAYMENT, payment_no=number)["also_received"]
    assert [(each["outcome"], each["parts"]) for each in also] == [("suspended", []), ("booked", [])]
