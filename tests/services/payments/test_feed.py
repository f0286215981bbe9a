"""The feed of payments: every fact that moves money, once, numbered when it is committed, the same at every reading."""

import json
import signal
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest

from core import clock
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database, ReadSession
from core.money import Money
from services.accounts.roles import StaffRole
from services.billing import queries as billing
from services.payments import flows, operations, queries
from services.payments.queries import feed
from tests.factories import payments as make
from tests.factories import staff as people
from tests.factories.accounts import make_unit
from tests.factories.payments import WECHAT, Household
from tests.support.processes import Heard, environment_of

pytestmark = pytest.mark.usefixtures("offline")

NUMBERING: Final = """
from core import config, faults
from core.db import Database
from services.payments import flows

settings = config.load()
faults.arm_from_environment(settings.environment)
flows.number_feed(Database(settings.database_url.get_secret_value()), is_over=lambda: False)
"""
Fact = dict[str, Any]


def number(database: Database) -> int:
    return flows.number_feed(database, is_over=lambda: False)


def read(database: Database, *, after: int = 0, size: int = 100, units: Sequence[int] | None = None) -> list[Fact]:
    """Everything behind a place, by pages of a size."""
    found: list[Fact] = []
    while True:
        with database.read() as session:
            page = feed.page(session, after=after, limit=size, units=units)
        found += [{**json.loads(item), "no": no} for no, item in page.facts]
        after = page.place
        if not page.has_more:
            return found


def pay(database: Database, vault: Vault, home: Household, amount: int = 10_000) -> str:
    no = make.order(database, vault, make.wanted(home, amount))
    make.apply(database, make.paid(make.latest(database, no)))
    return no


def breaches(database: Database) -> list[str]:
    with database.read() as session:
        found = [*queries.check_invariants(session), *queries.check_claims(session)]
    return sorted(each.rule for each in found)


def clearing(session: ReadSession) -> int:
    """What the provider owes us, in all books."""
    found: int = session.sql(
        """select coalesce(sum(b.balance), 0)::bigint from balance b join ledger_code c on c.code = b.code
           where c.name = 'clearing.wechat_pay'"""
    ).scalar_one()
    return found


def assign(database: Database, vault: Vault, home: Household, suspense_id: int) -> None:
    with database.write() as session:
        unit: str = session.sql("select code from unit where parent_id is null order by id limit 1").scalar_one()
        desk = people.employ(session, vault, role=StaffRole.FINANCE, unit=unit)
        operations.assign(
            session,
            suspense_id=suspense_id,
            account_no=home.account.account_no,
            by=desk.staff_id,
            actor=people.ACTOR,
            now=clock.now(),
        )


def send_back(database: Database, vault: Vault) -> UUID:
    with database.write() as session:
        unit: str = session.sql("select code from unit where parent_id is null order by id limit 1").scalar_one()
        desk = people.employ(session, vault, role=StaffRole.FINANCE, unit=unit)
        [waiting] = make.suspense(session)
        return operations.return_to_payer(
            session,
            suspense_id=waiting.id,
            why="Nobody knows whose it is",
            by=desk.staff_id,
            approved_by=None,
            actor=people.ACTOR,
            now=clock.now(),
        )


def test_money_in_and_without_a_place_and_assigned_is_a_fact_each_and_adds_up_to_clearing(
    database: Database, vault: Vault
) -> None:
    home = make.household(database, vault, bills=(3_000, 4_000))
    booked = pay(database, vault, home, 5_000)
    stray = replace(make.paid(make.latest(database, booked)), out_trade_no="STRANGER000000000001", transaction_id="S1")
    make.apply(database, replace(stray, amount=Money(2_500, "CNY")))
    with database.read() as session:
        [waiting] = make.suspense(session)
    assign(database, vault, home, waiting.id)
    assert breaches(database) == []
    assert number(database) == 4
    facts = read(database)
    bills = [bill.bill_no for bill in home.bills]
    told = [(fact["kind"], fact["payment_no"], fact["amount"]["amount_minor"], fact["settled"]) for fact in facts]

    def shares(**taken: int) -> list[Fact]:
        return [
            {"kind": "bill", "no": bills[place], "amount_minor": amount}
            for place, amount in enumerate(taken.values())
            if amount
        ]

    assert told == [
        ("booked", booked, 3_000, shares(first=3_000)),
        ("booked", booked, 2_000, shares(first=0, second=2_000)),
        ("suspended", None, 2_500, []),
        ("assigned", None, 2_500, shares(first=0, second=2_000)),
    ]
    assert {fact["account_no"] for fact in facts if fact["kind"] != "suspended"} == {home.account.account_no}
    assert {(fact["provider"], fact["effective_at"] <= fact["recorded_at"]) for fact in facts} == {(WECHAT, True)}
    assert [fact["provider_transaction"] for fact in facts[2:4]] == ["S1", "S1"]
    with database.read() as session:
        moved = sum(fact["amount"]["amount_minor"] for fact in facts if fact["kind"] != "assigned")
        assert clearing(session) == moved
        prepaid = billing.owed(session, account_id=home.account.id).prepaid.minor
    given = sum(fact["amount"]["amount_minor"] for fact in facts if fact["kind"] != "suspended")
    assert given == 7_000 + prepaid
    assert breaches(database) == []


def test_a_sum_that_goes_back_and_comes_again_and_goes_once_more_is_a_fact_each_time(
    database: Database, vault: Vault
) -> None:
    home = make.household(database, vault)
    no = make.order(database, vault, make.wanted(home))
    result = replace(make.paid(make.latest(database, no)), out_trade_no="STRANGER000000000001", paid_at=clock.now())
    make.apply(database, result)
    for is_last in (False, True):
        refund_id = send_back(database, vault)
        number(database)
        if not is_last:
            with database.write() as session:
                operations.keep_refund_refusal(
                    session, out_refund_no=f"R{refund_id.hex}", reason="NOT_ENOUGH", now=clock.now()
                )
    assert breaches(database) == []
    number(database)
    told = [(fact["kind"], fact["amount"]["amount_minor"], fact["provider_transaction"]) for fact in read(database)]
    ways = [("suspended", 10_000), ("returned", -10_000), ("return_failed", 10_000), ("returned", -10_000)]
    assert told == [(*way, result.transaction_id) for way in ways]
    assert breaches(database) == []


def test_a_reader_does_not_miss_what_began_before_and_is_committed_after_it_read(
    database: Database, vault: Vault
) -> None:
    late, soon = make.household(database, vault), make.household(database, vault)
    waiting = make.paid(make.latest(database, make.order(database, vault, make.wanted(late))))
    with database.write() as session:
        operations.apply_provider_result(session, result=waiting, now=clock.now())
        pay(database, vault, soon)
        number(database)
        first = read(database)
    number(database)
    second = read(database, after=first[-1]["no"])
    assert [fact["account_no"] for fact in (*first, *second)] == [soon.account.account_no, late.account.account_no]
    assert second[0]["recorded_at"] < first[0]["recorded_at"]


def test_numbers_have_no_gaps_and_each_fact_one_however_many_number_while_others_pay(
    database: Database, vault: Vault
) -> None:
    homes = [make.household(database, vault) for _ in range(12)]
    results = [make.paid(make.latest(database, make.order(database, vault, make.wanted(home)))) for home in homes]
    over, seen = threading.Event(), list[Fact]()

    def numbering() -> None:
        while not over.is_set():
            number(database)

    def polling() -> None:
        while not over.is_set():
            seen.extend(read(database, after=seen[-1]["no"] if seen else 0, size=2))

    with ThreadPoolExecutor(7) as pool:
        others = [pool.submit(numbering), pool.submit(numbering), pool.submit(polling)]
        list(pool.map(lambda each: make.apply(database, each), results))
        over.set()
        for each in others:
            each.result()
    number(database)
    seen.extend(read(database, after=seen[-1]["no"] if seen else 0))
    assert [fact["no"] for fact in seen] == list(range(1, 13))
    assert Counter(fact["account_no"] for fact in seen) == Counter(home.account.account_no for home in homes)
    assert seen == read(database, size=5) == read(database, size=1), "a second reading is another"


@pytest.mark.parametrize("point", ["before_slice", "before_commit", "committed"])
def test_whoever_numbers_may_be_killed_and_each_fact_still_has_one_number(
    point: str, database: Database, vault: Vault, settings: Settings
) -> None:
    for _ in range(3):
        pay(database, vault, make.household(database, vault))
    died = Heard(environment_of(settings, WATTLINE_FAULT=f"payments.feed.{point}:kill"), "-c", NUMBERING).finish()
    assert died.returncode == -signal.SIGKILL
    before = read(database)
    assert len(before) == (3 if point == "committed" else 0)
    number(database)
    facts = read(database)
    assert [fact["no"] for fact in facts] == [1, 2, 3]
    assert facts[: len(before)] == before
    assert breaches(database) == []


def test_what_was_booked_before_there_was_a_feed_is_told_once_and_in_its_order(
    database: Database, vault: Vault, owner_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = [make.household(database, vault) for _ in range(3)]
    for home in homes:
        pay(database, vault, home)
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("delete from payment_feed_pending")
        owner.execute("update payment_feed_state set fill_from = 1, fill_to = (select max(id) from account)")
    assert breaches(database) == []
    newer = make.household(database, vault)
    pay(database, vault, newer)
    pay(database, vault, homes[0], 500)
    monkeypatch.setattr(flows.feed, "ACCOUNTS_AT_ONCE", 1)
    number(database)
    facts = read(database)
    assert [fact["account_no"] for fact in facts] == [home.account.account_no for home in (*homes, newer, homes[0])]
    assert breaches(database) == []


def test_a_part_that_the_feed_lost_or_tells_wrongly_breaks_a_rule(
    database: Database, vault: Vault, owner_dsn: str
) -> None:
    for _ in range(2):
        pay(database, vault, make.household(database, vault))
    number(database)
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("update payment_feed set amount_minor = amount_minor + 1 where no = 1")
        owner.execute("delete from payment_feed where no = 2")
    assert breaches(database) == ["booked_parts_are_in_the_feed"] * 2 + ["feed_equals_clearing"]


def test_the_application_cannot_change_or_take_away_what_was_told(database: Database, vault: Vault) -> None:
    pay(database, vault, make.household(database, vault))
    number(database)
    for statement in ("update payment_feed set no = 2", "delete from payment_feed"):
        with database.write() as session, pytest.raises(Exception, match="permission denied"):
            session.sql(statement)


def test_a_reader_of_one_unit_comes_past_those_of_others_and_sees_none(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "WINDOW", 3)
    with database.write() as session:
        mine, other = make_unit(session, code="A1"), make_unit(session, code="B1")
    homes = [make.household(database, vault, unit_id=unit) for unit in (*[other] * 8, mine, *[other] * 4, mine)]
    for home in homes:
        pay(database, vault, home)
    number(database)
    with database.read() as session:
        empty = feed.page(session, after=0, limit=2, units=[mine])
    assert (empty.facts, empty.place, empty.has_more) == ([], 3, True)
    for size in (1, 2, 5):
        found = [fact["account_no"] for fact in read(database, size=size, units=[mine])]
        assert found == [homes[8].account.account_no, homes[13].account.account_no]
