"""A document that breaks the format is refused with every fault: where, which, and what to do."""

import copy
from decimal import Decimal
from typing import Any, Final

import pytest

from services.tariffs.errors import REMEDIES, Fault, TariffInvalid, UseInvalid
from services.tariffs.queries import Facts, Slot, SlotSum, Use, parse, price
from services.tariffs.rules.document import MOST_FAULTS
from tests.services.tariffs.cases import CASES

TOU: Final = CASES["P08"]["tariff"]
TIERS: Final = CASES["P06"]["tariff"]
YEAR: Final = CASES["P01"]["tariff"]
SLOTS: Final = CASES["P11"]["tariff"]
GONE: Final = object()


def with_(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The document with one value put at, or taken from, a path like `energy.windows.0.from`."""
    found = copy.deepcopy(document)
    holder: Any = found
    *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in way:
        holder = holder.setdefault(step, {}) if isinstance(holder, dict) else holder[step]
    if value is GONE:
        del holder[last]
    else:
        holder[last] = value
    return found


def faults(document: object) -> list[tuple[str, str]]:
    with pytest.raises(TariffInvalid) as refused:
        parse(document)
    return [(fault.path, fault.code) for fault in refused.value.faults]


CLOCKS = [{"period": "a", "from": "00:00", "to": "19:00"}, {"period": "b", "from": "21:00", "to": "24:00"}]
ENERGY_A_B = {"lines": "period_plus_adders", "prices": {"a": "1", "b": "2"}, "windows": CLOCKS}

BROKEN: Final = {
    "no document": (7, "$", "wrong_type"),
    "an unknown field": (with_(TOU, "colour", "red"), "$.colour", "field_unknown"),
    "an unknown field deep inside": (with_(TOU, "energy.windows.0.until", "1"), "$.energy.windows[0].until", "field_unknown"),
    "a name of two lines": (with_(TOU, "name", "A\nB"), "$.name", "not_a_line"),
    "an id that turns what follows": (with_(TOU, "id", "a\u202eb"), "$.id", "not_a_line"),
    "a state with something unseen": (with_(TOU, "status", "in\u200bforce"), "$.status", "not_a_line"),
    "a note that turns what follows": (with_(TOU, "note", "One.\nTwo\u2066."), "$.note", "not_a_line"),
    "a missing field": (with_(TOU, "demand.price", GONE), "$.demand.price", "field_missing"),
    "a number of JSON": (with_(TOU, "demand.price", 36.1), "$.demand.price", "not_a_number"),
    "not a number": (with_(TOU, "demand.price", "NaN"), "$.demand.price", "not_a_number"),
    "an endless number": (with_(TOU, "demand.price", "Infinity"), "$.demand.price", "not_a_number"),
    "an exponent": (with_(TOU, "demand.price", "1e3"), "$.demand.price", "not_a_number"),
    "a sign for plus": (with_(TOU, "demand.price", "+1"), "$.demand.price", "not_a_number"),
    "a zero in front": (with_(TOU, "demand.price", "007"), "$.demand.price", "not_a_number"),
    "a line break behind": (with_(TOU, "demand.price", "7\n"), "$.demand.price", "not_a_number"),
    "digits of another script": (with_(TOU, "demand.price", "٣"), "$.demand.price", "not_a_number"),
    "underscores": (with_(TOU, "demand.price", "1_000"), "$.demand.price", "not_a_number"),
    "a number of a kilometre": (with_(TOU, "demand.price", "1" * 5000), "$.demand.price", "not_a_number"),
    "a truth for a number": (with_(TOU, "demand.price", value=True), "$.demand.price", "not_a_number"),
    "nine decimals": (with_(TOU, "demand.price", "0.123456789"), "$.demand.price", "decimals_too_many"),
    "a negative price of demand": (with_(TOU, "demand.price", "-1"), "$.demand.price", "number_out_of_range"),
    "a truth for a month": (with_(TOU, "energy.windows.0.months", [True]), "$.energy.windows[0].months[0]", "not_a_month"),
    "a thirteenth month": (with_(TOU, "energy.windows.0.months", [13]), "$.energy.windows[0].months[0]", "not_a_month"),
    "a text for persons": (with_(YEAR, "household.min_persons", "5"), "$.household.min_persons", "wrong_type"),
    "an unknown code": (with_(TOU, "energy.lines", "per_slice"), "$.energy.lines", "not_a_choice"),
    "a code in words": (with_(TOU, "fixed", [{"code": "Meter fee", "amount": "1", "per": "month"}]), "$.fixed[0].code", "not_a_code"),
    "an unknown group": (with_(TOU, "power_factor.base.1", "energi"), "$.power_factor.base[1]", "not_a_choice"),
    "a group that comes later": (with_(TOU, "power_factor.base.1", "credits"), "$.power_factor.base[1]", "not_a_choice"),
    "an unknown currency": (with_(TOU, "currency", "CNX"), "$.currency", "currency_unknown"),
    "an unknown zone": (with_(TOU, "time_zone", "Asia/Canton"), "$.time_zone", "zone_unknown"),
    "a path for a zone": (with_(TOU, "time_zone", "../Asia/Shanghai"), "$.time_zone", "zone_unknown"),
    "windows of nowhere": (with_(TOU, "time_zone", GONE), "$.time_zone", "zone_missing"),
    "finer than the fen": (with_(TOU, "rounding.places", 3), "$.rounding.places", "places_too_many"),
    "an inverted window": (with_(TOU, "energy.windows.0.to", "10:00"), "$.energy.windows[0]", "window_inverted"),
    "an empty window": (with_(TOU, "energy.windows.0.to", "11:00"), "$.energy.windows[0]", "window_inverted"),
    "a window past midnight": (with_(TOU, "energy.windows.0.to", "25:00"), "$.energy.windows[0].to", "not_a_time"),
    "ten to nine": (with_(TOU, "energy.windows.0.from", "08:50"), "$.energy.windows[0].from", "not_a_time"),
    "a window of no period": (with_(TOU, "energy.windows.0.period", "shrp"), "$.energy.windows[0].period", "period_unknown"),
    "a default of no period": (with_(TOU, "energy.default_period", "even"), "$.energy.default_period", "period_unknown"),
    "a price that no hour has": (with_(TOU, "energy.prices.deep_valley", "0"), "$.energy.prices.deep_valley", "period_unused"),
    "a number as a flag": (
        with_(TOU, "credits", [{"code": "c", "flag": "persons", "kwh": "1", "rate": "1"}]), "$.credits[0].flag", "not_a_choice",
    ),
    "hours without a period": (with_(TOU, "energy", ENERGY_A_B), "$.energy.windows", "coverage_gap"),
    "holidays without a period": (
        with_(TOU, "energy", {**ENERGY_A_B, "windows": [
            {"period": "a", "from": "00:00", "to": "24:00", "days": ["workday"]},
            {"period": "b", "from": "00:00", "to": "24:00", "days": ["weekend"]},
        ]}), "$.energy.windows", "coverage_gap",
    ),
    "a gap that only hot days fill": (
        with_(TOU, "energy", {**ENERGY_A_B, "windows": [*CLOCKS, {
            "period": "b", "from": "19:00", "to": "21:00", "temperature": {"place": "x", "at_least_c": "35"},
        }]}), "$.energy.windows", "coverage_gap",
    ),
    "prices and components": (
        with_(TOU, "energy.components", [{"name": "a", "price": "1", "floats": True}]), "$.energy", "fields_exclusive",
    ),
    "a ratio that is missing": (
        with_(TOU, "energy", {
            "lines": "period_plus_adders", "components": [{"name": "a", "price": "1", "floats": True}],
            "ratios": {"peak": "1.7"}, "windows": [{"period": "peak", "from": "00:00", "to": "08:00"}],
            "default_period": "flat",
        }), "$.energy.ratios.flat", "ratio_missing",
    ),
    "tiers with times of day in one price": (with_(TOU, "energy.lines", "per_tier"), "$.energy.windows[0]", "one_period_a_month"),
    "limits out of order": (with_(YEAR, "tiers.bounds_per_month", ["400", "210"]), "$.tiers.bounds_per_month", "limits_order"),
    "the same limit twice": (with_(YEAR, "tiers.bounds_per_month", ["210", "210"]), "$.tiers.bounds_per_month", "limits_order"),
    "a limit at zero": (with_(YEAR, "tiers.bounds_per_month.0", "0"), "$.tiers.bounds_per_month[0]", "number_out_of_range"),
    "an adder too few": (with_(YEAR, "tiers.adders", ["0", "0.05"]), "$.tiers.adders", "adders_count"),
    "an adder too many": (with_(YEAR, "tiers.adders", ["0", "1", "2", "3"]), "$.tiers.adders", "adders_count"),
    "adders of a period too few": (
        with_(with_(TOU, "tiers", {"cycle": "month", "bounds_per_month": ["9"]}), "tiers.adders_by_period", {"peak": ["0", "1"]}),
        "$.tiers.adders_by_period.flat", "field_missing",
    ),
    "a month in two seasons": (with_(TIERS, "tiers.seasons.0.months.0", 4), "$.tiers.seasons[0].months", "month_overlap"),
    "a month in no season": (with_(TIERS, "tiers.seasons.0.months", [5, 6, 7, 8, 9]), "$.tiers.seasons", "month_missing"),
    "seasons of a yearly cycle": (with_(TIERS, "tiers.cycle", "year"), "$.tiers.seasons", "fields_exclusive"),
    "contract demand without its ratio": (with_(TOU, "demand.over_ratio", GONE), "$.demand.over_ratio", "field_missing"),
    "a charge on a demand of no period": (
        with_(TOU, "demand_charges", [{"code": "kw", "period": "noon", "prices": ["1"]}]), "$.demand_charges[0].period", "period_unknown",
    ),
    "power factors twice": (with_(TOU, "power_factor.segments.1.hi", "0.95"), "$.power_factor.segments[0]", "segment_overlap"),
    "power factors left out": (with_(TOU, "power_factor.segments.1.lo", "0.91"), "$.power_factor.segments[1]", "segment_gap"),
    "no power factor of one": (with_(TOU, "power_factor.segments.0.hi", "0.99"), "$.power_factor.segments", "segment_gap"),
    "a segment from high to low": (with_(TOU, "power_factor.segments.0.lo", "1"), "$.power_factor.segments[0]", "segment_gap"),
    "two lines of one code": (with_(TOU, "per_kwh.1.code", "fund_water"), "$.per_kwh[1].code", "duplicate_code"),
    "a fund that is called as a tier": (with_(TOU, "per_kwh.1.code", "tier1"), "$.per_kwh[1].code", "duplicate_code"),
    "two ways to tax": (
        with_(SLOTS, "taxes", [{"code": "vat", "rate": "0.05", "on": "net"}]), "$.tax", "fields_exclusive",
    ),
    "tiers of slots": (with_(SLOTS, "tiers", YEAR["tiers"]), "$.tiers", "fields_exclusive"),
    "nothing to price": ({"id": "a", "currency": "CNY"}, "$", "nothing_priced"),
    "tiers of nothing": (with_({"id": "a", "currency": "CNY", "late_fee": {"rate": "1"}}, "tiers", YEAR["tiers"]), "$.tiers", "no_energy"),
    "a note of a book": (with_(TOU, "note", "x" * 5000), "$.note", "too_long"),
    "windows without end": (with_(TOU, "energy.windows", TOU["energy"]["windows"] * 101), "$.energy.windows", "too_many"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_document_is_refused_with_the_place_and_the_fault(what: str) -> None:
    document, path, code = BROKEN[what]
    assert (path, code) in faults(document)


def test_faults_of_fields_are_told_before_those_of_what_they_add_up_to() -> None:
    apart = with_(TOU, "currency", "X")
    both = with_(with_(apart, "demand.price", "NaN"), "surprise", 1)
    assert faults(both) == [("$.demand.price", "not_a_number"), ("$.surprise", "field_unknown")]
    assert faults(apart) == [("$.currency", "currency_unknown")]


def test_all_faults_of_what_fields_add_up_to_are_found_at_once() -> None:
    broken = with_(with_(with_(TOU, "currency", "X"), "time_zone", "Mars"), "per_kwh.0.code", "demand")
    assert faults(broken) == [
        ("$.currency", "currency_unknown"),
        ("$.per_kwh[0].code", "duplicate_code"),
        ("$.time_zone", "zone_unknown"),
    ]


def test_of_a_document_that_is_wrong_everywhere_the_first_faults_are_told() -> None:
    found = faults(with_(YEAR, "tiers.adders", ["many"] * 10_000))
    assert len(found) == MOST_FAULTS
    assert ("$.tiers.adders[0]", "not_a_number") in found


def test_a_version_of_one_season_needs_no_other_months() -> None:
    document = CASES["P10"]["tariff"]
    assert parse(document, months={6, 7, 8, 9}).id == "us-ga-r31"
    assert faults(document) == [("$.tiers.seasons", "month_missing")] * 8


def refused(tariff: dict[str, Any], use: Use) -> list[tuple[str, str]]:
    with pytest.raises(UseInvalid) as error:
        price(parse(tariff), use)
    return [(fault.path, fault.code) for fault in error.value.faults]


D = Decimal
UNPRICED: Final = {
    "more than a country uses": (YEAR, Use(kwh={"all": D(10) ** 12 + 1}), "$.kwh.all", "number_out_of_range"),
    "less than nothing": (YEAR, Use(kwh={"all": D(-1)}), "$.kwh.all", "number_out_of_range"),
    "no number": (YEAR, Use(kwh={"all": D("NaN")}), "$.kwh.all", "number_out_of_range"),
    "a number that signals": (YEAR, Use(kwh={"all": D("sNaN")}), "$.kwh.all", "number_out_of_range"),
    "no end": (YEAR, Use(kwh={"all": D("Infinity")}), "$.kwh.all", "number_out_of_range"),
    "finer than a meter": (YEAR, Use(kwh={"all": D("0.0000001")}), "$.kwh.all", "number_out_of_range"),
    "a binary fraction": (YEAR, Use(kwh={"all": 0.5}), "$.kwh.all", "number_out_of_range"),  # type: ignore[dict-item] # what a careless caller passes
    "a period without a price": (YEAR, Use(kwh={"peak": D(1)}), "$.kwh.peak", "period_unknown"),
    "a month without a name": (TIERS, Use(kwh={"all": D(1)}), "$.month", "field_missing"),
    "a thirteenth month": (YEAR, Use(month=13, kwh={"all": D(1)}), "$.month", "number_out_of_range"),
    "too many months": (YEAR, Use(months_in_cycle=13), "$.months_in_cycle", "number_out_of_range"),
    "days that nobody counted": (SLOTS, Use(slots=(Slot(D(1), D(1)),)), "$.days", "field_missing"),
    "slots beside totals": (SLOTS, Use(slots=(Slot(D(1), D(1)),), kwh={"all": D(1)}, days=1), "$.kwh", "fields_exclusive"),
    "slots that the tariff has not": (YEAR, Use(slots=(Slot(D(1), D(1)),)), "$.slots", "field_unknown"),
    "a price of a slot that is none": (SLOTS, Use(slots=(Slot(D(1), D("sNaN")),), days=1), "$.slots[0].rate_minor", "number_out_of_range"),
    "slots beside their sum": (SLOTS, Use(slots=(Slot(D(1), D(1)),), slot_sum=SlotSum(D(1), D(1), 1), days=1), "$.slots", "fields_exclusive"),
    "a sum of slots that the tariff has not": (YEAR, Use(slot_sum=SlotSum(D(1), D(1), 1)), "$.slots", "field_unknown"),
    "a sum of slots that is no number": (SLOTS, Use(slot_sum=SlotSum(D(1), D("NaN"), 1), days=1), "$.slot_sum.cost_minor", "number_out_of_range"),
    "a demand that nobody measured": (TOU, Use(kwh={"flat": D(1)}, facts=Facts(contract_kw=D(1))), "$.max_demand_kw", "fact_missing"),
    "a contract that nobody knows": (TOU, Use(kwh={"flat": D(1)}, max_demand_kw=D(1)), "$.facts.contract_kw", "fact_missing"),
    "persons below zero": (YEAR, Use(facts=Facts(persons=-1)), "$.facts.persons", "number_out_of_range"),
    "a tariff of late fees alone": (CASES["P12"]["tariff"], Use(), "$", "no_energy"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNPRICED)
def test_a_use_that_cannot_be_priced_is_refused_with_its_reason(what: str) -> None:
    tariff, use, path, code = UNPRICED[what]
    assert (path, code) in refused(tariff, use)


def test_a_fault_says_what_to_do_and_no_remedy_is_said_in_vain() -> None:
    assert str(Fault("$.tiers.adders", "adders_count", "3")) == (
        "$.tiers.adders: adders_count (3). Give one adder more than there are limits: the first tier has one too."
    )
    shown = {code for _, _, code in BROKEN.values()} | {code for *_, code in UNPRICED.values()}
    elsewhere = {
        "amount_too_large", "currency_differs", "date_order", "file_unreadable", "interval_too_long", "limits_increments", "not_a_date",
        "not_found", "price_failed", "slot_price_missing", "structure_unsupported", "zone_differs",
    }  # fmt: skip
    assert shown | elsewhere == set(REMEDIES)
