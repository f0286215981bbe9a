"""Tasks of the house itself: what grows is cut, and what must hold is checked."""

from datetime import timedelta
from functools import partial
from typing import Final

from core import clock, idempotency, inbox, intake
from jobs.celery_app import DAY_S, MINUTE_S, every
from jobs.runtime import database, forget
from notifications.setup import SETUP
from services.accounts import operations as accounts
from services.billing import flows
from services.metering import operations as metering

RANGES: Final = 1_000


@every(DAY_S, "housekeeping.purge_request_keys")
def purge_request_keys(**_: object) -> None:
    """Forget request keys that are older than they are kept."""
    forget("request keys", idempotency.purge)


@every(DAY_S, "housekeeping.purge_callbacks")
def purge_callbacks(**_: object) -> None:
    """Forget callbacks that were applied more than 90 days ago."""
    forget("callbacks", inbox.purge)


@every(DAY_S, "housekeeping.purge_link_failures")
def purge_link_failures(**_: object) -> None:
    """Forget failed tries to link an account that are older than 30 days."""
    forget("link failures", partial(accounts.purge_link_failures, now=clock.now()))


@every(DAY_S, "housekeeping.purge_invitations")
def purge_invitations(**_: object) -> None:
    """End invitations that nobody took up, their telephones with them, and forget those older than 90 days."""
    forget("invitations", partial(accounts.purge_invitations, now=clock.now()))


@every(DAY_S, "housekeeping.purge_corrections")
def purge_corrections(**_: object) -> None:
    """Forget corrections of locked data that were proposed and not decided in time."""
    forget("corrections", partial(accounts.purge_corrections, now=clock.now()))


@every(DAY_S, "housekeeping.purge_imports")
def purge_imports(**_: object) -> None:
    """Forget imports that ended 400 days ago, and rejects that no file has explained for a day beyond the first."""
    forget("imports", intake.purge)
    forget("rejects of imports", intake.trim_old)


@every(DAY_S, "housekeeping.purge_reading_photos")
def purge_reading_photos(**_: object) -> None:
    """Forget pictures of meters that were sent longer ago than they are kept."""
    before = clock.now() - timedelta(days=SETUP.get().settings.readings_photo_days)
    forget("pictures of meters", partial(metering.purge_photos, before=before))


@every(MINUTE_S, "housekeeping.check_books")
def check_books(**_: object) -> None:
    """Judge the next ranges of books, bills and payments; a round begins once an hour, and a breach is an alarm."""
    flows.check_next(database(), now=clock.now(), most_ranges=RANGES)
