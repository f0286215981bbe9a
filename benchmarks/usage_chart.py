"""A year of 15-minute readings of one meter as the text of a chart, against a plain read of the same rows.

Each is one statement over one connection; what counts is the median of its times and the bytes that a browser reads.
"""

import statistics
import time
from typing import Final

import psycopg

import migrations
from benchmarks.harness import Bar, Cluster, Measure, cluster, interleave, limits, ratios, report
from services.usage.queries import HOT_INTERVALS

SESSION: Final = "00000000-0000-7000-8000-000000000001"
METERS: Final = 200
_FILL: Final = """
insert into unit (code, kind, name, path) values ('R', 'province', 'Unit', '/R/');
insert into customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint)
  values ('1', 'person', '', '*', '{}', '');
insert into premises (premises_no, district, street, building, fingerprint) values ('1', 'd', 's', 'b', '');
insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
  select (1000000000 + g)::text, 1, 1, 1, 'residential', 'active', 'CNY' from generate_series(1, METERS) g;
insert into app_user (id, phone_sealed, phone_blind, phone_masked, locale, created_at)
  values ('SESSION', '', '', '*', 'en', now());
insert into session_family (id, user_id, kind, device_name, created_at, last_used_at, idle_until, expires_at,
    generation, rotated_at)
  values ('SESSION', 'SESSION', 'app', 'Phone', now(), now(), now() + interval '1 day', now() + interval '1 day', 1,
    now());
insert into access_grant (id, user_id, account_id, role, valid_from)
  select gen_random_uuid(), 'SESSION', id, 'owner', now() - interval '1 day' from account;
insert into reading_series (account_id, id, meter_no, channel, interval_minutes)
  select id, 1, 'M1', 'import', 15 from account;
select make_interval_month((date '2025-01-01' + make_interval(months => m))::date) from generate_series(0, 11) m;
insert into interval_day (account_id, series_id, day, energies, qualities, recorded_at)
  select a.id, 1, d::date, array(select (random() * 900000)::bigint + a.id * 0 from generate_series(1, 96)),
    repeat('a', 96), now()
  from account a, generate_series(date '2025-01-01', date '2025-12-31', interval '1 day') d;
"""
_PLAIN: Final = b"""
select i.day, i.energies, i.qualities from interval_day i
where i.account_id = %(account_id)s and i.series_id = 1 and i.day >= '2025-01-01' and i.day < '2026-01-01'
order by i.day
"""


def run(*, rounds: int, seconds: int) -> bool:
    """Measure and report; true when no bar failed."""
    with cluster(limits() / "pg.conf") as server:
        migrations.upgrade(server.dsn("wattline_owner"))
        server.fill(_FILL.replace("METERS", str(METERS)).replace("SESSION", SESSION))
        with psycopg.connect(server.dsn("wattline_app"), autocommit=True) as connection:
            bench = _Bench(server, connection, seconds)
            results = interleave({"plain": bench.plain, "chart": bench.chart}, rounds=rounds)
            print(f"bytes of a year: {bench.size}")
    return report(
        "usage_chart",
        results,
        [
            Bar("bytes of a year of quarter-hours", [bench.size], 180_000, 220_000, at_most=True),
            Bar("median time, chart / plain read", ratios(results, "chart", "plain", "latency_ms"), 4, 6, at_most=True),
        ],
    )


class _Bench:
    def __init__(self, server: Cluster, connection: psycopg.Connection[tuple[object, ...]], seconds: int) -> None:
        self._server, self._connection, self._seconds = server, connection, seconds
        self.size = 0

    def plain(self) -> Measure:
        return self._measured(_PLAIN)

    def chart(self) -> Measure:
        return self._measured(HOT_INTERVALS.driver_sql)

    def _measured(self, query: bytes) -> Measure:
        times: list[float] = []
        cpu, until = self._server.busy_us(), time.perf_counter() + self._seconds
        while time.perf_counter() < until:
            account = 1 + len(times) % METERS
            begun = time.perf_counter()
            rows = self._connection.execute(query, self._given(account), prepare=True).fetchall()
            times.append(time.perf_counter() - begun)
        if query == HOT_INTERVALS.driver_sql:
            self.size = len(str(rows[0][0]).encode())
        return Measure(
            per_s=len(times) / sum(times),
            cpu_us=(self._server.busy_us() - cpu) / len(times),
            wal_bytes=0,
            latency_ms=statistics.median(times) * 1_000,
            operations=len(times),
            p99_ms=sorted(times)[len(times) * 99 // 100] * 1_000,
        )

    def _given(self, account: int) -> dict[str, object]:
        return {
            "account_id": account,
            "session_id": SESSION,
            "user_id": SESSION,
            "account_no": str(1_000_000_000 + account),
            "meter_no": "M1",
            "channel": "import",
            "first": "2025-01-01",
            "end": "2026-01-01",
        }
