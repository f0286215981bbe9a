"""Any tariff of the format, with a use that it can price: a strategy over all shapes.

Hypothesis draws the shape, and shrinks it; the numbers come from one seed, for they are many.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

Case = dict[str, Any]
Rate = Callable[[Random], str]

PERIODS: Final = ("sharp", "peak", "flat", "valley", "deep_valley", "shoulder")
SEGMENTS: Final = (("0.90", "1.00"), ("0.70", "0.89"), ("0.00", "0.69"))
GROUPS: Final = ("energy", "surcharges", "demand", "fixed")
PARTS: Final = ("whole", "by_days")
MODES: Final = ("half_up", "half_down", "half_even", "up", "down")
EXPONENT: Final = {"CNY": 2, "USD": 2, "JPY": 0, "KWD": 3}
SEASONS: Final = ([4, 5, 6, 7, 8, 9], [10, 11, 12, 1, 2, 3])


def number(random: Random, most: int, places: int = 0, least: int = 0) -> str:
    """A number as text, from `least` up to `most`."""
    return _text(random.randint(least * 10**places, most * 10**places), places)


def _text(drawn: int, places: int) -> str:
    digits = f"{abs(drawn):0{places + 1}}"
    body = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{body}" if drawn < 0 else body


def rate(random: Random) -> str:
    """A price of a kWh."""
    return number(random, 2, random.choice([0, 2, 4, 8]))


def signed(random: Random) -> str:
    """The same, now and then below zero."""
    return rate(random) if random.random() < 0.7 else number(random, 1, 4, least=-1)


def kwh(random: Random) -> str:
    """Use of a home, of a works, of nobody, of a country."""
    return number(random, *random.choice([(900, 0), (5000, 3), (10**6, 6), (10**12, 0), (0, 0)]))


def kw(random: Random) -> str:
    """A demand."""
    return number(random, 3000, 3)


def increasing(random: Random, count: int) -> list[str]:
    """Limits in rising order."""
    return [_text(limit, 1) for limit in sorted(random.sample(range(1, 9000), count))]


@st.composite
def cases(draw: st.DrawFn, *, plain: bool = False, lines: Sequence[str] = ("per_tier", "plus", "slots")) -> Case:
    """A case of a bill. `plain`: no price below zero and nothing by which more use could cost less."""
    random = draw(st.randoms(use_true_random=True))
    price = rate if plain else signed
    document: Case = {"id": "any", "currency": random.choice(sorted(EXPONENT)), "time_zone": "Asia/Shanghai"}
    said: Case = {"month": random.randint(1, 12), "account": {}}
    if draw(st.booleans()):
        document["rounding"] = _rounding(random, EXPONENT[document["currency"]])
    style = draw(st.sampled_from(list(lines)))
    if style == "slots":
        document["energy"] = {"lines": "slots", "prices": {"all": "0"}}
        least = 0 if plain else -40
        said["slots"] = [
            {"kwh": number(random, 9, 3), "rate_minor": number(random, 60, 2, least=least)}
            for _ in range(draw(st.integers(0, 8)))
        ]
    else:
        _energy(draw, random, document, said, style, plain=plain)
    if draw(st.booleans()):
        document["per_kwh"] = [{"code": f"fund_{at}", "rate": price(random)} for at in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        _demand(draw, random, document, said)
    if not plain and draw(st.booleans()):
        _power_factor(random, document, said)
    _others(draw, random, document, said, plain=plain)
    return {"id": "any", "kind": "bill", "tariff": document, "input": said}


def _rounding(random: Random, exponent: int) -> Case:
    found: Case = {"mode": random.choice(MODES), "stage": random.choice(["line", "bill"])}
    if random.random() < 0.5:
        found["places"] = random.randint(0, exponent)
    if random.random() < 0.5:
        found["unit_price_places"] = random.randint(0, 6)
    return found


def _energy(draw: st.DrawFn, random: Random, document: Case, said: Case, style: str, *, plain: bool) -> None:
    price = rate if plain else signed
    energy: Case = {"lines": "per_tier" if style == "per_tier" else "period_plus_adders"}
    if style == "per_tier":
        periods = draw(st.sampled_from([["all"], ["summer", "winter"]]))
        if len(periods) > 1:
            energy["windows"] = [{"period": "summer", "months": SEASONS[0], "from": "00:00", "to": "24:00"}]
            energy["default_period"] = "winter"
        used = periods if len(periods) == 1 else ["summer" if said["month"] in SEASONS[0] else "winter"]
    else:
        periods = used = draw(st.lists(st.sampled_from(PERIODS), min_size=1, max_size=5, unique=True))
        if len(periods) > 1:
            energy["default_period"] = periods[0]
            energy["windows"] = [_window(random, period) for period in periods[1:]]
    if draw(st.booleans()):
        energy["prices"] = {period: price(random) for period in periods}
    else:
        energy["components"] = [
            {"name": f"part_{at}", "price": price(random), "floats": random.random() < 0.5}
            for at in range(draw(st.integers(1, 3)))
        ]
        energy["ratios"] = {period: number(random, 3, 2) for period in periods}
    document["energy"] = energy
    said["kwh"] = {period: kwh(random) for period in used}
    if draw(st.integers(0, 3)):
        document["tiers"] = _tiers(draw, random, periods if style == "plus" and not plain else (), price)
        said["months_in_cycle"] = random.randint(1, 12)
        said["kwh_before_in_cycle"] = kwh(random)
        if draw(st.booleans()):
            document["household"] = {
                "min_persons": 5,
                "extra_kwh_per_month": number(random, 300),
                "mode": random.choice(["first_only", "shift_all"]),
            }
            said["account"]["persons"] = random.randint(4, 6)


def _window(random: Random, period: str) -> Case:
    first, last = sorted(random.sample(range(97), 2))
    found: Case = {"period": period, "from": _clock(first), "to": _clock(last)}
    if random.random() < 0.5:
        found["months"] = random.sample(range(1, 13), random.randint(1, 6))
    if random.random() < 0.5:
        found["days"] = random.sample(["workday", "weekend", "holiday"], random.randint(1, 3))
    if random.random() < 0.2:
        found["holidays"] = ["national_day"]
    if random.random() < 0.2:
        found["temperature"] = {"place": "guangzhou", "at_least_c": "35"}
    if random.random() < 0.5:
        found["priority"] = random.randint(-2, 2)
    return found


def _clock(quarter: int) -> str:
    return f"{quarter // 4:02}:{quarter % 4 * 15:02}"


def _tiers(draw: st.DrawFn, random: Random, periods: Sequence[str], price: Rate) -> Case:
    count = draw(st.integers(0, 3))

    def adders() -> list[str]:
        return ["0" if random.random() < 0.3 else price(random) for _ in range(count + 1)]

    found: Case = {"cycle": draw(st.sampled_from(["month", "year"]))}
    if found["cycle"] == "month" and draw(st.booleans()):
        found["seasons"] = [{"months": months, "bounds": increasing(random, count)} for months in SEASONS]
        if draw(st.booleans()):
            found["seasons"][0]["adders"] = adders()
            found["adders"] = adders()
            return found
    else:
        found["bounds_per_month"] = increasing(random, count)
    is_by_period = draw(st.booleans())
    if periods and is_by_period:
        found["adders_by_period"] = {period: adders() for period in periods}
    else:
        found["adders"] = adders()
    return found


def _demand(draw: st.DrawFn, random: Random, document: Case, said: Case) -> None:
    mode = draw(st.sampled_from(["actual", "capacity", "contract", "charges"]))
    said["max_demand_kw"] = kw(random)
    said["account"] |= {"contract_kw": kw(random), "transformer_kva": kw(random)}
    if mode != "charges":
        ratios = {"over_ratio": "1.05", "over_multiplier": number(random, 3, 1), "floor_ratio": number(random, 1, 2)}
        document["demand"] = {"mode": mode, "price": rate(random), **ratios}
        return
    count = draw(st.integers(0, 2))
    prices = [rate(random) for _ in range(count + 1)]
    document["demand_periods"] = {
        "windows": [{"period": "day", "from": "08:00", "to": "20:00"}],
        "default_period": "night",
    }
    document["demand_charges"] = [
        {"code": "peak_kw", "bounds": increasing(random, count), "prices": prices},
        {"code": "day_kw", "period": "day", "months": SEASONS[0], "prices": [rate(random)]},
    ]
    said["max_demand_by_period"] = {"day": kw(random), "night": kw(random)}


def _power_factor(random: Random, document: Case, said: Case) -> None:
    said["kvarh"] = kwh(random)
    document["power_factor"] = {
        "standard": "0.90",
        "segments": [
            {
                "lo": low,
                "hi": high,
                "anchor": number(random, 1, 2),
                "anchor_rate": number(random, 1, 4, least=-1),
                "per_point": number(random, random.randint(0, 1), 3),
            }
            for low, high in SEGMENTS
        ],
        "base": random.sample(GROUPS, random.randint(1, 3)),
    }


def _others(draw: st.DrawFn, random: Random, document: Case, said: Case, *, plain: bool) -> None:
    price = rate if plain else signed
    said |= {"days": random.randint(0, 31), "days_in_month": random.randint(28, 31)}
    if draw(st.booleans()):
        document["fixed"] = [
            {"code": "standing", "amount": price(random), "per": "day"},
            {"code": "service", "amount": price(random), "per": "month", "part_month": random.choice(PARTS)},
        ]
    if draw(st.booleans()):
        document["export"] = {"price": price(random)}
        said["export_kwh"] = kwh(random)
    if not plain and draw(st.booleans()):
        flag = random.choice(["low_income", "other"])
        document["credits"] = [
            {
                "code": "free",
                "flag": flag,
                "kwh": number(random, 30),
                "rate": rate(random),
                "part_month": random.choice(PARTS),
            }
        ]
        said["account"]["flags"] = ["low_income"]
    if draw(st.booleans()):
        document["minimum"] = {
            "amount": number(random, 90, 2),
            "per": random.choice(["month", "day"]),
            "part_month": random.choice(PARTS),
        }
    if draw(st.booleans()):
        document["tax"] = {"rate": number(random, 1, 4), "on": "net"}
    elif draw(st.booleans()):
        base = random.sample(GROUPS, random.randint(1, 3))
        document["taxes"] = [
            {"code": "tax_a", "rate": number(random, 1, 3), "on": "net"},
            {"code": "tax_b", "rate": number(random, 1, 2), "on": "net", "base": base},
        ]
