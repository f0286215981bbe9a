"""What a station's reader sees of the audit log and of imports is found by the station's own index, not by passing all."""

import re
from datetime import timedelta
from typing import LiteralString

import psycopg
import pytest

from core.crypto.vault import Vault
from core.db import Database
from services.accounts import rules
from services.accounts.queries import finding, imports, staffing
from services.accounts.queries.imports import RunFilter
from services.accounts.queries.staffing import AuditFilter
from services.accounts.roles import StaffRole
from tests.conftest import Servers
from tests.factories import staff as people
from tests.factories.accounts import make_unit
from tests.factories.staff import NOON, Member
from tests.support.plans import explained, scanned

GROWN = """
insert into unit (code, parent_id, kind, name, path)
  select 'S' || n, id, 'station', 'S' || n, path || 'S' || n || '/' from unit, generate_series(1, 300) n where code = '37';
insert into audit (actor, act, subject, unit_id)
  select 'user:' || n % 997, 'accounts.grant', 'x:' || n, (select id from unit where code = 'S' || (1 + n % 300))
  from generate_series(1, 60000) n;
insert into import_run (kind, file_digest, finished_at) select 'bills', sha256(''), now() from generate_series(1, 3000);
insert into import_total (run_id, unit_id, rows_new)
  select r.id, u.id, 1 from import_run r join unit u on u.code in ('S' || (1 + r.id % 300), 'S' || (1 + r.id * 7 % 300));
analyze unit, audit, import_run, import_total, staff, staff_grant, staff_role_permission;
"""

LONG_AGO = NOON - timedelta(days=9_000)
SAME_EVERYWHERE: LiteralString = """
with people as (
  insert into customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint)
  select n, 'person', '', '', %s, '' from generate_series(1001, 4000) n returning id, customer_no
), places as (
  insert into premises (premises_no, district, street, building, fingerprint)
  select n, '历下区', '泉城路', '18号', '' from generate_series(1001, 4000) n returning id, premises_no
)
insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
select customer_no, (select id from unit where code = 'S' || (1 + customer_no::int %% 300)), c.id, p.id, 'residential', 'active', 'CNY'
from people c join places p on p.premises_no = c.customer_no
"""
"""The same holder at the same place ten times in each station."""


@pytest.fixture
def reader(database: Database, vault: Vault, owner_dsn: str) -> Member:
    """An auditor of one station of three hundred."""
    with database.write() as session:
        make_unit(session, code="37")
        made = people.member(session, vault)
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(GROWN)
    with database.write() as session:
        people.grant(session, made.staff_id, role=StaffRole.AUDITOR, unit="S7")
    return made


@pytest.mark.parametrize(
    "wanted",
    [AuditFilter(), AuditFilter(actor="user:1"), AuditFilter(act="no.such"), AuditFilter(until=LONG_AGO)],
    ids=str,
)
def test_a_stations_page_reads_nothing_of_others(
    servers: Servers, database_name: str, reader: Member, wanted: AuditFilter
) -> None:
    admin = psycopg.conninfo.make_conninfo(servers.admin_dsn, dbname=database_name)
    with explained(admin) as (grown, plans), grown.read() as session:
        page = staffing.audit_page(
            session, seen_by=reader.staff_id, sees_all=False, wanted=wanted, before_id=None, limit=50, now=NOON
        )
    [plan] = [each for each in plans if "on audit" in each]
    assert "audit" not in scanned([plan])
    assert re.search(r"Index Scan Backward using ix_audit_unit_id|Bitmap Index Scan on ix_audit_unit_id", plan), plan
    assert {entry.unit for entry in page} <= {"S7"}


@pytest.mark.parametrize(
    ("index", "wanted"),
    [
        ("ix_audit_act", AuditFilter(act="no.such")),
        ("ix_audit_recorded_at", AuditFilter(until=LONG_AGO)),
        ("ix_audit_recorded_at", AuditFilter(since=LONG_AGO, until=LONG_AGO + timedelta(days=1), act="accounts.grant")),
        ("ix_audit_recorded_at", AuditFilter(since=LONG_AGO)),
    ],
    ids=str,
)
def test_whoever_reads_everything_passes_no_act_that_is_not_asked_for(
    servers: Servers, database_name: str, reader: Member, index: str, wanted: AuditFilter
) -> None:
    admin = psycopg.conninfo.make_conninfo(servers.admin_dsn, dbname=database_name)
    with explained(admin) as (grown, plans), grown.read() as session:
        seen: list[int] = []
        for _ in range(2):
            page = staffing.audit_page(
                session,
                seen_by=reader.staff_id,
                sees_all=True,
                wanted=wanted,
                before_id=seen[-1] if seen else None,
                limit=50,
                now=NOON,
            )
            seen += [entry.id for entry in page]
    assert len(set(seen)) == len(seen) == (100 if wanted == AuditFilter(since=LONG_AGO) else 0)
    for plan in (each for each in plans if "on audit" in each):
        assert index in plan, plan
        assert "pk_audit on audit a" not in plan, plan
        assert "audit" not in scanned([plan]), plan


@pytest.mark.parametrize("wanted", [RunFilter(), RunFilter(kind="units"), RunFilter(state="unsigned")], ids=str)
def test_a_stations_page_of_imports_reads_no_run_of_others(
    servers: Servers, database_name: str, reader: Member, wanted: RunFilter
) -> None:
    admin = psycopg.conninfo.make_conninfo(servers.admin_dsn, dbname=database_name)
    with explained(admin) as (grown, plans), grown.read() as session:
        page = imports.runs_page(session, staff_id=reader.staff_id, wanted=wanted, before_id=None, limit=50, now=NOON)
    [plan] = [each for each in plans if "on import_total" in each]
    assert not {"import_total", "import_run"} & scanned([plan]), plan
    assert len(page) == (20 if wanted == RunFilter() else 0)
    assert {each.rows for each in page} <= {1}


@pytest.mark.parametrize("text", ["张伟", "张大伟", "13800138000", "8000", "泉城路 18号"])
def test_a_stations_search_asks_the_index_for_its_own_terms_alone(
    servers: Servers, database_name: str, reader: Member, vault: Vault, text: str
) -> None:
    admin = psycopg.conninfo.make_conninfo(servers.admin_dsn, dbname=database_name)
    with psycopg.connect(admin, autocommit=True) as owner:
        tokens = [vault.blind(kind, value) for kind, value in rules.search_terms(name="张大伟", phone="+8613800138000")]
        owner.execute(SAME_EVERYWHERE, [[*tokens, vault.blind("name_pair", "张伟")]])
        owner.execute("vacuum analyze customer, premises, account, account_search")
    with explained(admin) as (grown, plans), grown.read() as session:
        found = finding.found_accounts(
            session,
            vault=vault,
            wanted=rules.searched(text, region="+86"),
            staff_id=reader.staff_id,
            after="",
            limit=50,
            now=NOON,
        )
    [plan] = [each for each in plans if "found as (" in each]
    assert not {"account", "customer", "premises", "account_search"} & scanned([plan]), plan
    assert "Bitmap Index Scan on ix_account_search_terms" in plan
    assert [each.unit for each in found] == ["S7"] * 10
