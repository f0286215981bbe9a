"""The tasks that estimate missing readings, find odd ones, and let readings follow their meters, in slices."""

import time
from typing import Final

import structlog

from core import clock
from core.periods import business_date
from jobs.celery_app import MINUTE_S, every
from jobs.runtime import database
from notifications.setup import SETUP
from services.metering import operations

log = structlog.get_logger(__name__)

BUDGET_S: Final = 20.0
MONTHS_AHEAD: Final = 2


@every(MINUTE_S, "metering.estimate")
def estimate(**_: object) -> None:
    """Make the coming months' room, and estimate what is missing for long enough, where days changed or are due."""
    settings, now = SETUP.get().settings, clock.now()
    today = business_date(now, settings.zone)
    with database().write() as session:
        operations.make_months(session, today=today, ahead=MONTHS_AHEAD)
    until, has_more, slices = time.monotonic() + BUDGET_S, True, 0
    while has_more and time.monotonic() < until:
        with database().write() as session:
            has_more = operations.estimate_next(
                session,
                today=today,
                after_days=settings.readings_estimate_after_days,
                linear_minutes=settings.readings_linear_minutes,
                zone=settings.zone,
                now=now,
            )
        slices += 1
    log.debug("readings_estimated", slices=slices, has_more=has_more)


@every(MINUTE_S, "metering.validate")
def validate(**_: object) -> None:
    """Find what is odd where days changed: spikes, days of nothing, sums that differ."""
    settings, now = SETUP.get().settings, clock.now()
    today = business_date(now, settings.zone)
    until, has_more, slices = time.monotonic() + BUDGET_S, True, 0
    while has_more and time.monotonic() < until:
        with database().write() as session:
            has_more = operations.validate_next(session, today=today, zone=settings.zone, now=now)
        slices += 1
    log.debug("readings_validated", slices=slices, has_more=has_more)


@every(MINUTE_S, "metering.move")
def move(**_: object) -> None:
    """Let readings follow meters of which it was said since where they were: to other accounts, or into quarantine."""
    settings, now = SETUP.get().settings, clock.now()
    sender = operations.Sender(
        operations.ReadingSource.FILE, operations.MOVER, settings.zone, now, operations.limits_of(settings)
    )
    until, has_more, pieces = time.monotonic() + BUDGET_S, True, 0
    while has_more and time.monotonic() < until:
        with database().write() as session:
            has_more = operations.move_next(session, sender=sender)
        pieces += has_more
    log.debug("readings_moved", pieces=pieces, has_more=has_more)
