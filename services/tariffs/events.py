"""Facts of tariffs."""

from dataclasses import dataclass
from typing import ClassVar

from core.outbox import Event, register


@register
@dataclass(frozen=True, kw_only=True)
class TariffPublished(Event):
    """A version holds from `valid_from` up to, not including, `valid_to` (None: open), dates as text.

    `ended_id` is the version that ends where this one begins, if there was one. A version that begins in the past is a
    correction: what was priced since then is priced anew.
    """

    name: ClassVar[str] = "tariffs.published"
    code: ClassVar[int] = 40

    version_id: int
    tariff_code: str
    valid_from: str
    valid_to: str | None
    ended_id: int | None


@register
@dataclass(frozen=True, kw_only=True)
class TariffDaysChanged(Event):
    """A holiday or a temperature became known: these days of a published version have other price periods now."""

    name: ClassVar[str] = "tariffs.days_changed"
    code: ClassVar[int] = 41

    version_id: int
    days: list[str]


@register
@dataclass(frozen=True, kw_only=True)
class SlotPricesChanged(Event):
    """Prices of intervals are others now, or none, or came late: these months (their first days) are priced anew."""

    name: ClassVar[str] = "tariffs.slot_prices_changed"
    code: ClassVar[int] = 43

    tariff_code: str
    months: list[str]
