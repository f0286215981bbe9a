"""Hot reads stay on indexes when tables have grown."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from core.db import Statement
from services.billing import queries
from tests.conftest import Servers, cloned

GROW = """
insert into unit (code, kind, name, path) values ('U', 'province', 'U', '/U/');
insert into customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint)
  select g, 'person', '', '*', '{}', '' from generate_series(1, 5000) g;
insert into premises (premises_no, district, street, building, fingerprint) select g, 'd', 's', 'b', '' from generate_series(1, 5000) g;
insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
  select (1000000 + c.id)::text, 1, c.id, c.id, 'residential', 'active', 'CNY' from customer c;
insert into bill (account_id, bill_no, period_first, period_end, issue_date, due_date, energy_kwh, amount_minor, open_minor, state, origin)
  select a.id, 'B' || a.id || '-' || g, '2025-01-01', '2025-02-01', date '2025-01-01' + 30 * g, date '2025-01-21' + 30 * g, 1, 100,
    case when g = 12 then 100 else 0 end, case when g = 12 then 'issued' else 'settled' end, 'opening'
  from account a, generate_series(1, 12) g;
insert into bill_line (account_id, bill_id, line_no, code, amount_minor) select account_id, id, 1, 1, 100 from bill;
insert into app_user (id, kind, phone_sealed, phone_blind, phone_masked, locale, created_at, signed_in_at)
  select gen_random_uuid(), 'user', '', decode(lpad(to_hex(g), 32, '0'), 'hex'), '*', 'en', now(), now() from generate_series(1, 5000) g;
insert into access_grant (id, user_id, account_id, role, valid_from)
  select gen_random_uuid(), u.id, a.id, 'owner', now() - interval '1 day'
  from (select id, row_number() over () as n from app_user) u join (select id, row_number() over () as n from account) a using (n);
insert into book (owner_kind, owner_id) select 'account', id from account;
insert into balance (book_id, code, asset, balance, version) select id, 1100, 156, 100, 1 from book;
"""
GROWN = ("account", "customer", "premises", "bill", "bill_line", "access_grant", "book", "balance")
PARAMS = {
    "session_id": "00000000-0000-7000-8000-000000000000",
    "user_id": "00000000-0000-7000-8000-000000000000",
    "account_no": "1000042",
    "bill_no": "B42-7",
    "issue_date": "9999-12-31",
    "bill_id": 2**63 - 1,
    "after": "",
    "limit": 24,
}


@pytest.fixture(scope="module")
def grown(servers: Servers) -> Iterator[str]:
    with cloned(servers) as name:
        with psycopg.connect(servers.owner(name)) as connection:
            connection.execute(GROW)
            for table in GROWN:
                connection.execute(f"analyze {table}")
        yield servers.owner(name)


@pytest.mark.parametrize(
    "hot", [queries.HOT_ACCOUNTS, queries.HOT_ACCOUNT, queries.HOT_BILLS, queries.HOT_BILL], ids=lambda each: each.name
)
def test_a_hot_read_never_scans_a_table_that_grows(grown: str, hot: Statement) -> None:
    with psycopg.connect(grown) as connection:
        cursor = connection.execute(b"explain " + hot.driver_sql, PARAMS)
        plan = "\n".join(str(row[0]) for row in cursor.fetchall())
    scanned = set(re.findall(r"Seq Scan on (\w+)", plan)) & set(GROWN)
    assert scanned == set(), plan
    assert "Index" in plan


def test_the_decision_of_access_never_scans_a_table_that_grows(grown: str) -> None:
    with psycopg.connect(grown) as connection:
        body = connection.execute("select prosrc from pg_proc where proname = 'account_access'").fetchone()
        assert body is not None
        text = body[0]
        for name, value in (
            ("p_user", f"'{PARAMS['user_id']}'::uuid"),
            ("p_account_no", "'1000042'"),
            ("p_permission", "'view'"),
            ("p_now", "now()"),
        ):
            text = re.sub(rf"\b{name}\b", value, text)
        plan = "\n".join(str(row[0]) for row in connection.execute("explain " + text).fetchall())
    assert "Seq Scan" not in plan, plan
