"""What a running bill will come to: what the guess stands on, how wrong it may be, and when none is made."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from core.crypto.vault import Vault
from core.db import Database
from core.money import Money
from services.tariffs.queries import Use, parse, price
from services.usage.rules.forecasting import guess
from tests.factories.accounts import make_account
from tests.factories.tariffs import FLAT, make_version
from tests.factories.usage import bind, days_of, make_calendar
from tests.services.usage.test_running import (
    AUGUST,
    GUANGZHOU,
    PERIODS,
    hourly,
    of_guangzhou,
    on_guangzhou,
    put,
    running,
)


@pytest.fixture
def account_id(database: Database, vault: Vault) -> int:
    with database.write() as session:
        return make_account(session, vault).id


def test_a_steady_use_is_foreseen_to_the_minor_unit_and_an_unsteady_one_with_a_range(
    database: Database, account_id: int
) -> None:
    on_guangzhou(database, account_id)
    put(database, account_id, hourly(date(2025, 6, 1), date(2025, 7, 11), 1_000_000))
    found = running(database, account_id, date(2025, 7, 11)).forecast
    assert found is not None
    whole = price(parse(GUANGZHOU), _month_of(31 * 24))
    assert (found.middle, found.kwh, found.days_seen, found.is_wide) == (
        Money(whole.total_minor, "CNY"),
        Decimal(744),
        28,
        True,
    )
    assert found.low < found.middle < found.high


def test_a_forecast_stands_on_whole_days_alone(database: Database, account_id: int) -> None:
    on_guangzhou(database, account_id)
    put(
        database,
        account_id,
        hourly(date(2025, 6, 1), date(2025, 7, 11), 1_000_000)
        | {date(2025, 6, 30): [1_000_000] * 6 + [None] * 18, date(2025, 7, 1): [None] * 23 + [1_000_000]},
    )
    found = running(database, account_id, date(2025, 7, 11)).forecast
    assert found is not None
    assert (found.kwh, found.days_seen) == (Decimal(9 * 24 + 1 + 21 * 24), 26)


def test_no_forecast_is_made_of_a_month_of_which_a_part_cannot_be_priced(database: Database, account_id: int) -> None:
    change = date(2025, 7, 6)
    two_part = {**FLAT, "demand": {"mode": "capacity", "price": "20"}}  # nobody said what the transformer can carry
    with database.write() as session:
        for no, (code, document, first) in enumerate((("KVA", two_part, date(2025, 6, 1)), ("A", FLAT, change)), 1):
            make_calendar(session, make_version(session, code=code, document=document), days_of(first, AUGUST))
            bind(session, account_id, code, no=no, first=first, end=change if no == 1 else None)
    put(database, account_id, hourly(date(2025, 6, 1), date(2025, 7, 11), 1_000_000))
    found = running(database, account_id, date(2025, 7, 11))
    assert ([part.tariff_code for part in found.parts], found.unpriced_days) == (["A"], 5)
    assert found.forecast is None


def test_while_the_tariff_is_still_to_change_no_forecast_is_made_and_the_day_is_told(
    database: Database, account_id: int
) -> None:
    change = date(2025, 7, 16)
    with database.write() as session:
        version = make_version(session, code="A")
        make_calendar(session, version, days_of(date(2025, 6, 1), change))
        bind(session, account_id, "A", end=change)
        version = make_version(session, code="GZ", document=GUANGZHOU, periods=PERIODS)
        bind(session, account_id, "GZ", no=2, first=change)
        make_calendar(session, version, days_of(change, AUGUST), period=of_guangzhou)
    put(database, account_id, hourly(date(2025, 6, 1), date(2025, 7, 11), 1_000_000))
    found = running(database, account_id, date(2025, 7, 11))
    assert (found.forecast, found.changes_on) == (None, change)
    put(database, account_id, hourly(date(2025, 7, 11), change, 1_000_000))
    assert running(database, account_id, change).changes_on == change, "no day of the new tariff is read yet"
    put(database, account_id, hourly(change, date(2025, 7, 19), 1_000_000))
    assert running(database, account_id, date(2025, 7, 19)).changes_on is None


def _month_of(kwh: int) -> Any:
    day = {"peak": 7, "flat": 9, "valley": 8}
    return Use(
        month=7, kwh={name: Decimal(kwh // 24 * hours) for name, hours in day.items()}, days=31, days_in_month=31
    )


def test_a_guess_knows_weekends_and_how_wrong_it_was_before() -> None:
    first, begin = date(2024, 6, 1), date(2025, 7, 10)
    uses = {
        day: {"all": (300 if day.weekday() >= 5 else 100) * (2 if day.day > 10 and day.month % 2 == 0 else 1)}
        for day in days_of(first, begin)
    }
    found = guess(uses, begin=begin, end=AUGUST)
    assert found is not None
    assert found == guess(dict(reversed(uses.items())), begin=begin, end=AUGUST)
    assert not found.is_wide
    assert found.low < 1 < found.high
    steady = {day: {"all": 300 if day.weekday() >= 5 else 100} for day in days_of(first, begin)}
    exact = guess(steady, begin=begin, end=AUGUST)
    assert exact is not None
    assert exact.energies == {"all": sum(300 if day.weekday() >= 5 else 100 for day in days_of(begin, AUGUST))}
    assert (exact.low, exact.high) == (Fraction(1), Fraction(1))
    assert guess({begin - timedelta(1): {"all": 1}}, begin=begin, end=AUGUST) is None


def test_a_guess_lies_midway_between_the_last_weeks_and_what_the_same_days_did_a_year_before() -> None:
    begin = date(2025, 7, 10)

    def used(first: date, end: date, energy: int) -> dict[date, dict[str, int]]:
        return {day: {"all": energy * (3 if day.weekday() >= 5 else 1)} for day in days_of(first, end)}

    then = begin - timedelta(weeks=52)
    uses = used(then - timedelta(weeks=4), then, 100) | used(then, then + timedelta(weeks=4), 200)
    weeks = used(begin - timedelta(weeks=4), begin, 150)
    found, alone = (guess(known, begin=begin, end=AUGUST) for known in (uses | weeks, weeks))
    assert found is not None
    assert alone is not None
    plain = sum(each["all"] for each in used(begin, AUGUST, 150).values())
    assert alone.energies == {"all": plain}
    assert found.energies == {"all": (plain + 2 * plain) // 2}, "then the days to come used twice what those before did"
