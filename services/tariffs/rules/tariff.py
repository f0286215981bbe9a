"""A tariff that can be priced by: the checked document, and what is derived from it once."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.errors import Json
from core.money import exponent
from services.tariffs.errors import Fault, TariffInvalid, UseInvalid
from services.tariffs.rules.checks import faults_for_totals, faults_of, zone_of
from services.tariffs.rules.document import DemandPeriods, Document, Energy, Rounding, Window, dumped, shape
from services.tariffs.rules.energy_checks import EVERY_MONTH
from services.tariffs.rules.numbers import EXACT, plain, rounded

KNOWN_PERIODS: Final = ("sharp", "peak", "flat", "valley", "deep_valley")
"""Lines are in this order, then by name: a document that a database kept as JSON has no order of fields any more."""

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier as it holds for an account in a month: use above `above` up to and with `upto` (None: without end).

    `facts`: the same, as the reason of a line has it.
    """

    number: int
    above: Decimal
    upto: Decimal | None
    adder: Decimal
    facts: Mapping[str, Json] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Tariff:
    """A checked document and what follows from it. Made by `parse` alone; never changed.

    `periods`: price periods in the order of lines. `prices`: what a kWh costs in each, rounded by `unit_price_places`
    where derived. `demand_periods`: in the order by which `tariff_day` and usage count them; none where charges on
    demand know none. `places`, `mode`: of the one rounding. `by_line`: each line is rounded, otherwise only the bill.
    """

    document: Document
    zone: ZoneInfo | None
    periods: tuple[str, ...]
    prices: Mapping[str, Decimal]
    windows: tuple[Window, ...]
    demand_periods: tuple[str, ...]
    demand_windows: tuple[Window, ...]
    places: int
    mode: str
    by_line: bool
    _ladders: dict[tuple[int | None, int, bool], tuple[Tier, ...]] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> str:
        """Its name in the document."""
        return self.document.id

    @property
    def currency(self) -> str:
        """ISO 4217."""
        return self.document.currency

    @property
    def by_slot(self) -> bool:
        """Whether each interval has its own price."""
        return self.document.energy is not None and self.document.energy.lines == "slots"

    @property
    def has_tax(self) -> bool:
        """Whether taxes come on top of its prices; otherwise they are what is paid."""
        return self.document.tax is not None or bool(self.document.taxes)

    @property
    def default_period(self) -> str | None:
        """The period of what no window takes; the only one, where there is one."""
        energy = self.document.energy
        if energy is not None and energy.default_period is None and len(self.periods) == 1:
            return self.periods[0]
        return None if energy is None else energy.default_period

    def prices_in(self, month: int) -> Mapping[str, Decimal]:
        """What a kWh costs in a month by period: the one price of the month where lines are per tier, else all."""
        energy = self.document.energy
        if energy is None or energy.lines != "per_tier":
            return self.prices
        held = (window.period for window in self.windows if window.months is None or month in window.months)
        period = next(held, self.default_period)
        return self.prices if period is None else {period: self.prices[period]}

    def round(self, amount: Decimal) -> Decimal:
        """The one rounding of this tariff."""
        return rounded(amount, self.places, self.mode)

    def ladder(self, *, month: int | None, months_in_cycle: int = 12, persons: int | None = None) -> tuple[Tier, ...]:
        """The tiers of a month, lowest first; none for a tariff without.

        A first limit that household extras lift above the second leaves the second tier empty.
        Raises UseInvalid when no season has the month.
        """
        household = self.document.household
        is_large = household is not None and persons is not None and persons >= household.min_persons
        key = (month, months_in_cycle, is_large)
        if key not in self._ladders:
            with localcontext(EXACT):
                self._ladders[key] = tuple(self._tiers(*key))
        return self._ladders[key]

    def _tiers(self, month: int | None, months_in_cycle: int, is_large: bool) -> Iterator[Tier]:
        tiers = self.document.tiers
        if tiers is None:
            return
        bounds, adders = tiers.bounds_per_month or (), tiers.adders
        if tiers.seasons is not None:
            season = next((season for season in tiers.seasons if month in season.months), None)
            if season is None:
                raise UseInvalid([Fault("$.month", "field_missing" if month is None else "month_missing")])
            bounds, adders = season.bounds, season.adders or adders
        household = self.document.household
        lifted = bounds if household is None or household.mode == "shift_all" else bounds[:1]
        extra = household.extra_kwh_per_month if household is not None and is_large else ZERO
        times = months_in_cycle if tiers.cycle == "year" else 1
        above = ZERO
        for at, bound in enumerate(bounds):
            upto = max((bound + extra if at < len(lifted) else bound) * times, above)
            yield _tier(at + 1, above, upto, adders[at] if adders else ZERO, extra)
            above = upto
        yield _tier(len(bounds) + 1, above, None, adders[-1] if adders else ZERO, extra)

    @property
    def idle(self) -> tuple[str, ...]:
        """JSON paths of numbers that are said and have no effect on any amount: whoever edits should know."""
        return tuple(_idle(self.document))


def parse(document: object, *, months: Collection[int] = EVERY_MONTH) -> Tariff:
    """The tariff that a document of JSON says.

    `months`: those that it must be able to price, all twelve unless it is valid for a part of the year only.
    Raises TariffInvalid with every fault of its fields, or, without any, with every fault of what they add up to.
    """
    checked = shape(document)
    return _made(checked, faults_of(checked, months=months))


def parse_for_totals(document: object, *, months: Collection[int] = EVERY_MONTH) -> Tariff:
    """The same to price kWh that come by period, from registers: a document that names no hours need not cover them.

    No interval has a period by such a tariff, and it is no version of one that could hold.
    """
    checked = shape(document)
    return _made(checked, faults_for_totals(checked, months=months))


def _made(checked: Document, faults: list[Fault]) -> Tariff:
    if faults:
        raise TariffInvalid(faults)
    rounding = checked.rounding
    places = rounding.places if rounding else None
    prices = _prices(checked.energy, rounding) if checked.energy else {}
    return Tariff(
        document=checked,
        zone=zone_of(checked),
        periods=tuple(prices),
        prices=prices,
        windows=_by_priority(checked.energy.windows if checked.energy else ()),
        demand_periods=_demand_periods(checked.demand_periods) if checked.demand_periods else (),
        demand_windows=_by_priority(checked.demand_periods.windows if checked.demand_periods else ()),
        places=exponent(checked.currency) if places is None else places,
        mode=rounding.mode if rounding else "half_up",
        by_line=rounding is None or rounding.stage == "line",
    )


def dump(tariff: Tariff) -> dict[str, Any]:
    """The document again, with the very fields and digits that it was parsed from."""
    return dumped(tariff.document)


def _tier(number: int, above: Decimal, upto: Decimal | None, adder: Decimal, extra: Decimal) -> Tier:
    facts: dict[str, Json] = {"tier": number, "above": plain(above), "upto": told(upto), "adder": plain(adder)}
    if extra:
        facts["household"] = plain(extra)
    return Tier(number, above, upto, adder, facts)


def _by_priority(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    return tuple(sorted(windows, key=lambda window: -window.priority))


def _prices(energy: Energy, rounding: Rounding | None) -> dict[str, Decimal]:
    said = energy.prices
    if said is None:
        ratios, components = energy.ratios or {}, energy.components or ()
        with localcontext(EXACT):
            said = {
                period: sum((part.price * ratio if part.floats else part.price for part in components), ZERO)
                for period, ratio in ratios.items()
            }
            if rounding is not None and (places := rounding.unit_price_places) is not None:
                said = {period: rounded(price, places, rounding.mode) for period, price in said.items()}
    return {period: said[period] for period in _in_order(said)}


def _demand_periods(named: DemandPeriods) -> tuple[str, ...]:
    found = {window.period for window in named.windows}
    return tuple(_in_order(found | ({named.default_period} if named.default_period is not None else set())))


def _in_order(periods: Iterable[str]) -> list[str]:
    known = {period: at for at, period in enumerate(KNOWN_PERIODS)}
    return sorted(periods, key=lambda name: (known.get(name, len(known)), name))


def _idle(document: Document) -> Iterator[str]:
    demand, factor, energy = document.demand, document.power_factor, document.energy
    if demand is not None and demand.mode != "contract":
        for name in ("over_ratio", "over_multiplier", "floor_ratio"):
            if getattr(demand, name) is not None:
                yield f"$.demand.{name}"
    if factor is not None:
        yield "$.power_factor.standard"
        for at, segment in enumerate(factor.segments):
            if segment.per_point == 0:
                yield f"$.power_factor.segments[{at}].anchor"
    if energy is not None and energy.lines == "slots":
        yield from (f"$.energy.prices.{period}" for period in energy.prices or ())
    if document.household is not None and not _has_limits(document):
        yield "$.household.min_persons"
        yield "$.household.extra_kwh_per_month"


def _has_limits(document: Document) -> bool:
    tiers = document.tiers
    if tiers is None:
        return False
    return bool(tiers.bounds_per_month) or any(season.bounds for season in tiers.seasons or ())


def told(number: Decimal | None) -> str | None:
    """A number in the reason of a line."""
    return None if number is None else plain(number)
