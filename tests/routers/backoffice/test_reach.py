"""A program writes to the units that it was given, and nowhere else.

Bills and modes of billing are answered as for an account that does not exist; what else is known outside the units
alone is told in one wording, whatever the row says of it, and so often an hour.
"""

import uuid
from typing import Any, Final

import pytest

from core import clock
from services.accounts.operations import TOLD_OF_OTHERS
from services.identity.queries import ServiceScope
from tests.factories.accounts import account_record, give_tariff
from tests.factories.billing import bill_record
from tests.support.programs import program
from tests.support.town import Town
from web import metrics

BUSINESS: Final = ("unit", "account", "customer", "contact_point", "premises", "meter", "agreement", "bill", "txn")
UNKNOWN: Final = "is no known account"


@pytest.fixture(scope="module")
def program_(town: Town) -> dict[str, str]:
    """Of the first city alone; it has every scope."""
    return program(town, *ServiceScope, units=["3701"])


def push(town: Town, caller: dict[str, str], kind: str, *items: object) -> Any:
    headers = {**caller, "idempotency-key": uuid.uuid4().hex}
    return town.client.post(f"/api/v1/backoffice/{kind}", json={"items": list(items)}, headers=headers).json()


def client_of(town: Town, caller: dict[str, str]) -> str:
    """The id of a program, as its token tells it."""
    token = caller["authorization"].removeprefix("Bearer ")
    return town.runtime.token_keys.verify(token, now=clock.now()).subject


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
        "entitlements": [
            {"account_no": account_no, "kind": "low_income", "valid_from": "2030-01-01"}
            for account_no in (far, "0000000000")
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
    assert [each["code"] for each in told["accounts"]["rejected"][1:4]] == ["of_others"] * 3
    for kind in ("bills", "billing-modes", "entitlements"):
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
        ("entitlements", [{"account_no": home.account_no, "kind": "persons", "value": 5, "valid_from": "2030-01-01"}]),
    ]
    for kind, items in pushed:
        assert push(town, program_, kind, *items) == {"rows": len(items), "taken": len(items), "rejected": []}, kind


def test_a_program_without_units_is_told_so(town: Town) -> None:
    caller = program(town, *ServiceScope, units=[])
    assert [push(town, caller, kind, {})["code"] for kind in ("units", "accounts", "bills", "billing-modes")] == [
        "units_missing"
    ] * 4


def test_what_is_known_outside_the_units_is_refused_in_one_wording_whether_a_guess_is_right_or_wrong(
    town: Town, program_: dict[str, str]
) -> None:
    """Were a row taken that repeats what is known, five hundred telephones a push could be tried."""
    elsewhere = program(town, *ServiceScope, units=["3702"])
    number = uuid.uuid4().int % 10**6
    theirs = account_record(number, unit_code="3702")
    bill = bill_record(str(theirs["account_no"]), f"B{number}")
    assert push(town, elsewhere, "accounts", theirs)["taken"] == 1
    assert push(town, elsewhere, "bills", bill)["taken"] == 1
    home = town.build(town.unit_id, has_bills=False)
    mine = {**account_record(number + 1, unit_code="3701", meter_no=None), "account_no": f"X{number}"}
    customer = {name: theirs[name] for name in ("customer_no", "name", "phone")}
    place = {name: theirs[name] for name in ("district", "street", "building", "door")}
    guesses = [
        {**mine, **customer},
        {**mine, **customer, "phone": "13900000000"},
        {**mine, **place, "premises_no": theirs["account_no"]},
        {**mine, **place, "premises_no": theirs["account_no"], "door": "9-9"},
        {**mine, "meter_no": theirs["meter_no"]},
        {**mine, "account_no": theirs["account_no"], "premises_no": f"P{number}"},
    ]
    before = facts(town)
    told = push(town, program_, "accounts", *guesses)
    told_of_bill = push(town, program_, "bills", {**bill, "account_no": home.account_no})
    assert facts(town) == before
    assert [(each["row"], each["field"], each["code"]) for each in told["rejected"]] == [
        (1, "customer_no", "of_others"),
        (2, "customer_no", "of_others"),
        (3, "premises_no", "of_others"),
        (4, "premises_no", "of_others"),
        (5, "meter_no", "of_others"),
        (6, "account_no", "of_others"),
    ]
    assert [(each["field"], each["code"]) for each in told_of_bill["rejected"]] == [("bill_no", "of_others")]
    assert {each["reason"] for each in told["rejected"] + told_of_bill["rejected"]} == {
        "cannot be taken: ask the group's data desk"
    }
    again = push(town, elsewhere, "accounts", {**theirs, "phone": "13900000001"})
    assert again["taken"] == 1, "whose customer it is goes on writing to them"


def test_within_the_units_the_words_help_and_a_customer_whom_others_have_too_comes_as_they_are(
    town: Town, program_: dict[str, str]
) -> None:
    number = uuid.uuid4().int % 10**6
    here = account_record(number, unit_code="3701")
    elsewhere = {**here, "account_no": f"Y{number}", "unit_code": "3702", "meter_no": None}
    whole = program(town, *ServiceScope, units=["37"])
    assert push(town, whole, "accounts", here, elsewhere)["taken"] == 2
    second = {**here, "account_no": f"Z{number}", "premises_no": f"Z{number}", "meter_no": None}
    assert push(town, program_, "accounts", second)["taken"] == 1
    third = {**second, "account_no": f"X{number}", "premises_no": f"X{number}"}
    told = push(town, program_, "accounts", {**second, "name": "Other"}, {**third, "meter_no": here["meter_no"]})
    assert {(each["row"], each["code"]) for each in told["rejected"]} == {
        (1, "customer_of_others"),
        (2, "meter_elsewhere"),
    }


def test_of_a_unit_of_others_a_program_is_told_one_thing_whatever_it_says_of_it(
    town: Town, program_: dict[str, str]
) -> None:
    """Each row is judged by itself: a code that stands twice comes no further by the row that may."""
    new = f"3701{uuid.uuid4().int % 10**6}"
    before = facts(town)
    told = push(
        town,
        program_,
        "units",
        {"code": "3702", "parent_code": "37", "kind": "city", "name": "Its own parent"},
        {"code": "3702", "parent_code": "38", "kind": "hamlet", "name": "Another"},
        {"code": new, "parent_code": "3702", "kind": "branch", "name": "Below another's"},
        {"code": new, "parent_code": "3701", "kind": "hamlet", "name": "Below its own"},
    )
    assert facts(town) == before
    assert [(each["row"], each["field"], each["code"]) for each in told["rejected"]] == [
        (1, "code", "of_others"),
        (2, "code", "of_others"),
        (3, "parent_code", "unit_unknown"),
        (4, "kind", "none_of"),
    ]


def test_a_row_outside_the_units_says_nothing_for_the_rows_within(town: Town, program_: dict[str, str]) -> None:
    number = uuid.uuid4().int % 10**6
    here = account_record(number, unit_code="3701", meter_no=None)
    assert push(town, program_, "accounts", here)["taken"] == 1
    before = facts(town)
    foreign = {**here, "account_no": f"Y{number}", "unit_code": "3702", "phone": "13900139000", "building": "-"}
    silent = {name: value for name, value in here.items() if name not in ("phone", "building", "door")}
    told = push(town, program_, "accounts", {**foreign, "premises_no": here["account_no"]}, silent)
    assert ([each["row"] for each in told["rejected"]], told["taken"]) == ([1], 1)
    assert facts(town) == before


def test_a_program_is_told_so_often_an_hour_of_what_others_have_and_then_pushes_nothing(town: Town) -> None:
    caller = program(town, *ServiceScope, units=["3701"])
    number, limit = uuid.uuid4().int % 10**6, TOLD_OF_OTHERS.per_hour
    foreign = {**account_record(number, unit_code="3701", meter_no=None), "account_no": town.far.account_no}
    with town.runtime.db.read() as session:
        meter_no = session.sql("select meter_no from meter where account_id = :id", id=town.far.account.id).scalar_one()
    guesses = [
        {**foreign, "customer_no": f"G{number}-{n}", "premises_no": f"G{number}-{n}", "meter_no": meter_no}
        for n in range(limit)
    ]
    assert len(push(town, caller, "accounts", *guesses[:-1])["rejected"]) == 2 * (limit - 1), "each row counts once"
    new = account_record(number, unit_code="3701", meter_no=None)
    before, counted = facts(town), metrics.SECURITY.labels("pushes_limited")._value
    first = counted.get()

    def pushed(kind: str, *items: object) -> tuple[int, str, list[int]]:
        headers = {**caller, "idempotency-key": uuid.uuid4().hex}
        answer = town.client.post(f"/api/v1/backoffice/{kind}", json={"items": list(items)}, headers=headers)
        assert 0 < int(answer.headers["retry-after"]) <= 3600
        return answer.status_code, answer.json()["code"], answer.json()["rows"]

    limited = (429, "pushes_limited")
    assert pushed("accounts", new, *guesses[:2]) == (*limited, [2]), "nothing is taken, and no more told than is left"
    assert pushed("accounts", new) == (*limited, []), "what is taken would tell of what is not"
    assert pushed("bills", bill_record(town.house.account_no, f"B{number}")) == (*limited, [])
    assert facts(town) == before
    assert counted.get() - first == 3
    with town.runtime.db.read() as session:
        noted = session.sql(
            "select count(*) from audit where act = 'accounts.pushes_limited' and actor = 'service:' || :id",
            id=client_of(town, caller),
        ).scalar_one()
    assert noted == 1
