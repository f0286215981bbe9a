"""Exactly one text message per fact and telephone, whatever dies, lies or repeats itself."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from core import faults
from core.db import Database
from core.faults import InjectedFault
from jobs.celery_app import app
from notifications.delivery import Sent, record, send_due, sweep
from notifications.ports import Outcome
from notifications.queueing import Fact, Recipient, tell
from notifications.setup import Setup
from notifications.states import NEXT, RANK, Finding, Priority, Source, State, Waits, next_state, wait_s
from tests.notifications.conftest import Channels, Queue
from tests.support.sandbox import SandboxProcess


def message(database: Database, message_id: UUID) -> Any:
    with database.read() as session:
        return session.sql(
            """select state, attempts, error_code, lease_token, owner,
                 extract(epoch from due_at - now())::float8 as due_in_s from message where id = :id""",
            id=message_id,
        ).one()


def findings(database: Database, message_id: UUID) -> list[tuple[str, str]]:
    with database.read() as session:
        rows = session.sql(
            """select f.source, f.finding from message_finding f join message_attempt a on a.id = f.attempt_id
               where a.message_id = :id order by f.id""",
            id=message_id,
        )
        return [(row.source, row.finding) for row in rows]


def make_due(database: Database) -> None:
    """Let every wait be over."""
    with database.write() as session:
        session.sql("update message set due_at = now() where due_at is not null")


def die_at(point: str) -> None:
    def hook(name: str) -> None:
        if name == point:
            raise InjectedFault(name)

    faults.arm(hook)


def work(database: Database, setup: Setup, rounds: int = 4) -> None:
    """What the schedule does, with all waits over each time."""
    for _ in range(rounds):
        sweep(database, setup=setup)
        send_due(database, setup=setup)
        with database.write() as session:
            session.sql("update message set due_at = now() where state in ('pending', 'sending', 'unknown')")


def test_a_queued_message_reaches_the_telephone_once(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str
) -> None:
    message_id = queue()
    assert send_due(database, setup=setup) == Sent(1, is_all=True)
    work(database, setup)
    assert [told["text"] for told in provider.messages(number)] == [
        "【江东供电】户号****0017已缴费¥128.40，缴费单号P1。感谢您的支持。"
    ]
    assert message(database, message_id).state == "accepted"


def test_the_same_fact_told_again_is_one_message(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str
) -> None:
    assert queue(intent="receipt:1", owner="customer:1") == queue(intent="receipt:1", owner="customer:1")
    work(database, setup)
    assert len(provider.messages(number)) == 1


def test_one_telephone_of_two_recipients_is_told_once(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str
) -> None:
    queue(intent="receipt:1", owner="customer:1")
    with pytest.raises(sa.exc.NoResultFound):
        queue(intent="receipt:1", owner="customer:2")
    work(database, setup)
    assert len(provider.messages(number)) == 1


def test_a_receipt_goes_before_the_bills_of_a_run_that_were_queued_first(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str
) -> None:
    bill = Fact("bill_ready:1:1", "bill_ready", {}, None, timedelta(days=3), Priority.BULK)
    holders = [Recipient(f"customer:{n}", "zh-CN", f"+8613700000{n:03d}") for n in range(200)]
    with database.write() as session:
        assert tell(session, setup=setup, fact=bill, audience=holders) == 200
    receipt_id = queue()
    assert send_due(database, setup=setup, limit=1) == Sent(1, is_all=False)
    assert message(database, receipt_id).state == "accepted"
    assert len(provider.messages(number)) == 1


def test_a_run_whose_time_is_over_says_that_it_left_some(database: Database, setup: Setup, queue: Queue) -> None:
    queue()
    assert send_due(database, setup=setup, budget_s=0) == Sent(0, is_all=False)
    assert send_due(database, setup=setup) == Sent(1, is_all=True)


@pytest.mark.parametrize("kind", ["drop_after", "error_after"])
def test_a_lost_answer_is_asked_for_and_nothing_is_sent_again(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str, kind: str
) -> None:
    provider.fault("aliyun_sms.SendSms", kind, count=1)
    message_id = queue()
    send_due(database, setup=setup)
    assert message(database, message_id).state == "unknown"
    work(database, setup)
    assert len(provider.messages(number)) == 1
    assert message(database, message_id).state == "delivered"
    assert findings(database, message_id) == [("answer", "unknown"), ("query", "delivered")]


@pytest.mark.parametrize("kind", ["drop_before", "error_before"])
def test_a_failed_send_that_the_provider_does_not_know_is_sent_again(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str, kind: str
) -> None:
    provider.fault("aliyun_sms.SendSms", kind, count=1)
    message_id = queue()
    send_due(database, setup=setup)
    assert provider.messages(number) == []
    work(database, setup)
    assert len(provider.messages(number)) == 1
    assert message(database, message_id).attempts == 2


def test_what_the_provider_does_not_know_yet_is_not_sent_again_within_the_grace_period(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess
) -> None:
    patient = replace(setup, waits=Waits(grace_s=600))
    provider.fault("aliyun_sms.SendSms", "error_before", count=1)
    message_id = queue()
    send_due(database, setup=patient)
    work(database, patient)
    row = message(database, message_id)
    assert (row.state, row.attempts) == ("unknown", 1)


def test_a_message_is_not_sent_again_while_the_provider_cannot_be_asked(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str
) -> None:
    provider.fault("aliyun_sms.SendSms", "drop_after", count=1)
    provider.fault("aliyun_sms.QuerySendDetails", "error_before")
    message_id = queue()
    work(database, setup)
    row = message(database, message_id)
    assert (row.state, row.attempts, len(provider.messages(number))) == ("unknown", 1, 1)


def test_too_many_calls_put_a_message_off_for_a_minute(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str
) -> None:
    provider.fault("aliyun_sms.SendSms", "rate_limited", count=1)
    message_id = queue()
    send_due(database, setup=setup)
    row = message(database, message_id)
    assert (row.state, provider.messages(number)) == ("pending", [])
    assert row.due_in_s > 40
    work(database, setup)
    assert len(provider.messages(number)) == 1


def test_a_number_that_is_none_is_given_up_at_once(database: Database, setup: Setup, queue: Queue) -> None:
    message_id = queue(phone="+8612345")
    work(database, setup)
    row = message(database, message_id)
    assert (row.state, row.attempts, row.error_code) == ("dead", 1, "isv.MOBILE_NUMBER_ILLEGAL")


def test_a_wrong_key_costs_no_message(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str, channels: Channels
) -> None:
    wrong = channels(aliyun_sms_access_key_secret=SecretStr("wrong"))
    message_id = queue()
    send_due(database, setup=replace(setup, sms=wrong))
    row = message(database, message_id)
    assert (row.state, row.error_code) == ("pending", "SignatureDoesNotMatch")
    assert row.due_in_s > 100
    work(database, setup)
    assert len(provider.messages(number)) == 1


def test_a_provider_that_is_away_gets_the_message_when_it_is_back(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str, channels: Channels
) -> None:
    away = channels(aliyun_sms_base_url="http://127.0.0.1:1")
    message_id = queue()
    send_due(database, setup=replace(setup, sms=away))
    row = message(database, message_id)
    assert (row.state, row.error_code) == ("pending", "unreachable")
    work(database, setup)
    assert len(provider.messages(number)) == 1


@pytest.mark.parametrize(
    "point",
    [
        "notifications.send.before_intent",
        "notifications.send.before_call",
        "notifications.send.after_call",
        "notifications.send.before_outcome",
    ],
)
def test_a_sender_that_dies_anywhere_costs_nothing_and_doubles_nothing(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str, point: str
) -> None:
    queue()
    die_at(point)
    with pytest.raises(InjectedFault):
        send_due(database, setup=setup)
    faults.arm(None)
    make_due(database)
    work(database, setup)
    assert len(provider.messages(number)) == 1


@pytest.mark.parametrize("point", ["notifications.ask.before_call", "notifications.ask.after_call"])
def test_one_that_dies_while_asking_is_followed_by_another(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str, point: str
) -> None:
    provider.fault("aliyun_sms.SendSms", "drop_after", count=1)
    message_id = queue()
    send_due(database, setup=setup)
    die_at(point)
    with pytest.raises(InjectedFault):
        sweep(database, setup=setup)
    faults.arm(None)
    make_due(database)
    work(database, setup)
    assert (message(database, message_id).state, len(provider.messages(number))) == ("delivered", 1)


def test_senders_side_by_side_send_each_message_once(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str
) -> None:
    for _ in range(20):
        queue()
    threads = [threading.Thread(target=send_due, args=(database,), kwargs={"setup": setup}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(provider.messages(number)) == 20
    assert len({told["out_id"] for told in provider.messages(number)}) == 20


def test_a_sender_that_slept_past_its_lease_does_not_call(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str
) -> None:
    queue()
    send_due(database, setup=replace(setup, waits=Waits(lease_s=60, call_s=61)))
    assert provider.messages(number) == []
    make_due(database)
    work(database, setup)
    assert len(provider.messages(number)) == 1


def test_a_late_word_of_an_old_attempt_changes_nothing_but_a_fact_does(
    database: Database, setup: Setup, queue: Queue
) -> None:
    message_id = queue()
    die_at("notifications.send.before_call")
    with pytest.raises(InjectedFault):
        send_due(database, setup=setup)
    old = message(database, message_id).lease_token
    make_due(database)
    sweep(database, setup=setup)
    with pytest.raises(InjectedFault):
        send_due(database, setup=setup)
    assert message(database, message_id).lease_token != old
    for late in (Finding.RETRY, Finding.REJECT, Finding.UNKNOWN, Finding.FAILED):
        with database.write() as session:
            assert record(session, attempt_id=old, source=Source.ANSWER, outcome=Outcome(late)) is State.SENDING
    with database.write() as session:
        accepted = Outcome(Finding.ACCEPTED, provider_ref="late")
        assert record(session, attempt_id=old, source=Source.ANSWER, outcome=accepted, wait=9) is State.ACCEPTED


def test_a_message_that_could_not_be_sent_in_time_is_given_up(
    database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str
) -> None:
    message_id = queue(ttl=timedelta(seconds=-1))
    work(database, setup)
    row = message(database, message_id)
    assert (row.state, row.error_code, provider.messages(number)) == ("dead", "too_late", [])


def test_an_accepted_message_without_a_receipt_expires_and_a_late_receipt_still_counts(
    database: Database, setup: Setup, queue: Queue
) -> None:
    message_id = queue()
    send_due(database, setup=setup)
    make_due(database)
    sweep(database, setup=setup)
    row = message(database, message_id)
    assert row.state == "expired"
    with database.write() as session:
        receipt = Outcome(Finding.DELIVERED)
        assert record(session, attempt_id=row.lease_token, source=Source.RECEIPT, outcome=receipt) is State.DELIVERED


def test_evidence_cannot_be_changed(database: Database, setup: Setup, queue: Queue, owner_dsn: str) -> None:
    queue()
    send_due(database, setup=setup)
    for table in ("message_attempt", "message_finding"):
        with psycopg.connect(owner_dsn, autocommit=True) as owner, pytest.raises(psycopg.errors.RestrictViolation):
            owner.execute(f"delete from {table}")


def test_an_unknown_attempt_is_nobodys(database: Database) -> None:
    with database.write() as session:
        outcome = Outcome(Finding.DELIVERED)
        assert record(session, attempt_id=uuid4(), source=Source.RECEIPT, outcome=outcome) is None


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("finding", list(Finding))
def test_nothing_learned_lowers_what_is_known_of_the_telephone(state: State, finding: Finding) -> None:
    after = next_state(state, finding)
    assert RANK[after] >= RANK[state]
    assert (
        after is state or (state, finding) in NEXT or finding in {Finding.ACCEPTED, Finding.DELIVERED, Finding.FAILED}
    )


def test_waits_grow_up_to_their_cap_and_leave_one_sender_per_lease() -> None:
    waits = Waits()
    assert wait_s(waits, Finding.RETRY, attempt_no=1, jitter=1) == 4
    assert wait_s(waits, Finding.RETRY, attempt_no=99, jitter=1) == waits.backoff_cap_s
    assert wait_s(waits, Finding.THROTTLE, attempt_no=1, jitter=0) > 45
    assert waits.call_s < app.conf.task_soft_time_limit < app.conf.task_time_limit < waits.lease_s
    assert waits.lease_s < app.conf.broker_transport_options["visibility_timeout"]


def test_the_next_message_is_found_by_its_index(database: Database, setup: Setup, queue: Queue, owner_dsn: str) -> None:
    queue()
    send_due(database, setup=setup)
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(
            """insert into message (owner, id, channel, intent, template, priority, params, locale, state, expires_at, address_sealed,
                 address_blind)
               select 'customer:' || n, gen_random_uuid(), 'sms', 'x:' || n, 't', 0, '{}', 'en', 'delivered', now(), '\\x00', int8send(n)
               from generate_series(1000000, 1020000) n"""
        )
        owner.execute("vacuum analyze message")
        query = """select owner, id from message where state = 'pending' and due_at <= now() and expires_at > now()
                   order by priority, due_at limit 1"""
        plan = owner.execute("explain (format json) " + query).fetchone()
    assert plan is not None
    assert "ix_message_pending" in str(plan[0])
    assert "Seq Scan" not in str(plan[0])


def test_a_message_that_was_never_sent_is_not_found(setup: Setup, number: str) -> None:
    assert setup.sms is not None
    now = datetime.now(UTC)
    missing = setup.sms.find(phone=number, reference=str(uuid4()), sent_at=now, now=now)
    assert missing.finding is Finding.NOT_FOUND
