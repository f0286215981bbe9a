"""Amounts as people type them."""

import re
from typing import Final

from core.money import exponent

_SIGNS: Final = {"CNY": "¥￥", "JPY": "¥￥", "EUR": "€"}
_PLAIN: Final = re.compile(r"([0-9]+)(?:[.,]([0-9]+))?")
_GROUPED: Final = (
    re.compile(r"([1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.([0-9]+))?"),
    re.compile(r"([1-9][0-9]{0,2}(?:\.[0-9]{3})+),([0-9]+)"),
    re.compile(r"([1-9][0-9]{0,2}(?:\.[0-9]{3}){2,})()"),
)


def typed_minor(text: str, currency: str) -> int | None:
    """Minor units of an amount that somebody typed; None for what is no amount of this currency, or may be read as two.

    Digits with a point or a comma before at most as many decimals as the currency has, and whole groups of three
    parted by the other mark. A point alone stands before decimals; `1,250` is grouped where three decimals cannot be.
    """
    bare = text.strip()
    if bare[:1] in _SIGNS.get(currency, ()):
        bare = bare[1:].lstrip()
    found = [match for form in (_PLAIN, *_GROUPED) if (match := form.fullmatch(bare))]
    readings = {_read(match[1], match[2] or "", exponent(currency)) for match in found} - {None}
    return readings.pop() if len(readings) == 1 else None


def _read(whole: str, decimals: str, most: int) -> int | None:
    if len(decimals) > most:
        return None
    return int(re.sub(r"[.,]", "", whole) + decimals.ljust(most, "0"))
