"""The work list of a station: what lies there now, found by its own index and not by passing what others have."""

import re

import psycopg
import pytest

from core import clock
from core.crypto.vault import Vault
from core.db import Database
from services.accounts.catalogue import Level
from services.accounts.queries import quality
from services.accounts.roles import StaffRole
from tests.conftest import Servers
from tests.factories import staff as people
from tests.factories.accounts import make_account, make_unit
from tests.factories.staff import Member
from tests.support.plans import explained, scanned

STATIONS, EACH = 300, 40
GROWN = f"""
insert into unit (code, parent_id, kind, name, path)
  select 'S' || n, id, 'station', 'S' || n, path || 'S' || n || '/' from unit, generate_series(1, {STATIONS}) n where code = '37';
insert into customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint)
  select 'G' || n, 'person', '', '闻**', array[]::bytea[], '' from generate_series(1, {STATIONS * EACH}) n;
insert into premises (premises_no, district, street, building, fingerprint) values ('G', '历下区', '紫藤巷', '1号', '');
insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
  select 'GAP-' || n, u.id, c.id, p.id, 'residential', 'active', 'CNY'
  from generate_series(1, {STATIONS * EACH}) n join unit u on u.code = 'S' || (1 + n % {STATIONS})
  join customer c on c.customer_no = 'G' || n, premises p;
insert into account_gap (account_id, unit_id, gaps)
  select id, unit_id, case when id % 9 = 0 then 4 else 8192 end from account where account_no like 'GAP-%';
analyze;
"""


def listed(
    database: Database, by: Member, *, unit: str | None = None, level: Level | None = None, after: int = 0
) -> list[quality.GapView] | None:
    """What a member of staff has on their list."""
    with database.read() as session:
        return quality.gaps(
            session,
            staff_id=by.staff_id,
            unit_code=unit,
            of=None,
            level=level,
            code=None,
            after=after,
            limit=9,
            now=clock.now(),
        )


def numbers(found: list[quality.GapView] | None) -> list[str]:
    assert found is not None
    return [each.account_no for each in found]


def test_what_is_missing_of_an_account_goes_with_it_to_another_station(database: Database, vault: Vault) -> None:
    with database.write() as session:
        make_unit(session)
        first, other = (make_unit(session, code=code, parent="37", kind="city") for code in ("3701", "3702"))
        here, there, above = (
            people.employ(session, vault, role=StaffRole.AGENT, unit=code, now=clock.now())
            for code in ("3701", "3702", "37")
        )
        account = make_account(session, vault, unit_id=first)
        session.sql(
            "insert into account_gap (account_id, unit_id, gaps) values (:id, :unit, 4)", id=account.id, unit=first
        )
    assert [numbers(listed(database, by)) for by in (here, there, above)] == [
        [account.account_no],
        [],
        [account.account_no],
    ]
    with database.write() as session:
        session.sql("update account set unit_id = :unit where id = :id", unit=other, id=account.id)
    assert [numbers(listed(database, by)) for by in (here, there, above)] == [
        [],
        [account.account_no],
        [account.account_no],
    ]


def test_what_was_judged_as_it_moved_is_in_no_list_of_where_it_no_longer_lies(database: Database, vault: Vault) -> None:
    with database.write() as session:
        make_unit(session)
        first, other = (make_unit(session, code=code, parent="37", kind="city") for code in ("3701", "3702"))
        here = people.employ(session, vault, role=StaffRole.AGENT, unit="3701", now=clock.now())
        account = make_account(session, vault, unit_id=other)
        session.sql(
            "insert into account_gap (account_id, unit_id, gaps) values (:id, :unit, 4)", id=account.id, unit=first
        )
    assert numbers(listed(database, here)) == []


@pytest.fixture
def reader(database: Database, vault: Vault, owner_dsn: str) -> Member:
    """An agent of one station of three hundred."""
    with database.write() as session:
        make_unit(session, code="37")
        made = people.member(session, vault, now=clock.now())
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(GROWN)
    with database.write() as session:
        people.grant(session, made.staff_id, role=StaffRole.AGENT, unit="S7", now=clock.now())
    return made


@pytest.mark.parametrize("unit", [None, "S7"], ids=str)
@pytest.mark.parametrize(
    ("level", "index"), [(None, "unit_id"), (Level.LOCKED, "unit_level1"), (Level.EXPECTED, "unit_id")]
)
def test_a_stations_list_reads_nothing_of_others(
    servers: Servers, database_name: str, reader: Member, unit: str | None, level: Level | None, index: str
) -> None:
    admin = psycopg.conninfo.make_conninfo(servers.admin_dsn, dbname=database_name)
    with explained(admin) as (grown, plans):
        page = listed(grown, reader, unit=unit, level=level)
    [plan] = [each for each in plans if "on account_gap" in each]
    assert not {"account_gap", "account", "customer"} & scanned([plan]), plan
    assert re.findall(r"ix_account_gap_\w+", plan.split("Query Parameters:")[1])[0] == f"ix_account_gap_{index}", plan
    assert page
    assert {each.unit for each in page} == {"S7"}


@pytest.mark.parametrize("unit", ["S8", "37", "nowhere"])
def test_of_a_unit_where_one_may_not_look_nothing_is_read_and_it_is_as_if_it_were_not_there(
    servers: Servers, database_name: str, reader: Member, unit: str
) -> None:
    admin = psycopg.conninfo.make_conninfo(servers.admin_dsn, dbname=database_name)
    with explained(admin) as (grown, plans):
        assert listed(grown, reader, unit=unit) is None
    assert [each for each in plans if re.search(r" on (account|account_gap|customer) ", each)] == []
