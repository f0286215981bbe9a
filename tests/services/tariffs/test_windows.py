"""Which price period holds when: months, classes of days, named holidays, hot days, moved clocks, priorities."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tariffs.queries import DayFacts, cycle_of, day_class, day_periods, parse, period_of, spans
from tests.services.tariffs import independent
from tests.services.tariffs.cases import CASES
from tests.services.tariffs.shapes import Case, cases


def tariff(*windows: dict[str, Any], zone: str = "Asia/Shanghai") -> Any:
    periods = {"flat", *(window["period"] for window in windows)}
    energy = {
        "lines": "period_plus_adders",
        "prices": dict.fromkeys(periods, "1"),
        "windows": list(windows),
        "default_period": "flat",
    }
    return parse({"id": "t", "currency": "CNY", "time_zone": zone, "energy": energy})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ALL_DAY: Final = {"from": "00:00", "to": "24:00"}
GUANGDONG: Final = tariff(
    {"period": "sharp", "from": "11:00", "to": "12:00", "months": [7, 8, 9]},
    {"period": "sharp", "from": "11:00", "to": "12:00", "temperature": {"place": "guangzhou", "at_least_c": "35"}},
    {"period": "peak", "from": "10:00", "to": "12:00"},
)
HOT: Final = DayFacts(max_c={"guangzhou": Decimal("35.0")})
SHANGHAI: Final = tariff(
    {"period": "deep_valley", "from": "00:00", "to": "06:00", "days": ["holiday"], "priority": 1},
    {
        "period": "deep_valley",
        "from": "00:00",
        "to": "06:00",
        "days": ["weekend"],
        "months": [2, 3, 4, 5, 6, 9, 10, 11],
    },
    {"period": "valley", "from": "00:00", "to": "06:00"},
    {"period": "peak", "from": "10:00", "to": "14:00", "priority": -1},
    {"period": "sharp", "from": "10:00", "to": "14:00", "holidays": ["labour_day"]},
)


@pytest.mark.parametrize(
    ("start", "facts", "period"),
    [
        ("2025-07-01T11:00", DayFacts(), "sharp"),
        ("2025-07-01T12:00", DayFacts(), "flat"),
        ("2025-07-01T10:59", DayFacts(), "peak"),
        ("2025-06-01T11:45", DayFacts(), "peak"),
        ("2025-06-01T11:45", HOT, "sharp"),
        ("2025-06-01T11:45", DayFacts(max_c={"guangzhou": Decimal("34.9")}), "peak"),
        ("2025-06-01T11:45", DayFacts(max_c={"shenzhen": Decimal(40)}), "peak"),
    ],
)
def test_sharp_hours_are_those_of_summer_and_of_any_other_hot_day(start: str, facts: DayFacts, period: str) -> None:
    assert period_of(GUANGDONG, at(start), facts) == period


@pytest.mark.parametrize(
    ("start", "facts", "period"),
    [
        ("2025-03-01T05:45", DayFacts(), "deep_valley"),
        ("2025-03-01T06:00", DayFacts(), "flat"),
        ("2025-03-01T05:45", DayFacts(is_working_weekend=True), "valley"),
        ("2025-01-04T05:45", DayFacts(), "valley"),
        ("2025-01-29T05:45", DayFacts(holidays=frozenset({"spring_festival"})), "deep_valley"),
        ("2025-05-01T10:00", DayFacts(holidays=frozenset({"labour_day"})), "sharp"),
        ("2025-10-01T10:00", DayFacts(holidays=frozenset({"national_day"})), "peak"),
        ("2025-05-05T10:00", DayFacts(), "peak"),
    ],
)
def test_holidays_weekends_and_weekends_that_are_worked_have_their_periods(
    start: str, facts: DayFacts, period: str
) -> None:
    assert period_of(SHANGHAI, at(start), facts) == period


def test_the_first_window_holds_unless_another_has_priority() -> None:
    both = {"period": "a", **ALL_DAY}, {"period": "b", **ALL_DAY}
    assert period_of(tariff(*both), at("2025-01-01T00:00")) == "a"
    assert period_of(tariff(both[0], {**both[1], "priority": 1}), at("2025-01-01T00:00")) == "b"


def test_a_holiday_on_a_worked_weekend_is_a_holiday() -> None:
    both = DayFacts(holidays=frozenset({"x"}), is_working_weekend=True)
    assert [day_class(date(2025, 3, 1), facts) for facts in (both, DayFacts())] == ["holiday", "weekend"]


NIGHT: Final = {"period": "valley", "from": "00:00", "to": "03:00"}


@pytest.mark.parametrize(
    ("zone", "day", "quarters", "valley"),
    [
        ("Asia/Shanghai", date(2025, 3, 30), 96, 12),
        ("Europe/London", date(2025, 3, 30), 92, 8),
        ("Europe/London", date(2025, 10, 26), 100, 16),
        ("America/New_York", date(2025, 3, 9), 92, 8),
        ("America/New_York", date(2025, 11, 2), 100, 16),
        ("Australia/Lord_Howe", date(2025, 10, 5), 94, 10),
        ("Atlantic/Azores", date(2025, 3, 30), 92, 8),
    ],
)
def test_a_day_has_as_many_quarters_as_pass_in_it_and_the_moved_hour_is_the_nights(
    zone: str, day: date, quarters: int, valley: int
) -> None:
    found = day_periods(tariff(NIGHT, zone=zone), day)
    assert (len(found), found.count("valley"), spans(found)[0][2]) == (quarters, valley, "valley")


def test_a_day_of_the_suppliers_zone_may_differ_from_the_tariffs() -> None:
    assert len(day_periods(tariff(NIGHT), date(2025, 3, 30), zone=ZoneInfo("Europe/London"))) == 92


FACTS: Final = [
    {},
    {"holidays": ["national_day"]},
    {"is_working_weekend": True},
    {"max_c": {"guangzhou": "36"}, "holidays": ["other"]},
]


@settings(max_examples=150, deadline=None)
@given(cases(lines=("plus",)), st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.sampled_from(FACTS))
def test_any_windows_give_each_quarter_the_period_that_the_independent_engine_gives(
    case: Case, day: date, said: dict[str, Any]
) -> None:
    found = parse(case["tariff"])
    facts = DayFacts(
        frozenset(said.get("holidays", ())),
        said.get("is_working_weekend", False),
        {place: Decimal(heat) for place, heat in said.get("max_c", {}).items()},
    )
    midnight = at(day.isoformat())
    starts = [midnight + timedelta(minutes=15 * quarter) for quarter in range(96)]
    periods = day_periods(found, day, facts)
    assert periods == tuple(period_of(found, start, facts) for start in starts)
    if len(found.periods) > 1:
        theirs = [independent.period_at(case["tariff"], day.isoformat(), 15 * quarter, said) for quarter in range(96)]
        assert list(periods) == theirs


@pytest.mark.parametrize(
    ("since", "month", "first", "months"),
    [
        (None, "2025-08-01", "2025-01-01", 12),
        ("2025-04-20", "2025-08-01", "2025-04-20", 9),
        ("2025-12-31", "2025-12-01", "2025-12-31", 1),
        ("2024-04-20", "2025-08-01", "2025-01-01", 12),
    ],
)
def test_a_new_holder_has_the_limits_of_the_months_that_are_theirs(
    since: str | None, month: str, first: str, months: int
) -> None:
    begun = None if since is None else date.fromisoformat(since)
    found = cycle_of(parse(CASES["P05"]["tariff"]), date.fromisoformat(month), since=begun)
    assert (found.first.isoformat(), found.months) == (first, months)


def test_who_leaves_in_the_year_has_the_limits_until_then_and_years_may_begin_in_any_month() -> None:
    document = CASES["P05"]["tariff"]
    july = parse({**document, "tiers": {**document["tiers"], "first_month": 7}})
    assert cycle_of(july, date(2025, 6, 1)).first == date(2024, 7, 1)
    left = cycle_of(july, date(2025, 2, 1), since=date(2024, 12, 5), until=date(2025, 2, 11))
    assert (left.first, left.end, left.months) == (date(2024, 12, 5), date(2025, 2, 11), 3)


def test_a_cycle_by_the_month_is_the_month() -> None:
    found = cycle_of(parse(CASES["P06"]["tariff"]), date(2025, 2, 9), since=date(2025, 2, 3))
    assert (found.first, found.end, found.months) == (date(2025, 2, 3), date(2025, 3, 1), 1)
