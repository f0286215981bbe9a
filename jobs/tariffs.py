"""The task that makes the calendar of tariffs ahead."""

from typing import Final

import structlog

from core import clock
from core.periods import business_date
from jobs.celery_app import DAY_S, every
from jobs.runtime import database
from notifications.setup import SETUP
from services.tariffs import operations

log = structlog.get_logger(__name__)

AT_ONCE: Final = 20
"""Versions in one transaction: a year of days of each when the task was away for a year."""


@every(DAY_S, "tariffs.make_days")
def make_days(**_: object) -> None:
    """Say which price period holds when, for each published version up to 400 days ahead."""
    zone = SETUP.get().settings.zone
    today = business_date(clock.now(), zone)
    made, versions = AT_ONCE, 0
    while made == AT_ONCE:
        with database().write() as session:
            made = operations.make_ahead(session, today=today, zone=zone, most=AT_ONCE)
        versions += made
    log.info("tariff_days_made", versions=versions)
