"""Tasks of casework."""

from typing import Final

import structlog

from core import clock
from jobs.celery_app import app, every
from jobs.runtime import database
from services.casework import operations

log = structlog.get_logger(__name__)

EXPIRE: Final = "casework.expire_requests"
HOUR_S: Final = 3_600.0


@app.task(name=EXPIRE)  # type: ignore[untyped-decorator] # Celery has no types
def expire_requests(**_: object) -> None:
    """Close requests for approval that nobody decided within their time."""
    with database().write() as session:
        closed = operations.expire_old(session, now=clock.now())
    log.info("requests_expired", closed=closed)


every(HOUR_S, EXPIRE)
