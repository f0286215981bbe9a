"""Which reading type, meter reading and usage point an interval block of a Green Button feed belongs to.

Entries of a feed are tied by links: a usage point is related to the collection of its meter readings, a meter reading
to its reading type and to the collection of its blocks, and each names its collection as `up`. Files in the wild leave
links out and keep the addresses, so that these tell the same.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from services.metering.formats.markup import Unwanted
from services.metering.formats.naming import Naming
from services.metering.measures import Channel, Quality

MOST_LINKS: Final = 100_000
"""Of usage points, meter readings and reading types: all that is kept of a feed, however long it is."""

WATT_HOURS, VAR_HOURS = "72", "73"
ELECTRICITY: Final = frozenset({"", "0", "1", "2", "26"})
DELTA: Final = frozenset({"", "0", "4"})
PLAIN: Final = frozenset({"", "0", "12", "26"})
"""Qualifiers of values that are no average, bound or extreme."""

PARTS: Final = ("tou", "consumptionTier", "cpp")
FORWARD, REVERSE = frozenset({"", "0", "1"}), frozenset({"19"})
LAGGING, LEADING = FORWARD | {"5"}, REVERSE | {"13"}
MULTIPLIERS: Final = {str(each): each for each in range(-12, 13)} | {"": 0}
QUALITIES: Final = {
    **dict.fromkeys(("0", "14", "17", "18", "19"), Quality.ACTUAL),
    **dict.fromkeys(("7", "11", "15"), Quality.SUBSTITUTED),
    **dict.fromkeys(("8", "9", "10", "12", "13", "16"), Quality.ESTIMATED),
}
"""10 is questionable, 13 mixed and 16 other: nobody may take such a value for a measured one."""

SECONDS: Final = re.compile(r"[0-9]{1,11}")
UNTIED: Final = "is tied to no ReadingType of this file"


@dataclass(slots=True)
class Entry:
    """What links an entry has."""

    no: int
    own: str = ""
    up: str = ""
    related: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Kind:
    """A reading type, as far as it tells of energy in intervals. `seconds` is 0 where each reading tells its own."""

    channel: Channel
    shift: int
    seconds: int
    quality: Quality


@dataclass(frozen=True, slots=True)
class Stream:
    """Of what the readings of a block are."""

    meter_no: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the readings of a block are passed over; `of` is what is told only once."""

    of: str
    reason: str


@dataclass(slots=True)
class Index:
    """What a feed says besides its blocks, as far as it was read."""

    naming: Naming
    kinds: dict[str, Kind | str] = field(default_factory=dict)
    readings: dict[str, Entry] = field(default_factory=dict)
    points: dict[str, bool] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    lengths: dict[tuple[str, Channel], int] = field(default_factory=dict)
    is_complete: bool = False
    only_point: str | None = None

    def add(self, resource: str, entry: Entry, fields: Mapping[str, str]) -> None:
        """Keep what an entry says. Raises Unwanted for more than is kept of a feed."""
        match resource:
            case "ReadingType":
                self.kinds[entry.own] = _kind(fields)
            case "MeterReading":
                self.readings[entry.own] = entry
                self.owners.update(dict.fromkeys(entry.related, entry.own))
            case "UsagePoint":
                self.points[entry.own] = fields.get("ServiceCategory/kind", "0") == "0"
                self.owners.update(dict.fromkeys(entry.related, entry.own))
            case _:
                return
        if len(self.kinds) + len(self.readings) + len(self.points) + len(self.owners) > MOST_LINKS:
            raise Unwanted("links")

    def stream_of(self, block: Entry) -> Stream | Refused | None:
        """Of what a block's readings are; None when that is not known yet."""
        reading = self._owner(block, self.readings, "IntervalBlock")
        found = (
            None
            if reading is None
            else next((self.kinds[each] for each in reading.related if each in self.kinds), None)
        )
        if found is None and self.is_complete and len(self.kinds) == 1 and len(self.readings) <= 1:
            found = next(iter(self.kinds.values()))
            reading = next(iter(self.readings.values()), None)
        if found is None:
            return Refused(block.up or block.own, UNTIED) if self.is_complete else None
        of = block.up or block.own if reading is None else reading.own
        if isinstance(found, str):
            return Refused(of, found)
        point = "" if reading is None else self._point(reading)
        return None if point is None else self._named(of, point, found)

    def _named(self, of: str, point: str, kind: Kind) -> Stream | Refused:
        if not self.points.get(point, True):
            return Refused(point, "is no electricity")
        meter_no = self.naming.meter_of(point, point.rpartition("/")[2])
        if meter_no is None and self.naming.only is not None:
            if self.only_point is None:
                self.only_point = point
            if self.only_point != point:
                return Refused(point, "is a second usage point: one meter number is not enough")
            meter_no = self.naming.only
        if meter_no is None:
            return Refused(point, "has no meter number: tell that of its usage point")
        if self.lengths.setdefault((meter_no, kind.channel), kind.seconds) != kind.seconds:
            return Refused(of, "tells of a meter and direction again, in intervals of another length")
        return Stream(meter_no, kind)

    def _point(self, reading: Entry) -> str | None:
        for name in _names(reading, "MeterReading"):
            if name in self.points:
                return name
            if (owner := self.owners.get(name)) in self.points and owner is not None:
                return owner
        return reading.up.removesuffix("/MeterReading") if self.is_complete else None

    def _owner(self, block: Entry, known: Mapping[str, Entry], collection: str) -> Entry | None:
        for name in _names(block, collection):
            if name in known:
                return known[name]
            if (owner := self.owners.get(name)) in known and owner is not None:
                return known[owner]
        return None


def _names(entry: Entry, collection: str) -> Iterator[str]:
    """By what an entry's owner may be found: its collection, itself, and what stands before these in the address."""
    if entry.up:
        yield entry.up
        yield entry.up.removesuffix(f"/{collection}")
    if entry.own:
        yield entry.own
        yield entry.own.rpartition(f"/{collection}/")[0]


def _kind(fields: Mapping[str, str]) -> Kind | str:
    """What a reading type says, or why its readings are passed over."""
    told = {name: text.lstrip("+") for name, text in fields.items()}
    unit, flow, length = told.get("uom", ""), told.get("flowDirection", ""), told.get("intervalLength", "")
    forward, reverse = (FORWARD, REVERSE) if unit == WATT_HOURS else (LAGGING, LEADING)
    faults = (
        (told.get("commodity", "") not in ELECTRICITY, "is no electricity"),
        (
            unit not in {WATT_HOURS, VAR_HOURS},
            "is of a unit that is not kept here: uom is neither 72 (Wh) nor 73 (varh)",
        ),
        (
            told.get("accumulationBehaviour", "") not in DELTA or told.get("dataQualifier", "") not in PLAIN,
            "is no energy of intervals, but a register, an average or an extreme",
        ),
        (any(told.get(part, "0") != "0" for part in PARTS), "is only the part of one price period or tier"),
        (flow not in forward | reverse, "is a net or a sum of directions: flowDirection is neither 1 nor 19"),
        (told.get("powerOfTenMultiplier", "") not in MULTIPLIERS, "has a powerOfTenMultiplier that is none"),
    )
    if fault := next((reason for is_so, reason in faults if is_so), None):
        return fault
    if unit == WATT_HOURS:
        channel = Channel.IMPORT if flow in forward else Channel.EXPORT
    else:
        channel = Channel.REACTIVE_LAG if flow in forward else Channel.REACTIVE_LEAD
    return Kind(
        channel=channel,
        shift=3 + MULTIPLIERS[told.get("powerOfTenMultiplier", "")],
        seconds=int(length) if SECONDS.fullmatch(length) else 0,
        quality=QUALITIES.get(told.get("defaultQuality", ""), Quality.ACTUAL),
    )
