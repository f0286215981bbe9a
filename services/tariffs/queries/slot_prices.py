"""Prices of intervals, for tariffs by which each interval has its own."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from core.db import ReadSession, statement


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


def slots_missing(session: ReadSession, *, on: date, begin: datetime, end: datetime) -> list[tuple[str, datetime]]:
    """Tariffs that price each interval and agreements name on a day, with the first moment without a price.

    Looked at from `begin` up to, not including, `end`.
    """
    found = []
    for code in session.sql(statement(__package__, "slot_tariffs.sql"), on=on).scalars().all():
        known = begin
        for each in slot_prices(session, code=code, begin=begin, end=end):
            if each.start > known:
                break
            known = max(known, each.end)
        if known < end:
            found.append((code, known))
    return found


def prices_intervals(session: ReadSession, *, code: str) -> bool:
    """Whether a version of a tariff prices each interval, or intervals of it have prices."""
    found: bool = session.sql(
        """select exists (select from tariff_slot_price where tariff_code = :code) or exists (
             select from tariff_version where tariff_code = :code and document -> 'energy' ->> 'lines' = 'slots')""",
        code=code,
    ).scalar_one()
    return found
