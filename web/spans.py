"""The stretches of time that usage is looked at in: a day, a month, a year of the supplier's calendar."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from core.periods import FIRST_YEAR, LAST_YEAR, Period
from services.usage.queries.views import Of


@dataclass(frozen=True, slots=True)
class Stretch:
    """One day, month or year."""

    of: Of
    days: Period

    @classmethod
    def at(cls, of: Of, day: date) -> Self:
        """The stretch that a day lies in."""
        match of:
            case Of.DAY:
                return cls(of, Period(day, day + timedelta(days=1)))
            case Of.MONTH:
                return cls(of, Period.month(day.year, day.month))
            case Of.YEAR:
                return cls(of, Period(date(day.year, 1, 1), date(day.year + 1, 1, 1)))

    @property
    def before(self) -> Self | None:
        """The one before; None at the calendar's beginning."""
        day = self.days.first - timedelta(days=1)
        return None if day.year < FIRST_YEAR else self.at(self.of, day)

    @property
    def following(self) -> Self | None:
        """The next one; None at the calendar's end."""
        return None if self.days.end.year > LAST_YEAR else self.at(self.of, self.days.end)

    @property
    def a_year_before(self) -> Self | None:
        """The same a year earlier, for 29 February the 28th; None for a year, whose year before is the one before."""
        first = self.days.first
        if self.of is Of.YEAR or first.year <= FIRST_YEAR:
            return None
        is_leap_day = (first.month, first.day) == (2, 29)
        return self.at(self.of, first.replace(year=first.year - 1, day=28 if is_leap_day else first.day))
