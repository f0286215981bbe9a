"""What is priced, what comes out, and what may be asked: types of the engine's face."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, DecimalException, localcontext
from typing import Final, NamedTuple

from core.errors import Json
from services.tariffs.errors import Fault, UseInvalid
from services.tariffs.rules.numbers import EXACT
from services.tariffs.rules.tariff import ZERO, Tariff

MOST: Final = Decimal(10) ** 12
"""kWh, kW, kvarh of one bill."""

FINEST: Final = Decimal("0.000001")
"""Meters are kept to a millionth of a kWh."""

MOST_DAYS: Final = 400
MOST_PERSONS: Final = 999
MOST_SLOTS: Final = 100_000
FINEST_RATE: Final = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is so of an account in the month, by its entitlements."""

    persons: int | None = None
    flags: frozenset[str] = frozenset()
    contract_kw: Decimal | None = None
    transformer_kva: Decimal | None = None


class Slot(NamedTuple):
    """Use of one interval with its own price, in minor units a kWh (cents, pence)."""

    kwh: Decimal
    rate_minor: Decimal


@dataclass(frozen=True, slots=True)
class SlotSum:
    """Slots that were added up already: their kWh, the sum of kWh x rate in minor units, exactly, and how many."""

    kwh: Decimal
    cost_minor: Decimal
    slots: int

    def __add__(self, other: "SlotSum") -> "SlotSum":
        with localcontext(EXACT):
            return SlotSum(self.kwh + other.kwh, self.cost_minor + other.cost_minor, self.slots + other.slots)


@dataclass(frozen=True, slots=True)
class Use:
    """What an account used in a month, or in a part of one.

    `month`: of the calendar, for tariffs with seasons. `kwh`: by price period. `kwh_before_in_cycle`: billed already in
    the cycle of the tiers; `months_in_cycle`: how many months of it the account has, a part counting as a whole one.
    `days`, `days_in_month`: for charges by the day. `max_demand_kw`: the highest average of an interval; by demand
    period where the tariff has them. `kvarh`: both directions; None where nothing measures it. `slots`: instead of
    `kwh`, where each has its price; `slot_sum`: instead of both, where whoever asks has added them up.
    """

    month: int | None = None
    kwh: Mapping[str, Decimal] = field(default_factory=dict)
    kwh_before_in_cycle: Decimal = ZERO
    months_in_cycle: int = 12
    days: int | None = None
    days_in_month: int | None = None
    max_demand_kw: Decimal | None = None
    max_demand_by_period: Mapping[str, Decimal] = field(default_factory=dict)
    kvarh: Decimal | None = ZERO
    export_kwh: Decimal = ZERO
    slots: tuple[Slot, ...] = ()
    slot_sum: SlotSum | None = None
    facts: Facts = Facts()


class Reason(NamedTuple):
    """Why a line is there: a stable code and its facts, numbers as text. The words are made at the edge."""

    code: str
    facts: Mapping[str, Json]


class Line(NamedTuple):
    """One line: `quantity` of `unit` at `rate` (None: each slot has its own) comes to `amount` in major units."""

    code: str
    quantity: Decimal
    unit: str
    rate: Decimal | None
    amount: Decimal
    reason: Reason
    group: str


@dataclass(frozen=True, slots=True)
class Priced:
    """What a use costs. `measured` says what was found on the way, such as the power factor."""

    lines: tuple[Line, ...]
    total_minor: int
    currency: str
    measured: Mapping[str, Decimal]


def negate(priced: Priced) -> Priced:
    """What takes a bill back: each stored line with the other sign. Nothing is computed anew, nothing is rounded."""
    with localcontext(EXACT):
        lines = tuple(line._replace(quantity=-line.quantity, amount=-line.amount) for line in priced.lines)
    return replace(priced, lines=lines, total_minor=-priced.total_minor)


def check(tariff: Tariff, use: Use) -> None:
    """Raises UseInvalid with every reason for which this use cannot be priced by this tariff."""
    if faults := [*_energy_faults(tariff, use), *_amount_faults(use), *_count_faults(use)]:
        raise UseInvalid(faults)


def is_amount(number: object, most: Decimal = MOST, *, finest: Decimal = FINEST) -> bool:
    """Whether this is a number of the real world: decimal, not below zero, not above `most`, not finer than meters."""
    if type(number) is not Decimal:
        return False
    try:
        return ZERO <= number.quantize(finest, None, EXACT) <= most
    except DecimalException:
        return False


def _energy_faults(tariff: Tariff, use: Use) -> Iterator[Fault]:
    energy = tariff.document.energy
    if energy is None:
        yield Fault("$", "no_energy")
        return
    for period, kwh in use.kwh.items():
        if not is_amount(kwh):
            yield Fault(f"$.kwh.{period}", "number_out_of_range")
        if period not in tariff.prices:
            yield Fault(f"$.kwh.{period}", "period_unknown", period)
    if energy.lines == "slots":
        yield from _slot_faults(use)
    elif use.slots or use.slot_sum is not None:
        yield Fault("$.slots", "field_unknown")
    elif energy.lines == "per_tier" and len(use.kwh) > 1 and sum(kwh != 0 for kwh in use.kwh.values()) > 1:
        yield Fault("$.kwh", "one_period_a_month")


def _slot_faults(use: Use) -> Iterator[Fault]:
    if any(kwh != 0 for kwh in use.kwh.values()):
        yield Fault("$.kwh", "fields_exclusive", "kwh, slots")
    if use.slot_sum is not None:
        yield from _sum_faults(use.slot_sum, use.slots)
    if len(use.slots) > MOST_SLOTS:
        yield Fault("$.slots", "too_many")
        return
    for at, slot in enumerate(use.slots):
        if not is_amount(slot.kwh):
            yield Fault(f"$.slots[{at}].kwh", "number_out_of_range")
        if type(slot.rate_minor) is not Decimal or not is_amount(slot.rate_minor.copy_abs(), finest=FINEST_RATE):
            yield Fault(f"$.slots[{at}].rate_minor", "number_out_of_range")


def _sum_faults(total: SlotSum, slots: tuple[Slot, ...]) -> Iterator[Fault]:
    if slots:
        yield Fault("$.slots", "fields_exclusive", "slots, slot_sum")
    if not is_amount(total.kwh):
        yield Fault("$.slot_sum.kwh", "number_out_of_range")
    finest, most = FINEST * FINEST_RATE, MOST * MOST
    if type(total.cost_minor) is not Decimal or not is_amount(total.cost_minor.copy_abs(), most, finest=finest):
        yield Fault("$.slot_sum.cost_minor", "number_out_of_range")


def _amount_faults(use: Use) -> Iterator[Fault]:
    facts = use.facts
    for path, number in (
        ("kwh_before_in_cycle", use.kwh_before_in_cycle),
        ("kvarh", use.kvarh),
        ("export_kwh", use.export_kwh),
        ("max_demand_kw", use.max_demand_kw),
        ("facts.contract_kw", facts.contract_kw),
        ("facts.transformer_kva", facts.transformer_kva),
        *((f"max_demand_by_period.{period}", kw) for period, kw in use.max_demand_by_period.items()),
    ):
        if number is not None and number is not ZERO and not is_amount(number):
            yield Fault(f"$.{path}", "number_out_of_range")


def _count_faults(use: Use) -> Iterator[Fault]:
    for path, number, least, most in (
        ("month", use.month, 1, 12),
        ("months_in_cycle", use.months_in_cycle, 1, 12),
        ("days", use.days, 0, MOST_DAYS),
        ("days_in_month", use.days_in_month, 1, 31),
        ("facts.persons", use.facts.persons, 0, MOST_PERSONS),
    ):
        if number is not None and (type(number) is not int or not least <= number <= most):
            yield Fault(f"$.{path}", "number_out_of_range")
