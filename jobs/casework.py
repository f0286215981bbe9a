"""Tasks of casework."""

import structlog

from core import clock
from jobs.celery_app import HOUR_S, every
from jobs.runtime import database
from services.casework import operations

log = structlog.get_logger(__name__)


@every(HOUR_S, "casework.expire_requests")
def expire_requests(**_: object) -> None:
    """Close requests for approval that nobody decided within their time."""
    with database().write() as session:
        closed = operations.expire_old(session, now=clock.now())
    log.info("requests_expired", closed=closed)
