"""The same strange things done to a file of each format: taken, held or refused alike, and nothing of the rest is lost."""

import codecs
import gzip
import io
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core import intake
from core.records import BadFile, Reject, Row, Source
from services.metering.operations import IntervalsLoader, Naming, ReadingsLoader, loader_of
from services.metering.operations.blocks import Blocks
from tests.factories.readings import ZONE, Readings, sender
from tests.services.metering.test_green_button import block, document, kind, meter, point, reading
from tests.services.metering.test_nem12 import HEAD, TAIL, day, stream

BEGIN = datetime(2026, 1, 1, tzinfo=ZONE)
FORMATS = ("csv", "nem12", "green_button")
HALVES = 48
Made = Sequence[Sequence[object]]
"""Days of 48 values in kWh, in the order in which they stand in the file."""


def csv(days: Made, order: Sequence[int]) -> str:
    starts = [(BEGIN + timedelta(days=number)) for number in order]
    rows = [
        f"M1,{(start + at * timedelta(minutes=30)).isoformat()},30,{value}"
        for start, values in zip(starts, days, strict=True)
        for at, value in enumerate(values)
    ]
    return "\n".join(["meter_no,start,minutes,kwh", *rows]) + "\n"


def nem12(days: Made, order: Sequence[int]) -> str:
    """Its days begin two hours before those of the supplier."""
    lines = [
        day(values, day=f"{BEGIN + timedelta(days=number):%Y%m%d}") for number, values in zip(order, days, strict=True)
    ]
    return "\n".join([HEAD, stream(serial="M1"), *lines, TAIL]) + "\n"


def green_button(days: Made, order: Sequence[int]) -> str:
    begins = [int((BEGIN + timedelta(days=number)).timestamp()) for number in order]
    found = [
        reading(start=begin + 1800 * at, value=value, duration=1800)
        for begin, values in zip(begins, days, strict=True)
        for at, value in enumerate(values)
    ]
    in_kwh = kind(changed={"powerOfTenMultiplier": 3, "intervalLength": 1800})
    return '<?xml version="1.0"?>\n' + document(point(), meter(), in_kwh, block(*found)).decode()


MAKERS: dict[str, Callable[[Made, Sequence[int]], str]] = {"csv": csv, "nem12": nem12, "green_button": green_button}


def made(kind_: str, *days: Sequence[object], order: Sequence[int] | None = None) -> str:
    return MAKERS[kind_](days, order or range(len(days)))


def written(folder: Path, kind_: str, content: bytes, *, is_packed: bool = False) -> Path:
    path = folder / (("feed.xml" if kind_ == "green_button" else "readings.csv") + (".gz" if is_packed else ""))
    path.write_bytes(gzip.compress(content) if is_packed else content)
    return path


def loader(kind_: str, path: Path) -> IntervalsLoader:
    return loader_of(path, sender(), naming=Naming(only="M1") if kind_ == "green_button" else None)


def read(kind_: str, path: Path) -> tuple[int, list[Reject]]:
    """How many intervals come out of a file, and what is refused."""
    found = loader(kind_, path)
    blocks, rejects = Blocks(ZONE), list[Reject]()
    with path.open("rb") as file:
        for record in found.source(path).records(file, skip=0):
            if isinstance(record, Row):
                found.put(record, blocks)
            else:
                rejects.append(record)
    return sum(len(str(row[7])) for row in blocks.rows()), rejects


@pytest.mark.parametrize("kind_", FORMATS)
@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("strange", ["as it is", "mark", "ends of lines", "both"])
def test_marks_of_encoding_ends_of_lines_and_packing_change_nothing(
    tmp_path: Path, kind_: str, strange: str, is_packed: bool
) -> None:
    content = made(kind_, [1] * HALVES, [2] * HALVES).encode()
    if strange in {"ends of lines", "both"}:
        content = content.replace(b"\n", b"\r\n")
    if strange in {"mark", "both"}:
        content = codecs.BOM_UTF8 + content
    assert read(kind_, written(tmp_path, kind_, content, is_packed=is_packed)) == (2 * HALVES, [])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_a_file_in_utf_16_is_read_where_its_format_says_so_and_refused_otherwise(tmp_path: Path, encoding: str) -> None:
    mark = {"utf-16": b"", "utf-16-be": codecs.BOM_UTF16_BE, "utf-16-le": codecs.BOM_UTF16_LE}[encoding]
    path = written(tmp_path, "green_button", mark + made("green_button", [1] * HALVES).encode(encoding))
    assert read("green_button", path) == (HALVES, [])
    for kind_ in ("csv", "nem12"):
        path = written(tmp_path, kind_, mark + made(kind_, [1] * HALVES).encode(encoding))
        with pytest.raises(BadFile) as refused:
            read(kind_, path)
        assert "UTF-16" in str(refused.value.facts["reason"])


@pytest.mark.parametrize("kind_", FORMATS)
@pytest.mark.parametrize("content", [b"", codecs.BOM_UTF8, b"\n\n", bytes(100)])
def test_a_file_without_anything_is_refused(tmp_path: Path, kind_: str, content: bytes) -> None:
    with pytest.raises(BadFile):
        read(kind_, written(tmp_path, kind_, content))


@pytest.mark.parametrize("kind_", FORMATS)
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_file_that_was_cut_keeps_what_came_before_and_says_so(tmp_path: Path, kind_: str, is_packed: bool) -> None:
    content = made(kind_, *([f"0.{number}{at:03d}" for at in range(HALVES)] for number in range(20))).encode()
    whole = written(tmp_path, kind_, content, is_packed=is_packed).read_bytes()
    path = written(tmp_path, kind_, content)
    if is_packed:
        path = path.with_name(f"{path.name}.gz")
    path.write_bytes(whole[: len(whole) * 3 // 5])
    taken, rejects = read(kind_, path)
    assert 0 < taken < 20 * HALVES
    assert len(rejects) == 1 or {each.field for each in rejects} <= {"line", "quality"}


@pytest.mark.parametrize("kind_", FORMATS)
def test_a_small_file_that_unpacks_without_end_is_not_read_to_it(tmp_path: Path, kind_: str) -> None:
    head = made(kind_, [1] * HALVES).removesuffix("</feed>").removesuffix(TAIL + "\n")
    taken, rejects = read(kind_, written(tmp_path, kind_, head.encode() + b"\n" * (8 << 20), is_packed=True))
    assert taken == HALVES
    assert len(rejects) == 1
    assert "not read on" in rejects[0].reason or "nothing behind it was read" in rejects[0].reason


def test_a_long_file_of_rows_is_read_in_the_same_memory(tmp_path: Path) -> None:
    path = written(tmp_path, "csv", made("csv", [1]).encode())
    line = made("csv", [1]).splitlines(keepends=True)[1].encode()

    class Long(io.BytesIO):
        left = 30_000

        def readline(self, _size: int | None = -1, /) -> bytes:
            self.left -= 1
            return line if self.left >= 0 else b""

    source = Source(path, ReadingsLoader.layout)
    tracemalloc.start()
    try:
        total = sum(1 for _ in source.records(Long(), skip=0))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 29_999
    assert peak < 1024 * 1024


@pytest.mark.parametrize("kind_", FORMATS)
def test_days_in_any_order_said_twice_and_said_otherwise_end_alike(
    readings: Readings, tmp_path: Path, kind_: str
) -> None:
    one, two, other = [1] * HALVES, [2] * HALVES, [*[1] * (HALVES - 1), 3]
    path = written(tmp_path, kind_, made(kind_, two, one, other, two, order=(1, 0, 0, 1)).encode())
    report = intake.run(readings.database, path=path, loader=loader(kind_, path))
    sums = {each: sum(kwh or 0 for kwh in kwhs) for (_, _, _, each), (kwhs, _) in readings.days().items()}
    assert sum(sums.values()) == 3 * HALVES + 2
    assert readings.held() == [("contradicted", Decimal(1), "open")]
    assert report.rejected == 1
    before = readings.written()
    intake.run(readings.database, path=path, loader=loader(kind_, path))
    assert readings.written() == before


@pytest.mark.parametrize("kind_", FORMATS)
def test_what_no_meter_counts_is_refused_what_none_draws_waits_and_the_rest_is_in(
    readings: Readings, tmp_path: Path, kind_: str
) -> None:
    days: Made = [
        [1] * HALVES,
        ["NaN", *[1] * (HALVES - 1)],
        [10**12, *[1] * (HALVES - 1)],
        [77_000, *[1] * (HALVES - 1)],
    ]
    path = written(tmp_path, kind_, made(kind_, *days).encode())
    report = intake.run(readings.database, path=path, loader=loader(kind_, path))
    of_a_day = HALVES if kind_ == "nem12" else 1
    kept = sum(kwh or 0 for kwhs, _ in readings.days().values() for kwh in kwhs)
    assert kept == 4 * HALVES - 2 * of_a_day - 1
    assert [(reason, kwh) for reason, kwh, _ in readings.held()] == [("implausible", Decimal(77_000))]
    assert report.rejected == 3
    assert report.rows == (4 if kind_ == "nem12" else 4 * HALVES)
