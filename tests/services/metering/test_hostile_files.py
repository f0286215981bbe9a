"""Files that want to break the reader: refused with a reason, in memory that stays small, and what came before is kept."""

import gzip
import io
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import Reject, unpacked
from services.metering.formats import espi, markup, nem12
from services.metering.formats.espi_index import Index
from services.metering.formats.naming import Naming
from services.metering.measures import IntervalRow
from tests.services.metering.test_green_button import block, document, kind, meter, point, reading

MANY = 2 * 1024 * 1024
FEED = document(point(), meter(), kind(), block(*[reading(start=1_700_000_000 + 3600 * place) for place in range(48)]))
OPEN = FEED.removesuffix(b"</feed>")


def read(opened: Callable[[], Any]) -> tuple[int, list[Reject]]:
    """How many rows there are, none of which is kept, and the rejects."""
    rows, rejects = 0, []
    for found in espi.rows(opened(), opened, Naming(only="M-1")):
        if isinstance(found, IntervalRow):
            rows += 1
        else:
            rejects.append(found)
    return rows, rejects


class Pieces(io.RawIOBase):
    """A file that is made while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read1(self, _size: int = -1, /) -> bytes:
        return next(self._pieces, b"")


def repeated(head: bytes, piece: bytes, times: int, tail: bytes = b"") -> Callable[[], Any]:
    def pieces() -> Iterator[bytes]:
        yield head
        for _ in range(times):
            yield piece
        yield tail

    return lambda: Pieces(pieces())


LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (place, b"&l%d;" % (place - 1) * 10) for place in range(1, 10))
BOMBS = {
    "billion laughs": b'<!DOCTYPE feed [<!ENTITY l0 "lol">' + LAUGHS + b"]><feed>&l9;</feed>",
    "quadratic blow-up": b'<!DOCTYPE feed [<!ENTITY a "' + b"a" * 50_000 + b'">]><feed>' + b"&a;" * 50_000 + b"</feed>",
    "external entity": b'<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/passwd">]><feed>&x;</feed>',
    "external document type": b'<!DOCTYPE feed SYSTEM "http://127.0.0.1/feed.dtd"><feed/>',
    "parameter entity": b'<!DOCTYPE feed [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><feed/>',
    "another document": b"<html><body>Not found</body></html>",
    "no document": b"PK\x03\x04" + bytes(100),
    "utf-7": b'<?xml version="1.0" encoding="utf-7"?><feed xmlns="http://www.w3.org/2005/Atom"/>',
    "two encodings": b'<?xml version="1.0" encoding="utf-16"?>' + FEED,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_anything_is_read(name: str) -> None:
    assert espi.fault_of(io.BytesIO(BOMBS[name])) is not None
    rows, rejects = read(lambda: io.BytesIO(BOMBS[name]))
    assert (rows, len(rejects)) == (0, 1)


def test_a_feed_that_only_looks_strange_is_read() -> None:
    for strange in (
        FEED,
        b"\xef\xbb\xbf" + FEED,
        b'<?xml version="1.0" encoding="UTF-8"?><!-- x -->' + FEED,
        FEED.decode().encode("utf-16"),
    ):
        assert espi.fault_of(io.BytesIO(strange)) is None
        assert read(partial(io.BytesIO, strange)) == (48, [])


@pytest.mark.parametrize(
    ("opened", "reason"),
    [
        (repeated(OPEN, b"<a>" * 100, 100), "(depth)"),
        (repeated(OPEN + b"<entry><content>", b"x" * 65_536, 1_000), "(text)"),
        (repeated(OPEN + b"<entry><content><![CDATA[", b"x" * 65_536, 1_000), "(text)"),
        (repeated(OPEN + b"<entry a='", b"x" * 65_536, 1_000), "(markup)"),
        (repeated(OPEN + b"<", b"x" * 65_536, 1_000), "(markup)"),
        (repeated(OPEN + b"<!--", b"x" * 65_536, 1_000), "(markup)"),
        (
            repeated(OPEN + b"<entry ", b"".join(b"a%d='' " % place for place in range(100)), 1, b"/>"),
            "(attributes)",
        ),
        (repeated(OPEN, b" " * 65_536, 2_000), "(text)"),
        (repeated(OPEN + b"<entry>", b"<link rel='related' href='x'/>" * 5_000, 200), "(links)"),
        (repeated(OPEN + b"<entry><link rel='self' href='", b"x" * 2_000, 1, b"'/></entry>"), "(links)"),
    ],
    ids=["depth", "text", "cdata", "attribute", "name", "comment", "attributes", "blank", "links", "link"],
)
def test_hostile_markup_ends_the_reading_and_what_came_before_is_kept(opened: Callable[[], Any], reason: str) -> None:
    tracemalloc.start()
    try:
        rows, rejects = read(opened)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (rows, len(rejects), rejects[-1].row_no, rejects[-1].field) == (48, 1, 49, "line")
    assert reason in rejects[-1].reason
    assert peak < 40 * 1024 * 1024


def test_a_file_may_not_go_on_for_ever_without_a_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "MOST_BARREN", 100_000)
    rows, [reject] = read(repeated(OPEN, b"<entry/>" * 1_000, 1_000))
    assert (rows, "(nothing)" in reject.reason) == (48, True)


def test_more_meters_than_anybody_keeps_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.metering.formats.espi_index.MOST_LINKS", 100)
    many = b"".join(point(f"U/{place}").encode() for place in range(200))
    rows, [reject] = read(lambda: io.BytesIO(OPEN + many + b"</feed>"))
    assert (rows, "(links)" in reject.reason) == (48, True)


def test_readings_that_wait_for_their_links_wait_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.metering.formats.espi.MOST_HELD", 10)
    nameless = block(*[reading()] * 100).replace('rel="self"', 'rel="x"').replace('rel="up"', 'rel="x"')
    rows, rejects = read(lambda: io.BytesIO(OPEN + nameless.encode() + b"</feed>"))
    assert (rows, [(each.row_no, each.field) for each in rejects]) == (48, [(5, "entry")])


@pytest.mark.parametrize("cut", [1, 200, 900, 5_000, 30])
def test_a_file_that_was_cut_keeps_what_came_before_and_says_where(cut: int) -> None:
    whole = [
        found for found in espi.rows(io.BytesIO(FEED), io.BytesIO, Naming(only="M-1")) if isinstance(found, IntervalRow)
    ]
    short = FEED[:-cut]
    found = list(espi.rows(io.BytesIO(short), io.BytesIO, Naming(only="M-1")))
    kept, reject = found[:-1], found[-1]
    assert kept == whole[: short.count(b"</IntervalReading>")]
    assert isinstance(reject, Reject)
    assert "at line 1" in reject.reason


def test_a_packed_file_that_was_cut_keeps_what_could_be_unpacked() -> None:
    long = document(
        point(),
        meter(),
        kind(),
        block(*[reading(start=1_700_000_000 + 3600 * place, value=place) for place in range(20_000)]),
    )
    packed = gzip.compress(long)
    rows, [reject] = read(lambda: unpacked(io.BytesIO(packed[: len(packed) // 2])))
    assert rows > 5_000
    assert "cannot be unpacked" in reject.reason


def test_a_file_of_any_length_is_read_in_the_same_memory() -> None:
    entry = block(*[reading(start=1_700_000_000 + 900 * place, duration=900) for place in range(96)]).encode()
    peaks = []
    for times in (20, 200):
        opened = repeated(
            document(point(), meter(), kind(changed={"intervalLength": 900})).removesuffix(b"</feed>"),
            entry,
            times,
            b"</feed>",
        )
        tracemalloc.start()
        try:
            rows, rejects = read(opened)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert (rows, rejects) == (96 * times, [])
    assert max(peaks) < 4 * 1024 * 1024
    assert peaks[1] < peaks[0] * 1.2


def test_a_long_file_of_the_market_is_read_in_the_same_memory() -> None:
    line = f"300,20260101,{','.join(['1.25'] * 288)},A,,,20260102000000\n".encode()

    def lines() -> Iterator[tuple[int, bytes]]:
        yield 1, b"100,NEM12,202601020000,A,B\n"
        yield 2, b"200,NEM1,E1,1,E1,N1,METER1,kWh,5,\n"
        for number in range(3, 103):
            yield number, line
        yield 103, b"900\n"

    tracemalloc.start()
    try:
        total = sum(1 for _ in nem12.rows(lines(), Naming(sums_minutes=True)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 100 * 96
    assert peak < 2 * 1024 * 1024


def test_the_walk_raises_for_what_the_parser_cannot_know() -> None:
    class Torn:
        def read1(self, _size: int, /) -> bytes:
            raise EOFError

    with pytest.raises(markup.Broken):
        list(markup.walk(Torn(), espi._Feed(Index(Naming()), lambda: None)))


MARKET = (
    "100,NEM12,202601020000,A,B\n200,NEM1,E1Q1,1,E1,N1,METER1,kWh,60,\n"
    f"300,20260101,{','.join(['1.25'] * 24)},V,,,20260102000000\n400,1,12,A,,\n400,13,24,S14,1,\n"
    f"200,NEM1,E1Q1,2,Q1,N1,METER1,kVArh,60,\n300,20260102,{','.join(['2'] * 24)},A,,,20260102000000\n900\n"
).encode()
EDITS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 40), st.binary(max_size=6)), min_size=1, max_size=8)


def edited(content: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for place, length, put in edits:
        at = place % len(content)
        content = content[:at] + put + content[at + length :] or b" "
    return content


@settings(deadline=None, max_examples=150)
@given(edits=EDITS)
def test_whatever_is_done_to_a_file_it_is_rows_and_rejects(edits: list[tuple[int, int, bytes]]) -> None:
    for each in espi.rows(io.BytesIO(edited(FEED, edits)), lambda: io.BytesIO(edited(FEED, edits)), Naming(only="M-1")):
        assert isinstance(each, Reject) or (each.minutes > 0 and each.start.tzinfo is not None)
    lines = enumerate(edited(MARKET, edits).splitlines(keepends=True), 1)
    for each in nem12.rows(lines, Naming()):
        assert isinstance(each, Reject) or (each.meter_no and each.minutes in {15, 30, 60})
