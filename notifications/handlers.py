"""What this package wants to hear of; `app.wiring` subscribes."""

from collections.abc import Callable
from typing import Any, Final

from core.outbox import Event
from notifications.messages import billing
from services.billing.events import BillIssued

SUBSCRIPTIONS: Final[list[tuple[type[Event], Callable[..., Any]]]] = [
    (BillIssued, billing.bill_ready),
]
