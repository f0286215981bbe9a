"""The feed of payments as it is read: pages behind a number, every page the same whenever it is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.db import ReadSession, statement
from core.pagination import BadCursor, Cursors

_SCOPE: Final = "payments-feed"

BEGINNING: Final = 0
END: Final = 2**63 - 1
WINDOW: Final = 20_000
"""How many facts one page visits for a reader of some units: some ten milliseconds."""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Facts with their numbers, each as JSON text, and where the next page begins."""

    facts: Sequence[tuple[int, str]]
    place: int
    has_more: bool


def cursor_of(cursors: Cursors, place: int) -> str:
    """A place in the feed for readers: the same for all of them, since what they may read is decided anew each time."""
    return cursors.make(scope=_SCOPE, position=[place])


def place_of(cursors: Cursors, cursor: str) -> int:
    """The place that a cursor names; raises BadCursor."""
    match cursors.open(cursor, scope=_SCOPE):
        case [int(place)]:
            return place
        case _:
            raise BadCursor


def page(
    session: ReadSession, *, after: int, limit: int, units: Sequence[int] | None = None, until: int = END
) -> FeedPage:
    """Up to `limit` facts behind the number `after`, none behind `until`; of these units, or with None of all.

    A page may be short or empty while there are more (`has_more`): read on from its place.
    """
    rows = session.sql(
        statement(__package__, "feed_page.sql"),
        after=after,
        until=until,
        window=limit if units is None else WINDOW,
        sees_all=units is None,
        units=[] if units is None else list(units),
        limit=limit,
    ).all()
    return FeedPage([(row.no, row.item) for row in rows if row.no is not None], rows[0].place, rows[0].has_more)


def numbers_between(session: ReadSession, *, since: datetime, before: datetime) -> tuple[int, int] | None:
    """The first and the last number among what was recorded in this time. Served by ix_payment_feed_recorded_at."""
    row = session.sql(
        """select min(no) as first_no, max(no) as last_no from payment_feed
           where recorded_at >= :since and recorded_at < :before""",
        since=since,
        before=before,
    ).one()
    return None if row.first_no is None else (row.first_no, row.last_no)


def last_number(session: ReadSession) -> int:
    """The last number that was given."""
    found: int = session.sql("select last_no from payment_feed_state where id = 1").scalar_one()
    return found
