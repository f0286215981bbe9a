"""What a tariff says, as customers are shown it: what a kWh costs in each period and tier, made of what, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from core.db import ReadSession
from core.periods import start_of
from services.accounts.queries.agreements import AgreementView
from services.tariffs import queries as tariffs
from services.tariffs.queries import Tariff, Tier, VersionView

QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class PeriodPrice:
    """A price period: `price` is that of the energy, `adders` come to it by tier, `costs` is all of a kWh by tier."""

    period: str
    price: Decimal
    adders: tuple[Decimal, ...]
    costs: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of a month. `surcharge` is the sum of what comes to each kWh in every period and tier alike."""

    periods: tuple[PeriodPrice, ...]
    tiers: tuple[Tier, ...]
    surcharge: Decimal


@dataclass(frozen=True, slots=True)
class Stay:
    """A price period that holds from one moment up to another of the same day, or on to its end."""

    period: str
    begins: datetime
    ends: datetime


def prices_of(tariff: Tariff, *, month: int, months_in_cycle: int = 12, persons: int | None = None) -> Prices:
    """What a kWh costs in a month for an account with this many persons, taxes and charges on demand apart.

    No periods where each interval has its own price. Raises UseInvalid when the tariff has no prices in that month.
    """
    tiers = tariff.ladder(month=month, months_in_cycle=months_in_cycle, persons=persons)
    surcharge = sum((each.rate for each in tariff.document.per_kwh), Decimal(0))
    by_period = (tariff.document.tiers and tariff.document.tiers.adders_by_period) or {}
    rows = []
    for period, price in [] if tariff.by_slot else tariff.prices_in(month).items():
        own = by_period.get(period)
        adders = tuple(own[tier.number - 1] if own else tier.adder for tier in tiers) or (Decimal(0),)
        rows.append(PeriodPrice(period, price, adders, tuple(price + adder + surcharge for adder in adders)))
    return Prices(tuple(rows), tiers, surcharge)


def stays_of(periods: Sequence[str], *, day: date, zone: ZoneInfo) -> tuple[Stay, ...]:
    """The periods of a day's quarter-hours put together, with their moments; right when clocks are moved too."""
    begin, found = start_of(day, zone), list[Stay]()
    for place, period in enumerate(periods):
        begins, ends = begin + place * QUARTER, begin + (place + 1) * QUARTER
        if found and found[-1].period == period:
            found[-1] = Stay(period, found[-1].begins, ends)
        else:
            found.append(Stay(period, begins, ends))
    return tuple(found)


def now_of(stays: Sequence[Stay], now: datetime) -> Stay | None:
    """The one that holds now."""
    return next((stay for stay in stays if stay.begins <= now < stay.ends), None)


@dataclass(frozen=True, slots=True)
class Plan:
    """The tariff of an account on a day. `stays` are the day's price periods, none for a day that is not made yet."""

    agreement: AgreementView
    name: str
    version: VersionView
    tariff: Tariff
    stays: tuple[Stay, ...]


def plan_on(session: ReadSession, *, agreement: AgreementView | None, day: date, zone: ZoneInfo) -> Plan | None:
    """What the agreement's tariff says on a day; None where nothing is agreed, or nothing is published for the day."""
    if agreement is None:
        return None
    tariff = tariffs.tariff_named(session, code=agreement.tariff_code, on=day)
    version = tariffs.version_on(session, code=agreement.tariff_code, on=day)
    if tariff is None or version is None:
        return None
    made = tariffs.day_of(session, version_id=version.id, day=day)
    periods = [version.periods[place - 1] for place in made or ()]
    said = tariffs.tariff_of(session, version_id=version.id)
    return Plan(agreement, tariff.name, version, said, stays_of(periods, day=day, zone=zone))
