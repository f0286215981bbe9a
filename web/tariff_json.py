"""JSON of tariffs as people paste it and other programs write it: read without bending a number or losing a name."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final

SAFE_DIGITS: Final = 18
LONGEST_NAME: Final = 60
"""Of a wrong name that is told."""


class NameTwice(ValueError):
    """A name stands twice in one object: JSON leaves open which of the two is meant."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the name {name} stands twice in one object")
        self.name = name


def loaded(text: str | bytes, *, exact: bool = False, keeps_twice: bool = False) -> Any:
    """What a text of JSON says. Fractions are their digits, for documents want text; Decimal where `exact`.

    `keeps_twice`: of two equal names the second is kept under one that no field has, so that its part alone is refused.
    What is no number that can be kept stays text. Raises NameTwice, and ValueError for what is no JSON or is nested
    without end.
    """
    try:
        return json.loads(
            text,
            parse_float=_decimal if exact else str,
            parse_int=_whole,
            parse_constant=str,
            object_pairs_hook=_renamed if keeps_twice else _distinct,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _renamed(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        found[f"{name} (twice)" if name in found else name] = value
    return found


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise NameTwice(name[:LONGEST_NAME])
        found[name] = value
    return found


def _whole(digits: str) -> int | str:
    """Numbers that are too long for any field stay text: theirs is one fault, not the whole text."""
    return int(digits) if len(digits) <= SAFE_DIGITS else digits


def _decimal(digits: str) -> Decimal | str:
    """An exponent may be beyond what Decimal holds."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        return digits
