"""Readings of registers: what they counted, across rollovers and exchanges, and which of them wait."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from core import intake
from core.audit import Actor
from core.crypto.vault import Vault
from core.ids import uuid7
from core.intake import Report
from services.accounts.queries import AccountRef
from services.metering import operations
from services.metering.errors import ReadingNotAcceptable
from services.metering.operations import Decision, RegisterReadingsLoader
from services.metering.registers import counted
from tests.factories.accounts import make_account, make_unit
from tests.factories.readings import NOW, ZONE, Readings, Row, place_meter, sender
from tests.support.registers import counted_by_registers

KWH: Final = 1_000_000


def take(readings: Readings, *records: Row, chunk_rows: int = 10_000) -> Report:
    path = readings.write(list(records))
    return intake.run(readings.database, path=path, loader=RegisterReadingsLoader(sender()), chunk_rows=chunk_rows)


def reading(read_at: str, value: object, **said: object) -> Row:
    row: Row = {"meter_no": "M1", "register": None, "read_at": read_at, "value": value}
    return row | {"quality": None, "digits": None, "multiplier": None} | said


def use(readings: Readings, account: AccountRef) -> list[tuple[str, int]]:
    with readings.database.read() as session:
        found = counted_by_registers(session, account_id=account.id, zone=ZONE)
    return [(each.meter_no, each.energy // KWH) for each in found]


def left(readings: Readings) -> list[tuple[Any, ...]]:
    with readings.database.read() as session:
        found = session.sql(
            "select read_at, value from register_reading where superseded_at is null order by read_at, value"
        )
        return [tuple(row) for row in found]


def test_use_is_what_a_register_went_also_behind_its_last_digit(readings: Readings, account: AccountRef) -> None:
    records = [
        reading("2026-01-01", "99800", digits=5),
        reading("2026-02-01", "99950.5", digits=5),
        reading("2026-03-01", "120", digits=5),
    ]
    report = take(readings, *records)
    assert (report.new, report.rejected) == (3, 0)
    with readings.database.read() as session:
        found = counted_by_registers(session, account_id=account.id, zone=ZONE)
    assert [each.energy for each in found] == [150_500_000, 169_500_000]
    assert readings.months() == [date(2026, number, 1) for number in (1, 2, 3)]
    again = take(readings, *records)
    assert (again.new, again.changed, again.unchanged, again.rejected) == (0, 0, 3, 0)


@pytest.mark.parametrize("digits", [None, 5])
def test_a_lower_reading_waits_unless_it_went_around(
    readings: Readings, account: AccountRef, digits: int | None
) -> None:
    take(readings, reading("2026-01-01", "500", digits=digits), reading("2026-03-01", "700", digits=digits))
    report = take(readings, reading("2026-02-01", "800"), reading("2026-04-01", "600"), reading("2026-02-15", "650"))
    assert (report.new, report.rejected) == (1, 2)
    assert [reason for reason, _, _ in readings.held()] == ["inverted", "inverted"]
    assert use(readings, account) == [("M1", 150), ("M1", 50)]


def test_a_correction_replaces_a_reading_which_is_kept_and_a_worse_one_waits(
    readings: Readings, account: AccountRef
) -> None:
    take(readings, reading("2026-01-01", "0"), reading("2026-02-01", "100"))
    report = take(readings, reading("2026-02-01", "130"), reading("2026-01-01", "5", quality="estimated"))
    assert (report.changed, report.rejected) == (1, 1)
    assert use(readings, account) == [("M1", 130)]
    with readings.database.read() as session:
        [old] = session.sql(
            """select o.value, n.value as by from register_reading o join register_reading n
                 on n.account_id = o.account_id and n.id = o.superseded_by"""
        ).all()
    assert (old.value, old.by) == (100 * KWH, 130 * KWH)
    assert readings.held() == [("contradicted", Decimal(5), "open")]


def test_use_across_an_exchange_is_the_sum_of_both_meters(readings: Readings, account: AccountRef) -> None:
    day = date(2026, 3, 10)
    with readings.database.write() as session:
        session.sql("update meter set removed_on = :day where meter_no = 'M1'", day=day)
        place_meter(session, account_id=account.id, meter_no="M2", since=day)
    at_noon = "2026-03-10T12:00+08:00"
    report = take(
        readings,
        reading("2026-03-01", "1000"),
        reading(at_noon, "1090"),
        reading(at_noon, "3", meter_no="M2"),
        reading("2026-04-01", "223", meter_no="M2"),
        reading("2026-04-01", "1200"),
    )
    assert [(no, field) for no, field, _ in readings.refused(report)] == [(6, "meter_no")]
    assert use(readings, account) == [("M1", 90), ("M2", 220)]


def test_a_multiplier_stands_for_transformers_and_does_not_change(readings: Readings, account: AccountRef) -> None:
    take(readings, reading("2026-01-01", "10", multiplier="80"), reading("2026-02-01", "12.5", multiplier="80"))
    assert use(readings, account) == [("M1", 200)]
    report = take(readings, reading("2026-03-01", "13", multiplier="40"))
    assert [(field, told) for _, field, told in readings.refused(report)] == [
        ("multiplier", "differs from what is known of this register")
    ]


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (reading("2026-02-30", "1"), "read_at"),
        (reading("2027-01-01", "1"), "read_at"),
        (reading("2026-01-01", "NaN"), "value"),
        (reading("2026-01-01", "-1"), "value"),
        (reading("2026-01-01", "100000"), "value"),
        (reading("2026-01-01", "1", register="water"), "register"),
        (reading("2026-01-01", "1", quality="missing"), "quality"),
        (reading("2026-01-01", "1", digits="2"), "digits"),
        (reading("2026-01-01", "1", multiplier="0"), "multiplier"),
        (reading("2026-01-01", "1", meter_no="M9"), "meter_no"),
    ],
)
def test_a_reading_that_cannot_be_taken_is_refused(readings: Readings, record: Row, field: str) -> None:
    report = take(readings, reading("2025-01-01", "1", digits=5), record)
    assert [(no, name) for no, name, _ in readings.refused(report)] == [(3, field)]
    assert len(left(readings)) == 1


def test_more_than_a_home_can_draw_waits(readings: Readings) -> None:
    report = take(readings, reading("2026-01-01", "0"), reading("2026-01-02", "2500"))
    assert report.rejected == 1
    assert [reason for reason, _, _ in readings.held()] == ["implausible"]


@pytest.mark.parametrize("seed", range(3))
def test_any_order_in_any_pieces_ends_in_the_same_readings(readings: Readings, seed: int) -> None:
    chosen = random.Random(seed)
    values = sorted(chosen.sample(range(900), 40))
    records = [
        reading(str(date(2026, 1, 1) + timedelta(days=4 * number)), value) for number, value in enumerate(values[:40])
    ]
    chosen.shuffle(records)
    cut = chosen.randrange(1, 39)
    for piece in (records[:cut], records[cut:]):
        take(readings, *piece, chunk_rows=chosen.choice((3, 7, 1000)))
    assert [value for _, value in left(readings)] == [value * KWH for value in values]


def test_less_than_half_the_range_is_a_rollover_and_more_a_wrong_reading() -> None:
    assert counted(99_999 * KWH, 1 * KWH, digits=5) == 2 * KWH
    assert counted(50_000 * KWH, 0, digits=5) is None
    assert counted(2 * KWH, 1 * KWH, digits=5) is None
    assert counted(2 * KWH, 1 * KWH, digits=None) is None


def test_staff_accept_a_large_reading_and_never_one_that_runs_backwards(
    readings: Readings, account: AccountRef
) -> None:
    take(readings, reading("2026-01-01", "100"), reading("2026-01-02", "5000"), reading("2026-01-03", "50"))
    with readings.database.write() as session:
        held = {
            row.reason: row.id
            for row in session.sql("select id, reason from reading_quarantine where account_id = :id", id=account.id)
        }
        decision = Decision(Actor("staff:7"), "seen", NOW, ZONE, 120)
        with pytest.raises(ReadingNotAcceptable):
            operations.accept(session, account_id=account.id, quarantine_id=held["inverted"], decision=decision)
        operations.accept(session, account_id=account.id, quarantine_id=held["implausible"], decision=decision)
        operations.discard(session, account_id=account.id, quarantine_id=held["inverted"], decision=decision)
    assert use(readings, account) == [("M1", 4900)]
    assert {state for _, _, state in readings.held()} == {"accepted", "discarded"}


def test_staff_accept_no_reading_that_others_contradict_by_now(readings: Readings, account: AccountRef) -> None:
    take(readings, reading("2026-01-01", "100"), reading("2026-01-02", "5000"), reading("2026-01-03", "150"))
    with readings.database.write() as session:
        held = session.sql("select id from reading_quarantine where account_id = :id", id=account.id).scalar_one()
        decision = Decision(Actor("staff:7"), "seen", NOW, ZONE, 120)
        with pytest.raises(ReadingNotAcceptable):
            operations.accept(session, account_id=account.id, quarantine_id=held, decision=decision)
    assert use(readings, account) == [("M1", 50)]


def test_staff_accept_nothing_that_no_sum_can_hold(readings: Readings, account: AccountRef) -> None:
    take(readings, reading("2026-01-01", "100"), reading("2026-01-02", "999999999999"))
    with readings.database.write() as session:
        held = session.sql("select id from reading_quarantine where account_id = :id", id=account.id).scalar_one()
        decision = Decision(Actor("staff:7"), "seen", NOW, ZONE, 120)
        with pytest.raises(ReadingNotAcceptable):
            operations.accept(session, account_id=account.id, quarantine_id=held, decision=decision)


def handed_over(readings: Readings, vault: Vault) -> int:
    """M1 leaves its account on 10 March and comes to another one on the same premises and day; its id."""
    day = date(2026, 3, 10)
    with readings.database.write() as session:
        session.sql("update meter set removed_on = :day where meter_no = 'M1'", day=day)
        other = make_account(session, vault, account_no="7000000002").id
        session.sql("update account set premises_id = (select min(premises_id) from account) where id = :id", id=other)
        place_meter(session, account_id=other, meter_no="M1", since=day)
    return other


def of_account(readings: Readings, account_id: int) -> list[tuple[date, int]]:
    """What its register showed: day, kWh."""
    with readings.database.read() as session:
        found = session.sql(
            """select read_at, value from register_reading
               where account_id = :id and superseded_at is null order by read_at""",
            id=account_id,
        )
        return [(row.read_at.astimezone(ZONE).date(), row.value // KWH) for row in found]


def changed(readings: Readings) -> list[tuple[int, date]]:
    """Months of accounts that wait to be summed up; they wait no more."""
    with readings.database.write() as session:
        found = session.sql("delete from usage_change returning account_id, month")
        return sorted({(row.account_id, row.month) for row in found})


def test_a_reading_at_the_moment_of_a_handover_closes_one_account_and_opens_the_other(
    readings: Readings, account: AccountRef, vault: Vault
) -> None:
    other = handed_over(readings, vault)
    records = [
        reading("2026-03-01", "1000", digits=5, multiplier="2"),
        reading("2026-03-10", "1090"),
        reading("2026-04-01", "1200"),
    ]
    report = take(readings, *records)
    assert (report.new, report.rejected) == (3, 0)
    march, april = date(2026, 3, 1), date(2026, 4, 1)
    assert of_account(readings, account.id) == [(march, 1000), (date(2026, 3, 10), 1090)]
    assert of_account(readings, other) == [(date(2026, 3, 10), 1090), (april, 1200)]
    with readings.database.read() as session:
        for each, energy in ((account.id, 180), (other, 220)):
            found = counted_by_registers(session, account_id=each, zone=ZONE)
            assert [used.energy for used in found] == [energy * KWH]
    again = take(readings, *records)
    assert (again.new, again.changed, again.unchanged, again.rejected) == (0, 0, 3, 0)
    changed(readings)
    assert take(readings, reading("2026-03-10", "1080")).changed == 1
    assert changed(readings) == [(account.id, march), (other, march), (other, april)]
    assert of_account(readings, account.id)[-1] == of_account(readings, other)[0] == (date(2026, 3, 10), 1080)


def test_what_a_meter_showed_before_it_was_away_is_not_held_against_it(readings: Readings, account: AccountRef) -> None:
    take(readings, reading("2026-03-01", "1000"), reading("2026-03-10", "1090"))
    with readings.database.write() as session:
        session.sql("update meter set removed_on = '2026-03-10' where meter_no = 'M1'")
        place_meter(session, account_id=account.id, meter_no="M1", since=date(2026, 3, 20))
    report = take(readings, reading("2026-04-01", "20"), reading("2026-03-20", "5"), reading("2026-03-25", "4"))
    assert (report.new, report.rejected) == (2, 1)
    assert use(readings, account) == [("M1", 90), ("M1", 15)]


def test_a_handover_reading_that_one_account_doubts_waits_for_both_and_is_decided_once(
    readings: Readings, account: AccountRef, vault: Vault
) -> None:
    other = handed_over(readings, vault)
    report = take(readings, reading("2026-03-01", "1000"), reading("2026-03-10", "90000"))
    assert (report.new, report.rejected) == (1, 1)
    assert of_account(readings, other) == []
    assert [state for _, _, state in readings.held()] == ["open", "open"]
    decision = Decision(Actor("staff:7"), "seen", NOW, ZONE, 120)
    with readings.database.write() as session:
        held = session.sql("select id from reading_quarantine where account_id = :id", id=account.id).scalar_one()
        operations.accept(session, account_id=account.id, quarantine_id=held, decision=decision)
    assert of_account(readings, account.id)[-1] == of_account(readings, other)[0] == (date(2026, 3, 10), 90000)
    assert [state for _, _, state in readings.held()] == ["accepted", "accepted"]
    assert {each for each, _ in changed(readings)} == {account.id, other}


@pytest.mark.parametrize("is_former", [True, False])
def test_a_program_of_one_unit_writes_a_handover_reading_to_the_account_of_this_one_alone(
    readings: Readings, account: AccountRef, vault: Vault, *, is_former: bool
) -> None:
    other, program = handed_over(readings, vault), uuid7()
    with readings.database.write() as session:
        elsewhere = make_unit(session, code="UNIT-B", name="B")
        session.sql("update account set unit_id = :unit where id = :id", unit=elsewhere, id=other)
        session.sql(
            """insert into service_client (id, client_id, name, scopes, state, created_at)
               values (:id, 'svc', 'feed', '{}', 'active', now())""",
            id=program,
        )
        session.sql(
            "insert into service_unit (service_client_id, unit_id, granted_at) values (:id, :unit, now())",
            id=program,
            unit=account.unit_id if is_former else elsewhere,
        )
    path = readings.write([reading("2026-03-10", "1090"), reading("2026-03-11" if is_former else "2026-03-09", "9")])
    loader = RegisterReadingsLoader(replace(sender(), program=program))
    report = intake.run(readings.database, path=path, loader=loader)
    assert (report.new, report.rejected) == (1, 1)
    assert [len(of_account(readings, each)) for each in (account.id, other)] == [is_former, not is_former]
