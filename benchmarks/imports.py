"""Import of accounts and bills against INSERT..SELECT into the same constraints, and its memory against a tenth of it.

The limit copies the finished rows from filled tables without reading, checking, sealing or posting anything. Sizes:
`WATTLINE_BENCH_ACCOUNTS` (a round; default 20,000 accounts with 12 bills each) and `WATTLINE_BENCH_MANY_ACCOUNTS` (once
and amended behind; default 200,000 accounts and 2,400,000 bills, a supplier's million on demand: have 60 GB).
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from psycopg import sql

import migrations
from benchmarks.harness import ROOT, Bar, Cluster, Measure, VoidRun, cluster, interleave, limits, ratios, report

MONTHS: Final = 12
HEADING: Final = "account_no,bill_no,period_first,period_end,issue_date,due_date,energy_kwh,amount_minor,state,lines\n"
COPIED: Final[tuple[LiteralString, ...]] = (
    "customer",
    "contact_point",
    "premises",
    "account",
    "agreement",
    "meter",
    "claim",
    "bill",
    "bill_line",
)


def run(*, rounds: int, seconds: int) -> bool:  # noqa: ARG001 -- an import lasts as long as its file
    """Measure, check the invariants, report; true when no bar failed."""
    accounts = int(os.environ.get("WATTLINE_BENCH_ACCOUNTS", "20000"))
    many = int(os.environ.get("WATTLINE_BENCH_MANY_ACCOUNTS", "200000"))
    with cluster(limits() / "pg.conf") as server:
        migrations.upgrade(server.dsn("wattline_owner"))
        server.execute("insert into unit (code, kind, name, path) values ('U1', 'province', 'Bench', '/U1/')")
        files = write_files(server.folder, accounts)
        with clone(server, "filled", "bench"):
            import_files(server, "filled", files)
            _keep_rows(server, "filled")
            variants: dict[str, Callable[[], Measure]] = {
                "insert..select": lambda: _limit(server, accounts),
                "import": lambda: _ours(server, files, accounts),
            }
            results = interleave(variants, rounds=rounds)
        tenth = _large(server, many // 10)
        large = _large(server, many)
    for size, once in ((many // 10, tenth), (many, large)):
        print(
            f"{size} accounts, {size * MONTHS} bills: {once.rows / once.lasted_s:.0f} rows/s, server CPU "
            f"{once.cpu_us / once.rows:.1f} us/row (the limit: {once.limit_cpu_us / once.rows:.1f}), "
            f"{once.amended / once.amended_s:.0f} amended bills/s, peak memory {once.peak_kib >> 10} MiB"
        )
    bars = [
        Bar(
            "import / INSERT..SELECT into the same constraints", ratios(results, "import", "insert..select"), 0.50, 0.35
        ),
        Bar(f"the same, once, with {many} accounts", [large.limit_s / large.lasted_s], 0.50, 0.35),
        Bar("peak memory / that of a tenth of the file", [large.peak_kib / tenth.peak_kib], 1.2, 1.5, at_most=True),
    ]
    return report("imports", results, bars)


@dataclass(frozen=True, slots=True)
class Large:
    """One import of many rows, amended bills behind it, and the limit of the same rows."""

    rows: int
    lasted_s: float
    cpu_us: float
    peak_kib: int
    amended: int
    amended_s: float
    limit_s: float
    limit_cpu_us: float


def write_files(folder: Path, accounts: int, *, first_month: int = 1) -> dict[str, Path]:
    """CSV files of accounts and of bills of 2025 from a month on, of which December's are open."""
    paths = {kind: folder / f"{kind}-{accounts}.csv" for kind in ("accounts", "bills")}
    with paths["accounts"].open("w", encoding="utf-8") as file:
        file.write(
            "account_no,unit_code,customer_no,customer_kind,name,phone,class,district,street,building,door,meter_no,"
            "tariff_code,agreement_from\n"
        )
        for number in range(accounts):
            name = f"{chr(0x4E00 + number % 997)}{chr(0x5000 + number % 1013)}{chr(0x5400 + number % 701)}"
            file.write(
                f"10{number:08d},U1,C{number:08d},person,{name},+86139{number:08d},residential,D{number % 50},"
                f"S{number % 900},"
                f"{number % 300},{number % 9}-{number % 1200},M{number:09d},RES,2024-01-01\n"
            )
    with paths["bills"].open("w", encoding="utf-8") as file:
        file.write(HEADING)
        for number in range(accounts):
            for month in range(first_month, MONTHS + 1):
                file.write(_bill(number, month))
    for path in paths.values():
        path.chmod(0o644)
    return paths


def write_amended(folder: Path, accounts: int) -> Path:
    """A CSV file of December's bills of every tenth account, as they should have been."""
    path = folder / f"amended-{accounts}.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADING)
        file.writelines(_bill(number, MONTHS, more_kwh=7) for number in range(0, accounts, 10))
    path.chmod(0o644)
    return path


def _bill(number: int, month: int, *, more_kwh: int = 0) -> str:
    energy = 100 + (number * 7 + month * 13) % 400 + more_kwh
    lines = (energy * 55, energy, energy * 5)
    end = f"2025-{month + 1:02d}-01" if month < MONTHS else "2026-01-01"
    state = "settled" if month < MONTHS else "open"
    told = (
        f"energy|{energy}|kWh|0.55|{lines[0]};funds.renewable_energy|{energy}|kWh|0.01|{lines[1]};tax.vat||||{lines[2]}"
    )
    dates = f"2025-{month:02d}-01,{end},{end},{end[:8]}21"
    return f"10{number:08d},B{number:08d}{month:02d},{dates},{energy},{sum(lines)},{state},{told}\n"


@contextmanager
def clone(server: Cluster, name: str, template: str) -> Iterator[None]:
    """A database made of another, dropped afterwards."""
    with psycopg.connect(server.dsn("postgres", "postgres"), autocommit=True) as connection:
        made = sql.SQL("create database {} template {} owner wattline_owner")
        connection.execute(made.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _keep_rows(server: Cluster, database: str) -> None:
    """Move the finished rows into unlogged tables beside, and empty their own: what the limit starts from."""
    with psycopg.connect(server.dsn("postgres", database), autocommit=True) as connection:
        connection.execute("create schema kept")
        for table in COPIED:
            name = sql.Identifier(table)
            connection.execute(sql.SQL("create unlogged table kept.{} as table {}").format(name, name))
            connection.execute(sql.SQL("analyze kept.{}").format(name))
        # The ledger refuses to be emptied; the limit needs none of it.
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "truncate bill_settlement, bill_line, bill, meter, agreement, account, premises, contact_point, customer, "
            "claim, account_search cascade"
        )


def _limit(server: Cluster, accounts: int) -> Measure:
    with clone(server, "limit_round", "filled"):
        return _measure(accounts, _copy(server, "limit_round"))


def _copy(server: Cluster, database: str) -> float:
    """Write the kept rows where they belong; answers how long that took."""
    with psycopg.connect(server.dsn("postgres", database)) as connection:
        begun = time.monotonic()
        for table in COPIED:
            name = sql.Identifier(table)
            connection.execute(
                sql.SQL("insert into {} overriding system value select * from kept.{}").format(name, name)
            )
            connection.commit()
        return time.monotonic() - begun


def _ours(server: Cluster, files: dict[str, Path], accounts: int) -> Measure:
    with clone(server, "import_round", "bench"):
        return _measure(accounts, import_files(server, "import_round", files)["lasted_s"])


def _measure(accounts: int, lasted: float) -> Measure:
    rows = accounts * (MONTHS + 1)
    return Measure(per_s=rows / lasted, cpu_us=0.0, wal_bytes=0.0, latency_ms=lasted * 1000, operations=rows)


def _large(server: Cluster, accounts: int) -> Large:
    """Import many rows once, amend every tenth open bill, then copy the same rows as the limit does."""
    files, amended = write_files(server.folder, accounts), write_amended(server.folder, accounts)
    with clone(server, "large", "bench"):
        before = server.busy_us()
        told = import_files(server, "large", files)
        cpu_us = server.busy_us() - before
        again = import_files(server, "large", {"bills": amended})
        if again["changed"] != len(range(0, accounts, 10)):
            msg = f"{again['changed']} bills were amended"
            raise VoidRun(msg)
        _keep_rows(server, "large")
        before = server.busy_us()
        limit_s = _copy(server, "large")
        limit_cpu_us = server.busy_us() - before
    for path in (*files.values(), amended):
        path.unlink()
    return Large(
        rows=accounts * (MONTHS + 1),
        lasted_s=told["lasted_s"],
        cpu_us=cpu_us,
        peak_kib=int(told["peak_kib"]),
        amended=int(again["changed"]),
        amended_s=again["lasted_s"],
        limit_s=limit_s,
        limit_cpu_us=limit_cpu_us,
    )


def import_files(server: Cluster, database: str, files: dict[str, Path]) -> dict[str, float]:
    """Import files in a process of its own, which checks the invariants: `lasted_s`, `peak_kib`, rows `changed`."""
    named = [f"{kind}={path}" for kind, path in files.items()]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.importing", server.dsn("wattline_app", database), *named],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told
