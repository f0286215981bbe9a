"""Times as Chinese providers write them."""

from datetime import datetime, timedelta, timezone
from typing import Final

BEIJING: Final = timezone(timedelta(hours=8))
"""Both providers write, count and close their days here, wherever the merchant is."""


def rfc3339(seconds: float) -> str:
    """`2026-06-15T12:00:00+08:00`."""
    return datetime.fromtimestamp(seconds, BEIJING).isoformat(timespec="seconds")


def plain(seconds: float) -> str:
    """`2026-06-15 12:00:00`, in Beijing."""
    return datetime.fromtimestamp(seconds, BEIJING).strftime("%Y-%m-%d %H:%M:%S")
