"""Records of imports, from whichever edge they come: JSON objects as the texts of a layout's columns."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from core.texts import is_line, normal_form

LINE: Final = "line"
"""Name of the field of a reject that concerns the whole record."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a kind of record.

    `nested` turns a JSON array of one column into the text that the CSV form has there.
    """

    columns: tuple[str, ...]
    required: frozenset[str]
    nested: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)


class Unreadable(Exception):
    """A record cannot be read: which field, and what is expected of it. The reason never repeats the value."""

    def __init__(self, field_name: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field_name
        self.reason = reason


def record_of(text: str) -> object:
    """A JSON text with its numbers as they are written. Raises Unreadable."""
    try:
        found: object = json.loads(
            text, parse_int=str, parse_float=str, parse_constant=_refuse_constant, object_pairs_hook=_distinct
        )
    except (ValueError, RecursionError) as error:
        raise Unreadable(LINE, "is not JSON") from error
    return found


def values_of(layout: Layout, record: object) -> tuple[str | None, ...]:
    """The values of a record in the order of the layout's columns; an empty one is None. Raises Unreadable."""
    if not isinstance(record, dict):
        raise Unreadable(LINE, "is not a JSON object")
    if unknown := sorted(record.keys() - set(layout.columns)):
        place = list(record).index(unknown[0]) + 1
        raise Unreadable(LINE, f"has unknown names, the first of {len(unknown)} at position {place}")
    return tuple(_value(layout, column, record.get(column)) for column in layout.columns)


def clean(text: str) -> str:
    """Refuse what no column of ours may hold; a tab is a space. Raises Unreadable."""
    spaced = text.replace("\t", " ")
    if not is_line(spaced):
        raise Unreadable(LINE, "has characters that are not seen")
    return normal_form(spaced)


def _value(layout: Layout, column: str, value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return clean(value).strip() or None
        case list() if column in layout.nested:
            try:
                return clean(layout.nested[column](value))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise Unreadable(column, "is not a list of the documented objects") from error
        case _:
            raise Unreadable(column, "must be a text, a number, true, false or null")


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        # Readers of JSON differ in which of the two they take: nobody knows what the writer meant.
        raise Unreadable(LINE, "has a name twice")
    return made


def _refuse_constant(_name: str) -> str:
    msg = "not a JSON number"
    raise ValueError(msg)
