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
from services.ledger import operations as ledger
from services.ledger.chart import OwnerKind
from services.payments import operations
from services.payments.ports import Notice
from tests.factories import payments as make
from tests.factories.payments import WECHAT, Books
from tests.support.waiting import wait_until

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


def test_a_transaction_that_inverts_the_order_of_locks_costs_no_money(database: Database, vault: Vault) -> None:
    """It holds the book and wants the order, while a callback holds the order and wants the book."""
    home = make.household(database, vault)
    attempt = make.latest(database, make.order(database, vault, make.wanted(home)))
    notice = Notice("notice-1", make.paid(attempt))

    def callback() -> bool:
        with database.write() as session:
            return operations.receive_notice(session, source=WECHAT, notice=notice, body=b"{}", now=clock.now())

    def waiting() -> bool:
        with database.read() as session:
            found: int = session.sql("select count(*) from pg_locks where not granted").scalar_one()
        return found > 0

    def invert(pool: ThreadPoolExecutor) -> Future[bool]:
        with database.write() as session:
            books = ledger.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=[home.account.id])
            ledger.lock_books(session, book_ids=list(books.values()))
            applying = pool.submit(callback)
            wait_until(waiting, timeout_s=30, message="the callback does not wait for the book")
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
