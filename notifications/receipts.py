"""Receipts of text messages: kept once, then believed only where they fit what we know."""

import json
from typing import Final
from uuid import UUID

import structlog

from core import inbox
from core.db import Database, WriteSession, statement, to_json
from core.inbox import Callback
from notifications.delivery import record
from notifications.ports import Outcome, Report, SmsChannel
from notifications.setup import SETUP
from notifications.states import Finding, Source

log = structlog.get_logger(__name__)

_KNOWN: Final = statement(__package__, "known_of_attempt.sql")
BLIND_KIND: Final = "wire_number"


def receive(session: WriteSession, *, sms: SmsChannel, reports: list[Report]) -> None:
    """Keep each report of a push once and apply it.

    The telephone number is not kept, only its keyed hash. A report that fails to apply stays for `apply_due`.
    """
    vault = SETUP.get().vault
    for report in reports:
        kept = {
            "reference": report.reference,
            "provider_ref": report.provider_ref,
            "is_delivered": report.is_delivered,
            "code": report.code,
            "number_blind": vault.blind(BLIND_KIND, report.number).hex(),
        }
        callback = inbox.receive(session, source=sms.name, external_id=report.external_id, body=to_json(kept).encode())
        inbox.apply(session, callback, apply_report)


def apply_due(db: Database, *, limit: int = 100) -> int:
    """Try receipts again that failed to apply; returns how many were tried."""
    sms = SETUP.get().sms
    tried = 0
    while sms is not None and tried < limit:
        with db.write() as session:
            callback = inbox.claim_due(session, source=sms.name)
            if callback is None:
                break
            inbox.apply(session, callback, apply_report)
        tried += 1
    return tried


def apply_report(session: WriteSession, callback: Callback) -> None:
    """Move the message of one kept report.

    One that names no attempt of ours (one-time codes have none), or another telephone or number, changes nothing.
    """
    kept = json.loads(callback.body)
    try:
        attempt_id = UUID(kept["reference"])
    except ValueError:
        return
    if not _fits(session, attempt_id, number_blind=kept["number_blind"], provider_ref=kept["provider_ref"]):
        log.info("receipt_not_ours", inbox_id=callback.id)
        return
    finding = Finding.DELIVERED if kept["is_delivered"] else Finding.FAILED
    outcome = Outcome(finding, None if kept["is_delivered"] else kept["code"], kept["provider_ref"])
    record(session, attempt_id=attempt_id, source=Source.RECEIPT, outcome=outcome)


def _fits(session: WriteSession, attempt_id: UUID, *, number_blind: str, provider_ref: str) -> bool:
    """Say whether telephone and provider's number are those of the attempt, where it has such a number already."""
    setup = SETUP.get()
    row = session.sql(_KNOWN, attempt_id=attempt_id).one_or_none()
    if row is None or setup.sms is None or row.address_sealed is None:  # the last: its person is erased
        return False
    phone = setup.vault.open(table="message", column="address", owner=row.owner, sealed=bytes(row.address_sealed))
    is_number = setup.vault.blind(BLIND_KIND, setup.sms.wire_number(phone)).hex() == number_blind
    return is_number and row.known_ref in {None, provider_ref}
