"""What the energy part of a document must add up to: prices, windows that cover the day, tiers in order."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final

from services.tariffs.errors import Fault
from services.tariffs.rules.document import (
    DAY_CLASSES,
    MIDNIGHT,
    QUARTER,
    Component,
    Document,
    Energy,
    Tiers,
    Window,
    clock,
)

EVERY_MONTH: Final = frozenset(range(1, 13))


def faults_of(energy: Energy, document: Document, months: Collection[int]) -> Iterator[Fault]:
    """Every fault of prices and tiers of a document that must price these months, and of the windows that it has."""
    yield from _prices(energy)
    if energy.components is not None:
        yield from _components(energy, energy.components)
    if energy.windows:
        yield from times_faults(energy, document)
    elif energy.default_period not in {None, *periods_of(document)}:
        yield Fault("$.energy.default_period", "period_unknown", energy.default_period or "")
    if energy.lines == "per_tier":
        yield from _seasons_only(energy.windows)
    if document.tiers is not None:
        if energy.lines == "slots":
            yield Fault("$.tiers", "fields_exclusive", "slots, tiers")
        yield from _tiers(document.tiers, document, months)


def times_faults(energy: Energy, document: Document) -> Iterator[Fault]:
    """Every fault of when its periods hold: each has its hours, and each hour its period."""
    periods = periods_of(document)
    yield from _unused(energy, periods)
    yield from windows_faults(energy.windows, energy.default_period, "$.energy", periods)


def periods_of(document: Document) -> list[str]:
    """The price periods that a document prices."""
    energy = document.energy
    return [] if energy is None else list(energy.prices or energy.ratios or ())


def _prices(energy: Energy) -> Iterator[Fault]:
    if energy.prices is not None and energy.components is not None:
        yield Fault("$.energy", "fields_exclusive", "prices, components")
    if energy.prices is None and energy.components is None:
        yield Fault("$.energy.prices", "field_missing")
    if energy.components is None and energy.ratios is not None:
        yield Fault("$.energy.ratios", "field_unknown")


def _components(energy: Energy, components: Sequence[Component]) -> Iterator[Fault]:
    if energy.ratios is None:
        yield Fault("$.energy.ratios", "ratio_missing")
    named = Counter(component.name for component in components)
    for at, component in enumerate(components):
        if named[component.name] > 1:
            yield Fault(f"$.energy.components[{at}].name", "duplicate_code", component.name)
    used = {window.period for window in energy.windows}
    used |= set() if energy.default_period is None else {energy.default_period}
    for period in sorted(used.difference(energy.ratios or ())):
        yield Fault(f"$.energy.ratios.{period}", "ratio_missing", period)


def _unused(energy: Energy, periods: Collection[str]) -> Iterator[Fault]:
    used = {energy.default_period, *(window.period for window in energy.windows)}
    for period in periods if len(periods) > 1 else ():
        if period not in used:
            yield Fault(f"$.energy.{'prices' if energy.prices else 'ratios'}.{period}", "period_unused", period)


def _seasons_only(windows: Iterable[Window]) -> Iterator[Fault]:
    """Tiers with their base price inside know one price a month."""
    for at, window in enumerate(windows):
        is_season = window.from_ == 0 and window.to == MIDNIGHT
        if not is_season or window.days or window.holidays or window.temperature:
            yield Fault(f"$.energy.windows[{at}]", "one_period_a_month")


def windows_faults(
    windows: Sequence[Window], default: str | None, path: str, periods: Collection[str]
) -> Iterator[Fault]:
    """Windows that end before they begin, name no period, or leave a part of some day to nobody."""
    for at, window in enumerate(windows):
        if window.from_ >= window.to:
            yield Fault(f"{path}.windows[{at}]", "window_inverted", f"{clock(window.from_)}-{clock(window.to)}")
        if window.period not in periods:
            yield Fault(f"{path}.windows[{at}].period", "period_unknown", window.period)
    if default is None:
        if windows or len(periods) > 1:
            yield from _gaps(windows, path)
    elif default not in periods:
        yield Fault(f"{path}.default_period", "period_unknown", default)


def _gaps(windows: Iterable[Window], path: str) -> Iterator[Fault]:
    """Parts of a day that no window is sure to cover: holidays of a name and hot days may never come."""
    sure = [window for window in windows if window.holidays is None and window.temperature is None]
    for month in sorted(EVERY_MONTH):
        for kind in DAY_CLASSES:
            covered = {
                minute
                for window in sure
                if (window.months is None or month in window.months) and (window.days is None or kind in window.days)
                for minute in range(window.from_, window.to, QUARTER)
            }
            first = next((minute for minute in range(0, MIDNIGHT, QUARTER) if minute not in covered), None)
            if first is not None:
                end = next((m for m in range(first, MIDNIGHT, QUARTER) if m in covered), MIDNIGHT)
                told = f"month {month}, {kind}, {clock(first)}-{clock(end)}"
                yield Fault(f"{path}.windows", "coverage_gap", told)
                return


def _tiers(tiers: Tiers, document: Document, months: Collection[int]) -> Iterator[Fault]:
    if tiers.bounds_per_month is None and tiers.seasons is None:
        yield Fault("$.tiers.bounds_per_month", "field_missing", "bounds_per_month, seasons")
    elif tiers.bounds_per_month is not None and tiers.seasons is not None:
        yield Fault("$.tiers.seasons", "fields_exclusive", "bounds_per_month, seasons")
    elif tiers.bounds_per_month is not None:
        yield from _limits(tiers.bounds_per_month, "$.tiers.bounds_per_month")
        yield from _adders(tiers, document, len(tiers.bounds_per_month) + 1)
    else:
        yield from _seasons(tiers, document, months)


def _seasons(tiers: Tiers, document: Document, months: Collection[int]) -> Iterator[Fault]:
    if tiers.cycle == "year":
        yield Fault("$.tiers.seasons", "fields_exclusive", "cycle year, seasons")
    seasons = tiers.seasons or ()
    taken = Counter(month for season in seasons for month in season.months)
    for at, season in enumerate(seasons):
        path, wanted = f"$.tiers.seasons[{at}]", len(season.bounds) + 1
        yield from _limits(season.bounds, f"{path}.bounds")
        for month in sorted({month for month in season.months if taken[month] > 1}):
            yield Fault(f"{path}.months", "month_overlap", str(month))
        if season.adders is None:
            yield from _adders(tiers, document, wanted)
            continue
        if tiers.adders_by_period is not None:
            yield Fault(f"{path}.adders", "fields_exclusive", "adders, adders_by_period")
        if len(season.adders) != wanted:
            yield Fault(f"{path}.adders", "adders_count", str(wanted))
    for month in sorted(set(months).difference(taken)):
        yield Fault("$.tiers.seasons", "month_missing", str(month))


def _limits(bounds: Sequence[Decimal], path: str) -> Iterator[Fault]:
    if any(low >= high for low, high in pairwise(bounds)):
        yield Fault(path, "limits_order")


def _adders(tiers: Tiers, document: Document, wanted: int) -> Iterator[Fault]:
    """The adders of the whole table: one more than there are limits, of each period where they differ."""
    if tiers.adders is not None and tiers.adders_by_period is not None:
        yield Fault("$.tiers.adders", "fields_exclusive", "adders, adders_by_period")
    elif tiers.adders is not None:
        if len(tiers.adders) != wanted:
            yield Fault("$.tiers.adders", "adders_count", str(wanted))
    elif tiers.adders_by_period is None:
        yield Fault("$.tiers.adders", "field_missing")
    else:
        yield from _adders_by_period(tiers.adders_by_period, document, wanted)


def _adders_by_period(by_period: Mapping[str, Sequence[Decimal]], document: Document, wanted: int) -> Iterator[Fault]:
    if document.energy is not None and document.energy.lines == "per_tier":
        yield Fault("$.tiers.adders_by_period", "one_period_a_month")
    periods = periods_of(document)
    for period, adders in by_period.items():
        if period not in periods:
            yield Fault(f"$.tiers.adders_by_period.{period}", "period_unknown", period)
        if len(adders) != wanted:
            yield Fault(f"$.tiers.adders_by_period.{period}", "adders_count", str(wanted))
    for period in periods:
        if period not in by_period:
            yield Fault(f"$.tiers.adders_by_period.{period}", "field_missing", period)
