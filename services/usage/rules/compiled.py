"""Tariffs as whole numbers: which of them one SQL statement can price, and that statement.

Prices are whole numbers of 10^-places (as many as the tariff's rates have, at most 8), quantities of millionths; their
product is exact in 64 bits up to `most`, a quantity that each version knows. What is beyond, and every other shape of
a tariff, is priced by the exact engine: both give the same lines and the same total.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final

import sqlalchemy as sa

from core.money import exponent
from services.tariffs.errors import UseInvalid
from services.tariffs.queries import Tariff, Tier
from services.usage.rules.measures import UNITS_PER_KWH

MICRO: Final = 6
MOST_PLACES: Final = 8
ROOM: Final = 2**61
"""What all lines by energy together may come to, and all others again: their sum stays within 64 bits."""
MOST_TAX: Final = 10
LARGE: Final = 99
"""Enough persons for any household extra."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line: the use of a tier, or a quantity by an expression over the columns of the statement, and its sign."""

    code: str
    unit: str
    group: str
    quantity: str
    is_negative: bool = False
    tier: int = 0


@dataclass(frozen=True, slots=True)
class TaxItem:
    """A tax on the rounded sum of some lines (by index); none named: all of them."""

    code: str
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """What versions that are priced by one statement have in common."""

    items: tuple[Item, ...]
    taxes: tuple[TaxItem, ...]
    tiers: int
    cycle: str
    first_month: int
    has_household: bool
    flags: tuple[str, ...]
    credits: int
    places: int
    minor_places: int
    by_line: bool

    @property
    def divisor(self) -> int:
        """Products per minor unit."""
        return int(10 ** (MICRO + self.places - self.minor_places))

    def names(self) -> list[str]:
        """Of a version's numbers, in their order."""
        lines, tiers = range(1, len(self.items) + 1), range(1, self.tiers)
        return [
            "most",
            *(f"r{n}" for n in lines),
            *(f"u{n}" for n in tiers),
            *((f"l{n}" for n in tiers) if self.has_household else ()),
            *(("persons",) if self.has_household else ()),
            *(f"c{n}" for n in range(1, self.credits + 1)),
            *(f"t{n}" for n in range(1, len(self.taxes) + 1)),
        ]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A version in a calendar month: its shape, and its numbers by `Shape.names`."""

    shape: Shape
    numbers: tuple[int, ...]

    @property
    def most(self) -> int:
        """The most energy of a part that the statement prices."""
        return self.numbers[0]


class Uncompiled(Exception):
    """No statement prices this tariff; says why."""


def compiled(tariff: Tariff, *, month: int, periods: Sequence[str] | None = None) -> Compiled:
    """The tariff as it holds in a calendar month. Raises Uncompiled for a shape that SQL does not know.

    `periods`: in the order of the energies of days and months; the tariff's own when absent.
    """
    document, energy = tariff.document, tariff.document.energy
    _refuse(tariff)
    if energy is None:  # a tariff of late fees alone
        raise Uncompiled("energy")
    try:
        ladder = tariff.ladder(month=month, months_in_cycle=1)
        large = tariff.ladder(month=month, months_in_cycle=1, persons=LARGE)
    except UseInvalid as refused:
        raise Uncompiled("season") from refused
    lines = [*_energy_lines(tariff, ladder, periods or tariff.periods), *_other_lines(tariff)]
    rates = [rate for _, rate in lines]
    taxes = (*(() if document.tax is None else (document.tax,)), *document.taxes)
    if any(tax.rate > MOST_TAX for tax in taxes):
        raise Uncompiled("tax")
    places = max([_places(rate) for rate in [*rates, *(tax.rate for tax in taxes)]], default=0)
    household = document.household if len(ladder) > 1 else None
    credit_kwh = [_micro(credit.kwh) for credit in document.credits]
    tiers = document.tiers
    shape = Shape(
        items=tuple(item for item, _ in lines),
        taxes=tuple(TaxItem(tax.code, _of_groups(lines, tax.base)) for tax in taxes),
        tiers=max(1, len(ladder)),
        cycle="month" if tiers is None else tiers.cycle,
        first_month=1 if tiers is None else tiers.first_month,
        has_household=household is not None,
        flags=tuple(sorted({credit.flag for credit in document.credits})),
        credits=len(credit_kwh),
        places=places,
        minor_places=exponent(tariff.currency),
        by_line=tariff.by_line,
    )
    numbers = (
        _most(lines, places),
        *(_scaled(rate, places) for rate in rates),
        *(_micro(tier.upto or Decimal(0)) for tier in ladder[:-1]),
        *((_micro(tier.upto or Decimal(0)) for tier in large[:-1]) if household else ()),
        *((household.min_persons,) if household else ()),
        *credit_kwh,
        *(_scaled(tax.rate, places) for tax in taxes),
    )
    return Compiled(shape, numbers)


def cycle_days(shape: Shape, month: date) -> tuple[date, date]:
    """The cycle of the tiers that a month lies in."""
    if shape.cycle == "month":
        return month, date(month.year + month.month // 12, month.month % 12 + 1, 1)
    year = month.year if month.month >= shape.first_month else month.year - 1
    return date(year, shape.first_month, 1), date(year + 1, shape.first_month, 1)


def _refuse(tariff: Tariff) -> None:
    document = tariff.document
    parts = {
        "demand": document.demand is not None or bool(document.demand_charges),
        "power_factor": document.power_factor is not None,
        "minimum": document.minimum is not None,
        "rounding": tariff.mode != "half_up" or tariff.places != exponent(tariff.currency),
        "adders_by_period": document.tiers is not None and document.tiers.adders_by_period is not None,
        "slots": document.energy is not None and document.energy.lines == "slots",
        "per_tier": document.energy is not None and document.energy.lines == "per_tier" and len(tariff.periods) > 1,
    }
    if found := [name for name, is_there in parts.items() if is_there]:
        raise Uncompiled(", ".join(found))


def _energy_lines(tariff: Tariff, ladder: Sequence[Tier], periods: Sequence[str]) -> Iterator[tuple[Item, Decimal]]:
    energy = tariff.document.energy
    if energy is not None and energy.lines == "per_tier":
        base = tariff.prices[tariff.periods[0]]
        if not ladder:
            yield _item("energy", "energy", "e", base)
        for tier in ladder:
            yield _in_tier(f"tier{tier.number}", tier, base + tier.adder)
        return
    for period, rate in tariff.prices.items():
        yield _item(f"energy_{period}", "energy", f"p[{periods.index(period) + 1}]", rate)
    for tier in ladder:
        if tier.adder:
            yield _in_tier(f"tier{tier.number}_adder", tier, tier.adder)


def _other_lines(tariff: Tariff) -> Iterator[tuple[Item, Decimal]]:
    document = tariff.document
    days = "extract(day from month + interval '1 month' - interval '1 day')::bigint"
    for part in document.per_kwh:
        yield _item(part.code, "surcharges", "e", part.rate)
    for fixed in document.fixed:
        quantity = "1000000"
        if fixed.per == "day":
            quantity = "n::bigint * 1000000"
        elif fixed.part_month == "by_days":
            quantity = f"(2000000 * n + {days}) / (2 * {days})"
        yield _item(fixed.code, "fixed", quantity, fixed.amount, fixed.per)
    if document.export is not None:
        yield _item(document.export.code, "export", "x", -document.export.price)
    flags = sorted({credit.flag for credit in document.credits})
    for at, credit in enumerate(document.credits, 1):
        quantity = f"case when f{flags.index(credit.flag) + 1} then least(c{at}, e) else 0 end"
        yield _item(credit.code, "credits", quantity, -credit.rate)


def _item(code: str, group: str, quantity: str, rate: Decimal, unit: str = "kWh") -> tuple[Item, Decimal]:
    return Item(code, unit, group, quantity, rate < 0), rate


def _in_tier(code: str, tier: Tier, rate: Decimal) -> tuple[Item, Decimal]:
    return Item(code, "kWh", "energy", "", rate < 0, tier.number), rate


def _within(number: int, tiers: int) -> str:
    """The use of one tier: from `b` (used before in the cycle) to `b + e`, between the limits `h` of the account."""
    high = "b + e" if number == tiers else f"least(b + e, h{number})"
    low = "b" if number == 1 else f"greatest(b, h{number - 1})"
    if number == tiers == 1:
        return "e"
    return f"greatest({high} - {low}, 0)"


def _within_from_zero(number: int, tiers: int) -> str:
    """The same where nothing was used before: a comparison less for each limit and row."""
    high = "e" if number == tiers else f"least(e, h{number})"
    return high if number == 1 else f"greatest({high} - h{number - 1}, 0)"


def _of_groups(lines: Iterable[tuple[Item, Decimal]], groups: tuple[str, ...] | None) -> tuple[int, ...]:
    return tuple(n for n, (item, _) in enumerate(lines, 1) if groups is None or item.group in groups)


def _places(number: Decimal) -> int:
    places = max(0, -int(number.normalize().as_tuple().exponent))
    if places > MOST_PLACES:
        raise Uncompiled("decimals")
    return places


def _scaled(number: Decimal, places: int) -> int:
    return int(number.scaleb(places))


def _micro(kwh: Decimal) -> int:
    units = kwh * UNITS_PER_KWH
    if units != int(units):
        raise Uncompiled("decimals")
    return int(units)


def _most(lines: list[tuple[Item, Decimal]], places: int) -> int:
    """The most energy with which no sum of products leaves its room."""
    by_energy = sum(abs(_scaled(rate, places)) for item, rate in lines if item.group != "fixed")
    others = sum(abs(_scaled(rate, places)) for item, rate in lines if item.group == "fixed")
    if others * 31 * UNITS_PER_KWH > ROOM:
        raise Uncompiled("fixed")
    return min(ROOM // max(by_energy, 1), 10**18)


@cache
def pricing_statement(shape: Shape, *, is_later: bool = False, is_left: bool = False) -> sa.TextClause:
    """The statement of a shape. Parameters: the versions with their numbers, the month, the range of accounts.

    Tiers by the month begin at zero, but for parts of a month behind its first: those have a statement of their own
    (`is_later`). A cycle of a year is looked up for each part, in one statement. `is_left`: only parts without a cost.
    """
    text = files("services.usage").joinpath("reads", "costs_write.sql").read_text(encoding="utf-8")
    for hole, made in _holes(shape, is_later=is_later, is_left=is_left).items():
        text = text.replace(f'"{{{hole}}}"', made)
    return sa.text(text)


@cache
def totals_statement(shape: Shape, *, is_later: bool = False, is_drafted: bool = False) -> sa.TextClause:
    """The same sums with nothing written: by account, what it comes to in all and of how many parts.

    Of `account_ids`; `is_drafted`: of `parts` that are given as rows of JSON, in place of those that are kept.
    """
    text = pricing_statement(shape, is_later=is_later).text
    priced = text[text.index("\nselect ") :]
    source = _GIVEN_PARTS if is_drafted else _KEPT_PARTS
    made = files("services.usage").joinpath("reads", "dry_run_totals.sql").read_text(encoding="utf-8")
    return sa.text(made.replace('select "{parts}"', source).replace('select "{priced}"', priced))


def _holes(shape: Shape, *, is_later: bool, is_left: bool) -> dict[str, str]:
    names, lines = shape.names(), range(1, len(shape.items) + 1)
    stride = len(names)
    within = _within if is_later or shape.cycle == "year" else _within_from_zero
    measured = [within(item.tier, shape.tiers) if item.tier else item.quantity for item in shape.items]
    half = shape.divisor // 2
    signed = [f"{'-' if item.is_negative else '+'} {half}" for item in shape.items]
    products = [f"q{n} * r{n}" for n in lines]
    if shape.by_line:
        products = [f"({product} {sign}) / {shape.divisor}" for product, sign in zip(products, signed, strict=True)]
        amounts, net = [f"a{n}" for n in lines], " + ".join(f"a{n}" for n in lines)
    else:
        amounts = [f"(a{n} {sign}) / {shape.divisor}" for n, sign in zip(lines, signed, strict=True)]
        net = _round_sum([*lines], shape)
    taxes = range(1, len(shape.taxes) + 1)
    kept = _kept(shape, is_later=is_later)
    return {
        "numbers": ", ".join(
            f"(cast(:numbers as bigint[]))[(v.at - 1) * {stride} + {n}] as {name}" for n, name in enumerate(names, 1)
        ),
        "known": _known(shape, is_later=is_later),
        "parts": ("true" if shape.cycle == "year" else "u.part > 1" if is_later else "u.part = 1")
        + (_WITHOUT_COST if is_left else ""),
        "entitled": _entitled(shape),
        "facts": _facts(shape),
        "used": f"u cross join lateral {_CYCLE} y" if shape.cycle == "year" and shape.tiers > 1 else "u",
        "rates": ", ".join([f"r{n}" for n in lines] + [f"t{n}" for n in taxes] + kept),
        "measured": ", ".join(f"{quantity} as q{n}" for n, quantity in enumerate(measured, 1)),
        "products": ", ".join(
            [f"q{n}" for n in lines]
            + [f"{product} as a{n}" for n, product in zip(lines, products, strict=True)]
            + [f"t{n}" for n in taxes]
            + kept
        ),
        "columns": ", ".join(["figures", *kept]),
        "kept": "".join(f", {name}" for name in kept),
        "lines": _taxed(shape, net),
        "total": "net" + "".join(f" + x{n}" for n in taxes) if shape.taxes else net,
        "figures": ", ".join(
            [
                *(f"q{n}" for n in lines),
                *(f"s{n} * {10 ** (MICRO - shape.minor_places)}" for n in taxes),
                *amounts,
                *(f"x{n}" for n in taxes),
            ]
        ),
    }


def _round_sum(lines: Iterable[int], shape: Shape) -> str:
    total = " + ".join(f"a{n}" for n in lines) or "0"
    return f"({total} + sign({total})::bigint * {shape.divisor // 2}) / {shape.divisor}"


def _taxed(shape: Shape, net: str) -> str:
    if not shape.taxes:
        return "l"
    sums = [
        _round_sum(tax.lines, shape) if not shape.by_line else " + ".join(f"a{n}" for n in tax.lines) or "0"
        for tax in shape.taxes
    ]
    unit = 10**shape.places
    made = [
        f"(s{n} * t{n} + sign(s{n} * t{n})::bigint * {unit // 2}) / {unit} as x{n}"
        for n in range(1, len(shape.taxes) + 1)
    ]
    named = ", ".join(f"{text} as s{n}" for n, text in enumerate(sums, 1))
    return (
        f"l cross join lateral (select {net} as net, {named} offset 0) s"
        f" cross join lateral (select {', '.join(made)} offset 0) x"
    )


def _known(shape: Shape, *, is_later: bool) -> str:
    limits = range(1, shape.tiers)
    chosen = [
        f"case when u.persons >= t.persons then t.l{n} else t.u{n} end" if shape.has_household else f"t.u{n}"
        for n in limits
    ]
    times = " * y.months" if shape.cycle == "year" else ""
    before = "y.used_before" if shape.cycle == "year" else f"({_USED_BEFORE} {_CYCLE} y)" if is_later else "0"
    rests_on = _RESTS_ON if shape.cycle == "year" else f"(select {_RESTS_ON} from {_CYCLE} y)"  # noqa: S608 - constants
    return ", ".join(
        [f"{before if shape.tiers > 1 else '0'} as b"]
        + [f"({text}){times} as h{n}" for n, text in enumerate(chosen, 1)]
        + [f"u.f{n}" for n in range(1, len(shape.flags) + 1)]
        + [f"{rests_on} as rests_on" for _ in _kept(shape, is_later=is_later)]
    )


def _kept(shape: Shape, *, is_later: bool) -> list[str]:
    """Columns of a cost beside its figures: on what it rests, where something may have been used before."""
    return ["rests_on"] if shape.tiers > 1 and (is_later or shape.cycle == "year") else []


def _entitled(shape: Shape) -> str:
    """What is joined to the parts. Both sides come in the order of accounts: merged, they meet without a hash table."""
    joins = ["u"]
    if shape.has_household:
        joins.append(_ENTITLED.format(alias="w", kind="persons"))
    joins += [_ENTITLED.format(alias=f"f{n}", kind=flag) for n, flag in enumerate(shape.flags, 1)]
    return "\n        ".join(joins)


def _facts(shape: Shape) -> str:
    persons = ", w.value::bigint as persons" if shape.has_household else ""
    return persons + "".join(f", f{n}.value is not null as f{n}" for n in range(1, len(shape.flags) + 1))


_ENTITLED: Final = """left join entitlement {alias} on {alias}.account_id = u.account_id and {alias}.kind = '{kind}'
          and {alias}.valid_from <= u.first_day and ({alias}.valid_to is null or {alias}.valid_to > u.first_day)"""

_CYCLE: Final = "usage_cycle(u.account_id, t.code, u.first_day, cast(:cycle_first as date), cast(:cycle_end as date))"
_USED_BEFORE: Final = "select y.used_before from"
_RESTS_ON: Final = "array[y.months, y.used_before, y.since - date '2000-01-01']"
_WITHOUT_COST: Final = """ and not exists (
          select from usage_cost k where k.account_id = u.account_id and k.month = u.month and k.part = u.part)"""
_KEPT_PARTS: Final = """select m.* from usage_month m
          where m.month = cast(:month as date) and m.account_id = any(cast(:account_ids as bigint[]))"""
_GIVEN_PARTS: Final = """select p.* from jsonb_to_recordset(cast(:parts as jsonb)) p (account_id bigint, month date,
          part smallint, version_id bigint, first_day date, end_day date, energy bigint, export_energy bigint,
          energies bigint[])"""
