"""The feed of payments: facts numbered per second, and out through HTTP against one plain SELECT of the same rows.

`WATTLINE_BENCH_FACTS` is how many payments there are (100,000). A reader polls the whole feed by cursor, 500 facts a
page, from one web process over one connection; `some units` reads those of a quarter of the units. The plain SELECT
writes the same JSON in one statement, ordered by number, without HTTP, token, pages or decision. `numbered` gives all
facts their numbers in slices, each a transaction.
"""

import http.client
import json
import os
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import psycopg

import migrations
from benchmarks.harness import Bar, Cluster, Measure, cluster, interleave, limits, process_cpu_us, ratios, report
from benchmarks.servers import HOST, PUBLIC_URL, Served, deployment, serving
from core import clock, ids
from core.config import Settings
from core.crypto.tokens import LIFETIME, Identity, TokenKeys
from core.db import Database
from services.identity.queries import ServiceScope
from services.payments import flows

PAGE: Final = 500
PATH: Final = "/api/v1/backoffice/payments"
SECRET: Final = UUID(int=9)
WHOLE, SOME = UUID(int=1), UUID(int=2)

_FILL: Final = """
insert into unit (code, kind, name, path) values ('R', 'province', 'Unit', '/R/');
insert into unit (code, parent_id, kind, name, path)
  select 'C' || g, 1, 'city', 'Unit', '/R/C' || g || '/' from generate_series(0, 3) g;
insert into service_client (id, client_id, name, scopes, state, created_at)
  select lpad(g::text, 32, '0')::uuid, 'svc_' || g, 'reader ' || g, '{{payments.read}}', 'active', now()
  from generate_series(1, 2) g;
insert into service_client_secret (id, service_client_id, secret_hash, created_at)
  select lpad('9', 32, '0')::uuid, '{whole}'::uuid, sha256('1'), now()
  union all select lpad('8', 32, '0')::uuid, '{some}'::uuid, sha256('2'), now();
insert into service_unit (service_client_id, unit_id, granted_at) values ('{whole}', 1, now()), ('{some}', 2, now());
insert into customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint)
  select g, 'person', '', 'c*', '{{}}', '' from generate_series(1, {accounts}) g;
insert into premises (premises_no, district, street, building, fingerprint)
  select g, 'district', 'street ' || g % 900, g % 300, '' from generate_series(1, {accounts}) g;
insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
  select (10000000 + id)::text, 2 + id % 4, id, id, 'residential', 'active', 'CNY' from customer order by id;
insert into book (owner_kind, owner_id) select 'account', id from account order by id;
insert into payment_order (id, payment_no, provider, method, amount_minor, currency, state, created_at, expires_at,
    paid_at)
  select lpad(to_hex(g), 32, '0')::uuid, lpad(g::text, 20, '0'), 'wechat_pay', 'wechat_native', 12860, 'CNY', 'paid',
    now(), now() + interval '1 hour', now() from generate_series(1, {facts}) g;
insert into payment_attempt (id, order_id, no, provider, method, out_trade_no, amount_minor, currency, state,
    request_sealed, request_hash, transaction_id, created_at, expires_at, paid_at)
  select id, id, 1, provider, method, 'T' || payment_no || '0000', amount_minor, currency, 'paid', '', sha256(''),
    '4200001234' || payment_no, created_at, expires_at, paid_at from payment_order order by id;
insert into payment_part (account_id, attempt_id, book_id, payable_kind, payable_id, payable_no, amount_minor,
    taken_minor, outcome)
  select b.owner_id, o.id, b.id, 'bill', 1, '20261132' || o.payment_no, 12860, 12860, 'booked'
  from (select *, row_number() over (order by id) as place from payment_order) o
  join book b on b.owner_id = 1 + o.place % {accounts} order by o.id;
insert into txn (book_id, no, source, source_id, effective_at, recorded_at)
  select book_id, row_number() over (partition by book_id order by id), 5, attempt_id, now(),
    now() + id * interval '1 microsecond' from payment_part;
"""
_AGAIN: Final = """
truncate payment_feed, payment_feed_pending;
update payment_feed_state set last_no = 0, fill_from = null, fill_to = null;
insert into payment_feed_pending (kind, ref, account_id) select 'booked', id, account_id from payment_part;
"""
_PLAIN: Final = """
select json_build_object(
    'id', f.id, 'kind', f.kind, 'account_no', a.account_no,
    'amount', json_build_object('amount_minor', f.amount_minor, 'currency', f.currency), 'provider', t.provider,
    'provider_transaction', t.transaction_id, 'payment_no', o.payment_no, 'method', t.method, 'settled', f.settled,
    'effective_at', f.effective_at, 'recorded_at', f.recorded_at)::text
from payment_feed f
join account a on a.id = f.account_id
join payment_attempt t on t.id = f.attempt_id
join payment_order o on o.id = t.order_id
order by f.no
"""


def run(*, rounds: int, seconds: int) -> bool:
    """Measure and report; true when no bar failed. Facts decide how long a run takes, `seconds` does not."""
    del seconds
    facts = int(os.environ.get("WATTLINE_BENCH_FACTS", "100000"))
    with cluster(limits() / "pg.conf") as server:
        migrations.upgrade(server.dsn("wattline_owner"))
        server.fill(_FILL.format(facts=facts, accounts=max(facts // 5, 4), whole=WHOLE, some=SOME))
        settings = deployment(server.dsn("wattline_app"))
        with serving(["app.serve"], settings=settings, log=server.folder / "web.log", probe="/livez") as served:
            bench = _Bench(server, settings, served, facts)
            bench.number()
            results = interleave(
                {
                    "plain select": bench.plain,
                    "http": bench.reader(WHOLE, SECRET),
                    "http, some units": bench.reader(SOME, UUID(int=8)),
                    "numbered": bench.number,
                },
                rounds=rounds,
            )
            bench.db.close()
    return report(
        f"feed of {facts} payments",
        results,
        [
            Bar("http / plain select", ratios(results, "http", "plain select"), 0.4, 0.2),
            Bar("http, some units / http", ratios(results, "http, some units", "http"), 0.4, 0.2),
        ],
    )


class _Bench:
    """A feed, who numbers it, and who reads it."""

    def __init__(self, server: Cluster, settings: Settings, served: Served, facts: int) -> None:
        self._server = server
        self._served = served
        self._facts = facts
        self._keys = TokenKeys(settings.token_keys.get_secret_value(), issuer=PUBLIC_URL, audience=PUBLIC_URL)
        self.db = Database(server.dsn("wattline_app"), pool_size=1, deadline_s=600, statement_timeout_s=600)

    def number(self) -> Measure:
        """All facts anew."""
        self._server.fill(_AGAIN)
        position, cpu, began = self._server.position(), process_cpu_us(os.getpid()), time.perf_counter()
        done = flows.number_feed(self.db, is_over=lambda: False)
        took = time.perf_counter() - began
        self._check(done)
        measured = self._measure(done, took, process_cpu_us(os.getpid()) - cpu, self._server.record_bytes(position))
        self._server.execute("vacuum analyze payment_feed")
        return measured

    def plain(self) -> Measure:
        """The same rows as the same JSON."""
        with psycopg.connect(self._server.dsn("wattline_app")) as connection:
            cpu, began = process_cpu_us(os.getpid()), time.perf_counter()
            rows = connection.execute(_PLAIN).fetchall()
            took = time.perf_counter() - began
        self._check(len(rows))
        return self._measure(len(rows), took, process_cpu_us(os.getpid()) - cpu, 0)

    def reader(self, client: UUID, secret: UUID) -> Callable[[], Measure]:
        """A run of a program that polls the feed from its beginning to its end."""

        def read() -> Measure:
            cpu, began, found = self._served.cpu_us(), time.perf_counter(), 0
            connection = http.client.HTTPConnection("127.0.0.1", self._served.port)
            headers = {"Host": HOST, "Authorization": f"Bearer {self._token(client, secret)}"}
            params: dict[str, str] = {"limit": str(PAGE)}
            has_more = True
            while has_more:
                connection.request("GET", f"{PATH}?{urlencode(params)}", headers=headers)
                page = json.loads(connection.getresponse().read())
                found, has_more = found + len(page["items"]), page["has_more"]
                params["cursor"] = page["next"]
            connection.close()
            took = time.perf_counter() - began
            self._check(found if client == WHOLE else found * 4)
            return self._measure(found, took, self._served.cpu_us() - cpu, 0)

        return read

    def _token(self, client: UUID, secret: UUID) -> str:
        now = clock.now()
        scopes = frozenset({ServiceScope.PAYMENTS_READ.value})
        identity = Identity(str(client), secret, "service", scopes, int((now + LIFETIME).timestamp()))
        return self._keys.issue(identity, token_id=ids.uuid7(), now=now)

    def _check(self, found: int) -> None:
        if found != self._facts:
            msg = f"{found} facts, not {self._facts}"
            raise AssertionError(msg)

    def _measure(self, facts: int, took_s: float, cpu_us: int, wal_bytes: float) -> Measure:
        return Measure(facts / took_s, cpu_us / facts, wal_bytes / facts, took_s * 1_000 / facts, facts)
