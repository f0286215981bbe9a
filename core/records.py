"""Records of imports, from whichever edge they come: lines of files and JSON objects as texts of a layout's columns."""

import csv
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, Protocol, TypeAlias, cast

from core.errors import Refusal
from core.texts import is_line, normal_form

LINE: Final = "line"
"""Name of the field of a reject that concerns the whole record."""

CHUNK_ROWS: Final = 10_000
"""Records of a transaction, where a format does not say otherwise."""
MAX_LINE_BYTES: Final = 64 * 1024
UTF8_MARK: Final = b"\xef\xbb\xbf"
OTHER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")

FORMATS: Final = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
PACKED: Final = ".gz"
MOST_PACKED: Final = 200
"""So many times the size of a packed file it may have unpacked; readings come to twenty, a bomb to a thousand."""
SMALL_BYTES: Final = 1 << 20
"""What no ratio is asked of."""


class BadFile(Refusal):
    """The file as a whole cannot be read: its name, its encoding or its heading."""

    code = "bad_file"


class Row(NamedTuple):
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
    if text.isascii() and text.isprintable():
        return text
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


class Records(Protocol):
    """A file as records, of whatever format; what a loader makes of its file when it is not lines of CSV or JSON.

    It promises: the object is made without reading more than the beginning, and raises BadFile for what is not the
    format at all. `records` reads the file from its start in constant memory, answers one Row (or Reject) per record
    in the order of the file, never raises for what one record holds, and skips the first `skip` of what it answered
    before, rejects included: so a run that was cut off goes on. `Row.no` is the place by which people find the record
    (a line's number), `Row.values` are texts that the loader of this format alone understands. A file that breaks off
    in the middle ends with a Reject that says so.
    """

    size: int
    """Bytes of the file as it lies there; progress is told by the place in it."""
    chunk_rows: int
    """At most so many records are one transaction: fewer where one record holds a day of readings or more."""

    def records(self, file: BinaryIO, *, skip: int) -> Iterator[Row | Reject]:
        """Records behind the first `skip`, read from `file`, which stands at its start."""


class Source:
    """A file of one layout; the heading is read when the object is made. A name that ends in `.gz` is packed."""

    def __init__(self, path: Path, layout: Layout, *, chunk_rows: int = CHUNK_ROWS) -> None:
        self.chunk_rows = chunk_rows
        is_packed = path.suffix.lower() == PACKED
        suffix = Path(path.stem).suffix.lower() if is_packed else path.suffix.lower()
        if suffix not in FORMATS:
            raise BadFile(reason="the name must end in .csv, .jsonl or .ndjson, or one of these and .gz")
        self.size = path.stat().st_size
        self._layout = layout
        self._format = FORMATS[suffix]
        self._is_packed = is_packed
        self._known = frozenset(layout.columns)
        try:
            with path.open("rb") as file:
                self._look(unpacked(file) if is_packed else file)
        except UNPACKABLE as error:
            raise BadFile(reason="the file is not packed by gzip, or damaged") from error

    def records(self, file: BinaryIO, *, skip: int) -> Iterator[Row | Reject]:
        """Records behind the first `skip`; blank lines count as lines and not as records."""
        if not self._is_packed:
            yield from self._records(file, skip=skip)
            return
        number = 0
        try:
            for record in self._records(unpacked(file), skip=skip):
                number = record.no if isinstance(record, Row) else record.row_no
                yield record
        except UNPACKABLE:
            broken = Unreadable(LINE, "cannot be unpacked: the file is damaged or cut short from here on")
        except TooPacked:
            broken = Unreadable(LINE, f"unpacks to more than {MOST_PACKED} times the size of the file: not read on")
        else:
            return
        yield Reject(number + 1, broken.field, broken.reason)

    def _look(self, file: BinaryIO) -> None:
        first = file.read(len(UTF8_MARK))
        if first[:2] in OTHER_MARKS:
            raise BadFile(reason="the file is UTF-16: save it as UTF-8")
        if self._format == "csv":
            file.seek(len(UTF8_MARK) if first == UTF8_MARK else 0)
            self._values: Callable[[list[str | None]], tuple[str | None, ...]] = itemgetter(*self._heading(file))

    def _records(self, file: BinaryIO, *, skip: int) -> Iterator[Row | Reject]:
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

    def _heading(self, file: BinaryIO) -> tuple[int, ...]:
        """Where the layout's columns stand in a line; behind its end, those that do not."""
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
        return tuple(names.index(column) if column in names else len(names) for column in self._layout.columns)

    def _parse_csv(self, text: str) -> tuple[str | None, ...]:
        found: list[str | None]
        if '"' in text or " " in text or not text.isascii():
            found = [cell.strip() or None for cell in cells(text)]
        else:
            found = [cell or None for cell in text.split(",")]
        if len(found) != self._width:
            raise Unreadable(LINE, f"has {len(found)} columns, the heading has {self._width}")
        found.append(None)
        return self._values(found)

    def _parse_json(self, text: str) -> tuple[str | None, ...]:
        return values_of(self._layout, record_of(text))


class TooPacked(Exception):
    """A packed file holds far more than its size says."""


UNPACKABLE: Final = (gzip.BadGzipFile, EOFError, zlib.error)
"""What reading a packed file raises where it is damaged or cut short."""


class _Unpacked(io.RawIOBase):
    """What a packed file holds, as long as it is in proportion to what was read of it."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._stream = gzip.GzipFile(fileobj=packed, mode="rb")
        self._most = max(SMALL_BYTES, MOST_PACKED * packed.seek(0, io.SEEK_END))
        packed.seek(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        found = self._stream.read1(len(buffer))
        if self._stream.tell() > self._most:
            raise TooPacked
        buffer[: len(found)] = found
        return len(found)


def unpacked(file: BinaryIO) -> BinaryIO:
    """What a file holds that was packed by gzip, in constant memory.

    Reading raises one of UNPACKABLE where it is damaged, and TooPacked once more comes than such a file may hold.
    """
    return cast("BinaryIO", io.BufferedReader(_Unpacked(file), 1 << 16))


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
    if text and '"' not in text:
        return text.split(",")
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
