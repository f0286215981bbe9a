"""Tasks of people's rights over their data."""

from typing import Final

import structlog

from core import clock
from jobs.celery_app import app, every
from jobs.runtime import database, forget
from notifications.setup import SETUP
from services.identity import flows, operations

log = structlog.get_logger(__name__)

ERASE: Final = "identity.erase_due"
EXPORT: Final = "identity.make_exports"
PURGE: Final = "identity.purge_exports"
ERASE_S: Final = 600.0
EXPORT_S: Final = 10.0
PURGE_S: Final = 3_600.0


@app.task(name=ERASE)  # type: ignore[untyped-decorator] # Celery has no types
def erase_due(**_: object) -> None:
    """Erase everybody who asked for it a week ago; a payment under way puts it off by an hour."""
    erased = flows.erase_due(database(), vault=SETUP.get().vault, now=clock.now())
    log.info("people_erased", count=erased)


@app.task(name=EXPORT)  # type: ignore[untyped-decorator] # Celery has no types
def make_exports(**_: object) -> None:
    """Make the copies of their data that people have asked for."""
    made = flows.make_exports(database(), vault=SETUP.get().vault, now=clock.now())
    log.info("exports_made", count=made)


@app.task(name=PURGE)  # type: ignore[untyped-decorator] # Celery has no types
def purge_exports(**_: object) -> None:
    """Forget copies that nobody has taken within three days."""
    now = clock.now()
    forget("exports", lambda session, most: operations.purge_exports(session, now=now, most=most))


every(ERASE_S, ERASE)
every(EXPORT_S, EXPORT)
every(PURGE_S, PURGE)
