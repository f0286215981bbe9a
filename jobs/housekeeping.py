"""Tasks of the house itself: what grows is cut, and what must hold is checked."""

from typing import Final

from core import clock, idempotency, inbox, intake
from jobs.celery_app import app, every
from jobs.runtime import database, forget
from services.accounts import operations as accounts
from services.billing import flows

PURGE: Final = "housekeeping.purge_request_keys"
PURGE_CALLBACKS: Final = "housekeeping.purge_callbacks"
PURGE_LINKS: Final = "housekeeping.purge_link_failures"
PURGE_INVITATIONS: Final = "housekeeping.purge_invitations"
PURGE_CORRECTIONS: Final = "housekeeping.purge_corrections"
PURGE_IMPORTS: Final = "housekeeping.purge_imports"
CHECK: Final = "housekeeping.check_books"
DAY_S: Final = 86_400.0
CHECK_S: Final = 60.0
RANGES: Final = 1_000


@app.task(name=PURGE)  # type: ignore[untyped-decorator] # Celery has no types
def purge_request_keys(**_: object) -> None:
    """Forget request keys that are older than they are kept."""
    forget("request keys", lambda session, most: idempotency.purge(session, most=most))


@app.task(name=PURGE_CALLBACKS)  # type: ignore[untyped-decorator] # Celery has no types
def purge_callbacks(**_: object) -> None:
    """Forget callbacks that were applied more than 90 days ago."""
    forget("callbacks", lambda session, most: inbox.purge(session, most=most))


@app.task(name=PURGE_LINKS)  # type: ignore[untyped-decorator] # Celery has no types
def purge_link_failures(**_: object) -> None:
    """Forget failed tries to link an account that are older than 30 days."""
    now = clock.now()
    forget("link failures", lambda session, most: accounts.purge_link_failures(session, now=now, most=most))


@app.task(name=PURGE_INVITATIONS)  # type: ignore[untyped-decorator] # Celery has no types
def purge_invitations(**_: object) -> None:
    """End invitations that nobody took up, their telephones with them, and forget those older than 90 days."""
    now = clock.now()
    forget("invitations", lambda session, most: accounts.purge_invitations(session, now=now, most=most))


@app.task(name=PURGE_CORRECTIONS)  # type: ignore[untyped-decorator] # Celery has no types
def purge_corrections(**_: object) -> None:
    """Forget corrections of locked data that were proposed and not decided in time."""
    now = clock.now()
    forget("corrections", lambda session, most: accounts.purge_corrections(session, now=now, most=most))


@app.task(name=PURGE_IMPORTS)  # type: ignore[untyped-decorator] # Celery has no types
def purge_imports(**_: object) -> None:
    """Forget imports that ended 400 days ago, and rejects that no file has explained for a day beyond the first."""
    forget("imports", lambda session, most: intake.purge(session, most=most))
    forget("rejects of imports", lambda session, most: intake.trim_old(session, most=most))


@app.task(name=CHECK)  # type: ignore[untyped-decorator] # Celery has no types
def check_books(**_: object) -> None:
    """Judge the next ranges of books, bills and payments; a round begins once an hour, and a breach is an alarm."""
    flows.check_next(database(), now=clock.now(), most_ranges=RANGES)


every(DAY_S, PURGE)
every(DAY_S, PURGE_CALLBACKS)
every(DAY_S, PURGE_LINKS)
every(DAY_S, PURGE_INVITATIONS)
every(DAY_S, PURGE_CORRECTIONS)
every(DAY_S, PURGE_IMPORTS)
every(CHECK_S, CHECK)
