"""Tariffs as whole numbers: which of them one SQL statement can price.

Prices are whole numbers of 10^-places (as many as the tariff's rates have, at most 8), quantities of millionths; their
product is exact in 64 bits up to `most`, a quantity that each version knows. What is beyond, and every other shape of
a tariff, is priced by the exact engine: both give the same lines and the same total.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

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
ONCE: Final = "1000000"
EACH_DAY: Final = "n::bigint * 1000000"
DAYS: Final = "extract(day from month + interval '1 month' - interval '1 day')::bigint"
"""Of the whole month; a part has `n`."""
WITHOUT_ENERGY: Final = frozenset({"fixed", "minimum"})


@dataclass(frozen=True, slots=True)
class Item:
    """One line: a quantity by an expression over the columns of the statement, and the sign of its rate.

    `tier`: the line has the use of this tier, or what `quantity` says of it.
    """

    code: str
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
    """What versions that are priced by one statement have in common.

    `has_least`: the last of the items is what is missing to a minimum. `shares`: where adders differ by period, the use
    of the first of them, of the first two, and so on, but of all.
    """

    items: tuple[Item, ...]
    taxes: tuple[TaxItem, ...]
    has_least: bool
    tiers: int
    shares: tuple[str, ...]
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

    def codes(self) -> list[str]:
        """Of its lines, in the order of the figures of a cost."""
        return [*(item.code for item in self.items), *(tax.code for tax in self.taxes)]

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
    shares = _shares(tariff, ladder, periods or tariff.periods)
    lines = [*_energy_lines(tariff, ladder, periods or tariff.periods, month), *_other_lines(tariff)]
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
        has_least=document.minimum is not None,
        tiers=max(1, len(ladder)),
        shares=shares,
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
        "rounding": tariff.mode != "half_up" or tariff.places != exponent(tariff.currency),
        "slots": document.energy is not None and document.energy.lines == "slots",
    }
    if found := [name for name, is_there in parts.items() if is_there]:
        raise Uncompiled(", ".join(found))


def _energy_lines(
    tariff: Tariff, ladder: Sequence[Tier], periods: Sequence[str], month: int
) -> Iterator[tuple[Item, Decimal]]:
    energy = tariff.document.energy
    if energy is not None and energy.lines == "per_tier":
        base = next(iter(tariff.prices_in(month).values()))
        if not ladder:
            yield _item("energy", "energy", "e", base)
        for tier in ladder:
            yield _in_tier(f"tier{tier.number}", tier, base + tier.adder)
        return
    for period, rate in tariff.prices.items():
        yield _item(f"energy_{period}", "energy", f"p[{periods.index(period) + 1}]", rate)
    tiers = tariff.document.tiers
    by_period = None if tiers is None else tiers.adders_by_period
    for tier in ladder:
        if by_period is not None:
            yield from _shared(tier, tariff.periods, by_period)
        elif tier.adder:
            yield _in_tier(f"tier{tier.number}_adder", tier, tier.adder)


def _shares(tariff: Tariff, ladder: Sequence[Tier], periods: Sequence[str]) -> tuple[str, ...]:
    tiers = tariff.document.tiers
    if tiers is None or tiers.adders_by_period is None or not ladder:
        return ()
    used = [f"p[{periods.index(period) + 1}]" for period in tariff.periods]
    return tuple(" + ".join(used[:count]) for count in range(1, len(used)))


def _shared(
    tier: Tier, periods: Sequence[str], adders: Mapping[str, Sequence[Decimal]]
) -> Iterator[tuple[Item, Decimal]]:
    """A line for each period: `m` is the use of the tier, `s` what of it is shared out to a period and those before."""
    number, last = tier.number, len(periods)
    for at, period in enumerate(periods, 1):
        if rate := adders[period][number - 1]:
            upto = f"m{number}" if at == last else f"s{number}_{at}"
            before = "" if at == 1 else f" - s{number}_{at - 1}"
            quantity = "" if last == 1 else upto + before
            yield Item(f"tier{number}_adder_{period}", "energy", quantity, rate < 0, number), rate


def _other_lines(tariff: Tariff) -> Iterator[tuple[Item, Decimal]]:
    document = tariff.document
    for part in document.per_kwh:
        yield _item(part.code, "surcharges", "e", part.rate)
    for fixed in document.fixed:
        yield _item(fixed.code, "fixed", _often(fixed.per, fixed.part_month), fixed.amount)
    if document.export is not None:
        yield _item(document.export.code, "export", "x", -document.export.price)
    flags = sorted({credit.flag for credit in document.credits})
    for at, credit in enumerate(document.credits, 1):
        most = f"c{at}"
        if credit.part_month == "by_days":  # in two steps: the product of both may be more than 64 bits have
            most = f"(c{at} / {DAYS} * n + (2 * (c{at} % {DAYS}) * n + {DAYS}) / (2 * {DAYS}))"
        quantity = f"case when f{flags.index(credit.flag) + 1} then least({most}, e) else 0 end"
        yield _item(credit.code, "credits", quantity, -credit.rate)
    if (minimum := document.minimum) is not None:
        yield _item(minimum.code, "minimum", _often(minimum.per, minimum.part_month), minimum.amount)


def _often(per: str, part_month: str) -> str:
    """How often a charge is due, in millionths: by day, by month, or by the days of a part of one."""
    if per == "day":
        return EACH_DAY
    return ONCE if part_month == "whole" else f"(2000000 * n + {DAYS}) / (2 * {DAYS})"


def _item(code: str, group: str, quantity: str, rate: Decimal) -> tuple[Item, Decimal]:
    return Item(code, group, quantity, rate < 0), rate


def _in_tier(code: str, tier: Tier, rate: Decimal) -> tuple[Item, Decimal]:
    return Item(code, "energy", "", rate < 0, tier.number), rate


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
    by_energy = sum(abs(_scaled(rate, places)) for item, rate in lines if item.group not in WITHOUT_ENERGY)
    others = sum(abs(_scaled(rate, places)) for item, rate in lines if item.group in WITHOUT_ENERGY)
    if others * 31 * UNITS_PER_KWH > ROOM:
        raise Uncompiled("fixed")
    return min(ROOM // max(by_energy, 1), 10**18)
