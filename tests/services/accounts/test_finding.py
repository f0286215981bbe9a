"""What staff find: by every way in, and only where they may look."""

from collections.abc import Iterator
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

import migrations
from core.crypto.vault import Vault
from core.db import Database
from migrations import fills
from services.accounts import rules
from services.accounts.queries import finding
from services.accounts.queries.finding import FoundAccount
from services.accounts.roles import StaffRole
from tests.factories import staff as people
from tests.factories.accounts import make_account, make_unit
from tests.factories.staff import NOON


@pytest.fixture
def li(database: Database, vault: Vault) -> UUID:
    """An agent of 3701, where three of four accounts are."""
    with database.write() as session:
        make_unit(session)
        here = make_unit(session, code="3701", parent="37", kind="city", name="某市供电")
        elsewhere = make_unit(session, code="3702", parent="37", kind="city")
        make_account(session, vault, account_no="7000000001", name="欧阳娜娜", phone="+8613800138001", unit_id=here)
        make_account(session, vault, account_no="7000000002", name="欧阳修", phone="+8613900138001", unit_id=here)
        made = make_account(session, vault, account_no="7000000003", name="Smith Li", phone=None, unit_id=here)
        make_account(
            session, vault, account_no="7000000009", name="欧阳娜娜", phone="+8613800138001", unit_id=elsewhere
        )
        session.sql(
            """update premises set street = '经十路', building = 'A座2号' where id = (
                 select premises_id from account where id = :id)""",
            id=made.id,
        )
        member = people.member(session, vault, name="li")
        people.grant(session, member.staff_id, role=StaffRole.AGENT, unit="3701")
    return member.staff_id


def found(
    database: Database, vault: Vault, staff_id: UUID, text: str, *, after: str = "", limit: int = 20
) -> list[FoundAccount]:
    with database.read() as session:
        return finding.found_accounts(
            session,
            vault=vault,
            wanted=rules.searched(text, region="+86"),
            staff_id=staff_id,
            after=after,
            limit=limit,
            now=NOON,
        )


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("7000000001", "1"),
        (" 7000000001 ", "1"),
        ("13800138001", "1"),
        ("+86 138-0013-8001", "1"),
        ("008613800138001", "1"),
        ("8001", "12"),
        ("欧阳", "12"),
        ("欧阳娜娜", "1"),
        ("smith", "3"),
        ("ＳＭＩＴＨ  ＬＩ", "3"),
        ("历下区", "123"),
        ("泉城路18号", "12"),
        ("历下 a座", "3"),
        ("经十路 18号", ""),
        ("13700000000", ""),
        ("诸葛", ""),
    ],
)
def test_an_account_is_found_by_number_telephone_holder_and_address(
    database: Database, vault: Vault, li: UUID, text: str, ends: str
) -> None:
    assert [each.account_no for each in found(database, vault, li, text)] == [f"700000000{end}" for end in ends]


@pytest.mark.parametrize("text", ["7000000009", "13800138001", "8001", "欧阳娜娜", "历下区"])
def test_nothing_of_another_unit_is_found(database: Database, vault: Vault, li: UUID, text: str) -> None:
    assert "7000000009" not in {each.account_no for each in found(database, vault, li, text)}


def test_what_is_found_is_masked(database: Database, vault: Vault, li: UUID) -> None:
    assert found(database, vault, li, "欧阳娜娜") == [
        FoundAccount(
            account_no="7000000001",
            state="active",
            account_class="residential",
            unit="某市供电",
            holder="***娜",
            address="历下区 泉城路 18号",
            phone="+86138****8001",
        )
    ]


def test_pages_go_on_where_the_last_one_ended(database: Database, vault: Vault, li: UUID) -> None:
    def pages() -> Iterator[str]:
        after = ""
        while page := found(database, vault, li, "历下区", after=after, limit=2):
            yield from (each.account_no for each in page)
            after = page[-1].account_no

    assert list(pages()) == ["7000000001", "7000000002", "7000000003"]


CHANGED = [
    pytest.param(
        "update account set unit_id = (select id from unit where code = '3702') where account_no = '7000000001'",
        {"欧阳": "2", "历下区": "23", "13800138001": ""},
        id="moves to another unit",
    ),
    pytest.param(
        "update account set unit_id = (select id from unit where code = '3701') where account_no = '7000000009'",
        {"欧阳": "129", "历下区": "1239", "13800138001": "19"},
        id="moves here",
    ),
    pytest.param(
        """update account set customer_id = (select id from customer where customer_no = 'C7000000003')
           where account_no = '7000000001'""",
        {"欧阳": "2", "Smith": "13", "历下区": "123"},
        id="gets another holder",
    ),
    pytest.param(
        """update customer set tokens = (select tokens from customer where customer_no = 'C7000000003')
           where customer_no = 'C7000000001'""",
        {"欧阳": "2", "Smith": "13"},
        id="its holder is called otherwise",
    ),
    pytest.param(
        "update customer set tokens = '{}' where customer_no = 'C7000000001'",
        {"欧阳": "2", "13800138001": "", "历下区": "123"},
        id="its holder is erased",
    ),
    pytest.param(
        "update premises set street = '文化路' where premises_no = '7000000001'",
        {"泉城路": "2", "文化路": "1", "欧阳": "12"},
        id="its street is called otherwise",
    ),
    pytest.param(
        """update account set premises_id = (select premises_id from account where account_no = '7000000003')
           where account_no = '7000000001'""",
        {"泉城路": "2", "经十路": "13"},
        id="lies elsewhere",
    ),
]


@pytest.mark.parametrize(("change", "ends"), CHANGED)
def test_an_account_is_found_by_what_it_is_now(
    database: Database, owner_dsn: str, vault: Vault, li: UUID, change: LiteralString, ends: dict[str, str]
) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(change)
    said = {text: "".join(each.account_no[-1] for each in found(database, vault, li, text)) for text in ends}
    assert said == ends


def test_accounts_that_were_there_before_are_made_to_be_found_in_small_steps(
    database: Database, owner_dsn: str, vault: Vault, li: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fills, "BATCH", 2)
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("drop index ix_account_search_terms")
        owner.execute("delete from account_search where account_no <> '7000000002'")
        owner.execute("create index ix_customer_tokens on customer using gin (tokens)")
        owner.execute("alter table payment_feed drop constraint ck_payment_feed_kind")
        owner.execute("alter table payment_feed add constraint ck_payment_feed_kind check (kind <> '') not valid")
        assert [each.account_no for each in found(database, vault, li, "历下区")] == ["7000000002"]
        assert not migrations.is_current(owner_dsn)
        migrations.upgrade(owner_dsn)
        assert migrations.is_current(owner_dsn)
        assert owner.execute("select to_regclass('public.ix_customer_tokens')").fetchone() == (None,)
        assert owner.execute("select from pg_constraint where not convalidated").fetchall() == []
        first = owner.execute("select ctid, * from account_search order by account_id").fetchall()
        migrations.upgrade(owner_dsn)
        assert owner.execute("select ctid, * from account_search order by account_id").fetchall() == first
    assert [each.account_no[-1] for each in found(database, vault, li, "历下区")] == ["1", "2", "3"]


def test_nothing_is_found_once_the_grant_is_gone(database: Database, vault: Vault, li: UUID) -> None:
    with database.write() as session:
        session.sql("update staff_grant set revoked_at = :now where staff_id = :id", now=NOON, id=li)
    assert found(database, vault, li, "7000000001") == []


@pytest.mark.parametrize("text", ["", "王", "12", "123", "+", " 王 "])
def test_too_little_is_no_search(text: str) -> None:
    assert not rules.searched(text, region="+86").is_anything


@given(st.text(max_size=200))
def test_any_text_may_be_typed(text: str) -> None:
    wanted = rules.searched(text, region="+86")
    assert all(len(pair) == 2 for pair in wanted.address)
    assert wanted.number is None or (wanted.number.isascii() and len(wanted.number) <= 40)
