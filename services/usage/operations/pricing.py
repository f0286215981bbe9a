"""What months cost, set-based: one statement for the versions of a shape, the exact engine for all others."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from core import locks
from core.db import WriteSession, statement, to_json
from core.periods import Period
from services.tariffs.errors import UseInvalid
from services.tariffs.queries import Priced, Tariff, plain, price
from services.usage.queries.parts import Part, parts_of, use_of
from services.usage.queries.slot_days import SlotDay, SlotSpan, slot_days
from services.usage.rules.compiled import Compiled, Shape, Uncompiled, compiled, cycle_days, pricing_statement

BATCH: Final = 1_000
"""Parts that the engine prices between two reads."""
SLOTS_LOCK: Final = "usage.price_slots"
"""Shared by who prices by intervals: who prices anew waits for all whose prices may be the former ones."""
NOTHING: Final[Mapping[int, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PricedVersion:
    """A published version, ready to price by. `periods`: in the order of the energies of days and months."""

    id: int
    code: str
    tariff: Tariff
    periods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PricedMonth:
    """Parts that were priced: by SQL, by the engine, and those that nobody can price with what is known."""

    by_sql: int
    by_engine: int
    unpriced: int


def price_months(
    session: WriteSession, *, month: date, first: int, last: int, versions: Sequence[PricedVersion]
) -> PricedMonth:
    """Write what one month costs for accounts from `first` to `last` on these versions, in place of what stood there.

    Repeatable. A part is priced whole or not at all: one that lacks a fact its tariff asks for has no cost.
    """
    locks.lock(session, key=f"usage.price:{month}:{first}")
    if any(version.tariff.by_slot for version in versions):
        locks.share_lock(session, key=SLOTS_LOCK)
    session.sql(
        "delete from usage_cost where month = :month and account_id between :first and :last",
        month=month,
        first=first,
        last=last,
    )
    by_shape: dict[Shape, list[tuple[PricedVersion, Compiled]]] = defaultdict(list)
    for version in versions:
        try:
            made = compiled(version.tariff, month=month.month, periods=version.periods)
        except Uncompiled:
            continue
        by_shape[made.shape].append((version, made))
    by_sql = sum(_by_sql(session, shape, group, month, first, last) for shape, group in by_shape.items())
    compiled_ones = {version.id: made.most for group in by_shape.values() for version, made in group}
    by_engine, unpriced = _by_engine(session, month, first, last, versions, compiled_ones)
    return PricedMonth(by_sql, by_engine, unpriced)


def price_again(session: WriteSession, *, month: date, first: int, last: int, version: PricedVersion) -> int:
    """Price anew what was priced by a version that prices each interval, and nothing else; answers how many parts.

    A part that lacks a price by now has no cost any more.
    """
    locks.lock(session, key=SLOTS_LOCK)
    gone = session.sql(
        """delete from usage_cost where month = :month and account_id between :first and :last and version_id = :version
           returning account_id, part""",
        month=month,
        first=first,
        last=last,
        version=version.id,
    ).all()
    priced_before = {(row.account_id, row.part) for row in gone}
    accounts = sorted({account for account, _ in priced_before})
    again = 0
    for at in range(0, len(accounts), BATCH):
        rows, _ = _priced(session, month, accounts[at : at + BATCH], {version.id: version})
        again += _write(session, [(part, each) for part, each in rows if (part.account_id, part.part) in priced_before])
    return again


def _by_sql(
    session: WriteSession,
    shape: Shape,
    group: Sequence[tuple[PricedVersion, Compiled]],
    month: date,
    first: int,
    last: int,
) -> int:
    begin, end = cycle_days(shape, month)
    given: dict[str, object] = {
        "version_ids": [version.id for version, _ in group],
        "codes": [version.code for version, _ in group],
        "numbers": [number for _, made in group for number in made.numbers],
        "month": month,
        "first": first,
        "last": last,
    }
    cycle = {"cycle_first": begin, "cycle_end": end} if shape.tiers > 1 else {}
    if shape.cycle == "year":
        return session.connection().execute(pricing_statement(shape), given | cycle).rowcount
    first_parts = session.connection().execute(pricing_statement(shape), given).rowcount
    return first_parts + session.connection().execute(pricing_statement(shape, is_later=True), given | cycle).rowcount


def _by_engine(
    session: WriteSession,
    month: date,
    first: int,
    last: int,
    versions: Sequence[PricedVersion],
    compiled_ones: Mapping[int, int],
) -> tuple[int, int]:
    known = {version.id: version for version in versions}
    left = session.sql(
        statement(__package__, "costs_left.sql"),
        month=month,
        first=first,
        last=last,
        known=[*known],
        compiled=[*compiled_ones],
        least=min(compiled_ones.values(), default=0),
    ).scalars()
    accounts = sorted(set(left))
    priced = unpriced = 0
    for at in range(0, len(accounts), BATCH):
        rows, refused = _priced(session, month, accounts[at : at + BATCH], known, compiled_ones)
        priced += _write(session, rows)
        unpriced += refused
    return priced, unpriced


def _priced(
    session: WriteSession,
    month: date,
    account_ids: Sequence[int],
    known: Mapping[int, PricedVersion],
    compiled_ones: Mapping[int, int] = NOTHING,
) -> tuple[list[tuple[Part, Priced]], int]:
    """Parts on known versions as the engine prices them, and how many it cannot."""
    rows, unpriced = [], 0
    tariffs = {version.id: version.tariff for version in known.values()}
    slots = _slots(session, account_ids, month, [*known.values()])
    for part in parts_of(session, account_ids=account_ids, months=[month], tariffs=tariffs):
        version = known.get(part.version_id or 0)
        if version is None or _is_compiled(part, compiled_ones):
            continue
        try:
            use = use_of(part, version.tariff, version.periods, slots.get(part.account_id, ()))
            rows.append((part, price(version.tariff, use)))
        except UseInvalid:
            unpriced += 1
    return rows, unpriced


def _slots(
    session: WriteSession, account_ids: Sequence[int], month: date, versions: Sequence[PricedVersion]
) -> dict[int, list[SlotDay]]:
    """By account, the days of a month under the versions that price each interval."""
    end = Period.month(month.year, month.month).end
    spans = [SlotSpan(version.id, version.code, month, end) for version in versions if version.tariff.by_slot]
    found: dict[int, list[SlotDay]] = defaultdict(list)
    for each in slot_days(session, account_ids=account_ids, spans=spans, of_holder=False):
        found[each.account_id].append(each)
    return found


def _is_compiled(part: Part, compiled_ones: Mapping[int, int]) -> bool:
    most = compiled_ones.get(part.version_id or 0, -1)
    return part.energy <= most and part.export_energy <= most


def _write(session: WriteSession, rows: Sequence[tuple[Part, Priced]]) -> int:
    return session.sql(
        """insert into usage_cost (account_id, month, part, version_id, total_minor, figures, lines)
           select r.account_id, r.month, r.part, r.version_id, r.total_minor, '{}', r.lines
           from jsonb_to_recordset(cast(:rows as jsonb)) r (account_id bigint, month date, part smallint,
             version_id bigint, total_minor bigint, lines jsonb)""",
        rows=to_json([_row(part, priced) for part, priced in rows]),
    ).rowcount


def _row(part: Part, priced: Priced) -> dict[str, object]:
    return {
        "account_id": part.account_id,
        "month": part.month.isoformat(),
        "part": part.part,
        "version_id": part.version_id,
        "total_minor": priced.total_minor,
        "lines": [
            {
                "code": line.code,
                "quantity": plain(line.quantity),
                "unit": line.unit,
                "rate": None if line.rate is None else plain(line.rate),
                "amount": plain(line.amount),
            }
            for line in priced.lines
        ],
    }
