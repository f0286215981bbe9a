"""A program writes to the units that it was given, and nowhere else.

Bills and modes of billing are answered as for an account that does not exist; a row of an account is told what of it
lies outside the units.
"""

import uuid
from typing import Any, Final

import pytest

from services.identity.queries import ServiceScope
from tests.factories.accounts import account_record, give_tariff
from tests.factories.billing import bill_record
from tests.support.programs import program
from tests.support.town import Town

BUSINESS: Final = ("unit", "account", "customer", "contact_point", "premises", "meter", "agreement", "bill", "txn")
UNKNOWN: Final = "is no known account"


@pytest.fixture(scope="module")
def program_(town: Town) -> dict[str, str]:
    """Of the first city alone; it has every scope."""
    return program(town, *ServiceScope, units=["3701"])


def push(town: Town, caller: dict[str, str], kind: str, *items: object) -> Any:
    headers = {**caller, "idempotency-key": uuid.uuid4().hex}
    return town.client.post(f"/api/v1/backoffice/{kind}", json={"items": list(items)}, headers=headers).json()


def facts(town: Town) -> dict[str, str]:
    """What the supplier has, beside runs and their rejects."""
    found = town.fingerprint()
    return {name: found[name] for name in (*BUSINESS, "billing_mode", "access_grant")}


def test_a_program_writes_nothing_outside_its_units(town: Town, program_: dict[str, str]) -> None:
    far, near = town.far.account_no, town.house.account_no
    with town.runtime.db.read() as session:
        theirs = session.sql(
            """select c.customer_no, p.premises_no from account a
               join customer c on c.id = a.customer_id join premises p on p.id = a.premises_id
               where a.account_no = :no""",
            no=far,
        ).one()
    before = facts(town)
    new = account_record(uuid.uuid4().int % 10**6, unit_code="3701", meter_no=None)
    pushed = {
        "units": [
            {"code": "3702", "parent_code": "37", "kind": "city", "name": "Renamed"},
            {"code": "370201", "parent_code": "3702", "kind": "branch", "name": "Below another"},
            {"code": "38", "kind": "province", "name": "A top of its own"},
            {"code": "380101", "parent_code": "38", "kind": "branch", "name": "Below it"},
        ],
        "accounts": [
            {**new, "unit_code": "3702"},
            {**new, "account_no": far, "customer_no": "C-thief", "premises_no": "P-thief"},
            {**new, "customer_no": theirs.customer_no, "name": "Renamed"},
            {**new, "account_no": f"{new['account_no']}1", "premises_no": theirs.premises_no, "street": "Elsewhere"},
            {**new, "account_no": near, "unit_code": "3702"},
        ],
        "bills": [bill_record(far, "B-far"), bill_record("0000000000", "B-none")],
        "billing-modes": [
            {"account_no": far, "billing": "native", "native_from": "2030-01-01"},
            {"account_no": "0000000000", "billing": "native", "native_from": "2030-01-01"},
        ],
    }
    told = {kind: push(town, program_, kind, *items) for kind, items in pushed.items()}
    assert {kind: (each["rows"], each["taken"]) for kind, each in told.items()} == {
        kind: (len(items), 0) for kind, items in pushed.items()
    }
    assert facts(town) == before
    fields = {kind: [(each["row"], each["field"]) for each in answer["rejected"]] for kind, answer in told.items()}
    assert fields["units"] == [(1, "code"), (2, "parent_code"), (3, "parent_code"), (4, "parent_code")]
    assert fields["accounts"] == [
        (1, "unit_code"),
        (2, "account_no"),
        (3, "customer_no"),
        (4, "premises_no"),
        (5, "unit_code"),
    ]
    for kind in ("bills", "billing-modes"):
        reasons = [(each["field"], each["reason"]) for each in told[kind]["rejected"]]
        assert reasons == [("account_no", UNKNOWN)] * 2, "of another unit, or of none: told alike"


def test_within_its_units_it_writes_what_its_scopes_allow(town: Town, program_: dict[str, str]) -> None:
    code, number = f"37011{uuid.uuid4().int % 10**6}", uuid.uuid4().int % 10**6
    home = town.build(town.unit_id, has_bills=False)
    with town.runtime.db.write() as session:
        give_tariff(session, home.account.id)
    units: list[dict[str, object]] = [
        {"code": f"{code}1", "parent_code": code, "kind": "station", "name": "A station below the new branch"},
        {"code": code, "parent_code": "3701", "kind": "branch", "name": "A new branch"},
    ]
    account = account_record(number, unit_code=f"{code}1", meter_no=None)
    pushed: list[tuple[str, list[dict[str, object]]]] = [
        ("units", units),
        ("accounts", [account]),
        ("bills", [bill_record(home.account_no, f"B{number}")]),
        ("billing-modes", [{"account_no": home.account_no, "billing": "native", "native_from": "2030-01-01"}]),
    ]
    for kind, items in pushed:
        assert push(town, program_, kind, *items) == {"rows": len(items), "taken": len(items), "rejected": []}, kind


def test_a_program_without_units_is_told_so(town: Town) -> None:
    caller = program(town, *ServiceScope, units=[])
    assert [push(town, caller, kind, {})["code"] for kind in ("units", "accounts", "bills", "billing-modes")] == [
        "units_missing"
    ] * 4
