"""Amounts, days and numbers in a language's own writing.

A page of the console writes dozens of amounts and times, and reading CLDR's patterns anew for each costs more than all
its statements: how a currency is written is learnt once.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, get_month_names
from babel.numbers import (
    format_currency,
    format_decimal,
    get_currency_name,
    get_currency_symbol,
    parse_pattern,
)

from core.money import Money, exponent

_COUNTED_IN: Final = {("zh", "CNY"): "元"}
"""Prices name the unit that one counts in, where the language has another word for it than for the currency."""
_PROBES: Final = (0, 7, -1_234, 98_765_432_100, -1_000_000)


def filters(name: str, zone: ZoneInfo) -> dict[str, Callable[..., Any]]:
    """What templates may call on values, for a language as Babel names it and the supplier's zone."""
    locale = Locale.parse(name)

    def currency(code: str) -> str:
        return _COUNTED_IN.get((locale.language, code)) or get_currency_name(code, locale=locale)

    def quantity(value: Any) -> str:
        return str(format_decimal(value, locale=locale))

    price = _digits(locale, 2, 8)

    @cache
    def digits(places: int) -> Callable[[Decimal], str]:
        return _digits(locale, places, 14)

    def exact(value: Decimal, places: int = 0) -> str:
        """All digits that it has, and at least `places` decimals: what stands in a column has as many in each line."""
        return digits(places)(value)

    numbers: dict[str, Callable[..., Any]] = {
        "currency": currency,
        "quantity": quantity,
        "price": price,
        "exact": exact,
    }
    return {**numbers, **_amounts(locale), **_times(name, zone)}


def _digits(locale: Locale, least: int, most: int) -> Callable[[Decimal], str]:
    """How numbers with so many decimals are written: by Python, where it groups and points as the language does."""
    pattern = parse_pattern(f"#,##0.{'0' * least}{'#' * (most - least)}")

    def by_pattern(value: Decimal) -> str:
        return str(pattern.apply(value, locale))

    def quickly(value: Decimal) -> str:
        whole, _, part = f"{value:,f}".partition(".")
        part = part.rstrip("0")
        if len(part) > most:
            return by_pattern(value)
        return f"{whole}.{part:0<{least}}" if part or least else whole

    is_same = all(quickly(probe) == by_pattern(probe) for probe in (Decimal(each).scaleb(-2) for each in _PROBES))
    return quickly if is_same else by_pattern


def _amounts(locale: Locale) -> dict[str, Callable[..., Any]]:
    @cache
    def writer(currency: str) -> Callable[[int], str]:
        return _writer(currency, locale)

    def money(amount: Money) -> str:
        return writer(amount.currency)(amount.minor)

    def money_parts(amount: Money) -> tuple[str, str, str, str]:
        """What stands before the sign, the sign, the number, and the sign of languages that put it last."""
        symbol = get_currency_symbol(amount.currency, locale=locale)
        before, _, after = money(amount).partition(symbol)
        is_last = any(character.isdigit() for character in before)
        return ("", "", before, symbol) if is_last else (before, symbol, after, "")

    def minor_money(minor: int, currency: str) -> str:
        return writer(currency)(minor)

    return {"money": money, "minor_money": minor_money, "money_parts": money_parts}


def _times(name: str, zone: ZoneInfo) -> dict[str, Callable[..., Any]]:
    locale, is_english = Locale.parse(name), name == "en"
    long_months, short_months = (get_month_names(width, locale=locale) for width in ("wide", "abbreviated"))

    def day(value: date) -> str:
        return format_date(value, format="long", locale=locale)

    def short_day(value: date) -> str:
        return f"{short_months[value.month]} {value.day}" if is_english else f"{value.month}月{value.day}日"

    def month(value: date) -> str:
        return f"{long_months[value.month]} {value.year}" if is_english else f"{value.year}年{value.month}月"

    def moment(value: datetime) -> str:
        at = value.astimezone(zone)
        hour = f"{at.hour:02}:{at.minute:02}"
        return f"{short_months[at.month]} {at.day}, {at.year}, {hour}" if is_english else f"{_chinese(at)} {hour}"

    def clock_of(value: datetime) -> str:
        at = value.astimezone(zone)
        return f"{at.hour:02}:{at.minute:02}"

    def month_name(number: int) -> str:
        return str(long_months[number])

    def moment_of(text: str) -> str:
        """The same for a moment as the audit log has it."""
        return moment(datetime.fromisoformat(text))

    return {
        "day": day,
        "short_day": short_day,
        "month": month,
        "month_name": month_name,
        "moment": moment,
        "moment_of": moment_of,
        "clock": clock_of,
    }


def _chinese(value: date) -> str:
    return f"{value.year}年{value.month}月{value.day}日"


def _writer(currency: str, locale: Locale) -> Callable[[int], str]:
    """How amounts in minor units are written: by what surrounds the digits, where that is all there is to know."""
    decimals = exponent(currency)
    unit = 10**decimals

    def by_pattern(minor: int) -> str:
        return str(format_currency(Money(minor, currency).major, currency, locale=locale))

    around = {sign: _around(by_pattern(sign * unit)) for sign in (1, -1)}

    def quickly(minor: int) -> str:
        before, after = around[-1 if minor < 0 else 1]
        whole, part = divmod(abs(minor), unit)
        return f"{before}{whole:,}.{part:0{decimals}}{after}" if decimals else f"{before}{whole:,}{after}"

    is_same = all(quickly(minor) == by_pattern(minor) for minor in _PROBES)
    return quickly if is_same else by_pattern


def _around(one: str) -> tuple[str, str]:
    before, _, rest = one.partition("1")
    return before, rest.lstrip("0.,")
