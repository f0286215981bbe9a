"""Half-open periods and the supplier's calendar: the one module that turns dates into moments."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` up to, not including, `end`."""

    first: date
    end: date

    def __post_init__(self) -> None:
        if self.first >= self.end:
            msg = f"a period must end after it begins: {self.first} .. {self.end}"
            raise ValueError(msg)

    @classmethod
    def month(cls, year: int, month: int) -> "Period":
        """The calendar month."""
        first = date(year, month, 1)
        return cls(first, (first + timedelta(days=32)).replace(day=1))

    def __contains__(self, day: date) -> bool:
        return self.first <= day < self.end


FIRST_YEAR, LAST_YEAR = 1900, 2199


def day_of(text: str) -> date:
    """A day as it is typed (`2026-12-31`).

    Raises ValueError for what is none, and for a year so far away that the day before or after it, or its moment in
    another zone, may be none.
    """
    found = date.fromisoformat(text)
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        msg = f"a year from {FIRST_YEAR} to {LAST_YEAR}"
        raise ValueError(msg)
    return found


def business_date(now: datetime, zone: ZoneInfo) -> date:
    """The calendar day at the supplier's when `now` happens."""
    return now.astimezone(zone).date()


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day in a zone, in UTC; right on days with 23 or 25 hours too."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
