"""Tasks of the ledger: house totals are rolled up, expired points go."""

import time
from typing import Final

import structlog

from core import clock
from jobs.celery_app import every
from jobs.runtime import database
from services.ledger import operations

log = structlog.get_logger(__name__)

ROLL_UP_BUDGET_S: Final = 20.0
ROLL_UP_AT_ONCE: Final = 50_000
BOOKS_AT_ONCE: Final = 1000


@every(300.0, "ledger.roll_up")
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


@every(600.0, "ledger.expire_points")
def expire_points(**_: object) -> None:
    """Take away points whose time has come; what one run leaves the next takes."""
    with database().write() as session:
        expired = operations.expire_points(session, now=clock.now(), limit=BOOKS_AT_ONCE)
    log.info("points_expired", books=len(expired))
