"""Every interval of some days as the JSON of a drawing: a year of quarter-hours is one statement and one text."""

from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from core.db import ReadSession, statement
from core.periods import Period

HOT_INTERVALS: Final = statement(__package__, "drawn_intervals.sql")
TOTALS: Final = "totals"
"""What it answers for an access that sees sums alone."""


def hot_intervals_of(
    *, session_id: UUID, user_id: UUID, account_no: str, span: Period, zone: ZoneInfo
) -> dict[str, object]:
    """What the statement asks for."""
    return {
        "session_id": session_id,
        "user_id": user_id,
        "account_no": account_no,
        "first": span.first,
        "end": span.end,
        "zone": zone.key,
    }


def intervals(
    session: ReadSession, *, session_id: UUID, user_id: UUID, account_no: str, span: Period, zone: ZoneInfo
) -> str | None:
    """The same within a transaction: the text, '' when the session has ended, None without access."""
    given = hot_intervals_of(session_id=session_id, user_id=user_id, account_no=account_no, span=span, zone=zone)
    found: str | None = session.sql(HOT_INTERVALS, **given).scalar_one_or_none()
    return found
