"""The console's page of one customer with all its sections, against a page that asks the database nothing.

One web process, one connection: what counts is the 95th hundredth of the times. Each account has twelve bills, eleven
payments with their postings, as many messages, two people, a note and three acts. `WATTLINE_BENCH_CUSTOMERS` is how
many customers there are: 50,000, and 1,000,000 for what is published.
"""

import http.client
import os
import random
from collections.abc import Callable
from typing import Final

import migrations
from benchmarks.harness import Bar, Measure, cluster, interleave, limits, ratios, report
from benchmarks.load import Next, hammer
from benchmarks.servers import HOST, Served, deployment, serving
from core import clock
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from services.accounts.roles import StaffRole
from tests.factories import staff
from web import cookies

_FILL: Final = """
insert into unit (code, parent_id, kind, name, path)
  select 'U' || g, 1, 'station', 'Unit', '/R/U' || g || '/' from generate_series(1, 100) g;
insert into customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint)
  select g, 'person', '', 'c*', '{{}}', '' from generate_series(1, {customers}) g;
insert into premises (premises_no, district, street, building, fingerprint)
  select g, 'district', 'street ' || g % 900, g % 300, '' from generate_series(1, {customers}) g;
insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
  select (10000000 + id)::text, 2 + id % 100, id, id, 'residential', 'active', 'CNY' from customer order by id;
insert into app_user (id, kind, phone_sealed, phone_blind, phone_masked, locale, created_at, signed_in_at)
  select lpad(to_hex(g), 32, '0')::uuid, 'user', '', decode(lpad(to_hex(g), 32, '0'), 'hex'), '*', 'en', now(), now()
  from generate_series(1, 1000) g;
insert into access_grant (id, user_id, account_id, role, valid_from)
  select gen_random_uuid(), lpad(to_hex(1 + (id + n) % 1000), 32, '0')::uuid, id,
    case n when 0 then 'owner' else 'viewer' end, now() - interval '1 day'
  from account cross join generate_series(0, 1) n;
insert into bill (account_id, bill_no, period_first, period_end, issue_date, due_date, energy_kwh, amount_minor,
    open_minor, state, origin)
  select a.id, 'B' || a.id || '-' || m, d, d + 28, d + 30, d + 50, 200 + m, 10000 + m,
    case when m = 12 then 10000 + m else 0 end, case when m = 12 then 'issued' else 'settled' end, 'history'
  from generate_series(1, 12) m cross join lateral (select date '2025-06-01' + 30 * m as d) at
  cross join account a order by m, a.id;
insert into book (owner_kind, owner_id, version) select 'account', id, 23 from account order by id;
insert into balance (book_id, code, asset, balance, version)
  select id, (select code from ledger_code where name = 'receivable'), 156, 10012, 23 from book;
insert into txn (book_id, no, source, source_id, effective_at, recorded_at)
  select b.id, n, 5, gen_random_uuid(), at, at from generate_series(1, 23) n
  cross join lateral (select now() - interval '15 day' * (24 - n) as at) t cross join book b;
insert into posting (book_id, no, line, debit, credit, asset, amount, debit_after, credit_after)
  select t.book_id, t.no, 1, d.code, c.code, 156, 10000, 0, 0 from txn t, ledger_code d, ledger_code c
  where d.name = 'clearing.wechat_pay' and c.name = 'receivable';
create temporary table paid as
  select a.id as account_id, b.id as book_id, n, now() - interval '30 day' * (12 - n) as at,
    gen_random_uuid() as order_id, gen_random_uuid() as attempt_id, upper(substr(md5(a.id || '-' || n), 1, 20)) as no
  from account a join book b on b.owner_kind = 'account' and b.owner_id = a.id cross join generate_series(1, 11) n;
insert into payment_order (id, payment_no, payer_user_id, provider, method, amount_minor, currency, state, created_at,
    expires_at, paid_at)
  select order_id, no, null, 'wechat_pay', 'wechat_native', 10000, 'CNY', 'paid', at, at + interval '1 hour', at
  from paid;
insert into payment_attempt (id, order_id, no, provider, method, out_trade_no, amount_minor, currency, state,
    request_sealed, request_hash, transaction_id, created_at, expires_at, paid_at)
  select attempt_id, order_id, 1, 'wechat_pay', 'wechat_native', no, 10000, 'CNY', 'paid', '', sha256(''), no, at,
    at + interval '1 hour', at from paid;
insert into payment_part (account_id, attempt_id, book_id, payable_kind, payable_id, payable_no, amount_minor,
    taken_minor, outcome)
  select account_id, attempt_id, book_id, 'bill', n, 'B' || account_id || '-' || n, 10000, 10000, 'booked' from paid;
insert into message (owner, id, channel, intent, template, priority, params, locale, state, created_at, expires_at,
    finished_at, account_ids)
  select 'customer:' || a.customer_id, gen_random_uuid(), 'inbox', 'receipt:' || a.id || ':' || n, 'receipt', 1,
    '{{"amount": "¥100.00", "account": "****0001"}}', 'zh-CN', 'delivered', now() - interval '30 day' * n, now(), now(),
    array[a.id]
  from account a cross join generate_series(1, 11) n;
insert into account_note (account_id, customer_id, id, written_by, written_at, text)
  select a.id, a.customer_id, gen_random_uuid(), s.id, now(), 'Asked for a copy of the last bill.'
  from account a cross join staff s;
insert into audit (actor, act, subject, unit_id)
  select 'operator:bench', 'account.note', 'account:' || id, unit_id from account cross join generate_series(1, 3)
"""


def run(*, rounds: int, seconds: int) -> bool:
    """Measure and report; true when no bar failed."""
    customers = int(os.environ.get("WATTLINE_BENCH_CUSTOMERS", "50000"))
    with cluster(limits() / "pg.conf") as server:
        migrations.upgrade(server.dsn("wattline_owner"))
        settings = deployment(server.dsn("wattline_app"))
        cookie = _staff(settings)
        server.fill(_FILL.format(customers=customers))
        with serving(["app.serve"], settings=settings, log=server.folder / "web.log", probe="/livez") as served:

            def whole() -> bytes:
                return _request(f"/staff/accounts/{10_000_001 + random.randrange(customers)}", cookie)

            def nothing() -> bytes:
                return _request("/staff/sign-in", None)

            _check(served, whole())
            results = interleave(
                {"no data": _variant(served, nothing, seconds), "customer": _variant(served, whole, seconds)},
                rounds=rounds,
            )
    return report(
        f"page of one of {customers} customers",
        results,
        [
            Bar(
                "customer, p95 / a page without data",
                ratios(results, "customer", "no data", "p99_ms"),
                8,
                16,
                at_most=True,
            ),
        ],
    )


def _staff(settings: Settings) -> str:
    """The cookie of somebody who may look at every account."""
    vault = Vault(data_keys=settings.data_key_ring, master_key=settings.master_key_bytes)
    database = Database(settings.database_url.get_secret_value())
    try:
        with database.write() as session:
            session.sql("insert into unit (code, kind, name, path) values ('R', 'province', 'Unit', '/R/')")
            member = staff.employ(session, vault, role=StaffRole.ADMIN, unit="R", now=clock.now())
    finally:
        database.close()
    return f"{cookies.staff_session_name(settings)}={member.cookie}"


def _request(path: str, cookie: str | None) -> bytes:
    kept = "" if cookie is None else f"Cookie: {cookie}\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{kept}Accept: text/html\r\nAccept-Language: en\r\n\r\n".encode()


def _check(served: Served, request: bytes) -> None:
    head, *lines = request.decode().splitlines()
    connection = http.client.HTTPConnection("127.0.0.1", served.port)
    connection.request("GET", head.split()[1], headers=dict(line.split(": ", 1) for line in lines if line))
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    if answer.status != http.client.OK or "Asked for a copy of the last bill." not in text or "-12" not in text:
        msg = f"not the page of a customer with bills and a note: {answer.status}"
        raise AssertionError(msg)


def _variant(served: Served, following: Next, seconds: int) -> Callable[[], Measure]:
    def measured() -> Measure:
        before = served.cpu_us()
        load = hammer(served.port, following, connections=1, seconds=seconds)
        if set(load.statuses) != {http.client.OK}:
            msg = f"answers other than 200: {load.statuses}"
            raise AssertionError(msg)
        count = len(load.waits)
        cpu_us = (served.cpu_us() - before) / count
        return Measure(load.per_s, cpu_us, 0.0, load.percentile_ms(0.5), count, p99_ms=load.percentile_ms(0.95))

    return measured
