"""Files of readings in formats of others, as records of an import: NEM12 and Green Button.

A record is what is taken or refused as a whole: a day of a stream, or one reading. The formats are pure and live in
`services.metering.formats`; here they meet the run, its resume point and its rejects.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, ClassVar, Final, cast

from core.records import (
    PACKED,
    UNPACKABLE,
    UTF8_MARK,
    BadFile,
    Layout,
    Records,
    Reject,
    Row,
    lines,
    unpacked,
)
from services.metering.formats import espi, nem12
from services.metering.formats.intervals import Run
from services.metering.formats.naming import Naming
from services.metering.measures import IntervalRow
from services.metering.operations.blocks import Blocks
from services.metering.operations.importing import IntervalsLoader, ReadingsLoader
from services.metering.operations.taking import Sender

HEAD_BYTES: Final = 4096
_NONE: Final = "-"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def loader_of(
    path: Path,
    sender: Sender,
    *,
    naming: Naming | None = None,
    labels: tzinfo | None = None,
    minutes: int | None = None,
) -> IntervalsLoader:
    """How a file of readings is read, told by its beginning. Raises BadFile.

    `naming` is for files that call meters by other names, `labels` and `minutes` for those that leave out what these
    say: whatever a format tells itself, or has no place for, nobody else may tell.
    """
    head = _head(path)
    if head.startswith(b"<") or b"<\x00" in head[:4] or b"\x00<" in head[:4]:
        found: IntervalsLoader = GreenButtonLoader(sender, naming or Naming())
    elif nem12.is_nem12(head.decode("utf-8", "replace")):
        if naming is not None and naming.only is not None:
            raise BadFile(reason="the file names its meters: give theirs in a list of names")
        found = Nem12Loader(sender, naming or Naming())
    elif naming is not None:
        raise BadFile(reason="rows of CSV and JSON name their meters and lengths themselves: no other names are needed")
    else:
        return ReadingsLoader(sender, labels=labels, minutes=minutes)
    if labels is not None or minutes is not None:
        # What the file says and what somebody says of it may differ, and then one of them is wrong.
        raise BadFile(reason="the file tells its zone and the length of its intervals itself")
    return found


class _OthersLoader(IntervalsLoader):
    """Records of a format as texts, and back: what is read and what is staged are apart, for the sake of resuming."""

    kind: ClassVar[str] = "readings"
    layout: ClassVar[Layout] = Layout(
        ("meter_no", "channel", "minutes", "start", "energies", "qualities"), frozenset({"start"})
    )

    def __init__(self, sender: Sender, naming: Naming) -> None:
        super().__init__(sender)
        self._naming = naming

    def put(self, row: Row, blocks: Blocks) -> None:
        """The intervals of a record, one behind the other."""
        meter_no, channel, minutes, start, energies, letters = (value or "" for value in row.values)
        blocks.extend(
            row.no,
            meter_no,
            channel,
            _EPOCH + timedelta(seconds=int(start)),
            int(minutes),
            [None if energy == _NONE else int(energy) for energy in energies.split(" ")],
            letters,
        )

    def meter_of(self, row: Row) -> str | None:
        """As it is named here."""
        return row.values[0]


class Nem12Loader(_OthersLoader):
    """A file of NEM12."""

    def source(self, path: Path) -> Records:
        """A record for each day of a stream."""
        return _Nem12(path, self._naming)


class GreenButtonLoader(_OthersLoader):
    """A feed of Green Button."""

    def source(self, path: Path) -> Records:
        """A record for each reading. Raises BadFile for what is no feed, or begins as none that anybody should read."""
        return _GreenButton(path, self._naming)


class _Nem12:
    """Lines of NEM12 as records."""

    chunk_rows = 200

    def __init__(self, path: Path, naming: Naming) -> None:
        self.size = path.stat().st_size
        self._is_packed = _is_packed(path)
        self._naming = naming

    def records(self, file: BinaryIO, *, skip: int) -> Iterator[Row | Reject]:
        """Days and rejects behind the first `skip`."""
        if self._naming.sums_minutes:
            found = _grouped(nem12.rows(self._lines(file), self._naming))
        else:
            runs = nem12.runs(self._lines(file), self._naming)
            found = (run if isinstance(run, Reject) else _row(run) for run in runs)
        yield from _behind(skip, found)

    def _lines(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        return lines(unpacked(file) if self._is_packed else file)


class _GreenButton:
    """Readings of a feed as records."""

    chunk_rows = 20_000

    def __init__(self, path: Path, naming: Naming) -> None:
        self.size = path.stat().st_size
        self._path = path
        self._is_packed = _is_packed(path)
        self._naming = naming
        with path.open("rb") as file:
            fault = espi.fault_of(self._opened(file))
        if fault is not None:
            raise BadFile(reason=f"the file {fault}")

    def records(self, file: BinaryIO, *, skip: int) -> Iterator[Row | Reject]:
        """Readings and rejects behind the first `skip`."""
        with self._path.open("rb") as again:
            found = espi.rows(self._opened(file), lambda: self._opened(again), self._naming)
            yield from _behind(skip, _grouped(found))

    def _opened(self, file: BinaryIO) -> BufferedReader:
        return cast("BufferedReader", unpacked(file) if self._is_packed else file)


def _head(path: Path) -> bytes:
    """What a file begins with, unpacked, without a mark of its encoding."""
    try:
        with path.open("rb") as file:
            opened = unpacked(file) if _is_packed(path) else file
            return opened.read(HEAD_BYTES).removeprefix(UTF8_MARK).lstrip()
    except UNPACKABLE as error:
        raise BadFile(reason="the file is not packed by gzip, or damaged") from error


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() == PACKED


def _behind(skip: int, records: Iterator[Row | Reject]) -> Iterator[Row | Reject]:
    return (record for seen, record in enumerate(records) if seen >= skip)


def _grouped(found: Iterator[IntervalRow | Reject]) -> Iterator[Row | Reject]:
    """Intervals of one record that stand behind one another as one row."""
    held: list[IntervalRow] = []
    for each in found:
        if held and (isinstance(each, Reject) or not _follows(held[-1], each)):
            yield _row(_run(held))
            held = []
        if isinstance(each, Reject):
            yield each
        else:
            held.append(each)
    if held:
        yield _row(_run(held))


def _follows(before: IntervalRow, row: IntervalRow) -> bool:
    one = (before.no, before.meter_no, before.channel, before.minutes)
    return one == (row.no, row.meter_no, row.channel, row.minutes) and row.start - before.start == timedelta(
        minutes=row.minutes
    )


def _run(held: Sequence[IntervalRow]) -> Run:
    first = held[0]
    energies, letters = [row.energy for row in held], "".join(row.quality.value for row in held)
    return Run(first.no, first.meter_no, first.channel, first.start, first.minutes, energies, letters)


def _row(run: Run) -> Row:
    values = (
        run.meter_no,
        run.channel.value,
        str(run.minutes),
        str(int(run.start.timestamp())),
        " ".join([_NONE if energy is None else str(energy) for energy in run.energies]),
        run.letters,
    )
    return Row(run.no, values)
