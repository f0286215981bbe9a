"""No number of a tariff is there in vain: another one changes what some use costs, or is named as idle."""

import copy
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import isqrt
from typing import Any, Final

import pytest

from services.tariffs.errors import TariffInvalid, UseInvalid
from services.tariffs.queries import Facts, Slot, Tariff, Use, late_fee, parse, period_of, price
from tests.services.tariffs.cases import CASES

DOCUMENTS: Final = {case["tariff"]["id"]: case["tariff"] for case in CASES.values()}
CLOCK: Final = re.compile(r"\d\d:\d\d")
NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
BIG: Final = Decimal("98765432.1")
FACTS: Final = (
    Facts(persons=4, flags=frozenset({"low_income"}), contract_kw=Decimal(600), transformer_kva=Decimal(1250)),
    Facts(persons=5, contract_kw=Decimal(300), transformer_kva=Decimal(1250)),
)

Place = tuple[str | int, ...]


def months_of(document: dict[str, Any]) -> list[int]:
    seasons = document.get("tiers", {}).get("seasons", [])
    return sorted({month for season in seasons for month in season["months"]}) or [*range(1, 13)]


def leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Numbers, times of day and counts, wherever they stand."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*place, key))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from leaves(part, (*place, at))
    elif isinstance(value, int) or (isinstance(value, str) and (NUMBER.fullmatch(value) or CLOCK.fullmatch(value))):
        yield place, value


def another(value: str | int) -> str | int:
    """The next number of as many places."""
    if isinstance(value, int):
        return value + 1 if value < 12 else value - 1
    if CLOCK.fullmatch(value):
        return f"{value[:3]}15"
    step = Decimal(1).scaleb(-len(value.partition(".")[2]))
    return format(Decimal(value) - step if Decimal(value) == 1 else Decimal(value) + step, "f")


def changed(document: dict[str, Any], place: Place) -> dict[str, Any]:
    found = copy.deepcopy(document)
    holder: Any = found
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = another(holder[place[-1]])
    return found


def uses(tariff: Tariff) -> Iterator[Use]:
    """Uses that reach every tier in every month, every power factor, every demand, every fact."""
    wholes = [Decimal(kwh) for kwh in ("1", "200.5", "261", "401", "601", "651", "1001")] + [BIG]
    seasons = tariff.document.tiers.seasons if tariff.document.tiers else None
    for month in [season.months[0] for season in seasons] if seasons else [7]:
        for facts in FACTS:
            for at, kwh in enumerate(wholes):
                yield Use(
                    month=month,
                    kwh={} if tariff.by_slot else dict.fromkeys(tariff.periods, kwh),
                    slots=(Slot(kwh, Decimal(5)),) if tariff.by_slot else (),
                    kwh_before_in_cycle=Decimal(2000) if at % 2 else Decimal(0),
                    months_in_cycle=9,
                    days=3,
                    max_demand_kw=Decimal(100 * at + 55),
                    export_kwh=kwh,
                    facts=facts,
                )
    if tariff.document.power_factor is not None:
        for points in range(101):
            reactive = isqrt(10**12 * (10_000 - points**2) // max(points**2, 1))
            used = dict.fromkeys(tariff.periods, Decimal(1000))
            kvarh = Decimal(reactive) / 10**6 * 1000 * len(used)
            kvarh = kvarh.quantize(Decimal("0.000001"))
            yield Use(month=7, kwh=used, kvarh=kvarh, max_demand_kw=Decimal(9), facts=FACTS[0])


def answers(document: dict[str, Any], months: list[int]) -> list[object]:
    """What a document says to everything that can be asked."""
    try:
        tariff = parse(document, months=months)
    except TariffInvalid as refusal:
        return [refusal.code]
    found: list[object] = []
    if tariff.document.late_fee is not None:
        for arrears in (Decimal(BIG), Decimal("0.5")):
            fee = late_fee(tariff, arrears=arrears, due=date(2024, 12, 20), paid=date(2025, 1, 12))
            found.append((fee.total_minor, fee.exact))
    if tariff.document.energy is None:
        return found
    if tariff.windows:
        quarters = [
            datetime(2025, month, 1, tzinfo=UTC) + timedelta(minutes=15 * at)
            for month in range(1, 13)
            for at in range(96)
        ]
        found += [period_of(tariff, quarter) for quarter in quarters]
    for use in uses(tariff):
        try:
            priced = price(tariff, use)
            found.append((priced.total_minor, [line[:5] for line in priced.lines]))
        except UseInvalid as refusal:
            found.append(refusal.code)
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_any_number_of_a_tariff_that_is_changed_changes_a_price_or_is_named_as_idle(name: str) -> None:
    document = DOCUMENTS[name]
    months = months_of(document)
    before = answers(document, months)
    without_effect = {
        "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
        for place, _ in leaves(document)
        if answers(changed(document, place), months) == before
    }
    assert without_effect == set(parse(document, months=months).idle)
