"""Files as records: packed ones are read as they are unpacked, as far as they can be."""

import csv
import gzip
import io
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import BadFile, Layout, Reject, Row, Source, cells

LAYOUT: Final = Layout(("a", "b"), frozenset({"a"}))
TEXT: Final = "a,b\n" + "".join(f"{number},{number * 7919}\n" for number in range(20_000))


def read(path: Path, *, skip: int = 0) -> list[Row | Reject]:
    with path.open("rb") as file:
        return list(Source(path, LAYOUT).records(file, skip=skip))


def test_a_packed_file_has_the_records_of_the_file_behind_any_place(tmp_path: Path) -> None:
    plain, packed = tmp_path / "rows.csv", tmp_path / "rows.csv.gz"
    plain.write_text(TEXT)
    packed.write_bytes(gzip.compress(TEXT.encode()))
    assert read(packed) == read(plain)
    assert read(packed, skip=19_998) == read(plain)[19_998:]


def test_a_packed_file_that_is_cut_short_says_so_behind_the_rows_that_it_has(tmp_path: Path) -> None:
    packed = tmp_path / "rows.csv.gz"
    packed.write_bytes(gzip.compress(TEXT.encode())[:-5000])
    *rows, last = read(packed)
    assert rows
    assert all(isinstance(row, Row) for row in rows)
    assert isinstance(last, Reject)
    assert last.reason == "cannot be unpacked: the file is damaged or cut short from here on"


def test_a_bomb_is_not_read_on(tmp_path: Path) -> None:
    packed = tmp_path / "rows.csv.gz"
    packed.write_bytes(gzip.compress(b"a,b\n" + b"\n" * 50_000_000 + b"1,2\n"))
    [told] = read(packed)
    assert isinstance(told, Reject)
    assert told.reason == "unpacks to more than 200 times the size of the file: not read on"


def test_a_file_that_is_not_packed_is_none(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(io.BytesIO(TEXT.encode()).getvalue())
    with pytest.raises(BadFile):
        Source(path, LAYOUT)


@given(
    st.lists(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters='",')), min_size=1)
)
def test_a_line_without_quotes_has_the_fields_that_the_csv_reader_finds(fields: list[str]) -> None:
    line = ",".join(fields)
    assert cells(line) == next(csv.reader((line,), strict=True), [])
