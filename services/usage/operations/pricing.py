"""What months cost, set-based: one statement for the versions of a shape, the exact engine for all others."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from core import locks
from core.db import WriteSession, statement, to_json
from services.tariffs.errors import UseInvalid
from services.tariffs.queries import Priced, Tariff, plain, price
from services.usage.queries.parts import Part, parts_of, use_of
from services.usage.rules.compiled import Compiled, Shape, Uncompiled, compiled, cycle_days, pricing_statement

BATCH: Final = 1_000
"""Parts that the engine prices between two reads."""


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
        rows = []
        tariffs = {version.id: version.tariff for version in versions}
        for part in parts_of(session, account_ids=accounts[at : at + BATCH], months=[month], tariffs=tariffs):
            version = known.get(part.version_id or 0)
            if version is None or _is_compiled(part, compiled_ones):
                continue
            try:
                rows.append((part, price(version.tariff, use_of(part, version.tariff, version.periods))))
            except UseInvalid:
                unpriced += 1
        priced += _write(session, rows)
    return priced, unpriced


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
