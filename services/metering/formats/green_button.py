"""Green Button out: an Atom feed of ESPI 4.0 (NAESB REQ.21), valid against its schema, piece by piece.

A usage point for each meter, a meter reading for each of its series, an interval block for each day. Values are in
thousandths of a Wh (varh), exactly as they are kept; a missing interval has no reading. Identifiers are the same
whenever the same readings are asked for, and no number of an account or meter can be told from them or stands beside
them: what a customer hands on with the file proves nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from core.periods import Period, start_of
from services.metering.formats.dst import local_time
from services.metering.formats.series import Day, Series, intervals, shown
from services.metering.measures import Channel, Quality

MEDIA_TYPE: Final = "application/atom+xml"
_ESPI: Final = 'xmlns="http://naesb.org/espi"'
_RESOURCE: Final = "/espi/1_1/resource"
_THOUSANDTHS: Final = -3
_UNITS: Final = {
    Channel.IMPORT: (72, 1, "kWh taken"),
    Channel.EXPORT: (72, 19, "kWh given"),
    Channel.REACTIVE_LAG: (73, 1, "kvarh lagging"),
    Channel.REACTIVE_LEAD: (73, 19, "kvarh leading"),
}
"""Unit, direction, and what the entry is called."""

_QUALITIES: Final = {Quality.ACTUAL: 0, Quality.ESTIMATED: 8, Quality.SUBSTITUTED: 11}
"""Valid, estimated, derived: the words of ESPI that come nearest."""


def feed(
    series: Sequence[Series], *, owner: str, origin: str, period: Period, zone: ZoneInfo, now: datetime
) -> Iterator[bytes]:
    """A feed of all these series, a day at each step.

    `owner` tells whose readings they are and `origin` which supplier's, for the identifiers alone. The feed was updated
    when its latest day was; without any, it is so `now`.
    """
    names = _Names(uuid5(NAMESPACE_URL, origin), f"owner/{owner}")
    updated = max((day.recorded_at for each in series for day in each.days), default=now)
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>{names.urn(f'feed/{period.first}/{period.end}')}</id><title>Green Button Usage Feed</title>"
        f'<updated>{_moment(updated)}</updated><link rel="self" href="{names.customer}/UsagePoint"/>\n'
    ).encode()
    yield _clock(names, zone, period, updated)
    kinds: set[tuple[Channel, int]] = set()
    for meter_no in dict.fromkeys(each.meter_no for each in series):
        own = [each for each in series if each.meter_no == meter_no]
        point = f"{names.customer}/UsagePoint/{names.uuid(f'meter/{own[0].meter_key}')}"
        yield _point(names, point, meter_no, updated)
        for each in own:
            reading = f"{point}/MeterReading/{names.uuid(f'series/{each.key}')}"
            yield _reading(names, reading, point, each, updated)
            if (each.channel, each.minutes) not in kinds:
                kinds.add((each.channel, each.minutes))
                yield _kind(names, each, updated)
            for day in each.days:
                yield _block(names, reading, each, day, zone)
    yield b"</feed>\n"


@dataclass(frozen=True, slots=True)
class _Names:
    """Identifiers and addresses."""

    space: UUID
    owner: str

    @property
    def customer(self) -> str:
        """The address of all that is the owner's."""
        return f"{_RESOURCE}/RetailCustomer/{self.uuid(self.owner)}"

    def uuid(self, name: str) -> UUID:
        """The same for the same name."""
        return uuid5(self.space, f"{self.owner}/{name}")

    def urn(self, name: str) -> str:
        """An identifier of an entry."""
        return self.uuid(name).urn


def _entry(
    own: str, title: str, links: Sequence[tuple[str, str]], content: str, moment: datetime, names: _Names
) -> bytes:
    told = "".join(f'<link rel="{rel}" href="{href}"/>' for rel, href in (("self", own), *links))
    at = _moment(moment)
    return (
        f"<entry><id>{names.urn(own)}</id>{told}<title>{escape(title, quote=False)}</title><content>{content}</content>"
        f"<published>{at}</published><updated>{at}</updated></entry>\n"
    ).encode()


def _point(names: _Names, point: str, meter_no: str, moment: datetime) -> bytes:
    links = (
        ("up", f"{names.customer}/UsagePoint"),
        ("related", f"{point}/MeterReading"),
        ("related", _clock_address(names)),
    )
    content = f"<UsagePoint {_ESPI}><ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint>"
    return _entry(point, shown(meter_no), links, content, moment, names)


def _clock_address(names: _Names) -> str:
    return f"{_RESOURCE}/LocalTimeParameters/{names.uuid('clock')}"


def _clock(names: _Names, zone: ZoneInfo, period: Period, moment: datetime) -> bytes:
    found = local_time(zone, (period.end - timedelta(days=1)).year)
    content = (
        f"<LocalTimeParameters {_ESPI}><dstEndRule>{found.end_rule}</dstEndRule>"
        f"<dstOffset>{found.dst_offset}</dstOffset><dstStartRule>{found.start_rule}</dstStartRule><tzOffset>{found.tz_offset}</tzOffset></LocalTimeParameters>"
    )
    links = (("up", f"{_RESOURCE}/LocalTimeParameters"),)
    return _entry(_clock_address(names), zone.key, links, content, moment, names)


def _reading(names: _Names, reading: str, point: str, series: Series, moment: datetime) -> bytes:
    links = (
        ("up", f"{point}/MeterReading"),
        ("related", f"{reading}/IntervalBlock"),
        ("related", _kind_address(names, series)),
    )
    return _entry(reading, _UNITS[series.channel][2], links, f"<MeterReading {_ESPI}/>", moment, names)


def _kind_address(names: _Names, series: Series) -> str:
    return f"{_RESOURCE}/ReadingType/{names.uuid(f'kind/{series.channel.value}/{series.minutes}')}"


def _kind(names: _Names, series: Series, moment: datetime) -> bytes:
    unit, direction, title = _UNITS[series.channel]
    content = (
        f"<ReadingType {_ESPI}><accumulationBehaviour>4</accumulationBehaviour><commodity>1</commodity>"
        f"<dataQualifier>12</dataQualifier><flowDirection>{direction}</flowDirection>"
        f"<intervalLength>{series.minutes * 60}</intervalLength><kind>12</kind>"
        f"<powerOfTenMultiplier>{_THOUSANDTHS}</powerOfTenMultiplier><uom>{unit}</uom></ReadingType>"
    )
    links = (("up", f"{_RESOURCE}/ReadingType"),)
    return _entry(_kind_address(names, series), title, links, content, moment, names)


def _block(names: _Names, reading: str, series: Series, day: Day, zone: ZoneInfo) -> bytes:
    """A day; nothing for one that is missing as a whole."""
    begin, end = start_of(day.day, zone), start_of(day.day + timedelta(days=1), zone)
    length = series.minutes * 60
    found = [
        f"<IntervalReading><ReadingQuality><quality>{_QUALITIES[each.quality]}</quality></ReadingQuality>"
        f"<timePeriod><duration>{length}</duration><start>{_epoch(each.start)}</start></timePeriod>"
        f"<value>{each.energy}</value></IntervalReading>"
        for each in intervals(series, day, zone)
        if each.energy is not None
    ]
    if not found:
        return b""
    content = (
        f"<IntervalBlock {_ESPI}><interval><duration>{_epoch(end) - _epoch(begin)}</duration>"
        f"<start>{_epoch(begin)}</start></interval>{''.join(found)}</IntervalBlock>"
    )
    own = f"{reading}/IntervalBlock/{_day(day.day)}"
    return _entry(own, day.day.isoformat(), (("up", f"{reading}/IntervalBlock"),), content, day.recorded_at, names)


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
