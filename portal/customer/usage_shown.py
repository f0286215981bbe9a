"""What the page of usage shows of a day, a month or a year: rows of a table and the bars that say the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from core.money import Money
from portal.charts import Chart, Column, drawn
from services.usage.queries.views import (
    Bar,
    BarQuality,
    Comparison,
    DayCost,
    Gap,
    Of,
    Rung,
    Series,
    TierPosition,
    total_of,
)
from web.spans import Stretch

_ZERO: Final = Decimal(0)
_HOUR: Final = timedelta(hours=1)
_LEAST_PLACES: Final = 2
_GAPS: Final = frozenset({BarQuality.PARTIAL, BarQuality.MISSING})
MOST_GAPS: Final = 12
"""How many gaps the page names one by one."""


@dataclass(frozen=True)
class Row:
    """An hour, a day or a month: kWh by period (in the order of `Shown.codes`), what went out, what it stands on.

    `kwh` None: nothing is known. `cost`: of a day, where it is known. `was` is the kWh of the same place in what the
    stretch is compared with. `is_day`: of a day by hours all of it, where hours are not known.
    """

    begins: datetime
    first: date
    kwh: Decimal | None
    values: tuple[Decimal, ...]
    out: Decimal | None
    quality: BarQuality
    was: Decimal | None
    is_day: bool
    cost: Money | None

    @property
    def is_listed(self) -> bool:
        """Whether there is something to say of it."""
        return self.quality is not BarQuality.AWAITED or self.was is not None


@dataclass(frozen=True)
class Compared:
    """The same days of another stretch: by how many per cent the kWh are more (less below zero) than then."""

    first: date
    days: int
    days_left_out: int
    kwh: Decimal
    kwh_then: Decimal
    percent: int | None


@dataclass(frozen=True)
class Shown:
    """One stretch. `places` are the decimals of every kWh on the page: as many as the finest has.

    `cost`: of the days of a month whose cost is known; None without any, and where they are not of one currency.
    """

    of: Of
    first: date
    codes: tuple[str, ...]
    rows: tuple[Row, ...]
    chart: Chart
    places: int
    kwh: Decimal
    sums: tuple[Decimal, ...]
    out: Decimal | None
    cost: Money | None
    was: Decimal | None
    was_first: date | None
    compared: tuple[Compared, ...]
    gaps: tuple[Gap, ...]
    more_gaps: int
    known_until: datetime | None
    is_of_registers: bool
    previous: date | None
    following: date | None

    def parts_of(self, row: Row) -> list[tuple[str, Decimal]]:
        """The periods in which something was used, with the kWh."""
        return [(code, value) for code, value in zip(self.codes, row.values, strict=True) if value]

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it is known, and nothing is missed."""
        return all(row.quality is BarQuality.AWAITED for row in self.rows)

    @property
    def is_estimated(self) -> bool:
        """Whether a part is no reading."""
        return any(row.quality is BarQuality.ESTIMATED for row in self.rows)


def shown_of(
    series: Series,
    stretch: Stretch,
    *,
    zone: ZoneInfo,
    today: date,
    since: date | None,
    other: Series | None = None,
    costs: Sequence[DayCost] = (),
) -> Shown:
    """Put a stretch together; `other` is the one that stands beside it, bar by bar, `costs` are those of its days."""
    codes = series.periods or ("total",)
    beside = [None if bar is None else bar.kwh for bar in _beside(series, other, zone)]
    cost_of = {each.day: each.cost for each in costs}
    rows = tuple(_row(bar, was, codes, cost_of, zone) for bar, was in zip(series.bars, beside, strict=True))
    a_year_before = series.year_before if series.of is not Of.YEAR else None  # the one before is that very one
    compared = tuple(_compared(each) for each in (series.before, a_year_before) if each is not None)
    numbers = [value for row in rows for value in (*row.values, row.kwh, row.out, row.was) if value is not None]
    numbers += [value for each in compared for value in (each.kwh, each.kwh_then)]
    known = [was for was in beside if was is not None]
    before, following = stretch.before, stretch.following
    return Shown(
        series.of,
        series.first,
        codes,
        rows,
        drawn([_column(row, series.of) for row in rows]),
        places_of(numbers),
        series.kwh,
        tuple(sum((row.values[place] for row in rows), _ZERO) for place in range(len(codes))),
        series.export_kwh,
        total_of(costs),
        sum(known, _ZERO) if known else None,
        None if other is None else other.first,
        compared,
        series.gaps[:MOST_GAPS],
        max(0, len(series.gaps) - MOST_GAPS),
        series.known_until,
        series.days_of_registers > 0,
        before.days.first if before is not None and (since is None or since < stretch.days.first) else None,
        following.days.first if following is not None and following.days.first <= today else None,
    )


def _beside(series: Series, other: Series | None, zone: ZoneInfo) -> list[Bar | None]:
    """Of each bar the one of the other stretch at the same place: hour of the day, day of the month, month.

    A day whose hours are not known has no place among the hours of another.
    """
    if other is None or (len(other.bars) == 1) != (len(series.bars) == 1):
        return [None] * len(series.bars)
    there = {_place(bar, series.of, zone): bar for bar in reversed(other.bars)}
    return [there.get(_place(bar, series.of, zone)) for bar in series.bars]


def _place(bar: Bar, of: Of, zone: ZoneInfo) -> int:
    at = bar.begin.astimezone(zone)
    return {Of.DAY: at.hour, Of.MONTH: at.day, Of.YEAR: at.month}[of]


def _row(bar: Bar, was: Decimal | None, codes: Sequence[str], cost_of: Mapping[date, Money], zone: ZoneInfo) -> Row:
    values = tuple(bar.by_period.get(code, _ZERO) for code in codes) if codes != ("total",) else (bar.kwh or _ZERO,)
    begins = bar.begin.astimezone(zone)
    is_day = bar.end - bar.begin > _HOUR
    cost = cost_of.get(begins.date())
    return Row(begins, begins.date(), bar.kwh, values, bar.export_kwh, bar.quality, was, is_day, cost)


def _column(row: Row, of: Of) -> Column:
    return Column(
        str({Of.DAY: row.begins.hour, Of.MONTH: row.first.day, Of.YEAR: row.first.month}[of]),
        row.values,
        row.out or _ZERO,
        Decimal(row.quality in _GAPS),
        row.quality is BarQuality.ESTIMATED,
        row.was,
    )


def _compared(found: Comparison) -> Compared:
    percent = percent_more(found.kwh, found.kwh_then)
    return Compared(found.first, found.days, found.days_left_out, found.kwh, found.kwh_then, percent)


def percent_more(now: Decimal, then: Decimal) -> int | None:
    """By how many whole per cent something is more than it was, half up; None where nothing can be compared."""
    if then <= 0:
        return None
    return int(((now - then) * 100 / then).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def places_of(numbers: Sequence[Decimal]) -> int:
    """The decimals of the finest of them, two at least."""
    return max([_LEAST_PLACES, *map(_places, numbers)])


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(frozen=True)
class Step:
    """A tier with what is used of it, what is left of it (None: it has no end), and the share used in hundredths."""

    number: int
    above: Decimal
    upto: Decimal | None
    prices: tuple[tuple[str, Decimal], ...]
    used: Decimal
    left: Decimal | None
    share: int


def steps_of(position: TierPosition) -> tuple[Step, ...]:
    """The ladder, with what is used of each tier."""
    return tuple(_step(rung, position.used) for rung in position.rungs)


def _step(rung: Rung, used: Decimal) -> Step:
    inside = max(_ZERO, (used if rung.upto is None else min(used, rung.upto)) - rung.above)
    left = None if rung.upto is None else rung.upto - rung.above - inside
    size = inside or Decimal(1) if rung.upto is None else rung.upto - rung.above
    share = int(inside * 100 / size) if size else 0
    return Step(rung.number, rung.above, rung.upto, tuple(rung.prices.items()), inside, left, share)
