"""Pricing of a month set-based, as `price_months` writes it, against the frozen hand-written statement.

The tariffs have three tiers, times of use and a household extra, which one account in twenty has. What is written is
checked against sums by numpy over all accounts and against the engine on a sample. CPU and WAL have bars of their own:
neighbours of the machine move the clock, and them hardly. `WATTLINE_BENCH_ACCOUNTS`: how many accounts, 1,000,000 where
the frozen limit is run beside; the slope is measured with a hundredth of them.
"""

import os
import random
import statistics
import time
from collections.abc import Callable
from datetime import date
from typing import Any, Final

import numpy as np
import psycopg

import migrations
from benchmarks.harness import Bar, Cluster, Measure, VoidRun, cluster, interleave, limits, ratios, report
from core.db import Database
from services.tariffs.queries import parse, price
from services.usage.operations.pricing import PricedVersion, price_months
from services.usage.queries.parts import parts_of, use_of

ACCOUNTS: Final = int(os.environ.get("WATTLINE_BENCH_ACCOUNTS", "1000000"))
FEW: Final = ACCOUNTS // 100
SLICE: Final = 1_000_000
SAMPLE: Final = 500
MONTH: Final = date(2026, 10, 1)
VERSIONS: Final = 20
LARGE: Final = 20
"""One account of so many has a household of five."""
EXTRA: Final = 100_000_000
MARK: Final = "\\timing on\n"

_FILL: Final = """
insert into unit (code, kind, name, path) values ('R', 'province', 'Unit', '/R/');
insert into customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint)
  values ('1', 'person', '', '*', '{}', '');
insert into premises (premises_no, district, street, building, fingerprint) values ('1', 'd', 's', 'b', '');
insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
  select (1000000000 + account_id)::text, 1, 1, 1, 'residential', 'active', 'CNY' from limb.usage order by account_id;
insert into agreement (account_id, id, tariff_code, is_prepaid, valid_from)
  select account_id, 1, 'T' || tariff_id, false, date '2020-01-01' from limb.usage order by account_id;
insert into entitlement (account_id, id, customer_id, kind, value, valid_from, recorded_at)
  select account_id, 1, 1, 'persons', 5, date '2024-01-01', now() from limb.usage
  where account_id % LARGE = 0 order by account_id;
insert into usage_month (account_id, month, part, version_id, first_day, end_day, days, energies, energy,
    export_energy, reactive_energy, max_demand, measured_minutes, missing_minutes, estimated_minutes, aggregated_at)
  select account_id, date '2026-10-01', 1, tariff_id, date '2026-10-01', date '2026-11-01', 31,
    array[peak_wh * 1000 / 3, peak_wh * 1000 - peak_wh * 1000 / 3, valley_wh * 1000], (peak_wh + valley_wh) * 1000,
    0, 0, 3000, 44640, 0, 0, now()
  from limb.usage order by account_id;
"""


def document(number: int) -> dict[str, Any]:
    """A tariff of Guangzhou's shape; each of the twenty has limits of its own."""
    return {
        "id": f"bench-{number}",
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "rounding": {"mode": "half_up", "stage": "line"},
        "energy": {
            "lines": "period_plus_adders",
            "prices": {"peak": "0.99500875", "flat": "0.58886875", "valley": "0.22914475"},
            "windows": [
                {"period": "valley", "from": "00:00", "to": "08:00"},
                {"period": "peak", "from": "10:00", "to": "12:00"},
                {"period": "peak", "from": "14:00", "to": "19:00"},
            ],
            "default_period": "flat",
        },
        "tiers": {
            "cycle": "month",
            "seasons": [
                {"months": [5, 6, 7, 8, 9, 10], "bounds": [str(180 + number), str(350 + number)]},
                {"months": [11, 12, 1, 2, 3, 4], "bounds": ["200", "400"]},
            ],
            "adders": ["0", "0.05", "0.30"],
        },
        "household": {"min_persons": 5, "extra_kwh_per_month": "100", "mode": "shift_all"},
    }


def versions() -> list[PricedVersion]:
    """The twenty tariffs as published versions."""
    found = []
    for number in range(1, VERSIONS + 1):
        tariff = parse(document(number))
        found.append(PricedVersion(number, f"T{number}", tariff, tariff.periods))
    return found


def run(*, rounds: int, seconds: int) -> bool:  # noqa: ARG001 -- one round prices all accounts, however long it takes
    """Measure, check what was written, report; true when no bar failed."""
    frozen = limits()
    setup, statement = (frozen / "limit_bill.sql").read_text(encoding="utf-8").split(MARK)
    with cluster(frozen / "pg.conf") as server:
        migrations.upgrade(server.dsn("wattline_owner"))
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
            connection.execute(setup.encode())
            connection.execute(b"delete from limb.usage where account_id > %d" % ACCOUNTS)
        server.fill(_FILL.replace("LARGE", str(LARGE)))
        bench = _Bench(server, statement)
        try:
            results = interleave(
                {
                    "limit_bill": bench.limit,
                    f"{ACCOUNTS} accounts": lambda: bench.ours(ACCOUNTS),
                    f"{FEW} accounts": lambda: bench.ours(FEW),
                },
                rounds=rounds,
            )
            bench.check()
        finally:
            bench.db.close()
    many, few = f"{ACCOUNTS} accounts", f"{FEW} accounts"
    return report(
        "pricing_sets",
        results,
        [
            Bar("set-based pricing / limit_bill", ratios(results, many, "limit_bill"), 0.70, 0.50),
            Bar("CPU of limit_bill / ours", ratios(results, "limit_bill", many, "cpu_us"), 0.70, 0.50),
            Bar("WAL of limit_bill / ours", ratios(results, "limit_bill", many, "wal_bytes"), 0.70, 0.50),
            Bar("cost per account, all / a hundredth", ratios(results, few, many), 1.2, 1.5, at_most=True),
        ],
    )


class _Bench:
    def __init__(self, server: Cluster, statement: str) -> None:
        self._server, self._statement = server, statement.encode()
        self._versions = versions()
        self.db = Database(server.dsn("wattline_app"), pool_size=1, deadline_s=600, statement_timeout_s=600)

    def limit(self) -> Measure:
        self._server.execute("truncate limb.bill")
        with psycopg.connect(self._server.dsn("postgres"), autocommit=True) as connection:
            connection.execute("set jit = off")
            return self._measured(ACCOUNTS, lambda: connection.execute(self._statement))

    def ours(self, accounts: int) -> Measure:
        self._server.execute("truncate usage_cost")
        return self._measured(accounts, lambda: self._price(accounts))

    def _price(self, accounts: int) -> None:
        for first in range(1, accounts + 1, SLICE):
            with self.db.write() as session:
                done = price_months(
                    session,
                    month=MONTH,
                    first=first,
                    last=min(first + SLICE - 1, accounts),
                    versions=self._versions,
                )
            if done.by_engine or done.unpriced:
                msg = f"not by the statement: {done}"
                raise AssertionError(msg)

    def _measured(self, accounts: int, work: Callable[[], object]) -> Measure:
        self._server.execute("checkpoint")
        before, cpu, begun = self._server.position(), self._server.busy_us(), time.perf_counter()
        work()
        lasted = time.perf_counter() - begun
        return Measure(
            per_s=accounts / lasted,
            cpu_us=(self._server.busy_us() - cpu) / accounts,
            wal_bytes=self._server.record_bytes(before) / accounts,
            latency_ms=lasted * 1_000,
            operations=accounts,
        )

    def check(self) -> None:
        """All sums by numpy, and a sample account by account by the engine, are what was written."""
        self._server.execute("truncate usage_cost")
        self._price(ACCOUNTS)
        rows = self._server.execute(
            """select account_id, version_id, energies[1], energies[2], energies[3]
               from usage_month order by account_id"""
        )
        account, number, peak, flat, valley = np.array(rows, dtype=np.int64).T
        extra = np.where(account % LARGE == 0, EXTRA, 0)
        low, high = (180 + number) * 1_000_000 + extra, (350 + number) * 1_000_000 + extra
        energy = peak + flat + valley
        in_two = np.maximum(np.minimum(energy, high) - low, 0)
        in_three = np.maximum(energy - high, 0)
        half, unit = 500_000_000_000, 1_000_000_000_000
        total = sum(
            (quantity * rate + half) // unit
            for quantity, rate in (
                (peak, 99_500_875),
                (flat, 58_886_875),
                (valley, 22_914_475),
                (in_two, 5_000_000),
                (in_three, 30_000_000),
            )
        )
        written: dict[Any, Any] = dict(self._server.execute("select account_id, total_minor from usage_cost"))  # type: ignore[arg-type] # rows of two
        if len(written) != ACCOUNTS or any(written[int(a)] != int(t) for a, t in zip(account, total, strict=True)):
            msg = "numpy comes to other totals"
            raise AssertionError(msg)
        self._check_sample(written)

    def _check_sample(self, written: dict[Any, Any]) -> None:
        by_id = {version.id: version for version in self._versions}
        tariffs = {version.id: version.tariff for version in self._versions}
        chosen = random.Random(42).sample(range(1, ACCOUNTS + 1), SAMPLE)
        with self.db.read() as session:
            for part in parts_of(session, account_ids=chosen, months=[MONTH], tariffs=tariffs):
                version = by_id[part.version_id or 0]
                if (
                    price(version.tariff, use_of(part, version.tariff, version.periods)).total_minor
                    != written[part.account_id]
                ):
                    msg = f"the engine comes to another total: {part}"
                    raise VoidRun(msg)
        print(f"sum of totals {sum(written.values())}, median {statistics.median(written.values())}")
