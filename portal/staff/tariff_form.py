"""The form of a tariff's document: what of a document it can hold, and the document that a filled-in form means.

A document may say more than a form has fields for. A part that says such things is `as_text`: the form leaves it as it
stands, and it is changed in the text. Nothing is judged here: what was typed becomes a document as it is, and whoever
keeps the document finds its faults, so that form and text have one set of rules.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import zip_longest
from typing import Annotated, Any, Final

from fastapi import Form
from pydantic import StringConstraints

Document = dict[str, Any]
Short = Annotated[str, Form(max_length=200)]
Column = Annotated[list[Annotated[str, StringConstraints(max_length=200)]], Form(max_length=80, default_factory=list)]

SPARE: Final = 3
"""Empty rows below those of a table."""
DAYS: Final = ("", "workday", "weekend", "holiday", "weekend holiday", "workday weekend")
STANDARD_FACTOR: Final[Document] = {
    "standard": "0.90",
    "segments": [
        {"lo": "0.95", "hi": "1.00", "anchor": "0.95", "anchor_rate": "-0.0075", "per_point": "0"},
        {"lo": "0.90", "hi": "0.94", "anchor": "0.90", "anchor_rate": "0", "per_point": "0.0015"},
        {"lo": "0.70", "hi": "0.89", "anchor": "0.90", "anchor_rate": "0", "per_point": "0.005"},
        {"lo": "0.65", "hi": "0.69", "anchor": "0.70", "anchor_rate": "0.10", "per_point": "0.01"},
        {"lo": "0.00", "hi": "0.64", "anchor": "0.65", "anchor_rate": "0.15", "per_point": "0.02"},
    ],
    "base": ["energy", "demand"],
}
"""The adjustment of industry at 0.90: (83) 水电财字 215 号."""

_ENERGY: Final = frozenset({"lines", "prices", "windows", "default_period"})
_WINDOW: Final = frozenset({"period", "from", "to", "months", "days"})
_MONTHS: Final = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?", re.ASCII)
_FIELDS: Final = {
    "$.energy.prices": "price_period",
    "$.energy.windows": "window_period",
    "$.energy.lines": "lines",
    "$.energy.default_period": "default_period",
    "$.energy": "price_period",
    "$.tiers.bounds_per_month": "bounds",
    "$.tiers.adders": "adders",
    "$.tiers": "cycle",
    "$.household.extra": "extra_kwh",
    "$.household.mode": "household_mode",
    "$.household": "min_persons",
    "$.per_kwh": "fund_code",
    "$.fixed": "fixed_code",
    "$.late_fee.rate_prev_year": "late_fee_next_year",
    "$.late_fee.minimum": "late_fee_minimum",
    "$.late_fee.cap_ratio": "late_fee_cap",
    "$.late_fee": "late_fee",
    "$.demand.price": "demand_price",
    "$.demand.over_ratio": "over_ratio",
    "$.demand.over_multiplier": "over_multiplier",
    "$.demand.floor_ratio": "floor_ratio",
    "$.demand.mode": "demand_mode",
    "$.export": "export_price",
    "$.tax.": "tax_rate",
    "$.power_factor": "power_factor",
    "$.rounding.mode": "rounding_mode",
    "$.rounding": "rounding_stage",
}
"""How a path begins -> the field that it is about; the first that fits."""
_ROW: Final = re.compile(r"\$\.(energy\.windows|per_kwh|fixed)\[(\d+)\](?:\.(\w+))?")
_TABLES: Final = {"energy.windows": ("window", "period"), "per_kwh": ("fund", "code"), "fixed": ("fixed", "code")}
"""Where rows of a table stand in a document -> how its columns begin, and which of them tells what a row is about."""
_PRICE: Final = "$.energy.prices."
_SHORT_TIME: Final = re.compile(r"\d:\d\d", re.ASCII)


@dataclass(frozen=True)
class TariffForm:
    """The fields as they were typed; tables are columns of equal rows, of which some may be empty."""

    price_period: Column
    price: Column
    window_period: Column
    window_from: Column
    window_to: Column
    window_months: Column
    window_days: Column
    fund_code: Column
    fund_rate: Column
    fixed_code: Column
    fixed_amount: Column
    fixed_per: Column
    lines: Short = "per_tier"
    default_period: Short = ""
    cycle: Short = ""
    bounds: Short = ""
    adders: Short = ""
    min_persons: Short = ""
    extra_kwh: Short = ""
    household_mode: Short = "first_only"
    demand_mode: Short = ""
    demand_price: Short = ""
    over_ratio: Short = ""
    over_multiplier: Short = ""
    floor_ratio: Short = ""
    power_factor: Short = ""
    export_price: Short = ""
    tax_rate: Short = ""
    late_fee: Short = ""
    late_fee_next_year: Short = ""
    late_fee_minimum: Short = ""
    late_fee_cap: Short = ""
    rounding_mode: Short = "half_up"
    rounding_stage: Short = "line"

    @property
    def prices(self) -> list[tuple[str, ...]]:
        """Rows of the table of prices, with room for more."""
        return _rows(self.price_period, self.price)

    @property
    def windows(self) -> list[tuple[str, ...]]:
        """Rows of the table of windows, with room for more."""
        columns = (self.window_period, self.window_from, self.window_to, self.window_months, self.window_days)
        return _rows(*columns, besides=1)

    @property
    def funds(self) -> list[tuple[str, ...]]:
        """Rows of the table of funds, with room for more."""
        return _rows(self.fund_code, self.fund_rate)

    @property
    def fixed(self) -> list[tuple[str, ...]]:
        """Rows of the table of fixed charges, with room for more."""
        return _rows(self.fixed_code, self.fixed_amount, self.fixed_per, besides=1)


_CELLS: Final = frozenset(each.name for each in fields(TariffForm) if each.type == Column)


def as_text(document: Mapping[str, Any]) -> frozenset[str]:
    """The parts of a document that say more than the form has fields for."""
    energy, tiers = _part(document, "energy"), _part(document, "tiers")
    judged = {
        "energy": bool(energy) and (not energy.keys() <= _ENERGY or not isinstance(energy.get("prices", {}), dict)),
        "windows": any(not isinstance(each, dict) or not each.keys() <= _WINDOW for each in _list(energy, "windows"))
        or any(" ".join(_list(each, "days")) not in DAYS for each in _list(energy, "windows")),
        "tiers": not tiers.keys() <= {"cycle", "bounds_per_month", "adders"},
        "fixed": any(not isinstance(each, dict) or "part_month" in each for each in _list(document, "fixed")),
        "export": not _part(document, "export").keys() <= {"price"},
        "tax": "taxes" in document or not _part(document, "tax").keys() <= {"rate", "on"},
        "rounding": not _part(document, "rounding").keys() <= {"mode", "stage"},
    }
    found = {name for name, is_more in judged.items() if is_more}
    return frozenset(found | ({"windows"} if "energy" in found else set()))


def form_of(document: Mapping[str, Any]) -> TariffForm:
    """The form filled in with what a document says."""
    energy, tiers, household = (_part(document, name) for name in ("energy", "tiers", "household"))
    demand, rounding, late = (_part(document, name) for name in ("demand", "rounding", "late_fee"))
    prices = _part(energy, "prices")
    windows, funds, fixed = _parts(energy, "windows"), _parts(document, "per_kwh"), _parts(document, "fixed")
    return TariffForm(
        price_period=list(prices),
        price=[_text(each) for each in prices.values()],
        window_period=_column(windows, "period"),
        window_from=_column(windows, "from"),
        window_to=_column(windows, "to"),
        window_months=[months_text(_list(each, "months")) for each in windows],
        window_days=[" ".join(_list(each, "days")) for each in windows],
        fund_code=_column(funds, "code"),
        fund_rate=_column(funds, "rate"),
        fixed_code=_column(fixed, "code"),
        fixed_amount=_column(fixed, "amount"),
        fixed_per=_column(fixed, "per"),
        lines=_text(energy.get("lines", "per_tier")),
        default_period=_text(energy.get("default_period")),
        cycle=_text(tiers.get("cycle")),
        bounds=", ".join(map(_text, _list(tiers, "bounds_per_month"))),
        adders=", ".join(map(_text, _list(tiers, "adders"))),
        min_persons=_text(household.get("min_persons")),
        extra_kwh=_text(household.get("extra_kwh_per_month")),
        household_mode=_text(household.get("mode", "first_only")),
        demand_mode=_text(demand.get("mode")),
        demand_price=_text(demand.get("price")),
        over_ratio=_text(demand.get("over_ratio")),
        over_multiplier=_text(demand.get("over_multiplier")),
        floor_ratio=_text(demand.get("floor_ratio")),
        power_factor="" if "power_factor" not in document else "own",
        export_price=_text(_part(document, "export").get("price")),
        tax_rate=_text(_part(document, "tax").get("rate")),
        late_fee=_text(late.get("rate")),
        late_fee_next_year=_text(late.get("rate_prev_year")),
        late_fee_minimum=_text(late.get("minimum")),
        late_fee_cap=_text(late.get("cap_ratio")),
        rounding_mode=_text(rounding.get("mode", "half_up")),
        rounding_stage=_text(rounding.get("stage", "line")),
    )


def document_of(document: Mapping[str, Any], typed: TariffForm) -> Document:
    """The document that a filled-in form makes of another; parts that are `as_text` stay as they are."""
    kept = as_text(document)
    made = dict(document)
    parts: dict[str, object] = {
        "energy": _energy(_part(document, "energy"), typed, keeps_windows="windows" in kept),
        "tiers": _tiers(typed),
        "household": _household(typed),
        "per_kwh": [_said(code=code, rate=rate) for code, rate in _filled(typed.fund_code, typed.fund_rate)],
        "demand": _demand(typed),
        "fixed": [
            _said(code=code, amount=amount, per=per or "month")
            for code, amount, per in _filled(typed.fixed_code, typed.fixed_amount, typed.fixed_per, besides=1)
        ],
        "export": _said(price=typed.export_price),
        "tax": _said(rate=typed.tax_rate) and _said(rate=typed.tax_rate, on="net"),
        "late_fee": _said(
            rate=typed.late_fee,
            rate_prev_year=typed.late_fee_next_year,
            minimum=typed.late_fee_minimum,
            cap_ratio=typed.late_fee_cap,
        ),
    }
    if parts["energy"] or "rounding" in document:
        parts["rounding"] = _said(mode=typed.rounding_mode, stage=typed.rounding_stage)
    if typed.power_factor != "own":
        parts["power_factor"] = STANDARD_FACTOR if typed.power_factor else {}
    for name, part in parts.items():
        if name in kept:
            continue
        if part:
            made[name] = part
        else:
            made.pop(name, None)
    return made


def field_of(path: str, document: Mapping[str, Any]) -> str:
    """Which field of the form a fault is about, by its path in the document; empty for what only the text has.

    Fields of tables are named with their row, from 1 on.
    """
    row = _ROW.match(path)
    if row:
        table, head = _TABLES[row[1]]
        name = f"{table}_{row[3]}"
        return f"{name if name in _CELLS else f'{table}_{head}'}-{int(row[2]) + 1}"
    periods = list(_part(_part(document, "energy"), "prices"))
    if path.startswith(_PRICE) and (period := path.removeprefix(_PRICE)) in periods:
        return f"price-{periods.index(period) + 1}"
    name = next((name for start, name in _FIELDS.items() if path.startswith(start)), "")
    return f"{name}-1" if name in _CELLS else name


def months_text(months: Sequence[object]) -> str:
    """Months as one types them: `[7, 8, 9, 12]` is `7-9, 12`."""
    numbers = [each for each in months if isinstance(each, int)]
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def months_of(text: str) -> list[object]:
    """What was typed as months; a word that is none, or a run that ends before it begins, is left for the rules."""
    found: list[object] = []
    for part in _split(text):
        run = _MONTHS.fullmatch(part)
        found += (run and range(int(run[1]), int(run[2] or run[1]) + 1)) or [part]
    return found


def _energy(known: Mapping[str, Any], typed: TariffForm, *, keeps_windows: bool) -> Document:
    made: Document = {
        "lines": typed.lines,
        "prices": _prices(typed),
        "windows": known.get("windows", []) if keeps_windows else _windows(typed),
        "default_period": typed.default_period.strip(),
    }
    return {name: part for name, part in made.items() if part} if made["prices"] or made["windows"] else {}


def _prices(typed: TariffForm) -> Document:
    """Prices by period; a period that is typed twice is kept under a name that is none, for the rules to refuse."""
    found: Document = {}
    for period, price in _filled(typed.price_period, typed.price):
        found[f"{period} (twice)" if period in found else period] = price
    return found


def _windows(typed: TariffForm) -> list[Document]:
    rows = _filled(
        typed.window_period, typed.window_from, typed.window_to, typed.window_months, typed.window_days, besides=1
    )
    return [
        {
            **_said(period=period),
            **({"from": _time(start)} if start else {}),
            **({"to": _time(end)} if end else {}),
            **({"months": months_of(months)} if months else {}),
            **({"days": days.split()} if days else {}),
        }
        for period, start, end, months, days in rows
    ]


def _time(text: str) -> str:
    """A time of day as documents write it: `8:00` is `08:00`."""
    return f"0{text}" if _SHORT_TIME.fullmatch(text) else text


def _tiers(typed: TariffForm) -> Document:
    if not typed.cycle:
        return {}
    return {"cycle": typed.cycle, "bounds_per_month": _split(typed.bounds), "adders": _split(typed.adders)}


def _household(typed: TariffForm) -> Document:
    persons = typed.min_persons.strip()
    if not persons and not typed.extra_kwh.strip():
        return {}
    return {
        **({"min_persons": int(persons) if persons.isdecimal() else persons} if persons else {}),
        **_said(extra_kwh_per_month=typed.extra_kwh, mode=typed.household_mode),
    }


def _demand(typed: TariffForm) -> Document:
    if not typed.demand_mode:
        return {}
    return _said(
        mode=typed.demand_mode,
        price=typed.demand_price,
        over_ratio=typed.over_ratio,
        over_multiplier=typed.over_multiplier,
        floor_ratio=typed.floor_ratio,
    )


def _said(**fields: str) -> Document:
    """The fields in which something was typed."""
    return {name: text.strip() for name, text in fields.items() if text.strip()}


def _filled(*columns: Sequence[str], besides: int = 0) -> list[tuple[str, ...]]:
    """Rows in which something was typed; the last `besides` columns always have a choice."""
    rows = [tuple(cell.strip() for cell in row) for row in zip_longest(*columns, fillvalue="")]
    return [row for row in rows if any(row[: len(row) - besides])]


def _rows(*columns: Sequence[str], besides: int = 0) -> list[tuple[str, ...]]:
    return [*_filled(*columns, besides=besides), *[("",) * len(columns)] * SPARE]


def _column(rows: Iterable[Any], name: str) -> list[str]:
    return [_text(each.get(name)) for each in rows]


def _split(text: str) -> list[str]:
    return [part for part in re.split(r"[,，、;\s]+", text) if part]


def _part(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _list(document: object, name: str) -> list[Any]:
    found = document.get(name) if isinstance(document, Mapping) else None
    return [each for each in found if each is not None] if isinstance(found, list) else []


def _parts(document: object, name: str) -> list[dict[str, Any]]:
    return [each for each in _list(document, name) if isinstance(each, dict)]


def _text(value: object) -> str:
    return "" if value is None else str(value)
