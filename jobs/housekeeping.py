"""Tasks of the house itself: what grows is cut, and what must hold is checked."""

from typing import Final

import structlog

from core import idempotency
from jobs.celery_app import app, every
from jobs.runtime import database

log = structlog.get_logger(__name__)

PURGE: Final = "housekeeping.purge_request_keys"
DAY_S: Final = 86_400.0


@app.task(name=PURGE)  # type: ignore[untyped-decorator] # Celery has no types
def purge_request_keys(**_: object) -> None:
    """Forget request keys that are older than they are kept."""
    with database().write() as session:
        log.info("request_keys_purged", count=idempotency.purge(session))


every(DAY_S, PURGE)
