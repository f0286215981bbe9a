"""Tasks of files that staff asked for."""

import time
from typing import Final

import structlog

from core import clock
from jobs.celery_app import HOUR_S, every
from jobs.runtime import database, forget
from notifications.setup import SETUP
from services.casework import flows, operations

log = structlog.get_logger(__name__)

WRITE_S: Final = 5.0
BUDGET_S: Final = 20.0


@every(WRITE_S, "casework.write_files")
def write_files(**_: object) -> None:
    """Write the lists that staff asked for as files; what does not fit into the time the next run goes on with."""
    until = time.monotonic() + BUDGET_S
    written = flows.write_files(
        database(), vault=SETUP.get().vault, now=clock.now, is_over=lambda: time.monotonic() >= until
    )
    log.info("files_written", pieces=written)


@every(HOUR_S, "casework.purge_files")
def purge_files(**_: object) -> None:
    """Forget files whose day is over."""
    now = clock.now()
    forget("files", lambda session, most: operations.purge_files(session, now=now, most=most))
