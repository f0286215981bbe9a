"""The task that judges customer data: a round a day, in slices."""

import time
from typing import Final

import structlog

from core import clock
from core.periods import business_date
from jobs.celery_app import MINUTE_S, every
from jobs.runtime import database
from notifications.setup import SETUP
from services.accounts import operations

log = structlog.get_logger(__name__)

BUDGET_S: Final = 20.0


@every(MINUTE_S, "quality.judge")
def judge(**_: object) -> None:
    """Go on with the day's round over all accounts; when it is at its end, nothing is done until the next day."""
    until = time.monotonic() + BUDGET_S
    today = business_date(clock.now(), SETUP.get().settings.zone)
    slices, has_more = 0, True
    while has_more and time.monotonic() < until:
        with database().write() as session:
            has_more = operations.judge_next(session, today=today)
        slices += 1
    log.debug("quality_judged", slices=slices, has_more=has_more)
