"""Prices of intervals come by files and programs: repeatable, kept when corrected, and months told that are priced anew."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from core import intake
from core.intake import Report
from core.periods import start_of
from services.tariffs import queries
from services.tariffs.operations import SlotPricesLoader
from tests.factories.accounts import write_csv
from tests.services.tariffs.conftest import Office

BERLIN: Final = ZoneInfo("Europe/Berlin")
AUTUMN: Final = date(2026, 10, 25)
"""A day of 25 hours."""


def row(start: datetime | str, rate: str, minutes: str = "", code: str = "RES") -> dict[str, object]:
    said = start if isinstance(start, str) else start.astimezone(BERLIN).isoformat()
    return {"tariff_code": code, "start": said, "minutes": minutes, "rate_minor": rate}


def load(office: Office, tmp_path: Path, *rows: dict[str, object]) -> Report:
    path = write_csv(tmp_path / "prices.csv", list(rows))
    return intake.run(office.db, path=path, loader=SlotPricesLoader(zone=BERLIN))


def counted(report: Report) -> tuple[int, int, int, int]:
    return report.new, report.changed, report.unchanged, report.rejected


def told(office: Office) -> list[tuple[str, list[str]]]:
    with office.db.read() as session:
        found = session.sql("select payload from outbox where kind = 43 order by id").scalars().all()
    return [(each["tariff_code"], each["months"]) for each in found]


def test_a_day_of_25_hours_has_50_half_hours_each_at_its_own_place(office: Office, tmp_path: Path) -> None:
    begin = start_of(AUTUMN, BERLIN)
    rows = [row(begin + at * timedelta(minutes=30), f"{at - 3}.12345678") for at in range(50)]
    assert counted(load(office, tmp_path, *rows)) == (50, 0, 0, 0)
    assert counted(load(office, tmp_path, *rows)) == (0, 0, 50, 0)
    with office.db.read() as session:
        found = queries.slot_prices(session, code="RES", begin=begin, end=begin + timedelta(hours=25))
        quarters = session.sql("select quarter from tariff_slot_price where day = :day order by start_at", day=AUTUMN)
        assert [*quarters.scalars()] == [*range(0, 100, 2)]
    assert [each.rate_minor for each in found[:5]] == [Decimal(f"{at - 3}.12345678") for at in range(5)]
    assert all(each.end == other.start for each, other in itertools.pairwise(found))


def test_prices_that_come_when_their_interval_has_begun_name_its_month_and_others_none(
    office: Office, tmp_path: Path
) -> None:
    late, ahead = datetime(2026, 10, 31, 22, 30, tzinfo=UTC), datetime(2190, 3, 1, 9, 0, tzinfo=UTC)
    load(office, tmp_path, row(ahead, "17.42"))
    assert told(office) == []
    load(
        office, tmp_path, row(late, "17.42"), row(late + timedelta(hours=1), "5"), row(ahead + timedelta(hours=1), "5")
    )
    assert told(office) == [("RES", ["2026-10-01", "2026-11-01"])]


def test_a_corrected_price_is_kept_and_its_month_is_told_once(office: Office, tmp_path: Path) -> None:
    first, second = datetime(2186, 10, 31, 22, 30, tzinfo=UTC), datetime(2186, 11, 3, 9, 0, tzinfo=UTC)
    load(office, tmp_path, row(first, "17.42"), row(second, "-2.10"), row(second + timedelta(minutes=30), "5"))
    changed = (row(first, "18"), row(second, "-"), row(second + timedelta(minutes=30), "5.000"))
    assert counted(load(office, tmp_path, *changed)) == (0, 2, 1, 0)
    assert told(office) == [("RES", ["2186-10-01", "2186-11-01"])]
    with office.db.read() as session:
        kept = session.sql("select start_at, rate_minor from tariff_slot_price_revision order by id").all()
        found = queries.slot_prices(session, code="RES", begin=first, end=second + timedelta(hours=1))
    assert [tuple(each) for each in kept] == [(first, Decimal("17.42")), (second, Decimal("-2.10"))]
    assert [each.rate_minor for each in found] == [Decimal(18), Decimal(5)]


def test_half_an_hour_may_take_the_place_of_an_hour_that_is_shortened(office: Office, tmp_path: Path) -> None:
    at = datetime(2026, 10, 5, 8, tzinfo=UTC)
    load(office, tmp_path, row(at, "1", "60"))
    half = row(at + timedelta(minutes=30), "2", "30")
    assert counted(load(office, tmp_path, half)) == (0, 0, 0, 1)
    assert counted(load(office, tmp_path, row(at, "1", "30"), half)) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("wrong", "field", "reason"),
    [
        (row("2026-10-05T00:10+02:00", "1"), "start", "is not the beginning of an interval"),
        (row("2026-10-05T00:30+02:00", "1", "60"), "start", "is not the beginning of an interval"),
        (row("2026-10-05T00:30", "1"), "start", "has no offset, and nobody said of which zone it is"),
        (row("2026-10-05", "1"), "start", "is not a time like 2026-01-31T00:15+08:00"),
        (row("2026-10-05T00:00+02:00", "1e3"), "rate_minor", "is not a number with at most 10 digits and 8 decimals"),
        (row("2026-10-05T00:00+02:00", ""), "rate_minor", "is missing"),
        (row("2026-10-05T00:00+02:00", "1", "20"), "minutes", "is none of 15, 30, 60"),
        (row("2026-10-05T00:00+02:00", "1", code="NONE"), "tariff_code", "is no known tariff"),
    ],
)
def test_what_is_no_price_of_an_interval_is_refused_by_name_and_the_rest_is_taken(
    office: Office, tmp_path: Path, wrong: dict[str, object], field: str, reason: str
) -> None:
    report = load(office, tmp_path, wrong, row("2026-10-06T00:00+02:00", "1"))
    assert counted(report) == (1, 0, 0, 1)
    with office.db.read() as session:
        rejects = session.sql("select field, reason from import_reject").all()
    assert [tuple(each) for each in rejects] == [(field, reason)]
