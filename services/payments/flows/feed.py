"""Numbering the feed of payments, a slice in each transaction."""

from collections.abc import Callable
from typing import Final

from core import faults
from core.db import Database
from services.payments import operations

FACTS_AT_ONCE: Final = 5_000
ACCOUNTS_AT_ONCE: Final = 2_000


def number_feed(db: Database, *, is_over: Callable[[], bool]) -> int:
    """Number what was noted, until nothing is left or `is_over`; answers how many rows it worked on.

    A crash leaves whole slices; any number may run at once, of which one works.
    """
    done = 0
    while not is_over():
        faults.point("payments.feed.before_slice")
        with db.write() as session:
            count = operations.number_feed(session, most=FACTS_AT_ONCE, accounts=ACCOUNTS_AT_ONCE)
            faults.point("payments.feed.before_commit")
        faults.point("payments.feed.committed")
        if not count:
            break
        done += count
    return done
