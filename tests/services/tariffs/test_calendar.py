"""Which price period holds when: by the clock on the wall, also when it is moved, on holidays and on hot days."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from core import intake
from core.intake import Loader, Report
from services.tariffs import operations, queries
from services.tariffs.operations import HolidaysLoader, TemperaturesLoader
from services.tariffs.queries import DayKind, VersionId
from services.tariffs.queries.versions import version_by_id
from tests.factories.accounts import ACTOR, write_csv
from tests.factories.tariffs import FLAT
from tests.services.tariffs.conftest import TODAY, Office

BERLIN: Final = ZoneInfo("Europe/Berlin")
HOT: Final = {"place": "town", "at_least_c": "35"}
DOCUMENT: Final = {
    **FLAT,
    "time_zone": "Europe/Berlin",
    "energy": {
        "lines": "period_plus_adders",
        "prices": {"sharp": "1.2", "peak": "1.0", "flat": "0.6", "valley": "0.3"},
        "windows": [
            {"period": "sharp", "from": "15:00", "to": "17:00", "temperature": HOT},
            {"period": "valley", "from": "10:00", "to": "14:00", "holidays": ["new_year"]},
            {"period": "valley", "from": "00:00", "to": "03:00"},
            {"period": "peak", "from": "08:00", "to": "20:00", "days": ["workday"]},
        ],
        "default_period": "flat",
    },
}
NAMES: Final = ("sharp", "peak", "flat", "valley")
FIRST: Final = date(2026, 10, 5)
SPRING, AUTUMN = date(2027, 3, 28), date(2026, 10, 25)


@pytest.fixture
def zone() -> ZoneInfo:
    return BERLIN


@pytest.fixture
def version_id(office: Office) -> VersionId:
    return office.publish(valid_from=FIRST, document=DOCUMENT).id


def periods(office: Office, version_id: VersionId, day: date) -> list[str]:
    with office.db.read() as session:
        found = queries.day_of(session, version_id=version_id, day=day)
        assert found is not None
        names = version_by_id(session, version_id=version_id).periods
    assert names == NAMES
    return [names[number - 1] for number in found]


def on_the_wall(day: date, *, is_workday: bool) -> list[str]:
    """What holds at each quarter-hour of elapsed time, read off a clock on the wall."""
    moment, found = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC), []
    while (shown := moment.astimezone(BERLIN)).date() == day:
        by_day = "peak" if is_workday and 8 <= shown.hour < 20 else "flat"
        found.append("valley" if shown.hour < 3 else by_day)
        moment += timedelta(minutes=15)
    return found


def days_of(office: Office, version_id: VersionId) -> dict[date, Any]:
    with office.db.read() as session:
        rows = session.sql("select day, periods from tariff_day where version_id = :id", id=version_id)
        return {row.day: row.periods for row in rows}


def load(office: Office, loader: Loader, tmp_path: Path, *records: dict[str, object]) -> Report:
    return intake.run(office.db, path=write_csv(tmp_path / f"{loader.kind}.csv", list(records)), loader=loader)


def told(office: Office) -> list[tuple[int, list[str]]]:
    with office.db.read() as session:
        found = session.sql("select payload from outbox where kind = 41 order by id").scalars().all()
    return [(each["version_id"], each["days"]) for each in found]


@pytest.mark.parametrize(
    ("day", "count"), [(FIRST, 96), (SPRING, 92), (AUTUMN, 100)], ids=["plain", "23 hours", "25 hours"]
)
def test_each_quarter_hour_that_passes_has_the_period_that_the_wall_clock_says(
    office: Office, version_id: VersionId, day: date, count: int
) -> None:
    found = periods(office, version_id, day)
    assert len(found) == count
    assert found == on_the_wall(day, is_workday=day.weekday() < 5)


def test_a_holiday_and_a_worked_weekend_change_their_own_days_alone(
    office: Office, version_id: VersionId, tmp_path: Path
) -> None:
    flat = office.publish(valid_from=FIRST, document={**FLAT, "time_zone": "Europe/Berlin"}, code=other(office))
    before = days_of(office, version_id)
    friday, saturday = date(2027, 1, 1), date(2027, 1, 9)
    rows = ({"day": friday, "name": "new_year", "kind": ""}, {"day": saturday, "name": "worked", "kind": "workday"})
    report = load(office, HolidaysLoader(zone=BERLIN), tmp_path, *rows)
    assert (report.new, report.rejected) == (2, 0)
    after = days_of(office, version_id)
    assert {day for day, each in after.items() if each != before[day]} == {friday, saturday}
    assert told(office) == [(version_id, [friday.isoformat(), saturday.isoformat()])]
    assert periods(office, version_id, friday)[40:56] == ["valley"] * 16
    assert periods(office, version_id, saturday) == on_the_wall(saturday, is_workday=True)
    again = load(office, HolidaysLoader(zone=BERLIN), tmp_path, *rows)
    assert (again.unchanged, len(told(office))) == (2, 1)
    load(office, HolidaysLoader(zone=BERLIN), tmp_path, {"day": friday, "name": "new_year", "kind": "-"})
    assert periods(office, version_id, friday) == on_the_wall(friday, is_workday=True)
    assert told(office)[1:] == [(version_id, [friday.isoformat()])]
    assert set(days_of(office, flat.id)) == set(before)


def test_a_hot_day_changes_itself_alone_once_it_is_known(office: Office, version_id: VersionId, tmp_path: Path) -> None:
    hot, warm, elsewhere = date(2027, 7, 6), date(2027, 7, 7), date(2027, 7, 8)
    report = load(
        office,
        TemperaturesLoader(zone=BERLIN),
        tmp_path,
        {"place": "town", "day": hot, "max_c": "35.0"},
        {"place": "town", "day": warm, "max_c": "34.9"},
        {"place": "coast", "day": elsewhere, "max_c": "39"},
    )
    assert report.new == 3
    assert periods(office, version_id, hot)[60:68] == ["sharp"] * 8
    assert told(office) == [(version_id, [hot.isoformat()])]
    load(office, TemperaturesLoader(zone=BERLIN), tmp_path, {"place": "town", "day": hot, "max_c": "34"})
    assert periods(office, version_id, hot) == on_the_wall(hot, is_workday=True)
    assert len(told(office)) == 2


def test_what_was_known_before_is_in_a_calendar_from_its_beginning(office: Office, tmp_path: Path) -> None:
    load(office, HolidaysLoader(zone=BERLIN), tmp_path, {"day": date(2027, 1, 1), "name": "new_year"})
    version_id = office.publish(valid_from=FIRST, document=DOCUMENT).id
    assert periods(office, version_id, date(2027, 1, 1))[40:56] == ["valley"] * 16
    assert told(office) == []


def test_days_ahead_are_made_as_time_goes_by_and_never_beyond_the_end(office: Office, version_id: VersionId) -> None:
    later = TODAY + timedelta(days=30)
    with office.db.write() as session:
        assert operations.make_ahead(session, today=later, zone=BERLIN, most=9) == 1
        assert operations.make_ahead(session, today=later, zone=BERLIN, most=9) == 0
    assert max(days_of(office, version_id)) == later + timedelta(days=399)
    office.publish(valid_from=date(2027, 1, 1), document=DOCUMENT)
    with office.db.write() as session:
        assert operations.make_ahead(session, today=later, zone=BERLIN, most=9) == 1
    assert max(days_of(office, version_id)) == date(2026, 12, 31)


def test_wrong_rows_are_told_and_the_others_taken(office: Office, tmp_path: Path) -> None:
    report = load(
        office,
        HolidaysLoader(zone=BERLIN),
        tmp_path,
        {"day": "2027-01-01", "name": "new_year", "kind": "holiday"},
        {"day": "2027-01-01", "name": "new_year", "kind": "holiday"},
        {"day": "2027-01-01", "name": "shift", "kind": "workday"},
        {"day": "2027-02-30", "name": "Fest!", "kind": "feast"},
    )
    assert (report.new, report.rejected) == (1, 3)
    hot = load(
        office,
        TemperaturesLoader(zone=BERLIN),
        tmp_path,
        {"place": "town", "day": "2027-07-01", "max_c": "NaN"},
        {"place": "town", "day": "2027-07-02", "max_c": "71"},
        {"place": "town", "day": "2027-07-03", "max_c": "36.5"},
    )
    assert (hot.new, hot.rejected) == (1, 2)
    with office.db.read() as session:
        reasons = [
            (each.row_no, each.field, each.reason) for each in intake.rejects(session, run_id=report.run_id, limit=9)
        ]
    assert reasons == [
        (3, "name", "stands twice in the file"),
        (4, "kind", "is another than that of the day's other name"),
        (5, "day", "is not a date like 2026-01-31"),
        (5, "kind", "is none of holiday, workday"),
        (5, "name", "is not a name of small letters, digits and _ that begins with a letter"),
    ]


def other(office: Office) -> str:
    """A second tariff."""
    with office.db.write() as session:
        session.sql(
            """insert into tariff (code, name, class, currency, created_at)
               values ('FLAT', 'Flat', 'any', 'CNY', now())"""
        )
    return "FLAT"


def test_a_holiday_and_a_hot_day_that_staff_say_change_hours_at_once_and_tell_the_day(
    office: Office, version_id: VersionId
) -> None:
    day = date(2027, 1, 1)
    before = periods(office, version_id, day)
    with office.db.write() as session:
        operations.say_holiday(
            session, day=day, name="new_year", kind=DayKind.HOLIDAY, today=TODAY, zone=BERLIN, actor=ACTOR
        )
        operations.say_temperature(session, place="town", day=day, max_c="35", zone=BERLIN, actor=ACTOR)
    after = periods(office, version_id, day)
    assert after[40:56] == ["valley"] * 16
    assert after[60:68] == ["sharp"] * 8
    assert told(office) == [(version_id, [day.isoformat()])] * 2
    with office.db.write() as session:
        operations.take_holiday(session, day=day, name="new_year", today=TODAY, zone=BERLIN, actor=ACTOR)
        operations.take_temperature(session, place="town", day=day, today=TODAY, zone=BERLIN, actor=ACTOR)
    assert periods(office, version_id, day) == before
