"""Import of readings in intervals against a plain COPY of the same rows into one table without an index.

The limit reads, judges and compares nothing, and keeps a row for each interval. `WATTLINE_BENCH_METERS`: how many
meters a round has, with ten days of quarters each; 300 without, which are 288,000 rows.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg

import migrations
from benchmarks.harness import Bar, Cluster, Measure, cluster, interleave, limits, ratios, report
from benchmarks.imports import clone, import_files

DAYS: Final = 10
QUARTERS: Final = 96
FIRST: Final = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
"""Midnight in the zone of the process that imports."""

TOWN: Final = """
insert into unit (code, kind, name, path) values ('U1', 'province', 'Bench', '/U1/');
insert into customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint)
  values ('C1', 'person', '', '', '{}', '');
insert into premises (premises_no, district, street, building, fingerprint) values ('P1', '', '', '', '');
insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
  select 'A' || lpad(n::text, 8, '0'), 1, 1, 1, 'residential', 'active', 'CNY' from generate_series(1, 100000) n;
insert into meter (meter_no, account_id) select 'M' || lpad(id::text, 8, '0'), id from account;
create table plain (meter_no text, channel text, start timestamptz, minutes smallint, kwh numeric(14,6), quality text);
"""


def run(*, rounds: int, seconds: int) -> bool:  # noqa: ARG001 -- an import lasts as long as its file
    """Measure and report; true when no bar failed."""
    meters = int(os.environ.get("WATTLINE_BENCH_METERS", "300"))
    with cluster(limits() / "pg.conf") as server:
        migrations.upgrade(server.dsn("wattline_owner"))
        with psycopg.connect(server.dsn("wattline_owner")) as connection:
            connection.execute(TOWN)
        with psycopg.connect(server.dsn("wattline_owner"), autocommit=True) as connection:
            connection.execute("analyze")
        path = write_file(server.folder, meters)
        rows = meters * DAYS * QUARTERS
        variants: dict[str, Callable[[], Measure]] = {
            "copy": lambda: _copy(server, path, rows),
            "import": lambda: _import(server, path, rows),
        }
        results = interleave(variants, rounds=rounds)
    return report("readings", results, [Bar("import / plain COPY", ratios(results, "import", "copy"), 0.12, 0.06)])


def write_file(folder: Path, meters: int) -> Path:
    """A CSV file of readings, by meter and time."""
    path = folder / f"readings-{meters}.csv"
    starts = [(FIRST + timedelta(minutes=15 * number)).isoformat() for number in range(DAYS * QUARTERS)]
    with path.open("w", encoding="utf-8") as file:
        file.write("meter_no,channel,start,minutes,kwh,quality\n")
        for meter in range(1, meters + 1):
            file.writelines(
                f"M{meter:08d},import,{start},15,{(meter * 7 + place * 13) % 3000 / 1000},actual\n"
                for place, start in enumerate(starts)
            )
    path.chmod(0o644)
    return path


def _copy(server: Cluster, path: Path, rows: int) -> Measure:
    with (
        clone(server, "copy_round", "bench"),
        psycopg.connect(server.dsn("wattline_owner", "copy_round")) as connection,
    ):
        begun = time.monotonic()
        with (
            path.open("rb") as file,
            connection.cursor().copy("copy plain from stdin (format csv, header true)") as copy,
        ):
            while piece := file.read(1 << 16):
                copy.write(piece)
        connection.commit()
        return _measure(rows, time.monotonic() - begun)


def _import(server: Cluster, path: Path, rows: int) -> Measure:
    with clone(server, "import_round", "bench"):
        return _measure(rows, import_files(server, "import_round", {"readings": path})["lasted_s"])


def _measure(rows: int, lasted: float) -> Measure:
    return Measure(per_s=rows / lasted, cpu_us=0.0, wal_bytes=0.0, latency_ms=lasted * 1000, operations=rows)
