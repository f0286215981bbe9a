"""Callbacks of WeChat Pay: verified, settled and committed before they are answered, against `bare_callback`.

Two web processes, 32 connections, a tenth of all callbacks repeated within 50 ms. Signed beforehand with the sandbox's
platform key. `WATTLINE_BENCH_CALLBACKS` is how many are sent in all rounds together (20,000); a quarter as many go out
at half the reached rate, for the waits. After it nothing may be booked twice, or left, and every invariant holds.
"""

import contextlib
import heapq
import http.client
import itertools
import json
import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psycopg
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import migrations
from benchmarks import bare_callback
from benchmarks.harness import Bar, Cluster, Measure, cluster, interleave, limits, ratios, report
from benchmarks.imports import MONTHS, import_files, write_files
from benchmarks.load import Load, hammer, pace
from benchmarks.servers import HOST, Served, deployment, serving
from core.config import Settings
from core.db import Database
from sandbox import credentials
from sandbox.credentials import Platform
from sandbox.wechat_pay.signing import sealed, signed_headers, to_bytes
from services.billing import queries as billing
from services.ledger import queries as ledger
from services.payments import queries as payments

PROCESSES: Final = 2
CONNECTIONS: Final = 32
REPEATED: Final = 0.1
WITHIN_S: Final = 0.05
LATEST_S: Final = 0.04
"""A repetition is due at most so long after the first, and leaves with the next free connection."""

_ORDERS: Final = """
create temporary table wanted on commit drop as
  select uuidv7() as order_id, uuidv7() as attempt_id, b.account_id, b.id as bill_id, b.bill_no, b.open_minor,
    k.id as book_id, row_number() over (order by b.account_id) as n
  from bill b join book k on k.owner_kind = 'account' and k.owner_id = b.account_id where b.open_minor > 0;
insert into payment_order (id, payment_no, provider, method, amount_minor, currency, state, created_at, expires_at)
  select order_id, 'BENCH' || lpad(n::text, 15, '0'), 'wechat_pay', 'wechat_native', open_minor, 'CNY', 'open', now(),
    now() + interval '1 day' from wanted;
insert into payment_attempt (id, order_id, no, provider, method, out_trade_no, amount_minor, currency, state,
    request_sealed, request_hash, created_at, expires_at, next_check_at)
  select attempt_id, order_id, 1, 'wechat_pay', 'wechat_native', 'BENCH' || lpad(n::text, 19, '0'), open_minor, 'CNY',
    'prepared', '', sha256(''), now(), now() + interval '1 day', now() + interval '1 hour' from wanted;
insert into payment_part (account_id, attempt_id, book_id, payable_kind, payable_id, payable_no, amount_minor)
  select account_id, attempt_id, book_id, 'bill', bill_id, bill_no, open_minor from wanted
"""
_DOUBLED: Final = """
select (select count(*) from (select from txn where source = 5 group by source_id having count(*) > 1) twice)
  + (select count(*) from (select from bill_settlement group by account_id, bill_id having count(*) > 1) twice)
"""
_STATE: Final = """
select (select count(*) from payment_attempt where state = 'paid'), (select count(*) from inbox),
  (select count(*) from inbox where applied_at is null), (select count(*) from payment_suspense)
"""


def run(*, rounds: int, seconds: int) -> bool:  # noqa: ARG001 -- a round lasts as long as its callbacks
    """Measure, look for double bookings, check the invariants, report; true when no bar failed."""
    total = int(os.environ.get("WATTLINE_BENCH_CALLBACKS", "20000"))
    firsts = int(total * (1 - REPEATED))
    spare = firsts // 4
    with cluster(limits() / "pg.conf") as server:
        platform = _platform(server.folder / "sandbox")
        orders = _prepare(server, firsts + spare)
        settings = _settings(server)
        with contextlib.ExitStack() as servers:
            variants = {
                "callback": _Variant(server, servers.enter_context(_ours(server, settings))),
                "bare": _Variant(server, servers.enter_context(_bare(server, settings, platform))),
            }
            batches = _Batches(platform, orders[:firsts], rounds)
            runs = {name: each.runner(batches) for name, each in variants.items()}
            results: dict[str, list[Measure]] = dict(interleave(runs, rounds=rounds))
            rate = statistics.median(each.per_s for each in results["callback"]) / 2
            results["callback, half the rate"] = [variants["callback"].paced(_signed(platform, orders[firsts:]), rate)]
        doubled = _check(server, expected=len(orders))
    return report(
        "callbacks",
        results,
        [
            Bar("callback / bare, 2 processes, 32 connections", ratios(results, "callback", "bare"), 0.50, 0.35),
            Bar("double bookings", [doubled], 0, 0, at_most=True),
        ],
    )


@dataclass(frozen=True, slots=True)
class _Order:
    """What the platform knows of one order of ours."""

    out_trade_no: str
    amount_minor: int


class _Batches:
    """The callbacks of each round, signed when the first variant asks for them: signatures live five minutes."""

    def __init__(self, platform: Platform, orders: Sequence[_Order], rounds: int) -> None:
        self._platform = platform
        size = len(orders) // rounds
        self._orders = [orders[place * size : (place + 1) * size] for place in range(rounds - 1)]
        self._orders.append(orders[(rounds - 1) * size :])
        self._signed: dict[int, list[bytes]] = {}

    def of(self, number: int) -> list[bytes]:
        """The same bytes for every variant."""
        if number not in self._signed:
            self._signed = {number: _signed(self._platform, self._orders[number])}
        return self._signed[number]


class _Repeating:
    """Requests in order, and some of them again soon after."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._left = iter(requests)
        self._chance = random.Random(42)
        self._again: list[tuple[float, float, bytes]] = []
        self.repeated = 0
        self.late = 0

    def __call__(self) -> bytes | None:
        """The next one; a repetition that is due goes first."""
        now = time.perf_counter()
        if self._again and self._again[0][0] <= now:
            return self._repeat(now)
        request = next(self._left, None)
        if request is None:
            return self._repeat(now) if self._again else None
        if self._chance.random() < REPEATED / (1 - REPEATED):
            heapq.heappush(self._again, (now + self._chance.uniform(0, LATEST_S), now, request))
        return request

    def _repeat(self, now: float) -> bytes:
        _, first, request = heapq.heappop(self._again)
        self.repeated += 1
        self.late += now - first > WITHIN_S
        return request


@dataclass(frozen=True, slots=True)
class _Variant:
    """Web processes and the server below them. CPU is that of both together."""

    server: Cluster
    served: Served

    def runner(self, batches: _Batches) -> Callable[[], Measure]:
        """Each call sends the next round's callbacks."""
        numbers = itertools.count()
        return lambda: self.hammered(batches.of(next(numbers)))

    def hammered(self, requests: Sequence[bytes]) -> Measure:
        """As fast as they are answered."""
        following = _Repeating(requests)
        measure = self._measured(lambda: hammer(self.served.port, following, connections=CONNECTIONS))
        if following.late:
            print(f"{following.late} of {following.repeated} repetitions came later than {WITHIN_S * 1000:.0f} ms")
        return measure

    def paced(self, requests: Sequence[bytes], per_s: float) -> Measure:
        """At a fixed rate."""
        chance = random.Random(43)
        timed = [(place / per_s, request) for place, request in enumerate(requests)]
        timed += [
            (due + chance.uniform(0, WITHIN_S), request)
            for due, request in timed
            if chance.random() < REPEATED / (1 - REPEATED)
        ]
        timed.sort(key=lambda each: each[0])
        due = [at for at, _ in timed]
        return self._measured(
            lambda: pace(self.served.port, [request for _, request in timed], due, connections=CONNECTIONS)
        )

    def _measured(self, send: Callable[[], Load]) -> Measure:
        position, cpu = self.server.position(), self.served.cpu_us() + self.server.busy_us()
        load = send()
        cpu = self.served.cpu_us() + self.server.busy_us() - cpu
        if set(load.statuses) != {http.client.NO_CONTENT}:
            msg = f"answers other than 204: {load.statuses}"
            raise AssertionError(msg)
        count = len(load.waits)
        return Measure(
            load.per_s,
            cpu / count,
            self.server.record_bytes(position) / count,
            load.percentile_ms(0.5),
            count,
            load.percentile_ms(0.99),
        )


def _platform(home: Path) -> Platform:
    credentials.init(home)
    return credentials.load(home)


def _settings(server: Cluster) -> Settings:
    given = json.loads((server.folder / "sandbox" / "credentials.json").read_text(encoding="utf-8"))["wechat_pay"]
    return deployment(
        server.dsn("wattline_app"),
        wechat_pay_base_url="http://127.0.0.1:9",
        wechat_pay_mchid=given["mchid"],
        wechat_pay_appid=given["appid"],
        wechat_pay_merchant_serial=given["merchant_serial"],
        wechat_pay_merchant_private_key=given["merchant_private_key"],
        wechat_pay_apiv3_key=given["apiv3_key"],
        wechat_pay_public_key_id=given["public_key_id"],
        wechat_pay_public_key=given["public_key"],
    )


def _ours(server: Cluster, settings: Settings) -> AbstractContextManager[Served]:
    log = server.folder / "web.log"
    return serving(["app.serve"], settings=settings, log=log, probe="/livez", processes=PROCESSES)


def _bare(server: Cluster, settings: Settings, platform: Platform) -> AbstractContextManager[Served]:
    server.execute(bare_callback.TABLE)
    server.execute("grant insert, select on bare_callback to wattline_app")
    public = platform.signing_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    variables = {bare_callback.DSN: server.dsn("wattline_app"), bare_callback.PUBLIC_KEY: public.decode()}
    return serving(
        ["benchmarks.bare_callback"],
        settings=settings,
        log=server.folder / "bare.log",
        probe="/livez",
        processes=PROCESSES,
        variables=variables,
    )


def _prepare(server: Cluster, count: int) -> list[_Order]:
    """Accounts with one open bill each, imported as a supplier would, and an order prepared for each bill."""
    migrations.upgrade(server.dsn("wattline_owner"))
    server.execute("insert into unit (code, kind, name, path) values ('U1', 'province', 'Bench', '/U1/')")
    import_files(server, "bench", write_files(server.folder, count, first_month=MONTHS))
    with psycopg.connect(server.dsn("postgres")) as connection:
        connection.execute(_ORDERS.encode())
        rows = connection.execute("select out_trade_no, amount_minor from payment_attempt order by random()").fetchall()
    server.execute("delete from outbox")
    server.execute("vacuum analyze")
    server.execute("checkpoint")
    return [_Order(*row) for row in rows]


def _signed(platform: Platform, orders: Sequence[_Order]) -> list[bytes]:
    return [_request(platform, order) for order in orders]


def _request(platform: Platform, order: _Order) -> bytes:
    """A notification as the platform sends it; times are now, for a signature lives five minutes."""
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    transaction = {
        "appid": platform.appid,
        "mchid": platform.mchid,
        "out_trade_no": order.out_trade_no,
        "trade_state": "SUCCESS",
        "transaction_id": f"42{order.out_trade_no[-19:]}",
        "success_time": moment,
        "amount": {"total": order.amount_minor, "currency": "CNY"},
    }
    resource = {**sealed(platform, to_bytes(transaction), associated="transaction"), "original_type": "transaction"}
    body = to_bytes(
        {
            "id": f"notice-{order.out_trade_no}",
            "create_time": moment,
            "event_type": "TRANSACTION.SUCCESS",
            "resource_type": "encrypt-resource",
            "summary": "支付成功",
            "resource": resource,
        }
    )
    headers = {
        "Host": HOST,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **signed_headers(platform, body, serial=platform.public_key_id),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /callbacks/wechat-pay HTTP/1.1\r\n{head}\r\n".encode() + body


def _check(server: Cluster, *, expected: int) -> int:
    """Everything sent is booked, no invariant is broken; answers how many payments were booked twice."""
    paid, kept, left, suspended = server.execute(_STATE)[0]
    if (paid, kept, left, suspended) != (expected, expected, 0, 0):
        msg = f"{paid} paid, {kept} kept, {left} not applied, {suspended} suspended of {expected}"
        raise AssertionError(msg)
    database = Database(server.dsn("wattline_app"), pool_size=1, deadline_s=300.0)
    try:
        with database.read() as session:
            session.sql("set local statement_timeout = 0")
            broken: list[object] = [
                *ledger.check_invariants(session, limit=5),
                *billing.check_invariants(session, limit=5),
                *payments.check_invariants(session, limit=5),
                *payments.check_claims(session, limit=5),
            ]
    finally:
        database.close()
    if broken:
        msg = f"the books are wrong: {broken}"
        raise AssertionError(msg)
    doubled = server.execute(_DOUBLED)[0][0]
    assert isinstance(doubled, int)
    return doubled
