"""Staff decide about readings that nobody believed, each once and for a reason, in their own units."""

import re
from datetime import date, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import pytest

from core import clock
from core.periods import business_date
from services.accounts.roles import StaffRole
from services.metering import queries
from services.metering.queries import HeldReading
from tests.factories.held import PICTURE
from tests.factories.usage import ZONE, put_readings
from tests.portal.test_tariff_console import Desk
from tests.support.office import HERE
from tests.support.town import Home, Town

MANY: Final = "/staff/readings/many"
MISSING: Final = "/staff/readings/missing"


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


def test_days_with_gaps_are_named_and_after_an_estimate_the_list_goes_on_where_it_was(desk: Desk, town: Town) -> None:
    home = town.build(town.unit_id, has_bills=False)
    today = business_date(clock.now(), ZONE)
    whole, half, empty = (today - timedelta(days=ago) for ago in (3, 2, 1))
    weeks: dict[date, list[int | None]] = {half - timedelta(weeks=ago): [300_000] * 24 for ago in (1, 2)}
    with town.runtime.db.write() as session:
        days = weeks | {whole: [100_000] * 24, half: [100_000] * 12 + [None] * 12}
        put_readings(session, home.account.id, days, minutes=60, meter_no=home.meter_no)
    row = re.search(rf"<tr>(?:(?!</tr>).)*{home.account_no}.*?</tr>", desk.get(f"{MISSING}?unit={HERE}"), re.DOTALL)
    assert row
    assert "12 intervals" in row[0]
    offered = re.findall(r'<option value="([^"]*)"', row[0])
    assert [day.isoformat() in offered for day in (*weeks, whole, half, empty)] == [False, False, False, True, True]
    at, asked = f"{MISSING}/{home.account_no}/estimate", {"unit": HERE, "after": "", "day": half.isoformat()}
    status, page = desk.send(at, **asked, why="")
    assert (status, f'<option value="{HERE}" selected>' in page) == (422, True)
    assert re.search(rf'<option value="{half}" selected>', page)
    status, back = desk.send(at, **asked, why="the antenna broke")
    assert (status, back) == (303, f"{MISSING}?unit={HERE}&after=&done=12")
    assert "12 intervals were estimated" in desk.get(back)
    assert "Nothing could be estimated" in desk.get(f"{MISSING}?done=0")


def test_a_register_that_waits_is_accepted_beside_its_picture(desk: Desk, town: Town) -> None:
    reading_id = desk.office.pictured("own")
    at = f"/staff/readings/{town.house.account_no}/{reading_id}"
    page = desk.get(at)
    assert all(text in page for text in ("First reading of this register", "Total register", "The customer"))
    assert (f'src="{at}/photo"' in page, 'value="accept"' in page, 'value="estimate"' in page) == (True, True, False)
    town.client.cookies.clear()
    answer = town.client.get(f"{at}/photo", headers=desk.office.browser(desk.member))
    told = [answer.headers[name] for name in ("content-type", "cache-control", "x-content-type-options")]
    assert (answer.content, told) == (PICTURE, ["image/jpeg", "no-store", "nosniff"])
    assert desk.send(at, act="accept", why="as the picture shows") == (303, at)
    with town.runtime.db.write() as session:
        [row] = session.sql(
            """select r.value, r.source from register_reading r join reading_quarantine q using (account_id, photo_id)
               where q.id = :id and r.superseded_at is null""",
            id=reading_id,
        ).all()
        session.sql(
            "delete from reading_photo p using reading_quarantine q where p.id = q.photo_id and q.id = :id",
            id=reading_id,
        )
    assert tuple(row) == (100_000_000, "customer")
    assert "no longer kept" in desk.get(at)
    assert town.client.get(f"{at}/photo", headers=desk.office.browser(desk.member)).status_code == 404


def test_a_register_that_runs_backwards_can_only_be_discarded(desk: Desk, town: Town) -> None:
    at = f"/staff/readings/{town.house.account_no}/{desk.office.pictured('own', reason='inverted')}"
    page = desk.get(at)
    assert ("Less than the reading before" in page, 'value="accept"' in page) == (True, False)
    assert desk.send(at, act="accept", why="it looked right")[0] == 422
    assert desk.send(at, act="discard", why="misread") == (303, at)


def named(home: Home, *readings: UUID) -> list[str]:
    return [f"{home.account_no}.{each}" for each in readings]


def test_many_are_decided_as_each_alone_and_what_is_not_theirs_is_left(desk: Desk, town: Town) -> None:
    mine = [desk.office.doubt(town.house.account), desk.office.doubt(town.house.account), desk.office.pictured("own")]
    far = desk.office.doubt(town.far.account)
    chosen = [*named(town.house, *mine), *named(town.far, far)]
    page = desk.get(f"{MANY}?{urlencode([('reading', each) for each in chosen])}")
    assert ("Decide about 3 readings" in page, "2 readings cannot be accepted" in page) == (True, True)
    assert ("1 reading is left out" in page, town.far.account_no in page) == (True, False)
    assert desk.send(MANY, reading=chosen, act="accept", why=" ")[0] == 422
    status, told = desk.send(MANY, reading=chosen, act="accept", why="checked on the spot")
    assert (status, "1 reading was accepted" in told, told.count(">Refused<")) == (200, True, 2)
    assert {*mine[:2]} <= {each.id for each in held(town, desk)}
    told = desk.send(MANY, reading=chosen, act="discard", why="the meter was turned")[1]
    assert ("2 readings were discarded" in told, told.count(">Refused<")) == (True, 1)
    with town.runtime.db.read() as session:
        rows = session.sql("select state from reading_quarantine where id = any(:ids)", ids=[*mine, far]).scalars()
        assert sorted(rows) == ["accepted", "discarded", "discarded", "open"]


def test_many_are_estimated_but_for_what_no_estimate_can_stand_for(desk: Desk, town: Town) -> None:
    interval, register = desk.office.doubt(town.house.account), desk.office.pictured("own")
    chosen = named(town.house, interval, register)
    [at] = [business_date(each.start_at, ZONE) for each in held(town, desk) if each.id == interval]
    with town.runtime.db.write() as session:
        days: dict[date, list[int | None]] = {at - timedelta(weeks=ago): [300_000] * 24 for ago in (1, 2)}
        put_readings(session, town.house.account.id, days, minutes=60, meter_no="DOUBT")
    page = desk.get(f"{MANY}?{urlencode([('reading', each) for each in chosen])}")
    assert ("1 reading cannot be estimated" in page, 'value="estimate"' in page) == (True, True)
    assert 'value="estimate"' not in desk.get(f"{MANY}?reading={chosen[1]}")
    status, told = desk.send(MANY, reading=chosen, act="estimate", why="a faulty firmware")
    assert (status, "in the place of 1 reading." in told, told.count(">Refused<")) == (200, True, 1)
    with town.runtime.db.read() as session:
        rows = session.sql(
            "select state from reading_quarantine where id = any(:ids)", ids=[interval, register]
        ).scalars()
        assert sorted(rows) == ["estimated", "open"]


def test_of_more_than_ten_the_count_is_typed(desk: Desk, town: Town) -> None:
    chosen = named(town.house, *(desk.office.doubt(town.house.account) for _ in range(11)))
    for count in ("", "10"):
        status, told = desk.send(MANY, reading=chosen, act="discard", why="the meter was turned", count=count)
        assert (status, "Type how many readings these are." in told) == (422, True)
    assert "11 readings were discarded" in desk.send(MANY, reading=chosen, act="discard", why="turned", count="11")[1]


def test_what_waits_is_listed_by_the_days_it_is_of_and_chosen_without_scripts(desk: Desk, town: Town) -> None:
    reading_id = desk.office.doubt(town.house.account)
    [found] = [each for each in held(town, desk) if each.id == reading_id]
    day = found.start_at.astimezone(town.settings.zone).date()
    asked = "/staff/readings?since={}&until={}"
    listed = desk.get(asked.format(day, day))
    assert f'name="reading" value="{town.house.account_no}.{reading_id}" form="many"' in listed
    assert f"{MANY}?reading=" in listed
    for since, until in ((day + timedelta(days=1), ""), ("", day - timedelta(days=1))):
        assert str(reading_id) not in desk.get(asked.format(since, until))
    town.client.cookies.clear()
    wrong = town.client.get(asked.format(day, "1999-13-01"), headers=desk.office.browser(desk.member))
    assert wrong.status_code == 422


def test_odd_readings_are_listed_in_ones_own_units_by_rule_until_they_end(desk: Desk, town: Town) -> None:
    for account in (town.house.account, town.far.account):
        desk.office.oddity(account)
    listed = desk.get("/staff/readings/odd?kind=sums")
    assert (town.house.account_no in listed, town.far.account_no in listed) == (True, False)
    assert ("112.346" in listed, "Intervals come to other than the register" in listed) == (True, True)
    assert town.house.account_no not in desk.get("/staff/readings/odd?kind=spike")
    with town.runtime.db.write() as session:
        session.sql("update reading_finding set ended_at = :now where ended_at is null", now=clock.now())
    assert town.house.account_no not in desk.get("/staff/readings/odd")


def test_what_is_odd_rightly_is_dismissed_once_and_for_a_reason(desk: Desk, town: Town) -> None:
    at = f"/staff/readings/odd/{town.house.account_no}/{desk.office.oddity(town.house.account)}"
    assert at in desk.get("/staff/readings/odd")
    status, page = desk.send(at, why=" ")
    assert (status, "Say why" in page) == (422, True)
    shown = {"unit": "", "kind": "sums", "after": ""}
    status, page = desk.send(at, why="", **shown)
    assert (status, '<option value="sums" selected>' in page) == (422, True)
    assert desk.send(at, why="a pump was tried", **shown) == (303, "/staff/readings/odd?unit=&kind=sums&after=")
    assert at not in desk.get("/staff/readings/odd")
    assert desk.send(at, why="again")[0] == 404
