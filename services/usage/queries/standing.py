"""Where an account stands: the ladder of its tiers, what a kWh costs now and next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from core.db import ReadSession, statement
from core.money import exponent
from core.periods import business_date, start_of
from services.accounts.queries import AccountId
from services.accounts.queries.agreements import AgreementView, agreements
from services.tariffs.queries import (
    Cycle,
    Facts,
    Tariff,
    Tier,
    VersionView,
    cycle_of,
    day_of,
    slot_prices,
    tariff_of,
    version_on,
)
from services.usage.queries.days import NO_PERIOD, ONE_DAY, known
from services.usage.queries.views import PricedSlot, PriceNow, Rung, TierPosition
from services.usage.rules.measures import kwh_of

QUARTER: Final = timedelta(minutes=15)
AHEAD: Final = 8
"""Days that are looked through for another price."""
SLOTS_AHEAD: Final = timedelta(hours=24)
"""How far prices of intervals are told."""


@dataclass(frozen=True, slots=True)
class Held:
    """The version that holds for an account on a day; `holds_until` as a standing has it."""

    version: VersionView
    holds_until: date | None
    tariff: Tariff


@dataclass(frozen=True, slots=True)
class Standing:
    """The version that holds for an account on a day, and what its tiers and facts are then.

    `holds_until`: the day on which another agreement or version holds, or none; None until told otherwise.
    `used_before`: kWh of the cycle's parts of months that begin before the day that was asked for. `has_reactive`:
    whether anything measures reactive energy.
    """

    version: VersionView
    holds_until: date | None
    tariff: Tariff
    cycle: Cycle
    used_before: Decimal
    facts: Facts
    has_reactive: bool

    @property
    def held(self) -> Held:
        """What holds until then, without what was used."""
        return Held(self.version, self.holds_until, self.tariff)


def held(session: ReadSession, *, account_id: int, on: date) -> Held | None:
    """None without an agreement, or without a published version of its tariff on the day."""
    signed = agreements(session, account_id=AccountId(account_id), since=on)
    agreed = next((each for each in signed if each.holds_on(on)), None)
    version = None if agreed is None else version_on(session, code=agreed.tariff_code, on=on)
    if agreed is None or version is None:
        return None
    ends = [day for day in (_agreed_until(signed, agreed), version.valid_to) if day is not None]
    return Held(version, min(ends, default=None), tariff_of(session, version_id=version.id))


def standing(session: ReadSession, *, account_id: int, on: date, before: date | None = None) -> Standing | None:
    """None without an agreement, or without a published version of its tariff on the day.

    `before`: the part of the month begins on this day, and use of those that begin before it counts; when absent, all
    of the part that `on` lies in counts too, as far as it is known. Facts are those of the part's first day, by which
    it is priced.
    """
    found = held(session, account_id=account_id, on=on)
    return None if found is None else standing_by(session, found, account_id=account_id, on=on, before=before)


def standing_by(
    session: ReadSession, found: Held, *, account_id: int, on: date, before: date | None = None
) -> Standing:
    """The same where the version that holds on the day is known already."""
    version, tariff = found.version, found.tariff
    whole = cycle_of(tariff, on)
    row = session.sql(
        statement(__package__, "standing.sql"),
        account_id=account_id,
        code=version.tariff_code,
        before=before or on + ONE_DAY,
        cycle_first=whole.first,
        cycle_end=whole.end,
        day=on,
        part_from=before or max(on.replace(day=1), version.valid_from),
    ).one()
    facts = Facts(row.persons, frozenset(row.flags or ()), row.contract_kw, row.transformer_kva)
    cycle = replace(cycle_of(tariff, on, since=row.since, until=row.until), months=row.months)
    return Standing(version, found.holds_until, tariff, cycle, kwh_of(row.used_before), facts, row.has_reactive)


def _agreed_until(signed: Sequence[AgreementView], agreed: AgreementView) -> date | None:
    """When another tariff holds, or none: an agreement that goes on with the same tariff changes nothing."""
    until = agreed.valid_to
    for other in sorted(signed, key=lambda each: each.valid_from):
        if other.valid_from <= agreed.valid_from:
            continue
        if other.tariff_code != agreed.tariff_code:
            return other.valid_from if until is None else min(until, other.valid_from)
        if until is None or other.valid_from <= until:
            until = other.valid_to
    return until


def tier_position(session: ReadSession, *, account_id: int, on: date, zone: ZoneInfo) -> TierPosition | None:
    """The ladder of the cycle that a day lies in, with what was used in it; None where no tariff is known.

    A tariff without tiers is a ladder of one rung without an end; one by which each interval has its price has none.
    """
    found = standing(session, account_id=account_id, on=on)
    if found is None:
        return None
    return position_of(found, on=on, known_until=known(session, account_id=account_id, zone=zone).last_day(zone))


def position_of(found: Standing, *, on: date, known_until: date | None) -> TierPosition | None:
    """The ladder of a standing on a day; None where no kWh has a price of its own."""
    if found.tariff.document.energy is None or found.tariff.by_slot:
        return None
    ladder = _ladder(found, on.month)
    current = _reached(found, ladder)
    plain = found.tariff.ladder(month=on.month, months_in_cycle=found.cycle.months)
    return TierPosition(
        tariff_code=found.version.tariff_code,
        currency=found.tariff.currency,
        has_tax=found.tariff.has_tax,
        first=found.cycle.first,
        end=found.cycle.end,
        months_in_cycle=found.cycle.months,
        has_extra=bool(plain) and [tier.upto for tier in plain] != [tier.upto for tier in ladder],
        used=found.used_before,
        known_until=known_until,
        rungs=tuple(
            Rung(tier.number, tier.above, tier.upto, _prices_of(found.tariff, tier, on.month)) for tier in ladder
        ),
        current=current.number,
        left=None if current.upto is None else current.upto - found.used_before,
    )


def price_now(session: ReadSession, *, account_id: int, now: datetime, zone: ZoneInfo) -> PriceNow | None:
    """What the next kWh costs, until when, and what a kWh costs afterwards; None where no tariff or calendar is known.

    Another period, version or agreement may bring another price, and so may a month, with which tiers begin anew or
    other limits hold. The tier is the one that known use has reached: what is not read yet may already be in the next.
    """
    found = standing(session, account_id=account_id, on=business_date(now, zone))
    return None if found is None else price_by(session, found, account_id=account_id, now=now, zone=zone)


def price_by(
    session: ReadSession, found: Standing, *, account_id: int, now: datetime, zone: ZoneInfo
) -> PriceNow | None:
    """The same where the account's standing of today is known already."""
    if found.tariff.document.energy is None:
        return None
    if found.tariff.by_slot:
        return _slot_now(session, found, now=now, zone=zone)
    offers = _offers(session, found, account_id=account_id, since=now, zone=zone)
    offer = next(offers, None)
    if offer is None:
        return None
    change = next((each for each in offers if (each.period, each.price) != (offer.period, offer.price)), None)
    return PriceNow(
        tariff_code=found.version.tariff_code,
        currency=found.tariff.currency,
        has_tax=found.tariff.has_tax,
        period=offer.period,
        price=offer.price,
        until=None if change is None else change.begins.astimezone(zone),
        next_period=None if change is None else change.period,
        next_price=None if change is None else change.price,
    )


class _Offer(NamedTuple):
    """What a kWh costs from a moment on."""

    begins: datetime
    period: str
    price: Decimal


def _offers(
    session: ReadSession, found: Standing, *, account_id: int, since: datetime, zone: ZoneInfo
) -> Iterator[_Offer]:
    """The prices of the quarter-hours from now on, as far as they are known, and in one currency."""
    today = business_date(since, zone)
    held, prices = found, _prices_on(found, today)
    for day in (today + timedelta(days=ahead) for ahead in range(AHEAD)):
        if day > today and (day.day == 1 or day in {held.holds_until, held.cycle.end}):
            following = standing(session, account_id=account_id, on=day)
            if following is None or following.tariff.currency != found.tariff.currency:
                return
            held, prices = following, _prices_on(following, day)
        calendar = day_of(session, version_id=held.version.id, day=day)
        if calendar is None:
            return
        midnight = start_of(day, zone)
        first = (since - midnight) // QUARTER if day == today else 0
        for at in range(first, len(calendar)):
            period = held.version.periods[calendar[at] - 1]
            if period not in prices:
                return
            yield _Offer(midnight + at * QUARTER, period, prices[period])


def _prices_on(found: Standing, day: date) -> Mapping[str, Decimal]:
    """By period, in the tier that known use has reached; none where each interval has its own."""
    if found.tariff.by_slot:
        return {}
    return _prices_of(found.tariff, _reached(found, _ladder(found, day.month)), day.month)


def _reached(found: Standing, ladder: Sequence[Tier]) -> Tier:
    """The tier of the next kWh."""
    return next((tier for tier in ladder if tier.upto is None or found.used_before < tier.upto), ladder[-1])


def _slot_now(session: ReadSession, found: Standing, *, now: datetime, zone: ZoneInfo) -> PriceNow | None:
    """The price of the present interval and of those that follow it without a gap, while the version holds."""
    until = now + SLOTS_AHEAD
    if found.holds_until is not None:
        until = min(until, start_of(found.holds_until, zone))
    known_slots = slot_prices(session, code=found.version.tariff_code, begin=now, end=until)
    every, places = _every_kwh(found.tariff), exponent(found.tariff.currency)
    slots: list[PricedSlot] = []
    for each in known_slots:
        if each.start != (slots[-1].end if slots else each.start):
            break
        price = each.rate_minor.scaleb(-places) + every
        slots.append(PricedSlot(each.start.astimezone(zone), each.end.astimezone(zone), price))
    if not slots or slots[0].begin > now:
        return None
    other = next((slot for slot in slots if slot.price != slots[0].price), None)
    return PriceNow(
        tariff_code=found.version.tariff_code,
        currency=found.tariff.currency,
        has_tax=found.tariff.has_tax,
        period=NO_PERIOD,
        price=slots[0].price,
        until=slots[-1].end if other is None else other.begin,
        next_period=None if other is None else NO_PERIOD,
        next_price=None if other is None else other.price,
        slots=tuple(slots),
    )


def _prices_of(tariff: Tariff, tier: Tier, month: int) -> Mapping[str, Decimal]:
    """What a kWh costs in a tier of a month by period: energy, adder, and what is on every kWh; before tax."""
    tiers = tariff.document.tiers
    by_period = None if tiers is None else tiers.adders_by_period
    every = _every_kwh(tariff)
    return {
        period: price + (tier.adder if by_period is None else by_period[period][tier.number - 1]) + every
        for period, price in tariff.prices_in(month).items()
    }


def _every_kwh(tariff: Tariff) -> Decimal:
    return sum((part.rate for part in tariff.document.per_kwh), Decimal(0))


def _ladder(found: Standing, month: int) -> tuple[Tier, ...]:
    ladder = found.tariff.ladder(month=month, months_in_cycle=found.cycle.months, persons=found.facts.persons)
    return ladder or (Tier(1, Decimal(0), None, Decimal(0), {}),)
