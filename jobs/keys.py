"""Tasks of data keys: what an older key sealed is sealed anew, and what stands in clear is sealed."""

import time
from typing import Final

import structlog

from core import rotation
from jobs.celery_app import MINUTE_S, every
from jobs.runtime import database
from notifications.setup import SETUP
from services.accounts import operations as accounts

log = structlog.get_logger(__name__)

BUDGET_S: Final = 20.0


@every(MINUTE_S, "keys.rotate")
def rotate(**_: object) -> None:
    """While the ring has an older key, seal anew what names it; what does not fit into the time the next run takes."""
    vault = SETUP.get().vault
    if len(vault.key_ids) == 1:
        return
    until = time.monotonic() + BUDGET_S
    is_done = rotation.rotate(database(), vault=vault, is_over=lambda: time.monotonic() >= until)
    log.info("keys_rotated", key_id=vault.key_id, is_done=is_done)


@every(10 * MINUTE_S, "keys.seal_notes")
def seal_notes(**_: object) -> None:
    """Seal notes of staff that a process of an earlier release wrote in clear; what is cut off goes on next time."""
    vault, count = SETUP.get().vault, accounts.NOTES_AT_ONCE
    while count == accounts.NOTES_AT_ONCE:
        with database().write() as session:
            count = accounts.seal_notes(session, vault=vault)
        log.info("notes_sealed", count=count)
