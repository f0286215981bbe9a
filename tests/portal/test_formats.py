"""Amounts and times are written as CLDR says, however quickly."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal
from hypothesis import given
from hypothesis import strategies as st

from core.money import Money
from portal import formats

ZONE = ZoneInfo("Asia/Shanghai")
WRITTEN = {name: formats.filters(name, ZONE) for name in ("en", "zh_Hans_CN", "de", "en_IN")}


@pytest.mark.parametrize("name", WRITTEN)
@given(minor=st.integers(-(10**15), 10**15), currency=st.sampled_from(["CNY", "JPY", "KWD", "EUR"]))
def test_an_amount_is_written_as_its_language_writes_it(name: str, minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    assert WRITTEN[name]["money"](amount) == format_currency(amount.major, currency, locale=name)


@pytest.mark.parametrize("name", WRITTEN)
@given(number=st.decimals(-(10**12), 10**12, allow_nan=False), places=st.integers(0, 6))
def test_a_number_is_written_as_its_language_writes_it(name: str, number: Decimal, places: int) -> None:
    pattern = f"#,##0.{'0' * places}{'#' * (14 - places)}"
    assert WRITTEN[name]["exact"](number, places) == format_decimal(number, pattern, locale=name)
    assert WRITTEN[name]["price"](number) == format_decimal(number, "#,##0.00######", locale=name)


@pytest.mark.parametrize(("name", "pattern"), [("en", "MMM d, yyyy, HH:mm"), ("zh_Hans_CN", "y年M月d日 HH:mm")])
@given(at=st.datetimes(datetime(1990, 1, 1), datetime(2190, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 -- `timezones`
def test_a_moment_is_written_in_the_suppliers_zone(name: str, pattern: str, at: datetime) -> None:
    told = format_datetime(at, format=pattern, tzinfo=ZONE, locale=name)
    assert WRITTEN[name]["moment"](at) == told
