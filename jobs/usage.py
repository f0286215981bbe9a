"""The tasks that make usage of readings, and price it."""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final

import structlog

from core import clock
from core.aside import WorkFails
from core.db import WriteSession
from jobs.celery_app import HOUR_S, MINUTE_S, every
from jobs.runtime import database, forget
from notifications.setup import SETUP
from services.usage import flows, operations
from services.usage.operations import PricedMonth, Written

log = structlog.get_logger(__name__)

BUDGET_S: Final = 25.0
TRY_S: Final = 5.0
TRY_BUDGET_S: Final = 20.0


@every(MINUTE_S, "usage.aggregate")
def aggregate(**_: object) -> None:
    """Sum up by day and month what readings, calendars, agreements and versions have changed, each in its turn."""
    until, zone = time.monotonic() + BUDGET_S, SETUP.get().settings.zone
    follows: dict[str, Callable[[WriteSession], Written | None]] = {
        "readings": lambda session: operations.follow_readings(session, zone=zone),
        "versions": lambda session: operations.follow_versions(session, zone=zone),
        "agreements": lambda session: operations.follow_agreements(session, zone=zone),
        "again": lambda session: operations.follow_again(session, zone=zone),
    }
    done: dict[str, Written] = defaultdict(Written)
    failed: WorkFails | None = None
    with database().write() as session:
        done["all"] = operations.look_through(session, now=clock.now(), zone=zone) or Written()
    waits = True
    while waits and time.monotonic() < until:
        waits = False
        for what, follow in [*follows.items()]:
            try:
                with database().write() as session:
                    found = follow(session)
            except WorkFails as error:  # of one kind: the others go on, and then the task fails
                failed, found = error, None
                del follows[what]
            waits, done[what] = waits or found is not None, done[what] + (found or Written())
    for what, written in done.items():
        if written != Written():
            log.info("usage_aggregated", what=what, days=written.days, months=written.months)
    if failed is not None:
        raise failed


@every(TRY_S, "usage.dry_runs")
def dry_runs(**_: object) -> None:
    """Try tariffs on many accounts, as was asked for; what does not fit into the time the next run goes on with."""
    until, zone = time.monotonic() + TRY_BUDGET_S, SETUP.get().settings.zone
    accounts = flows.compare_all(database(), zone=zone, now=clock.now, is_over=lambda: time.monotonic() >= until)
    log.info("dry_runs_compared", accounts=accounts)


@every(HOUR_S, "usage.purge_dry_runs")
def purge_dry_runs(**_: object) -> None:
    """Forget dry runs whose day is over."""
    now = clock.now()
    forget("dry_runs", lambda session, most: operations.purge_dry_runs(session, now=now, most=most))


@every(MINUTE_S, "usage.price")
def price(**_: object) -> None:
    """Price what has no cost of months that are over and of the running one."""
    until, slices = time.monotonic() + BUDGET_S, list[PricedMonth]()
    while time.monotonic() < until:
        with database().write() as session:
            done = operations.price_next(session)
        with database().write() as session:
            is_tried = operations.price_again(session)
        if done is None and not is_tried:
            break
        slices += [] if done is None else [done]
    if slices:
        log.info(
            "usage_priced",
            slices=len(slices),
            by_sql=sum(each.by_sql for each in slices),
            by_engine=sum(each.by_engine for each in slices),
            unpriced=sum(each.unpriced for each in slices),
        )
