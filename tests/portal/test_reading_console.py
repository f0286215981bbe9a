"""Staff decide about readings that nobody believed, each once and for a reason, in their own units."""

import pytest

from core import clock
from services.accounts.roles import StaffRole
from services.metering import queries
from services.metering.queries import HeldReading
from tests.portal.test_tariff_console import Desk
from tests.support.town import Town


@pytest.fixture
def desk(town: Town) -> Desk:
    """Somebody who may decide about readings of the first unit."""
    return Desk(town, "here")


def held(town: Town, desk: Desk) -> list[HeldReading]:
    with town.runtime.db.read() as session:
        return queries.held_readings(session, staff_id=desk.member.staff_id, limit=99, now=clock.now())


def test_a_reading_in_doubt_is_decided_once_and_for_a_reason(desk: Desk, town: Town) -> None:
    reading_id = desk.office.doubt(town.house.account)
    at = f"/staff/readings/{town.house.account_no}/{reading_id}"
    listed = desk.get("/staff/readings?reason=negative")
    assert at in listed
    assert "-0.4" in listed
    status, page = desk.send(at, act="discard", why=" ")
    assert (status, "Say why" in page) == (422, True)
    status, page = desk.send(at, act="accept", why="it looked right")
    assert (status, "cannot be accepted" in page, 'value="it looked right"' in page) == (422, True, True)
    assert desk.send(at, act="discard", why="the meter was turned") == (303, at)
    assert reading_id not in {each.id for each in held(town, desk)}
    shown = desk.get(at)
    assert "the meter was turned" in shown
    assert "Your decision" not in shown
    status, page = desk.send(at, act="estimate", why="another thought")
    assert (status, "decided about this reading already" in page) == (409, True)


def test_whoever_only_views_readings_decides_nothing(desk: Desk, town: Town) -> None:
    reading_id = desk.office.doubt(town.house.account)
    with town.runtime.db.write() as session:
        auditor = desk.office.employ(session, StaffRole.AUDITOR, "3701")
    desk.member = auditor
    desk.office.fresh(auditor)
    at = f"/staff/readings/{town.house.account_no}/{reading_id}"
    assert "Your decision" not in desk.get(at)
    assert desk.send(at, act="discard", why="mine")[0] == 403


def test_a_day_that_is_not_over_is_not_estimated(desk: Desk, town: Town) -> None:
    at = f"/staff/readings/missing/{town.house.account_no}/estimate"
    assert desk.send(at, day="2199-01-01", why="asked")[0] == 422
    assert desk.send(at, day=clock.now().date().isoformat().replace("20", "19", 1), why="asked")[0] == 303


def test_odd_readings_are_listed_in_ones_own_units_by_rule_until_they_end(desk: Desk, town: Town) -> None:
    with town.runtime.db.write() as session:
        for account in (town.house.account, town.far.account):
            session.sql(
                """insert into reading_finding (account_id, kind, meter_no, channel, first_day, last_day, found,
                     expected, found_at)
                   values (:account, 'sums', 'ODD', 'import', '2026-05-01', '2026-05-31', 112345678, 54000000, :now)""",
                account=account.id,
                now=clock.now(),
            )
    listed = desk.get("/staff/readings/odd?kind=sums")
    assert (town.house.account_no in listed, town.far.account_no in listed) == (True, False)
    assert ("112.346" in listed, "Intervals come to other than the register" in listed) == (True, True)
    assert town.house.account_no not in desk.get("/staff/readings/odd?kind=spike")
    with town.runtime.db.write() as session:
        session.sql("update reading_finding set ended_at = :now where meter_no = 'ODD'", now=clock.now())
    assert town.house.account_no not in desk.get("/staff/readings/odd")
