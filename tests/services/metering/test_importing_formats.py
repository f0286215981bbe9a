"""NEM12 and Green Button by the door of every import: taken in chunks, gone on with, told by their places."""

import gzip
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core import faults, intake
from core.crypto.vault import Vault
from core.db import Database
from core.faults import InjectedFault
from core.intake import Report
from core.periods import Period
from core.records import BadFile
from services.accounts.queries import AccountRef
from services.metering import operations
from services.metering.operations import Naming
from services.metering.queries import files
from tests.factories.accounts import make_account
from tests.factories.readings import NOW, Readings, place_meter, sender
from tests.services.metering.test_green_button import SAMPLES, block, document, kind, meter, point, reading
from tests.services.metering.test_nem12 import HEAD, TAIL, day, stream

ANGELES, SYDNEY = ZoneInfo("America/Los_Angeles"), ZoneInfo("Australia/Sydney")
ADELAIDE = ZoneInfo("Australia/Adelaide")


def take(
    readings: Readings, path: Path, *, zone: ZoneInfo = ANGELES, naming: Naming | None = None, chunk_rows: int = 10_000
) -> Report:
    loader = operations.loader_of(path, sender(zone=zone), naming=naming)
    return intake.run(readings.database, path=path, loader=loader, chunk_rows=chunk_rows)


def written(path: Path, *lines: str) -> Path:
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    return path


def sums(readings: Readings) -> dict[date, Decimal]:
    return {
        each: sum((kwh or Decimal(0) for kwh in kwhs), Decimal(0))
        for (_, _, _, each), (kwhs, _) in readings.days().items()
    }


@pytest.mark.parametrize(
    ("name", "wh", "days"), [("nine_days.xml.gz", 199_563, 9), ("coastal_2011.xml.gz", 4_425_305, 365)]
)
def test_a_sample_is_imported_with_its_sum_and_again_changes_nothing(
    readings: Readings, name: str, wh: int, days: int
) -> None:
    first = take(
        readings,
        SAMPLES / name,
        zone=ANGELES if days == 365 else ZoneInfo("America/New_York"),
        naming=Naming(only="M1"),
    )
    assert (first.rejected, len(readings.days())) == (0, days)
    assert sum(sums(readings).values()) * 1_000 == wh
    before = readings.written()
    again = take(
        readings,
        SAMPLES / name,
        zone=ANGELES if days == 365 else ZoneInfo("America/New_York"),
        naming=Naming(only="M1"),
    )
    assert (again.new, again.changed, again.unchanged) == (0, 0, first.rows)
    assert readings.written() == before


def test_what_was_imported_is_given_out_and_read_in_again_day_by_day(
    readings: Readings, database: Database, vault: Vault, account: AccountRef, tmp_path: Path
) -> None:
    """The spring day of 23 hours and the autumn day of 25 are among them."""
    take(readings, SAMPLES / "coastal_2011.xml.gz", naming=Naming(only="M1"))
    with database.write() as session:
        make_account(session, vault, account_no="7000000002", meter_no="M2")
    with database.read() as session:
        made = files.green_button(
            session,
            account_id=account.id,
            period=Period(date(2011, 1, 1), date(2012, 1, 1)),
            zone=ANGELES,
            origin="x",
            now=NOW,
        )
    path = tmp_path / "out.xml"
    path.write_bytes(b"".join(made))
    report = take(readings, path, naming=Naming(only="M2"))
    assert report.rejected == 0
    found: dict[str, dict[date, object]] = {meter_no: {} for meter_no in ("M1", "M2")}
    for (meter_no, _, _, each), told in readings.days().items():
        found[meter_no][each] = told
    assert found["M1"] == found["M2"]
    lengths = {each: len(letters) for (_, _, _, each), (_, letters) in readings.days().items()}
    assert (lengths[date(2011, 3, 13)], lengths[date(2011, 11, 6)]) == (23, 25)


def test_a_day_of_the_market_lies_on_two_days_of_the_place(readings: Readings, tmp_path: Path) -> None:
    lines = (HEAD, stream(serial="M1"), day(["1"] * 48, day="20260101"), day(["2"] * 48, "N", day="20260102"), TAIL)
    report = take(readings, written(tmp_path / "nem12.csv", *lines), zone=SYDNEY)
    assert (report.rows, report.rejected) == (2, 0)
    found = {each: letters for (_, _, _, each), (_, letters) in readings.days().items()}
    assert found[date(2026, 1, 1)] == "mm" + "a" * 46, "one hour of summer time"
    assert found[date(2026, 1, 2)].startswith("aam")
    assert sum(sums(readings).values()) == 48


@pytest.mark.parametrize(("since", "until", "taken"), [(10, 20, 47), (1, 9, 1), (11, 20, 0)])
def test_a_day_of_the_market_is_taken_as_far_as_the_meter_was_there(
    readings: Readings, database: Database, account: AccountRef, tmp_path: Path, since: int, until: int, taken: int
) -> None:
    with database.write() as session:
        first, end = date(2026, 6, since), date(2026, 6, until)
        place_meter(session, account_id=account.id, meter_no="M7", since=first, until=end)
    lines = (HEAD, stream(serial="M7"), day(["1"] * 48, day="20260610"), TAIL)
    report = take(readings, written(tmp_path / "nem12.csv", *lines), zone=ADELAIDE)
    assert (sum(sums(readings).values()), report.new, report.rejected) == (taken, 0, 1)
    assert readings.refused(report) == [(3, "meter_no", "is a meter that was at no account on this day")]


def test_a_day_of_the_market_that_is_refused_leaves_no_part_on_either_day(readings: Readings, tmp_path: Path) -> None:
    """Its first two hours are the last of a day here on which nothing is wrong."""
    lines = (HEAD, stream(serial="M1"), day(["1"] * 48, day="20260630"), day(["1"] * 48, day="20260701"), TAIL)
    report = take(readings, written(tmp_path / "nem12.csv", *lines), zone=ZoneInfo("Asia/Shanghai"))
    assert readings.refused(report) == [(4, "start", "lies in the future")]
    assert (report.new, report.rejected) == (1, 1)
    assert sums(readings) == {date(2026, 6, 29): Decimal(4), date(2026, 6, 30): Decimal(44)}


def test_bad_records_are_told_by_their_lines_and_the_rest_is_taken(readings: Readings, tmp_path: Path) -> None:
    lines = (
        HEAD,
        stream(serial="M1"),
        day(["1"] * 48, day="20260101"),
        day(["x"] * 48, day="20260102"),
        day(["1"] * 48, day="20990101"),
        stream(serial="UNKNOWN"),
        day(["1"] * 48, day="20260101"),
    )
    report = take(readings, written(tmp_path / "a.V01", *lines), zone=SYDNEY)
    assert [(row, field) for row, field, _ in readings.refused(report)] == [
        (4, "energy"),
        (5, "start"),
        (7, "meter_no"),
        (8, "line"),
    ]
    assert sum(sums(readings).values()) == 48


def long_feed(hours: int) -> bytes:
    start = int(datetime(2026, 1, 1, 8, tzinfo=ZoneInfo("UTC")).timestamp())
    readings = [reading(start=start + 3_600 * place, value=1_000 + place) for place in range(hours)]
    return document(point(), meter(), kind(), *[block(*readings[at : at + 24]) for at in range(0, hours, 24)])


@pytest.mark.parametrize("is_packed", [False, True])
def test_an_import_that_was_cut_off_goes_on_behind_its_last_chunk(
    readings: Readings, tmp_path: Path, *, is_packed: bool
) -> None:
    path = tmp_path / ("feed.xml.gz" if is_packed else "feed.xml")
    path.write_bytes(gzip.compress(long_feed(240)) if is_packed else long_feed(240))
    left = 3

    def die(reached: str) -> None:
        nonlocal left
        left -= reached == "import.chunk.before_commit"
        if not left:
            raise InjectedFault(reached)

    faults.arm(die)
    try:
        with pytest.raises(InjectedFault):
            take(readings, path, naming=Naming(only="M1"), chunk_rows=48)
    finally:
        faults.arm(None)
    assert 0 < len(readings.days()) < 10
    report = take(readings, path, naming=Naming(only="M1"), chunk_rows=48)
    assert (report.resumed_from, report.rows, report.rejected) == (96, 240, 0)
    assert sum(sums(readings).values()) * 1_000 == sum(1_000 + place for place in range(240))


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_feed_that_tells_last_what_its_readings_are_is_imported(
    readings: Readings, tmp_path: Path, *, is_packed: bool
) -> None:
    content = document(
        block(*[reading(start=1_767_254_400 + 3_600 * place) for place in range(24)]), kind(), meter(), point()
    )
    path = tmp_path / ("feed.xml.gz" if is_packed else "feed.xml")
    path.write_bytes(gzip.compress(content) if is_packed else content)
    report = take(readings, path, naming=Naming(only="M1"))
    assert (report.rows, report.rejected, sum(sums(readings).values())) == (24, 0, Decimal("0.12"))


def test_a_file_that_was_cut_keeps_what_came_before_and_its_repaired_copy_goes_on(
    readings: Readings, tmp_path: Path
) -> None:
    path = tmp_path / "feed.xml"
    whole = long_feed(240)
    path.write_bytes(whole[: len(whole) // 2])
    report = take(readings, path, naming=Naming(only="M1"))
    assert [field for _, field, _ in readings.refused(report)] == ["line"]
    kept = report.new
    assert kept > 100
    path.write_bytes(whole)
    report = take(readings, path, naming=Naming(only="M1"))
    assert (report.unchanged, report.new, report.rejected) == (kept, 240 - kept, 0)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (
            "bomb.xml",
            b'<!DOCTYPE feed [<!ENTITY a "a">]><feed>&a;</feed>',
            "the file has what no feed needs at line 1 (DOCTYPE)",
        ),
        ("page.xml", b"<html/>", "(no Atom feed)"),
        ("feed.xml.gz", b"<feed/>", "is not packed by gzip, or damaged"),
        ("rows.txt", b"meter_no,start\n", "the name must end in"),
    ],
)
def test_a_file_that_is_none_is_refused_before_anything_is_written(
    readings: Readings, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadFile) as refused:
        take(readings, path)
    assert reason in str(refused.value.facts["reason"])


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (["meter,meter_no", "a,b"], "must have the columns"),
        (["source,meter_no", "a"], "row 2"),
        (["source,meter_no", "a,1", "a,2"], "second meter number"),
    ],
)
def test_a_list_of_names_says_what_is_wrong_with_it(tmp_path: Path, rows: Sequence[str], reason: str) -> None:
    with pytest.raises(BadFile) as refused:
        operations.names_of(written(tmp_path / "names.csv", *rows))
    assert reason in str(refused.value.facts["reason"])
    assert operations.names_of(written(tmp_path / "names.csv", "source,meter_no", "U/1,M1", "", "U/1,M1")) == {
        "U/1": "M1"
    }
