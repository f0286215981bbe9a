"""Rates of the U.S. Utility Rate Database become documents that price as the rate says, or are refused by name."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from typing import Any, Final

import pytest

from services.tariffs.errors import TariffInvalid
from services.tariffs.queries import Use, demand_period_of, from_urdb, parse, period_of, price
from tests.services.tariffs.cases import CASES, told

D = Decimal
NEW_YORK: Final = "America/New_York"
SUMMER: Final = [6, 7, 8, 9]
BY_SEASON: Final = [[1 if month in SUMMER else 0] * 24 for month in range(1, 13)]
WORKING: Final = [[0] * 8 + [1] * 12 + [0] * 4] * 12
RESTING: Final = [[0] * 24] * 12

GEORGIA: Final = """{
    "label": "R-31", "name": "Residential R-31", "utility": "a utility", "sector": "Residential",
    "fixedchargefirstmeter": 16.48, "fixedchargeunits": "$/month",
    "energyratestructure": [
        [{"rate": 0.142062, "unit": "kWh"}],
        [{"rate": 0.128101, "adj": 0.02, "max": 650}, {"rate": 0.216379, "max": 1000}, {"rate": 0.222371, "max": 1e38}]
    ]
}"""
TOU: Final = {
    "label": "TOU",
    "energyratestructure": [[{"rate": D("0.05"), "sell": D("0.03")}], [{"rate": D("0.20"), "sell": D("0.03")}]],
    "energyweekdayschedule": WORKING,
    "energyweekendschedule": RESTING,
    "mincharge": 12,
    "minchargeunits": "$/day",
    "flatdemandstructure": [[{"rate": 0}], [{"rate": 5, "max": 20}, {"rate": 7}]],
    "flatdemandmonths": [1 if month in SUMMER else 0 for month in range(1, 13)],
    "demandratestructure": [[{"rate": 0}], [{"rate": 9}]],
    "demandweekdayschedule": WORKING,
    "demandweekendschedule": RESTING,
    "demandrateunit": "kW",
}


def georgia() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(GEORGIA, parse_float=Decimal)
    return {**found, "energyweekdayschedule": BY_SEASON, "energyweekendschedule": BY_SEASON}


def test_a_block_rate_by_season_prices_as_its_worked_case() -> None:
    tariff = parse(from_urdb(georgia(), time_zone=NEW_YORK))
    july = price(tariff, Use(month=7, kwh={"p1": D(1234)}))
    assert (told(july), july.total_minor) == (CASES["P10"]["expect"]["lines"], CASES["P10"]["expect"]["total_minor"])
    january = price(tariff, Use(month=1, kwh={"p0": D(1234)}))
    assert [(line.code, line.rate) for line in january.lines] == [
        ("tier1", D("0.142062")),
        ("customer_charge", D("16.48")),
    ]


def test_a_rate_by_the_hour_keeps_its_hours_its_demand_and_its_export() -> None:
    tariff = parse(from_urdb(TOU, time_zone=NEW_YORK))
    friday, saturday = datetime(2025, 7, 4, 8, tzinfo=UTC), datetime(2025, 7, 5, 8, tzinfo=UTC)
    assert [period_of(tariff, start) for start in (friday, saturday)] == ["p1", "p0"]
    assert [demand_period_of(tariff, start) for start in (friday, saturday)] == ["p1", "p0"]
    use = Use(
        month=7,
        kwh={"p0": D(100), "p1": D(100)},
        max_demand_kw=D(30),
        max_demand_by_period={"p1": D(25)},
        export_kwh=D(10),
        days=30,
    )
    assert [(line.code, line.amount) for line in price(tariff, use).lines] == [
        ("energy_p0", D("5.00")),
        ("energy_p1", D("20.00")),
        ("flat_demand_p1_tier1", D("100.00")),
        ("flat_demand_p1_tier2", D("70.00")),
        ("demand_p1", D("225.00")),
        ("export", D("-0.30")),
    ]
    short = price(tariff, Use(month=1, kwh={"p0": D(100)}, max_demand_by_period={"p1": D(0)}, days=30))
    assert [(line.code, line.amount) for line in short.lines] == [("energy_p0", D("5.00")), ("minimum", D("355.00"))]


BLOCKS: Final = [{"rate": D("0.1"), "max": 650}, {"rate": D("0.2"), "max": 350}, {"rate": D("0.3")}]

ENDLESS: Final[list[Any]] = reduce(lambda inner, _: [inner], range(5_000), [1])

REFUSED: Final[dict[str, tuple[dict[str, Any], str, str]]] = {
    "widths for limits": ({"energyratestructure": [BLOCKS]}, "$.energyratestructure[0]", "limits_increments"),
    "no energy": ({}, "$.energyratestructure", "field_missing"),
    "tiers within times of day": (
        {**TOU, "energyratestructure": [[{"rate": 1}], [{"rate": 1, "max": 5}, {"rate": 2}]]},
        "$.energyratestructure", "structure_unsupported",
    ),
    "no price above the last tier": (
        {"energyratestructure": [[{"rate": 1, "max": 5}]]}, "$.energyratestructure[0][0].max", "structure_unsupported",
    ),
    "a tier without its limit": (
        {"energyratestructure": [[{"rate": 1}, {"rate": 2}]]}, "$.energyratestructure[0][0].max", "field_missing",
    ),
    "kWh a day": (
        {"energyratestructure": [[{"rate": 1, "unit": "kWh daily"}]]}, "$.energyratestructure[0][0].unit", "structure_unsupported",
    ),
    "no number": ({"energyratestructure": [[{"rate": "dear"}]]}, "$.energyratestructure[0][0].rate", "not_a_number"),
    "a binary fraction": ({"energyratestructure": [[{"rate": 0.1}]]}, "$.energyratestructure[0][0].rate", "not_a_number"),
    "too many decimals": (
        {"energyratestructure": [[{"rate": D("0.06813000000000001")}]]}, "$.energyratestructure[0][0].rate", "decimals_too_many",
    ),
    "more digits than are ever exact": (
        {"energyratestructure": [[{"rate": D("0." + "1" * 300)}]]}, "$.energyratestructure[0][0].rate", "decimals_too_many",
    ),
    "an exponent beyond numbers": (
        {"energyratestructure": [[{"rate": "1e99999999999999999999"}]]}, "$.energyratestructure[0][0].rate", "not_a_number",
    ),
    "a list for a unit": (
        {"energyratestructure": [[{"rate": 1}]], "mincharge": 5, "minchargeunits": ["$/month"]},
        "$.minchargeunits", "structure_unsupported",
    ),
    "lists without end": ({**TOU, "coincidentratestructure": ENDLESS}, "$.coincidentratestructure", "structure_unsupported"),
    "two prices of export": (
        {**TOU, "energyratestructure": [[{"rate": 1, "sell": 1}], [{"rate": 1, "sell": 2}]]},
        "$.energyratestructure", "structure_unsupported",
    ),
    "eleven months": ({**TOU, "energyweekdayschedule": WORKING[:11]}, "$.energyweekdayschedule", "wrong_type"),
    "an hour of no period": ({**TOU, "energyweekendschedule": [[7] * 24] * 12}, "$.energyweekendschedule[0]", "period_unknown"),
    "a charge by the year": (
        {"energyratestructure": [[{"rate": 1}]], "mincharge": 5, "minchargeunits": "$/year"},
        "$.minchargeunits", "structure_unsupported",
    ),
    "demand by horsepower": ({**TOU, "demandrateunit": "hp"}, "$.demandrateunit", "structure_unsupported"),
    "what happens at the peak of the grid": (
        {**TOU, "coincidentratestructure": [[{"rate": 1}]]}, "$.coincidentratestructure", "structure_unsupported",
    ),
    "fuel by the month": ({**TOU, "fueladjustmentsmonthly": [0] * 11 + [1]}, "$.fueladjustmentsmonthly", "structure_unsupported"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_a_document_cannot_say_is_refused_by_its_place(what: str) -> None:
    rate, path, code = REFUSED[what]
    with pytest.raises(TariffInvalid) as refused:
        from_urdb(rate, time_zone=NEW_YORK)
    assert [(fault.path, fault.code) for fault in refused.value.faults] == [(path, code)]
