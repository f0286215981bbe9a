"""An amount that somebody typed is the one that they meant, or none."""

import pytest

from portal.amounts import typed_minor


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("128.60", "CNY", 12_860),
        ("128,60", "CNY", 12_860),
        ("12,50", "EUR", 1_250),
        ("12.5", "CNY", 1_250),
        ("128", "CNY", 12_800),
        ("0.01", "CNY", 1),
        (" ¥ 1,250.00 ", "CNY", 125_000),
        ("￥5", "CNY", 500),
        ("1.250,00", "EUR", 125_000),
        ("1,250", "CNY", 125_000),
        ("1,234,567.8", "CNY", 123_456_780),
        ("1.234.567", "EUR", 123_456_700),
        ("1250", "JPY", 1_250),
        ("1,250", "JPY", 1_250),
        ("1.250", "KWD", 1_250),
        ("9" * 32, "CNY", int("9" * 32 + "00")),
    ],
)
def test_plain_and_grouped_amounts_are_read(text: str, currency: str, minor: int) -> None:
    assert typed_minor(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        *((text, "CNY") for text in ("", "-1", "+1", "1e3", "9e999999", "1_000", "１２", "٣", "NaN", "0x10", "1 000")),
        *(
            (text, "CNY")
            for text in ("1.250", "12.345", "1,25,000", "12,3456", "1,250,00", "1.2.3", ".5", "5.", "0,500")
        ),
        *((text, "CNY") for text in ("€5", "¥¥5", "5元", "1,250.000", "1.250,000", "１,250")),
        ("1.0", "JPY"),
        ("1,250", "KWD"),
    ],
)
def test_what_is_no_amount_or_may_be_two_is_none(text: str, currency: str) -> None:
    assert typed_minor(text, currency) is None
