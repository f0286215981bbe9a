"""Relay, worker and clock as real processes, killed and bereft of Redis: one text message all the same."""

import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis

from app.embedded import ValkeyServer, free_port
from core.config import Settings
from core.db import Database
from jobs.celery_app import MESSAGES_QUEUE, app
from jobs.notifications import send
from notifications.queueing import Fact, Recipient, tell
from notifications.setup import Setup
from notifications.states import Priority
from tests.factories.accounts import make_account
from tests.factories.billing import make_bill
from tests.notifications.conftest import Queue
from tests.support.processes import running
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until

SOLO = (
    "-m",
    "celery",
    "-A",
    "app.worker",
    "worker",
    "-P",
    "solo",
    "--without-gossip",
    "--without-mingle",
    "-l",
    "INFO",
)
FORKING = (
    "-m",
    "celery",
    "-A",
    "app.worker",
    "worker",
    "-c",
    "2",
    "--without-gossip",
    "--without-mingle",
    "-l",
    "INFO",
)
RELAY = ("-m", "app.relay")
PATIENCE_S = 60.0


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path, port=free_port(), password="test")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def deployed(sms_settings: Settings, valkey: ValkeyServer) -> Settings:
    """The settings of all processes of a test, on a Redis that is theirs to lose."""
    return Settings.model_validate({**sms_settings.model_dump(), "redis_url": valkey.url})


@pytest.fixture
def state(database: Database) -> Callable[[UUID], str]:
    def asked(message_id: UUID) -> str:
        with database.read() as session:
            found: str = session.sql("select state from message where id = :id", id=message_id).scalar_one()
        return found

    return asked


def clock(folder: Path) -> tuple[str, ...]:
    return ("-m", "celery", "-A", "app.worker", "beat", "-s", str(folder / "schedule"), "--pidfile=", "-l", "INFO")


def of_today() -> dict[str, Any]:
    """The dates of a bill that is news to the customer."""
    today = datetime.now(UTC).date()
    return {"issue_date": str(today), "due_date": today + timedelta(days=20)}


def make_due(database: Database) -> None:
    with database.write() as session:
        session.sql("update message set due_at = now() where due_at is not null")


def test_a_message_whose_every_hint_was_lost_is_sent_by_the_clock(
    deployed: Settings,
    valkey: ValkeyServer,
    queue: Queue,
    provider: SandboxProcess,
    number: str,
    tmp_path: Path,
    state: Callable[[UUID], str],
) -> None:
    messages = [queue() for _ in range(3)]
    with redis.Redis.from_url(valkey.url) as client, running(deployed, *FORKING, log=tmp_path / "worker.log"):
        client.flushall()
        with running(deployed, *clock(tmp_path), log=tmp_path / "beat.log"):
            wait_until(
                lambda: all(state(each) == "accepted" for each in messages),
                timeout_s=PATIENCE_S,
                message="the clock's hints did not lead to a send",
            )
            client.flushall()
            messages.append(queue())
            wait_until(
                lambda: state(messages[-1]) == "accepted",
                timeout_s=PATIENCE_S,
                message="nothing was sent after Redis was emptied",
            )
    assert len(provider.messages(number)) == len(messages)


@pytest.mark.usefixtures("provider")
def test_one_hint_empties_a_queue_that_is_longer_than_a_run(
    deployed: Settings, valkey: ValkeyServer, database: Database, setup: Setup, tmp_path: Path
) -> None:
    params = {"account": "****0017", "amount": "¥1", "period": "2026-06", "due": "2026-07-15", "bill_no": "B1"}
    fact = Fact("bill_ready:1:1", "bill_ready", params, None, timedelta(days=3), Priority.BULK)
    with database.write() as session:
        holders = [Recipient(f"customer:{n}", "zh-CN", f"+8613700000{n:03d}") for n in range(120)]
        assert tell(session, setup=setup, fact=fact, audience=holders) == 120

    def waiting() -> int:
        with database.read() as session:
            found: int = session.sql("select count(*) from message where state = 'pending'").scalar_one()
        return found

    with app.connection_for_write(valkey.url) as broker:
        app.send_task(send.name, queue=MESSAGES_QUEUE, connection=broker)
    with running(deployed, *SOLO, log=tmp_path / "worker.log"):
        wait_until(lambda: waiting() == 0, timeout_s=PATIENCE_S, message="a run left messages and asked for no other")


def test_a_worker_killed_between_the_call_and_its_note_sends_nothing_twice(
    deployed: Settings,
    database: Database,
    queue: Queue,
    provider: SandboxProcess,
    number: str,
    tmp_path: Path,
    state: Callable[[UUID], str],
) -> None:
    message_id = queue()
    fault = {"WATTLINE_FAULT": "notifications.send.after_call:kill"}
    with (
        running(deployed, *clock(tmp_path), log=tmp_path / "beat.log"),
        running(deployed, *SOLO, log=tmp_path / "killed.log", **fault) as killed,
    ):
        wait_until(
            lambda: killed.poll() is not None, timeout_s=PATIENCE_S, message="the worker did not reach the point"
        )
        assert (killed.returncode, state(message_id), len(provider.messages(number))) == (-9, "sending", 1)
        make_due(database)
        with running(deployed, *SOLO, log=tmp_path / "worker.log"):
            wait_until(
                lambda: state(message_id) == "delivered",
                timeout_s=PATIENCE_S,
                message="the next worker did not ask what became of the message",
            )
    assert len(provider.messages(number)) == 1


@pytest.mark.usefixtures("setup")
def test_a_relay_killed_before_its_commit_leaves_one_message(
    deployed: Settings, database: Database, setup: Setup, number: str, tmp_path: Path
) -> None:
    with database.write() as session:
        make_bill(session, make_account(session, setup.vault, phone=number), **of_today())

    def count(table: str) -> int:
        with database.read() as session:
            found: int = session.connection().exec_driver_sql(f"select count(*) from {table}").scalar_one()
        return found

    told = count("outbox")
    assert told >= 1
    fault = {"WATTLINE_FAULT": f"outbox.relay.before_commit:kill:{told}"}
    with running(deployed, *RELAY, log=tmp_path / "killed.log", **fault) as killed:
        wait_until(lambda: killed.poll() is not None, timeout_s=PATIENCE_S, message="the relay did not reach the point")
    assert count("outbox") == 1
    with running(deployed, *RELAY, log=tmp_path / "relay.log") as relay:
        wait_until(lambda: count("outbox") == 0, timeout_s=PATIENCE_S, message="the next relay did not go on")
        assert count("message") == 1
        relay.terminate()
        assert relay.wait(timeout=60) == 0


@pytest.mark.parametrize("trouble", [signal.SIGKILL, signal.SIGSTOP])
def test_a_relay_tells_though_redis_is_away_or_frozen(
    deployed: Settings,
    valkey: ValkeyServer,
    database: Database,
    setup: Setup,
    number: str,
    tmp_path: Path,
    trouble: signal.Signals,
) -> None:
    assert valkey._process is not None
    valkey._process.send_signal(trouble)

    def messages() -> int:
        with database.read() as session:
            found: int = session.sql("select count(*) from message where channel = 'sms'").scalar_one()
        return found

    try:
        with running(deployed, *RELAY, log=tmp_path / "relay.log"):
            for wanted in (1, 2):
                with database.write() as session:
                    make_bill(session, make_account(session, setup.vault, phone=number), **of_today())
                wait_until(
                    lambda wanted=wanted: messages() == wanted,  # type: ignore[misc] # bound in each round
                    timeout_s=PATIENCE_S,
                    message="the relay waits for Redis",
                )
    finally:
        valkey._process.send_signal(signal.SIGCONT)
