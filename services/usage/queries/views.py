"""What reads of usage answer: frozen views. Energy is a Decimal of kWh, money `Money`, a moment has an offset."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from core.money import Money
from services.tariffs.queries import Fault, Line


class Of(enum.StrEnum):
    """How much a series shows: a day by hours, a month by days, a year by months."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class BarQuality(enum.StrEnum):
    """What a bar stands on. `partial`: some of its time is missing. `awaited`: nothing can have been read yet."""

    ACTUAL = "actual"
    ESTIMATED = "estimated"
    PARTIAL = "partial"
    MISSING = "missing"
    AWAITED = "awaited"


@dataclass(frozen=True, slots=True)
class Bar:
    """Use from `begin` up to `end`, by price period. None where nothing is known: that is not a use of zero."""

    begin: datetime
    end: datetime
    kwh: Decimal | None
    by_period: Mapping[str, Decimal]
    export_kwh: Decimal | None
    quality: BarQuality


@dataclass(frozen=True, slots=True)
class LastDay:
    """A day of which something is known."""

    day: date
    kwh: Decimal
    quality: BarQuality


@dataclass(frozen=True, slots=True)
class Gap:
    """Time of which no reading is known, from `begin` up to `end`."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same days of another period. Both sums are over the `days` that both have whole; `share` is now to then."""

    first: date
    end: date
    days: int
    days_left_out: int
    kwh: Decimal
    kwh_then: Decimal
    share: Decimal | None


@dataclass(frozen=True, slots=True)
class Series:
    """Use of a day, a month or a year. `periods` in the order of their bars' parts; `export_kwh` None: none measured.

    `known_until`: the end of the last reading; None without any. Gaps lie before it. `days_of_registers`: on how many
    days what registers counted between two readings is shared out evenly; a day of these is one bar.
    """

    of: Of
    first: date
    end: date
    bars: tuple[Bar, ...]
    periods: tuple[str, ...]
    kwh: Decimal
    by_period: Mapping[str, Decimal]
    export_kwh: Decimal | None
    gaps: tuple[Gap, ...]
    known_until: datetime | None
    before: Comparison | None
    year_before: Comparison | None
    days_of_registers: int = 0


@dataclass(frozen=True, slots=True)
class Rung:
    """One tier: use above `above` up to and with `upto` kWh (None: without end), and what a kWh in it costs by period.

    `prices` are energy with the tier's adder and what is charged on every kWh; before tax.
    """

    number: int
    above: Decimal
    upto: Decimal | None
    prices: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class TierPosition:
    """Where an account stands on the ladder of its cycle. `left`: kWh until the next tier, None in the last.

    `known_until`: through when `used` is known. `has_extra`: the limits are lifted for a large household. `has_tax`:
    taxes come on top of its prices.
    """

    tariff_code: str
    currency: str
    has_tax: bool
    first: date
    end: date
    months_in_cycle: int
    has_extra: bool
    used: Decimal
    known_until: date | None
    rungs: tuple[Rung, ...]
    current: int
    left: Decimal | None


@dataclass(frozen=True, slots=True)
class PricedSlot:
    """What a kWh costs from `begin` up to `end`: with what is charged on every kWh, before tax."""

    begin: datetime
    end: datetime
    price: Decimal


@dataclass(frozen=True, slots=True)
class PriceNow:
    """What a kWh costs now, by period and tier, before tax; until when, and what comes then.

    `until` None: nothing else is foreseen within the next week. `slots`: where each interval has its own price, those
    of the present one and of the hours behind it as far as they are known; else none. `has_tax`: taxes come on top.
    """

    tariff_code: str
    currency: str
    has_tax: bool
    period: str
    price: Decimal
    until: datetime | None
    next_period: str | None
    next_price: Decimal | None
    slots: tuple[PricedSlot, ...] = ()


@dataclass(frozen=True, slots=True)
class PeriodCost:
    """What the kWh of one price period cost: its line, and its share by kWh of the other lines of energy and funds."""

    period: str
    kwh: Decimal
    cost: Money


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the bill will come to at its end: the middle, and a range that held in eight of ten times before.

    `days_seen`: days with readings it stands on; `is_wide`: too few days to say how wrong it usually is.
    """

    low: Money
    middle: Money
    high: Money
    kwh: Decimal
    days_seen: int
    is_wide: bool


@dataclass(frozen=True, slots=True)
class RunningPart:
    """A part of the running bill on one version, with the lines of the engine and their reasons."""

    tariff_code: str
    version_no: int
    first: date
    end: date
    lines: tuple[Line, ...]
    total: Money


@dataclass(frozen=True, slots=True)
class RunningCost:
    """What has come together since `first` for the bill that ends at `end`, from readings until `known_until`.

    `unpriced_days`: days with use but without a known tariff, whose cost is not in `total`. `missing_days`: days that
    should have been read and were not, whole or in part. `price_gaps`: time with use whose intervals have no price yet,
    for which their part is not in `total`. `in_other_currencies`: where tariffs of several currencies held, `total`,
    `by_period` and `forecast` are in the latest, and this is what the other parts come to. `forecast` None where too
    little is known, where all is read through the last day, and while the tariff is still to change before `end`: then
    on `changes_on`.
    """

    first: date
    end: date
    known_until: date | None
    kwh: Decimal
    total: Money
    in_other_currencies: tuple[Money, ...]
    parts: tuple[RunningPart, ...]
    by_period: tuple[PeriodCost, ...]
    unpriced_days: int
    missing_days: int
    price_gaps: tuple[Gap, ...]
    forecast: Forecast | None
    changes_on: date | None


@dataclass(frozen=True, slots=True)
class DayCost:
    """What one day that was read cost: the rounded cost through it less the one through the day before."""

    day: date
    kwh: Decimal
    cost: Money


def total_of(days: Sequence[DayCost]) -> Money | None:
    """What days come to; None without any, and where they are not of one currency."""
    if len({each.cost.currency for each in days}) != 1:
        return None
    return sum((each.cost for each in days[1:]), days[0].cost)


@dataclass(frozen=True, slots=True)
class OfferMonth:
    """One month under a tariff. `cost` None: it cannot be priced (no version held, or a fact is not known)."""

    month: date
    kwh: Decimal
    days_known: int
    days: int
    cost: Money | None


@dataclass(frozen=True, slots=True)
class Offer:
    """The months under one tariff. `total` over those that every offer prices, so that totals compare."""

    tariff_code: str
    name: str
    is_present: bool
    months: tuple[OfferMonth, ...]
    total: Money


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What other tariffs would have cost. `months_compared` of the months are in the totals; gaps are named."""

    first: date
    end: date
    months_compared: int
    offers: tuple[Offer, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One account of a dry run: what its month costs now, and what it would."""

    account_id: int
    account_no: str
    account_class: str
    before: Money
    after: Money


@dataclass(frozen=True, slots=True)
class ClassTotal:
    """The accounts of one class and currency in a dry run."""

    account_class: str
    accounts: int
    up: int
    down: int
    equal: int
    before: Money
    after: Money


@dataclass(frozen=True, slots=True)
class Unpriced:
    """An account of a dry run whose month cannot be compared.

    `faults` are those of its use, by the version that is tried (`is_by_tried`) or by what it has; there are none where
    it was on the tariff, or had one holder, for a part of the month alone. `price_failed` is of either: nobody foresaw
    what is wrong.
    """

    account_id: int
    account_no: str
    account_class: str
    is_by_tried: bool
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some accounts have no price: by which of the two, at which place of their use, and how many."""

    is_by_tried: bool
    path: str
    code: str
    accounts: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """A version beside what accounts have, over one month of use.

    `is_all`: whether no account was left out. `unpriced`: accounts that cannot be priced by one of the two.
    """

    tariff_code: str
    version_no: int
    month: date
    accounts: int
    is_all: bool
    unpriced: tuple[Unpriced, ...]
    by_class: tuple[ClassTotal, ...]
    largest: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Present:
    """What use costs at a moment: the running bill, the ladder and the price of the next kWh."""

    running: RunningCost | None
    tiers: TierPosition | None
    price: PriceNow | None
