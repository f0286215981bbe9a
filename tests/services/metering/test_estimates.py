"""What is said of readings that are missing: each rule, its bounds, and that measured ones replace it."""

from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from core.audit import Actor
from core.crypto.vault import Vault
from services.accounts.queries import AccountRef
from services.metering import operations
from services.metering.estimates import Estimate, Known, estimates
from services.metering.operations import Decision, estimating
from tests.factories.accounts import make_account
from tests.factories.readings import NOW, ZONE, Readings, place_meter, rows, sum_up

DAY = date(2026, 6, 10)
BERLIN = ZoneInfo("Europe/Berlin")


def day_of(values: list[int | None], quality: str = "a") -> tuple[list[int | None], str]:
    return values, "".join("m" if each is None else quality for each in values)


def said(known: Known, *, day: date = DAY, zone: ZoneInfo = ZONE, linear_minutes: int = 120) -> list[Estimate]:
    return estimates(day, known, minutes=60, zone=zone, linear_minutes=linear_minutes)


def test_a_short_gap_lies_on_the_line_between_its_neighbours_also_across_midnight() -> None:
    known = {
        DAY - timedelta(1): day_of([0] * 23 + [None]),
        DAY: day_of([None, 90, 10, None, None, 40, *[0] * 18]),
    }
    assert said(known, linear_minutes=120) == [Estimate(0, [60], "linear"), Estimate(3, [20, 30], "linear")]
    assert said(known, linear_minutes=60) == [], "a gap that is longer than may be has no line, and no weeks before"


def test_a_longer_gap_is_the_median_of_the_same_hour_of_its_weekday() -> None:
    hours: list[list[int | None]] = [[week * 100 + hour for hour in range(24)] for week in (1, 7, 3, 2)]
    known = {DAY - timedelta(weeks=number): day_of(values) for number, values in enumerate(hours, 1)}
    known[DAY - timedelta(weeks=2)] = day_of(hours[1], "e")
    assert said(known) == [Estimate(0, [200 + hour for hour in range(24)], "weeks")]
    del known[DAY - timedelta(weeks=1)], known[DAY - timedelta(weeks=3)]
    assert said(known) == [], "one week is none, and what was estimated is no source"


def test_without_weeks_it_is_the_year_before_scaled_by_what_came_since() -> None:
    last_year = DAY - timedelta(days=364)
    known = {last_year: day_of([100] * 24)}
    for number in range(1, 9):
        known[DAY - timedelta(days=number)] = day_of([30] * 24)
        known[last_year - timedelta(days=number)] = day_of([20] * 24)
    # The seventh day before is one week alone: too few.
    assert said(known) == [Estimate(0, [150] * 24, "year")]


def test_a_short_day_takes_the_hours_that_its_clock_shows() -> None:
    clock_day = date(2026, 3, 29)
    known = {clock_day - timedelta(weeks=week): day_of(list(range(24))) for week in (1, 2)}
    [made] = said(known, day=clock_day, zone=BERLIN)
    assert made.energies == [0, 1, *range(3, 24)]


@pytest.fixture
def weeks(readings: Readings) -> Readings:
    """Three whole weeks of the same day, then one with hours missing."""
    for week in (1, 2, 3):
        readings.take(rows(DAY - timedelta(weeks=week), [f"0.{hour:02d}" for hour in range(24)], minutes=60))
    readings.take(rows(DAY, ["0.5"] * 6, minutes=60))
    sum_up(readings.database)
    return readings


def round_of(readings: Readings, today: date) -> None:
    going = True
    while going:
        with readings.database.write() as session:
            going = operations.estimate_next(session, today=today, after_days=3, linear_minutes=120, zone=ZONE, now=NOW)


def test_what_is_due_is_estimated_by_its_rule_and_measured_readings_replace_it(weeks: Readings) -> None:
    round_of(weeks, DAY + timedelta(days=2))
    assert weeks.days()["M1", "import", 60, DAY][1] == "a" * 6 + "m" * 18
    round_of(weeks, DAY + timedelta(days=3))
    kwh, qualities = weeks.days()["M1", "import", 60, DAY]
    assert qualities == "a" * 6 + "e" * 18
    assert kwh[6:] == [Decimal(hour).scaleb(-2) for hour in range(6, 24)]
    assert weeks.months() == [date(2026, 6, 1)]
    with weeks.database.read() as session:
        made = session.sql(
            "select first, elements, rule, made_by from interval_estimate where day = :day", day=DAY
        ).all()
    assert [tuple(each) for each in made] == [(6, 18, "weeks", "task:metering.estimate")]
    before = weeks.written()
    round_of(weeks, DAY + timedelta(days=3))
    assert weeks.written() == before
    assert weeks.take(rows(DAY, ["0.7"] * 24, minutes=60)).changed == 24
    assert weeks.days()["M1", "import", 60, DAY] == ([Decimal("0.7")] * 24, "a" * 24)


def test_what_an_exchange_leaves_open_is_no_gap(weeks: Readings, account: AccountRef) -> None:
    with weeks.database.write() as session:
        session.sql("update meter set removed_on = :day where meter_no = 'M1'", day=DAY)
        place_meter(session, account_id=account.id, meter_no="M2", since=DAY)
    weeks.take(rows(DAY, [None] * 6 + ["1"] * 18, meter_no="M2", minutes=60))
    sum_up(weeks.database)
    round_of(weeks, DAY + timedelta(days=3))
    assert weeks.days()["M1", "import", 60, DAY][1] == "a" * 6 + "m" * 18
    assert weeks.days()["M2", "import", 60, DAY][1] == "m" * 6 + "a" * 18


def test_a_day_that_one_of_two_meters_misses_is_estimated_though_the_other_has_it(
    weeks: Readings, account: AccountRef
) -> None:
    with weeks.database.write() as session:
        place_meter(session, account_id=account.id, meter_no="M2", since=date(2026, 1, 1))
    weeks.take(rows(DAY, ["1"] * 24, meter_no="M2", minutes=60))
    round_of(weeks, DAY + timedelta(days=3))
    assert weeks.days()["M1", "import", 60, DAY][1] == "a" * 6 + "e" * 18
    assert weeks.days()["M2", "import", 60, DAY][1] == "a" * 24


def test_a_day_that_a_meter_misses_is_estimated_once_though_its_intervals_were_longer_before(
    readings: Readings,
) -> None:
    for week, minutes in ((4, 60), (3, 60), (2, 15), (1, 15)):
        readings.take(rows(DAY - timedelta(weeks=week), ["0.25"] * (24 * 60 // minutes), minutes=minutes))
    sum_up(readings.database)
    round_of(readings, DAY + timedelta(days=3))
    assert [key for key in readings.days() if key[3] == DAY] == [("M1", "import", 15, DAY)]


def test_where_many_days_are_missing_fewer_accounts_have_their_turn_at_a_time_and_all_of_them_one(
    weeks: Readings, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    with weeks.database.write() as session:
        other = make_account(session, vault, account_no="7000000002", meter_no="M2").id
    for week in (1, 2):
        weeks.take(rows(DAY - timedelta(weeks=week), ["0.5"] * 24, meter_no="M2", minutes=60))
    sum_up(weeks.database)
    monkeypatch.setattr(estimating, "MOST_DUE", 25)
    today = DAY + timedelta(days=3)
    with weeks.database.write() as session:
        assert operations.estimate_next(session, today=today, after_days=3, linear_minutes=120, zone=ZONE, now=NOW)
        left = session.sql("select account_id from reading_due where look = 'estimate' and first_day <= :day", day=DAY)
        assert other in left.scalars().all()
    assert ("M2", "import", 60, DAY) not in weeks.days()
    round_of(weeks, today)
    assert weeks.days()["M1", "import", 60, DAY][1] == "a" * 6 + "e" * 18
    assert weeks.days()["M2", "import", 60, DAY][1] == "e" * 24


def test_staff_have_a_day_estimated_and_the_audit_log_says_so(weeks: Readings, account: AccountRef) -> None:
    decision = Decision(Actor("staff:7"), "the modem is broken", NOW, ZONE, 120)
    with weeks.database.write() as session:
        assert operations.estimate_day(session, account_id=account.id, day=DAY, decision=decision) == 18
        assert operations.estimate_day(session, account_id=account.id, day=DAY, decision=decision) == 0
        acts = session.sql("select actor, after from audit where act = 'metering.day_estimated' order by id").all()
    assert (acts[0].actor, acts[0].after["reason"], acts[0].after["intervals"]) == (
        "staff:7",
        "the modem is broken",
        18,
    )
