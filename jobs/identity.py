"""Tasks of identity."""

import structlog

from core import clock
from jobs.celery_app import DAY_S, every
from jobs.runtime import database
from services.identity import operations

log = structlog.get_logger(__name__)


@every(DAY_S, "identity.purge_spent")
def purge_spent(**_: object) -> None:
    """Forget codes, invitations and sessions that ended 30 days ago, and counters that limit nothing any more."""
    now = clock.now()
    is_all = False
    while not is_all:
        with database().write() as session:
            purged = operations.purge_spent(session, now=now)
        log.info(
            "spent_purged",
            challenges=purged.challenges,
            limits=purged.limits,
            sessions=purged.sessions,
            staff=purged.staff,
            followers=purged.followers,
        )
        is_all = purged.is_all
