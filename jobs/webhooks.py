"""Webhooks: the loop that sends them, and the task that forgets them.

The loop runs in the relay's process, beside the facts that it tells on, and not as a task: an endpoint that takes its
time would hold one of the worker's few processes, and with it payments and messages.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog

from core.crypto.vault import Vault
from core.db import Database
from jobs.celery_app import DAY_S, every
from jobs.runtime import forget
from notifications.webhooks import delivery
from notifications.webhooks.delivery import Claimed
from notifications.webhooks.ports import WebhookCaller

log = structlog.get_logger(__name__)

AT_ONCE: Final = 8
"""Calls at the same time, each to another endpoint: so many may be slow before any other waits."""

IDLE_S: Final = 0.5
TROUBLE_S: Final = 2.0


def run(db: Database, *, vault: Vault, caller: WebhookCaller, stop: threading.Event) -> None:
    """Send what is due until `stop` is set; several such loops share the work.

    Nothing is claimed before there is a place to send it from, and whoever has sent something takes up what is due
    next. What goes wrong is logged and tried again: rows wait.
    """
    places = threading.Semaphore(AT_ONCE)

    def send(first: Claimed) -> None:
        claimed: Claimed | None = first
        try:
            while claimed is not None:
                delivery.send(db, caller=caller, claimed=claimed)
                claimed = None if stop.is_set() else delivery.claim_next(db, vault=vault)
        except Exception as error:  # the lease ends, and it is sent again
            log.exception("webhook_failed", error=type(error).__name__)
        finally:
            places.release()

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhooks") as pool:
        while not stop.is_set():
            if not places.acquire(timeout=IDLE_S):
                continue
            try:
                claimed = delivery.claim_next(db, vault=vault)
            except Exception as error:  # as the relay's: a loop that ends because the database is away needs a person
                log.exception("webhooks_failed", error=type(error).__name__)
                places.release()
                stop.wait(TROUBLE_S)
                continue
            if claimed is None:
                places.release()
                stop.wait(IDLE_S)
            else:
                pool.submit(send, claimed)


@every(DAY_S, "webhooks.purge")
def purge(**_: object) -> None:
    """Forget what programs were told more than 30 days ago."""
    forget("webhooks", delivery.purge)
