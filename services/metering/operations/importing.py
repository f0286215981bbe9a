"""Files of readings: what all formats share, and lines of CSV and JSON; see docs/reference/import-formats.md."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path
from typing import ClassVar, Final

from core.db import WriteSession
from core.records import Layout, Records, Reject, Row, Source, Unreadable
from services.metering import rules
from services.metering.measures import Channel, Quality
from services.metering.operations.blocks import Blocks
from services.metering.operations.loading import MeterFileLoader
from services.metering.operations.taking import Sender, TakenReadings, stage_blocks, take_staged

CHUNK_ROWS: Final = 40_000
"""Of one interval each: fewer and larger transactions, whose statements are asked for four hundred days at once."""


class IntervalsLoader(MeterFileLoader):
    """A file of intervals. A format says how its files are read, and which of them a record holds."""

    @abstractmethod
    def source(self, path: Path) -> Records:
        """The file as records. Raises BadFile."""

    @abstractmethod
    def put(self, row: Row, blocks: Blocks) -> None:
        """Put the intervals of a record where they are staged from. Raises Unreadable, and none of them is there."""

    def stage(self, session: WriteSession, rows: Sequence[Row]) -> list[Reject]:
        """Read the intervals of each record, and stage them."""
        refused: list[Reject] = []
        blocks = Blocks(self._sender.zone)
        for row in rows:
            try:
                self.put(row, blocks)
            except Unreadable as error:
                refused.append(Reject(row.no, error.field, error.reason))
        stage_blocks(session, blocks)
        return refused

    def _take(self, session: WriteSession, run_id: int) -> TakenReadings:
        is_repeat = self._repeats.is_one(session, run_id=run_id)
        return take_staged(session, sender=self._sender, run_id=run_id, is_repeat=is_repeat)


_WIDE: Final = (
    (7, Channel.IMPORT.value, "import_kwh"),
    (8, Channel.EXPORT.value, "export_kwh"),
    (9, Channel.REACTIVE_LAG.value, "kvarh_lag"),
    (10, Channel.REACTIVE_LEAD.value, "kvarh_lead"),
)
"""Places in the layout of what a row of several channels says, an empty one of nothing."""
_NARROW: Final = (None,) * len(_WIDE)
"""What stands there in a row of one channel."""


class ReadingsLoader(IntervalsLoader):
    """`wattline import readings`: a row per interval and channel, or one with a column for each channel."""

    kind: ClassVar[str] = "readings"
    layout: ClassVar[Layout] = Layout(
        (
            "meter_no",
            "meter_id",
            "channel",
            "start",
            "minutes",
            "kwh",
            "quality",
            "import_kwh",
            "export_kwh",
            "kvarh_lag",
            "kvarh_lead",
        ),
        frozenset({"start"}),
    )

    def __init__(self, sender: Sender, *, labels: tzinfo | None = None, minutes: int | None = None) -> None:
        """`labels` is the zone of times without an offset, `minutes` the length of intervals that do not say theirs."""
        super().__init__(sender)
        self._labels = labels
        self._minutes = minutes
        self._kinds: dict[tuple[str | None, ...], tuple[str, int, str]] = {}

    def source(self, path: Path) -> Records:
        """Lines of the layout."""
        return Source(path, self.layout, chunk_rows=CHUNK_ROWS)

    def put(self, row: Row, blocks: Blocks) -> None:
        """One interval, or one for each channel that has a value."""
        values = row.values
        meter_no, kwh = values[0] or values[1], values[5]
        if meter_no is None:
            raise Unreadable("meter_no", "is missing")
        start = rules.moment(values[3], labels=self._labels)
        channel, minutes, quality = self._kinds.get(values[2:7:2]) or self._kind(values)
        if values[_WIDE[0][0] :] == _NARROW:
            if kwh is None and values[2] is None and quality != Quality.MISSING.value:
                raise Unreadable("kwh", "is missing")
            energy = None if kwh is None else rules.energy(kwh, field="kwh")
            blocks.add(row.no, meter_no, channel, start, minutes, energy, quality)
            return
        if values[2] is not None or kwh is not None:
            raise Unreadable("kwh", "stands beside a column of a channel: one of both says nothing")
        found = [
            (of_column, rules.energy(text, field=column))
            for place, of_column, column in _WIDE
            if (text := values[place]) is not None
        ]
        for of_column, energy in found:
            blocks.add(row.no, meter_no, of_column, start, minutes, energy, quality)

    def _kind(self, values: tuple[str | None, ...]) -> tuple[str, int, str]:
        """Channel, length and quality, which most rows of a file share. Raises Unreadable."""
        said = values[4]
        minutes = self._minutes if said is None and self._minutes is not None else rules.minutes(said)
        found = (rules.channel(values[2]).value, minutes, rules.quality(values[6]).value)
        self._kinds[values[2:7:2]] = found
        return found

    def meter_of(self, row: Row) -> str | None:
        """Either column names the meter."""
        return row.values[0] or row.values[1]
