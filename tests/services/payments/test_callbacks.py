"""Callbacks behind the edge: kept until they are applied, and one with whatever the poller finds."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from core import clock
from core.crypto.vault import Vault
from core.db import Database
from sandbox import credentials
from sandbox.credentials import Platform
from services.payments import flows, operations
from services.payments.providers.wechat_pay.adapter import WeChatPay
from tests.factories import payments as make
from tests.factories.payments import WECHAT, Books
from tests.support.sandbox import SandboxProcess
from tests.support.wechat_notices import notice, paid, signed

YUAN = {"total": 10_000, "currency": "CNY"}


@pytest.fixture
def platform(sandbox: SandboxProcess) -> Platform:
    return credentials.load(Path(sandbox.home))


def test_a_notice_that_could_not_be_applied_is_applied_once_its_obstacle_is_gone(
    database: Database, vault: Vault, owner_dsn: str, wechat: WeChatPay, platform: Platform
) -> None:
    home = make.household(database, vault)
    attempt = make.latest(database, make.order(database, vault, make.wanted(home)))
    body = notice(platform, paid(platform, attempt.out_trade_no, amount=YUAN, transaction_id="T1"))
    heard = wechat.read_notice(signed(platform, body).headers, body, now=clock.now())
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("alter table payment_order add constraint ck_planted check (state <> 'paid') not valid")
    with database.write() as session:
        assert not operations.receive_notice(session, source=WECHAT, notice=heard, body=body, now=clock.now())
    assert make.books(database, home) == Books(10_000, 0, 0, 0, (10_000,), 0, 0)
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("alter table payment_order drop constraint ck_planted")
        owner.execute("update inbox set due_at = now()")
    assert flows.apply_stored_callbacks(database, source=WECHAT, now=clock.now(), limit=9) == 1
    assert flows.apply_stored_callbacks(database, source=WECHAT, now=clock.now(), limit=9) == 0
    assert make.books(database, home) == Books(0, 0, 10_000, 0, (0,), 1, 0)


def test_a_notice_and_an_answered_question_at_once_are_one_booking(
    database: Database, vault: Vault, sandbox: SandboxProcess, wechat: WeChatPay, platform: Platform
) -> None:
    home = make.household(database, vault)
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    attempt = make.latest(database, no)
    transaction_id = sandbox.pay(attempt.out_trade_no)["transaction_id"]
    body = notice(platform, paid(platform, attempt.out_trade_no, amount=YUAN, transaction_id=transaction_id))
    heard = wechat.read_notice(signed(platform, body).headers, body, now=clock.now())
    together = threading.Barrier(6)

    def hear() -> None:
        together.wait()
        with database.write() as session:
            operations.receive_notice(session, source=WECHAT, notice=heard, body=body, now=clock.now())

    def ask() -> None:
        together.wait()
        flows.check_attempt(database, vault=vault, attempt_id=attempt.id, now=clock.now())

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(work) for work in (hear, ask) * 3]:
            done.result()
    assert make.books(database, home) == Books(0, 0, 10_000, 0, (0,), 1, 0)


def test_forged_callbacks_are_counted_in_a_row_a_day_and_leave_nothing_else(database: Database) -> None:
    now = clock.now()
    with database.write() as session:
        for _ in range(50):
            operations.count_refusal(session, source=WECHAT, reason="signature_wrong", now=now)
        operations.count_refusal(session, source=WECHAT, reason="signature_wrong", now=now - timedelta(days=1))
    with database.read() as session:
        counted = session.sql("select day, refusals from payment_callback_refusal order by day").all()
    assert [tuple(each) for each in counted] == [
        ((now - timedelta(days=1)).date(), 1),
        (now.date(), 50),
    ]
