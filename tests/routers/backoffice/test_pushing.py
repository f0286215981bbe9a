"""Rows by API are rows of files: the same judging, the same effects, told row by row, and twice is once."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from core import clock, intake
from services.accounts import queries as accounts
from services.billing import queries as billing
from services.billing.operations import BillsLoader
from services.identity.queries import ServiceScope
from tests.factories.accounts import account_record, give_tariff, write_jsonl
from tests.factories.billing import ZONE, bill_record
from tests.support.programs import program
from tests.support.town import Home, Town


@pytest.fixture
def home(town: Town) -> Home:
    return town.build(town.unit_id, has_bills=False)


@pytest.fixture
def program_(town: Town) -> dict[str, str]:
    return program(town, *ServiceScope)


def push(town: Town, caller: dict[str, str], kind: str, *items: object, key: str | None = None) -> Any:
    headers = {**caller, "idempotency-key": key or uuid.uuid4().hex}
    return town.client.post(f"/api/v1/backoffice/{kind}", json={"items": list(items)}, headers=headers)


def owed(town: Town, home: Home) -> int:
    with town.runtime.db.read() as session:
        return billing.owed(session, account_id=home.account.id).due.minor


def test_units_accounts_and_bills_come_in_and_each_wrong_row_is_told_and_stops_no_other(
    town: Town, program_: dict[str, str]
) -> None:
    number = uuid.uuid4().int % 10**6
    code, record = f"U{number}", account_record(number, unit_code=f"U{number}", meter_no=None)
    no = str(record["account_no"])
    unit = {"code": code, "kind": "city", "name": "某市", "parent_code": "37"}
    assert push(town, program_, "units", unit).json() == {"rows": 1, "taken": 1, "rejected": []}
    told = push(town, program_, "accounts", record, {**record, "unit_code": "nowhere"}, "text", {"colour": 1}).json()
    assert (told["rows"], told["taken"]) == (4, 1)
    faults = {(each["row"], each["field"], each["code"]) for each in told["rejected"]}
    assert {(2, "unit_code", "unit_unknown"), (3, "line", "not_an_object"), (4, "line", "names_unknown")} <= faults
    bill = bill_record(no, f"B{number}", energy_kwh=0.1)
    assert push(town, program_, "bills", bill, {**bill, "bill_no": "B9", "amount_minor": 1}).json()["taken"] == 1
    with town.runtime.db.read() as session:
        card = accounts.account_by_no(session, account_no=no)
        assert card is not None
        assert billing.owed(session, account_id=card.ref.id).due.minor == 12_860
        actor = session.sql("select actor from audit where act = 'import.push' order by id desc limit 1").scalar_one()
    assert actor.startswith("service:")


def test_the_same_rows_again_under_any_key_change_nothing_and_under_the_same_key_get_the_same_answer(
    town: Town, program_: dict[str, str], home: Home
) -> None:
    bill = bill_record(home.account_no, f"B{uuid.uuid4().hex[:8]}")
    first = push(town, program_, "bills", bill, key="one")
    again = push(town, program_, "bills", bill, key="one")
    anew = push(town, program_, "bills", bill)
    assert first.json() == again.json() == anew.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = push(town, program_, "bills", {**bill, "energy_kwh": 1}, key="one")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    with town.runtime.db.read() as session:
        book = "select id from book where owner_kind = 'account' and owner_id = :id"
        posted = session.sql(f"select count(*) from txn where book_id = ({book})", id=home.account.id).scalar_one()
    assert (owed(town, home), posted) == (12_860, 1)


def test_a_row_by_api_and_the_same_row_of_a_file_are_one_bill(
    town: Town, program_: dict[str, str], home: Home, tmp_path: Path
) -> None:
    bill = bill_record(home.account_no, f"B{uuid.uuid4().hex[:8]}")
    push(town, program_, "bills", bill)
    path = write_jsonl(tmp_path / "bills.jsonl", [bill])
    report = intake.run(town.runtime.db, path=path, loader=BillsLoader(zone=ZONE, now=clock.now()))
    assert (report.rejected, owed(town, home)) == (0, 12_860)


def test_what_was_open_of_a_part_paid_bill_becomes_an_opening_balance_at_once(
    town: Town, program_: dict[str, str], home: Home
) -> None:
    bill = bill_record(home.account_no, f"B{uuid.uuid4().hex[:8]}", open_minor=5_000)
    assert push(town, program_, "bills", bill).json()["taken"] == 1
    shown = town.client.get(f"/api/v1/accounts/{home.account_no}", headers=town.settle(home, has_payments=False).bearer)
    assert shown.json()["due"]["amount_minor"] == 5_000
    with town.runtime.db.read() as session:
        assert billing.check_invariants(session, first_account=home.account.id, last_account=home.account.id) == []


@pytest.mark.parametrize(
    ("body", "code", "wrong"),
    [
        ({"items": []}, "invalid_fields", [("body.items", "too_short")]),
        ({"items": [{}] * 501}, "too_many_rows", None),
        ({"items": {}}, "invalid_fields", [("body.items", "list_type")]),
        ({"items": [{}], "more": 1}, "invalid_fields", [("body.*", "extra_forbidden")]),
        ({}, "invalid_fields", [("body.items", "missing")]),
        ([{}], "invalid_fields", [("body", "model_type")]),
        ("text", "invalid_fields", [("body", "model_type")]),
    ],
)
def test_a_body_of_another_form_or_of_too_many_rows_is_refused_whole_and_says_where(
    town: Town, program_: dict[str, str], body: object, code: str, wrong: list[tuple[str, str]] | None
) -> None:
    headers = {**program_, "idempotency-key": uuid.uuid4().hex, "content-type": "application/json"}
    answer = town.client.post("/api/v1/backoffice/bills", content=json.dumps(body), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    told = answer.json().get("errors")
    assert wrong == (None if told is None else [(each["field"], each["code"]) for each in told])


def test_a_scope_is_for_one_kind_of_thing(town: Town) -> None:
    caller = program(town, ServiceScope.BILLS_WRITE)
    assert push(town, caller, "bills", {}).status_code == 200
    for kind in ("units", "accounts"):
        refused = push(town, caller, kind, {})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


def test_a_key_of_one_program_is_not_anothers(town: Town, program_: dict[str, str], home: Home) -> None:
    bill = bill_record(home.account_no, f"B{uuid.uuid4().hex[:8]}")
    assert push(town, program_, "bills", bill, key="mine").status_code == 200
    other = push(town, program(town, *ServiceScope), "bills", {**bill, "energy_kwh": 2}, key="mine")
    assert other.status_code == 200
    assert "idempotent-replayed" not in other.headers


def test_an_account_tells_the_back_office_who_bills_it_and_late_bills_are_refused_by_row(
    town: Town, program_: dict[str, str], home: Home
) -> None:
    path = f"/api/v1/backoffice/accounts/{home.account_no}"
    before = town.client.get(path, headers=program_).json()
    assert (before["billing"], before["native_from"], before["unit_code"]) == ("external", None, "3701")
    with town.runtime.db.write() as session:
        give_tariff(session, home.account.id)
    row = {"account_no": home.account_no, "billing": "native", "native_from": "2026-06-01"}
    assert push(town, program_, "billing-modes", row).json() == {"rows": 1, "taken": 1, "rejected": []}
    late = {"period_first": "2026-06-01", "period_end": "2026-07-01"}
    bill = bill_record(home.account_no, f"B{uuid.uuid4().hex[:8]}")
    told = push(town, program_, "bills", bill, {**bill, "bill_no": "B-late", **late}).json()
    assert (told["taken"], [(each["row"], each["field"]) for each in told["rejected"]]) == (1, [(2, "period_first")])
    after = town.client.get(path, headers=program_).json()
    assert (after["billing"], after["native_from"]) == ("native", "2026-06-01")
    assert after["due"] == {"amount_minor": 12_860, "currency": "CNY"}
