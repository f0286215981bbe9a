"""Facts of readings."""

from dataclasses import dataclass
from typing import ClassVar

from core.outbox import Event, register


@register
@dataclass(frozen=True, kw_only=True)
class OwnReadingDecided(Event):
    """Staff decided about a reading that a person told; what it says by then, and who told it, stands there."""

    name: ClassVar[str] = "metering.own_reading_decided"
    code: ClassVar[int] = 50

    account_id: int
    reading_id: str
