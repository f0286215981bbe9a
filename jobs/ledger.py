"""Tasks of the ledger: house totals are rolled up, expired points go."""

from typing import Final

import structlog

from core import clock
from jobs.celery_app import app, every
from jobs.runtime import database
from services.ledger import operations

log = structlog.get_logger(__name__)

ROLL_UP: Final = "ledger.roll_up"
EXPIRE: Final = "ledger.expire_points"
ROLL_UP_S: Final = 300.0
EXPIRE_S: Final = 600.0
BOOKS_AT_ONCE: Final = 1000


@app.task(name=ROLL_UP)  # type: ignore[untyped-decorator] # Celery has no types
def roll_up(**_: object) -> None:
    """Add what was posted since to the house totals, so that a trial balance reads little."""
    with database().write() as session:
        operations.roll_up(session)


@app.task(name=EXPIRE)  # type: ignore[untyped-decorator] # Celery has no types
def expire_points(**_: object) -> None:
    """Take away points whose time has come; what one run leaves the next takes."""
    with database().write() as session:
        expired = operations.expire_points(session, now=clock.now(), limit=BOOKS_AT_ONCE)
    log.info("points_expired", books=len(expired))


every(ROLL_UP_S, ROLL_UP)
every(EXPIRE_S, EXPIRE)
