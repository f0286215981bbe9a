"""Records of imports, from whichever edge they come: lines of files and JSON objects as texts of a layout's columns."""

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

from core.errors import Refusal
from core.texts import is_line, normal_form

LINE: Final = "line"
"""Name of the field of a reject that concerns the whole record."""

MAX_LINE_BYTES: Final = 64 * 1024
UTF8_MARK: Final = b"\xef\xbb\xbf"
OTHER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")

FORMATS: Final = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class BadFile(Refusal):
    """The file as a whole cannot be read: its name, its encoding or its heading."""

    code = "bad_file"


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its line in the file, and its values in the order of the layout's columns; an empty field is None."""

    no: int
    values: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Reject:
    """Why a line was not taken. The reason says what is expected and never repeats the value.

    `unit_id` says to whom it belongs, 0 where nobody can tell.
    """

    row_no: int
    field: str
    reason: str
    unit_id: int = 0


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


def digest_of(path: Path) -> bytes:
    """What a file is known by."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


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


class Source:
    """A file of one layout; the heading is read when the object is made."""

    def __init__(self, path: Path, layout: Layout) -> None:
        if path.suffix.lower() not in FORMATS:
            raise BadFile(reason="the name must end in .csv, .jsonl or .ndjson")
        self.size = path.stat().st_size
        self._layout = layout
        self._format = FORMATS[path.suffix.lower()]
        self._known = frozenset(layout.columns)
        with path.open("rb") as file:
            first = file.read(len(UTF8_MARK))
            if first[:2] in OTHER_MARKS:
                raise BadFile(reason="the file is UTF-16: save it as UTF-8")
            if self._format == "csv":
                file.seek(len(UTF8_MARK) if first == UTF8_MARK else 0)
                self._places = self._heading(file)

    def records(self, file: BinaryIO, *, skip: int) -> Iterator[Row | Reject]:
        """Records behind the first `skip`; blank lines count as lines and not as records."""
        parse = self._parse_csv if self._format == "csv" else self._parse_json
        seen = 0
        for number, raw in lines(file):
            if (number == 1 and self._format == "csv") or not raw.strip():
                continue
            seen += 1
            if seen <= skip:
                continue
            try:
                yield Row(number, parse(line_text(raw)))
            except Unreadable as error:
                yield Reject(number, error.field, error.reason)

    def _heading(self, file: BinaryIO) -> tuple[int | None, ...]:
        raw = file.readline(MAX_LINE_BYTES)
        try:
            names = [name.strip().lower() for name in cells(line_text(raw))]
        except Unreadable as error:
            raise BadFile(reason=f"heading: {error.reason}") from error
        if unknown := sorted(set(names) - self._known):
            raise BadFile(reason=f"unknown columns: {', '.join(name[:32] for name in unknown[:8])}")
        if len(set(names)) != len(names):
            raise BadFile(reason="a column stands twice in the heading")
        if missing := sorted(self._layout.required - set(names)):
            raise BadFile(reason=f"missing columns: {', '.join(missing)}")
        self._width = len(names)
        return tuple(names.index(column) if column in names else None for column in self._layout.columns)

    def _parse_csv(self, text: str) -> tuple[str | None, ...]:
        found = cells(text)
        if len(found) != self._width:
            raise Unreadable(LINE, f"has {len(found)} columns, the heading has {self._width}")
        return tuple(None if place is None else found[place].strip() or None for place in self._places)

    def _parse_json(self, text: str) -> tuple[str | None, ...]:
        return values_of(self._layout, record_of(text))


def lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Numbered lines; of an oversized one only the beginning, which is enough to refuse it."""
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
            while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
        yield number, raw.removeprefix(UTF8_MARK) if number == 1 else raw


def line_text(raw: bytes) -> str:
    """A line without its end. Raises Unreadable."""
    if len(raw) > MAX_LINE_BYTES:
        raise Unreadable(LINE, f"is longer than {MAX_LINE_BYTES} bytes")
    try:
        return clean(raw.decode("utf-8").rstrip("\r\n"))
    except UnicodeDecodeError as error:
        raise Unreadable(LINE, f"is not UTF-8 at byte {error.start + 1}") from error


def cells(text: str) -> list[str]:
    """The fields of a line of CSV. Raises Unreadable."""
    try:
        return next(csv.reader((text,), strict=True), [])
    except csv.Error as error:
        raise Unreadable(LINE, "has quotes that do not close; a record must be one line") from error


Chunk: TypeAlias = tuple[list[Row | Reject], int]
"""Records, and how many bytes of the file they and all before them take."""


def chunks(records: Iterator[Row | Reject], *, size: int, file: BinaryIO) -> Iterator[Chunk]:
    """Records of a file, `size` at a time."""
    chunk: list[Row | Reject] = []
    for record in records:
        chunk.append(record)
        if len(chunk) == size:
            yield chunk, file.tell()
            chunk = []
    if chunk:
        yield chunk, file.tell()
