"""Green Button: samples in, our own feed out and in again, judged by the schema and by a reader of others."""

import gzip
import io
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from greenbutton_objects import parse
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from core.periods import Period, start_of
from core.records import Reject
from services.metering.formats import espi, green_button, spreadsheet
from services.metering.formats.dst import local_time
from services.metering.formats.naming import Naming
from services.metering.formats.series import Day, Series
from services.metering.measures import Channel, IntervalRow, Quality

SAMPLES = Path(__file__).parent / "samples"
ANGELES, SHANGHAI = ZoneInfo("America/Los_Angeles"), ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ATOM_STUB = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/2005/Atom">
<xs:element name="link"><xs:complexType><xs:attribute name="href"/><xs:attribute name="rel"/></xs:complexType></xs:element>
</xs:schema>"""
NAMES = {"a": "http://www.w3.org/2005/Atom", "e": "http://naesb.org/espi"}


def read(document: bytes, naming: Naming | None = None) -> list[IntervalRow | Reject]:
    return list(espi.rows(io.BytesIO(document), lambda: io.BytesIO(document), naming or Naming(only="M-1")))


def taken(found: list[IntervalRow | Reject]) -> list[IntervalRow]:
    return [each for each in found if isinstance(each, IntervalRow)]


def refused(found: list[IntervalRow | Reject]) -> list[tuple[int, str]]:
    return [(each.row_no, each.field) for each in found if isinstance(each, Reject)]


def sample(name: str) -> bytes:
    return gzip.decompress((SAMPLES / name).read_bytes())


def day_of(
    day: date,
    zone: ZoneInfo,
    *,
    minutes: int = 15,
    energies: Sequence[int | None] | None = None,
    qualities: str | None = None,
) -> Day:
    count = (start_of(day + timedelta(days=1), zone) - start_of(day, zone)) // timedelta(minutes=minutes)
    values = [1_000 + place for place in range(count)] if energies is None else energies
    return Day(day, values, "a" * count if qualities is None else qualities, NOW)


def days_of(period: Period, zone: ZoneInfo, *, minutes: int = 15) -> list[Day]:
    count = (period.end - period.first).days
    return [day_of(period.first + timedelta(days=place), zone, minutes=minutes) for place in range(count)]


def feed(*series: Series, period: Period, zone: ZoneInfo) -> bytes:
    made = green_button.feed(series, owner="17", origin="https://wattline.example", period=period, zone=zone, now=NOW)
    return b"".join(made)


def one(
    days: Sequence[Day], *, minutes: int = 15, channel: Channel = Channel.IMPORT, meter_no: str = "0132000001"
) -> Series:
    return Series(f"17/{channel.value}", meter_no, channel, minutes, days, meter_key="17/1")


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    class Beside(etree.Resolver):
        def resolve(self, _url: str, _public: str, context: object) -> object:  # type: ignore[override]  # stubs lag
            return self.resolve_string(ATOM_STUB, context)  # type: ignore[call-arg]  # as above

    parser = etree.XMLParser()
    parser.resolvers.add(Beside())
    return etree.XMLSchema(etree.fromstring(sample("espi.xsd.gz"), parser))


@pytest.mark.parametrize(
    ("name", "readings", "watt_hours", "first", "last"),
    [
        ("nine_days.xml.gz", 216, 199_563, "2014-01-01T05:00", "2014-01-10T04:00"),
        ("coastal_2011.xml.gz", 8_760, 4_425_305, "2011-01-01T08:00", "2012-01-01T07:00"),
    ],
)
def test_the_published_samples_give_their_sums(
    name: str, readings: int, watt_hours: int, first: str, last: str
) -> None:
    found = read(sample(name))
    assert not refused(found)
    rows = taken(found)
    assert (len(rows), sum(each.energy or 0 for each in rows)) == (readings, watt_hours * 1_000)
    assert [rows[place].start.strftime("%Y-%m-%dT%H:%M") for place in (0, -1)] == [first, last]
    assert {(each.minutes, each.channel, each.quality) for each in rows} == {(60, Channel.IMPORT, Quality.ACTUAL)}


SPRING = Period(date(2026, 3, 6), date(2026, 3, 11))
AUTUMN = Period(date(2026, 10, 30), date(2026, 11, 3))


@pytest.mark.parametrize("zone", [ANGELES, SHANGHAI], ids=str)
@pytest.mark.parametrize("period", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_what_is_written_is_valid_and_others_read_the_same_energy_of_each_day(
    period: Period, zone: ZoneInfo, schema: etree.XMLSchema, tmp_path: Path
) -> None:
    days = days_of(period, zone)
    series = [one(days), one(days, channel=Channel.EXPORT), one(days, channel=Channel.REACTIVE_LAG)]
    document = feed(*series, period=period, zone=zone)
    tree = etree.fromstring(document)
    contents = tree.findall("a:entry/a:content/*", NAMES)
    assert len(contents) == 1 + 1 + 3 * (2 + len(days))
    for content in contents:
        assert schema.validate(content), (content.tag, schema.error_log)
    path = tmp_path / "feed.xml"
    path.write_bytes(document)
    [point] = parse.parse_feed(str(path))
    expected = {day.day: sum(each or 0 for each in day.energies) for day in days}
    assert len(point.meterReadings) == 3
    for reading in point.meterReadings:
        sums: dict[date, int] = defaultdict(int)
        for each in reading.intervalReadings:
            sums[each.timePeriod.start.astimezone(zone).date()] += round(each.value * 1_000)
        assert sums == expected
    if zone is ANGELES:
        lengths = {len(day.energies) for day in days}
        assert lengths == {96, 92 if period is SPRING else 100}, (
            "the day without an hour, or with one more, is among them"
        )


def test_the_identifiers_stay_and_tell_no_number() -> None:
    period = Period(date(2026, 3, 6), date(2026, 3, 8))
    document = feed(one(days_of(period, ANGELES)), period=period, zone=ANGELES)
    assert document == feed(one(days_of(period, ANGELES)), period=period, zone=ANGELES)
    assert b"0132000001" not in document
    assert b"<title>\xe2\x80\xa60001</title>" in document
    longer = Period(period.first, date(2026, 3, 9))
    more = etree.fromstring(feed(one(days_of(longer, ANGELES)), period=longer, zone=ANGELES))
    ids = [each.text for each in etree.fromstring(document).findall("a:entry/a:id", NAMES)]
    assert len(set(ids)) == len(ids)
    again = {each.text for each in more.findall("a:entry/a:id", NAMES)}
    assert set(ids) < again, "another span names the same days alike"
    other = feed(one(days_of(period, ANGELES), meter_no="9932560001"), period=period, zone=ANGELES)
    assert other == document, "nothing is made of a number that somebody could try"


def test_a_meter_number_of_any_characters_breaks_no_feed() -> None:
    period = Period(date(2026, 3, 6), date(2026, 3, 7))
    document = feed(one(days_of(period, ANGELES), meter_no="3301-1<&>"), period=period, zone=ANGELES)
    titles = [each.text for each in etree.fromstring(document).findall("a:entry/a:title", NAMES)]
    assert "…1<&>" in titles
    assert len(taken(read(document))) == 96


def test_a_year_of_quarters_is_written_a_day_at_a_time() -> None:
    period = Period(date(2026, 1, 1), date(2027, 1, 1))
    pieces = list(
        green_button.feed([one(days_of(period, ANGELES))], owner="17", origin="x", period=period, zone=ANGELES, now=NOW)
    )
    assert len(pieces) == 365 + 6
    assert max(map(len, pieces)) < 20_000


def test_a_feed_without_readings_is_a_feed(schema: etree.XMLSchema) -> None:
    document = feed(period=SPRING, zone=SHANGHAI)
    [clock] = etree.fromstring(document).findall("a:entry/a:content/*", NAMES)
    assert schema.validate(clock), schema.error_log
    assert read(document) == []


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("America/New_York", (-18_000, 3_600, "360E2000", "B40E2000")),
        ("Europe/Berlin", (3_600, 3_600, "3E0E2000", "AE0E3000")),
        ("Europe/Dublin", (0, 3_600, "3E0E1000", "AE0E2000")),
        ("Australia/Lord_Howe", (37_800, 1_800, "A40E2000", "440E2000")),
        ("Asia/Shanghai", (28_800, 0, "FFFFFFFF", "FFFFFFFF")),
        ("Asia/Jerusalem", (7_200, 3_600, "337A2000", "AE0E2000")),  # the Friday on or after the 23rd
        ("Africa/Casablanca", (0, 3_600, "31602000", "20F03000")),  # told by the moon: the days of that year
    ],
)
def test_a_zone_is_told_by_its_rules(zone: str, expected: tuple[int, int, str, str]) -> None:
    found = local_time(ZoneInfo(zone), 2026)
    assert (found.tz_offset, found.dst_offset, found.start_rule, found.end_rule) == expected


LETTERS = st.sampled_from("aesm")


@settings(deadline=None)
@given(
    first=st.sampled_from(
        [date(2026, 3, 7), date(2026, 3, 8), date(2026, 10, 31), date(2026, 11, 1), date(2026, 6, 1)]
    ),
    minutes=st.sampled_from([15, 30, 60]),
    channel=st.sampled_from(Channel),
    data=st.data(),
)
def test_what_we_write_we_read_again(first: date, minutes: int, channel: Channel, data: st.DataObject) -> None:
    days, expected = [], []
    for day in (first, first + timedelta(days=1)):
        begin = start_of(day, ANGELES)
        count = (start_of(day + timedelta(days=1), ANGELES) - begin) // timedelta(minutes=minutes)
        letters = "".join(data.draw(st.lists(LETTERS, min_size=count, max_size=count)))
        values = data.draw(st.lists(st.integers(-(10**9), 10**14), min_size=count, max_size=count))
        energies = [None if letter == "m" else value for value, letter in zip(values, letters, strict=True)]
        days.append(Day(day, energies, letters, NOW))
        expected += [
            (begin + timedelta(minutes=minutes * place), minutes, channel, energy, letter)
            for place, (energy, letter) in enumerate(zip(energies, letters, strict=True))
            if energy is not None
        ]
    period = Period(first, first + timedelta(days=2))
    found = read(feed(one(days, minutes=minutes, channel=channel), period=period, zone=ANGELES))
    assert not refused(found)
    assert [
        (each.start, each.minutes, each.channel, each.energy, each.quality.value) for each in taken(found)
    ] == expected


def document(*entries: str) -> bytes:
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{"".join(entries)}</feed>'.encode()


def entry(content: str, own: str, up: str = "", *related: str) -> str:
    links = "".join(f'<link rel="related" href="{each}"/>' for each in related)
    return (
        f'<entry><link rel="self" href="{own}"/><link rel="up" href="{up}"/>{links}<content>{content}</content></entry>'
    )


def kind(own: str = "R/1", *, changed: dict[str, object] | None = None) -> str:
    fields = {
        "uom": 72,
        "powerOfTenMultiplier": 0,
        "flowDirection": 1,
        "intervalLength": 3600,
        "commodity": 1,
        **(changed or {}),
    }
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items() if value is not None)
    return entry(f'<ReadingType xmlns="http://naesb.org/espi">{inside}</ReadingType>', own, "R")


def point(own: str = "U/1", service: int = 0) -> str:
    inside = f"<ServiceCategory><kind>{service}</kind></ServiceCategory>"
    return entry(f'<UsagePoint xmlns="http://naesb.org/espi">{inside}</UsagePoint>', own, "U", f"{own}/MeterReading")


def meter(own: str = "U/1/MeterReading/1", kind: str = "R/1") -> str:
    up = own.rpartition("/")[0]
    return entry('<MeterReading xmlns="http://naesb.org/espi"/>', own, up, f"{own}/IntervalBlock", kind)


def reading(start: object = 1_700_000_100, value: object = 5, duration: object = 3600, more: str = "") -> str:
    length = "" if duration is None else f"<duration>{duration}</duration>"
    begun = "" if start is None else f"<start>{start}</start>"
    counted = "" if value is None else f"<value>{value}</value>"
    return f"<IntervalReading>{more}<timePeriod>{length}{begun}</timePeriod>{counted}</IntervalReading>"


def block(*readings: str, up: str = "U/1/MeterReading/1/IntervalBlock", before: str = "") -> str:
    inside = before + "".join(readings or (reading(),))
    return entry(f'<IntervalBlock xmlns="http://naesb.org/espi">{inside}</IntervalBlock>', f"{up}/1", up)


def test_entries_may_stand_in_any_order() -> None:
    entries = [point(), meter(), kind(), block()]
    for turned in (
        entries,
        entries[::-1],
        [entries[3], *entries[:3]],
        [entries[1], entries[3], entries[0], entries[2]],
    ):
        found = read(document(*turned))
        assert ([each.energy for each in taken(found)], refused(found)) == ([5_000], [])


def test_names_may_stand_in_either_space_or_in_none() -> None:
    whole = document(point(), meter(), kind(), block())
    for left_out in (b' xmlns="http://naesb.org/espi"', b' xmlns="http://www.w3.org/2005/Atom"'):
        assert [each.energy for each in taken(read(whole.replace(left_out, b"")))] == [5_000]
    others = whole.replace(b"http://naesb.org/espi", b"http://naesb.org/espi/customer")
    assert read(others) == []


def test_links_may_stand_behind_the_readings_or_be_missing() -> None:
    behind = block().replace("<entry>", "", 1)
    links, content = behind.split("<content>")
    late = f"<entry><content>{content.removesuffix('</entry>')}{links}</entry>"
    assert [each.energy for each in taken(read(document(point(), meter(), kind(), late)))] == [5_000]
    bare = (
        '<entry><content><IntervalBlock xmlns="http://naesb.org/espi">'
        + reading()
        + "</IntervalBlock></content></entry>"
    )
    assert [each.energy for each in taken(read(document(kind(), bare)))] == [5_000], (
        "one type, one meter: it is of that"
    )
    found = read(document(kind(), kind("R/2", changed={"uom": 73}), bare))
    assert (taken(found), refused(found)) == ([], [(3, "entry")])


@pytest.mark.parametrize(
    ("changed", "channel", "energy"),
    [
        ({"powerOfTenMultiplier": 3}, Channel.IMPORT, 5_000_000),
        ({"powerOfTenMultiplier": -3}, Channel.IMPORT, 5),
        ({"powerOfTenMultiplier": None}, Channel.IMPORT, 5_000),
        ({"flowDirection": 19}, Channel.EXPORT, 5_000),
        ({"flowDirection": None, "kind": 12}, Channel.IMPORT, 5_000),
        ({"uom": 73}, Channel.REACTIVE_LAG, 5_000),
        ({"uom": 73, "flowDirection": 5}, Channel.REACTIVE_LAG, 5_000),
        ({"uom": 73, "flowDirection": 13}, Channel.REACTIVE_LEAD, 5_000),
    ],
)
def test_reading_types_tell_channel_and_scale(changed: dict[str, object], channel: Channel, energy: int) -> None:
    found = read(document(point(), meter(), kind(changed=changed), block()))
    assert [(each.channel, each.energy) for each in taken(found)] == [(channel, energy)]


@pytest.mark.parametrize(
    "changed",
    [
        {"uom": 169},
        {"uom": 38},
        {"uom": None},
        {"commodity": 7},
        {"flowDirection": 4},
        {"accumulationBehaviour": 3},
        {"dataQualifier": 8},
        {"tou": 2},
        {"powerOfTenMultiplier": 99},
    ],
    ids=str,
)
def test_what_is_no_energy_of_intervals_is_passed_over_and_told_once(changed: dict[str, object]) -> None:
    second = meter("U/1/MeterReading/2", "R/2"), block(up="U/1/MeterReading/2/IntervalBlock"), kind("R/2")
    found = read(document(point(), meter(), kind(changed=changed), block(), block(), *second))
    assert ([each.energy for each in taken(found)], refused(found)) == ([5_000], [(4, "entry")])


def test_each_quality_comes_to_a_letter_and_several_to_the_least_certain() -> None:
    def rated(*codes: int) -> str:
        return reading(more="".join(f"<ReadingQuality><quality>{code}</quality></ReadingQuality>" for code in codes))

    codes = [
        (0,),
        (7,),
        (8,),
        (9,),
        (10,),
        (11,),
        (12,),
        (13,),
        (14,),
        (15,),
        (16,),
        (17,),
        (18,),
        (19,),
        (0, 8),
        (17, 7),
        (99,),
        (),
    ]
    found = read(document(point(), meter(), kind(), block(*[rated(*each) for each in codes], reading(value=None))))
    assert "".join(each.quality for each in taken(found)) == "aseeeseeaseaaaeseam"
    assert taken(found)[-1].energy is None


def test_a_reading_of_a_day_is_spread_over_its_hours_and_one_without_times_follows_the_one_before() -> None:
    lengths = [86_400, 82_800, 90_000]
    found = taken(
        read(
            document(
                point(),
                meter(),
                kind(changed={"intervalLength": 86_400}),
                block(*[reading(duration=each) for each in lengths]),
            )
        )
    )
    assert [(each.minutes, each.quality) for each in found] == [(60, Quality.ESTIMATED)] * (24 + 23 + 25)
    assert [sum(each.energy or 0 for each in found if each.no == no) for no in (1, 2, 3)] == [5_000] * 3
    begun = "<interval><duration>7200</duration><start>1700000000</start></interval>"
    plain = "<IntervalReading><value>1</value></IntervalReading>"
    found = taken(read(document(point(), meter(), kind(), block(plain, plain, before=begun))))
    assert [int(each.start.timestamp()) for each in found] == [1_700_000_000, 1_700_003_600]


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (reading(value="NaN"), "energy"),
        (reading(value=10**17), "energy"),
        (reading(value="1_0"), "energy"),
        (reading(start="yesterday"), "start"),
        (reading(start=-5), "start"),
        (reading(start=99_999_999_999), "start"),
        (reading(start=None), "start"),
        (reading(duration=0), "minutes"),
        (reading(duration=1_801), "minutes"),
        (reading(duration="PT1H"), "duration"),
        (reading(duration=10**9), "minutes"),
    ],
)
def test_a_bad_reading_is_told_by_its_number_and_the_rest_is_taken(bad: str, field: str) -> None:
    found = read(document(point(), meter(), kind(), block(reading(), bad, reading())))
    assert (len(taken(found)), refused(found)) == (2, [(2, field)])


def test_each_usage_point_needs_the_number_of_its_meter() -> None:
    others = point("U/2"), meter("U/2/MeterReading/1"), block(up="U/2/MeterReading/1/IntervalBlock")
    entries = (
        point(),
        meter(),
        kind(),
        block(),
        *others,
        point("U/3", 1),
        meter("U/3/MeterReading/1"),
        block(up="U/3/MeterReading/1/IntervalBlock"),
    )
    found = read(document(*entries))
    assert ({each.meter_no for each in taken(found)}, refused(found)) == ({"M-1"}, [(7, "entry"), (10, "entry")])
    found = read(document(*entries), Naming(known={"U/1": "A", "2": "B", "U/3": "C"}))
    assert ({each.meter_no for each in taken(found)}, refused(found)) == ({"A", "B"}, [(10, "entry")]), (
        "the third is gas"
    )
    assert refused(read(document(*entries), Naming())) == [(4, "entry"), (7, "entry"), (10, "entry")]


def test_the_same_energy_told_twice_in_other_intervals_is_taken_once() -> None:
    daily = meter("U/1/MeterReading/2", "R/2"), kind("R/2", changed={"intervalLength": 86_400})
    twice = block(reading(duration=86_400), up="U/1/MeterReading/2/IntervalBlock")
    found = read(document(point(), meter(), kind(), *daily, block(), twice))
    assert ([each.minutes for each in taken(found)], refused(found)) == ([60], [(7, "entry")])


def test_five_minutes_are_summed_where_that_is_asked() -> None:
    fine = [reading(start=1_700_000_100 + 300 * place, duration=300) for place in range(6)]
    entries = (point(), meter(), kind(changed={"intervalLength": 300}), block(*fine))
    assert set(refused(read(document(*entries)))) == {(each, "minutes") for each in range(1, 7)}
    found = taken(read(document(*entries), Naming(only="M-1", sums_minutes=True)))
    assert [(each.minutes, each.energy) for each in found] == [(15, 15_000), (15, 15_000)]


def test_a_spreadsheet_tells_the_hour_that_comes_twice_apart_and_names_what_is_missing() -> None:
    day = day_of(date(2026, 11, 1), ANGELES, minutes=60, energies=[1_500_000] * 24 + [None], qualities="a" * 23 + "em")
    text = b"".join(spreadsheet.lines([one([day], minutes=60, meter_no="3301=1+1")], zone=ANGELES)).decode("utf-8-sig")
    rows = [line.split(",") for line in text.splitlines()]
    assert rows[0] == ["meter", "channel", "start", "minutes", "energy", "quality"]
    assert [row[2] for row in rows[2:4]] == ["2026-11-01T01:00-07:00", "2026-11-01T01:00-08:00"]
    assert (rows[1][0], rows[1][4:], rows[-2][5], rows[-1][4:]) == (
        "…=1+1",
        ["1.500000", "actual"],
        "estimated",
        ["", "missing"],
    )
    assert sum(Decimal(row[4]) for row in rows[1:] if row[4]) == Decimal(36)
