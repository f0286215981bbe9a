"""Staff of one station learn nothing of another: not by a page, a filter, an export or a count, nor by what these have to read."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import pytest
import sqlalchemy as sa

from services.accounts.roles import StaffRole
from tests.factories.accounts import make_unit
from tests.factories.staff import Member
from tests.support.office import ELSEWHERE, HERE, Office, office_of
from tests.support.town import Town

NAME: Final = "闻人听雪"
PHONE: Final = "+8613711119999"
STREET: Final = "紫藤巷"
SUM_MINOR: Final = 7_654_321
SUM: Final = "76,543.21"
TIMES: Final = re.compile(r'\d\d:\d\d|after=[^"&]+|[0-9a-f]{32,}|value="[^"]*" aria')

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
  select 'Z' || n.no, u.id, h.id, p.id, 'residential', 'active', 'CNY'
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


@pytest.fixture(scope="module")
def office(town: Town) -> Office:
    return office_of(town)


@pytest.fixture(scope="module")
def station(town: Town, office: Office) -> Member:
    """Manages the first station, and nothing else."""
    with town.runtime.db.write() as session:
        return office.employ(session, StaffRole.MANAGER, HERE)


@contextmanager
def owner(town: Town) -> Iterator[psycopg.Connection[Any]]:
    dsn = town.settings.migration_database_url
    assert dsn is not None
    with psycopg.connect(dsn.get_secret_value(), autocommit=True) as connection:
        yield connection


def settle(town: Town, *, units: Sequence[str], start: int, count: int) -> None:
    """Give stations so many more customers with all that they have, and let the planner know."""
    tokens = [town.runtime.vault.blind("name", NAME), town.runtime.vault.blind("phone", PHONE)]
    with town.runtime.db.write() as session:
        for code in units:
            make_unit(session, code=code, parent="37", kind="city", name=f"Planted station {code}")
        session.sql(
            STATION, units=list(units), start=start, count=count, tokens=tokens, street=STREET, sum=SUM_MINOR, name=NAME
        )
    with owner(town) as connection:
        connection.execute("vacuum analyze")


def addresses(town: Town) -> list[str]:
    """Every list of the console with filters, those that ask for the other station by name included."""
    own, other = town.house.account_no, f"Z{10_000_001}"
    return [
        "/staff",
        "/staff/people",
        f"/staff/people?part={NAME}",
        "/staff/people?part=z1000&state=active",
        "/staff/approvals",
        "/staff/suspense",
        "/staff/payments/unknown",
        "/staff/audit",
        "/staff/audit?act=accounts.grant",
        f"/staff/audit?about={other}",
        "/staff/audit?who=z10000001",
        "/staff/audit?since=2026-01-01",
        f"/staff/search?q={own}",
        *(
            f"/staff/search?q={each}"
            for each in (other, f"B{other}", f"O{other}", f"T{other}", "Z1000000009", *BY_PERSON)
        ),
        f"/staff/accounts/{own}",
        *(
            f"/staff/accounts/{own}/{each}"
            for each in ("bills", "payments", "postings", "access", "messages", "notes", "acts")
        ),
        f"/staff/accounts/{other}",
        f"/staff/accounts/{other}/bills",
        f"/staff/as/{other}",
    ]


OTHERS: Final = (ELSEWHERE, *(f"37{number}" for number in range(10, 50)))
MORE: Final = 6_000
"""Customers that the other station gets while nothing changes here. A page may read a hundredth of them more: of tables
with some rows only, plans read one from end to end now and then."""

BY_PERSON: Final = (NAME, NAME[:2], PHONE, PHONE[-4:], f"{STREET}")
"""What names a customer, as many in other stations as here and more."""


def look(town: Town, office: Office, member: Member, path: str) -> str:
    """A page without what is different each time, and without what the reader typed."""
    office.fresh(member)
    town.client.cookies.clear()
    headers = {**office.browser(member), "accept-language": "en"}
    answer = town.client.get(path, headers=headers, follow_redirects=False)
    return f"{answer.status_code} {TIMES.sub('#', answer.text)}"


def files(town: Town, office: Office, member: Member) -> dict[str, list[list[str]]]:
    """Every export of the console, as rows; the acts that taking it out leaves are left out."""
    office.fresh(member)
    found = {}
    for path in EXPORTS:
        town.client.cookies.clear()
        form = {"csrf": office.form_token(member)}
        answer = town.client.post(path, data=form, headers=office.browser(member))
        assert answer.status_code == 200, path
        found[path] = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    return found


EXPORTS: Final = ("/staff/audit/export", "/staff/people/export", "/staff/suspense/export")


def rows_read(town: Town, office: Office, member: Member, path: str) -> Counter[str]:
    """How many rows PostgreSQL takes out of which table for a page, in all its transactions."""
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
        look(town, office, member, path)  # what fills caches, and what earlier transactions left uncounted
        told.clear()
        look(town, office, member, path)
    finally:
        sa.event.remove(engine, "commit", ask)
        sa.event.remove(engine, "rollback", ask)
    assert told
    return told


def test_no_page_filter_export_or_count_tells_of_another_station(town: Town, office: Office, station: Member) -> None:
    settle(town, units=[HERE], start=20_000_000, count=30)
    paths = addresses(town)
    before = {path: look(town, office, station, path) for path in paths}
    taken = files(town, office, station)
    settle(town, units=OTHERS, start=10_000_000, count=300)
    after = {path: look(town, office, station, path) for path in paths}
    assert [path for path in paths if after[path] != before[path]] == []
    assert files(town, office, station) == taken
    assert SUM in after["/staff/suspense"], "not planted"
    assert "Z10000001" not in "".join(after[path] for path in paths if "Z10000001" not in path)
    top = office.members["top"]
    assert look(town, office, top, "/staff/people?part=z1000").count("z1000") > 1, "the other station is there"


def test_what_is_read_for_a_page_does_not_grow_with_another_station(
    town: Town, office: Office, station: Member
) -> None:
    settle(town, units=[HERE], start=30_000_000, count=30)
    settle(town, units=OTHERS, start=40_000_000, count=3_000)
    paths = addresses(town)
    small = {path: rows_read(town, office, station, path) for path in paths}
    settle(town, units=OTHERS, start=50_000_000, count=MORE)
    large = {path: rows_read(town, office, station, path) for path in paths}
    grown = {
        (path, table): (small[path][table], count)
        for path in paths
        for table, count in large[path].items()
        if count > small[path][table] + MORE // 100
    }
    assert grown == {}


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
