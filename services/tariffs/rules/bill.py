"""A bill while it is made: lines by group, and their sums."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from core.errors import Json
from services.tariffs.errors import Fault, UseInvalid
from services.tariffs.rules.document import Per
from services.tariffs.rules.tariff import ZERO, Tariff
from services.tariffs.rules.use import Line, Reason, Use

ONE = Decimal(1)


@dataclass(slots=True)
class Bill:
    """The lines so far of one use by one tariff."""

    tariff: Tariff
    use: Use
    kwh: Decimal = ZERO
    lines: list[Line] = field(default_factory=list)
    measured: dict[str, Decimal] = field(default_factory=dict)
    _sums: dict[str, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.use.slot_sum is not None:
            self.kwh = self.use.slot_sum.kwh
            return
        parts = (slot.kwh for slot in self.use.slots) if self.use.slots else self.use.kwh.values()
        for kwh in parts:
            self.kwh = kwh if self.kwh is ZERO else self.kwh + kwh

    def add(
        self,
        group: str,
        code: str,
        quantity: Decimal,
        unit: str,
        rate: Decimal,
        reason: str,
        facts: Mapping[str, Json],
    ) -> None:
        """A line of quantity x rate, rounded where the tariff rounds lines; none for no quantity."""
        if quantity:
            self.put(group, code, quantity, unit, rate, quantity * rate, reason, facts)

    def put(
        self,
        group: str,
        code: str,
        quantity: Decimal,
        unit: str,
        rate: Decimal | None,
        amount: Decimal,
        reason: str,
        facts: Mapping[str, Json],
    ) -> None:
        """A line whose amount was found another way; rounded where the tariff rounds lines."""
        if self.tariff.by_line:
            amount = self.tariff.round(amount)
        self.lines.append(Line(code, quantity, unit, rate, amount, Reason(reason, facts), group))
        self._sums[group] = self._sums[group] + amount if group in self._sums else amount

    def sum_of(self, groups: Collection[str]) -> Decimal:
        """What the lines of some groups come to."""
        return sum((amount for group, amount in self._sums.items() if group in groups), ZERO)


def quantity_of_days(use: Use, per: Per, *, is_share: bool) -> Decimal:
    """How often a charge by month or day is due. `is_share`: a part of a month by its days, to a millionth.

    Raises UseInvalid when the days are not said.
    """
    if per == "month":
        return share_of_days(use, ONE) if is_share else ONE
    return Decimal(_days(use))


def share_of_days(use: Use, whole: Decimal) -> Decimal:
    """What of a month's quantity falls to the days of the use, to a millionth. Raises UseInvalid as above."""
    days, in_month = _days(use), use.days_in_month
    if in_month is None:
        raise UseInvalid([Fault("$.days_in_month", "field_missing")])
    if days >= in_month:
        return whole
    return ((2 * whole.scaleb(6) * days + in_month) // (2 * in_month)).scaleb(-6)


def _days(use: Use) -> int:
    if use.days is None:
        raise UseInvalid([Fault("$.days", "field_missing")])
    return use.days
