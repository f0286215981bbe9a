"""Tasks of the ledger: house totals are rolled up, expired points go."""

import time
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
ROLL_UP_BUDGET_S: Final = 20.0
ROLL_UP_AT_ONCE: Final = 50_000
EXPIRE_S: Final = 600.0
BOOKS_AT_ONCE: Final = 1000


@app.task(name=ROLL_UP)  # type: ignore[untyped-decorator] # Celery has no types
def roll_up(**_: object) -> None:
    """Add what was posted since to the house totals, so that a trial balance reads little.

    After an import that is many slices, each a transaction; what does not fit into the time the next run goes on with.
    """
    until = time.monotonic() + ROLL_UP_BUDGET_S
    is_behind = True
    while is_behind and time.monotonic() < until:
        with database().write() as session:
            horizon = operations.roll_up(session, most=ROLL_UP_AT_ONCE)
            is_behind = operations.roll_up_is_behind(session)
        log.debug("ledger_rolled_up", horizon=horizon)


@app.task(name=EXPIRE)  # type: ignore[untyped-decorator] # Celery has no types
def expire_points(**_: object) -> None:
    """Take away points whose time has come; what one run leaves the next takes."""
    with database().write() as session:
        expired = operations.expire_points(session, now=clock.now(), limit=BOOKS_AT_ONCE)
    log.info("points_expired", books=len(expired))


every(ROLL_UP_S, ROLL_UP)
every(EXPIRE_S, EXPIRE)
