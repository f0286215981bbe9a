"""Readings that a program pushes: those of its own units are in, others are unknown to it."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.responses import Response

from core import faults
from routers.backoffice.pushing import again
from services.identity.queries import ServiceScope
from tests.support.programs import program
from tests.support.town import Home, Town
from tests.support.waiting import wait_for_waiting


def test_readings_of_a_programs_units_are_in_and_a_meter_of_elsewhere_is_none(town: Town) -> None:
    here, elsewhere = town.build(town.unit_id, has_bills=False), town.far
    meters = [f"R{uuid.uuid4().hex[:8]}" for _ in range(2)]
    with town.runtime.db.write() as session:
        for home, meter_no in zip((here, elsewhere), meters, strict=True):
            session.sql("insert into meter (meter_no, account_id) values (:no, :id)", no=meter_no, id=home.account.id)
    caller = program(town, ServiceScope.READINGS_WRITE, units=("3701",))
    items = [
        {"meter_no": meter_no, "start": "2026-03-02T00:15+08:00", "minutes": 15, "kwh": kwh}
        for meter_no, kwh in ((meters[0], 0.125), (meters[1], 1), (meters[0], -1))
    ]
    items[2]["start"] = "2026-03-02T00:30+08:00"
    headers = {**caller, "idempotency-key": uuid.uuid4().hex}
    told = town.client.post("/api/v1/backoffice/readings", json={"items": items}, headers=headers).json()
    assert (told["rows"], told["taken"]) == (3, 1)
    assert [(each["row"], each["field"], each["code"]) for each in told["rejected"]] == [
        (2, "meter_no", "meter_unknown"),
        (3, "kwh", "held_negative"),
    ]
    with town.runtime.db.read() as session:
        found = session.sql(
            "select energies[2] as energy, qualities from interval_day where account_id = :id", id=here.account.id
        ).all()
        held = session.sql(
            "select source, state from reading_quarantine where account_id = :id", id=here.account.id
        ).all()
    assert [(row.energy, row.qualities.strip("m")) for row in found] == [(125_000, "a")]
    assert [tuple(row) for row in held] == [("program", "open")]


def test_registers_of_a_programs_units_are_in_once_and_a_meter_of_elsewhere_is_none(town: Town) -> None:
    here, elsewhere = town.build(town.unit_id, has_bills=False), town.far
    meters = [f"R{uuid.uuid4().hex[:8]}" for _ in range(2)]
    with town.runtime.db.write() as session:
        for home, meter_no in zip((here, elsewhere), meters, strict=True):
            session.sql("insert into meter (meter_no, account_id) values (:no, :id)", no=meter_no, id=home.account.id)
    caller = program(town, ServiceScope.READINGS_WRITE, units=("3701",))
    items = [
        {"meter_no": meters[0], "read_at": "2026-03-02", "value": 100.5, "digits": 5},
        {"meter_no": meters[1], "read_at": "2026-03-02", "value": 7},
        {"meter_no": meters[0], "read_at": "2026-04-02", "value": 90},
        {"meter_no": meters[0], "read_at": "2026-04-02T08:00+08:00", "value": 240.25, "register": "total"},
    ]
    for taken in (2, 2):
        headers = {**caller, "idempotency-key": uuid.uuid4().hex}
        sent = town.client.post("/api/v1/backoffice/register-readings", json={"items": items}, headers=headers)
        told = sent.json()
        assert (sent.status_code, told["rows"], told["taken"]) == (200, 4, taken)
        assert [(each["row"], each["field"], each["code"]) for each in told["rejected"]] == [
            (2, "meter_no", "meter_unknown"),
            (3, "value", "held_inverted"),
        ]
    with town.runtime.db.read() as session:
        shown = session.sql(
            "select value, source from register_reading where account_id = :id order by read_at", id=here.account.id
        ).all()
        held = session.sql(
            "select kind, reason, source from reading_quarantine where account_id = :id", id=here.account.id
        ).all()
        other = session.sql("select from meter_register where meter_no = :no", no=meters[1]).all()
    assert [tuple(row) for row in shown] == [(100_500_000, "program"), (240_250_000, "program")]
    assert ([tuple(row) for row in held], other) == ([("register", "inverted", "program")], [])


def test_readings_wait_for_others_of_the_same_account_alone(town: Town) -> None:
    homes = [town.build(town.unit_id, has_bills=False) for _ in range(2)]
    caller = program(town, ServiceScope.READINGS_WRITE, units=("3701",))
    reached, let_go = threading.Event(), threading.Event()

    def push(home: Home, kwh: float) -> int:
        row = {"meter_no": home.meter_no, "start": "2026-03-02T00:15+08:00", "minutes": 15, "kwh": kwh}
        headers = {**caller, "idempotency-key": uuid.uuid4().hex}
        answer = town.client.post("/api/v1/backoffice/readings", json={"items": [row]}, headers=headers)
        taken: int = answer.json()["taken"]
        return taken

    def stay(point: str) -> None:
        if point == "web.before_commit" and not reached.is_set():
            reached.set()
            assert let_go.wait(120)

    assert [push(home, 0.5) for home in homes] == [1, 1]
    faults.arm(stay)
    try:
        with ThreadPoolExecutor(2) as pool:
            try:
                first = pool.submit(push, homes[0], 1)
                assert reached.wait(120)
                assert push(homes[1], 1) == 1
                later = pool.submit(push, homes[0], 2)
                wait_for_waiting(town.runtime.db, message="two wrote one account at once")
            finally:
                let_go.set()
            assert (first.result(), later.result()) == (1, 1)
    finally:
        faults.arm(None)
    with town.runtime.db.read() as session:
        found = session.sql(
            "select energies[2] from interval_day where account_id = any(:ids) order by account_id",
            ids=[home.account.id for home in homes],
        )
        assert list(found.scalars()) == [2_000_000, 1_000_000]


def test_a_push_that_the_database_took_back_for_another_is_done_again(town: Town) -> None:
    fails = ["serialization_failure", "deadlock_detected"]
    with town.runtime.db.write() as session:

        def push() -> Response:
            session.sql("create temporary table pushed ()")
            if fails:
                session.connection().exec_driver_sql(
                    f"do $$ begin raise exception using errcode = '{fails.pop()}'; end $$"
                )
            return Response()

        assert again(push, session).status_code == 200
    assert fails == []


@pytest.mark.parametrize("kind", ["readings", "register-readings"])
def test_of_a_meter_of_elsewhere_nothing_is_told_by_days_on_which_it_was_nowhere(town: Town, kind: str) -> None:
    here, elsewhere = town.build(town.unit_id, has_bills=False), town.far
    own, others = (f"R{uuid.uuid4().hex[:8]}" for _ in range(2))
    with town.runtime.db.write() as session:
        for home, meter_no in ((here, own), (elsewhere, others)):
            session.sql(
                "insert into meter (meter_no, account_id, installed_on) values (:no, :id, '2026-03-01')",
                no=meter_no,
                id=home.account.id,
            )
    said = {"start": "2026-02-02T00:15+08:00", "minutes": 15, "kwh": 1}
    if kind == "register-readings":
        said = {"read_at": "2026-02-02", "value": 7}
    items = [{"meter_no": meter_no, **said} for meter_no in (own, others, f"R{uuid.uuid4().hex[:8]}")]
    headers = {**program(town, ServiceScope.READINGS_WRITE, units=("3701",)), "idempotency-key": uuid.uuid4().hex}
    told = town.client.post(f"/api/v1/backoffice/{kind}", json={"items": items}, headers=headers).json()
    first, second, third = ((each["field"], each["code"]) for each in told["rejected"])
    assert second == third == ("meter_no", "meter_unknown")
    assert first != second
