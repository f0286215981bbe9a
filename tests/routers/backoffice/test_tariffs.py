"""Programs read tariffs, look for the faults of documents, draft versions and price by them; none publishes."""

import json
import uuid
from datetime import date
from typing import Any

import pytest

from core import clock
from services.identity.queries import ServiceScope
from services.usage import flows
from services.usage import operations as usage
from services.usage.queries import trying
from tests.factories.tariffs import FLAT
from tests.factories.usage import bind, days_of, put_readings, put_total
from tests.services.tariffs.cases import CASES
from tests.support.metered import ONE_PRICE, TIMES_AND_TIERS, ZONE, offer
from tests.support.programs import program
from tests.support.town import Town

BASE = "/api/v1/backoffice/tariffs"


@pytest.fixture(scope="module")
def writer(town: Town) -> dict[str, str]:
    return program(town, ServiceScope.TARIFFS_READ, ServiceScope.TARIFFS_WRITE)


def post(town: Town, caller: dict[str, str], path: str, body: object, *, key: str | None = None) -> Any:
    headers = {**caller, "idempotency-key": key or uuid.uuid4().hex}
    return town.client.post(f"{BASE}{path}", json=body, headers=headers)


def made(town: Town, writer: dict[str, str], currency: str = "CNY") -> str:
    code = f"T{uuid.uuid4().hex[:10]}"
    body = {"code": code, "name": "Household", "class": "residential", "currency": currency}
    answer = post(town, writer, "", body)
    assert (answer.status_code, answer.json()["code"]) == (201, code), answer.text
    assert post(town, writer, "", body).json()["code"] == "tariff_taken"
    return code


def test_a_version_is_drafted_once_and_read_with_the_very_digits(town: Town, writer: dict[str, str]) -> None:
    code, key = made(town, writer), uuid.uuid4().hex
    document = {**FLAT, "energy": {"lines": "per_tier", "prices": {"all": "0.54690"}}}
    body = {"valid_from": "2030-01-01", "document": document, "note": "Notice 114"}
    told = [post(town, writer, f"/{code}/versions", body, key=key).json() for _ in range(2)]
    assert told[0] == told[1]
    assert (told[0]["version_no"], told[0]["state"], told[0]["periods"]) == (1, "draft", ["all"])
    found = town.client.get(f"{BASE}/{code}/versions/1", headers=writer).json()
    assert found == {"version": told[0], "document": document}
    post(town, writer, f"/{code}/versions", body)
    page = town.client.get(f"{BASE}/{code}/versions?limit=1", headers=writer).json()
    assert [each["version_no"] for each in page["items"]] == [2]
    rest = town.client.get(f"{BASE}/{code}/versions?limit=1&cursor={page['next']}", headers=writer).json()
    assert ([each["version_no"] for each in rest["items"]], rest["next"]) == ([1], "")
    listed = {each["code"]: each for each in town.client.get(f"{BASE}?limit=100", headers=writer).json()["items"]}
    assert (listed[code]["drafts"], listed[code]["in_force_no"], listed[code]["class"]) == (2, None, "residential")


def test_every_fault_of_a_document_is_told_by_its_path(town: Town, writer: dict[str, str]) -> None:
    wrong = {**FLAT, "time_zone": "Europe/Berlin", "currency": "EUR"}
    answer = post(town, writer, "/check", {"document": wrong, "currency": "CNY"})
    assert (answer.status_code, answer.json()["code"]) == (422, "tariff_invalid")
    assert [(each["path"], each["code"]) for each in answer.json()["faults"]] == [
        ("$.currency", "currency_differs"),
        ("$.time_zone", "zone_differs"),
    ]
    assert post(town, writer, "/check", {"document": FLAT}).json() == {"periods": ["all"], "idle": []}
    floating = json.loads(json.dumps(FLAT).replace('"0.5469"', "0.5469"))
    told = post(town, writer, f"/{made(town, writer)}/versions", {"valid_from": "2030-01-01", "document": floating})
    assert told.json()["faults"][0]["code"] == "not_a_number"


@pytest.mark.parametrize("case", ["P01", "P06"])
def test_a_case_comes_to_what_the_command_says(town: Town, writer: dict[str, str], case: str) -> None:
    wanted = CASES[case]
    code = made(town, writer)
    post(town, writer, f"/{code}/versions", {"valid_from": "2030-01-01", "document": wanted["tariff"]})
    answer = post(town, writer, f"/{code}/versions/1/price", {"kind": wanted["kind"], "input": wanted["input"]})
    assert answer.json() == wanted["expect"]
    refused = post(town, writer, f"/{code}/versions/1/price", {"input": {"month": 1, "meter_file": "/etc/passwd"}})
    assert (refused.status_code, refused.json()["faults"][0]["path"]) == (422, "$.input.meter_file")


def test_a_version_or_a_document_is_tried_on_the_accounts_of_the_programs_units_and_no_others(town: Town) -> None:
    month, end = date(2026, 6, 1), date(2026, 7, 1)
    with town.runtime.db.write() as session:
        code = offer(session, ONE_PRICE, first=month, end=end)
        for home, kwh in ((town.house, 100), (town.neighbour, 300), (town.far, 500)):
            bind(session, home.account.id, code, no=7, first=month, end=end)
            put_total(session, home.account.id, {month: 0, end: kwh * 1_000_000})
            usage.aggregate(session, months={month: [home.account.id]}, zone=ZONE)
    here = program(town, ServiceScope.TARIFFS_READ, units=["3701"])
    same = post(town, here, f"/{code}/versions/1/dry-run", {"month": "2026-06"}).json()
    assert (same["accounts"], same["is_all"], same["unpriced"]) == (2, True, [])
    assert (same["total"]["equal"], same["total"]["before"], same["total"]["after"]) == (
        2,
        amount(26515),
        amount(26515),
    )
    dearer = {**ONE_PRICE, "energy": {"lines": "per_tier", "prices": {"all": "0.7"}}}
    tried = post(town, here, f"/{code}/versions/1/dry-run", {"month": "2026-06", "document": dearer}).json()
    assert [(each["class"], each["up"], each["down"]) for each in tried["by_class"]] == [("residential", 2, 0)]
    assert [(each["account_no"], each["before"], each["after"]) for each in tried["largest"]] == [
        (town.neighbour.account_no, amount(19886), amount(21000)),
        (town.house.account_no, amount(6629), amount(7000)),
    ]
    by_the_hour = post(town, here, f"/{code}/versions/1/dry-run", {"month": "2026-06", "document": TIMES_AND_TIERS})
    assert [each["faults"][0]["code"] for each in by_the_hour.json()["unpriced"]] == ["period_unknown"] * 2
    assert by_the_hour.json()["total"] is None
    wrong = post(
        town, here, f"/{code}/versions/1/dry-run", {"month": "2026-06", "document": {**dearer, "currency": "EUR"}}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "tariff_invalid")
    assert post(town, here, f"/{code}/versions/9/dry-run", {"month": "2026-06"}).json()["code"] == "version_unknown"


def amount(minor: int) -> dict[str, object]:
    return {"amount_minor": minor, "currency": "CNY"}


def test_who_may_read_alone_writes_nothing(town: Town, writer: dict[str, str]) -> None:
    code = made(town, writer)
    reader = program(town, ServiceScope.TARIFFS_READ)
    body = {"valid_from": "2030-01-01", "document": FLAT}
    assert post(town, reader, f"/{code}/versions", body).json()["code"] == "scope_missing"
    assert town.client.get(f"{BASE}/{code}/versions", headers=reader).json() == {"items": [], "next": ""}
    assert town.client.get(f"{BASE}/{code}/versions/1", headers=reader).json()["code"] == "version_unknown"
    assert town.client.get(f"{BASE}/NONE/versions", headers=reader).json()["code"] == "tariff_unknown"


def test_what_is_too_much_to_answer_at_once_is_asked_about_by_its_program_alone(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "MOST_ACCOUNTS", 1)
    month, end = date(2026, 4, 1), date(2026, 5, 1)
    with town.runtime.db.write() as session:
        code = offer(session, ONE_PRICE, first=month, end=end)
        for home, kwh in ((town.house, 100), (town.neighbour, 300)):
            bind(session, home.account.id, code, no=8, first=month, end=end)
            put_readings(
                session,
                home.account.id,
                {day: [kwh * 1_000_000 // 30 // 24] * 24 for day in days_of(month, end)},
                minutes=60,
            )
            usage.aggregate(session, months={month: [home.account.id]}, zone=ZONE)
    here, path = program(town, ServiceScope.TARIFFS_READ, units=["3701"]), f"/{code}/versions/1/dry-run"
    dearer = {**ONE_PRICE, "energy": {"lines": "per_tier", "prices": {"all": "0.7"}}}
    body, key = {"month": "2026-04", "document": dearer}, uuid.uuid4().hex
    unkeyed = town.client.post(f"{BASE}{path}", json=body, headers=here)
    assert unkeyed.json()["code"] == "idempotency_key_missing"
    answers = [post(town, here, path, body, key=key) for _ in range(2)]
    assert [each.status_code for each in answers] == [202, 202]
    told = answers[0].json()
    assert answers[1].json() == told
    assert (told["state"], told["accounts"], told["of_accounts"], told["result"]) == ("asked", 0, 2, None)
    flows.compare_all(town.runtime.db, zone=ZONE, now=clock.now, is_over=lambda: False)
    place = f"/api/v1/backoffice/tariff-dry-runs/{told['id']}"
    found = town.client.get(place, headers=here).json()
    assert (found["state"], found["accounts"], found["unpriced"]) == ("ready", 2, 0)
    monkeypatch.undo()
    assert found["result"] == post(town, here, path, body).json()
    assert found["result"]["total"]["up"] == 2
    other = program(town, ServiceScope.TARIFFS_READ, units=["37"])
    assert town.client.get(place, headers=other).json()["code"] == "dry_run_unknown"
