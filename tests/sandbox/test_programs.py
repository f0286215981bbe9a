"""The sandbox's program takes webhooks as the specification's own library signs them, and shows which are forged."""

import base64
import secrets
import uuid
from datetime import UTC, datetime, timedelta

import httpx
from standardwebhooks.webhooks import Webhook

from tests.support.sandbox import SandboxProcess

BODY = '{"type":"bill.issued","timestamp":"2026-06-15T04:00:00+00:00","data":{"bill_no":"B1"}}'


def secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def told(
    provider: SandboxProcess, key: str, *, at: datetime | None = None, again: str | None = None
) -> tuple[str, int]:
    """Send as the library does; answers the id and the status."""
    message_id, moment = again or f"evt_{uuid.uuid4().hex}", at or datetime.now(UTC)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(key).sign(message_id, moment, BODY),
    }
    return message_id, httpx.post(f"{provider.base_url}/programs/hooks", content=BODY, headers=headers).status_code


def shown(provider: SandboxProcess, message_id: str) -> str:
    """What the page says of one message."""
    text = httpx.get(f"{provider.base_url}/programs").text
    return text.partition(message_id)[2].partition("</li>")[0]


def keep(provider: SandboxProcess, key: str) -> None:
    assert httpx.post(f"{provider.base_url}/programs/secret", data={"secret": key}).status_code == 303


def test_a_message_is_proved_by_the_secret_that_was_kept_and_by_no_other(provider: SandboxProcess) -> None:
    key = secret()
    keep(provider, key)
    mine, status = told(provider, key)
    assert status == 204
    assert "Signature proved" in shown(provider, mine)
    forged, status = told(provider, secret())
    assert status == 401
    assert "Signature is wrong" in shown(provider, forged)
    old, status = told(provider, key, at=datetime.now(UTC) - timedelta(hours=1))
    assert status == 401
    assert "Signature is wrong" in shown(provider, old)
    keep(provider, "")
    unproved, status = told(provider, secret())
    assert status == 204
    assert "Not verified" in shown(provider, unproved)


def test_the_same_message_again_is_taken_once_and_what_is_no_webhook_not_at_all(provider: SandboxProcess) -> None:
    key = secret()
    keep(provider, key)
    message_id, _ = told(provider, key)
    assert told(provider, key, again=message_id)[1] == 204
    assert "×2" in shown(provider, message_id)
    assert httpx.get(f"{provider.base_url}/programs").text.count(message_id) == 1
    assert httpx.post(f"{provider.base_url}/programs/hooks", content=BODY).status_code == 400
