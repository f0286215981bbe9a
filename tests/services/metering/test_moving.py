"""Readings follow their meter when it is said later where it was: nothing is lost, and nothing is of two accounts."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest

from core import aside, intake
from core.audit import Actor
from core.crypto.vault import Vault
from core.outbox import Delivery
from services.accounts.events import MetersMoved
from services.accounts.queries import AccountRef
from services.metering import operations
from services.metering.errors import ReadingNotAcceptable, ReadingNotEstimable
from services.metering.operations import Decision, Quality, RegisterReadingsLoader
from tests.factories.accounts import make_account
from tests.factories.readings import NOW, ZONE, Readings, place_meter, rows, sender

KWH: Final = 1_000_000
BEFORE, MOVED, BEHIND = date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 11)
MARCH: Final = date(2026, 3, 1)


def remove(readings: Readings, *, until: date = MOVED) -> None:
    """M1 left its account on a day that is past."""
    with readings.database.write() as session:
        found = session.sql(
            "update meter set removed_on = :day where meter_no = 'M1' returning id", day=until
        ).scalars()
        tell(session, list(found))


def bring(readings: Readings, account_id: int, *, since: date = MOVED) -> None:
    """M1 came to an account on a day that is past."""
    with readings.database.write() as session:
        place_meter(session, account_id=account_id, meter_no="M1", since=since)
        tell(session, [session.sql("select max(id) from meter").scalar_one()])


def tell(session: Any, ids: list[int]) -> None:
    event = MetersMoved(meter_ids=ids)
    operations.note_moved(session, Delivery(1, event, NOW), event)


def follow(readings: Readings) -> None:
    has_more = True
    while has_more:
        with readings.database.write() as session:
            has_more = operations.move_next(session, sender=sender(actor="task:metering.move"), settling_s=0)


def show(readings: Readings, *shown: tuple[date, int]) -> None:
    path = readings.write(
        [
            {"meter_no": "M1", "register": None, "read_at": str(day), "value": kwh, "quality": None, "digits": 6}
            for day, kwh in shown
        ]
    )
    intake.run(readings.database, path=path, loader=RegisterReadingsLoader(sender()))


def kept(readings: Readings, account_id: int) -> tuple[dict[date, int], list[tuple[date, int]]]:
    """What is of an account: kWh of each day by intervals, and what the register showed."""
    with readings.database.read() as session:
        days = session.sql("select day, energies from interval_day where account_id = :id", id=account_id)
        shown = session.sql(
            """select read_at, value from register_reading where account_id = :id and superseded_at is null
               order by read_at""",
            id=account_id,
        )
        return (
            {row.day: sum(each or 0 for each in row.energies) // KWH for row in days},
            [(row.read_at.astimezone(ZONE).date(), row.value // KWH) for row in shown],
        )


@pytest.fixture
def read(readings: Readings) -> Readings:
    """Three days of hours, and a register at the midnights around them."""
    for day in (BEFORE, MOVED, BEHIND):
        readings.take(rows(day, ["1"] * 24, minutes=60))
    show(readings, (BEFORE, 100), (MOVED, 124), (BEHIND, 148), (date(2026, 3, 12), 172))
    with readings.database.write() as session:
        session.sql("delete from usage_change")
    return readings


def test_a_meter_whose_readings_cannot_follow_keeps_no_other_one_waiting(
    read: Readings, account: AccountRef, vault: Vault
) -> None:
    with read.database.write() as session:
        make_account(session, vault, account_no="7000000002", meter_no="M2")
        bad = [2**62] * 24
        session.sql("update interval_day set energies = :bad where day = :day", bad=bad, day=BEHIND)
        session.sql("update meter set removed_on = :day where meter_no = 'M1'", day=MOVED)
        tell(session, list(session.sql("select id from meter where meter_no = 'M1'").scalars()))
    with read.database.write() as session:
        session.sql("update moved_meter set noted_at = noted_at - interval '1 minute'")
        tell(session, list(session.sql("select id from meter where meter_no = 'M2'").scalars()))
    follow(read)
    with read.database.read() as session:
        assert session.sql("select count(*) from moved_meter").scalar_one() == 0
        [found] = aside.failing(session, limit=9)
    assert (found.work, found.owner, found.part) == ("metering.move", account.id, "M1")
    assert set(kept(read, account.id)[0]) == {BEFORE, MOVED, BEHIND}, "nothing is lost"
    with read.database.write() as session:
        session.sql("update interval_day set energies = :good where day = :day", good=[KWH] * 24, day=BEHIND)
        session.sql("update set_aside set due_at = now()")
    follow(read)
    assert set(kept(read, account.id)[0]) == {BEFORE, MOVED}
    with read.database.read() as session:
        assert aside.failing(session, limit=9) == []


def test_readings_behind_a_date_that_is_told_late_go_where_the_meter_was(
    read: Readings, account: AccountRef, vault: Vault
) -> None:
    with read.database.write() as session:
        other = make_account(session, vault, account_no="7000000002").id
    remove(read)
    bring(read, other)
    follow(read)
    assert kept(read, account.id) == ({BEFORE: 24}, [(BEFORE, 100), (MOVED, 124)])
    assert kept(read, other) == (
        {MOVED: 24, BEHIND: 24},
        [(MOVED, 124), (BEHIND, 148), (date(2026, 3, 12), 172)],
    )
    with read.database.read() as session:
        changed = session.sql("select distinct account_id, month from usage_change order by 1, 2").all()
        revisions = session.sql(
            "select account_id, day, replaced_by, replaced_why from interval_day_revision order by day"
        ).all()
        series = session.sql("select last_day from reading_series where account_id = :id", id=account.id).scalar_one()
    assert [tuple(row) for row in changed] == [(account.id, MARCH), (other, MARCH)]
    assert [tuple(row) for row in revisions] == [
        (account.id, day, "task:metering.move", "moved") for day in (MOVED, BEHIND)
    ]
    assert series == BEFORE
    assert read.held() == []
    before = read.written()
    with read.database.write() as session:
        tell(session, list(session.sql("select id from meter").scalars()))
    follow(read)
    assert read.written() | {"usage_change": []} == before | {"usage_change": []}


def test_what_was_measured_at_no_account_waits_until_it_is_told_where_it_was(
    read: Readings, account: AccountRef, vault: Vault
) -> None:
    remove(read)
    follow(read)
    assert kept(read, account.id) == ({BEFORE: 24, MOVED: 24}, [(BEFORE, 100), (MOVED, 124)])
    assert read.held() == [("strayed", Decimal(kwh), "open") for kwh in (24, 148, 172)]
    decision = Decision(Actor("staff:7"), "seen", NOW, ZONE, 120)
    with read.database.write() as session:
        held = session.sql("select id from reading_quarantine where kind = 'interval' order by id limit 1").scalar_one()
        with pytest.raises(ReadingNotAcceptable):
            operations.accept(session, account_id=account.id, quarantine_id=held, decision=decision)
        with pytest.raises(ReadingNotEstimable):
            operations.estimate(session, account_id=account.id, quarantine_id=held, decision=decision)
        other = make_account(session, vault, account_no="7000000002").id
    bring(read, other, since=BEHIND)
    follow(read)
    assert kept(read, other) == ({BEHIND: 24}, [(BEHIND, 148), (date(2026, 3, 12), 172)])
    assert [state for _, _, state in read.held()] == ["accepted"] * 3
    with read.database.write() as session:
        session.sql("update meter set installed_on = :day where account_id = :id", id=other, day=MOVED)
        tell(session, [session.sql("select max(id) from meter").scalar_one()])
    follow(read)
    assert kept(read, account.id) == ({BEFORE: 24}, [(BEFORE, 100), (MOVED, 124)])
    assert kept(read, other)[0] == {MOVED: 24, BEHIND: 24}
    assert kept(read, other)[1][0] == (MOVED, 124)


def test_estimates_stay_behind_and_what_is_better_there_stays(read: Readings, vault: Vault) -> None:
    with read.database.write() as session:
        other = make_account(session, vault, account_no="7000000002").id
        session.sql(
            "update interval_day set qualities = repeat('e', 12) || repeat('a', 12) where day in (:one, :two)",
            one=MOVED,
            two=BEHIND,
        )
        session.sql(
            """insert into interval_estimate (account_id, series_id, day, first, elements, rule, made_at, made_by)
               select account_id, series_id, day, 0, 12, 'weeks', now(), 'task' from interval_day where day = :day""",
            day=MOVED,
        )
    remove(read)
    bring(read, other)
    read.take(rows(BEHIND, ["2"] * 24, minutes=60))
    follow(read)
    assert kept(read, other)[0] == {MOVED: 12, BEHIND: 36}
    assert read.days()["M1", "import", 60, MOVED][1] == "m" * 12 + "a" * 12


def test_what_waited_while_its_meter_moved_goes_where_it_was_once_it_is_accepted(
    read: Readings, account: AccountRef, vault: Vault
) -> None:
    assert read.take(rows(BEHIND, ["3"], minutes=60, quality=Quality.ESTIMATED)).rejected == 1
    with read.database.write() as session:
        other = make_account(session, vault, account_no="7000000002").id
    remove(read)
    bring(read, other)
    follow(read)
    with read.database.write() as session:
        held = session.sql("select id from reading_quarantine").scalar_one()
        decision = Decision(Actor("staff:7"), "seen", NOW, ZONE, 120)
        operations.accept(session, account_id=account.id, quarantine_id=held, decision=decision)
    follow(read)
    assert kept(read, account.id)[0] == {BEFORE: 24}
    assert kept(read, other)[0] == {MOVED: 24, BEHIND: 26}
