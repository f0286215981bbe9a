"""One account with its balance and last 12 bills, token, session and grant included, against `limit_http.py`.

One web process each, 16 connections, random accounts. Ours and the limits stand behind the same guard (`limit`,
`usual`); `bare` and the variants marked `alone` are the frozen file as it is. `cold` sends every token once, so that
each signature is verified anew. `WATTLINE_BENCH_HOT_ACCOUNTS` is how many accounts of ours there are (100,000).
"""

import contextlib
import http.client
import itertools
import json
import os
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import migrations
from benchmarks.harness import Bar, Cluster, Measure, VoidRun, cluster, interleave, limits, ratios, report
from benchmarks.limit_app import frozen
from benchmarks.load import Load, Next, hammer
from benchmarks.servers import HOST, PUBLIC_URL, Served, deployment, serving
from core import clock, ids
from core.config import Settings
from core.crypto.tokens import LIFETIME, Identity, TokenKeys

CONNECTIONS: Final = 16
LIMIT_ACCOUNTS: Final = 100_000
BILLS: Final = 18
PEOPLE: Final = 1_000
MOST_PER_S: Final = 1_500
"""Tokens made for each second of a cold run; it ends early when they are used up."""

FAIR: Final = 4.0
"""limit / usual under this says that the machine was not itself."""

_FILL: Final = """
insert into unit (code, kind, name, path) values ('U', 'province', 'Unit', '/U/');
insert into customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint)
  select g, 'person', '', 'c*', '{{}}', '' from generate_series(1, {accounts}) g;
insert into premises (premises_no, district, street, building, fingerprint)
  select g, 'district', 'street ' || g % 900, g % 300, '' from generate_series(1, {accounts}) g;
insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
  select (10000000 + id)::text, 1, id, id, 'residential', 'active', 'CNY' from customer order by id;
insert into bill (account_id, bill_no, period_first, period_end, issue_date, due_date, energy_kwh, amount_minor,
    open_minor, state, origin)
  select a.id, 'B' || a.id || '-' || m, d, d + 28, d + 30, d + 50, 200 + m, 10000 + m,
    case when m = {bills} then 10000 + m else 0 end,
    case when m = {bills} then 'issued' else 'settled' end, 'history'
  from generate_series(1, {bills}) m cross join lateral (select date '2024-06-01' + 30 * m as d) at
  cross join account a order by m, a.id;
insert into book (owner_kind, owner_id) select 'account', id from account order by id;
insert into balance (book_id, code, asset, balance, version)
  select id, (select code from ledger_code where name = 'receivable'), 156, 10000 + {bills}, 1 from book;
insert into app_user (id, kind, phone_sealed, phone_blind, phone_masked, locale, created_at, signed_in_at)
  select lpad(to_hex(g), 32, '0')::uuid, 'user', '', decode(lpad(to_hex(g), 32, '0'), 'hex'), '*', 'en', now(), now()
  from generate_series(1, {people}) g;
insert into session_family (id, user_id, kind, device_name, created_at, last_used_at, idle_until, expires_at,
    generation, rotated_at)
  select id, id, 'app', 'Phone', now(), now(), now() + interval '30 day', now() + interval '90 day', 1, now()
  from app_user;
insert into access_grant (id, user_id, account_id, role, valid_from)
  select gen_random_uuid(), lpad(to_hex(1 + id % {people}), 32, '0')::uuid, id, 'owner', now() - interval '1 day'
  from account
"""


def run(*, rounds: int, seconds: int) -> bool:
    """Measure and report; true when no bar failed."""
    accounts = int(os.environ.get("WATTLINE_BENCH_HOT_ACCOUNTS", "100000"))
    with cluster(limits() / "pg.conf") as server, contextlib.ExitStack() as servers:
        migrations.upgrade(server.dsn("wattline_owner"))
        _fill(server, accounts)
        settings = deployment(server.dsn("wattline_app"))
        bench = _start(server, settings, accounts, servers)
        for name in bench:
            bench[name].check()
            bench[name].measure(min(seconds, 2))
        results = interleave({name: each.runner(seconds) for name, each in bench.items()}, rounds=rounds)
    if (fairness := statistics.median(ratios(results, "limit alone", "usual alone"))) < FAIR:
        msg = f"limit / usual is {fairness:.2f}, under {FAIR}"
        raise VoidRun(msg)
    return report(
        "hot_reads",
        results,
        [
            Bar("warm, app CPU / limit", ratios(results, "warm", "limit", "cpu_us"), 1.25, 1.4, at_most=True),
            Bar("cold, app CPU / limit", ratios(results, "cold", "limit", "cpu_us"), 1.8, 2.0, at_most=True),
            Bar("warm, requests per second / usual", ratios(results, "warm", "usual"), 6, 5),
        ],
    )


@dataclass(frozen=True, slots=True)
class _Variant:
    """An address of a server, and who asks for what there."""

    served: Served
    requests: Callable[[float], Next]
    bills: int | None

    def runner(self, seconds: int) -> Callable[[], Measure]:
        """A run of so many seconds."""
        return lambda: self.measure(seconds)

    def measure(self, seconds: float) -> Measure:
        """One run. Any answer but 200 makes it void."""
        following = self.requests(seconds)
        before = self.served.cpu_us()
        load = hammer(self.served.port, following, connections=CONNECTIONS, seconds=seconds)
        return _measured(load, self.served.cpu_us() - before)

    def check(self) -> None:
        """The answer is what it claims to be."""
        if self.bills is None:
            return
        head, *lines = (self.requests(1)() or b"").decode().splitlines()
        headers = dict(line.split(": ", 1) for line in lines if line)
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port)
        connection.request("GET", head.split()[1], headers=headers)
        told = json.loads(connection.getresponse().read())
        connection.close()
        if len(told["bills"]) != self.bills:
            msg = f"not an account with {self.bills} bills: {told}"
            raise AssertionError(msg)


def _measured(load: Load, cpu_us: int) -> Measure:
    if set(load.statuses) != {http.client.OK}:
        msg = f"answers other than 200: {load.statuses}"
        raise AssertionError(msg)
    count = len(load.waits)
    return Measure(load.per_s, cpu_us / count, 0.0, 1000 * statistics.fmean(load.waits), count)


def _start(server: Cluster, settings: Settings, accounts: int, stack: contextlib.ExitStack) -> dict[str, _Variant]:
    os.environ["LIMIT_DSN"] = server.dsn("wattline_owner")
    frozen().setup()
    log = server.folder / "web.log"

    def limit_app(**more: str) -> Served:
        variables = {"LIMIT_DSN": os.environ["LIMIT_DSN"], "WATTLINE_BENCH_LIMITS": str(limits()), **more}
        command = ["benchmarks.limit_app"]
        return stack.enter_context(serving(command, settings=settings, log=log, probe="/bare", variables=variables))

    alone, guarded = limit_app(), limit_app(WATTLINE_BENCH_GUARD="1")
    ours = stack.enter_context(serving(["app.serve"], settings=settings, log=log, probe="/livez"))
    keys = TokenKeys(settings.token_keys.get_secret_value(), issuer=PUBLIC_URL, audience=PUBLIC_URL)
    tokens = [_token(keys, person) for person in range(PEOPLE)]
    return {
        "bare": _Variant(alone, lambda _: lambda: _request("/bare"), None),
        "limit alone": _Variant(alone, _of_limit("limit"), 12),
        "usual alone": _Variant(alone, _of_limit("usual"), 12),
        "limit": _Variant(guarded, _of_limit("limit"), 12),
        "usual": _Variant(guarded, _of_limit("usual"), 12),
        "warm": _Variant(ours, lambda _: _ours(accounts, tokens), 12),
        "cold": _Variant(ours, lambda seconds: _cold(accounts, keys, seconds), 12),
    }


def _of_limit(name: str) -> Callable[[float], Next]:
    return lambda _: lambda: _request(f"/{name}/{random.randint(1, LIMIT_ACCOUNTS)}")


def _ours(accounts: int, tokens: Sequence[str]) -> Next:
    def following() -> bytes:
        account = random.randint(1, accounts)
        return _request(f"/api/v1/accounts/{10_000_000 + account}", tokens[account % PEOPLE])

    return following


def _cold(accounts: int, keys: TokenKeys, seconds: float) -> Next:
    tokens: Iterator[str] = iter([_token(keys, place % PEOPLE) for place in range(int(seconds * MOST_PER_S))])
    places = itertools.count()

    def following() -> bytes | None:
        token = next(tokens, None)
        account = random.randrange(accounts // PEOPLE) * PEOPLE + next(places) % PEOPLE
        return None if token is None else _request(f"/api/v1/accounts/{10_000_000 + (account or PEOPLE)}", token)

    return following


def _token(keys: TokenKeys, person: int) -> str:
    """A token of the person who has the accounts whose number leaves this rest."""
    now = clock.now()
    user = UUID(int=1 + person)
    identity = Identity(str(user), user, "user", frozenset(), int((now + LIFETIME).timestamp()))
    return keys.issue(identity, token_id=ids.uuid7(), now=now)


def _request(path: str, token: str | None = None) -> bytes:
    authorization = "" if token is None else f"Authorization: Bearer {token}\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{authorization}Accept: application/json\r\n\r\n".encode()


def _fill(server: Cluster, accounts: int) -> None:
    """Written past the foreign keys' triggers: a read does not care who filled the tables."""
    server.fill(_FILL.format(accounts=accounts, bills=BILLS, people=PEOPLE))
