"""What staff say of days to come holds at once, is kept with who said it, and is not changed behind their back."""

from datetime import date, timedelta

import pytest

from core import clock
from core.periods import Period, business_date
from services.tariffs import queries
from services.tariffs.queries import DayKind
from tests.portal.test_tariff_console import Desk
from tests.support.town import Town


@pytest.fixture
def desk(town: Town) -> Desk:
    """Somebody who may do everything everywhere."""
    return Desk(town)


def known(town: Town, day: date) -> list[tuple[str, DayKind]]:
    with town.runtime.db.read() as session:
        found = queries.holidays(session, period=Period(day, day + timedelta(days=1)))
    return [(each.name, each.kind) for each in found]


def acts(town: Town, day: date) -> list[str]:
    with town.runtime.db.read() as session:
        return list(session.sql("select act from audit where subject = :day order by id", day=f"day:{day}").scalars())


def test_a_holiday_is_added_once_and_removed_while_it_is_to_come(desk: Desk, town: Town) -> None:
    day = date(2188, 10, 1)
    form = {"day": day.isoformat(), "holiday": "national_day", "counts_as": "holiday"}
    for _again in range(2):
        assert desk.send("/staff/calendar/holidays", **form) == (303, "/staff/calendar?year=2188")
    assert known(town, day) == [("national_day", DayKind.HOLIDAY)]
    status, page = desk.send("/staff/calendar/holidays", **{**form, "holiday": "swap", "counts_as": "workday"})
    assert (status, "not both" in page, 'value="swap"' in page) == (422, True, True)
    assert "national_day" in desk.get("/staff/calendar?year=2188")
    assert "national_day" not in desk.get("/staff/calendar?year=2189")
    assert desk.send("/staff/calendar/holidays/remove", **form)[0] == 303
    assert known(town, day) == []
    assert acts(town, day) == ["tariffs.holiday_said", "tariffs.holiday_taken"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"day": "1.10."}, "Not a day"), ({"holiday": "National Day"}, "small letters"), ({"day": ""}, "Not a day")],
)
def test_a_holiday_that_is_none_is_refused_with_what_was_typed(desk: Desk, wrong: dict[str, str], told: str) -> None:
    form = {"day": "2187-10-01", "holiday": "national_day", "counts_as": "holiday", **wrong}
    status, page = desk.send("/staff/calendar/holidays", **form)
    assert (status, told in page) == (422, True)
    assert all(f'value="{value}"' in page for value in form.values())


def test_what_is_over_is_neither_added_nor_removed(desk: Desk, town: Town) -> None:
    yesterday = business_date(clock.now(), town.settings.zone) - timedelta(days=1)
    with town.runtime.db.write() as session:
        session.sql("insert into holiday (day, name, kind) values (:day, 'was', 'holiday')", day=yesterday)
    form = {"day": yesterday.isoformat(), "holiday": "other", "counts_as": "holiday"}
    status, page = desk.send("/staff/calendar/holidays", **form)
    assert (status, "The day is over" in page) == (422, True)
    status, page = desk.send("/staff/calendar/holidays/remove", **{**form, "holiday": "was"})
    assert (status, "The day is over" in page) == (409, True)
    assert known(town, yesterday) == [("was", DayKind.HOLIDAY)]


def test_a_temperature_is_said_corrected_and_taken_back(desk: Desk, town: Town) -> None:
    day = date(2188, 7, 1)
    form = {"on": day.isoformat(), "place": "town", "max_c": "34.5"}
    assert desk.send("/staff/calendar/temperatures", **{**form, "max_c": "34,5"})[0] == 422
    for warmth in ("34.5", "36.1"):
        assert desk.send("/staff/calendar/temperatures", **{**form, "max_c": warmth})[0] == 303
    shown = desk.get("/staff/calendar?year=2188")
    assert "36.1" in shown
    assert "34.5" not in shown
    assert desk.send("/staff/calendar/temperatures/remove", **form)[0] == 303
    assert "36.1" not in desk.get("/staff/calendar?year=2188")
    assert acts(town, day) == ["tariffs.temperature_said"] * 2 + ["tariffs.temperature_taken"]
