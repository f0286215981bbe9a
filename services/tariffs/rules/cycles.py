"""The cycle in which use climbs the tiers: which months belong together, and how many of them an account has."""

from dataclasses import dataclass
from datetime import date

from core.periods import Period
from services.tariffs.rules.tariff import Tariff


@dataclass(frozen=True, slots=True)
class Cycle:
    """`first`: the first day whose use counts; `months`: how many months' limits the account has."""

    first: date
    end: date
    months: int


def cycle_of(tariff: Tariff, month: date, *, since: date | None = None, until: date | None = None) -> Cycle:
    """The cycle that the month of this day belongs to, for a holder from `since` up to, not including, `until`.

    A new holder climbs from the bottom, with the limits of the months that are theirs; a part of a month counts whole.
    A tariff by the month, or without tiers, has cycles of one month.
    """
    tiers = tariff.document.tiers
    if tiers is None or tiers.cycle == "month":
        whole = Period.month(month.year, month.month)
        return Cycle(max(whole.first, since or whole.first), whole.end, 1)
    year = month.year if month.month >= tiers.first_month else month.year - 1
    first, end = date(year, tiers.first_month, 1), date(year + 1, tiers.first_month, 1)
    begin = max(first, since or first)
    last = min(end, until or end)
    months = (last.year - begin.year) * 12 + last.month - begin.month + (last.day > 1)
    return Cycle(begin, last, max(1, min(12, months)))
