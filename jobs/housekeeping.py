"""Tasks of the house itself: what grows is cut, and what must hold is checked."""

from typing import Final

import structlog

from core import clock, idempotency
from jobs.celery_app import app, every
from jobs.runtime import database
from services.billing import flows

log = structlog.get_logger(__name__)

PURGE: Final = "housekeeping.purge_request_keys"
CHECK: Final = "housekeeping.check_books"
DAY_S: Final = 86_400.0
CHECK_S: Final = 60.0
RANGES: Final = 20


@app.task(name=PURGE)  # type: ignore[untyped-decorator] # Celery has no types
def purge_request_keys(**_: object) -> None:
    """Forget request keys that are older than they are kept."""
    with database().write() as session:
        log.info("request_keys_purged", count=idempotency.purge(session))


@app.task(name=CHECK)  # type: ignore[untyped-decorator] # Celery has no types
def check_books(**_: object) -> None:
    """Judge the next ranges of books, bills and payments; a round begins once an hour, and a breach is an alarm."""
    flows.check_next(database(), now=clock.now(), most_ranges=RANGES)


every(DAY_S, PURGE)
every(CHECK_S, CHECK)
