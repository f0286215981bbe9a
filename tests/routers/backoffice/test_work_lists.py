"""What programs see of readings that wait, are missing or look odd: that of their own units, page by page."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from core import clock
from core.periods import business_date
from services.identity.queries import ServiceScope
from tests.factories import held
from tests.factories.readings import ZONE
from tests.support.programs import program
from tests.support.town import Home, Town

API = "/api/v1/backoffice"


def listed(town: Town, units: tuple[str, ...], path: str, **asked: str) -> list[dict[str, Any]]:
    """All pages of a list, each of one entry at most, as a program of these units gets them."""
    caller = program(town, ServiceScope.READINGS_READ, units=units)
    found, cursor = list[dict[str, Any]](), ""
    while True:
        answer = town.client.get(f"{API}/{path}", params={**asked, "cursor": cursor, "limit": "1"}, headers=caller)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["items"]) <= 1
        found += answer.json()["items"]
        cursor = answer.json()["next"]
        if not cursor:
            return found


def of(home: Home, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["account_no"] == home.account_no]


def test_held_readings_of_a_programs_units_are_listed_by_reason_and_day_and_no_others(town: Town) -> None:
    here, now = town.build(town.unit_id, has_bills=False), clock.now()
    with town.runtime.db.write() as session:
        waiting, decided, theirs = (
            held.hold_interval(session, account_id=home.account.id, now=now) for home in (here, here, town.far)
        )
        session.sql(
            """update reading_quarantine set state = 'discarded', decided_at = now(), decided_by = 'staff:1'
               where account_id = :account_id and id = :id""",
            account_id=here.account.id,
            id=decided,
        )
    rows = listed(town, ("3701",), "held-readings")
    [row] = of(here, rows)
    assert of(town.far, rows) == []
    assert (row["id"], row["unit_code"], row["meter_no"], row["value"]) == (str(waiting), "3701", "DOUBT", "-0.400000")
    assert (row["kind"], row["channel"], row["minutes"], row["reason"]) == ("interval", "import", 60, "negative")
    assert str(theirs) in [each["id"] for each in of(town.far, listed(town, ("37",), "held-readings"))]
    day = datetime.fromisoformat(row["starts_at"]).astimezone(ZONE).date()
    before, after = (str(day - timedelta(days=1)), str(day + timedelta(days=1)))
    found = [
        len(of(here, listed(town, ("3701",), "held-readings", **asked)))
        for asked in (
            {"from": str(day), "to": str(day), "reason": "negative"}, {"to": before}, {"from": after}, {"reason": "first"},
        )
    ]  # fmt: skip
    assert found == [1, 0, 0, 0]


def test_meters_with_gaps_and_odd_readings_are_listed_of_a_programs_units_alone(town: Town) -> None:
    here, there = town.build(town.unit_id, has_bills=False), town.far
    day = business_date(clock.now(), ZONE) - timedelta(days=3)
    items = [
        {"meter_no": home.meter_no, "start": f"{day}T00:15+08:00", "minutes": 15, "kwh": 1} for home in (here, there)
    ]
    headers = {
        **program(town, ServiceScope.READINGS_WRITE, units=("37",)),
        "idempotency-key": uuid.uuid4().hex,
    }
    told = town.client.post(f"{API}/readings", json={"items": items}, headers=headers)
    assert told.json()["taken"] == 2, told.text
    with town.runtime.db.write() as session:
        odd, _ = (held.find_odd(session, account_id=home.account.id, now=clock.now()) for home in (here, there))
    missing, oddities = (listed(town, ("3701",), path) for path in ("missing-readings", "odd-readings"))
    assert of(there, missing) == of(there, oddities) == []
    [gap] = of(here, missing)
    assert (gap["meter_no"], gap["unit_code"]) == (here.meter_no, "3701")
    assert [each for each in gap["gap_days"] if each <= str(day + timedelta(days=1))] == [
        str(day),
        str(day + timedelta(days=1)),
    ]
    assert (gap["intervals_missing"], gap["intervals_known"], gap["days_missing"] >= 2) == (95, 1, True)
    [found] = of(here, oddities)
    assert (found["id"], found["kind"], found["found"], found["expected"]) == (
        str(odd), "sums", "112.345678", "54.000000",
    )  # fmt: skip
    assert of(here, listed(town, ("3701",), "odd-readings", kind="spike")) == []
    everywhere = [listed(town, ("37",), path) for path in ("missing-readings", "odd-readings")]
    assert [{len(of(home, rows)) for home in (here, there)} for rows in everywhere] == [{1}, {1}]


@pytest.mark.parametrize("path", ["held-readings", "missing-readings", "odd-readings"])
def test_a_work_list_needs_units_and_goes_on_for_its_reader_alone(town: Town, path: str) -> None:
    homeless = program(town, ServiceScope.READINGS_READ, units=())
    assert town.client.get(f"{API}/{path}", headers=homeless).json()["code"] == "units_missing"
    cursor = town.runtime.cursors.make(scope=f"office_{path.partition('-')[0]}:{uuid.uuid4()}", position=[0, 0, 0])
    reader = program(town, ServiceScope.READINGS_READ, units=("3701",))
    answer = town.client.get(f"{API}/{path}", params={"cursor": cursor}, headers=reader)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


def test_a_program_decides_about_a_reading_of_its_units_once_and_one_of_elsewhere_is_unknown(town: Town) -> None:
    here, now = town.build(town.unit_id, has_bills=False), clock.now()
    with town.runtime.db.write() as session:
        mine, theirs = (held.hold_interval(session, account_id=home.account.id, now=now) for home in (here, town.far))
    caller = program(town, ServiceScope.READINGS_DECIDE, units=("3701",))

    def decide(account_no: str, reading_id: uuid.UUID, decision: str, *, key: str = "") -> tuple[int, str]:
        answer = town.client.post(
            f"{API}/held-readings/{account_no}/{reading_id}/decision",
            json={"decision": decision, "note": "the meter was turned"},
            headers={**caller, "idempotency-key": key or uuid.uuid4().hex},
        )
        told = answer.json()
        return answer.status_code, told.get("code") or told["state"]

    assert decide(here.account_no, mine, "accept") == (409, "reading_not_acceptable"), "it is less than nothing"
    for account_no, reading_id in (
        (town.far.account_no, theirs), (here.account_no, theirs), (town.far.account_no, mine),
        (here.account_no, uuid.uuid4()), ("0000000000", mine),
    ):  # fmt: skip
        assert decide(account_no, reading_id, "discard") == (404, "reading_unknown")
    assert [decide(here.account_no, mine, "discard", key="once") for _ in range(2)] == [(200, "discarded")] * 2
    assert decide(here.account_no, mine, "discard") == (409, "reading_decided")
    with town.runtime.db.read() as reader:
        states = reader.sql(
            """select state, decided_by like 'service:%' as by_program from reading_quarantine
               where id = any(:ids) order by state""",
            ids=[mine, theirs],
        ).all()
        said = reader.sql(
            "select actor, after from audit where act = 'metering.discarded' and subject = :subject",
            subject=f"account:{here.account.id}",
        ).all()
    assert [tuple(row) for row in states] == [("discarded", True), ("open", None)]
    assert [(row.actor.partition(":")[0], row.after["reason"]) for row in said] == [("service", "the meter was turned")]
