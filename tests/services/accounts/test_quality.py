"""Customer data: what is missing is found, counted unit by unit, and mended at once when it is told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any, Final

import psycopg
import pytest

from core import clock
from core.crypto.vault import Vault
from core.db import Database
from services.accounts import catalogue, operations, queries
from services.accounts.catalogue import BY_CODE, CATALOGUE, FieldClass, Level, Source
from services.accounts.errors import EmailWrong, HouseholdWrong
from services.accounts.operations import Told
from services.accounts.operations import quality as judging
from services.accounts.queries import AccountRef, quality
from services.accounts.queries.quality import EQUIPMENT, Counts
from services.accounts.roles import StaffRole
from tests.factories import staff as people
from tests.factories.accounts import ACTOR, make_account, make_unit
from tests.support.waiting import wait_for_waiting

TODAY: Final = date(2026, 11, 20)
ALL_TOLD: Final = Told("zhang@example.com", False, "sms", 3, dict.fromkeys(EQUIPMENT, False))  # noqa: FBT003 -- what is told
SPOILING: Final = {
    "name": "update customer set name_masked = ''",
    "address": "update premises set street = ''",
    "meter": "delete from meter",
    "tariff": "update agreement set valid_to = '2026-11-20'",
    "phone": "delete from contact_point where kind = 'phone'",
    "email": "delete from contact_point where kind = 'email'",
    "contact_by": "update account_profile set contact_by = null",
    "ev_charger": "update account_profile set has_ev_charger = null",
    "heat_pump": "update account_profile set has_heat_pump = null",
    "solar": "update account_profile set has_solar = null",
    "storage": "update account_profile set has_storage = null",
    "generator": "update account_profile set has_generator = null",
    "latest_bill": "update account set last_bill_issued = '2026-08-12'",
    "confirmation": "update account_profile set confirmed_at = '2024-11-19'",
}
"""What takes each field away, or makes it too old by a day."""


def whole(database: Database, vault: Vault, *, told: Told = ALL_TOLD, **other: Any) -> AccountRef:
    """An account of which nothing is missing."""
    with database.write() as session:
        number = session.sql("select count(*) from account").scalar_one()
        account = make_account(session, vault, last_bill_minor=100, meter_no=f"W{number:05d}", **other)
        session.sql(
            "insert into agreement (account_id, id, tariff_code, is_prepaid, valid_from) values (:id, 1, 'R', false, '2026-01-01')",
            id=account.id,
        )
        session.sql("update account set last_bill_issued = '2026-08-13' where id = :id", id=account.id)
        tell(session, vault, account, told)
    return account


def tell(session: Any, vault: Vault, account: AccountRef, told: Told) -> None:
    operations.tell_details(
        session,
        vault=vault,
        account_id=account.id,
        told=told,
        by="customer",
        actor=ACTOR,
        today=TODAY,
        now=clock.now(),
    )


def judged(database: Database) -> int:
    """Judge a whole day; answers how many slices that took."""
    slices, has_more = 0, True
    while has_more:
        with database.write() as session:
            has_more = operations.judge_next(session, today=TODAY)
        slices += 1
    return slices


def missing(database: Database, account: AccountRef) -> list[str]:
    with database.read() as session:
        gaps = session.sql("select gaps from account_gaps(:id, :id, :today)", id=account.id, today=TODAY).scalar_one()
    return [each.code for each in catalogue.missing(gaps)]


def owned(owner_dsn: str, statement: str) -> None:
    """Change rows as nobody may but the owner of the tables."""
    with psycopg.connect(owner_dsn) as connection:
        connection.execute(statement)


@pytest.mark.parametrize("code", [each.code for each in CATALOGUE if each.bit])
def test_exactly_what_is_taken_away_is_missing(database: Database, vault: Vault, owner_dsn: str, code: str) -> None:
    account = whole(database, vault)
    if BY_CODE[code].required_when == "not residential":
        owned(owner_dsn, "update account set class = 'commercial'")
    assert missing(database, account) == []
    owned(owner_dsn, SPOILING[code])
    assert missing(database, account) == [code]


def test_the_catalogue_says_of_each_field_once_where_it_comes_from_and_locks_what_files_own() -> None:
    bits = [each.bit for each in CATALOGUE if each.bit]
    assert sorted(SPOILING) == sorted(each.code for each in CATALOGUE if each.bit)
    assert len(set(bits)) == len(bits) == len([bit for bit in bits if bit.bit_count() == 1])
    assert {each.of for each in CATALOGUE} == set(FieldClass)
    assert {each.level for each in CATALOGUE} == set(Level)
    assert {each.source for each in CATALOGUE if each.level is Level.LOCKED} == {Source.BACK_OFFICE}
    assert catalogue.mask(level=Level.LOCKED) == 0b1111


def test_a_day_is_counted_in_bounded_slices_once_and_closed_accounts_count_nowhere(
    database: Database, vault: Vault, owner_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "SLICE", 2)
    accounts = [whole(database, vault) for _ in range(3)]
    whole(database, vault, state="closed")
    owned(owner_dsn, f"delete from meter where account_id = {accounts[0].id}")
    owned(owner_dsn, f"update account_profile set has_solar = null where account_id = {accounts[1].id}")
    assert judged(database) == 2
    assert judged(database) == 1
    with database.read() as session:
        [row] = session.sql("select accounts, level1_whole, level2_expected, level2_met, fresh from unit_quality").all()
        listed = session.sql("select account_id, gaps from account_gap order by account_id").all()
        assert quality.latest_day(session) == TODAY
    assert tuple(row) == (3, 2, 27, 26, 3)
    assert [tuple(each) for each in listed] == [
        (accounts[0].id, BY_CODE["meter"].bit),
        (accounts[1].id, BY_CODE["solar"].bit),
    ]


def test_the_score_is_the_weighted_sum_and_nothing_without_accounts() -> None:
    counts = Counts(accounts=4, level1_whole=3, level2_expected=40, level2_met=20, fresh=2)
    assert (counts.level1, counts.level2, counts.timeliness) == (75, 50, 50)
    assert counts.score == 0.6 * 75 + 0.3 * 50 + 0.1 * 50
    assert Counts(0, 0, 0, 0, 0).score is None


def test_scores_roll_up_the_tree_and_gaps_are_found_only_where_one_may_view(
    database: Database, vault: Vault, owner_dsn: str
) -> None:
    now = clock.now()
    with database.write() as session:
        make_unit(session)
        here, there = (make_unit(session, code=code, parent="37", kind="city", name=code) for code in ("3701", "3702"))
        top = people.employ(session, vault, role=StaffRole.AGENT, unit="37", now=now)
        agent = people.employ(session, vault, role=StaffRole.AGENT, unit="3701", now=now)
    mine, other = whole(database, vault, unit_id=here), whole(database, vault, unit_id=there)
    owned(owner_dsn, "delete from meter")
    owned(owner_dsn, f"update account_profile set has_solar = null where account_id = {other.id}")
    judged(database)
    with database.read() as reading:
        [whole_, first, second] = quality.unit_scores(
            reading, staff_id=top.staff_id, unit_code="37", day=TODAY, now=now
        )
        [own] = quality.unit_scores(reading, staff_id=agent.staff_id, unit_code=None, day=TODAY, now=now)
        assert quality.unit_scores(reading, staff_id=agent.staff_id, unit_code="3702", day=TODAY, now=now) == []
        days = quality.trend(reading, staff_id=agent.staff_id, unit_code=None, today=TODAY, now=now)

        def found(staff_id: Any, **asked: Any) -> list[str] | None:
            wanted = {"unit_code": None, "of": None, "level": None, "code": None, "after": 0, "limit": 9, **asked}
            page = quality.gaps(reading, staff_id=staff_id, now=now, **wanted)
            return None if page is None else [each.account_no for each in page]

        assert found(top.staff_id) == [mine.account_no, other.account_no]
        assert found(top.staff_id, code="solar") == [other.account_no]
        assert found(top.staff_id, unit_code="3701") == [mine.account_no]
        assert found(top.staff_id, of=FieldClass.BEHAVIOUR) == []
        assert found(top.staff_id, after=mine.id) == [other.account_no]
        assert found(agent.staff_id) == found(agent.staff_id, level=Level.LOCKED) == [mine.account_no]
        assert found(agent.staff_id, unit_code="3702") is None
    assert (whole_.is_itself, whole_.counts.accounts, first.code, second.code) == (True, 2, "3701", "3702")
    assert whole_.counts.level2_met == first.counts.level2_met + second.counts.level2_met == 17
    assert (own.code, own.counts) == ("3701", first.counts)
    assert [(each.day, each.counts) for each in days] == [(TODAY, first.counts)]


def test_what_is_told_leaves_the_work_list_at_once_and_the_log_has_fields_and_no_values(
    database: Database, vault: Vault
) -> None:
    account = whole(database, vault, told=Told(None, False, None, None, {}))  # noqa: FBT003 -- what is told
    judged(database)
    with database.write() as session:
        tell(session, vault, account, ALL_TOLD)
        assert session.sql("select count(*) from account_gap").scalar_one() == 0
        told = quality.details(session, account_id=account.id)
        acts = session.sql("select after from audit where act = 'accounts.details_told' order by id").scalars().all()
        contact = queries.recipients(session, account_ids=[account.id])[-1]
        address = queries.contact_address(session, vault=vault, customer_id=contact.customer_id, contact_id=2)
    assert (told.email_masked, told.contact_by, told.household_size) == ("z***@example.com", "sms", 3)
    assert (contact.kind, address) == ("email", "zhang@example.com")
    assert acts[-1] == {"by": "customer", "fields": sorted([*EQUIPMENT, "contact_by", "household_size", "email"])}


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        *[
            ({"email": email}, EmailWrong)
            for email in ("a", "a@b", "a b@c.de", "a@b.c\u200bd", f"{'a' * 64}@{'b.' * 99}c")
        ],
        *[({"household_size": size}, HouseholdWrong) for size in (0, 100)],
    ],
)
def test_what_makes_no_sense_is_refused(
    database: Database, vault: Vault, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    account = whole(database, vault)
    told = Told(
        **{
            "email": None,
            "removes_email": False,
            "contact_by": None,
            "household_size": None,
            "equipment": {},
            **changes,
        }
    )
    with pytest.raises(refusal), database.write() as session:
        tell(session, vault, account, told)


def test_old_days_are_forgotten_when_another_begins(database: Database, vault: Vault) -> None:
    whole(database, vault)
    long_ago = TODAY - timedelta(days=401)
    for day in (long_ago, TODAY):
        with database.write() as session:
            operations.judge_next(session, today=day)
    with database.read() as session:
        assert session.sql("select day from quality_round").scalars().all() == [TODAY]
        assert session.sql("select day from unit_quality").scalars().all() == [TODAY]


def test_a_round_and_a_file_that_moves_accounts_do_not_wait_for_each_other(
    database: Database, vault: Vault, owner_dsn: str
) -> None:
    """The file holds the second and wants the first, while the round holds the first and comes to the second."""
    with database.write() as session:
        make_unit(session, code="3702", parent="37", kind="city")
        first, second = (make_account(session, vault) for _ in range(2))
    judged(database)
    move = "update account set unit_id = (select id from unit where code = '3702') where id = %s"
    with ThreadPoolExecutor(1) as pool, psycopg.connect(owner_dsn) as file:
        file.execute(move, [second.id])
        with database.write() as session:
            session.sql("select from account_gap where account_id = :id for update", id=first.id)
            moving = pool.submit(file.execute, move, [first.id])
            wait_for_waiting(database, message="the file does not wait for the round")
            operations.judge_next(session, today=TODAY + timedelta(days=1))
        moving.result()
        file.commit()
    with database.read() as session:
        found = session.sql("select count(*) from account_gap q join unit u on u.id = q.unit_id where u.code = '3702'")
        assert found.scalar_one() == 2, "what is missing went with them"
