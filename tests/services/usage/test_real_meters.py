"""The 27 real meters, imported and priced: totals are those of a recomputation by numpy, and gaps are named."""

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from core.crypto.vault import Vault
from core.db import Database
from core.periods import business_date, start_of
from services.metering.measures import Channel, IntervalRow, energy_of
from services.metering.operations import take_intervals
from services.tariffs.queries import parse
from services.usage import operations, queries
from services.usage.operations import PricedVersion, price_months
from services.usage.queries import Of
from tests.factories.accounts import make_account
from tests.factories.readings import place_meter, sender
from tests.factories.tariffs import make_version
from tests.factories.usage import bind, days_of, make_calendar
from tests.services.usage.test_running import GUANGZHOU, PERIODS, of_guangzhou
from tests.support.shared import shared

COLUMNS: Final = {
    "import_kwh": Channel.IMPORT,
    "export_kwh": Channel.EXPORT,
    "kvarh_lag": Channel.REACTIVE_LAG,
    "kvarh_lead": Channel.REACTIVE_LEAD,
}
CHUNK: Final = 20_000


class Source(NamedTuple):
    """A file, the zone in which its days are counted, and the months that are read of it."""

    file: str
    minutes: int
    zone: str
    months: tuple[date, ...]
    meters: int


SOURCES: Final = (
    Source("sgsc_30min_2013", 30, "Etc/GMT-10", (date(2013, 2, 1), date(2013, 7, 1), date(2013, 10, 1)), 8),
    Source("epri_pv_60min", 60, "Etc/GMT+8", (date(2016, 8, 1),), 14),
    Source("sdge_gb_60min_2011", 60, "America/Los_Angeles", (date(2011, 3, 1), date(2011, 11, 1)), 4),
    Source("steel_15min_2018", 15, "Asia/Seoul", (date(2018, 1, 1),), 1),
)


def read(source: Source) -> dict[str, list[tuple[datetime, dict[str, str]]]]:
    """Rows of the months by meter, with the moment at which each interval begins."""
    zone = ZoneInfo(source.zone)
    found: dict[str, list[tuple[datetime, dict[str, str]]]] = {}
    with gzip.open(shared("meters") / f"{source.file}.csv.gz", "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            label = datetime.fromisoformat(row["start"])
            at = label if label.tzinfo else label.replace(tzinfo=zone)
            if business_date(at, zone).replace(day=1) in source.months:
                found.setdefault(row["meter_id"], []).append((at, row))
    return found


def intervals(source: Source, meters: dict[str, list[tuple[datetime, dict[str, str]]]]) -> Iterator[IntervalRow]:
    rows = ((meter, at, row) for meter, of_meter in meters.items() for at, row in of_meter)
    for no, (meter, at, row) in enumerate(rows, 1):
        for column, channel in COLUMNS.items():
            if row[column]:
                yield IntervalRow(no, meter, channel, at, source.minutes, energy_of(Decimal(row[column])))


def recomputed(rows: list[tuple[datetime, dict[str, str]]], zone: ZoneInfo) -> tuple[list[int], int]:
    """Energy by period and the total in fen, from the file alone."""
    energies = np.array([round(float(row["import_kwh"]) * 1e4) * 100 for _, row in rows], dtype=np.int64)
    places = np.array([of_guangzhou(at.astimezone(zone)) - 1 for at, _ in rows])
    sums = np.array([energies[places == place].sum() for place in range(3)], dtype=np.int64)
    whole, limits = int(sums.sum()), (260_000_000, 600_000_000)
    tiers = [max(min(whole, limits[1]) - limits[0], 0), max(whole - limits[1], 0)]
    amounts = [
        int(q) * r
        for q, r in zip([*sums, *tiers], [99_500_875, 58_886_875, 22_914_475, 5_000_000, 30_000_000], strict=True)
    ]
    return [int(each) for each in sums], sum((amount + 5 * 10**11) // 10**12 for amount in amounts)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.file)
def test_real_meters_are_priced_as_numpy_does_and_their_gaps_are_named(
    database: Database, vault: Vault, source: Source
) -> None:
    zone, meters = ZoneInfo(source.zone), read(source)
    assert len(meters) == source.meters
    with database.write() as session:
        version = make_version(session, code="GZ", document=GUANGZHOU, periods=PERIODS, valid_from=date(2010, 1, 1))
        accounts = {meter: make_account(session, vault).id for meter in meters}
        for month in source.months:
            make_calendar(
                session, version, days_of(month, (month + timedelta(32)).replace(day=1)), period=of_guangzhou, zone=zone
            )
        for meter, account_id in accounts.items():
            bind(session, account_id, "GZ", first=date(2010, 1, 1))
            place_meter(session, account_id=account_id, meter_no=meter)
            session.sql("update account set class = 'industrial' where id = :id", id=account_id)
        for month in source.months:
            session.sql("select make_interval_month(:month)", month=month)
    rows_left = intervals(source, meters)
    while chunk := list(islice(rows_left, CHUNK)):
        with database.write() as session:
            assert take_intervals(session, chunk, sender=sender(zone=zone)).rejects == []
    tariff = parse(GUANGZHOU)
    with database.write() as session:
        while operations.follow_readings(session, zone=zone) is not None:
            pass
        for month in source.months:
            versions = [PricedVersion(version, "GZ", tariff, PERIODS)]
            assert (
                price_months(session, month=month, first=1, last=max(accounts.values()), versions=versions).unpriced
                == 0
            )
        kept = {
            (row.account_id, row.month): row
            for row in session.sql(
                """select m.account_id, m.month, m.energies, m.missing_minutes, c.total_minor
                   from usage_month m join usage_cost c on c.account_id = m.account_id and c.month = m.month and c.part = m.part"""
            )
        }
    for meter, account_id in accounts.items():
        for month in source.months:
            rows = [(at, row) for at, row in meters[meter] if business_date(at, zone).replace(day=1) == month]
            if not rows:
                assert (account_id, month) not in kept
                continue
            assert (kept[account_id, month].energies, kept[account_id, month].total_minor) == recomputed(rows, zone), (
                meter
            )
            with database.read() as session:
                found = queries.series(session, account_id=account_id, of=Of.MONTH, at=month, zone=zone)
            expected = _lacking(
                rows,
                month,
                zone,
                source,
                first=min(at for at, _ in meters[meter]),
                last=max(at for at, _ in meters[meter]),
            )
            assert (
                sum((gap.end.astimezone(UTC) - gap.begin.astimezone(UTC) for gap in found.gaps), timedelta(0))
                == expected
            ), meter


def _lacking(
    rows: list[tuple[datetime, dict[str, str]]],
    month: date,
    zone: ZoneInfo,
    source: Source,
    *,
    first: datetime,
    last: datetime,
) -> timedelta:
    """How much of a month no row tells, between the first day and the last row of its meter."""
    step = timedelta(minutes=source.minutes)
    begin = max(start_of(month, zone), start_of(business_date(first, zone), zone))
    end = min(start_of((month + timedelta(32)).replace(day=1), zone), last + step)
    return (end - begin) - step * len(rows)
