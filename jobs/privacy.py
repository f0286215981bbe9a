"""Tasks of people's rights over their data."""

from functools import partial

import structlog

from core import clock
from jobs.celery_app import HOUR_S, every
from jobs.runtime import database, forget
from notifications.setup import SETUP
from services.identity import flows, operations

log = structlog.get_logger(__name__)


@every(600.0, "identity.erase_due")
def erase_due(**_: object) -> None:
    """Erase everybody who asked for it a week ago; a payment under way puts it off by an hour."""
    erased = flows.erase_due(database(), vault=SETUP.get().vault, now=clock.now())
    log.info("people_erased", count=erased)


@every(10.0, "identity.make_exports")
def make_exports(**_: object) -> None:
    """Make the copies of their data that people have asked for."""
    made = flows.make_exports(database(), vault=SETUP.get().vault, now=clock.now())
    log.info("exports_made", count=made)


@every(HOUR_S, "identity.purge_exports")
def purge_exports(**_: object) -> None:
    """Forget copies that nobody has taken within three days."""
    forget("exports", partial(operations.purge_exports, now=clock.now()))
