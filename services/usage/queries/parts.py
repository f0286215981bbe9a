"""Parts of months with all that pricing asks of them, and the use that the engine prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.db import ReadSession, statement, view
from core.periods import Period
from services.tariffs.queries import Facts, SlotSum, Tariff, Use, cycle_of
from services.usage.queries.slot_days import SlotDay, slot_sum
from services.usage.rules.measures import demand_kw, demands_kw, kvarh_of, kwh_of


@dataclass(frozen=True, slots=True)
class Part:
    """A run of days of a month with one version, and what holds of the account on its first day.

    Energies are millionths of a kWh, demands watts. `since`, `until`: the holder's days in the cycle of the tiers, and
    `months_in_cycle` of it, a part of a month counting whole; `used_before`: what they used in it before this part;
    `rests_on`: all that a stored cost rests on of the cycle.
    """

    account_id: int
    month: date
    part: int
    version_id: int | None
    first_day: date
    end_day: date
    days: int
    energies: list[int]
    energy: int
    export_energy: int
    reactive_energy: int
    max_demand: int
    demands: list[int] | None
    measured_minutes: int
    missing_minutes: int
    estimated_minutes: int
    persons: int | None
    contract_kw: Decimal | None
    transformer_kva: Decimal | None
    flags: list[str] | None
    has_reactive: bool
    since: date
    until: date | None
    months_in_cycle: int
    used_before: int
    rests_on: list[int]


def parts_of(
    session: ReadSession, *, account_ids: Sequence[int], months: Sequence[date], tariffs: Mapping[int, Tariff]
) -> list[Part]:
    """The parts of some months of some accounts, by account and day. `tariffs`: of versions that may be met, by id."""
    cycles = [
        (version_id, month, cycle_of(tariff, month)) for version_id, tariff in tariffs.items() for month in months
    ]
    rows = session.sql(
        statement(__package__, "parts.sql"),
        account_ids=list(account_ids),
        months=list(months),
        version_ids=[version_id for version_id, _, _ in cycles],
        of_months=[month for _, month, _ in cycles],
        cycle_firsts=[cycle.first for _, _, cycle in cycles],
        cycle_ends=[cycle.end for _, _, cycle in cycles],
    )
    return [view(Part, row) for row in rows]


def use_of(part: Part, tariff: Tariff, periods: Sequence[str], slots: Sequence[SlotDay] = ()) -> Use:
    """What the engine is asked to price. `periods`: in the order of the part's energies.

    `slots`: days of the account under this tariff, where it prices each interval; those of the part are taken. Raises
    UseInvalid where one of them lacks a price.
    """
    whole = Period.month(part.month.year, part.month.month)
    named = zip(periods, part.energies, strict=False)
    return Use(
        month=part.month.month,
        kwh={} if tariff.by_slot else {period: kwh_of(energy) for period, energy in named if energy},
        slot_sum=_slots_of(part, slots) if tariff.by_slot else None,
        kwh_before_in_cycle=kwh_of(part.used_before),
        months_in_cycle=part.months_in_cycle,
        days=(part.end_day - part.first_day).days,
        days_in_month=(whole.end - whole.first).days,
        max_demand_kw=demand_kw(part.max_demand, part.energy),
        max_demand_by_period=demands_kw(tariff.demand_periods, part.demands, part.max_demand, part.energy),
        kvarh=kvarh_of(part.reactive_energy, has_reactive=part.has_reactive),
        export_kwh=kwh_of(part.export_energy),
        facts=facts_of(part),
    )


def _slots_of(part: Part, slots: Sequence[SlotDay]) -> SlotSum:
    mine = [
        each
        for each in slots
        if (each.account_id, each.key) == (part.account_id, part.version_id)
        and part.first_day <= each.day < part.end_day
    ]
    return slot_sum(mine, energy=part.energy)


def facts_of(part: Part) -> Facts:
    """What the account is entitled to on the first day of the part."""
    return Facts(
        persons=part.persons,
        flags=frozenset(part.flags or ()),
        contract_kw=part.contract_kw,
        transformer_kva=part.transformer_kva,
    )
