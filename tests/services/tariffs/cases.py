"""The worked cases as the engine takes them: a tariff's document, a use, and what any correct engine answers."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from services.tariffs.queries import Facts, Priced, Slot, Tariff, Use, parse

FILE: Final = Path(__file__).parent / "cases.json"
CASES: Final[Mapping[str, Any]] = {case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]}
BILLS: Final = [name for name, case in CASES.items() if case["kind"] == "bill" and "kwh" in case["input"]]


def tariff_of(case: Mapping[str, Any]) -> Tariff:
    """The case's tariff, for the month that it prices."""
    said = case["input"]
    return parse(case["tariff"], months={said["month"]} if "month" in said else ())


def use_of(said: Mapping[str, Any]) -> Use:
    """The use of a case's `input`."""
    account = said.get("account", {})
    flags = [account["flag"]] if "flag" in account else account.get("flags", ())
    return Use(
        month=said.get("month"),
        kwh={period: Decimal(kwh) for period, kwh in said.get("kwh", {}).items()},
        kwh_before_in_cycle=Decimal(said.get("kwh_before_in_cycle", "0")),
        months_in_cycle=said.get("months_in_cycle", 12),
        days=said.get("days"),
        days_in_month=said.get("days_in_month"),
        max_demand_kw=_number(said, "max_demand_kw"),
        max_demand_by_period={name: Decimal(kw) for name, kw in said.get("max_demand_by_period", {}).items()},
        kvarh=Decimal(said.get("kvarh", "0")),
        export_kwh=Decimal(said.get("export_kwh", "0")),
        slots=tuple(Slot(Decimal(slot["kwh"]), Decimal(slot["rate_minor"])) for slot in said.get("slots", ())),
        facts=Facts(
            persons=account.get("persons"),
            flags=frozenset(flags),
            contract_kw=_number(account, "contract_kw"),
            transformer_kva=_number(account, "transformer_kva"),
        ),
    )


def told(priced: Priced) -> list[dict[str, str]]:
    """Lines as a case expects them."""
    return [
        {
            "code": line.code,
            "qty": format(line.quantity, "f"),
            "unit": line.unit,
            "rate": "per slot" if line.rate is None else format(line.rate, "f"),
            "amount": format(line.amount, "f"),
        }
        for line in priced.lines
    ]


def _number(said: Mapping[str, Any], name: str) -> Decimal | None:
    return Decimal(said[name]) if name in said else None
