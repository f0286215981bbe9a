"""What use would cost under other tariffs: published ones for a customer, drafts for those who make tariffs."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.db import ReadSession, statement
from core.money import Money
from core.periods import Period
from services.accounts.queries import AccountId
from services.accounts.queries.agreements import agreement_on
from services.tariffs.errors import Fault, UseInvalid
from services.tariffs.queries import (
    Facts,
    Tariff,
    TariffClass,
    Use,
    cycle_of,
    day_facts,
    day_periods,
    price,
    tariff_of,
    tariffs,
    versions,
)
from services.usage.queries.apart import MOST_ALONE, compare_apart
from services.usage.queries.days import ONE_DAY, Day, days_of, demand_of, gaps, known
from services.usage.queries.demands import DRAFT, DemandSpan, demands_as_if, drafted_demands
from services.usage.queries.kept import kept_uses
from services.usage.queries.parts import Part, facts_of, parts_of, use_of
from services.usage.queries.slot_days import SlotDay, SlotSpan, slot_days, slot_sum
from services.usage.queries.views import ClassTotal, Difference, DryRun, Offer, OfferMonth, Unpriced, WhatIf
from services.usage.rules.measures import demand_kw, demands_kw, kvarh_of, kwh_of

MONTHS: Final = 12
LEAST_MONTHS: Final = 3
"""Fewer months with readings say nothing about a year."""
MOST_OFFERS: Final = 20
MOST_ACCOUNTS: Final = 2_000
"""Accounts of one dry run that is answered at once."""
LARGEST: Final = 50
UNKNOWN: Final = 0
"""Stands for the period of use by registers that do not say in which of a version's periods it was."""
UNPLACED: Final = Fault("$.kwh", "period_unknown")


@dataclass(frozen=True, slots=True)
class _Span:
    """Days of a month on one version of an offered tariff."""

    month: date
    first: date
    end: date
    version_id: int
    periods: tuple[str, ...]
    tariff: Tariff


def what_if(
    session: ReadSession, *, account_id: int, until: date, zone: ZoneInfo, codes: Sequence[str] | None = None
) -> WhatIf | None:
    """The twelve months before the one that `until` lies in, under the account's tariff and others.

    `codes`: which, of the published tariffs of the account's class and currency; all of them when absent. None where
    fewer than `LEAST_MONTHS` have readings. A month is priced by what is known of it: gaps are named, not filled.
    Registers say little about when something was used: a tariff that they cannot price at all is not among the offers.
    """
    end = until.replace(day=1)
    first = date(end.year - 1, end.month, 1)
    found = known(session, account_id=account_id, zone=zone)
    days = days_of(session, account_id=account_id, first=first, end=end)
    if len({day.day.replace(day=1) for day in days if day.measured_minutes}) < LEAST_MONTHS:
        return None
    account = session.sql(statement(__package__, "account_kind.sql"), account_id=account_id).one()
    agreed = agreement_on(session, account_id=AccountId(account_id), day=end - ONE_DAY)
    present = None if agreed is None else agreed.tariff_code
    offered = {
        each.code: each.name
        for each in tariffs(session, on=end - ONE_DAY, limit=1_000)
        if each.currency == account.currency
        and each.in_force_no is not None
        and each.tariff_class in {TariffClass.ANY, TariffClass(account.account_class)}
        and (codes is None or each.code in codes or each.code == present)
    }
    chosen = sorted(offered, key=lambda code: (code != present, code))[:MOST_OFFERS]
    since = max(first, found.holder_since or first)
    by_code = {code: _months(session, account_id, code, days, first, end, since) for code in chosen}
    if any(day.is_of_registers for day in days):
        chosen = [code for code in chosen if code == present or any(each.cost is not None for each in by_code[code])]
    both = [
        month for month in range(MONTHS) if chosen and all(by_code[code][month].cost is not None for code in chosen)
    ]
    zero = Money.zero(account.currency)
    return WhatIf(
        first=first,
        end=end,
        months_compared=len(both),
        offers=tuple(
            Offer(
                tariff_code=code,
                name=offered[code],
                is_present=code == present,
                months=tuple(by_code[code]),
                total=sum((by_code[code][month].cost or zero for month in both), zero),
            )
            for code in chosen
        ),
        gaps=gaps(session, days, account_id=account_id, found=found, first=first, end=end, zone=zone),
    )


def _months(
    session: ReadSession, account_id: int, code: str, days: Sequence[Day], first: date, end: date, since: date
) -> list[OfferMonth]:
    spans = _spans(session, code, first, end, since)
    used = _as_if(session, account_ids=[account_id], spans=spans, first=first, end=end, of_holder=True)
    by_slot = [SlotSpan(span.version_id, code, span.first, span.end) for span in spans if span.tariff.by_slot]
    slots = slot_days(session, account_ids=[account_id], spans=by_slot, of_holder=True)
    by_demand = [DemandSpan(span.version_id, span.first, span.end) for span in spans if span.tariff.demand_periods]
    demands = demands_as_if(session, account_ids=[account_id], spans=by_demand, first=first, end=end, of_holder=True)
    months = [_later(first, at) for at in range(MONTHS)]
    of_month = {month: [span for span in spans if span.month == month] for month in months}
    return [
        _offer_month(session, account_id, code, of_month[month], days, used, demands, slots, month, since)
        for month in months
    ]


def _spans(session: ReadSession, code: str, first: date, end: date, since: date) -> list[_Span]:
    """None before `since`: what was used until then is another holder's, and so are the tiers that they climbed."""
    found = []
    for version in versions(session, code=code, period=Period(first, end)):
        tariff = tariff_of(session, version_id=version.id)
        for month in (_later(first, months) for months in range(MONTHS)):
            begin, finish = max(month, since, version.valid_from), min(_later(month, 1), version.valid_to or end)
            if begin < finish:
                found.append(_Span(month, begin, finish, version.id, version.periods, tariff))
    return found


def _offer_month(
    session: ReadSession,
    account_id: int,
    code: str,
    spans: Sequence[_Span],
    days: Sequence[Day],
    used: Mapping[tuple[int, date, int], Mapping[int, int]],
    demands: Mapping[tuple[int, date, int], Sequence[int]],
    slots: Sequence[SlotDay],
    month: date,
    since: date,
) -> OfferMonth:
    of_month = [day for day in days if day.day.replace(day=1) == month and day.measured_minutes]
    length = (_later(month, 1) - month).days
    begin, costs = max(month, since), list[Money]()
    for span in spans:
        in_span = [day for day in of_month if span.first <= day.day < span.end]
        energies = used.get((account_id, month, span.version_id), {})
        if energies.get(UNKNOWN):
            return OfferMonth(month, _sum(of_month), len(of_month), length, None)
        by_demand = demands.get((account_id, month, span.version_id), ())
        earlier = [day for day in of_month if day.day < span.first]
        use = _use(session, account_id, code, span, in_span, begin, earlier, energies, by_demand, length)
        try:
            of_span = [day for day in slots if span.first <= day.day < span.end]
            priced = price(span.tariff, _by_slots(use, span.tariff, of_span, energy=sum(day.energy for day in in_span)))
        except UseInvalid:
            return OfferMonth(month, _sum(of_month), len(of_month), length, None)
        costs.append(Money(priced.total_minor, priced.currency))
    held = (_later(month, 1) - begin).days
    is_whole = bool(of_month) and sum((span.end - span.first).days for span in spans) == held
    cost = sum(costs[1:], costs[0]) if costs and is_whole else None
    return OfferMonth(month, _sum(of_month), len(of_month), length, cost)


def _use(
    session: ReadSession,
    account_id: int,
    code: str,
    span: _Span,
    days: Sequence[Day],
    begin: date,
    earlier: Sequence[Day],
    energies: Mapping[int, int],
    demands: Sequence[int],
    length: int,
) -> Use:
    """Of a span; `earlier`: days of its month from `begin` up to it. Kept parts may reach across its first day."""
    cycle = cycle_of(span.tariff, span.first)
    row = session.sql(
        statement(__package__, "standing.sql"),
        account_id=account_id,
        code=code,
        before=begin,
        cycle_first=cycle.first,
        cycle_end=cycle.end,
        day=span.first,
        part_from=span.first,
    ).one()
    return Use(
        month=span.month.month,
        kwh={span.periods[at - 1]: kwh_of(energy) for at, energy in energies.items() if energy},
        kwh_before_in_cycle=kwh_of(row.used_before + sum(day.energy for day in earlier if day.day >= row.since)),
        months_in_cycle=row.months,
        days=(span.end - span.first).days,
        days_in_month=length,
        max_demand_kw=demand_of(days),
        max_demand_by_period=demands_kw(
            span.tariff.demand_periods,
            demands,
            max((day.max_demand for day in days), default=0),
            sum(day.energy for day in days),
        ),
        kvarh=kvarh_of(sum(day.reactive_energy for day in days), has_reactive=row.has_reactive),
        export_kwh=kwh_of(sum(day.export_energy for day in days)),
        facts=Facts(row.persons, frozenset(row.flags or ()), row.contract_kw, row.transformer_kva),
    )


def _by_slots(use: Use, tariff: Tariff, days: Sequence[SlotDay], *, energy: int) -> Use:
    """The same use as its tariff prices it. Raises UseInvalid where each interval has its own price and one lacks."""
    return replace(use, kwh={}, slot_sum=slot_sum(days, energy=energy)) if tariff.by_slot else use


def _sum(days: Sequence[Day]) -> Decimal:
    return kwh_of(sum(day.energy for day in days))


def _later(month: date, months: int) -> date:
    at = month.year * 12 + month.month - 1 + months
    return date(at // 12, at % 12 + 1, 1)


def _as_if(
    session: ReadSession,
    *,
    account_ids: Sequence[int],
    spans: Sequence[_Span],
    first: date,
    end: date,
    of_holder: bool,
    drafts: Sequence[Mapping[str, object]] = (),
) -> dict[tuple[int, date, int], dict[int, int]]:
    """Energy by index of the period, of accounts by month and version.

    Use by registers is in the periods of their names, in the one of a version with one, or in `UNKNOWN`. A draft is
    told of by spans as well as by its days.
    """
    found: dict[tuple[int, date, int], dict[int, int]] = defaultdict(dict)
    for row in session.sql(
        statement(__package__, "as_if.sql"),
        account_ids=list(account_ids),
        version_ids=[span.version_id for span in spans],
        firsts=[span.first for span in spans],
        ends=[span.end for span in spans],
        drafts=json.dumps(list(drafts)),
        first=first,
        end=end,
        of_holder=of_holder,
    ):
        found[row.account_id, row.month, row.version_id][row.period] = row.energy
    places = {span.version_id: {name: at for at, name in enumerate(span.periods, 1)} for span in spans}
    for row in session.sql(
        statement(__package__, "as_if_registers.sql"),
        account_ids=list(account_ids),
        version_ids=[span.version_id for span in spans],
        firsts=[span.first for span in spans],
        ends=[span.end for span in spans],
        first=first,
        end=end,
        of_holder=of_holder,
    ):
        of_version, sums = places[row.version_id], found[row.account_id, row.month, row.version_id]
        at = 1 if len(of_version) == 1 else of_version.get(row.period, UNKNOWN)
        sums[at] = sums.get(at, 0) + row.energy
    return found


def dry_run(
    session: ReadSession,
    *,
    tariff_code: str,
    version_no: int,
    tariff: Tariff,
    unit_ids: Sequence[int],
    month: date,
    zone: ZoneInfo,
    most: int = MOST_ACCOUNTS,
) -> DryRun:
    """Accounts of some units and below that are on a tariff, priced by it and by another document for one month.

    `tariff`: a draft, or any version, parsed. At most `most` accounts, chosen by nobody's order and always the same.
    Both are priced by the exact engine from the same readings. An account that one of the two cannot price, or that was
    on the tariff for a part of the month alone or had another holder in another part of it, is named with the reason
    and is in no total.
    """
    limit = min(most, MOST_ACCOUNTS)
    found = session.sql(
        statement(__package__, "on_tariff.sql"), code=tariff_code, unit_ids=list(unit_ids), month=month, most=limit + 1
    ).all()
    rows = found[:limit]
    some = partial(compare, session, tariff_code=tariff_code, tariff=tariff, month=month, zone=zone)
    compared = compare_apart(session, rows=rows, compare=lambda rows: some(rows=rows), most=MOST_ALONE)
    differences = [each for each in compared if isinstance(each, Difference)]
    unpriced = [each for each in compared if isinstance(each, Unpriced)]
    return DryRun(
        tariff_code=tariff_code,
        version_no=version_no,
        month=month,
        accounts=len(rows),
        is_all=len(found) == len(rows),
        unpriced=tuple(sorted(unpriced, key=lambda each: each.account_no)),
        by_class=_totals(differences),
        largest=tuple(
            sorted(differences, key=lambda each: (-abs(each.after.minor - each.before.minor), each.account_no))[
                :LARGEST
            ]
        ),
    )


def compare(
    session: ReadSession, *, rows: Sequence[Any], tariff_code: str, tariff: Tariff, month: date, zone: ZoneInfo
) -> list[Difference | Unpriced]:
    """Accounts' months by what they have and by what is tried, both by the exact engine, in the order of `rows`.

    `rows` say of each account its id, number and class, and the versions of the tariff that its month lies on.
    """
    ids = [row.id for row in rows]
    present = versions_met(session, rows=rows)
    names: dict[int, tuple[str, ...]] = {
        each.id: each.periods for each in versions(session, code=tariff_code, period=whole_month(month))
    }
    now = _by_account(parts_of(session, account_ids=ids, months=[month], tariffs=present))
    then = _by_account(parts_of(session, account_ids=ids, months=[month], tariffs=dict.fromkeys(present, tariff)))
    used = drafted(session, ids, tariff, month, zone)
    demands = drafted_demands(session, ids, tariff, month, whole_month(month).end, zone)
    slots = _slots(session, ids, tariff_code, month, present, is_by_slot=tariff.by_slot)
    return [
        _compared(row, now[row.id], then[row.id], present, names, tariff, used, demands.get(row.id, ()), slots[row.id])
        for row in rows
    ]


def versions_met(session: ReadSession, *, rows: Sequence[Any]) -> dict[int, Tariff]:
    """The versions that the months of these accounts lie on, by id."""
    met = sorted({each for row in rows for each in row.version_ids if each is not None})
    return {version_id: tariff_of(session, version_id=version_id) for version_id in met}


def _compared(
    row: Any,
    now: Sequence[Part],
    then: Sequence[Part],
    present: Mapping[int, Tariff],
    names: Mapping[int, Sequence[str]],
    tariff: Tariff,
    used: Mapping[tuple[int, date, int], Mapping[int, int]],
    demands: Sequence[int],
    slots: Sequence[SlotDay],
) -> Difference | Unpriced:
    """One account's month by what it has and by what is tried, or why there is no saying."""
    named = partial(Unpriced, row.id, row.account_no, row.account_class)
    if any(part.version_id not in names for part in now) or _has_two_holders(then):
        return named(is_by_tried=False, faults=())
    try:
        before = sum(_costs(now, present, names, slots))
    except UseInvalid as refusal:
        return named(is_by_tried=False, faults=refusal.faults)
    energies = used.get((row.id, now[0].month, DRAFT), {})
    if energies.get(UNKNOWN):
        return named(is_by_tried=True, faults=(UNPLACED,))
    try:
        of_draft = [day for day in slots if day.key == DRAFT]
        wanted = _by_slots(_draft_use(then, tariff, energies, demands), tariff, of_draft, energy=sum(energies.values()))
        after = price(tariff, wanted)
    except UseInvalid as refusal:
        return named(is_by_tried=True, faults=refusal.faults)
    cost = Money(before, after.currency)
    return Difference(row.id, row.account_no, row.account_class, cost, Money(after.total_minor, after.currency))


def _has_two_holders(parts: Sequence[Part]) -> bool:
    """Whether somebody else came within the month: by one tariff, the days that count for its tiers begin anew."""
    return len({part.since for part in parts}) > 1


def _slots(
    session: ReadSession,
    account_ids: Sequence[int],
    code: str,
    month: date,
    present: Mapping[int, Tariff],
    *,
    is_by_slot: bool,
) -> dict[int, list[SlotDay]]:
    """By account, the days under versions that price each interval, and under the draft if it does."""
    whole = whole_month(month)
    versions_ = [SlotSpan(at, code, whole.first, whole.end) for at, tariff in present.items() if tariff.by_slot]
    draft = [SlotSpan(DRAFT, code, whole.first, whole.end)] if is_by_slot else []
    found: dict[int, list[SlotDay]] = defaultdict(list)
    for each in slot_days(session, account_ids=account_ids, spans=[*versions_, *draft], of_holder=False):
        found[each.account_id].append(each)
    return found


def whole_month(month: date) -> Period:
    """The month that begins on a day."""
    return Period.month(month.year, month.month)


def _costs(
    parts: Sequence[Part],
    present: Mapping[int, Tariff],
    names: Mapping[int, Sequence[str]],
    slots: Sequence[SlotDay],
) -> Iterator[int]:
    """What parts of one month cost by their own versions, in minor units; raises UseInvalid."""
    for part in parts:
        version_id = part.version_id or 0
        yield price(present[version_id], use_of(part, present[version_id], names[version_id], slots)).total_minor


def _by_account(parts: Sequence[Part]) -> dict[int, list[Part]]:
    found: dict[int, list[Part]] = defaultdict(list)
    for part in parts:
        found[part.account_id].append(part)
    return found


def drafted(
    session: ReadSession, account_ids: Sequence[int], tariff: Tariff, month: date, zone: ZoneInfo
) -> dict[tuple[int, date, int], dict[int, int]]:
    """What accounts used in a month by the periods of a draft, under the key (account, month, DRAFT).

    From months as they are kept where the draft has the hours of their versions: intervals are read of others alone.
    """
    whole = whole_month(month)
    days = [date.fromordinal(at) for at in range(whole.first.toordinal(), whole.end.toordinal())]
    facts = day_facts(session, days=days)
    calendar = {day: day_periods(tariff, day, facts[day], zone=zone) for day in days}
    kept = kept_uses(
        session, account_ids=account_ids, month=whole.first, calendar=calendar, periods=tuple(tariff.periods)
    )
    found = {(account_id, whole.first, DRAFT): energies for account_id, energies in kept.items()}
    left = [account_id for account_id in account_ids if account_id not in kept]
    if not left:
        return found
    index = {name: at for at, name in enumerate(tariff.periods, 1)}
    drafts = [
        {"version_id": DRAFT, "day": day.isoformat(), "periods": [index[name] for name in names]}
        for day, names in calendar.items()
    ]
    span = _Span(whole.first, whole.first, whole.end, DRAFT, tuple(tariff.periods), tariff)
    return found | _as_if(
        session, account_ids=left, spans=[span], first=whole.first, end=whole.end, of_holder=False, drafts=drafts
    )


def _draft_use(parts: Sequence[Part], tariff: Tariff, energies: Mapping[int, int], demands: Sequence[int]) -> Use:
    """The month of an account in one, from its first part on."""
    first, whole = parts[0], whole_month(parts[0].month)
    watts, energy = max(part.max_demand for part in parts), sum(part.energy for part in parts)
    return Use(
        month=first.month.month,
        kwh={tariff.periods[at - 1]: kwh_of(energy) for at, energy in energies.items() if energy},
        kwh_before_in_cycle=kwh_of(first.used_before),
        months_in_cycle=first.months_in_cycle,
        days=(parts[-1].end_day - first.first_day).days,
        days_in_month=(whole.end - whole.first).days,
        max_demand_kw=demand_kw(watts, energy),
        max_demand_by_period=demands_kw(tariff.demand_periods, demands, watts, energy),
        kvarh=kvarh_of(sum(part.reactive_energy for part in parts), has_reactive=first.has_reactive),
        export_kwh=kwh_of(sum(part.export_energy for part in parts)),
        facts=facts_of(first),
    )


def _totals(differences: Sequence[Difference]) -> tuple[ClassTotal, ...]:
    grouped: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    for each in differences:
        grouped[each.account_class, each.after.currency].append(each)
    return tuple(
        ClassTotal(
            account_class=account_class,
            accounts=len(group),
            up=sum(each.after.minor > each.before.minor for each in group),
            down=sum(each.after.minor < each.before.minor for each in group),
            equal=sum(each.after.minor == each.before.minor for each in group),
            before=Money(sum(each.before.minor for each in group), currency),
            after=Money(sum(each.after.minor for each in group), currency),
        )
        for (account_class, currency), group in sorted(grouped.items())
    )
