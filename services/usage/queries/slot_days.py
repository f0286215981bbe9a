"""What use came to where each interval has its own price: summed by SQL day by day, exactly, and nothing left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from core.db import ReadSession, statement
from core.periods import start_of
from services.tariffs.errors import Fault, UseInvalid
from services.tariffs.queries import SlotSum
from services.usage.queries.days import joined
from services.usage.queries.views import Gap
from services.usage.rules.measures import kwh_of, minor_of_slots

MOST_NAMED: Final = 10
"""Days without prices that a fault names."""
QUARTER: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class SlotSpan:
    """Days that are priced by the intervals of a tariff. `key` comes back with each day."""

    key: int
    code: str
    first: date
    end: date


@dataclass(frozen=True, slots=True)
class SlotDay:
    """One day of one account. Energy in millionths of a kWh, cost in 10^-14 minor units.

    `missing`: quarter-hours from midnight, from 0, with use and without a price. `is_coarse`: an interval with use is
    longer than the one that has a price, so nobody knows what was used at which price.
    """

    account_id: int
    key: int
    day: date
    energy: int
    cost: int
    slots: int
    missing: tuple[int, ...]
    is_coarse: bool


def slot_days(
    session: ReadSession, *, account_ids: Sequence[int], spans: Sequence[SlotSpan], of_holder: bool
) -> list[SlotDay]:
    """The days with readings within spans, by account and day. `of_holder`: of the present holder alone."""
    if not spans:
        return []
    rows = session.sql(
        statement(__package__, "slot_days.sql"),
        account_ids=list(account_ids),
        keys=[span.key for span in spans],
        codes=[span.code for span in spans],
        firsts=[span.first for span in spans],
        ends=[span.end for span in spans],
        first=min(span.first for span in spans),
        end=max(span.end for span in spans),
        of_holder=of_holder,
    )
    found = [
        SlotDay(
            row.account_id, row.key, row.day, row.energy, int(row.cost), row.slots, tuple(row.missing), row.is_coarse
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: (each.account_id, each.day))


def price_gaps(days: Iterable[SlotDay], *, zone: ZoneInfo) -> tuple[Gap, ...]:
    """Time with use of which no price is known, in as few ranges as there are, in times of the zone."""
    begins = (start_of(each.day, zone) + at * QUARTER for each in days for at in each.missing)
    return joined((Gap(begin, begin + QUARTER) for begin in begins), zone=zone)


def slot_sum(days: Iterable[SlotDay], *, energy: int) -> SlotSum:
    """What the engine prices, of days on which so much `energy` is known, in millionths of a kWh.

    Raises UseInvalid with the days on which use has no price, or where not all of it is known by intervals that are
    short enough: what registers counted lies in none.
    """
    given = list(days)
    faults = []
    if lacking := sorted({each.day for each in given if each.missing}):
        named = ", ".join(day.isoformat() for day in lacking[:MOST_NAMED])
        faults.append(Fault("$.slots", "slot_price_missing", named + (", ..." if len(lacking) > MOST_NAMED else "")))
    if any(each.is_coarse for each in given) or sum(each.energy for each in given) < energy:
        faults.append(Fault("$.slots", "interval_too_long"))
    if faults:
        raise UseInvalid(faults)
    return SlotSum(
        kwh_of(sum(each.energy for each in given)),
        minor_of_slots(sum(each.cost for each in given)),
        sum(each.slots for each in given),
    )
