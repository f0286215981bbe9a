"""Readings that a program pushes: those of its own units are in, others are unknown to it."""

import uuid

from services.identity.queries import ServiceScope
from tests.support.programs import program
from tests.support.town import Town


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
