"""The relay's loop: deliver facts, hint at their consequences, wait a moment, until told to stop."""

import threading
from collections.abc import Callable
from typing import Final

import structlog

from core import outbox
from core.db import Database

log = structlog.get_logger(__name__)

IDLE_S: Final = 0.25
TROUBLE_S: Final = 2.0


def run(db: Database, *, stop: threading.Event, hint: Callable[[], None]) -> None:
    """Relay until `stop` is set; several relays share the work.

    `hint` is called after each round that delivered something. Whatever goes wrong, the database being away included,
    is logged and tried again: rows wait.
    """
    while not stop.is_set():
        try:
            delivered = outbox.relay_once(db)
        except Exception as error:  # a relay that stops because the database is away for a moment would need a person
            log.exception("relay_failed", error=type(error).__name__)
            stop.wait(TROUBLE_S)
            continue
        if delivered:
            _hint(hint)
        else:
            stop.wait(IDLE_S)


def _hint(hint: Callable[[], None]) -> None:
    try:
        hint()
    except Exception as error:  # noqa: BLE001 -- the broker is away: the schedule or the next hint does it
        log.warning("hint_lost", error=type(error).__name__)
