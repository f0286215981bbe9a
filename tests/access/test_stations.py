"""Staff of one station learn nothing of another: not by a page, a filter, an export or a count, nor by what these have to read."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, get_args
from urllib.parse import parse_qsl

import psycopg
import pytest
import sqlalchemy as sa
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from core import clock
from core.periods import business_date
from portal.staff.customers import Section
from services.accounts.roles import StaffRole
from services.tariffs.queries import version as version_of
from tests.access.asking import Asked, Object, Scene
from tests.access.requests import ASKING, scene
from tests.access.staff_requests import is_of_staff
from tests.factories.accounts import make_unit
from tests.factories.staff import Member
from tests.support.files import latest_file
from tests.support.office import ELSEWHERE, HERE, TARIFF, Office, office_of
from tests.support.town import Town

NAME: Final = "闻人听雪"
PHONE: Final = "+8613711119999"
STREET: Final = "紫藤巷"
SUM_MINOR: Final = 7_654_321
SUM: Final = "76,543.21"
TIMES: Final = re.compile(r'\d\d:\d\d|after=[^"&]+|data-left="\d+"|[0-9a-f]{32,}|[\w-]{80,}|value="[^"]*" aria')

STATION: Final = """
with numbers as (
  select g, :start + g as no, (cast(:units as text[]))[1 + g % cardinality(cast(:units as text[]))] as code from generate_series(1, :count) g
), holders as (
  insert into customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint)
  select 'Z' || no, 'person', '', '闻**', cast(:tokens as bytea[]), '' from numbers returning id, customer_no
), places as (
  insert into premises (premises_no, district, street, building, fingerprint)
  select 'Z' || no, '历下区', :street, no || '号', '' from numbers returning id, premises_no
), made as (
  insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
  select 'Z' || n.no, u.id, case when n.no % 10 = 7 then (select customer_id from account where account_no = :shared) else h.id end, p.id,
    'residential', 'active', 'CNY'
  from numbers n join unit u on u.code = n.code join holders h on h.customer_no = 'Z' || n.no join places p on p.premises_no = 'Z' || n.no
  returning id, account_no
), bills as (
  insert into bill (account_id, bill_no, period_first, period_end, issue_date, due_date, energy_kwh, amount_minor, open_minor, state, origin)
  select id, 'B' || account_no, '2026-01-01', '2026-02-01', '2026-02-02', '2026-03-01', 1, :sum, 0, 'settled', 'history' from made
), claimed as (
  insert into claim (kind, key, owner) select 'bill_no', 'B' || account_no, id::text from made
), waits as (
  insert into payment_suspense (reason, provider, out_trade_no, transaction_id, account_id, amount_minor, currency, paid_at, created_at, state)
  select 'transaction_claimed', 'wechat_pay', 'O' || account_no, 'T' || account_no, id, :sum, 'CNY', now(), now() - interval '1 day', 'open' from made
), workers as (
  insert into staff (id, name, display_name, state, password_hash, totp_sealed, created_at)
  select gen_random_uuid(), 'z' || no, :name, 'active', '$argon2id$', '', now() from numbers returning id, name
), browsers as (
  insert into staff_session (id, staff_id, cookie_hash, device_name, created_at, last_used_at, idle_until, expires_at)
  select gen_random_uuid(), id, sha256(convert_to(id::text, 'UTF8')), 'Firefox', now(), now(), now() + interval '30 min', now() + interval '12 h'
  from workers
), granted as (
  insert into staff_grant (id, staff_id, role, unit_id, valid_from, granted_at)
  select gen_random_uuid(), w.id, 'agent', u.id, now() - interval '1 day', now() from workers w join numbers n on w.name = 'z' || n.no join unit u on u.code = n.code
), asked as (
  insert into approval_request (id, kind, subject, unit_id, payload, reason, state, requested_by, requested_at, expires_at)
  select uuidv7(), 'staff.reset_password', 'staff:' || w.id, u.id, jsonb_build_object('staff_id', w.id), :name, 'requested', w.id, now(),
    now() + interval '3 days' from workers w join numbers n on w.name = 'z' || n.no join unit u on u.code = n.code
)
insert into audit (actor, act, subject, after, unit_id)
select 'staff:z' || n.no, 'accounts.grant', 'account:0', jsonb_build_object('who', cast(:name as text)), u.id from numbers n join unit u on u.code = n.code
"""

BESIDES: Final = """
with theirs as (
  select g + :start as no, a.id, a.account_no, a.unit_id, w.id as staff_id
  from generate_series(1, :count) g
  join account a on a.account_no = 'Z' || (g + :start) join staff w on w.name = 'z' || (g + :start)
), missed as (
  insert into account_gap (account_id, unit_id, gaps) select id, unit_id, 1023 from theirs
), judged as (
  insert into quality_round (day) values (:today) on conflict do nothing
), scored as (
  insert into unit_quality (unit_id, day, accounts, level1_whole, level2_expected, level2_met, fresh)
  select distinct unit_id, cast(:today as date), 9, 1, 9, 1, 1 from theirs on conflict do nothing
), noted as (
  insert into account_note (account_id, id, written_by, written_at, text) select id, uuidv7(), staff_id, now(), :name from theirs
), loaded as (
  insert into import_run (kind, file_digest, mode, file_name, rows_done, rows_new, finished_at)
  select 'bills', sha256(convert_to(account_no, 'UTF8')), 'check', account_no, 1, 1, now() from theirs returning id, file_name
), counted as (
  insert into import_total (run_id, unit_id, rows_new, accounts, is_dry) select r.id, t.unit_id, 1, 1, true from loaded r join theirs t on t.account_no = r.file_name
), together as (
  insert into import_total (run_id, unit_id, rows_new, rows_rejected) select distinct cast(:run_id as bigint), unit_id, 7, 7 from theirs
  on conflict do nothing
), refused as (
  insert into import_reject (run_id, row_no, field, reason, unit_id)
  select :run_id, no, 'amount_minor', 'not_a_number', unit_id from theirs
), proposed as (
  insert into data_correction (id, account_id, customer_id, field, before_shown, after_shown, after_sealed, proposed_at)
  select uuidv7(), a.id, a.customer_id, case when t.no % 2 = 0 then 'name' else 'use_class' end, '闻**', t.account_no, '', now()
  from theirs t join account a on a.id = t.id where t.no % 4 in (0, 1) returning id, account_id, field
), corrected as (
  insert into approval_request (id, kind, subject, unit_id, payload, reason, state, requested_by, requested_at, expires_at)
  select uuidv7(), 'accounts.correct_data', 'account:' || t.id || ':' || p.field, t.unit_id,
    jsonb_build_object('correction_id', p.id, 'account_no', t.account_no, 'field', p.field), :name, 'requested', t.staff_id, now(),
    now() + interval '3 days'
  from proposed p join theirs t on t.id = p.account_id
), vanished as (
  insert into import_vanished (run_id, unit_id, account_no) select :run_id, unit_id, account_no from theirs
), listening as (
  insert into webhook_endpoint (id, unit_id, name, url, events, state, secret_sealed, created_at, created_by)
  select gen_random_uuid(), unit_id, account_no, 'https://93.184.216.34/hooks', '{bill.issued}', 'active', '', now(), staff_id
  from theirs where no % 40 = 0 returning id
), told as (
  insert into webhook_delivery (endpoint_id, message_id, type, body, state, occurred_at, waits_since)
  select id, 'M' || id, 'bill.issued', '{}', 'set_aside', now(), null from listening
), orders as (
  insert into payment_order (id, payment_no, provider, method, amount_minor, currency, state, created_at, expires_at)
  select gen_random_uuid(), 'U' || lpad(no::text, 20, '0'), 'wechat_pay', 'wechat_native', :sum, 'CNY', 'open', now() - interval '2 days',
    now() - interval '1 day' from theirs where no % 4 = 0 returning id, payment_no
), tries as (
  insert into payment_attempt (id, order_id, no, provider, method, out_trade_no, amount_minor, currency, state, request_sealed, request_hash,
    created_at, expires_at)
  select gen_random_uuid(), id, 1, 'wechat_pay', 'wechat_native', payment_no, :sum, 'CNY',
    case when payment_no ~ '[02468]00$' then 'unknown' else 'closed' end, '', sha256(''), now() - interval '2 days', now() - interval '1 day'
  from orders returning id, out_trade_no
), used as (
  insert into usage_month (account_id, month, part, version_id, first_day, end_day, days, energies, energy, export_energy, reactive_energy,
    max_demand, measured_minutes, missing_minutes, estimated_minutes, aggregated_at)
  select id, m.month, 1, cast(:version_id as bigint), m.month, m.month + 20, 20, '{1000000}', 1000000, 0, 0, 0, 28800, 0, 0, now()
  from theirs cross join (select (date_trunc('month', cast(:today as date)) - interval '1 month')::date as month) m
), doubted as (
  insert into reading_quarantine (account_id, kind, meter_no, channel, start_at, minutes, energy, quality, reason, source, recorded_at, recorded_by)
  select id, 'interval', account_no, 'import', now() - interval '1 day', 15, -1, 'a', 'negative', 'file', now(), 'system' from theirs
), odd as (
  insert into reading_finding (account_id, kind, meter_no, channel, first_day, last_day, found, expected, found_at)
  select id, 'zeros', account_no, 'import', :today, :today, 0, 9, now() from theirs
), read as (
  insert into reading_series (account_id, id, meter_no, channel, interval_minutes, first_day, last_day)
  select id, 1, account_no, 'import', 15, cast(:today as date) - 9, cast(:today as date) - 9 from theirs
), placed as (
  insert into meter (meter_no, account_id) select account_no, id from theirs
), parts as (
  insert into payment_part (account_id, attempt_id, book_id, amount_minor)
  select t.id, r.id, (select min(id) from book), :sum from tries r join theirs t on r.out_trade_no = 'U' || lpad(t.no::text, 20, '0')
)
insert into payment_refund (id, out_refund_no, suspense_id, provider, transaction_id, amount_minor, currency, book_id, posting_id, request, state,
  refund_id, why, requested_by, created_at, next_check_at, contested_told)
select uuidv7(), 'R' || t.account_no, s.id, s.provider, s.transaction_id, s.amount_minor, s.currency, (select min(id) from book), uuidv7(), '',
  case when t.no % 4 = 0 then 'contested' else 'started' end, 'P' || t.account_no, :name, t.staff_id, now(), now() + interval '9 days',
  case when t.no % 4 = 0 then 'done' end
from theirs t join payment_suspense s on s.account_id = t.id
"""
"""What else they have. Payments whose end nobody knows are few beside all that there is. One in ten is of a customer of the
first station."""


@pytest.fixture(scope="module")
def office(town: Town) -> Office:
    return office_of(town)


@pytest.fixture(scope="module")
def station(town: Town, office: Office) -> Member:
    """May everything in the first station, and nothing elsewhere."""
    with town.runtime.db.write() as session:
        return office.employ(session, StaffRole.ADMIN, HERE)


@contextmanager
def owner(town: Town) -> Iterator[psycopg.Connection[Any]]:
    dsn = town.settings.migration_database_url
    assert dsn is not None
    with psycopg.connect(dsn.get_secret_value(), autocommit=True) as connection:
        yield connection


def settle(town: Town, office: Office, *, units: Sequence[str], start: int, count: int) -> None:
    """Give stations so many more customers with all that they have, and let the planner know."""
    tokens = [town.runtime.vault.blind("name", NAME), town.runtime.vault.blind("phone", PHONE)]
    many: dict[str, Any] = {"start": start, "count": count, "sum": SUM_MINOR, "name": NAME}
    with town.runtime.db.write() as session:
        for code in units:
            make_unit(session, code=code, parent="37", kind="city", name=f"Planted station {code}")
        session.sql(STATION, units=list(units), tokens=tokens, street=STREET, shared=town.house.account_no, **many)
    version_no = office.draft(is_new=False)
    with town.runtime.db.write() as session:
        version = version_of(session, code=TARIFF, version_no=version_no)
        assert version is not None
        today = business_date(clock.now(), town.settings.zone)
        session.sql(BESIDES, run_id=office.dry_runs["own"], today=today, version_id=version.id, **many)
    with owner(town) as connection:
        connection.execute("vacuum analyze")


OTHERS: Final = (ELSEWHERE, *(f"37{number}" for number in range(10, 50)))
MORE: Final = 6_000
"""Customers that the other stations get while nothing changes here. A page may read a hundredth of them more: of tables
with some rows only, plans read one from end to end now and then."""

THEIR: Final = "Z10000001"
"""An account elsewhere."""

FILTERS: Final[Mapping[str, Sequence[str]]] = {
    "GET /staff/people": (f"part={NAME}", "part=z1000&state=active"),
    "GET /staff/approvals": ("part=waiting", "part=mine", "part=decided"),
    "GET /staff/audit": (
        "act=accounts.grant",
        f"about={THEIR}",
        "who=user:z10000001",
        "since=2026-01-01&until=2199-12-31",
    ),
    "GET /staff/search": (
        *(f"sought={each}" for each in (THEIR, f"B{THEIR}", f"O{THEIR}", f"T{THEIR}", "Z1000000009")),
        *(f"sought={each}" for each in (NAME, NAME[:2], PHONE, PHONE[-4:], STREET)),
    ),
    "GET /staff/webhooks/{endpoint_id}": ("only=undelivered",),
    "GET /staff/imports": (
        "kind=bills",
        "sender=z1000",
        *(f"state={each}" for each in ("running", "ended", "unsigned", "signed")),
        "since=2026-01-01&until=2199-12-31",
    ),
    "GET /staff/imports/{run_id}/rejects": ("field=amount_minor&reason=not_a_number",),
    "GET /staff/suspense": ("sort=amount",),
    "GET /staff/suspense/many": ("sum=1&sum=2&sum=3",),
    "GET /staff/quality": (f"unit={HERE}", f"unit={ELSEWHERE}", "sort=score"),
    "GET /staff/tariffs/{code}/{version_no}/try": (
        "kwh=1&kw=1&month=7&before=1&cycle=1&days=1&demand=1&kvarh=1&exported=1&persons=1&contract=1&kva=1&flag=a",
    ),
    "GET /staff/tariffs/{code}/{version_no}/dry-run": (
        f"unit={HERE}&of=all",
        f"unit={HERE}&of=sample&month={clock.now():%Y-%m}",
        f"unit={ELSEWHERE}&of=all",
    ),
    "GET /staff/tariffs/{code}/intervals": ("day=2027-01-01",),
    "GET /staff/entitlements": (f"unit={HERE}", f"unit={ELSEWHERE}"),
    "GET /staff/entitlements/{account_no}": ("renew=1",),
    "GET /staff/calendar": ("year=2027",),
    "GET /staff/as/{account_no}/usage": (
        f"of=day&at={clock.now():%Y-%m-%d}",
        f"of=month&at={clock.now():%Y-%m-%d}&with=year",
        f"of=year&at={clock.now():%Y-%m-%d}",
    ),
    "GET /staff/readings": (
        f"unit={HERE}",
        f"unit={ELSEWHERE}",
        "reason=negative",
        "since=2026-01-01&until=2199-12-31",
    ),
    "GET /staff/readings/many": (f"reading={THEIR}.00000000-0000-7000-8000-000000000000",),
    "GET /staff/readings/missing": (f"unit={HERE}", f"unit={ELSEWHERE}"),
    "GET /staff/readings/odd": (f"unit={HERE}", f"unit={ELSEWHERE}", "kind=zeros"),
    "GET /staff/tariffs/{code}/{version_no}/compare": ("against=1",),
    "GET /staff/tariffs/new": ("code=NEW",),
    "GET /staff/gaps": (f"unit={HERE}", f"unit={ELSEWHERE}", "of=basic", "level=1", "level=2", "field=name"),
}
"""What lists are asked for; people are named who are in other stations as here, and more of them."""

PLACES: Final = frozenset({"after", "before"})
TELLING: Final = frozenset({"asked", "done", "look", "next", "over", "told"})
"""Of an address, what says where in a list one is, and what says what has just been done."""


def walked(town: Town, member: Member) -> dict[str, Asked]:
    """All that the console shows and all its files, for things here and for those of another station, by name."""
    found: dict[str, Asked] = {}
    wanted: tuple[Object, ...] = ("own", "other_unit")
    for operation, asking in ASKING.items():
        if not is_of_staff(operation) or (not operation.startswith("GET ") and not operation.endswith("/export")):
            continue
        for each in wanted if "{" in operation else wanted[:1]:
            made: Scene = replace(scene(town, operation, "here", each), member=member)
            asked = asking(made)
            plain = asked.path.partition("?")[0]
            paths = [asked.path, *(f"{plain}?{query}" for query in FILTERS.get(operation, ()))]
            if operation.endswith("/{section}"):
                paths = [f"{plain.rpartition('/')[0]}/{section}" for section in get_args(Section)]
            found.update(
                {
                    f"{operation.partition(' ')[0]} {path}": replace(asked, path=_address(town, member, path, asked))
                    for path in paths
                }
            )
    return found


def _address(town: Town, member: Member, path: str, asked: Asked) -> str:
    """Where a page is found: what is searched for is sealed for whoever searches."""
    plain, _, query = path.partition("?")
    if plain not in {"/staff/search", "/staff/people", "/staff/audit"} or path == asked.path:
        return path
    typed = {"q" if name == "sought" else name: text for name, text in parse_qsl(query)}
    return office_of(town).sought(member, plain, **typed)


@dataclass(frozen=True)
class Told:
    """An answer without what is different each time, and how many rows PostgreSQL took out of which table for it."""

    text: str
    rows: Counter[str]


@contextmanager
def counted(town: Town) -> Iterator[Counter[str]]:
    """What is read meanwhile, in all transactions that end."""
    told: Counter[str] = Counter()

    def ask(connection: sa.Connection) -> None:
        rows = connection.exec_driver_sql(
            """select relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables
               where coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) > 0"""
        )
        told.update({name: int(count) for name, count in rows})
        connection.exec_driver_sql("select pg_stat_force_next_flush()")  # the next transaction counts from zero

    engine = town.runtime.db.engine
    sa.event.listen(engine, "commit", ask)
    sa.event.listen(engine, "rollback", ask)
    try:
        yield told
    finally:
        sa.event.remove(engine, "commit", ask)
        sa.event.remove(engine, "rollback", ask)


def send(town: Town, office: Office, member: Member, name: str, asked: Asked) -> str:
    """An answer without what is different each time, and without what the reader typed."""
    town.client.cookies.clear()
    headers = {**office.browser(member), "accept-language": "en"}
    method = name.partition(" ")[0]
    answer = town.client.request(method, asked.path, data=asked.form, headers=headers, follow_redirects=False)
    if answer.headers.get("location") == "/staff/files":
        return _taken(town, office, member, headers)
    return f"{answer.status_code} {TIMES.sub('#', answer.text)}"


def _taken(town: Town, office: Office, member: Member, headers: dict[str, str]) -> str:
    """The file that was just asked for; it is deleted, so that the next walk finds the page as this one did."""
    path = latest_file(town.client.get("/staff/files", headers=headers).text)
    form = {"csrf": office.form_token(member)}
    answer = town.client.post(path, data=form, headers=headers)
    gone = town.client.post(path.replace("/content", "/delete"), data=form, headers=headers, follow_redirects=False)
    assert gone.status_code == 303
    return f"{answer.status_code} {TIMES.sub('#', answer.text)}"


def look(town: Town, office: Office, member: Member, path: str) -> str:
    """A page without what is different each time."""
    office.fresh(member)
    return send(town, office, member, "GET", Asked(path))


Walk = dict[str, Told]


@pytest.fixture(scope="module")
def walks(town: Town, office: Office, station: Member) -> list[Walk]:
    """The whole console of one station: when the others have nothing, when they have much, and when they have more."""
    settle(town, office, units=[HERE, ELSEWHERE], start=19_999_950, count=60)
    everything = walked(town, station)

    def walk() -> Walk:
        told: Walk = {}
        office.fresh(station)
        with counted(town) as rows:
            send(town, office, station, "GET", Asked("/staff"))  # what earlier transactions left uncounted
            for name, asked in everything.items():
                rows.clear()
                text = send(town, office, station, name, asked)
                told[name] = Told(text, Counter(rows))
        return told

    office.fresh(station)
    for name in (each for each in everything if each.endswith("/content")):
        send(town, office, station, name, everything[name])  # a file that is taken is told of otherwise than before
    found = [walk()]
    for start, count in ((10_000_000, MORE // 2), (40_000_000, MORE)):
        settle(town, office, units=OTHERS, start=start, count=count)
        found.append(walk())
    return found


def test_no_page_filter_export_or_count_tells_of_another_station(town: Town, office: Office, walks: list[Walk]) -> None:
    first = walks[0]
    assert [name for name, each in first.items() if each.text.startswith("5")] == []
    for later in walks[1:]:
        assert [name for name in first if later[name].text != first[name].text] == []
    planted = {name: each.text for name, each in walks[-1].items() if THEIR not in name}
    assert [name for name, text in planted.items() if THEIR in text] == []
    for path in (
        "suspense",
        "imports",
        "gaps",
        "payments/unknown",
        "webhooks",
        "readings",
        "readings/missing",
        "readings/odd",
    ):
        assert re.search(f"Z19999|Z20000|{SUM}", planted[f"GET /staff/{path}"]), f"nothing is planted for {path}"
    tried = f"GET /staff/tariffs/{TARIFF}/1/dry-run?unit={HERE}&of=all"
    assert "Z19999" in planted[tried], "nothing is planted for a dry run"
    top = office.members["top"]
    people = office.sought(top, "/staff/people", part="z1000")
    readings = ("/staff/readings", "/staff/readings/odd", "/staff/readings/missing")
    for path in (people, "/staff/webhooks", "/staff/suspense", "/staff/payments/unknown", *readings):
        assert re.search("[zZ]1000|Planted station", look(town, office, top, path)), f"nothing is elsewhere for {path}"


def test_what_is_read_for_a_page_does_not_grow_with_another_station(walks: list[Walk]) -> None:
    _, small, large = walks
    grown = {
        (name, table): (small[name].rows[table], count)
        for name in small
        for table, count in large[name].rows.items()
        if count > small[name].rows[table] + MORE // 100
    }
    assert grown == {}
    silent = {name for name, each in large.items() if each.text.startswith("200") and not each.rows}
    assert silent <= {"GET /staff/sign-in"}, "what is read was not counted"


def test_every_filter_of_the_console_is_walked(town: Town) -> None:
    def asked_for(of: Dependant) -> set[str]:
        return {each.alias for each in of.query_params}.union(*(asked_for(each) for each in of.dependencies))

    missing = {}
    for route in iter_route_contexts(town.app.routes):
        operation = f"GET {route.path}"
        if is_of_staff(operation) and "GET" in (route.methods or ()):
            named = {part.partition("=")[0] for query in FILTERS.get(operation, ()) for part in query.split("&")}
            missing[operation] = asked_for(route.dependant) - PLACES - TELLING - named
    assert {operation: names for operation, names in missing.items() if names} == {}


def test_what_waits_for_an_account_goes_with_it_to_another_station(town: Town, office: Office, station: Member) -> None:
    with town.runtime.db.write() as session:
        elsewhere = office.employ(session, StaffRole.MANAGER, ELSEWHERE)
    office.waiting_money(town.neighbour.account)
    no = town.neighbour.account_no

    def seen() -> list[bool]:
        return [no in look(town, office, member, "/staff/suspense") for member in (station, elsewhere)]

    with owner(town) as connection:
        connection.execute(
            """update payment_suspense set state = 'matched', matched_by = %s, matched_at = now(), matched_why = 'planted'
               where reason = 'transaction_claimed'""",
            [elsewhere.staff_id],
        )
        assert seen() == [True, False]
        connection.execute(
            "update account set unit_id = (select id from unit where code = %s) where account_no = %s", [ELSEWHERE, no]
        )
        assert seen() == [False, True]
