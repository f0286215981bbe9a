"""What an owner tells of their account by the API: seen masked, told anew, taken back, and never in the audit log."""

from typing import Any

import pytest

from services.accounts.models import Role
from tests.support.town import Home, Person, Town

TOLD = {
    "email": "wang@example.org",
    "contact_by": "wechat",
    "household_size": 3,
    "equipment": {"ev_charger": True, "solar": False},
}


@pytest.fixture
def home(town: Town) -> Home:
    return town.build(town.unit_id, has_bills=False)


@pytest.fixture
def owner(town: Town, home: Home) -> Person:
    return town.settle(home, has_payments=False)


def put(town: Town, home: Home, who: Person, body: dict[str, Any]) -> Any:
    path = f"/api/v1/accounts/{home.account_no}/details"
    seen = town.client.get(path, headers=who.bearer).json().get("version", "none")
    return town.client.put(path, json={"version": seen, **body}, headers=who.bearer)


def test_an_owner_tells_sees_and_takes_back(town: Town, home: Home, owner: Person) -> None:
    path = f"/api/v1/accounts/{home.account_no}/details"
    nothing = town.client.get(path, headers=owner.bearer).json()
    assert (nothing["email_masked"], set(nothing["equipment"].values()), nothing["confirmed_at"]) == (
        None,
        {None},
        None,
    )
    told = put(town, home, owner, TOLD).json()
    assert (told["email_masked"], told["contact_by"], told["household_size"]) == ("w***@example.org", "wechat", 3)
    assert told["equipment"] == {
        "ev_charger": True,
        "heat_pump": None,
        "solar": False,
        "storage": None,
        "generator": None,
    }
    assert town.client.get(path, headers=owner.bearer).json() == told
    left = put(town, home, owner, {}).json()
    assert (left["email_masked"], left["contact_by"], left["household_size"], set(left["equipment"].values())) == (
        "w***@example.org",
        None,
        None,
        {None},
    )
    assert put(town, home, owner, {"removes_email": True}).json()["email_masked"] is None
    with town.runtime.db.read() as session:
        acts = session.sql(
            "select actor, coalesce(before::text, '') || coalesce(after::text, '') as said from audit where subject = :it",
            it=f"account:{home.account.id}",
        ).all()
    assert {act.actor for act in acts} >= {f"user:{owner.user_id}"}
    assert "example.org" not in "".join(act.said for act in acts)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": "no address"}, "email_wrong"),
        ({"household_size": 0}, "invalid_fields"),
        ({"household_size": "3"}, "invalid_fields"),
        ({"contact_by": "pigeon"}, "invalid_fields"),
        ({"equipment": {"reactor": True}}, "invalid_fields"),
        ({"confirmed_by": "staff"}, "invalid_fields"),
        ({"version": None}, "invalid_fields"),
    ],
    ids=str,
)
def test_what_is_no_detail_is_refused_and_changes_nothing(
    town: Town, home: Home, owner: Person, body: dict[str, Any], code: str
) -> None:
    answer = put(town, home, owner, body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    known = town.client.get(f"/api/v1/accounts/{home.account_no}/details", headers=owner.bearer).json()
    assert known["confirmed_at"] is None


def test_who_may_only_pay_neither_sees_nor_tells(town: Town, home: Home) -> None:
    payer = town.settle(home, role=Role.PAYER, has_payments=False)
    answers = [
        put(town, home, payer, TOLD),
        town.client.get(f"/api/v1/accounts/{home.account_no}/details", headers=payer.bearer),
    ]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(403, "not_owner")] * 2


def test_details_that_somebody_changed_meanwhile_are_not_overwritten(town: Town, home: Home, owner: Person) -> None:
    path = f"/api/v1/accounts/{home.account_no}/details"
    seen = town.client.get(path, headers=owner.bearer).json()["version"]
    first = put(town, home, owner, {**TOLD, "version": seen})
    late = put(town, home, owner, {"household_size": 5, "version": seen})
    assert (first.status_code, late.status_code, late.json()["code"]) == (200, 409, "details_changed")
    known = town.client.get(path, headers=owner.bearer).json()
    assert known == first.json()
    assert put(town, home, owner, {"household_size": 5, "version": known["version"]}).json()["household_size"] == 5
