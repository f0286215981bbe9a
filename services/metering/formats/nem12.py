"""NEM12: interval files of the Australian market (AEMO, Meter Data File Format Specification NEM12 & NEM13).

A line is a record: 100 heads the file, 200 names a stream of a meter, 300 holds a day of it, 400 says the quality of a
range of that day, 500 tells of a visit and is no reading, 900 ends the file. Days are those of the market's time,
UTC+10 all year, wherever the meter hangs. Export is what leaves the grid: E is what a customer takes, B what he gives.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

from core.periods import FIRST_YEAR, LAST_YEAR
from core.records import LINE, MOST_PACKED, UNPACKABLE, Reject, TooPacked, Unreadable, cells, line_text
from services.metering.formats.intervals import FINE, Run, apart, energy, quarters
from services.metering.formats.naming import Naming
from services.metering.measures import Channel, IntervalRow, Quality

MARKET_TIME: Final = timezone(timedelta(hours=10))
DAY_MINUTES: Final = 24 * 60
LENGTHS: Final = (5, 15, 30, 60)
CHANNELS: Final = {
    "E": Channel.IMPORT,
    "B": Channel.EXPORT,
    "Q": Channel.REACTIVE_LAG,
    "K": Channel.REACTIVE_LEAD,
}
"""By the first letter of a stream's suffix; the second counts the registers of a connection."""

SHIFTS: Final = {"WH": 3, "KWH": 6, "MWH": 9, "VARH": 3, "KVARH": 6, "MVARH": 9}
"""Powers of ten from a unit to millionths of a kWh or kvarh."""

QUALITIES: Final = {
    "A": Quality.ACTUAL,
    "S": Quality.SUBSTITUTED,
    "F": Quality.SUBSTITUTED,
    "E": Quality.ESTIMATED,
    "N": Quality.MISSING,
}
VARIES: Final = "V"
_QUALITY: Final = re.compile(r"([ASFENV])(?:[0-9]{2})?")
_DAY: Final = re.compile(r"[0-9]{8}")
_COUNT: Final = re.compile(r"[0-9]{1,4}")
_SUFFIX: Final = re.compile(r"[A-Z][A-Z0-9]")
_HEAD: Final = re.compile(r'[\s,]*(?:"?100"?,"?NEM12"?|"?200"?,"?[A-Za-z0-9]{10,11}"?),')
"""Portals of networks leave out the record 100, and begin with a blank line or one of commas."""


def is_nem12(head: str) -> bool:
    """Whether a file that begins so is one of this format."""
    return _HEAD.match(head) is not None


def rows(lines: Iterator[tuple[int, bytes]], naming: Naming) -> Iterator[IntervalRow | Reject]:
    """The intervals of a file, in its order; a record that cannot be taken is a reject by its line."""
    return quarters(apart(runs(lines, naming)), is_wanted=naming.sums_minutes)


def runs(lines: Iterator[tuple[int, bytes]], naming: Naming) -> Iterator[Run | Reject]:
    """As `rows`, a day at a time, with intervals of five minutes as they are."""
    return _Reader(naming).read(lines)


@dataclass(slots=True)
class _Stream:
    """A 200 record. A refused one was told once; its days are passed over."""

    meter_no: str = ""
    channel: Channel = Channel.IMPORT
    shift: int = 0
    minutes: int = 0
    is_refused: bool = True

    @property
    def intervals(self) -> int:
        """How many a day of the market has."""
        return DAY_MINUTES // self.minutes


@dataclass(slots=True)
class _Day:
    """A 300 record whose 400 records may still follow: qualities are None where none of them was."""

    no: int
    stream: _Stream
    day: date
    energies: list[int | None]
    qualities: list[Quality | None]
    varies: bool


@dataclass(slots=True)
class _Reader:
    """Where in the file we are."""

    naming: Naming
    no: int = 0
    stream: _Stream | None = None
    day: _Day | None = None
    is_open: bool = False
    has_ended: bool = False
    nmi: str = ""
    registers: dict[tuple[str, Channel], str] = field(default_factory=dict)

    def read(self, lines: Iterator[tuple[int, bytes]]) -> Iterator[Run | Reject]:
        end = "is missing: a file ends with a record 900, and this one may be cut short"
        try:
            for self.no, raw in lines:
                if raw.strip(b" \t\r\n,"):
                    yield from self._line(self.no, raw)
        except UNPACKABLE:
            end = "cannot be unpacked: the file is damaged or cut short from here on"
            self.has_ended = False
        except TooPacked:
            end = f"unpacks to more than {MOST_PACKED} times the size of the file: not read on"
            self.has_ended = False
        yield from self._close()
        if not self.has_ended:
            yield Reject(self.no + 1, LINE, end)

    def _line(self, no: int, raw: bytes) -> Iterator[Run | Reject]:
        try:
            found = [cell.strip() for cell in cells(line_text(raw))]
        except Unreadable as error:
            yield from self._close()  # whatever this was, what follows is not of that day
            yield Reject(no, error.field, error.reason)
            return
        try:
            yield from self._record(no, found)
        except Unreadable as error:
            yield Reject(no, error.field, error.reason)

    def _record(self, no: int, found: Sequence[str]) -> Iterator[Run | Reject]:
        kind = found[0]
        if kind != "400":
            yield from self._close()
        if kind == "100":
            self._begin(found)
        elif kind == "200":
            self.is_open, self.has_ended, self.stream = True, False, _Stream()
            self.stream = self._stream(_without_check(found))
        elif kind == "900":
            self.is_open, self.has_ended, self.stream = False, True, None
        elif not self.is_open:
            raise Unreadable(LINE, "stands outside of records 100 and 900")
        elif kind == "300":
            self.day = self._day(no, found)
        elif kind == "400":
            self._qualify(found)
        elif kind != "500":
            raise Unreadable(LINE, "is no record 100, 200, 300, 400, 500 or 900")

    def _begin(self, found: Sequence[str]) -> None:
        """A file; several may stand behind one another in one."""
        is_open, self.is_open, self.stream = self.is_open, False, None
        if _cell(found, 1).upper() != "NEM12":
            raise Unreadable(LINE, "is no heading of NEM12")
        self.is_open, self.has_ended = True, False
        if is_open:
            raise Unreadable(LINE, "begins a second file before the first has ended")

    def _stream(self, found: Sequence[str]) -> _Stream:
        nmi, suffix, serial = _cell(found, 1), _cell(found, 4).upper(), _cell(found, 6)
        unit, length = _cell(found, 7).upper(), _cell(found, 8)
        if nmi != self.nmi:
            self.nmi, self.registers = nmi, {}
        if not _SUFFIX.fullmatch(suffix) or suffix[0] not in CHANNELS:
            raise Unreadable("suffix", "is of no stream that is kept here: E, B, Q or K and a number")
        channel = CHANNELS[suffix[0]]
        is_reactive = channel in {Channel.REACTIVE_LAG, Channel.REACTIVE_LEAD}
        if unit not in SHIFTS or ("VAR" in unit) is not is_reactive:
            raise Unreadable("unit", "is no unit of the energy of this stream")
        if not _COUNT.fullmatch(length) or int(length) not in LENGTHS:
            raise Unreadable("minutes", f"is none of {', '.join(map(str, LENGTHS))}")
        if int(length) == FINE and not self.naming.sums_minutes:
            raise Unreadable("minutes", "is 5: say that it is to be summed to 15")
        own = self.naming.meter_of(f"{nmi}/{suffix}", serial, nmi)
        meter_no = own or serial or nmi
        if not meter_no:
            raise Unreadable("meter_no", "is missing")
        if self.registers.setdefault((meter_no, channel), suffix) != suffix:
            raise Unreadable("suffix", "is a second register of one meter and direction: name its meter")
        return _Stream(meter_no, channel, SHIFTS[unit], int(length), is_refused=False)

    def _day(self, no: int, found: Sequence[str]) -> _Day | None:
        stream = self.stream
        if stream is None:
            raise Unreadable(LINE, "follows no record 200")
        if stream.is_refused:
            return None
        count = stream.intervals
        day = _day_of(_cell(found, 1))
        flag = _QUALITY.fullmatch(_cell(found, 2 + count).upper())
        if flag is None:
            raise Unreadable("quality", f"does not stand behind {count} values as A, S, F, E, N or V")
        is_null = flag[1] == "N"
        values = found[2 : 2 + count]
        energies = [None if is_null or not value else energy(value, stream.shift, field="energy") for value in values]
        quality = QUALITIES.get(flag[1])
        return _Day(no, stream, day, energies, [quality] * count, varies=flag[1] == VARIES)

    def _qualify(self, found: Sequence[str]) -> None:
        if self.stream is not None and self.stream.is_refused:
            return
        if self.day is None or not self.day.varies:
            raise Unreadable(LINE, "follows no record 300 of quality V")
        first, last = _cell(found, 1), _cell(found, 2)
        if not (_COUNT.fullmatch(first) and _COUNT.fullmatch(last)):
            raise Unreadable("interval", "is no number of an interval")
        count = len(self.day.qualities)
        if not 1 <= int(first) <= int(last) <= count:
            raise Unreadable("interval", f"is no range within 1 to {count}")
        flag = _QUALITY.fullmatch(_cell(found, 3).upper())
        if flag is None or flag[1] == VARIES:
            raise Unreadable("quality", "is none of A, S, F, E, N")
        place = slice(int(first) - 1, int(last))
        if any(quality is not None for quality in self.day.qualities[place]):
            raise Unreadable("interval", "is in a range before this one too")
        self.day.qualities[place] = [QUALITIES[flag[1]]] * (place.stop - place.start)

    def _close(self) -> Iterator[Run | Reject]:
        """The intervals of the day that is complete now."""
        day, self.day = self.day, None
        if day is None:
            return
        if None in day.qualities:
            yield Reject(day.no, "quality", f"is V, but no record 400 tells that of interval {_unsaid(day)}")
            return
        stream = day.stream
        letters = [
            Quality.MISSING.value if value is None or quality is None else quality.value
            for value, quality in zip(day.energies, day.qualities, strict=True)
        ]
        yield Run(
            no=day.no,
            meter_no=stream.meter_no,
            channel=stream.channel,
            start=datetime.combine(day.day, time.min, tzinfo=MARKET_TIME).astimezone(UTC),
            minutes=stream.minutes,
            energies=[
                None if letter == Quality.MISSING.value else value
                for value, letter in zip(day.energies, letters, strict=True)
            ],
            letters="".join(letters),
        )


def _without_check(found: Sequence[str]) -> Sequence[str]:
    """A record 200 without the check digit that portals put behind its NMI, in a field of its own."""
    has_check = len(_cell(found, 2)) == 1 and found[2].isdigit() and _cell(found, 8).upper() in SHIFTS
    return [*found[:2], *found[3:]] if has_check else found


def _unsaid(day: _Day) -> int:
    return day.qualities.index(None) + 1


def _cell(found: Sequence[str], place: int) -> str:
    return found[place] if place < len(found) else ""


def _day_of(text: str) -> date:
    try:
        day = datetime.strptime(text, "%Y%m%d").date() if _DAY.fullmatch(text) else None  # noqa: DTZ007 -- a day
    except ValueError:
        day = None
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Unreadable("day", "is not a date like 20260131")
    return day
