"""Sending: claim the first thing that waits for an endpoint, call without a transaction, write what was learned.

An endpoint has one sender at a time, under a lease, and the try is counted before the call. Whatever dies in between,
the lease ends and the same message is sent again under the same id: at least once, and in order.
"""

import random
import time
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

import sqlalchemy as sa
import structlog

from core import audit, clock
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import Database, WriteSession, statement
from core.faults import point
from notifications.webhooks.ports import Outcome, WebhookCaller
from notifications.webhooks.rules import GONE, OK, Why, signature, wait_s
from notifications.webhooks.sealing import opened

log = structlog.get_logger(__name__)

LEASE_S: Final = 90
CALL_S: Final = 40
"""A call ends well within: looking up, and two addresses of fifteen seconds each."""

KEEP_DAYS: Final = 30
SENDER: Final = Actor("job:webhooks")
AGENT: Final = "Wattline-Webhooks/1"


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery that this process alone sends, until its lease ends."""

    token: UUID
    endpoint_id: UUID
    delivery_id: int
    message_id: str
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    body: bytes = field(repr=False)
    claimed_at: float


def claim_next(db: Database, *, vault: Vault) -> Claimed | None:
    """Take up the first thing that waits for the endpoint whose turn it is; None when nothing is due.

    The endpoint that was served longest ago comes first, so none waits for another's queue.
    """
    token = uuid4()
    began = time.monotonic()
    with db.write() as session:
        row = session.sql(statement(__package__, "claim.sql"), token=token, lease_s=LEASE_S).one_or_none()
    point("webhooks.claimed")
    return None if row is None else _claimed(row, vault, token, began)


def send(db: Database, *, caller: WebhookCaller, claimed: Claimed) -> None:
    """Send what was claimed, and write down what came of it."""
    point("webhooks.before_call")
    if time.monotonic() - claimed.claimed_at > LEASE_S - CALL_S:
        # We were stopped (a frozen machine): the lease may end during the call, and another would send beside us.
        log.warning("webhook_abandoned", message_id=claimed.message_id)
        return
    timestamp = int(clock.now().timestamp())
    outcome = caller.call_endpoint(
        claimed.url,
        headers={
            "content-type": "application/json",
            "user-agent": AGENT,
            "webhook-id": claimed.message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(
                claimed.secrets, message_id=claimed.message_id, timestamp=timestamp, body=claimed.body
            ),
        },
        content=claimed.body,
    )
    point("webhooks.called")
    with db.write() as session:
        record(session, claimed=claimed, outcome=outcome)
    point("webhooks.recorded")
    log.info(
        "webhook_sent",
        endpoint=str(claimed.endpoint_id),
        message_id=claimed.message_id,
        status=outcome.status,
        trouble=outcome.trouble,
    )


def record(session: WriteSession, *, claimed: Claimed, outcome: Outcome) -> None:
    """Write down what came of a call. A sender that woke up after its lease says only what it knows for certain."""
    if outcome.status is not None and outcome.status in OK:
        session.sql(
            """update webhook_delivery set state = 'delivered', delivered_at = now(), waits_since = null,
                 status = :status, error = null where endpoint_id = :endpoint and id = :id""",
            endpoint=claimed.endpoint_id,
            id=claimed.delivery_id,
            status=outcome.status,
        )
        session.sql(
            """update webhook_endpoint set delivered_at = now(), due_at = now(), lease_token = null, failures = 0
               where id = :id and lease_token = :token""",
            id=claimed.endpoint_id,
            token=claimed.token,
        )
        return
    session.sql(
        """update webhook_delivery set status = :status, error = :trouble
           where endpoint_id = :endpoint and id = :id and state <> 'delivered'""",
        endpoint=claimed.endpoint_id,
        id=claimed.delivery_id,
        status=outcome.status,
        trouble=None if outcome.trouble is None else outcome.trouble.value,
    )
    _put_off(session, claimed, outcome)


def purge(session: WriteSession, *, most: int) -> int:
    """Forget up to `most` deliveries that are older than KEEP_DAYS, sent or not. Returns how many."""
    return session.sql(
        """delete from webhook_delivery where (endpoint_id, id) in (
             select endpoint_id, id from webhook_delivery where created_at < now() - make_interval(days => :days)
             order by created_at limit :most for update skip locked
           )""",
        days=KEEP_DAYS,
        most=most,
    ).rowcount


def _put_off(session: WriteSession, claimed: Claimed, outcome: Outcome) -> None:
    """Wait longer with each failure; what said that it is gone, or failed for three days, is disabled and collects."""
    row = session.sql(
        """update webhook_endpoint set failures = failures + 1, lease_token = null
           where id = :id and lease_token = :token returning failures, unit_id, state""",
        id=claimed.endpoint_id,
        token=claimed.token,
    ).one_or_none()
    if row is None or row.state != "active":
        return
    # Jitter spreads load and guards no secret.
    wait = wait_s(row.failures, retry_after_s=outcome.retry_after_s, jitter=random.random())  # noqa: S311
    if outcome.status != GONE and wait is not None:
        session.sql(
            "update webhook_endpoint set due_at = now() + :wait_s * interval '1 second' where id = :id",
            wait_s=wait,
            id=claimed.endpoint_id,
        )
        return
    why = Why.GONE if outcome.status == GONE else Why.FAILING
    session.sql(
        "update webhook_endpoint set state = 'disabled', disabled_why = :why, disabled_at = now() where id = :id",
        why=why.value,
        id=claimed.endpoint_id,
    )
    audit.record(
        session,
        actor=SENDER,
        act="notifications.webhook_stopped",
        subject=f"webhook:{claimed.endpoint_id}",
        after={"why": why.value, "failures": row.failures},
        unit_id=row.unit_id,
    )
    log.error("webhook_stopped", endpoint=str(claimed.endpoint_id), why=why.value)


def _claimed(row: sa.Row[Any], vault: Vault, token: UUID, began: float) -> Claimed:
    earlier = [] if row.earlier_sealed is None else [opened(vault, row.endpoint_id, "earlier", row.earlier_sealed)]
    secret = opened(vault, row.endpoint_id, "secret", row.secret_sealed)
    return Claimed(
        token=token,
        endpoint_id=row.endpoint_id,
        delivery_id=row.id,
        message_id=row.message_id,
        url=row.url,
        secrets=(secret, *earlier),
        body=row.body.encode(),
        claimed_at=began,
    )
