"""The worked cases with other numbers, a thousand times, come out as an engine says that shares nothing with ours."""

import copy
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.services.tariffs import independent
from tests.services.tariffs.cases import CASES
from web import tariff_cases

SEEDS: Final = 1_000
HERE: Final = Path(__file__).parent
SCALES: Final = ("0", "0.01", "0.5", "0.93", "1", "1.07", "1.5", "3", "40")

Case = dict[str, Any]


def judged(case: Case) -> Case:
    """What the independent engine says, as fractions."""
    if case["kind"] == "late_fee":
        exact, total = independent.late_fee(case["tariff"], case["input"])
        return {"exact": exact, "total_minor": total}
    if case["kind"] == "prepaid":
        daily, alerts = independent.prepaid(case["tariff"], case["input"])
        return {"daily": daily, "alerts": alerts}
    rows, total, factor = independent.bill(case["tariff"], case["input"])
    found: Case = {"lines": [(code, quantity, amount) for _, code, quantity, amount in rows], "total_minor": total}
    return found if factor is None else {**found, "power_factor": factor}


def priced(case: Case) -> Case:
    """What the product says, as fractions."""
    found = tariff_cases.result(case, at=0, measure=tariff_cases.no_files)
    assert "error" not in found, found
    if case["kind"] == "late_fee":
        assert sum(found["days_by_rate"].values()) == late_days(case)
        return {"exact": Fraction(found["exact"]), "total_minor": found["total_minor"]}
    if case["kind"] == "prepaid":
        return {
            "daily": [(day, Fraction(cost), Fraction(balance)) for day, cost, balance in found["daily"]],
            "alerts": [(day, Fraction(threshold)) for day, threshold in found["alerts"]],
        }
    rows = [(line["code"], Fraction(line["qty"]), Fraction(line["amount"])) for line in found["lines"]]
    answer: Case = {"lines": rows, "total_minor": found["total_minor"]}
    factor = found.get("measured", {}).get("power_factor")
    return answer if factor is None else {**answer, "power_factor": Fraction(factor)}


def late_days(case: Case) -> int:
    said = case["input"]
    return max(0, independent.day_number(said["paid_date"]) - independent.day_number(said["due_date"]))


def perturbed(case: Case, random: Random) -> Case:
    """The case with other prices, limits, ratios, use, months, persons and days; still a valid one."""
    found = copy.deepcopy(case)
    document, said = found["tariff"], found["input"]
    if random.random() < 0.7:
        _scale(document, random, of=("prices", "adders", "rate", "amount", "price", "minimum", "rate_prev_year"))
        _scale(document, random, of=("over_ratio", "over_multiplier", "floor_ratio", "anchor_rate", "per_point"))
    if random.random() < 0.5:
        document["rounding"] = {
            "mode": random.choice(["half_up", "half_down", "half_even", "up", "down"]),
            "stage": random.choice(["line", "bill"]),
            **({"places": random.choice([0, 1, 2])} if random.random() < 0.3 else {}),
        }
    if random.random() < 0.1:
        document["currency"] = random.choice(["JPY", "KWD", "EUR"])
        document.get("rounding", {}).pop("places", None)
    _limits(document, random)
    _scale(said, random, of=("kwh", "kwh_before_in_cycle", "max_demand_kw", "kvarh", "contract_kw", "transformer_kva"))
    _scale(said, random, of=("daily_kwh", "rate_minor", "arrears", "opening_balance", "topups"))
    months = {month for season in document.get("tiers", {}).get("seasons", []) for month in season["months"]}
    if case["kind"] == "bill" and "month" in said:
        said["month"] = random.choice(sorted(months or range(1, 13)))
    if "months_in_cycle" in said:
        said["months_in_cycle"] = random.randint(1, 12)
    if document.get("household"):
        said.setdefault("account", {})["persons"] = random.randint(1, 8)
        document["household"]["mode"] = random.choice(["first_only", "shift_all"])
    if document.get("credits") and random.random() < 0.5:
        said.setdefault("account", {})["flag"] = "low_income"
    if document.get("demand") and random.random() < 0.5:
        _demand(document, said, random)
    if case["kind"] == "late_fee":
        year, month, day = 2024 + random.randint(0, 3), random.randint(1, 12), random.randint(1, 28)
        said["paid_date"] = f"{year}-{month:02}-{day:02}"
    return found


def _demand(document: Case, said: Case, random: Random) -> None:
    document["demand"] = {
        "mode": random.choice(["actual", "capacity", "contract"]),
        "over_ratio": "1.05",
        "over_multiplier": "2",
        **document["demand"],
    }
    document["demand"]["mode"] = random.choice(["actual", "capacity", "contract"])
    said["account"] = {"contract_kw": "500", **said["account"]}


def _limits(document: Case, random: Random) -> None:
    for holder in [document.get("tiers", {}), *document.get("tiers", {}).get("seasons", [])]:
        for name in ("bounds_per_month", "bounds"):
            if name in holder and random.random() < 0.7:
                found = sorted({random.randint(1, 900) * 10 ** random.choice([0, 0, 1]) for _ in holder[name]})
                if len(found) == len(holder[name]):
                    holder[name] = [f"{limit}.{random.randint(0, 9)}" for limit in found]


def _scale(value: Any, random: Random, *, of: tuple[str, ...], inside: bool = False) -> None:
    """Multiply number texts that stand under one of these names, wherever they are."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in list(items):
        is_meant = inside or key in of
        if isinstance(part, str) and is_meant and _is_number(part):
            value[key] = _times(part, random)
        else:
            _scale(part, random, of=of, inside=is_meant)


def _is_number(text: str) -> bool:
    return text.replace(".", "").replace("-", "").isdigit() and text.count("-") <= text.startswith("-")


def _times(text: str, random: Random) -> str:
    places = len(text.partition(".")[2])
    scaled = Fraction(text) * Fraction(random.choice(SCALES)) + Fraction(random.randint(0, 9), 10**places)
    whole = int(scaled * 10 ** min(places + 1, 6)) if places < 6 else int(scaled * 10**places)
    digits = min(places + 1, 6) if places < 6 else places
    sign, body = "-" if whole < 0 else "", f"{abs(whole):0{digits + 1}}"
    return f"{sign}{body[:-digits]}.{body[-digits:]}"


def test_a_thousand_perturbed_cases_come_out_as_the_independent_engine_says() -> None:
    names = [name for name in CASES if "meter_file" not in CASES[name]["input"]]
    wrong: list[tuple[int, Mapping[str, Any], Mapping[str, Any]]] = []
    kinds = set()
    for seed in range(SEEDS):
        random = Random(seed)
        case = perturbed(CASES[names[seed % len(names)]], random)
        ours, theirs = priced(case), judged(case)
        kinds |= {code for code, _, _ in theirs.get("lines", [])}
        if ours != theirs:
            wrong.append((seed, ours, theirs))
    assert wrong[:1] == []
    assert {"tier3_adder", "demand_over", "capacity", "power_factor", "free_kwh", "tax"} <= kinds
