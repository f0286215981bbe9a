"""Two years of monthly bills of one demo account: seasons, tiers, time-of-use prices, demand charge, funds, taxes."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from app.demo.suppliers import Household, Supplier
from core.money import Money, round_minor
from core.periods import Period

SEASONS: Final = (118, 112, 92, 84, 88, 112, 146, 150, 118, 86, 88, 108)
"""Use by calendar month in percent of the base: heating in winter, cooling in summer."""
FIELDS: Final = (83, 87, 96, 110, 128, 135, 140, 132, 104, 80, 66, 60)
"""The same for irrigation."""
PAY_WITHIN: Final = timedelta(days=22)
"""From the day of issue."""


class _Line(NamedTuple):
    code: str
    quantity: Decimal | None
    unit: str
    price: Decimal


def bills_of(
    supplier: Supplier, household: Household, *, number: int, latest: date, months: int, currency: str
) -> Iterator[dict[str, object]]:
    """Bills of `months` months, oldest first; the last one was issued on the day `latest`, the others as late."""
    issued_after = timedelta(days=latest.day - 1)
    for back in range(months, 0, -1):
        period = _months_before(latest, back)
        # An account that was closed a year ago has no bill since.
        if household.state == "closed" and back <= months // 2:
            continue
        energy = _energy(household, period, number)
        lines = [
            (line, round_minor(line.price * (line.quantity or 1), currency))
            for line in _lines(supplier, household, energy)
        ]
        if household.account_class != "residential" or supplier.name == "Rheinstrom":
            lines.append(_vat(sum(amount for _, amount in lines), supplier, currency))
        issued = period.end + issued_after
        yield {
            "account_no": household.account_no,
            "bill_no": f"{period.first:%Y%m}{household.account_no}",
            "period_first": period.first.isoformat(),
            "period_end": period.end.isoformat(),
            "issue_date": issued.isoformat(),
            "due_date": (issued + PAY_WITHIN).isoformat(),
            "energy_kwh": str(energy),
            "amount_minor": sum(amount for _, amount in lines),
            "state": "open" if back <= household.open_bills else "settled",
            "lines": [_told(line, amount) for line, amount in lines],
        }


def _months_before(latest: date, back: int) -> Period:
    at = latest.year * 12 + latest.month - 1 - back
    return Period.month(at // 12, at % 12 + 1)


def _energy(household: Household, period: Period, number: int) -> Decimal:
    seasons = FIELDS if household.account_class == "agricultural" else SEASONS
    # A few percent up and down that look like life and are the same everywhere.
    wobble = (number * 37 + period.first.year * 12 + period.first.month * 53) % 17 - 8
    return (Decimal(household.base_kwh * seasons[period.first.month - 1] * (100 + wobble)) / 10_000).quantize(
        Decimal("0.1")
    )


def _lines(supplier: Supplier, household: Household, energy: Decimal) -> list[_Line]:
    if supplier.name == "Rheinstrom":
        return _lines_eur(household, energy)
    kinds = {"residential": _tiers, "commercial": _times, "industrial": _two_part, "agricultural": _flat}
    funds = [
        _Line("funds.reservoir_resettlement", energy, "kWh", Decimal("0.0062")),
        _Line("funds.renewable_energy", energy, "kWh", Decimal("0.0010")),
    ]
    return [*kinds[household.account_class](energy), *funds]


def _tiers(energy: Decimal) -> list[_Line]:
    prices = (
        ("energy.tier1", Decimal(230), "0.5283"),
        ("energy.tier2", Decimal(170), "0.5783"),
        ("energy.tier3", None, "0.8283"),
    )
    lines, left = [], energy
    for code, most, price in prices:
        used = left if most is None else min(left, most)
        if used > 0:
            lines.append(_Line(code, used, "kWh", Decimal(price)))
        left -= used
    return lines


def _times(energy: Decimal) -> list[_Line]:
    peak, valley = (
        (energy * Decimal("0.42")).quantize(Decimal("0.1")),
        (energy * Decimal("0.23")).quantize(Decimal("0.1")),
    )
    return [
        _Line("energy.peak", peak, "kWh", Decimal("1.0867")),
        _Line("energy.flat", energy - peak - valley, "kWh", Decimal("0.6664")),
        _Line("energy.valley", valley, "kWh", Decimal("0.3139")),
    ]


def _two_part(energy: Decimal) -> list[_Line]:
    demand = (energy / 310).quantize(Decimal(1))
    # A power factor above the standard is rewarded: a line below zero.
    return [
        *_times(energy),
        _Line("demand", demand, "kW", Decimal("40.5")),
        _Line("power_factor", energy, "kWh", Decimal("-0.0031")),
    ]


def _flat(energy: Decimal) -> list[_Line]:
    return [_Line("energy", energy, "kWh", Decimal("0.4952"))]


def _lines_eur(household: Household, energy: Decimal) -> list[_Line]:
    price = {"residential": "0.2587", "commercial": "0.2391", "industrial": "0.1672", "agricultural": "0.2295"}
    return [
        _Line("energy", energy, "kWh", Decimal(price[household.account_class])),
        _Line("fixed", Decimal(1), "month", Decimal("12.90")),
        _Line("tax.electricity", energy, "kWh", Decimal("0.0205")),
    ]


def _vat(net_minor: int, supplier: Supplier, currency: str) -> tuple[_Line, int]:
    rate = Decimal("0.19") if supplier.name == "Rheinstrom" else Decimal("0.13")
    return _Line("tax.vat", None, "", rate), round_minor(Money(net_minor, currency).major * rate, currency)


def _told(line: _Line, amount_minor: int) -> dict[str, object]:
    if line.quantity is None:
        return {"code": line.code, "amount_minor": amount_minor}
    return {
        "code": line.code,
        "quantity": str(line.quantity),
        "unit": line.unit,
        "unit_price": str(line.price),
        "amount_minor": amount_minor,
    }
