"""What a station's reader sees of a grown audit log is found by the station's own index, not by passing all others'."""

import re

import psycopg
import pytest

from core.crypto.vault import Vault
from core.db import Database
from services.accounts import staffing
from services.accounts.roles import StaffRole
from services.accounts.staffing import AuditFilter
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
analyze unit, audit, staff, staff_grant, staff_role_permission;
"""


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


@pytest.mark.parametrize("wanted", [AuditFilter(), AuditFilter(actor="user:1"), AuditFilter(act="no.such")], ids=str)
def test_a_stations_page_reads_nothing_of_others(
    servers: Servers, database_name: str, reader: Member, wanted: AuditFilter
) -> None:
    admin = psycopg.conninfo.make_conninfo(servers.admin_dsn, dbname=database_name)
    with explained(admin) as (grown, plans), grown.read() as session:
        page = staffing.audit_page(session, seen_by=reader.staff_id, wanted=wanted, before_id=None, limit=50, now=NOON)
    [plan] = [each for each in plans if "on audit" in each]
    assert "audit" not in scanned([plan])
    assert re.search(r"Index Scan Backward using ix_audit_unit_id|Bitmap Index Scan on ix_audit_unit_id", plan), plan
    assert {entry.unit for entry in page} <= {"S7"}
