"""Receipts: pushed by the real provider process to the real endpoint, early, twice, out of order, and forged."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from core import faults, inbox
from core.config import Settings
from core.crypto.tokens import TokenKeys
from core.crypto.vault import Vault
from core.db import Database
from core.pagination import Cursors
from notifications import receipts
from notifications.delivery import send_due
from notifications.setup import Setup
from routers.callbacks import sms
from tests.notifications.conftest import RECEIPT_SECRET, Queue
from tests.support.sandbox import SandboxProcess
from tests.support.served import listening
from tests.support.waiting import wait_until
from web import handlers
from web.runtime import Runtime

PATH = f"/callbacks/sms/aliyun_sms/{RECEIPT_SECRET}"


@pytest.fixture
def edge(database: Database, setup: Setup, vault: Vault, token_pem: str) -> FastAPI:
    """The callback's endpoint with what the web layer puts around it."""
    settings: Settings = setup.settings
    app = FastAPI()
    app.state.runtime = Runtime(
        settings=settings,
        db=database,
        vault=vault,
        token_keys=TokenKeys(token_pem, issuer="http://testserver", audience="http://testserver"),
        cursors=Cursors(b"k" * 32),
    )
    app.include_router(sms.router)
    handlers.install(app)
    return app


@pytest.fixture
def client(edge: FastAPI) -> TestClient:
    return TestClient(edge)


def state(database: Database, message_id: UUID) -> str:
    with database.read() as session:
        found: str = session.sql("select state from message where id = :id", id=message_id).scalar_one()
    return found


def report_of(told: dict[str, Any], **changes: object) -> dict[str, object]:
    """A receipt as the provider would push it for one of its messages."""
    return {
        "phone_number": told["phone"],
        "send_time": "2026-06-15 12:00:00",
        "report_time": "2026-06-15 12:00:02",
        "success": True,
        "err_code": "DELIVERED",
        "err_msg": "",
        "sms_size": "1",
        "biz_id": told["biz_id"],
        "out_id": told["out_id"],
        **changes,
    }


@dataclass
class Sent:
    """A message that the provider took."""

    id: UUID
    told: dict[str, Any]


@pytest.fixture
def sent(database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str) -> Sent:
    message_id = queue()
    send_due(database, setup=setup)
    return Sent(message_id, provider.messages(number)[0])


def push(client: TestClient, *reports: dict[str, object], path: str = PATH) -> int:
    return client.post(path, content=json.dumps(reports)).status_code


def test_a_receipt_says_delivered(client: TestClient, database: Database, sent: Sent) -> None:
    answer = client.post(PATH, content=json.dumps([report_of(sent.told)]))
    assert (answer.status_code, answer.json()["code"]) == (200, 0)
    assert state(database, sent.id) == "delivered"


def test_a_receipt_says_undelivered_and_why(client: TestClient, database: Database, sent: Sent) -> None:
    push(client, report_of(sent.told, success=False, err_code="MK:0011"))
    with database.read() as session:
        row = session.sql("select state, error_code, due_at from message where id = :id", id=sent.id).one()
    assert tuple(row) == ("undelivered", "MK:0011", None)


def test_a_receipt_twice_is_one(client: TestClient, database: Database, sent: Sent) -> None:
    assert [push(client, report_of(sent.told), report_of(sent.told)), push(client, report_of(sent.told))] == [200, 200]
    with database.read() as session:
        assert session.sql("select count(*) from message_finding where source = 'receipt'").scalar_one() == 1


def test_receipts_out_of_order_leave_the_best_that_is_known(client: TestClient, database: Database, sent: Sent) -> None:
    push(client, report_of(sent.told, success=True))
    push(client, report_of(sent.told, success=False, err_code="MK:0011"))
    assert state(database, sent.id) == "delivered"


def test_a_receipt_before_our_own_note_of_the_answer_is_not_lowered_by_it(
    client: TestClient, database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str
) -> None:
    message_id = queue()

    def early(point: str) -> None:
        if point == "notifications.send.after_call":
            assert push(client, report_of(provider.messages(number)[0])) == 200

    faults.arm(early)
    send_due(database, setup=setup)
    assert state(database, message_id) == "delivered"


def test_a_receipt_for_a_message_whose_answer_was_lost_settles_it_without_a_question(
    client: TestClient, database: Database, setup: Setup, queue: Queue, provider: SandboxProcess, number: str
) -> None:
    provider.fault("aliyun_sms.SendSms", "drop_after", count=1)
    message_id = queue()
    send_due(database, setup=setup)
    assert state(database, message_id) == "unknown"
    push(client, report_of(provider.messages(number)[0]))
    assert state(database, message_id) == "delivered"


@pytest.mark.parametrize(
    "forgery",
    [{"phone_number": "13900000000"}, {"biz_id": "1^0"}, {"out_id": str(uuid4())}, {"out_id": "x"}, {"out_id": None}],
)
def test_a_receipt_that_does_not_fit_changes_nothing_and_is_acknowledged(
    client: TestClient, database: Database, sent: Sent, forgery: dict[str, object]
) -> None:
    assert push(client, report_of(sent.told, success=False, **forgery)) == 200
    assert state(database, sent.id) == "accepted"


@pytest.mark.parametrize("path", ["/callbacks/sms/aliyun_sms/guess", f"/callbacks/sms/other/{RECEIPT_SECRET}"])
def test_without_the_secret_there_is_nothing(client: TestClient, database: Database, sent: Sent, path: str) -> None:
    assert push(client, report_of(sent.told), path=path) == 404
    assert state(database, sent.id) == "accepted"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b"[1]",
        b'[{"phone_number":"13800000000"}]',
        b"\xff\xfe",
        b"[" * 100_000,
        b'[{"phone_number":"\\u0000","success":true,"biz_id":"1"}]',
        b'[{"phone_number":"13800000000","success":true,"biz_id":"1","err_code":"a\\u0000b"}]',
        b'[{"phone_number":"13800000000","success":true,"biz_id":""}]',
        b'[{"phone_number":"13800000000","success":true,"biz_id":"' + b"1" * 200 + b'"}]',
    ],
)
def test_a_push_that_is_none_is_refused_and_kept_nowhere(client: TestClient, database: Database, body: bytes) -> None:
    assert client.post(PATH, content=body).status_code == 400
    with database.read() as session:
        assert session.sql("select count(*) from inbox").scalar_one() == 0


def test_no_telephone_number_is_kept_of_a_receipt(client: TestClient, database: Database, sent: Sent) -> None:
    push(client, report_of(sent.told))
    with database.read() as session:
        kept = bytes(session.sql("select body from inbox").scalar_one())
    assert sent.told["phone"].encode() not in kept


def test_a_receipt_that_failed_to_apply_is_acknowledged_and_applied_later(
    client: TestClient, database: Database, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(receipts, "_fits", lambda *_args, **_named: 1 / 0)
        assert push(client, report_of(sent.told)) == 200
    assert state(database, sent.id) == "accepted"
    with database.write() as session:
        session.sql("update inbox set due_at = now()")
    assert receipts.apply_due(database) == 1
    assert state(database, sent.id) == "delivered"
    with database.write() as session:
        assert inbox.claim_due(session, source="aliyun_sms") is None


@pytest.fixture
def receipt_url(edge: FastAPI) -> Iterator[str]:
    with listening(edge) as port:
        yield f"http://127.0.0.1:{port}{PATH}"


@pytest.mark.parametrize("lie", [None, "duplicate"])
def test_the_provider_process_pushes_and_is_understood(
    database: Database,
    setup: Setup,
    queue: Queue,
    provider: SandboxProcess,
    receipt_url: str,
    lie: str | None,
) -> None:
    provider.send_receipts_to(receipt_url)
    message_id = queue()
    if lie is not None:
        provider.fault("aliyun_sms.receipt", lie)
    send_due(database, setup=setup)
    wait_until(lambda: state(database, message_id) == "delivered", message="no receipt came")
