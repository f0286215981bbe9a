"""Green Button: interval readings of an Atom feed of ESPI (NAESB REQ.21, 1.0 to 4.0), as the wild writes it.

Read are usage points, meter readings, reading types and interval blocks; summaries, costs and whatever else stands
there are passed over. Entries may stand in any order: what a block belongs to is looked up in a walk ahead through the
whole file, once, when it was not told before the block. Times are seconds since 1970 in UTC; no zone is needed.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from core.records import LINE, MOST_PACKED, Reject, Unreadable
from services.metering.formats import markup
from services.metering.formats.espi_index import MOST_LINKS, QUALITIES, SECONDS, Entry, Index, Refused, Stream
from services.metering.formats.intervals import energy, hours, quarters, worst
from services.metering.formats.markup import Broken, Bytes, Unwanted, walk
from services.metering.formats.naming import Naming
from services.metering.measures import IntervalRow, Quality

SPACES: Final = ("http://www.w3.org/2005/Atom ", "http://naesb.org/espi ")
"""Some files leave out one of these, or both: a name tells the same in either, and stays whole in every other."""

_ENTRY, _LINK = "entry", "link"
_RESOURCES: Final = frozenset({"UsagePoint", "MeterReading", "ReadingType", "IntervalBlock"})
ENTRY: Final = "entry"
"""Field of a reject that concerns a whole entry; its row is that entry's number in the feed."""

MOST_HELD: Final = 20_000
"""Readings of an entry whose links stand behind them."""

LATEST_S: Final = 7_258_118_400
"""1 January 2200: no reading begins so late."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ROOTS: Final = frozenset({"feed", _ENTRY})
_BLOCK: Final = "IntervalBlock"
_READING: Final = [_BLOCK, "IntervalReading"]
_OF_READING: Final = {
    ("timePeriod", "start"): "start",
    ("timePeriod", "duration"): "duration",
    ("value",): "value",
    ("ReadingQuality", "quality"): "quality",
}
LONGEST_LINK: Final = 1_024
MOST_TOLD: Final = 10_000
"""Refused streams that are told once; of more than these each block tells it."""

KNOWN_NAMES: Final = 256
"""Names of elements that are not looked at anew."""

MOST_QUALITIES: Final = 16
MOST_FIELDS: Final = 64


Opened: TypeAlias = Callable[[], AbstractContextManager[Bytes]]


def rows(file: Bytes, opened: Opened, naming: Naming) -> Iterator[IntervalRow | Reject]:
    """The intervals of a feed, in its order. A reading that cannot be taken is a reject by its number in the feed.

    `opened` begins the file anew for a walk ahead. Where the file breaks or turns hostile, all that came before it is
    taken, and one reject tells where that is.
    """
    return hours(quarters(_rows(file, opened, naming), is_wanted=naming.sums_minutes))


def fault_of(file: Bytes) -> str | None:
    """Why nothing can be read of a file, told from its beginning; None when it looks like a feed."""
    feed = _Feed(Index(Naming()), lambda: None)
    try:
        next(walk(file, feed))
    except Broken as broken:
        return None if feed.entries else _told(broken)
    return None


def _told(broken: Broken) -> str:
    match broken.what:
        case markup.MALFORMED:
            return f"is not well-formed XML at line {broken.line}: nothing behind it was read"
        case markup.DAMAGED:
            return "cannot be unpacked: the file is damaged or cut short from here on"
        case markup.MUCH:
            return f"unpacks to more than {MOST_PACKED} times the size of the file: not read on"
        case _:
            return f"has what no feed needs at line {broken.line} ({broken.what}): nothing behind it was read"


def _rows(file: Bytes, opened: Opened, naming: Naming) -> Iterator[IntervalRow | Reject]:
    index = Index(naming)

    def look_ahead() -> None:
        ahead = _Feed(index, lambda: None, reads=False)
        try:
            with opened() as again:
                for _ in walk(again, ahead):
                    pass
        except Broken:
            """What came before it is known; the reading itself tells where it is."""
        index.is_complete = True

    feed = _Feed(index, look_ahead)
    broken = None
    try:
        for _ in walk(file, feed):
            yield from feed.taken()
    except Broken as error:
        broken = error
    feed.close_entry()
    yield from feed.taken()
    if broken is not None:
        yield Reject(feed.finds + 1, LINE, _told(broken))


class _Said(NamedTuple):
    """A reading as its texts, with its number in the feed and its place in the block."""

    no: int
    start: str
    duration: str
    value: str
    qualities: tuple[str, ...]


@dataclass(slots=True)
class _Block:
    """The block at hand. `stream` is None until it is known of what it is."""

    start: str = ""
    place: int = 0
    stream: Stream | Refused | None = None
    held: list[_Said] = field(default_factory=list)


class _Feed:
    """Hears a feed. Without `reads` it only keeps what ties blocks to meters."""

    def __init__(self, index: Index, look_ahead: Callable[[], None], *, reads: bool = True) -> None:
        self.finds = 0
        self.entries = 0
        self._index = index
        self._look_ahead = look_ahead
        self._reads = reads
        self._is_begun = False
        self._entry: Entry | None = None
        self._path: list[str] = []
        self._fields: dict[str, str] = {}
        self._held: list[_Block] = []
        self._block: _Block | None = None
        self._qualities: list[str] = []
        self._out: list[IntervalRow | Reject] = []
        self._told: set[str] = set()
        self._told_no = 0

    def taken(self) -> list[IntervalRow | Reject]:
        """What was found since the last call."""
        out, self._out = self._out, []
        return out

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins. `_path` leads from a resource to the element at hand; it is empty outside of one."""
        name = _local(name)
        if self._path:
            self._path.append(name)
            if self._path == _READING:
                self._fields, self._qualities = {}, []
        elif not self._is_begun and name not in _ROOTS:
            raise Unwanted("no Atom feed")
        elif name == _ENTRY:
            self.close_entry()
            self.entries += 1
            self._entry = Entry(self.entries)
        elif self._entry is not None and name == _LINK:
            self._link(self._entry, attributes.get("rel", ""), attributes.get("href", ""))
        elif self._entry is not None and name in _RESOURCES:
            self._path, self._fields = [name], {}
            self._block = _Block() if self._path == [_BLOCK] else None
        self._is_begun = True

    def end(self, name: str, text: str) -> None:
        """An element ends."""
        path = self._path
        if not path:
            if _local(name) == _ENTRY:
                self.close_entry()
            return
        if self._block is None:
            if path[1:] and len(self._fields) < MOST_FIELDS:
                self._fields["/".join(path[1:])] = text.strip()
        elif path[:2] == _READING:
            self._end_in_reading(path, text.strip())
        elif path[1:] == ["interval", "start"]:
            self._block.start = text.strip()
        path.pop()
        if not path:
            self._end_resource(_local(name))

    def close_entry(self) -> None:
        """The entry ends, or the file does: blocks that waited for its links are tied now."""
        for block in [*self._held, *([self._block] if self._block is not None else [])]:
            if block.held:
                self._tie(block, self._entry or Entry(self.entries), is_last=True)
        self._held, self._block, self._entry, self._path = [], None, None, []

    def _link(self, entry: Entry, rel: str, href: str) -> None:
        if len(href) > LONGEST_LINK or len(entry.related) >= MOST_LINKS:
            raise Unwanted("links")
        match rel:
            case "self":
                entry.own = href
            case "up":
                entry.up = href
            case "related":
                entry.related.append(href)
            case _:
                """Links of other kinds tie nothing."""

    def _end_resource(self, resource: str) -> None:
        block, self._block = self._block, None
        if block is not None:
            if block.held:
                self._held.append(block)
        elif self._entry is not None:
            self._index.add(resource, self._entry, self._fields)

    def _end_in_reading(self, path: list[str], text: str) -> None:
        if path == _READING:
            self._end_reading(self._fields)
            return
        name = _OF_READING.get(tuple(path[2:]))
        if name == "quality":
            if len(self._qualities) < MOST_QUALITIES:
                self._qualities.append(text)
        elif name is not None:
            self._fields[name] = text

    def _end_reading(self, reading: dict[str, str]) -> None:
        self.finds += 1
        block = self._block
        if block is None or self._entry is None or not self._reads:
            return
        start = reading.get("start", "")
        if not start and block.start:
            start = f"{block.start}+{block.place}"
        block.place += 1
        said = _Said(self.finds, start, reading.get("duration", ""), reading.get("value", ""), tuple(self._qualities))
        if block.stream is None:
            block.held.append(said)
            self._tie(block, self._entry, is_last=False)
        else:
            self._take(block.stream, said)

    def _tie(self, block: _Block, entry: Entry, *, is_last: bool) -> None:
        """Find out of what a block is, and take what waits for that."""
        if not (entry.up or entry.own) and not is_last:
            if len(block.held) <= MOST_HELD:
                return
            block.stream = Refused(
                "", f"has more than {MOST_HELD} readings before the links that tell of what they are"
            )
        else:
            block.stream = self._index.stream_of(entry)
            if block.stream is None:
                self._look_ahead()
                block.stream = self._index.stream_of(entry)
        if isinstance(block.stream, Refused):
            self._tell(entry, block.stream)
        elif block.stream is not None:
            for said in block.held:
                self._take(block.stream, said)
        block.held = []

    def _tell(self, entry: Entry, refused: Refused) -> None:
        key = refused.of + refused.reason
        if key not in self._told and entry.no != self._told_no:
            if len(self._told) < MOST_TOLD:
                self._told.add(key)
            self._told_no = entry.no
            self._out.append(Reject(entry.no, ENTRY, refused.reason))

    def _take(self, stream: Stream | Refused, said: _Said) -> None:
        if isinstance(stream, Refused):
            return
        try:
            self._out.append(_row(stream, said))
        except Unreadable as error:
            self._out.append(Reject(said.no, error.field, error.reason))


@lru_cache(maxsize=KNOWN_NAMES)
def _local(name: str) -> str:
    return name.removeprefix(SPACES[1]).removeprefix(SPACES[0])


def _row(stream: Stream, said: _Said) -> IntervalRow:
    kind = stream.kind
    seconds = _seconds(said.duration, "duration") if said.duration else kind.seconds
    if seconds % 60 or not 0 < seconds <= 32 * 86_400:
        raise Unreadable("minutes", "is no length of an interval: it is told by duration or intervalLength")
    start, _, place = said.start.partition("+")
    begin = _seconds(start, "start") + int(place or 0) * seconds
    if begin >= LATEST_S:
        raise Unreadable("start", "lies in the future")
    value = energy(said.value, kind.shift, field="energy") if said.value else None
    quality = (
        worst([QUALITIES.get(each, Quality.ESTIMATED) for each in said.qualities]) if said.qualities else kind.quality
    )
    return IntervalRow(
        no=said.no,
        meter_no=stream.meter_no,
        channel=kind.channel,
        start=_EPOCH + timedelta(seconds=begin),
        minutes=seconds // 60,
        energy=value,
        quality=Quality.MISSING if value is None else quality,
    )


def _seconds(text: str, name: str) -> int:
    if not SECONDS.fullmatch(text):
        raise Unreadable(name, "is no number of seconds")
    return int(text)
