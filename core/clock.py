"""The only reader of the wall clock. Edges call it once and pass `now` down."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)
