"""What staff decide about readings that nobody believed, each once, and what they are shown of them."""

import re
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import get_args

import pytest

from core import faults
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import WriteSession
from core.errors import Refusal
from core.faults import InjectedFault
from routers.backoffice.reading_schemas import Reason
from services.accounts.queries import AccountRef
from services.accounts.roles import StaffRole
from services.metering import flows, operations, queries
from services.metering.errors import ReadingDecided, ReadingNotAcceptable, ReadingNotEstimable, ReadingUnknown
from services.metering.operations import Decision
from services.metering.queries import Doubt, HeldCounts, HeldReading
from tests.factories import staff
from tests.factories.accounts import make_account, make_unit
from tests.factories.readings import NOW, ZONE, Readings, rows

DAY = date(2026, 6, 10)
DECISION = Decision(Actor("staff:7"), "seen on the meter", NOW, ZONE, 120)
Act = Callable[..., None]


def held(readings: Readings, account: AccountRef, kwh: str) -> uuid.UUID:
    readings.take(rows(DAY, ["0.5", kwh, "0.7"]))
    with readings.database.read() as session:
        found: uuid.UUID = session.sql(
            "select id from reading_quarantine where account_id = :id and state = 'open'", id=account.id
        ).scalar_one()
    return found


def decide(readings: Readings, account: AccountRef, act: Act, quarantine_id: uuid.UUID) -> None:
    with readings.database.write() as session:
        act(session, account_id=account.id, quarantine_id=quarantine_id, decision=DECISION)


@pytest.mark.parametrize(
    ("act", "state", "left"),
    [
        (operations.accept, "accepted", ("77", "a")),
        (operations.discard, "discarded", (None, "m")),
        (operations.estimate, "estimated", ("0.6", "e")),
    ],
)
def test_a_reading_is_decided_once_for_a_reason_that_is_kept(
    readings: Readings, account: AccountRef, act: Act, state: str, left: tuple[str | None, str]
) -> None:
    reading = held(readings, account, "77")
    decide(readings, account, act, reading)
    [(kwh, qualities)] = readings.days().values()
    assert (kwh[1], qualities[1]) == (None if left[0] is None else Decimal(left[0]), left[1])
    for again in (operations.accept, operations.discard, operations.estimate):
        with pytest.raises(ReadingDecided):
            decide(readings, account, again, reading)
    before = readings.written()
    readings.take(rows(DAY, ["0.5", "77", "0.7"]))
    assert readings.held() == [("implausible", Decimal(77), state)]
    assert readings.written() == before, "what was decided does not wait again"
    with readings.database.read() as session:
        [act_] = session.sql("select act, subject, after from audit where act like 'metering.%'").all()
    assert (act_.act, act_.subject) == (f"metering.{state}", f"account:{account.id}")
    assert act_.after == {"reading": str(reading), "reason": "seen on the meter"}


def test_less_than_nothing_or_beyond_all_sums_is_not_accepted_and_what_nothing_reaches_not_estimated(
    readings: Readings, account: AccountRef
) -> None:
    for kwh in ("-1", "999999999999"):
        beyond = held(readings, account, kwh)
        with pytest.raises(ReadingNotAcceptable):
            decide(readings, account, operations.accept, beyond)
        decide(readings, account, operations.discard, beyond)
    readings.take(rows(DAY + timedelta(3), ["-1"]))
    with readings.database.read() as session:
        alone = session.sql("select id from reading_quarantine where state = 'open'").scalar_one()
    with pytest.raises(ReadingNotEstimable):
        decide(readings, account, operations.estimate, alone)
    for act in (operations.accept, operations.discard, operations.estimate):
        with pytest.raises(ReadingUnknown):
            decide(readings, account, act, uuid.uuid4())
    assert issubclass(ReadingUnknown, Refusal)


def test_a_day_that_came_in_other_intervals_meanwhile_is_not_counted_twice(
    readings: Readings, account: AccountRef
) -> None:
    for week in (1, 2):
        readings.take(rows(DAY - timedelta(weeks=week), ["0.4"] * 24, minutes=60))
    readings.take(rows(DAY, ["300"], minutes=60))
    readings.take(rows(DAY, ["0.1"] * 96))
    with readings.database.read() as session:
        waiting = session.sql("select id from reading_quarantine where state = 'open'").scalar_one()
    with pytest.raises(ReadingNotAcceptable):
        decide(readings, account, operations.accept, waiting)
    decide(readings, account, operations.estimate, waiting)
    assert [minutes for _, _, minutes, day in readings.days() if day == DAY] == [15]


def test_every_reason_for_which_a_reading_may_wait_can_be_chosen_from(readings: Readings) -> None:
    with readings.database.read() as session:
        rule = session.sql(
            "select pg_get_constraintdef(oid) from pg_constraint where conname = 'ck_reading_quarantine_reason'"
        ).scalar_one()
    assert {doubt.value for doubt in Doubt} == set(re.findall(r"'(\w+)'", rule)) == set(get_args(Reason))


def test_staff_see_what_waits_and_what_is_missing_in_their_units_alone(readings: Readings, vault: Vault) -> None:
    with readings.database.write() as session:
        far = make_unit(session, code="44", name="elsewhere")
        make_account(session, vault, account_no="7000000009", unit_id=far, meter_no="M9")
        here, there = (member(session, vault, unit) for unit in ("37", "44"))
    readings.take([*rows(DAY, ["-1", "0.5", None, "0.5"]), *rows(DAY, ["99", "98"], meter_no="M9")])
    with readings.database.read() as session:
        seen = {
            staff_id: (
                [
                    (each.account_no, each.meter_no, each.reason)
                    for each in queries.held_readings(session, staff_id=staff_id, limit=10, now=NOW)
                ],
                queries.held_counts(session, staff_id=staff_id, now=NOW),
                [
                    (each.meter_no, each.days_missing, each.elements_missing, each.gap_days)
                    for each in queries.meter_gaps(
                        session, staff_id=staff_id, limit=10, today=DAY + timedelta(3), now=NOW
                    )[0]
                ],
            )
            for staff_id in (here, there)
        }
    assert seen[here] == (
        [("7000000001", "M1", "negative")],
        HeldCounts({"negative": 1}, is_all=True),
        [("M1", 2, 94, [DAY + timedelta(n) for n in range(3)])],
    )
    assert seen[there] == (
        [("7000000009", "M9", "implausible")] * 2, HeldCounts({"implausible": 2}, is_all=True), [],
    )  # fmt: skip


def test_what_waits_follows_its_account_to_another_unit_and_lists_go_on_behind_units(
    readings: Readings, vault: Vault, account: AccountRef
) -> None:
    with readings.database.write() as session:
        far = make_unit(session, code="44", name="elsewhere")
        make_account(session, vault, account_no="7000000009", unit_id=far, meter_no="M9")
        there = member(session, vault, "44")
    readings.take([*rows(DAY, ["-1", "-2", "0.5"]), *rows(DAY, ["-3"], meter_no="M9")])

    def walked(limit: int) -> list[int | None]:
        found, after = list[HeldReading](), (0, 0, uuid.UUID(int=0))
        with readings.database.read() as session:
            while page := queries.held_readings(session, staff_id=there, after=after, limit=limit, now=NOW):
                found += page
                after = (page[-1].unit_id, page[-1].account_id, page[-1].id)
        return [each.energy for each in found]

    assert walked(1) == [-3_000_000]
    with readings.database.write() as session:
        other = make_unit(session, code="4401", parent="44", name="below")
        session.sql("update account set unit_id = :unit where id = :id", unit=other, id=account.id)
    assert walked(1) == walked(9) == [-3_000_000, -1_000_000, -2_000_000]
    with readings.database.read() as reader:
        counts = [queries.held_counts(reader, staff_id=there, now=NOW, most=most) for most in (3, 2)]
        gaps = [
            queries.meter_gaps(reader, staff_id=there, unit_code=code, limit=9, today=DAY + timedelta(2), now=NOW)
            for code in ("4401", "44")
        ]
    assert [each.is_all for each in counts] == [True, False]
    assert [([each.meter_no for each in found], behind) for found, behind in gaps] == [(["M1"], None)] * 2


def member(session: WriteSession, vault: Vault, unit: str) -> uuid.UUID:
    return staff.employ(session, vault, role=StaffRole.AGENT, unit=unit, now=NOW - timedelta(days=1)).staff_id


def test_many_cut_short_are_whole_as_far_as_done_and_none_is_decided_twice(
    readings: Readings, account: AccountRef
) -> None:
    readings.take(rows(DAY, ["77", "78", "79"]))
    with readings.database.read() as session:
        found = session.sql("select id from reading_quarantine where state = 'open' order by id").scalars().all()
    chosen, passed = [(account.id, each) for each in found], list[str]()

    def kill(name: str) -> None:
        passed.append(name)
        if passed.count("metering.decide_many.before_commit") == 2:
            raise InjectedFault

    faults.arm(kill)
    try:
        with pytest.raises(InjectedFault):
            list(flows.decide_many(readings.database, chosen=chosen, act="accept", decision=DECISION))
    finally:
        faults.arm(None)
    assert sorted(state for _, _, state in readings.held()) == ["accepted", "open", "open"]
    done = flows.decide_many(readings.database, chosen=chosen, act="discard", decision=DECISION)
    assert [type(each.refusal) for each in done] == [ReadingDecided, type(None), type(None)]
    assert sorted(state for _, _, state in readings.held()) == ["accepted", "discarded", "discarded"]
