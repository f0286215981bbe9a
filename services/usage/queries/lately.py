"""The last days of an account in one statement: for the page that everybody opens first."""

from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from core.db import ReadSession, statement
from services.usage.queries.views import BarQuality, LastDay
from services.usage.rules.measures import kwh_of

WEEK: Final = 7


def last_days(session: ReadSession, *, account_id: int, before: date, since: date | None) -> list[LastDay]:
    """Up to seven days before one, and from `since` on, of which something is known; the earliest first."""
    rows = session.sql(
        statement(__package__, "last_days.sql"), account_id=account_id, before=before, since=since, most=WEEK
    ).all()
    return [LastDay(row.day, kwh_of(row.energy), _quality(row)) for row in reversed(rows)]


def _quality(row: sa.Row[Any]) -> BarQuality:
    if row.is_partial:
        return BarQuality.PARTIAL
    return BarQuality.ESTIMATED if row.is_estimated else BarQuality.ACTUAL
