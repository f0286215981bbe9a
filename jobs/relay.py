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
LOOK_S: Final = 1.0


def run(db: Database, *, stop: threading.Event, hint: Callable[[], None]) -> None:
    """Relay until `stop` is set; several relays share the work.

    `hint` is called soon after something was delivered, beside the loop: a broker that is away or frozen holds nothing
    up. Whatever goes wrong, the database being away included, is logged and tried again: rows wait.
    """
    told = threading.Event()
    threading.Thread(target=_hint_when_told, args=(told, stop, hint), name="hints", daemon=True).start()
    while not stop.is_set():
        try:
            delivered = outbox.relay_once(db)
        except Exception as error:  # a relay that stops because the database is away for a moment would need a person
            log.exception("relay_failed", error=type(error).__name__)
            stop.wait(TROUBLE_S)
            continue
        if delivered:
            told.set()
        else:
            stop.wait(IDLE_S)


def _hint_when_told(told: threading.Event, stop: threading.Event, hint: Callable[[], None]) -> None:
    while not stop.is_set():
        if not told.wait(LOOK_S):
            continue
        told.clear()
        try:
            hint()
        except Exception as error:  # noqa: BLE001 -- the broker is away: the schedule or the next hint does it
            log.warning("hint_lost", error=type(error).__name__)
