"""One reading of a register in its place: written, taken back, and the months said that it changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.audit import Actor
from core.db import WriteSession
from services.metering.errors import ReadingNotAcceptable
from services.metering.models import ReadingSource
from services.metering.registers import counted

MOST_ACCEPTED: Final = 10**15
"""A thousand million kWh. Sums of more would not fit where they are kept, and nobody's month could be made any more."""


@dataclass(frozen=True, slots=True)
class Single:
    """What a register showed at a moment, in millionths; `photo_id` is the picture that shows it."""

    account_id: int
    register_id: int
    read_at: datetime
    value: int
    source: ReadingSource
    photo_id: UUID | None = None


def accept_register(session: WriteSession, *, held: sa.Row[Any], actor: Actor, now: datetime, zone: ZoneInfo) -> None:
    """Let a reading of the quarantine count; what is known of its moment is superseded.

    Raises ReadingNotAcceptable where the register would run backwards by now, or far more than any can count.
    """
    register = session.sql(
        """select id, digits, multiplier from meter_register
           where account_id = :account_id and meter_no = :meter_no and kind = :kind for no key update""",
        account_id=held.account_id,
        meter_no=held.meter_no,
        kind=held.channel,
    ).one()
    _check_place(session, register, held)
    source = ReadingSource(held.source)
    single = Single(held.account_id, register.id, held.start_at, held.energy, source, held.photo_id)
    write_single(session, single, actor=actor, now=now, zone=zone)


def _check_place(session: WriteSession, register: sa.Row[Any], held: sa.Row[Any]) -> None:
    """Others may have come around it while it waited, of which the reason that it waits for says nothing."""
    near = session.sql(
        """select (select value from register_reading where account_id = :account_id and register_id = :register_id
               and superseded_at is null and read_at < :read_at order by read_at desc limit 1) as before,
             (select value from register_reading where account_id = :account_id and register_id = :register_id
               and superseded_at is null and read_at > :read_at order by read_at limit 1) as behind""",
        account_id=held.account_id,
        register_id=register.id,
        read_at=held.start_at,
    ).one()
    for before, after in pairwise(each for each in (near.before, held.energy, near.behind) if each is not None):
        went = counted(before, after, digits=register.digits)
        if went is None or went * register.multiplier > MOST_ACCEPTED:
            raise ReadingNotAcceptable(reason=held.reason)


def write_single(session: WriteSession, single: Single, *, actor: Actor, now: datetime, zone: ZoneInfo) -> int:
    """Write an actual reading of a locked register, whatever is known of its moment, which is superseded; its id."""
    said = {
        "account_id": single.account_id,
        "register_id": single.register_id,
        "read_at": single.read_at,
        "now": now,
    }
    old = session.sql(
        """update register_reading set superseded_at = :now
           where account_id = :account_id and register_id = :register_id and read_at = :read_at
             and superseded_at is null returning id""",
        **said,
    ).scalar_one_or_none()
    new: int = session.sql(
        """insert into register_reading (account_id, register_id, read_at, value, quality, source, recorded_at,
             recorded_by, photo_id)
           values (:account_id, :register_id, :read_at, :value, 'a', :source, :now, :actor, :photo_id) returning id""",
        value=single.value,
        source=single.source.value,
        actor=actor.name,
        photo_id=single.photo_id,
        **said,
    ).scalar_one()
    session.sql(
        "update register_reading set superseded_by = :new where account_id = :account_id and id = :old",
        new=new,
        account_id=single.account_id,
        old=old,
    )
    tell_months(session, account_id=single.account_id, register_id=single.register_id, at=single.read_at, zone=zone)
    return new


def take_back(session: WriteSession, *, account_id: int, reading_id: int, now: datetime, zone: ZoneInfo) -> None:
    """Let a reading of a locked register count no more; nothing stands in its place."""
    row = session.sql(
        """update register_reading set superseded_at = :now
           where account_id = :account_id and id = :id and superseded_at is null returning register_id, read_at""",
        account_id=account_id,
        id=reading_id,
        now=now,
    ).one_or_none()
    if row is not None:
        tell_months(session, account_id=account_id, register_id=row.register_id, at=row.read_at, zone=zone)


def tell_months(session: WriteSession, *, account_id: int, register_id: int, at: datetime, zone: ZoneInfo) -> None:
    """Say that the months between the readings around a moment are to be summed up anew."""
    near = session.sql(
        """select max(read_at) filter (where read_at < :read_at) as before,
             min(read_at) filter (where read_at > :read_at) as behind
           from register_reading
           where account_id = :account_id and register_id = :register_id and superseded_at is null""",
        account_id=account_id,
        register_id=register_id,
        read_at=at,
    ).one()
    times = [each for each in (near.before, at, near.behind) if each is not None]
    session.sql(
        """insert into usage_change (account_id, month, of_registers)
           select :account_id, month, true from unnest(cast(:months as date[])) month""",
        account_id=account_id,
        months=sorted(months_of([each.astimezone(zone).date() for each in times])),
    )


def months_of(days: Sequence[date]) -> set[date]:
    """The first day of every month from the earliest of some days to the latest."""
    month, found = min(days).replace(day=1), set[date]()
    while month <= max(days):
        found.add(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return found
