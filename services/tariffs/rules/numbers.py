"""Exact decimal arithmetic: numbers as text, the context in which nothing is lost, and the one rounding."""

import decimal
import re
from decimal import Context, Decimal
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainSerializer
from pydantic_core import PydanticCustomError

from core.money import BIGINT_MAX, exponent
from services.tariffs.errors import Fault, UseInvalid

DIGITS: Final = 12
DECIMALS: Final = 8
"""A unit price of Shenzhen has eight decimals; so has the column that holds one."""

EXACT: Final = Context(
    prec=150,
    traps=[decimal.Inexact, decimal.InvalidOperation, decimal.Overflow, decimal.DivisionByZero, decimal.FloatOperation],
)
"""Entered by every calculation: a digit that would be lost raises, instead of a wrong amount."""

_ROUNDING: Final = Context(prec=150, traps=[decimal.InvalidOperation, decimal.Overflow])
_PLAIN: Final = re.compile(rf"(?!-0(\.0+)?$)-?(0|[1-9]\d{{0,{DIGITS - 1}}})(\.\d+)?", re.ASCII)

MODES: Final = {
    "half_up": decimal.ROUND_HALF_UP,
    "half_down": decimal.ROUND_HALF_DOWN,
    "half_even": decimal.ROUND_HALF_EVEN,
    "up": decimal.ROUND_UP,
    "down": decimal.ROUND_DOWN,
}
"""All mirror: what is taken back is rounded as what was charged. `up` is away from zero, `down` towards it."""


def decimal_of(value: object) -> Decimal:
    """A number of a document. Raises PydanticCustomError with a code of ours; exponents, NaN and signs are no numbers.

    The scale is kept: `0.30` stays `0.30` wherever it is shown.
    """
    if not isinstance(value, str) or len(value) > DIGITS + 60 or not _PLAIN.fullmatch(value):
        raise PydanticCustomError("not_a_number", "")
    number = Decimal(value)
    if decimals(number) > DECIMALS:
        raise PydanticCustomError("decimals_too_many", "")
    return number


def bounded(least: str, most: str) -> BeforeValidator:
    """A number of a document from `least` to `most`."""
    low, high = Decimal(least), Decimal(most)

    def check(value: object) -> Decimal:
        number = decimal_of(value)
        if not low <= number <= high:
            raise PydanticCustomError("number_out_of_range", "")
        return number

    return BeforeValidator(check)


def plain(number: Decimal) -> str:
    """The digits as they are, never with an exponent."""
    return format(number, "f")


def short(number: Decimal) -> str:
    """The same value without zeros at the end."""
    text = plain(number)
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimals(number: Decimal) -> int:
    """Digits behind the point."""
    places = number.as_tuple().exponent
    return max(0, -places) if isinstance(places, int) else 0


def rounded(amount: Decimal, places: int, mode: str) -> Decimal:
    """An amount with `places` decimals, by a mode of `MODES`."""
    return amount.quantize(_UNITS[places], MODES[mode], _ROUNDING)


def minor_of(amount: Decimal, currency: str) -> int:
    """A rounded amount in minor units. Raises UseInvalid when no ledger could hold it."""
    minor = int(amount.scaleb(exponent(currency)))
    if abs(minor) > BIGINT_MAX:
        raise UseInvalid([Fault("$", "amount_too_large")])
    return minor


_UNITS: Final = tuple(Decimal(1).scaleb(-places) for places in range(13))

_TEXT = PlainSerializer(plain, return_type=str)
Number = Annotated[Decimal, bounded("-1000000000", "1000000000"), _TEXT]
Positive = Annotated[Decimal, bounded("0.00000001", "1000000000"), _TEXT]
Unsigned = Annotated[Decimal, bounded("0", "1000000000"), _TEXT]
Share = Annotated[Decimal, bounded("0", "1"), _TEXT]
