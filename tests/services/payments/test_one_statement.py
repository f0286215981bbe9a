"""The ordinary booking is one statement, and does what the general way does."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from core import inbox
from core.crypto.vault import Vault
from core.db import Database
from core.money import Money
from services.billing.events import BillSettled
from services.payments import flows, operations
from services.payments.events import PaymentBooked
from services.payments.operations import Effect
from services.payments.ports import Notice
from tests.factories import payments as make
from tests.factories.payments import WECHAT, Household

pytestmark = pytest.mark.usefixtures("offline")
NOW = datetime(2026, 6, 20, 4, tzinfo=UTC)


def traces(database: Database, home: Household) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that a booking leaves behind, without ids."""
    queries = {
        "order": """select o.state, o.paid_at, o.amount_minor, o.currency, o.method, o.provider from payment_order o
            where o.payer_user_id = :user""",
        "attempt": """select t.state, t.transaction_id is not null as known, t.paid_at, t.next_check_at, t.checks, t.failures
            from payment_attempt t join payment_order o on o.id = t.order_id where o.payer_user_id = :user""",
        "part": """select payable_kind, payable_no is not null as payable, amount_minor, taken_minor, outcome from payment_part
            where account_id = :account order by id""",
        "bill": "select open_minor, state from bill where account_id = :account order by id",
        "settlement": """select amount_minor, settled_at, payment_id in (select attempt_id from payment_part) as ours
            from bill_settlement where account_id = :account order by id""",
        "posting": """select t.no, t.source, t.effective_at = p2.paid_at as dated, p.line, p.debit, p.credit, p.amount,
              p.debit_after, p.credit_after, t.source_id = p2.id as ours
            from book k join txn t on t.book_id = k.id join posting p on (p.book_id, p.no) = (t.book_id, t.no)
            left join payment_attempt p2 on p2.id = t.source_id
            where k.owner_kind = 'account' and k.owner_id = :account order by t.no, p.line""",
        "claim": """select c.kind from claim c join payment_attempt t on t.id::text = c.owner
            join payment_order o on o.id = t.order_id where o.payer_user_id = :user""",
        "told": """select kind, array(select jsonb_object_keys(payload) order by 1) as named from outbox
            where payload ->> 'account_id' = (:account)::text
              or payload ->> 'order_id' in (select id::text from payment_order where payer_user_id = :user) order by id""",
    }
    with database.read() as session:
        return {
            name: [
                tuple(row)
                for row in session.connection().execute(
                    sa.text(query), {"user": home.user_id, "account": home.account.id}
                )
            ]
            for name, query in queries.items()
        }


@pytest.mark.parametrize(
    ("bills", "paid"),
    [
        pytest.param((10_000,), 10_000, id="one-bill"),
        pytest.param((10_000,), 4_000, id="a-part-of-it"),
        pytest.param((10_000,), 12_500, id="more-than-it"),
        pytest.param((3_000, 4_000, 5_000), 9_000, id="oldest-first"),
        pytest.param((), 5_000, id="in-advance"),
    ],
)
def test_a_booking_in_one_statement_leaves_what_the_general_way_leaves(
    database: Database, vault: Vault, bills: tuple[int, ...], paid: int
) -> None:
    left = []
    for is_general in (False, True):
        home = make.household(database, vault, bills=bills)
        attempt = make.latest(database, make.order(database, vault, make.wanted(home, paid)))
        if is_general:
            make.take_the_general_way()
        assert make.apply(database, make.paid(attempt), now=NOW).effect is Effect.BOOKED
        left.append(traces(database, home))
    assert left[0] == left[1]
    assert left[0]["order"][0][0] == "paid"


def test_a_callback_is_kept_booked_and_marked_by_one_statement_whenever_it_comes(
    database: Database, vault: Vault
) -> None:
    home = make.household(database, vault, bills=(3_000, 4_000))
    attempt = make.latest(database, make.order(database, vault, make.wanted(home, 8_000)))
    notice = Notice("notice-1", make.paid(attempt))

    async def tell() -> list[bool]:
        await database.open_hot()
        try:
            return await flows.take_notices(database, [operations.Heard(WECHAT, notice, b"body", NOW)] * 3)
        finally:
            await database.close_hot()

    assert asyncio.run(tell()) == [True, True, True]
    assert make.books(database, home).clearing == 8_000
    with database.read() as session:
        kept = session.sql("select applied_at is not null as applied, subject, outcome from inbox").one()
    assert tuple(kept) == (True, attempt.out_trade_no, Effect.BOOKED.value)


def test_callbacks_taken_together_are_each_settled_or_left_by_themselves(database: Database, vault: Vault) -> None:
    """The second tells of another amount, the third of an order that somebody holds, the fourth of nobody's, the fifth again of the first."""
    homes = [make.household(database, vault) for _ in range(4)]
    attempts = [make.latest(database, make.order(database, vault, make.wanted(home))) for home in homes]
    results = [make.paid(attempt) for attempt in attempts]
    results[1] = replace(results[1], amount=Money(9_999, "CNY"))
    results[3] = replace(results[3], out_trade_no="NOBODYSORDER")
    heard = [
        operations.Heard(WECHAT, Notice(f"notice-{at}", result), b"body", NOW)
        for at, result in enumerate([*results, results[0]])
    ]

    async def tell() -> list[bool]:
        await database.open_hot()
        try:
            return await flows.take_notices(database, heard)
        finally:
            await database.close_hot()

    with database.write() as holder:
        holder.sql("select from payment_order where id = :id for update", id=attempts[2].order_id)
        assert asyncio.run(tell()) == [True, False, False, False, False]
    assert [make.books(database, home).open_bills for home in homes] == [(0,), (10_000,), (10_000,), (10_000,)]
    for each, told in zip(heard, asyncio.run(tell()), strict=True):
        if not told:
            assert flows.receive_notice(database, source=each.source, notice=each.notice, body=each.body, now=NOW)
    assert [make.books(database, home).open_bills for home in homes] == [(0,), (10_000,), (0,), (10_000,)]
    with database.read() as session:
        kept = session.sql("select count(*), bool_and(applied_at is not null) from inbox").one()
    assert tuple(kept) == (5, True)


def test_a_callback_that_a_first_try_left_is_applied_when_it_comes_again(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    attempt = make.latest(database, make.order(database, vault, make.wanted(home)))
    notice = Notice("notice-1", make.paid(attempt))
    with database.write() as session:
        inbox.receive(session, source=WECHAT, external_id=notice.id, body=b"body")
    with database.write() as session:
        assert operations.receive_notice(session, source=WECHAT, notice=notice, body=b"body", now=NOW)
    assert make.books(database, home).receipts == 1


def test_a_settling_that_breaks_in_the_database_is_done_again_part_by_part(
    database: Database, vault: Vault, owner_dsn: str
) -> None:
    home = make.household(database, vault, bills=(3_000, 4_000))
    attempt = make.latest(database, make.order(database, vault, make.wanted(home, 7_000)))
    owner = Database(owner_dsn, pool_size=1)
    with owner.write() as session:
        session.sql("alter table bill_settlement add constraint ck_planted check (amount_minor <> 3000) not valid")
    owner.close()
    assert make.apply(database, make.paid(attempt), now=NOW).effect is Effect.BOOKED
    books = make.books(database, home)
    assert (books.open_bills, books.suspense, books.suspended) == ((3_000, 0), 3_000, 1)


def test_the_database_tells_events_by_their_codes() -> None:
    assert (PaymentBooked.code, BillSettled.code) == (1, 5)
