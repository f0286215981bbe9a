"""A customer's page of usage and a year of quarter-hours for a drawing, against a page that asks the database nothing.

One web process, one connection: what counts is the 95th hundredth of the times, as a ratio. Every account has a tariff
with times of day and tiers and thirteen months of usage by day; one has a year of quarter-hours, too. Bytes are those
of the answer as it is, and packed by gzip. `WATTLINE_BENCH_CUSTOMERS` is how many accounts there are, 2,000 if unset.
"""

import gzip
import http.client
import os
import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import migrations
from benchmarks.harness import Bar, Measure, cluster, interleave, limits, ratios, report
from benchmarks.load import Next, hammer
from benchmarks.servers import HOST, Served, deployment, serving
from core import clock
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from core.periods import business_date
from services.accounts.queries import AccountId
from tests.factories.accounts import grant, make_user
from tests.factories.identity import browser_session
from tests.factories.usage import days_of
from tests.support.metered import TIMES_AND_TIERS, ZONE, measured, offer
from web import cookies

DAYS: Final = 395
VISITED: Final = 200
"""Accounts of the one who asks."""

_ACCOUNTS: Final = """
insert into unit (code, kind, name, path) values ('R', 'province', 'Unit', '/R/');
insert into customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint)
  select g, 'person', '', 'c*', '{{}}', '' from generate_series(1, {customers}) g;
insert into premises (premises_no, district, street, building, fingerprint)
  select g, 'district', 'street', g, '' from generate_series(1, {customers}) g;
insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
  select (10000000 + id)::text, 1, id, id, 'residential', 'active', 'CNY' from customer order by id
"""
_USAGE: Final = """
insert into agreement (account_id, id, tariff_code, is_prepaid, valid_from)
  select id, 1, '{code}', false, date '{first}' from account where id > 1;
insert into usage_day (account_id, day, version_id, energies, energy, export_energy, reactive_energy, max_demand,
    measured_minutes, missing_minutes, estimated_minutes)
  select a.id, d::date, v.id, array[e, 2 * e, e], 4 * e, 0, 0, 2000, 1440, 0, 0
  from tariff_version v cross join account a cross join generate_series(date '{first}', date '{last}', '1 day') d
  cross join lateral (select 1000 * (1500 + (a.id + extract(doy from d)::integer) % 900) as e) x
  where a.id > 1 order by a.id, d;
insert into usage_month (account_id, month, part, version_id, first_day, end_day, days, energies, energy, export_energy,
    reactive_energy, max_demand, measured_minutes, missing_minutes, estimated_minutes, aggregated_at)
  select account_id, date_trunc('month', day)::date, 1, min(version_id), min(day), max(day) + 1, count(*),
    array[sum(energies[1]), sum(energies[2]), sum(energies[3])]::bigint[], sum(energy), 0, 0, 2000,
    sum(measured_minutes), 0, 0, now()
  from usage_day where account_id > 1 group by 1, 2
"""


def run(*, rounds: int, seconds: int) -> bool:
    """Measure and report; true when no bar failed."""
    customers = int(os.environ.get("WATTLINE_BENCH_CUSTOMERS", "2000"))
    today = business_date(clock.now(), ZONE)
    first = (today - timedelta(days=DAYS)).replace(day=1)
    with cluster(limits() / "pg.conf") as server:
        migrations.upgrade(server.dsn("wattline_owner"))
        settings = deployment(server.dsn("wattline_app"))
        server.fill(_ACCOUNTS.format(customers=customers))
        code, cookie = _arrange(settings, min(customers, VISITED), first, today)
        server.fill(_USAGE.format(code=code, first=first, last=today - timedelta(days=1)))
        with serving(["app.serve"], settings=settings, log=server.folder / "web.log", probe="/livez") as served:
            drawn = _request(f"/usage/intervals.json?from={today - timedelta(days=365)}&to={today}", cookie, 1)

            def page() -> bytes:
                return _request("/usage", cookie, 2 + random.randrange(min(customers, VISITED) - 1))

            def nothing() -> bytes:
                return _request("/sign-in", None, 1)

            _weigh(served, "page", page(), "This bill so far")
            _weigh(served, "a year of quarter-hours", drawn, '"energies":[')
            results = interleave(
                {
                    "no data": _variant(served, nothing, seconds),
                    "usage": _variant(served, page, seconds),
                    "intervals": _variant(served, lambda: drawn, seconds),
                },
                rounds=rounds,
            )
    return report(
        f"usage of one of {customers} accounts",
        results,
        [
            Bar(
                "usage, p95 / a page without data", ratios(results, "usage", "no data", "p99_ms"), 16, 32, at_most=True
            ),
            Bar(
                "a year of intervals, p50 / a page without data",
                ratios(results, "intervals", "no data", "latency_ms"),
                32,
                64,
                at_most=True,
            ),
        ],
    )


def _arrange(settings: Settings, visited: int, first: date, today: date) -> tuple[str, str]:
    """A tariff and its calendar, a year of readings of the first account, and a browser of somebody with accounts."""
    vault = Vault(data_keys=settings.data_key_ring, master_key=settings.master_key_bytes)
    database = Database(settings.database_url.get_secret_value())
    try:
        with database.write() as session:
            code = offer(session, TIMES_AND_TIERS, first=first, end=today + timedelta(days=7))
            session.sql(
                """insert into agreement (account_id, id, tariff_code, is_prepaid, valid_from)
                   values (1, 1, :code, false, :day)""",
                code=code,
                day=first,
            )
            measured(session, 1, days_of(today - timedelta(days=365), today))
            person = make_user(session, vault)
            for account in range(1, visited + 1):
                grant(session, user_id=person, account_id=AccountId(account))
            secret = browser_session(session, user_id=person).secret
    finally:
        database.close()
    return code, f"{cookies.session_name(settings)}={secret}"


def _request(path: str, cookie: str | None, account: int) -> bytes:
    kept = "" if cookie is None else f"Cookie: {cookie}; account={10_000_000 + account}\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{kept}Accept: text/html\r\nAccept-Language: en\r\n\r\n".encode()


def _weigh(served: Served, name: str, request: bytes, sign: str) -> None:
    head, *lines = request.decode().splitlines()
    connection = http.client.HTTPConnection("127.0.0.1", served.port)
    connection.request("GET", head.split()[1], headers=dict(line.split(": ", 1) for line in lines if line))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != http.client.OK or sign not in body.decode():
        msg = f"not what was asked for: {answer.status}"
        raise AssertionError(msg)
    print(f"{name}: {len(body)} bytes, {len(gzip.compress(body, 9))} packed")


def _variant(served: Served, following: Next, seconds: int) -> Callable[[], Measure]:
    def run_once() -> Measure:
        before = served.cpu_us()
        load = hammer(served.port, following, connections=1, seconds=seconds)
        if set(load.statuses) != {http.client.OK}:
            msg = f"answers other than 200: {load.statuses}"
            raise AssertionError(msg)
        count = len(load.waits)
        cpu_us = (served.cpu_us() - before) / count
        return Measure(load.per_s, cpu_us, 0.0, load.percentile_ms(0.5), count, p99_ms=load.percentile_ms(0.95))

    return run_once
