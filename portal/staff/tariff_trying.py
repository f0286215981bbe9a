"""A use that somebody types to see what it costs: what was typed, as a use of the engine, and its faults."""

from calendar import monthrange
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

from fastapi import Query
from pydantic import StringConstraints

from services.tariffs.errors import UseInvalid
from services.tariffs.queries import Facts, Fault, Priced, Tariff, Use, price

Number = Annotated[str, Query(max_length=40)]
Column = Annotated[list[Annotated[str, StringConstraints(max_length=40)]], Query(max_length=60, default_factory=list)]
_ZERO: Final = Decimal(0)
_YEAR: Final = 2025
"""Any common year: a use that is tried has a month, but no year."""


@dataclass(frozen=True)
class UseForm:
    """A use as it was typed.

    `kwh` has a number for each price period of the tariff, in their order; `kw` one for each demand period with a
    charge.
    """

    kwh: Column
    kw: Column
    month: Number = ""
    before: Number = ""
    cycle: Number = ""
    days: Number = ""
    demand: Number = ""
    kvarh: Number = ""
    exported: Number = ""
    persons: Number = ""
    contract: Number = ""
    kva: Number = ""
    flag: Annotated[str, Query(max_length=40)] = ""

    @property
    def is_filled(self) -> bool:
        """Whether there is a use to be priced."""
        return any(each.strip() for each in self.kwh)

    def by_period(self, tariff: Tariff) -> list[tuple[str, str]]:
        """What was typed for each price period."""
        return _paired(tariff.prices, self.kwh)

    def by_demand_period(self, tariff: Tariff) -> list[tuple[str, str]]:
        """What was typed for each demand period that has a charge."""
        charged = (charge.period for charge in tariff.document.demand_charges if charge.period is not None)
        return _paired(dict.fromkeys(charged), self.kw)


def _paired(names: Collection[str], typed: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(names, [*typed, *[""] * len(names)], strict=False))


def priced(tariff: Tariff, typed: UseForm) -> tuple[Priced | None, Sequence[Fault]]:
    """What it costs; or what of it cannot be priced."""
    faults: list[Fault] = []

    def number(name: str, text: str) -> Decimal | None:
        try:
            return Decimal(text.strip()) if text.strip() else None
        except InvalidOperation:
            faults.append(Fault(f"$.{name}", "not_a_number", text[:40]))
            return None

    def count(name: str, text: str) -> int | None:
        found = number(name, text)
        if found is not None and (not found.is_finite() or found != found.to_integral_value() or abs(found) > _MOST):
            faults.append(Fault(f"$.{name}", "number_out_of_range"))
            return None
        return None if found is None else int(found)

    kwh = {period: number(f"kwh.{period}", text) for period, text in typed.by_period(tariff)}
    kw = {period: number(f"max_demand_by_period.{period}", text) for period, text in typed.by_demand_period(tariff)}
    month, cycle = count("month", typed.month), count("months_in_cycle", typed.cycle)
    use = Use(
        month=month,
        kwh={period: energy for period, energy in kwh.items() if energy is not None},
        kwh_before_in_cycle=number("kwh_before_in_cycle", typed.before) or _ZERO,
        months_in_cycle=12 if cycle is None else cycle,
        days=count("days", typed.days),
        days_in_month=monthrange(_YEAR, month)[1] if month and month in _MONTHS else None,
        max_demand_kw=number("max_demand_kw", typed.demand),
        max_demand_by_period={period: power for period, power in kw.items() if power is not None},
        kvarh=number("kvarh", typed.kvarh) or _ZERO,
        export_kwh=number("export_kwh", typed.exported) or _ZERO,
        facts=Facts(
            persons=count("facts.persons", typed.persons),
            flags=frozenset(filter(None, [typed.flag.strip()])),
            contract_kw=number("facts.contract_kw", typed.contract),
            transformer_kva=number("facts.transformer_kva", typed.kva),
        ),
    )
    if faults:
        return None, faults
    try:
        return price(tariff, use), ()
    except UseInvalid as refusal:
        return None, refusal.faults


_MOST: Final = 100_000
_MONTHS: Final = range(1, 13)
