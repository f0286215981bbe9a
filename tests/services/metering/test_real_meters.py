"""The 27 real meters: every value comes in, sums are those that numpy finds in the files, and gaps have their size."""

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from core.crypto.vault import Vault
from core.db import Database
from core.periods import start_of
from services.metering.queries import Channel
from tests.factories.accounts import make_account
from tests.factories.readings import Readings
from tests.support.shared import shared

SOURCES: Final = {
    "sgsc_30min_2013": (30, ZoneInfo("Etc/GMT-10"), 8),
    "epri_pv_60min": (60, ZoneInfo("Etc/GMT+8"), 14),
    "sdge_gb_60min_2011": (60, ZoneInfo("UTC"), 4),
    "steel_15min_2018": (15, ZoneInfo("Asia/Seoul"), 1),
}
COLUMNS: Final = {
    Channel.IMPORT: "import_kwh",
    Channel.EXPORT: "export_kwh",
    Channel.REACTIVE_LAG: "kvarh_lag",
    Channel.REACTIVE_LEAD: "kvarh_lead",
}
GAPS: Final = {"SGSC-10006704": 432, "SGSC-10017554": 784, "SGSC-10017562": 820}


def read(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def sums(folder: Path) -> dict[tuple[str, str], int]:
    """What each channel of each meter comes to, in millionths, as numpy adds it up."""
    values: dict[tuple[str, str], list[str]] = {}
    for name in SOURCES:
        for row in read(folder, name):
            for channel, column in COLUMNS.items():
                if row[column]:
                    values.setdefault((row["meter_id"], channel.value), []).append(row[column])
    return {
        key: int(np.rint(np.array(texts, dtype=np.float64) * 1_000_000).astype(np.int64).sum())
        for key, texts in values.items()
    }


def test_all_real_meters_come_in_with_their_sums_and_their_gaps(
    database: Database, vault: Vault, tmp_path: Path
) -> None:
    folder = shared("meters")
    meters: dict[str, Any] = {}
    with database.write() as session:
        for name in SOURCES:
            for meter_no in dict.fromkeys(row["meter_id"] for row in read(folder, name)):
                meters[meter_no] = make_account(session, vault, meter_no=meter_no)
        session.sql("update account set class = 'industrial' where id = :id", id=meters["STEEL-01"].id)
    assert len(meters) == 27
    for name, (minutes, zone, count) in SOURCES.items():
        readings = Readings(database, tmp_path, zone=zone)
        report = readings.take_file(folder / f"{name}.csv.gz", labels=zone, minutes=minutes)
        assert (report.rejected, report.changed, report.unchanged) == (0, 0, 0), name
        assert report.new == report.rows > count * 4000
    with database.read() as session:
        found = session.sql(
            """select s.meter_no, s.channel, sum(e)::bigint as energy
               from reading_series s join interval_day d on d.account_id = s.account_id and d.series_id = s.id,
                 unnest(d.energies) e group by 1, 2"""
        )
        assert {(row.meter_no, row.channel): row.energy for row in found} == sums(folder)
        zone, _ = SOURCES["sgsc_30min_2013"][1:]
        missing = {
            row.meter_no: (row.read_until - start_of(row.first_day, zone)) // timedelta(minutes=30) - row.known
            for row in session.sql(
                """select s.meter_no, s.first_day, s.read_until, sum(length(replace(d.qualities, 'm', ''))) as known
                   from reading_series s join interval_day d on d.account_id = s.account_id and d.series_id = s.id
                   where s.meter_no like 'SGSC-%' and s.channel = 'import'
                   group by s.meter_no, s.first_day, s.read_until"""
            )
        }
        assert {meter_no: count for meter_no, count in missing.items() if count} == GAPS
        until = session.sql("select max(read_until) from reading_series where meter_no = 'STEEL-01'").scalar_one()
    assert until == datetime(2018, 8, 31, 15, 0, tzinfo=UTC)
