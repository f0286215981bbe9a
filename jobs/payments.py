"""Tasks of payments. Any number may run at once: rows are claimed, not tasks."""

import time
from typing import Final

import structlog
from kombu.exceptions import OperationalError

from core import clock
from jobs.celery_app import PAYMENTS_QUEUE, app, every
from jobs.runtime import database, forget
from notifications.setup import SETUP
from services.payments import flows, operations, queries

log = structlog.get_logger(__name__)

CHECK: Final = "payments.check_attempts"
REFUNDS: Final = "payments.check_refunds"
CALLBACKS: Final = "payments.apply_callbacks"
KEYS: Final = "payments.refresh_keys"
PURGE: Final = "payments.purge_guesses"
PURGE_QUOTES: Final = "payments.purge_quotes"
NUMBER: Final = "payments.number_feed"
CHECK_S: Final = 5.0
CALLBACKS_S: Final = 10.0
KEYS_S: Final = 3600.0
PURGE_S: Final = 86_400.0
NUMBER_S: Final = 2.0
NUMBER_BUDGET_S: Final = 20.0
AT_ONCE: Final = 100


@app.task(name=CHECK)  # type: ignore[untyped-decorator] # Celery has no types
def check_attempts(**_: object) -> None:
    """Ask providers about attempts whose question is due, and close those that are over; go on while there are more.

    Every tick of the clock begins another such chain: a long queue is worked at by all workers.
    """
    asked = flows.check_due(database(), vault=SETUP.get().vault, now=clock.now())
    if not asked.may_have_more:
        return
    try:
        app.send_task(CHECK, queue=PAYMENTS_QUEUE, expires=CHECK_S, retry=False)
    except OperationalError as error:
        log.warning("hint_lost", error=type(error).__name__)


@app.task(name=REFUNDS)  # type: ignore[untyped-decorator] # Celery has no types
def check_refunds(**_: object) -> None:
    """Ask providers for refunds that were decided, and how those stand that they took."""
    flows.check_refunds_due(database(), now=clock.now())


@app.task(name=CALLBACKS)  # type: ignore[untyped-decorator] # Celery has no types
def apply_callbacks(**_: object) -> None:
    """Apply callbacks that could not be applied when they came."""
    for source in queries.provider_names():
        flows.apply_stored_callbacks(database(), source=source, now=clock.now(), limit=AT_ONCE)


@app.task(name=KEYS)  # type: ignore[untyped-decorator] # Celery has no types
def refresh_keys(**_: object) -> None:
    """Fetch the certificates of providers that change them by themselves."""
    for name in queries.provider_names():
        flows.refresh_keys(database(), name=name, now=clock.now())


@app.task(name=NUMBER)  # type: ignore[untyped-decorator] # Celery has no types
def number_feed(**_: object) -> None:
    """Number the facts of the feed of payments; what does not fit into the time the next run goes on with."""
    until = time.monotonic() + NUMBER_BUDGET_S
    flows.number_feed(database(), is_over=lambda: time.monotonic() >= until)


@app.task(name=PURGE)  # type: ignore[untyped-decorator] # Celery has no types
def purge_guesses(**_: object) -> None:
    """Forget wrong guesses that no limit counts any more."""
    now = clock.now()
    forget("guesses", lambda session, most: operations.purge_failures(session, now=now, most=most))


@app.task(name=PURGE_QUOTES)  # type: ignore[untyped-decorator] # Celery has no types
def purge_quotes(**_: object) -> None:
    """Forget quotes that ended 30 days ago and that no order names."""
    now = clock.now()
    forget("quotes", lambda session, most: operations.purge_quotes(session, now=now, most=most))


every(CHECK_S, CHECK, queue=PAYMENTS_QUEUE)
every(CHECK_S, REFUNDS, queue=PAYMENTS_QUEUE)
every(CALLBACKS_S, CALLBACKS, queue=PAYMENTS_QUEUE)
every(NUMBER_S, NUMBER, queue=PAYMENTS_QUEUE)
every(KEYS_S, KEYS)
every(PURGE_S, PURGE)
every(PURGE_S, PURGE_QUOTES)
