"""Readings of registers from files and programs: what counts, what waits, and what replaces what."""

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import groupby
from typing import Any, ClassVar, Final, Literal, NamedTuple, get_args

import sqlalchemy as sa

from core import staging
from core.db import WriteSession, statement
from core.periods import start_of
from core.records import Layout, Reject, Row, Unreadable
from services.metering import rules
from services.metering.measures import Doubt, Quality
from services.metering.operations.loading import MeterFileLoader
from services.metering.operations.single import months_of
from services.metering.operations.taking import TRIES, Sender, TakenReadings, UnitCounts
from services.metering.registers import counted

_COLUMNS: Final = {
    "seq": "integer",
    "row_no": "bigint",
    "meter_no": "text",
    "kind": "text",
    "read_at": "timestamptz",
    "value": "bigint",
    "quality": "text",
    "digits": "smallint",
    "multiplier": "numeric",
}
_RANKS: Final = "esa"
_DATE: Final = len("2026-01-31")
_Taken = Literal["new", "changed", "unchanged"]
_TAKEN: Final[tuple[_Taken, ...]] = get_args(_Taken)
"""What becomes of a reading that is taken; of one that is of two accounts the first of these is told."""


class _Reading(NamedTuple):
    """A reading in its place; `id` is None until it is written."""

    read_at: datetime
    value: int
    quality: str
    id: int | None


class Shown(NamedTuple):
    """What a register showed, as it is staged; `no` is its place in the file."""

    no: int
    meter_no: str
    kind: str
    read_at: datetime
    value: int
    quality: str
    digits: int | None
    multiplier: Decimal | None


@dataclass(slots=True)
class _Register:
    """A register as a chunk finds it and leaves it.

    `settled` is what staff decided about, among it what they `accepted`; `came_back` when the meter was away before.
    """

    account_id: int
    register_id: int
    digits: int | None
    readings: list[_Reading] = field(default_factory=list)
    replaced: set[tuple[datetime, int]] = field(default_factory=set)
    settled: set[tuple[datetime, int]] = field(default_factory=set)
    accepted: set[tuple[datetime, int]] = field(default_factory=set)
    came_back: list[datetime] = field(default_factory=list)
    superseded: list[int] = field(default_factory=list)
    months: set[date] = field(default_factory=set)


class RegisterReadingsLoader(MeterFileLoader):
    """`wattline import register-readings`: what registers showed at a moment.

    Written is what fits between the readings before and behind it. What a meter showed at the midnight at which it went
    from one account to another closes the one and opens the other: it counts for both, or waits for both, and is one
    row of the file.
    """

    kind: ClassVar[str] = "register-readings"
    layout: ClassVar[Layout] = Layout(
        ("meter_no", "register", "read_at", "value", "quality", "digits", "multiplier"),
        frozenset({"meter_no", "read_at", "value"}),
    )

    def __init__(self, sender: Sender, *, labels: tzinfo | None = None) -> None:
        """`labels` is the zone of times without an offset; a date alone is the midnight of the supplier's."""
        super().__init__(sender)
        self._labels = labels

    def meter_of(self, row: Row) -> str | None:
        """The first column names the meter."""
        return row.values[0]

    def stage(self, session: WriteSession, rows: Sequence[Row]) -> list[Reject]:
        """Stage what can be read."""
        refused: list[Reject] = []
        staged: list[Shown] = []
        for row in rows:
            try:
                staged.append(self._shown(row))
            except Unreadable as error:
                refused.append(Reject(row.no, error.field, error.reason))
        _stage(session, staged)
        return refused

    def take(self, session: WriteSession, readings: Sequence[Shown]) -> list[Reject]:
        """Take readings that no file tells, once in a transaction; why some were not taken, nor wait."""
        _stage(session, readings)
        return self._take(session, None).rejects

    def _take(self, session: WriteSession, run_id: int | None) -> TakenReadings:
        sender = self._sender
        refused: list[Reject] = []
        _run(session, "met", zone=str(sender.zone))
        staging.analyze(session, table="met_register")
        if sender.program is not None:
            _run(session, "apart", program=sender.program)
            reach = statement(__package__, "import_registers_reach.sql")
            refused = staging.refuse(session, table="met_register", judgement=reach, program=sender.program)
        refused += staging.refuse(
            session,
            table="met_register",
            judgement=statement(__package__, "import_registers_meaning.sql"),
            now=sender.now,
            oldest=sender.now.astimezone(sender.zone).date() - timedelta(days=sender.limits.oldest_days),
        )
        registers = _registers(session, str(sender.zone))
        is_repeat = run_id is not None and self._repeats.is_one(session, run_id=run_id)
        came: Counter[tuple[int, str]] = Counter()
        held: list[Reject] = []
        rows_met = session.sql("select * from met_register order by seq, is_closing").all()
        for _, of_reading in groupby(rows_met, key=lambda row: row.seq):
            placed = [(row, registers[row.account_id, row.meter_no, row.kind]) for row in of_reading]
            outcomes = [
                _decided(register, row, is_repeat=is_repeat) or self._judge(register, row) for row, register in placed
            ]
            doubt = next((outcome for outcome in outcomes if isinstance(outcome, Doubt)), None)
            for (row, register), outcome in zip(placed, outcomes, strict=True):
                if outcome == "unchanged":
                    continue
                if doubt is None:
                    self._put(register, row)
                else:
                    _hold(session, sender, row, outcome if isinstance(outcome, Doubt) else doubt, run_id)
            if doubt is None:
                first = min(range(len(placed)), key=lambda at: _TAKEN.index(outcomes[at]))
                came[placed[first][0].unit_id, outcomes[first]] += 1
            else:
                held.append(_told(placed[0][0].row_no, doubt))
        self._write(session, list(registers.values()), run_id=run_id)
        counts = [
            UnitCounts(unit_id, *(came[unit_id, outcome] for outcome in _TAKEN))
            for unit_id in sorted({unit_id for unit_id, _ in came})
        ]
        return TakenReadings(counts, refused, held, sorted({each.account_id for each in registers.values()}))

    def _shown(self, row: Row) -> Shown:
        meter_no, register, read_at, value, quality, digits, multiplier = row.values
        if meter_no is None:
            raise Unreadable("meter_no", "is missing")
        kind = rules.register(register).value
        if read_at is not None and len(read_at) == _DATE and (day := rules.day(read_at)) is not None:
            at = start_of(day, self._sender.zone)
        else:
            at = rules.moment(read_at, labels=self._labels, field="read_at")
        if value is None:
            raise Unreadable("value", "is missing")
        shown = rules.energy(value, field="value")
        if shown < 0:
            raise Unreadable("value", "is negative: a register counts from zero")
        found = rules.quality(quality)
        if found is Quality.MISSING:
            raise Unreadable("quality", "is missing: then there is no reading")
        return Shown(row.no, meter_no, kind, at, shown, found.value, rules.digits(digits), rules.multiplier(multiplier))

    def _judge(self, register: _Register, row: sa.Row[Any]) -> _Taken | Doubt:
        """What becomes of a reading at a register, or why it waits."""
        before, here, behind = _around(register, row.read_at)
        if here is not None:
            if here.value == row.value and _RANKS.index(row.quality) <= _RANKS.index(here.quality):
                return "unchanged"
            if _RANKS.index(row.quality) < _RANKS.index(here.quality):
                return "unchanged" if (row.read_at, row.value) in register.replaced else Doubt.CONTRADICTED
        for earlier, later in ((before, row), (row, behind)):
            if earlier is None or later is None:
                continue
            if any(earlier.read_at < at <= later.read_at for at in register.came_back):
                continue
            went = counted(earlier.value, later.value, digits=register.digits)
            if went is None:
                return Doubt.INVERTED
            if went > self._most(row, later.read_at - earlier.read_at):
                return Doubt.IMPLAUSIBLE
        return "new" if here is None else "changed"

    def _put(self, register: _Register, row: sa.Row[Any]) -> None:
        """Let a reading count at a register: what stood in its place does no more."""
        before, here, behind = _around(register, row.read_at)
        if here is not None:
            register.readings.remove(here)
            if here.id is not None:
                register.superseded.append(here.id)
        insort(register.readings, _Reading(row.read_at, row.value, row.quality, None), key=lambda each: each.read_at)
        ends = (each.read_at for each in (before, row, behind) if each is not None)
        register.months |= months_of([each.astimezone(self._sender.zone).date() for each in ends])

    def _most(self, row: sa.Row[Any], lasted: timedelta) -> int:
        """What can have passed through a register in a time, in its own steps."""
        limits = self._sender.limits
        most_kw = limits.most_home_kw if row.account_class == "residential" else limits.most_kw
        hours = Decimal(lasted // timedelta(minutes=1) + 1) / 60
        return int(most_kw * 1_000_000 * hours / Decimal(row.known_multiplier or row.multiplier or 1))

    def _write(self, session: WriteSession, registers: list[_Register], *, run_id: int | None) -> None:
        sender = self._sender
        gone = [(each.account_id, id_) for each in registers for id_ in each.superseded]
        session.sql(
            """update register_reading x set superseded_at = :now
               from unnest(cast(:accounts as bigint[]), cast(:ids as bigint[])) g (account_id, id)
               where x.account_id = g.account_id and x.id = g.id""",
            now=sender.now,
            accounts=[account_id for account_id, _ in gone],
            ids=[id_ for _, id_ in gone],
        )
        made = [(each, one) for each in registers for one in each.readings if one.id is None]
        session.sql(
            """insert into register_reading (account_id, register_id, read_at, value, quality, source, recorded_at,
                 recorded_by, run_id)
               select account_id, register_id, read_at, value, quality, :source, :now, :actor, :run_id
               from unnest(cast(:accounts as bigint[]), cast(:registers as smallint[]), cast(:times as timestamptz[]),
                 cast(:values as bigint[]), cast(:qualities as text[]))
                 n (account_id, register_id, read_at, value, quality)""",
            source=sender.source.value,
            now=sender.now,
            actor=sender.actor.name,
            run_id=run_id,
            accounts=[each.account_id for each, _ in made],
            registers=[each.register_id for each, _ in made],
            times=[one.read_at for _, one in made],
            values=[one.value for _, one in made],
            qualities=[one.quality for _, one in made],
        )
        session.sql(
            """update register_reading x set superseded_by = y.id
               from unnest(cast(:accounts as bigint[]), cast(:ids as bigint[])) g (account_id, id), register_reading y
               where x.account_id = g.account_id and x.id = g.id and y.account_id = x.account_id
                 and y.register_id = x.register_id and y.read_at = x.read_at and y.superseded_at is null""",
            accounts=[account_id for account_id, _ in gone],
            ids=[id_ for _, id_ in gone],
        )
        changed = sorted({(each.account_id, month) for each in registers for month in each.months})
        session.sql(
            """insert into usage_change (account_id, month, of_registers)
               select account_id, month, true
               from unnest(cast(:accounts as bigint[]), cast(:months as date[])) c (account_id, month)""",
            accounts=[account_id for account_id, _ in changed],
            months=[month for _, month in changed],
        )


def _stage(session: WriteSession, readings: Sequence[Shown]) -> None:
    rows = ((seq, *each) for seq, each in enumerate(readings))
    staging.stage(session, table="staged_register", columns=_COLUMNS, rows=rows)


def _decided(register: _Register, row: sa.Row[Any], *, is_repeat: bool) -> _Taken | Doubt | None:
    """What staff have decided about a reading, or about the one in its place; None where it is to be judged."""
    said = (row.read_at, row.value)
    if said in register.settled:
        return "unchanged"
    _, here, _ = _around(register, row.read_at)
    if here is None or here.value == row.value:
        return None
    if said in register.replaced and (is_repeat or (here.read_at, here.value) in register.accepted):
        return "unchanged"
    return Doubt.DECIDED if (here.read_at, here.value) in register.accepted else None


def _around(register: _Register, read_at: datetime) -> tuple[_Reading | None, _Reading | None, _Reading | None]:
    """The reading before a moment, the one of that very moment, and the one behind it."""
    place = bisect_left(register.readings, read_at, key=lambda each: each.read_at)
    known = register.readings[place] if place < len(register.readings) else None
    here = known if known is not None and known.read_at == read_at else None
    following = place + (here is not None)
    return (
        register.readings[place - 1] if place else None,
        here,
        register.readings[following] if following < len(register.readings) else None,
    )


def _told(row_no: int, reason: Doubt) -> Reject:
    if reason is Doubt.INVERTED:
        return Reject(row_no, "value", "runs backwards beside another reading: it waits in quarantine")
    if reason is Doubt.IMPLAUSIBLE:
        return Reject(row_no, "value", "is more than can be believed: it waits in quarantine")
    if reason is Doubt.DECIDED:
        return Reject(row_no, "value", "contradicts what staff decided: it waits in quarantine")
    return Reject(row_no, "value", "contradicts a better reading of this moment: it waits in quarantine")


def _registers(session: WriteSession, zone: str) -> dict[tuple[int, str, str], _Register]:
    """The registers of a chunk, made if need be and locked, each with what is known around its rows."""
    wanted = session.sql("select count(distinct (account_id, meter_no, kind)) from met_register").scalar_one()
    for _ in range(TRIES):
        _run(session, "write")
        if len(_run(session, "known").all()) == wanted:
            break
    else:
        raise RuntimeError("a register that was made is there")
    session.sql(
        """update meter_register r set digits = m.digits
           from met_register m where r.account_id = m.account_id and r.id = m.register_id
             and r.digits is null and m.digits is not null"""
    )
    _run(session, "multiplied", zone=zone)
    found = {
        (row.account_id, row.meter_no, row.kind): _Register(row.account_id, row.id, row.digits)
        for row in _run(session, "known")
    }
    by_id = {(each.account_id, each.register_id): each for each in found.values()}
    around: dict[tuple[int, int], list[_Reading]] = defaultdict(list)
    for row in _run(session, "around"):
        around[row.account_id, row.register_id].append(_Reading(row.read_at, row.value, row.quality, row.id))
    for key, readings in around.items():
        by_id[key].readings = sorted(readings)
    for row in _run(session, "came", zone=zone):
        by_id[row.account_id, row.register_id].came_back.append(row.at)
    for row in _run(session, "before"):
        by_id[row.account_id, row.register_id].replaced.add((row.read_at, row.value))
    for row in _run(session, "decided"):
        said = (row.read_at, row.value)
        by_id[row.account_id, row.register_id].settled.add(said)
        if row.is_accepted:
            by_id[row.account_id, row.register_id].accepted.add(said)
    return found


def _hold(session: WriteSession, sender: Sender, row: sa.Row[Any], reason: Doubt, run_id: int | None) -> None:
    session.sql(
        """insert into reading_quarantine (account_id, kind, meter_no, channel, start_at, energy, quality, reason,
             source, recorded_at, recorded_by, run_id, row_no)
           values (:account_id, 'register', :meter_no, :register, :read_at, :value, :quality, :reason, :source, :now,
             :actor, :run_id, :row_no)
           on conflict do nothing""",
        account_id=row.account_id,
        meter_no=row.meter_no,
        register=row.kind,
        read_at=row.read_at,
        value=row.value,
        quality=row.quality,
        reason=reason.value,
        source=sender.source.value,
        now=sender.now,
        actor=sender.actor.name,
        run_id=run_id,
        row_no=row.row_no,
    )


def _run(session: WriteSession, step: str, **params: object) -> sa.CursorResult[Any]:
    return session.sql(statement(__package__, f"import_registers_{step}.sql"), **params)
