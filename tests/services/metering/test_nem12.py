"""NEM12: every record, every flag, and what is wrong with a line."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import Reject, Unreadable
from services.metering.formats import nem12
from services.metering.formats.intervals import energy
from services.metering.formats.naming import Naming
from services.metering.measures import Channel, IntervalRow, Quality

HEAD, TAIL = "100,NEM12,200506081149,UNITEDDP,NEMMCO", "900"
SYDNEY = ZoneInfo("Australia/Sydney")


def stream(
    suffix: str = "E1", *, nmi: str = "NEM1201009", serial: str = "01009", unit: str = "kWh", minutes: int = 30
) -> str:
    return f"200,{nmi},E1Q1,1,{suffix},N1,{serial},{unit},{minutes},20050610"


def day(values: Sequence[object], quality: str = "A", *, day: str = "20050301") -> str:
    return f"300,{day},{','.join(str(each) for each in values)},{quality},,,20050310121004,20050310182204"


def read(*lines: str, naming: Naming | None = None, end: str = "\n") -> list[IntervalRow | Reject]:
    raw = [(number, f"{line}{end}".encode()) for number, line in enumerate(lines, 1)]
    return list(nem12.rows(iter(raw), naming or Naming()))


def taken(found: list[IntervalRow | Reject]) -> list[IntervalRow]:
    return [each for each in found if isinstance(each, IntervalRow)]


def refused(found: list[IntervalRow | Reject]) -> list[tuple[int, str]]:
    return [(each.row_no, each.field) for each in found if isinstance(each, Reject)]


def test_a_day_begins_at_midnight_of_the_market_and_not_of_the_place() -> None:
    found = taken(read(HEAD, stream(), day(["0.5"] * 48), TAIL))
    assert len(found) == 48
    assert found[0] == IntervalRow(
        no=3,
        meter_no="01009",
        channel=Channel.IMPORT,
        start=datetime(2005, 2, 28, 14, tzinfo=UTC),
        minutes=30,
        energy=500_000,
        quality=Quality.ACTUAL,
    )
    assert found[0].start.astimezone(SYDNEY).isoformat() == "2005-03-01T01:00:00+11:00", "summer there, not in the file"
    assert found[-1].start - found[0].start == timedelta(hours=23, minutes=30)


@pytest.mark.parametrize(
    ("suffix", "unit", "value", "channel", "energy"),
    [
        ("E1", "kWh", "1.234", Channel.IMPORT, 1_234_000),
        ("B1", "KWH", "0", Channel.EXPORT, 0),
        ("Q1", "kVArh", "7.5", Channel.REACTIVE_LAG, 7_500_000),
        ("K2", "VArh", "50", Channel.REACTIVE_LEAD, 50_000),
        ("EA", "Wh", "10", Channel.IMPORT, 10_000),
        ("e1", "MWh", "0.000001", Channel.IMPORT, 1_000),
        ("E1", "kWh", "0.30000000000000004", Channel.IMPORT, 300_000),
        ("E1", "kWh", "1.5E-3", Channel.IMPORT, 1_500),
        ("B1", "kWh", "-2", Channel.EXPORT, -2_000_000),
    ],
)
def test_units_and_suffixes_come_to_channels_in_millionths(
    suffix: str, unit: str, value: str, channel: Channel, energy: int
) -> None:
    found = read(HEAD, stream(suffix, unit=unit), day([value, *["0"] * 47]), TAIL)
    assert not refused(found)
    assert (taken(found)[0].channel, taken(found)[0].energy) == (channel, energy)


@pytest.mark.parametrize(
    ("flag", "quality", "energy"),
    [
        ("A", Quality.ACTUAL, 1_000_000),
        ("S14", Quality.SUBSTITUTED, 1_000_000),
        ("F16", Quality.SUBSTITUTED, 1_000_000),
        ("E52", Quality.ESTIMATED, 1_000_000),
        ("N", Quality.MISSING, None),
    ],
)
def test_each_quality_flag_is_told(flag: str, quality: Quality, energy: int | None) -> None:
    found = taken(read(HEAD, stream(), day(["1"] * 48, flag), TAIL))
    assert {(each.quality, each.energy) for each in found} == {(quality, energy)}


def test_ranges_tell_the_quality_of_a_day_that_varies() -> None:
    ranges = ("400,1,20,F14,76,", "400,21,24,A,,", "400,25,30,N,,", "400,31,31,E52,,", "400,32,48,S14,1,failed meter")
    found = read(HEAD, stream(), day(["1"] * 48, "V"), *ranges, day(["2"] * 48, day="20050302"), TAIL)
    assert not refused(found)
    letters = "".join(each.quality for each in taken(found))
    assert letters == "s" * 20 + "a" * 4 + "m" * 6 + "e" + "s" * 17 + "a" * 48


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        (["400,1,20,A,,", "400,22,48,A,,"], [(3, "quality")]),
        (["400,1,30,A,,", "400,30,48,S14,,"], [(5, "interval"), (3, "quality")]),
        (["400,1,49,A,,"], [(4, "interval"), (3, "quality")]),
        (["400,9,1,A,,", "400,1,48,A,,"], [(4, "interval")]),
        (["400,1,48,V,,"], [(4, "quality"), (3, "quality")]),
        (["400,\xff", "400,1,48,A,,"], [(3, "quality"), (4, "line"), (5, "line")]),
        ([], [(3, "quality")]),
    ],
)
def test_a_day_whose_quality_is_not_told_whole_is_no_day(ranges: list[str], expected: list[tuple[int, str]]) -> None:
    lines = [HEAD, stream(), day(["1"] * 48, "V"), *ranges, day(["2"] * 48, day="20050302"), TAIL]
    raw = [(number, f"{line}\n".encode("latin-1")) for number, line in enumerate(lines, 1)]
    found = list(nem12.rows(iter(raw), Naming()))
    assert refused(found) == expected
    assert sum(each.energy == 2_000_000 for each in taken(found)) == 48, "the next day is as it was"


def test_real_files_end_lines_and_rows_as_they_like() -> None:
    found = read(
        HEAD, "", stream() + ",,,", day(["1"] * 48) + ",,,,", "500,O,S01009,20050310121004,001123.5", TAIL, end="\r\n"
    )
    assert (len(taken(found)), refused(found)) == (48, [])
    short = f"300,20050301,{','.join(['1'] * 48)},A"
    assert len(taken(read(HEAD, stream(), short, TAIL))) == 48


def test_a_file_that_was_cut_short_says_so_and_keeps_what_it_had() -> None:
    found = read(HEAD, stream(), day(["1"] * 48), day(["1"] * 48, day="20050302")[:80])
    assert len(taken(found)) == 48
    assert refused(found) == [(4, "quality"), (5, "line")]


def test_files_of_portals_have_no_heading_a_check_digit_lines_of_commas_and_ends_in_between() -> None:
    found = read(
        ",,,,",
        "200,6203778594,5,E1E2,E1,E1,,01009,KWH,30,",
        day([".5"] * 48),
        "900",
        ",,,",
        "900",
        "200,6203778594,5,E1E2,B1,B1,,01009,KWH,30,",
        day(["1"] * 48),
        "900",
    )
    assert refused(found) == []
    assert {(each.meter_no, each.channel, each.energy) for each in taken(found)} == {
        ("01009", Channel.IMPORT, 500_000),
        ("01009", Channel.EXPORT, 1_000_000),
    }


@pytest.mark.parametrize(
    ("head", "is_so"),
    [
        ("100,NEM12,2004", True),
        ('"100","NEM12",', True),
        ("\r\n200,6203778594,5,E1", True),
        (",,,\n200,NEM1201009,E1", True),
        ("100,NEM13,2004", False),
        ("meter_no,start\n", False),
        ("200,5,7\n", False),
    ],
)
def test_a_file_is_told_by_its_beginning(head: str, is_so: bool) -> None:
    assert nem12.is_nem12(head) is is_so


def test_two_files_in_one_are_both_read() -> None:
    found = read(HEAD, stream(), day(["1"] * 48), TAIL, HEAD, stream(serial="2"), day(["1"] * 48), TAIL)
    assert ({each.meter_no for each in taken(found)}, refused(found)) == ({"01009", "2"}, [])


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (stream("X1"), "suffix"),
        (stream("E1", unit="kW"), "unit"),
        (stream("Q1", unit="kWh"), "unit"),
        (stream("E1", minutes=7), "minutes"),
        (stream("E1", nmi="", serial=""), "meter_no"),
        (day(["1"] * 48, day="20050230"), "day"),
        (day(["1"] * 48, day="２００５０３０１"), "day"),
        (day(["1"] * 47), "quality"),
        (day(["1"] * 96), "quality"),
        (day(["NaN", *["1"] * 47]), "energy"),
        (day(["1_0", *["1"] * 47]), "energy"),
        (day(["1E30", *["1"] * 47]), "energy"),
        (day(["9" * 40, *["1"] * 47]), "energy"),
        (day(["1"] * 48, "X"), "quality"),
        ("250,NEM13", "line"),
        ("300", "day"),
        ('300,"20050301', "line"),
        ("x" * 70_000, "line"),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_the_rest_is_taken(line: str, field: str) -> None:
    other = [stream("B1", serial="77"), day(["3"] * 48)]
    found = read(HEAD, stream(), line, *other, TAIL)
    assert refused(found) == [(3, field)]
    assert [each.energy for each in taken(found)] == [3_000_000] * 48


def test_days_of_a_stream_that_is_not_kept_are_passed_over_and_it_is_told_once() -> None:
    found = read(HEAD, stream(unit="kVA"), *[day(["1"] * 48, "V"), "400,1,48,A,,"] * 3, stream(), day(["1"] * 48), TAIL)
    assert (len(taken(found)), refused(found)) == (48, [(2, "unit")])


def test_a_second_register_of_one_meter_is_taken_only_under_a_name_of_its_own() -> None:
    lines = (HEAD, stream("E1"), day(["1"] * 48), stream("E2"), day(["2"] * 48), TAIL)
    assert refused(read(*lines)) == [(4, "suffix")]
    named = Naming(known={"NEM1201009/E2": "CL-7", "01009": "M-1"})
    assert {(each.meter_no, each.energy) for each in taken(read(*lines, naming=named))} == {
        ("M-1", 1_000_000),
        ("CL-7", 2_000_000),
    }


def test_a_meter_is_named_by_its_serial_or_else_by_its_connection() -> None:
    assert {each.meter_no for each in taken(read(HEAD, stream(serial=""), day(["1"] * 48), TAIL))} == {"NEM1201009"}
    named = Naming(known={"NEM1201009": "M-9"})
    assert {each.meter_no for each in taken(read(HEAD, stream(), day(["1"] * 48), TAIL, naming=named))} == {"M-9"}


def test_five_minutes_become_quarters_where_that_is_asked_and_are_refused_otherwise() -> None:
    ranges = ("400,1,3,A,,", "400,4,4,S14,,", "400,5,7,A,,", "400,8,8,N,,", "400,9,288,A,,")
    lines = (HEAD, stream(minutes=5), day(["0.1"] * 288, "V"), *ranges, TAIL)
    assert refused(read(*lines)) == [(2, "minutes")]
    found = taken(read(*lines, naming=Naming(sums_minutes=True)))
    assert [each.minutes for each in found] == [15] * 96
    assert [(each.energy, each.quality.value) for each in found[:4]] == [
        (300_000, "a"),
        (300_000, "s"),
        (None, "m"),
        (300_000, "a"),
    ]
    assert [each.start for each in found] == [found[0].start + timedelta(minutes=15 * place) for place in range(96)]


def test_nothing_outside_of_its_records_is_taken() -> None:
    assert refused(read(HEAD, day(["1"] * 48), TAIL, day(["1"] * 48))) == [(2, "line"), (4, "line")]
    assert refused(read("100,NEM13,200506081149,A,B", day(["1"] * 48), TAIL)) == [(1, "line"), (2, "line")]
    assert refused(read(HEAD, stream(), HEAD, day(["1"] * 48), TAIL)) == [(3, "line"), (4, "line")]


def written(values: list[Decimal], quality: list[str], *, first: date) -> Iterator[str]:
    yield HEAD
    yield stream(minutes=60)
    for place in range(0, len(values), 24):
        yield day(values[place : place + 24], "V", day=f"{first + timedelta(days=place // 24):%Y%m%d}")
        yield from (f"400,{at + 1},{at + 1},{flag},," for at, flag in enumerate(quality[place : place + 24]))
    yield TAIL


@settings(deadline=None)
@given(
    values=st.lists(st.decimals(0, 10_000, places=6), min_size=48, max_size=48),
    flags=st.lists(st.sampled_from(["A", "S14", "F16", "E52", "N"]), min_size=48, max_size=48),
)
def test_what_is_written_is_what_is_read(values: list[Decimal], flags: list[str]) -> None:
    found = read(*written(values, flags, first=date(2026, 4, 4)))
    assert not refused(found)
    first = datetime(2026, 4, 3, 14, tzinfo=UTC)
    assert [(each.start, each.energy, each.quality) for each in taken(found)] == [
        (
            first + timedelta(hours=place),
            None if flag == "N" else int(value * 1_000_000),
            nem12.QUALITIES[flag[0]],
        )
        for place, (value, flag) in enumerate(zip(values, flags, strict=True))
    ]


@pytest.mark.parametrize(
    ("text", "told"), [("1" + "0" * 18, "is more than a meter can count"), ("1" + "0" * 18 + "x", "is not a number")]
)
def test_a_number_that_is_too_long_is_told_apart_from_none(text: str, told: str) -> None:
    with pytest.raises(Unreadable, match=told):
        energy(text, 6, field="interval")
