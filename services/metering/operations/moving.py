"""Readings follow their meter, when it is said later since or until when it was at an account.

What an account has of days on which a meter was not there leaves it, and is judged anew where the meter was, through
the doors for readings: so it does not matter what came first, the readings or the dates. Where the meter was at no
account it waits in quarantine, and goes on by itself once it is said where it was. What was here is kept: days as
revisions, readings of registers as superseded ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from core import aside
from core.aside import Piece
from core.audit import Actor
from core.db import WriteSession, statement
from core.outbox import Delivery
from services.accounts.events import MetersMoved
from services.metering.measures import Channel, IntervalRow, Quality
from services.metering.models import QuarantineKind
from services.metering.operations.registers import RegisterReadingsLoader, Shown
from services.metering.operations.single import take_back
from services.metering.operations.taking import Sender, take_away, take_intervals

WORK: Final = "metering.move"
MOVER: Final = Actor(f"task:{WORK}")
MOST: Final = 200
"""Days, and readings of registers, in one transaction: as many intervals as a chunk of a file has."""
SETTLING_S: Final = 60.0
"""Whoever judged readings by where a meter was before has written them by then."""
_OF_DAYS: Final = QuarantineKind.INTERVAL.value
_OF_REGISTERS: Final = QuarantineKind.REGISTER.value


@dataclass(frozen=True, slots=True)
class _Day:
    """A day of a series that is to be placed anew; `estimated` are elements that were never read."""

    account_id: int
    channel: Channel
    begins: datetime
    minutes: int
    energies: Sequence[int | None]
    qualities: str
    estimated: frozenset[int]

    def intervals(self, no: int, meter_no: str) -> list[IntervalRow]:
        """What was read of it. Estimates stay behind: they were made of other readings of the account."""
        return [
            IntervalRow(
                no, meter_no, self.channel, self.begins + at * self._step, self.minutes, energy, Quality(letter)
            )
            for at, (energy, letter) in enumerate(zip(self.energies, self.qualities, strict=True))
            if energy is not None and at not in self.estimated
        ]

    @property
    def _step(self) -> timedelta:
        return timedelta(minutes=self.minutes)


def note_moved(session: WriteSession, _delivery: Delivery, event: MetersMoved) -> None:
    """Where meters are, or were, is otherwise: `move_next` looks their readings through."""
    session.sql(statement(__package__, "moving_note.sql"), meter_ids=event.meter_ids)


def move_next(session: WriteSession, *, sender: Sender, settling_s: float = SETTLING_S) -> bool:
    """Let some readings of one meter follow it; False when none was noted more than `settling_s` ago.

    The months of all accounts that have or had them are told as changed. First what was set aside: a meter whose
    readings cannot follow keeps no other one waiting.
    """

    def move(meters: Iterable[Piece]) -> bool:
        for each in meters:
            _move(session, each.part, sender=sender, settling_s=settling_s)
        return True

    if aside.again(session, work=WORK, do=move):
        return True
    found = session.sql(statement(__package__, "moving_next.sql"), settling_s=settling_s).one_or_none()
    if found is None:
        return False
    is_moved = aside.attempt(session, work=WORK, pieces=[Piece(found.account_id, found.meter_no)], do=move)
    if not is_moved:
        session.sql("delete from moved_meter where meter_no = :meter_no", meter_no=found.meter_no)
    return True


def _move(session: WriteSession, meter_no: str, *, sender: Sender, settling_s: float) -> None:
    """Up to MOST days and readings of a meter; where more may be left, it stays noted, or is again."""
    session.sql(statement(__package__, "moving_lock.sql"), meter_no=meter_no)
    held = _run(session, "held", meter_no, sender)
    strayed = _run(session, "days", meter_no, sender)
    shown = _run(session, "registers", meter_no, sender)
    _close(session, held, sender)
    _move_days(session, meter_no, strayed, [row for row in held if row.kind == _OF_DAYS], sender)
    _move_registers(session, meter_no, shown, [row for row in held if row.kind == _OF_REGISTERS], sender)
    if max(len(held), len(strayed), sum(row.is_strayed for row in shown)) < MOST:
        session.sql(statement(__package__, "moving_touched.sql"), meter_no=meter_no, zone=str(sender.zone))
        session.sql("delete from moved_meter where meter_no = :meter_no", meter_no=meter_no)
    else:
        session.sql(
            """insert into moved_meter (meter_no, noted_at)
               values (:meter_no, now() - make_interval(secs => :settling_s)) on conflict do nothing""",
            meter_no=meter_no,
            settling_s=settling_s,
        )


def _move_days(
    session: WriteSession, meter_no: str, strayed: Sequence[sa.Row[Any]], held: Sequence[sa.Row[Any]], sender: Sender
) -> None:
    """Days that are where their meter was not, and days that waited."""
    if strayed:
        take_away(
            session,
            [(row.account_id, row.series_id, row.day) for row in strayed],
            why="moved",
            actor=sender.actor.name,
            now=sender.now,
            zone=str(sender.zone),
        )
    placed = [_day(row, row.begins) for row in strayed if row.owner_id is not None]
    placed += [_day(row, row.start_at) for row in held]
    lost = [_day(row, row.begins) for row in strayed if row.owner_id is None]
    rows = [interval for no, day in enumerate(placed) for interval in day.intervals(no, meter_no)]
    if rows:
        refused = {each.row_no for each in take_intervals(session, rows, sender=sender).rejects}
        lost += [day for no, day in enumerate(placed) if no in refused]
    for day in lost:
        if day.intervals(0, meter_no):
            _hold(
                session,
                sender,
                account_id=day.account_id,
                kind=_OF_DAYS,
                meter_no=meter_no,
                channel=day.channel.value,
                start_at=day.begins,
                minutes=day.minutes * len(day.energies),
                energy=sum(each or 0 for each in day.energies),
                quality=Quality.ACTUAL.value,
            )


def _move_registers(
    session: WriteSession, meter_no: str, shown: Sequence[sa.Row[Any]], held: Sequence[sa.Row[Any]], sender: Sender
) -> None:
    """What registers showed, where their meter was not or where it lacks, and what waited."""
    for row in shown:
        if row.is_strayed:
            take_back(session, account_id=row.account_id, reading_id=row.id, now=sender.now, zone=sender.zone)
    placed = [
        (row, Shown(no, meter_no, row.kind, row.read_at, row.value, row.quality, row.digits, row.multiplier))
        for no, row in enumerate(each for each in shown if each.owner_id is not None)
    ]
    placed += [
        (row, Shown(no, meter_no, row.channel, row.start_at, row.energy, row.quality, None, None))
        for no, row in enumerate(held, len(placed))
    ]
    refused = set[int]()
    if placed:
        rejects = RegisterReadingsLoader(sender).take(session, [each for _, each in placed])
        refused = {each.row_no for each in rejects}
    waiting = {each.id for each in held}
    lost = [(row, each) for row, each in placed if each.no in refused and (row.id in waiting or row.is_strayed)]
    lost += [
        (row, Shown(0, meter_no, row.kind, row.read_at, row.value, row.quality, None, None))
        for row in shown
        if row.owner_id is None
    ]
    for row, each in lost:
        _hold(
            session,
            sender,
            account_id=row.account_id,
            kind=_OF_REGISTERS,
            meter_no=meter_no,
            channel=each.kind,
            start_at=each.read_at,
            minutes=None,
            energy=each.value,
            quality=each.quality,
        )


def _close(session: WriteSession, held: Sequence[sa.Row[Any]], sender: Sender) -> None:
    session.sql(
        """update reading_quarantine q
           set state = 'accepted', decided_at = :now, decided_by = :actor, decided_why = 'moved'
           from unnest(cast(:accounts as bigint[]), cast(:ids as uuid[])) h (account_id, id)
           where q.account_id = h.account_id and q.id = h.id""",
        now=sender.now,
        actor=sender.actor.name,
        accounts=[row.account_id for row in held],
        ids=[row.id for row in held],
    )


def _hold(session: WriteSession, sender: Sender, **said: object) -> None:
    session.sql(statement(__package__, "moving_hold.sql"), now=sender.now, actor=sender.actor.name, **said)


def _day(row: sa.Row[Any], begins: datetime) -> _Day:
    return _Day(
        row.account_id,
        Channel(row.channel),
        begins,
        row.minutes,
        row.energies,
        row.qualities,
        frozenset(row.estimated),
    )


def _run(session: WriteSession, step: str, meter_no: str, sender: Sender) -> Sequence[sa.Row[Any]]:
    text = statement(__package__, f"moving_{step}.sql")
    return session.sql(text, meter_no=meter_no, zone=str(sender.zone), most=MOST).all()
