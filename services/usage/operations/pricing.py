"""What months cost, set-based: one statement for the versions of a shape, the exact engine for all others."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby
from typing import Final

from core import aside, locks
from core.aside import Piece
from core.db import WriteSession, statement, to_json
from core.periods import Period
from services.tariffs.errors import UseInvalid
from services.tariffs.queries import Priced, Tariff, plain, price, tariff_of
from services.tariffs.queries.versions import version_by_id
from services.usage.operations.dropping import SLICE, share_costs
from services.usage.queries.parts import Part, parts_of, use_of
from services.usage.queries.slot_days import SlotDay, SlotSpan, slot_days
from services.usage.rules.compiled import Compiled, Shape, Uncompiled, compiled, cycle_days
from services.usage.rules.pricing_sql import pricing_statement

BATCH: Final = 1_000
"""Parts that the engine prices between two reads."""
WORK: Final = "usage.price"
"""Set aside by account, its `part` being the month."""
VERSIONS: Final = "usage.price_version"
VERSION: Final = "version "
NOBODY: Final = 0
"""Versions are set aside by their id as the `part`, of no account."""


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

    def __add__(self, other: "PricedMonth") -> "PricedMonth":
        return PricedMonth(self.by_sql + other.by_sql, self.by_engine + other.by_engine, self.unpriced + other.unpriced)


def price_months(
    session: WriteSession, *, month: date, first: int, last: int, versions: Sequence[PricedVersion]
) -> PricedMonth:
    """Write what one month costs for accounts from `first` to `last` on these versions, in place of what stood there.

    Repeatable. A part is priced whole or not at all: one that lacks a fact its tariff asks for has no cost. Nobody
    drops costs of these accounts until this transaction ends.
    """
    share_costs(session, first=first, last=last)
    locks.lock(session, key=f"usage.price:{month}:{first}")
    session.sql(
        "delete from usage_cost where month = :month and account_id between :first and :last",
        month=month,
        first=first,
        last=last,
    )
    return _priced_range(session, month, first, last, versions)


def price_next(session: WriteSession) -> PricedMonth | None:
    """Price what has no cost in the next slice of a month that is noted; None when none waits.

    The claim ends with the transaction: whoever is killed has done nothing. What cannot be priced with what is known
    stays without a cost until that changes. Accounts at which the pricing fails are set aside: see `price_again`.
    """
    row = session.sql(
        "select month, first_account from usage_unpriced order by id limit 1 for update skip locked"
    ).one_or_none()
    if row is None:
        return None
    month, first, last = row.month, row.first_account, row.first_account + SLICE - 1
    session.sql(
        """delete from usage_unpriced where id in (
             select id from usage_unpriced where month = :month and first_account = :first for update skip locked)""",
        month=month,
        first=first,
    )
    found = _missing(session, month, first, last)
    pieces = [Piece(account_id, month.isoformat()) for account_id in found]
    done = aside.attempt(session, work=WORK, pieces=pieces, do=partial(_price_pieces, session))
    return done or PricedMonth(0, 0, 0)


def price_again(session: WriteSession) -> bool:
    """Try accounts and versions once more at which the pricing failed; False when none is due."""
    if aside.again(session, work=WORK, do=partial(_price_pieces, session)):
        return True
    return aside.again(session, work=VERSIONS, do=partial(_versions, session))


def _versions(session: WriteSession, pieces: Sequence[Piece]) -> list[PricedVersion]:
    return [_version(session, int(each.part.removeprefix(VERSION))) for each in pieces]


def _price_pieces(session: WriteSession, pieces: Sequence[Piece]) -> PricedMonth:
    """Months of accounts, and of nobody between them: whoever spoils a pricing is among these or set aside."""
    slices: dict[tuple[date, int], set[int]] = defaultdict(set)
    for each in pieces:
        slices[date.fromisoformat(each.part), (each.owner - 1) // SLICE * SLICE + 1].add(each.owner)
    done = PricedMonth(0, 0, 0)
    for (month, first), accounts in sorted(slices.items()):
        share_costs(session, first=first, last=first + SLICE - 1)
        locks.lock(session, key=f"usage.price:{month}:{first}")
        found = _missing(session, month, min(accounts), max(accounts))
        for run in _runs(found, accounts):
            known = {version_id: _readable(session, version_id) for account in run for version_id in found[account]}
            versions = [version for _, version in sorted(known.items()) if version is not None]
            done += _priced_range(session, month, run[0], run[-1], versions, is_left=True)
    return done


def _missing(session: WriteSession, month: date, first: int, last: int) -> dict[int, list[int]]:
    """Accounts of a range with something without a cost, in their order, and its versions."""
    found: dict[int, list[int]] = defaultdict(list)
    for row in session.sql(statement(__package__, "costs_missing.sql"), month=month, first=first, last=last):
        found[row.account_id].append(row.version_id)
    return found


def _runs(found: Iterable[int], wanted: Container[int]) -> list[list[int]]:
    """Those that are wanted, in runs between the others."""
    return [[*run] for is_wanted, run in groupby(found, key=lambda account: account in wanted) if is_wanted]


def _readable(session: WriteSession, version_id: int) -> PricedVersion | None:
    """A version; None for one that cannot be read, which is set aside itself, and not the accounts on it."""
    pieces = [Piece(NOBODY, f"{VERSION}{version_id}")]
    found = aside.attempt(session, work=VERSIONS, pieces=pieces, do=partial(_versions, session))
    return found[0] if found else None


def _version(session: WriteSession, version_id: int) -> PricedVersion:
    known = version_by_id(session, version_id=version_id)
    return PricedVersion(known.id, known.tariff_code, tariff_of(session, version_id=known.id), known.periods)


def _priced_range(
    session: WriteSession,
    month: date,
    first: int,
    last: int,
    versions: Sequence[PricedVersion],
    *,
    is_left: bool = False,
) -> PricedMonth:
    """`is_left`: some parts have a cost, and keep it."""
    by_shape: dict[Shape, list[tuple[PricedVersion, Compiled]]] = defaultdict(list)
    for version in versions:
        try:
            made = compiled(version.tariff, month=month.month, periods=version.periods)
        except Uncompiled:
            continue
        by_shape[made.shape].append((version, made))
    by_sql = sum(
        _by_sql(session, shape, group, month, first, last, is_left=is_left) for shape, group in by_shape.items()
    )
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
    *,
    is_left: bool,
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
    run = session.connection().execute
    if shape.cycle == "year":
        return run(pricing_statement(shape, is_left=is_left), given | cycle).rowcount
    first_parts = run(pricing_statement(shape, is_left=is_left), given).rowcount
    return first_parts + run(pricing_statement(shape, is_later=True, is_left=is_left), given | cycle).rowcount


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
    compiled_ones: Mapping[int, int],
) -> tuple[list[tuple[Part, Tariff, Priced]], int]:
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
            rows.append((part, version.tariff, price(version.tariff, use)))
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


def _write(session: WriteSession, rows: Sequence[tuple[Part, Tariff, Priced]]) -> int:
    return session.sql(
        """insert into usage_cost (account_id, month, part, version_id, total_minor, figures, lines, rests_on)
           select r.account_id, r.month, r.part, r.version_id, r.total_minor, '{}', r.lines, r.rests_on
           from jsonb_to_recordset(cast(:rows as jsonb)) r (account_id bigint, month date, part smallint,
             version_id bigint, total_minor bigint, lines jsonb, rests_on bigint[])
           on conflict (account_id, month, part) do nothing""",
        rows=to_json([_row(part, tariff, priced) for part, tariff, priced in rows]),
    ).rowcount


def _row(part: Part, tariff: Tariff, priced: Priced) -> dict[str, object]:
    return {
        "account_id": part.account_id,
        "month": part.month.isoformat(),
        "part": part.part,
        "version_id": part.version_id,
        "total_minor": priced.total_minor,
        "rests_on": None if tariff.document.tiers is None else part.rests_on,
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
