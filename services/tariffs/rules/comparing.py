"""What two documents say differently: field by field, and as what a kWh costs and when."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any, Final

from core.errors import Json
from services.tariffs.rules.calendar import SATURDAY, DayFacts, day_periods, spans
from services.tariffs.rules.document import DAY_CLASSES, DayClass
from services.tariffs.rules.energy_checks import EVERY_MONTH
from services.tariffs.rules.numbers import EXACT
from services.tariffs.rules.tariff import ZERO, Tariff, dump

_KEYS: Final = ("code", "name", "period")
"""What tells the entries of a list apart, where each has another."""
_YEAR: Final = 2026
"""Any year: a month of it has workdays and weekends."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place that differs. `old` or `new` is None where the other document has nothing there."""

    path: str
    old: Json
    new: Json


@dataclass(frozen=True, slots=True)
class PriceCell:
    """What a kWh costs by one price period in one tier: use above `above` up to and with `upto` kWh of the cycle."""

    period: str
    tier: int
    above: Decimal
    upto: Decimal | None
    price: Decimal


@dataclass(frozen=True, slots=True)
class PriceChange:
    """One cell of the table of prices in these months; None where one of the tariffs has no such cell."""

    months: tuple[int, ...]
    period: str
    tier: int
    old: PriceCell | None
    new: PriceCell | None


@dataclass(frozen=True, slots=True)
class HoursChange:
    """The hours of a day of some class in these months: quarter-hours (first, end, period) before and after."""

    months: tuple[int, ...]
    day_class: DayClass
    old: tuple[tuple[int, int, str], ...]
    new: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that two tariffs say differently. Holidays with a name and hot days are told by `fields` alone."""

    fields: tuple[Difference, ...]
    prices: tuple[PriceChange, ...]
    hours: tuple[HoursChange, ...]


def compare(old: Tariff, new: Tariff) -> Comparison:
    """What differs from the old tariff to the new one, in the order in which documents tell it."""
    return Comparison(
        fields=tuple(differences(dump(old), dump(new))),
        prices=tuple(_prices(old, new)),
        hours=tuple(_hours(old, new)),
    )


def differences(old: Any, new: Any, *, path: str = "$") -> Iterator[Difference]:
    """Places of JSON that differ, each with what stands there. Entries of a list are matched by code or name."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in (*old, *(name for name in new if name not in old)):
            yield from differences(old.get(name), new.get(name), path=f"{path}.{name}")
    elif isinstance(old, list) and isinstance(new, list) and _are_parts(old) and _are_parts(new):
        key = next((key for key in _KEYS if _tells_apart(old, key) and _tells_apart(new, key)), None)
        before, after = _by_key(old, key), _by_key(new, key)
        for name in (*before, *(name for name in after if name not in before)):
            yield from differences(before.get(name), after.get(name), path=f"{path}[{name}]")
    elif old != new:
        yield Difference(path, old, new)


def price_table(tariff: Tariff, *, month: int) -> tuple[PriceCell, ...]:
    """What a kWh costs in a month by period and tier, for an account of few persons over a whole cycle."""
    tiers = tariff.document.tiers
    by_period = (tiers and tiers.adders_by_period) or {}
    ladder = tariff.ladder(month=month)
    with localcontext(EXACT):
        cells = []
        for period, price in tariff.prices_in(month).items():
            if not ladder:
                cells.append(PriceCell(period, 1, ZERO, None, price))
            for tier in ladder:
                adder = by_period[period][tier.number - 1] if period in by_period else tier.adder
                cells.append(PriceCell(period, tier.number, tier.above, tier.upto, price + adder))
    return tuple(cells)


def _are_parts(found: Sequence[Any]) -> bool:
    return all(isinstance(part, Mapping) for part in found)


def _tells_apart(parts: Sequence[Mapping[str, Any]], key: str) -> bool:
    names = [part.get(key) for part in parts]
    return None not in names and len(set(map(str, names))) == len(names)


def _by_key(parts: Sequence[Mapping[str, Any]], key: str | None) -> dict[str, Mapping[str, Any]]:
    return {str(at if key is None else part[key]): part for at, part in enumerate(parts)}


def _prices(old: Tariff, new: Tariff) -> Iterator[PriceChange]:
    found: dict[tuple[str, int, PriceCell | None, PriceCell | None], list[int]] = {}
    for month in sorted(EVERY_MONTH):
        before = {(cell.period, cell.tier): cell for cell in _table(old, month)}
        after = {(cell.period, cell.tier): cell for cell in _table(new, month)}
        for key in (*before, *(key for key in after if key not in before)):
            cells = before.get(key), after.get(key)
            if cells[0] != cells[1]:
                found.setdefault((*key, *cells), []).append(month)
    for (period, tier, was, becomes), months in found.items():
        yield PriceChange(tuple(months), period, tier, was, becomes)


def _table(tariff: Tariff, month: int) -> tuple[PriceCell, ...]:
    tiers = tariff.document.tiers
    if tiers is not None and tiers.seasons is not None and not any(month in season.months for season in tiers.seasons):
        return ()  # a version of a part of the year
    return price_table(tariff, month=month)


def _hours(old: Tariff, new: Tariff) -> Iterator[HoursChange]:
    found: dict[tuple[DayClass, tuple[Any, ...], tuple[Any, ...]], list[int]] = {}
    for kind in DAY_CLASSES:
        for month in sorted(EVERY_MONTH):
            before, after = (tuple(_spans(tariff, month, kind)) for tariff in (old, new))
            if before != after:
                found.setdefault((kind, before, after), []).append(month)
    for (kind, was, becomes), months in found.items():
        yield HoursChange(tuple(months), kind, was, becomes)


def _spans(tariff: Tariff, month: int, kind: DayClass) -> list[tuple[int, int, str]]:
    if not tariff.periods:
        return []
    is_weekend = kind == "weekend"
    # No clock is moved in the middle of a month.
    days = (date(_YEAR, month, 10) + timedelta(days=at) for at in range(7))
    day = next(day for day in days if (day.weekday() >= SATURDAY) is is_weekend)
    facts = DayFacts(holidays=frozenset({"*"}) if kind == "holiday" else frozenset())
    return spans(day_periods(tariff, day, facts))
