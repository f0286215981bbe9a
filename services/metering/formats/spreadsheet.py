"""Readings as CSV: one interval a row, in the supplier's time, for spreadsheets."""

from collections.abc import Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from core.texts import CSV_MARK, csv_lines
from services.metering.formats.series import Series, intervals, shown
from services.metering.measures import Quality, kwh_of

MEDIA_TYPE: Final = "text/csv"
HEADING: Final = ("meter", "channel", "start", "minutes", "energy", "quality")
_WORDS: Final = {each: each.name.lower() for each in Quality}


def lines(series: Sequence[Series], *, zone: ZoneInfo) -> Iterator[bytes]:
    """A heading and a row for each interval, a day at each step.

    `start` has its offset from UTC, so that the hour that comes twice is told apart. `energy` is in kWh, of reactive
    channels in kvarh, and empty where it is missing.
    """
    yield (CSV_MARK + csv_lines([HEADING])).encode()
    for each in series:
        meter, minutes = shown(each.meter_no), str(each.minutes)
        for day in each.days:
            yield csv_lines(
                (
                    meter,
                    each.channel.value,
                    found.start.astimezone(zone).isoformat(timespec="minutes"),
                    minutes,
                    "" if found.energy is None else kwh_of(found.energy),
                    _WORDS[found.quality],
                )
                for found in intervals(each, day, zone)
            ).encode()
