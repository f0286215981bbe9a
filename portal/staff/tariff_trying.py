"""A use that somebody types to see what it costs: what was typed, as a use of the engine, and its faults."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

from fastapi import Query
from pydantic import StringConstraints

from services.tariffs.errors import UseInvalid
from services.tariffs.queries import Facts, Fault, Priced, Tariff, Use, price

Number = Annotated[str, Query(max_length=40)]
_ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class UseForm:
    """A use as it was typed; `kwh` has a number for each price period of the tariff, in their order."""

    kwh: Annotated[list[Annotated[str, StringConstraints(max_length=40)]], Query(max_length=60, default_factory=list)]
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
        periods = list(tariff.prices)
        typed = [*self.kwh, *[""] * len(periods)]
        return list(zip(periods, typed, strict=False))


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
    use = Use(
        month=count("month", typed.month),
        kwh={period: energy for period, energy in kwh.items() if energy is not None},
        kwh_before_in_cycle=number("kwh_before_in_cycle", typed.before) or _ZERO,
        months_in_cycle=count("months_in_cycle", typed.cycle) or 12,
        days=count("days", typed.days),
        max_demand_kw=number("max_demand_kw", typed.demand),
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
