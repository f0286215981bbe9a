"""The order of locks: payment order, attempt, books, payables. Whoever inverts it costs time, never money."""

import contextlib
import re
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from core import clock
from core.crypto.vault import Vault
from core.db import Database
from services.accounts.roles import StaffRole
from services.casework import operations as casework
from services.casework.errors import RequestOver
from services.casework.ports import KINDS
from services.ledger import operations as ledger
from services.ledger.chart import OwnerKind
from services.payments import operations
from services.payments.ports import Notice, ProviderResult, TradeState
from tests.factories import payments as make
from tests.factories import staff as people
from tests.factories.accounts import make_unit
from tests.factories.payments import WECHAT, Books
from tests.support.waiting import wait_for_waiting

pytestmark = pytest.mark.usefixtures("offline")
LOCKING = re.compile(
    r"ledger_lock_(book)s|(bill)_settle|v_part\.(settle)|from (\w+)[^;]*?\bfor (?:no key )?update", re.DOTALL
)


def locks_of(text: str) -> list[str]:
    """What a text locks, in its order."""
    return [next(filter(None, found.groups())) for found in LOCKING.finditer(text)]


def test_the_booking_in_one_statement_locks_in_this_order(database: Database) -> None:
    with database.read() as session:
        text = session.sql("select prosrc from pg_proc where proname = 'payment_book_plain'").scalar_one()
    assert list(dict.fromkeys(locks_of(text))) == ["payment_order", "payment_attempt", "book", "settle"]


def test_the_funnel_locks_order_attempt_books_and_bills_in_this_order(database: Database, vault: Vault) -> None:
    home = make.household(database, vault, bills=(3_000, 4_000))
    result = make.paid(make.latest(database, make.order(database, vault, make.wanted(home, 7_000))))
    locked: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        locked.extend(locks_of(statement))

    make.take_the_general_way()
    sa.event.listen(database.engine, "before_cursor_execute", note)
    make.apply(database, result)
    assert list(dict.fromkeys(locked)) == ["payment_order", "payment_attempt", "book", "bill"]


def test_an_approval_and_a_providers_late_word_about_one_sum_do_not_wait_for_each_other(
    database: Database, vault: Vault
) -> None:
    """The word holds the sum and closes requests; the approval comes to the sum meanwhile, and finds its request over."""
    KINDS.fill({operations.RETURN_SUSPENSE.name: operations.RETURN_SUSPENSE})
    with database.write() as session:
        make_unit(session)
        asks, decides = (
            people.employ(session, vault, role=StaffRole.FINANCE, unit="37", now=clock.now()) for _ in range(2)
        )
        unit_id = session.sql("select id from unit where code = '37'").scalar_one()
    paid = ProviderResult(
        WECHAT, "STRANGER00000000", TradeState.PAID, amount=make.yuan(700), transaction_id="B", paid_at=clock.now()
    )
    make.apply(database, paid)
    with database.write() as session:
        suspense_id = session.sql("select id from payment_suspense").scalar_one()
        request_id = casework.ask(
            session,
            kind=operations.RETURN_SUSPENSE.name,
            subject=f"suspense:{suspense_id}",
            unit_id=unit_id,
            payload=operations.ReturnSuspense(suspense_id=suspense_id, why="nobody knows the payer"),
            reason="nobody knows the payer",
            by=asks.staff_id,
            actor=people.ACTOR,
            now=clock.now(),
        )

    def approve() -> None:
        with database.write() as session:
            casework.approve(
                session,
                request_id=request_id,
                by=decides.staff_id,
                proved_at=clock.now(),
                why="",
                actor=people.ACTOR,
                now=clock.now(),
            )

    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            session.sql("select from payment_suspense where id = :id for update", id=suspense_id)
            approving = pool.submit(approve)
            wait_for_waiting(database, message="the approval does not wait for the sum")
            casework.overtake(session, subject=f"suspense:{suspense_id}", now=clock.now())
        with pytest.raises(RequestOver):
            approving.result()


def test_a_transaction_that_inverts_the_order_of_locks_costs_no_money(database: Database, vault: Vault) -> None:
    """It holds the book and wants the order, while a callback holds the order and wants the book."""
    home = make.household(database, vault)
    attempt = make.latest(database, make.order(database, vault, make.wanted(home)))
    notice = Notice("notice-1", make.paid(attempt))

    def callback() -> bool:
        with database.write() as session:
            return operations.receive_notice(session, source=WECHAT, notice=notice, body=b"{}", now=clock.now())

    def invert(pool: ThreadPoolExecutor) -> Future[bool]:
        with database.write() as session:
            books = ledger.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=[home.account.id])
            ledger.lock_books(session, book_ids=list(books.values()))
            applying = pool.submit(callback)
            wait_for_waiting(database, message="the callback does not wait for the book")
            with contextlib.suppress(sa.exc.OperationalError):  # a deadlock has a victim: it may be this transaction
                session.sql("select id from payment_order for no key update")
            session.rollback()
        return applying

    with ThreadPoolExecutor(1) as pool:
        is_applied = invert(pool).result()
    if not is_applied:  # the callback was the one to give way: it is kept, and done again
        _apply_again(database, notice)
    assert make.books(database, home) == Books(0, 0, 10_000, 0, (0,), 1, 0)


def _apply_again(database: Database, notice: Notice) -> None:
    with database.write() as session:
        kept: Any = session.sql("select attempts, error from inbox where applied_at is null").one()
        assert (kept.attempts, "deadlock" in kept.error) == (1, True), kept.error
        operations.receive_notice(session, source=WECHAT, notice=notice, body=b"{}", now=clock.now())
