"""Intervals packed for their way into the database: those of a day that stand behind one another are one row of COPY.

A chunk of a file by meter has a block for each day, and most of what is asked of its rows is asked once of each block;
what needs a closer look is unpacked there.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from core.periods import start_of

COLUMNS: Final = {
    "block": "integer",
    "meter_no": "text",
    "channel": "text",
    "start": "timestamptz",
    "minutes": "integer",
    "row_nos": "bigint[]",
    "energies": "bigint[]",
    "qualities": "text",
    "lowest": "bigint",
    "highest": "bigint",
    "is_whole": "boolean",
}
"""`is_whole` says that just what has no energy is missing."""
_NEVER: Final = -1
_SECOND: Final = timedelta(seconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Block:
    """A run of intervals of one day. `following` is the second at which the next one of it would begin, if any."""

    __slots__ = ("ends", "energies", "following", "letters", "nos", "start")

    def __init__(self, start: datetime, ends: int, following: int) -> None:
        self.start = start
        self.ends = ends
        self.following = following
        self.nos: list[int] = []
        self.energies: list[int | None] = []
        self.letters: list[str] = []


class Blocks:
    """The intervals of a chunk, in the order of the file. Days are those of a zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._blocks: list[tuple[tuple[str, str, int], _Block]] = []
        self._open: dict[tuple[str, str, int], _Block] = {}
        self._moments: dict[datetime, int] = {}
        self._ends: dict[date, int] = {}

    def add(
        self, no: int, meter_no: str, channel: str, start: datetime, minutes: int, energy: int | None, letter: str
    ) -> None:
        """One interval. `start` has an offset; `no` is its place in the file."""
        moment = self._moments.get(start)
        if moment is None:
            moment = self._moments[start] = (start - _EPOCH) // _SECOND
        key = (meter_no, channel, minutes)
        block = self._open.get(key)
        if block is None or block.following != moment or start.microsecond:
            block = self._begin(key, start)
        block.nos.append(no)
        block.energies.append(energy)
        block.letters.append(letter)
        following = moment + minutes * 60
        block.following = following if following < block.ends and not start.microsecond else _NEVER

    def extend(
        self,
        no: int,
        meter_no: str,
        channel: str,
        start: datetime,
        minutes: int,
        energies: Sequence[int | None],
        letters: str,
    ) -> None:
        """Intervals of one record that stand behind one another, from a whole second on."""
        key, seconds = (meter_no, channel, minutes), minutes * 60
        moment, taken = (start - _EPOCH) // _SECOND, 0
        while taken < len(letters):
            block = self._open.get(key)
            if block is None or block.following != moment:
                block = self._begin(key, start + taken * timedelta(minutes=minutes))
            count = min(len(letters) - taken, -((moment - block.ends) // seconds))
            block.nos += [no] * count
            block.energies += energies[taken : taken + count]
            block.letters += letters[taken : taken + count]
            taken += count
            moment += count * seconds
            block.following = moment if moment < block.ends else _NEVER

    def rows(self) -> Iterator[tuple[object, ...]]:
        """A row of COLUMNS for each block. Arrays are texts: these are made ten times as fast."""
        for number, ((meter_no, channel, minutes), block) in enumerate(self._blocks, 1):
            known = [energy for energy in block.energies if energy is not None]
            letters = "".join(block.letters)
            yield (
                number,
                meter_no,
                channel,
                block.start,
                minutes,
                _array(map(str, block.nos)),
                _array(["NULL" if energy is None else str(energy) for energy in block.energies]),
                letters,
                min(known, default=None),
                max(known, default=None),
                (len(known) == len(letters) and "m" not in letters)
                or all(
                    (energy is None) == (letter == "m") for energy, letter in zip(block.energies, letters, strict=True)
                ),
            )

    def _begin(self, key: tuple[str, str, int], start: datetime) -> _Block:
        day = start.astimezone(self._zone).date()
        ends = self._ends.get(day)
        if ends is None:
            ends = self._ends[day] = (start_of(day + timedelta(days=1), self._zone) - _EPOCH) // _SECOND
        block = _Block(start, ends, _NEVER)
        self._open[key] = block
        self._blocks.append((key, block))
        return block


def _array(elements: Iterable[str]) -> str:
    return f"{{{','.join(elements)}}}"
