"""What home says of use: yesterday, or the last day that is known, and the week up to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from portal.charts import Chart, Column, drawn
from services.usage.queries import LastDay

DAYS = 7


@dataclass(frozen=True)
class Lately:
    """The `last` day that is known; `is_late` when that is not yesterday.

    `days` are the seven up to it, with None for one of which nothing is known; `chart` draws them.
    """

    last: LastDay
    is_late: bool
    days: tuple[tuple[date, Decimal | None], ...]
    chart: Chart


def lately_of(found: Sequence[LastDay], *, today: date) -> Lately | None:
    """Of the last days that are known, the earliest first; None without any."""
    if not found:
        return None
    last, known = found[-1], {each.day: each.kwh for each in found}
    days = [last.day - timedelta(days=back) for back in reversed(range(DAYS))]
    shown = tuple((day, known.get(day)) for day in days)
    chart = drawn([Column("", (kwh or Decimal(0),), missing=Decimal(kwh is None)) for _, kwh in shown])
    return Lately(last, last.day < today - timedelta(days=1), shown, chart)
