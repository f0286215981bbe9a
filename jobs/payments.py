"""Tasks of payments. Any number may run at once: rows are claimed, not tasks."""

import time
from functools import partial
from typing import Final

from core import clock
from jobs.celery_app import DAY_S, HOUR_S, PAYMENTS_QUEUE, every, hint
from jobs.runtime import database, forget
from notifications.setup import SETUP
from services.payments import flows, operations
from services.payments.queries import merchants

NUMBER_BUDGET_S: Final = 20.0
AT_ONCE: Final = 100


@every(5.0, "payments.check_attempts", queue=PAYMENTS_QUEUE)
def check_attempts(**_: object) -> None:
    """Ask providers about attempts whose question is due, and close those that are over; go on while there are more.

    Every tick of the clock begins another such chain: a long queue is worked at by all workers.
    """
    if flows.check_due(database(), vault=SETUP.get().vault, now=clock.now()).may_have_more:
        hint(check_attempts)


@every(5.0, "payments.check_refunds", queue=PAYMENTS_QUEUE)
def check_refunds(**_: object) -> None:
    """Ask providers for refunds that were decided, and how those stand that they took."""
    flows.check_refunds_due(database(), now=clock.now())


@every(10.0, "payments.apply_callbacks", queue=PAYMENTS_QUEUE)
def apply_callbacks(**_: object) -> None:
    """Apply callbacks that could not be applied when they came."""
    for source in merchants.sources():
        flows.apply_stored_callbacks(database(), source=source, now=clock.now(), limit=AT_ONCE)


@every(HOUR_S, "payments.refresh_keys")
def refresh_keys(**_: object) -> None:
    """Fetch the certificates of providers that change them by themselves."""
    for source in merchants.sources():
        flows.refresh_keys(database(), source=source, now=clock.now())


@every(2.0, "payments.number_feed", queue=PAYMENTS_QUEUE)
def number_feed(**_: object) -> None:
    """Number the facts of the feed of payments; what does not fit into the time the next run goes on with."""
    until = time.monotonic() + NUMBER_BUDGET_S
    flows.number_feed(database(), is_over=lambda: time.monotonic() >= until)


@every(DAY_S, "payments.purge_guesses")
def purge_guesses(**_: object) -> None:
    """Forget wrong guesses that no limit counts any more."""
    forget("guesses", partial(operations.purge_failures, now=clock.now()))


@every(DAY_S, "payments.purge_quotes")
def purge_quotes(**_: object) -> None:
    """Forget quotes that ended 30 days ago and that no order names."""
    forget("quotes", partial(operations.purge_quotes, now=clock.now()))
