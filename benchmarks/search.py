"""The search of the console by name, telephone, address and number, against a read of one account by its primary key.

Both in the same process over one connection; what counts is the 95th hundredth of each kind's times. The searcher sees
a quarter of the accounts. `WATTLINE_BENCH_CUSTOMERS` is how many customers there are: 50,000, and 1,000,000 for what
is published.
"""

import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Final
from uuid import UUID

import migrations
from benchmarks.harness import Bar, Cluster, Measure, cluster, interleave, limits, process_cpu_us, ratios, report
from core import clock
from core.crypto.vault import Vault
from core.db import Database, WriteSession
from services.accounts import rules
from services.accounts.queries import finding

MASTER: Final = bytes(32)
STAFF: Final = UUID(int=1)
UNITS: Final = 400
FAMILY: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑"
GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建国志文斌海波宇欣"
STREETS: Final = 2_000
PEOPLE: Final = 10_000
"""How many different people's tokens are made; each stands for many customers, with a telephone of their own."""

_FILL: Final = """
insert into unit (code, kind, name, path) values ('R', 'province', 'Unit', '/R/');
insert into unit (code, parent_id, kind, name, path)
  select 'C' || g, 1, 'city', 'Unit', '/R/C' || g || '/' from generate_series(0, 3) g;
insert into unit (code, parent_id, kind, name, path)
  select 'U' || g, c.id, 'station', 'Unit', c.path || 'U' || g || '/'
  from generate_series(1, {units}) g join unit c on c.code = 'C' || g % 4;
insert into staff (id, name, display_name, state, password_hash, totp_sealed, created_at)
  values ('{staff}', 'li', 'Li', 'active', '$argon2id$', '', now());
insert into staff_grant (id, staff_id, role, unit_id, valid_from, granted_at)
  select gen_random_uuid(), '{staff}', 'agent', id, now() - interval '1 day', now() from unit where code = 'C1';
insert into customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint)
  select g, 'person', '', 'c*', p.tokens || array[sha256(g::text::bytea), sha256(right(g::text, 4)::bytea)], ''
  from generate_series(1, {customers}) g join person p on p.id = g % {people};
insert into contact_point (customer_id, id, kind, address_sealed, address_blind, address_masked, locale)
  select id, 1, 'phone', '', sha256(id::text::bytea), '138****0000', 'zh-CN' from customer;
insert into premises (premises_no, district, street, building, fingerprint)
  select g, '第' || g % 40 || '区', '大街' || g % {streets} || '路', g % 300 || '号', ''
  from generate_series(1, {customers}) g;
insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
  select (10000000 + id)::text, 6 + id % {units}, id, id, 'residential', 'active', 'CNY' from customer order by id;
select write_account_search(array(select id from account));
drop table person;
"""


def run(*, rounds: int, seconds: int) -> bool:
    """Measure and report; true when no bar failed."""
    customers = int(os.environ.get("WATTLINE_BENCH_CUSTOMERS", "50000"))
    with cluster(limits() / "pg.conf") as server:
        migrations.upgrade(server.dsn("wattline_owner"))
        bench = _Bench(server, customers, seconds)
        try:
            results = interleave(
                {
                    "primary key": bench.variant(bench.by_key),
                    "number": bench.variant(lambda: bench.search(str(10_000_000 + bench.somebody()))),
                    "name": bench.variant(lambda: bench.search(_name(random.randrange(PEOPLE)))),
                    "address": bench.variant(lambda: bench.search(_address(bench.somebody()))),
                },
                rounds=rounds,
            )
        finally:
            bench.db.close()
    return report(
        f"search of {customers} customers",
        results,
        [
            Bar(f"{kind}, p95 / primary key", ratios(results, kind, "primary key", "p99_ms"), goal, limit, at_most=True)
            for kind, goal, limit in (("number", 6, 10), ("name", 40, 80), ("address", 60, 120))
        ],
    )


def _name(number: int) -> str:
    family, rest = FAMILY[number % len(FAMILY)], number // len(FAMILY)
    return family + GIVEN[rest % len(GIVEN)] + GIVEN[rest // len(GIVEN) % len(GIVEN)]


def _address(number: int) -> str:
    return f"大街{number % STREETS}路 {number % 300}号"


class _Bench:
    """A supplier's customers, and somebody of the staff who searches among them."""

    def __init__(self, server: Cluster, customers: int, seconds: int) -> None:
        self._customers = customers
        self._seconds = seconds
        self._vault = Vault(data_keys={"k": bytes(range(32))}, master_key=MASTER)
        self._fill(server)
        self.db = Database(server.dsn("wattline_app"), pool_size=1)

    def somebody(self) -> int:
        """A customer's number."""
        return random.randrange(1, self._customers + 1)

    def by_key(self) -> Callable[[WriteSession], object]:
        """Read one account by its key."""
        key = self.somebody()
        return lambda session: session.sql("select * from account where id = :id", id=key).one()

    def search(self, text: str) -> Callable[[WriteSession], object]:
        """Search as the page does."""
        wanted = rules.searched(text, region="+86")
        return lambda session: finding.found_accounts(
            session, vault=self._vault, wanted=wanted, staff_id=STAFF, after="", limit=21, now=clock.now()
        )

    def variant(self, make: Callable[[], Callable[[WriteSession], object]]) -> Callable[[], Measure]:
        """A run of one kind of question, one after another."""
        return lambda: self._measure(make)

    def _measure(self, make: Callable[[], Callable[[WriteSession], object]]) -> Measure:
        with self.db.write() as session:
            make()(session)
        began, cpu = time.perf_counter(), process_cpu_us(os.getpid())
        times = list(self._times(make, until=began + self._seconds))
        took = time.perf_counter() - began
        return Measure(
            per_s=len(times) / took,
            cpu_us=(process_cpu_us(os.getpid()) - cpu) / len(times),
            wal_bytes=0,
            latency_ms=statistics.median(times) * 1_000,
            operations=len(times),
            p99_ms=statistics.quantiles(times, n=20)[-1] * 1_000,
        )

    def _times(self, make: Callable[[], Callable[[WriteSession], object]], *, until: float) -> Iterator[float]:
        while (now := time.perf_counter()) < until:
            ask = make()
            with self.db.write() as session:
                now = time.perf_counter()
                ask(session)
                yield time.perf_counter() - now

    def _fill(self, server: Cluster) -> None:
        server.execute("create table person (id integer primary key, tokens bytea[])")
        rows = []
        for number in range(PEOPLE):
            terms = rules.search_terms(name=_name(number), phone=None)
            tokens = ", ".join(f"'\\x{self._vault.blind(kind, value).hex()}'::bytea" for kind, value in terms)
            rows.append(f"({number}, array[{tokens}])")
        people = f"insert into person (id, tokens) values {', '.join(rows)};"
        server.fill(
            people + _FILL.format(staff=STAFF, units=UNITS, customers=self._customers, people=PEOPLE, streets=STREETS)
        )
