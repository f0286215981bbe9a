"""Prices of intervals, for tariffs by which each interval has its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from core.db import ReadSession


@dataclass(frozen=True, slots=True)
class SlotPrice:
    """What a kWh costs from `start` on for `minutes`, in minor units, as it was sent."""

    start: datetime
    minutes: int
    rate_minor: Decimal

    @property
    def end(self) -> datetime:
        """The moment from which it holds no more."""
        return self.start + timedelta(minutes=self.minutes)


def slot_prices(session: ReadSession, *, code: str, begin: datetime, end: datetime) -> list[SlotPrice]:
    """The prices of a tariff that hold at some moment from one up to, not including, another, in order.

    Served by pk_tariff_slot_price.
    """
    rows = session.sql(
        """select start_at, minutes, rate_minor from tariff_slot_price
           where tariff_code = :code and start_at > :since and start_at < :end
             and start_at + minutes * interval '1 minute' > :begin
           order by start_at""",
        code=code,
        since=begin - timedelta(hours=1),
        begin=begin,
        end=end,
    )
    return [SlotPrice(row.start_at, row.minutes, row.rate_minor) for row in rows]
