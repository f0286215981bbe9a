"""What customers read from their meters themselves: one reading of a register a day, and the picture that shows it.

Such a reading is an actual one (somebody stood before the meter), of the source `customer`. It counts at once when it
goes on from the one before about as fast as the register went so far; otherwise it waits for staff.
"""

import base64
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import audit, ids, locks
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import WriteSession, statement
from core.periods import business_date
from services.metering.errors import (
    NoMeterToRead,
    NotYourReading,
    OwnReadingUnknown,
    PhotoTooLate,
    ReadingsLimited,
    ReadingToldAlready,
    ReadingTooLong,
    RegisterUnknown,
)
from services.metering.measures import UNITS_PER_KWH, Doubt, Quality, Register, energy_of
from services.metering.models import QuarantineKind, QuarantineState, ReadingSource
from services.metering.operations.single import Single, take_back, write_single
from services.metering.photos import MEDIA_TYPE, Picture
from services.metering.queries.own import photo_owner
from services.metering.registers import counted
from services.metering.rules import Limits

MOST_A_DAY: Final = 20
"""So often one may correct oneself on a day, and so many pictures may be sent of a reading."""
LOOK_BACK: Final = timedelta(days=400)
LEAST_A_DAY: Final = 8 * UNITS_PER_KWH
"""Energy of a day that is believed however little was used before: somebody came home."""
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody read. `value` is before the multiplier.

    `meter` is one of `readable_registers`, and may be left out where one meter is. No meter's number is taken: who
    may tell readings could try numbers until one fits.
    """

    meter: int | None
    register: Register
    value: Decimal


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells it and when. `zone` is the supplier's; `most_times` the usual use is believed, within `limits`."""

    user_id: UUID
    actor: Actor
    now: datetime
    zone: ZoneInfo
    limits: Limits
    most_times: int


@dataclass(frozen=True, slots=True)
class _Place:
    """A register that is locked."""

    account_id: int
    id: int
    meter_no: str
    kind: str
    digits: int | None
    multiplier: Decimal
    account_class: str


def tell_reading(session: WriteSession, *, account_id: int, told: Told, teller: Teller) -> UUID:
    """Take what a register shows now; the id of what was told, and `own_reading` says what became of it.

    Told anew on the same day by the same person it replaces what they told before; the same value again changes
    nothing. An act of the audit log.
    Raises NoMeterToRead, RegisterUnknown, ReadingTooLong, ReadingToldAlready, ReadingsLimited.
    """
    day = business_date(teller.now, teller.zone)
    locks.lock(session, key=_key(account_id))
    place = _place(session, account_id, told, day, teller.zone)
    value = energy_of(told.value)
    if place.digits is not None and value >= 10**place.digits * UNITS_PER_KWH:
        raise ReadingTooLong(digits=place.digits)
    known = _told_today(session, place, day)
    if known is not None:
        if known.user_id != teller.user_id or known.state not in {None, "open", "discarded"}:
            raise ReadingToldAlready
        if known.value == value and known.state != "discarded":
            found: UUID = known.id
            return found
        if known.times >= MOST_A_DAY:
            raise ReadingsLimited(most=MOST_A_DAY)
        _replace(session, place, known, teller)
    reason = _doubt(session, place, value, teller)
    told_id = ids.uuid7()
    reading_id, held_id = None, None
    if reason is None:
        single = Single(account_id, place.id, teller.now, value, ReadingSource.CUSTOMER)
        reading_id = write_single(session, single, actor=teller.actor, now=teller.now, zone=teller.zone)
    else:
        held_id = _hold(session, place, value, reason, teller)
    session.sql(
        """insert into own_reading (account_id, id, register_id, user_id, day, told_at, value, reading_id, held_id)
           values (:account_id, :id, :register_id, :user_id, :day, :now, :value, :reading_id, :held_id)""",
        account_id=account_id,
        id=told_id,
        register_id=place.id,
        user_id=teller.user_id,
        day=day,
        now=teller.now,
        value=value,
        reading_id=reading_id,
        held_id=held_id,
    )
    audit.record(
        session,
        actor=teller.actor,
        act="metering.told",
        subject=f"account:{account_id}",
        before=None if known is None else {"reading": str(known.id)},
        after={"reading": str(told_id), "register": place.kind},
    )
    return told_id


def attach_photo(
    session: WriteSession, *, vault: Vault, account_id: int, told_id: UUID, picture: Picture, teller: Teller
) -> None:
    """Keep the picture that shows a reading, sealed; it takes the place of one that was sent before.

    Raises OwnReadingUnknown, NotYourReading, PhotoTooLate, ReadingsLimited.
    """
    locks.lock(session, key=_key(account_id))
    row = session.sql(
        """select o.user_id, o.day, o.photo_id, o.photos, o.reading_id, o.held_id, o.replaced_at, q.state
           from own_reading o
           left join reading_quarantine q on q.account_id = o.account_id and q.id = o.held_id
           where o.account_id = :account_id and o.id = :id""",
        account_id=account_id,
        id=told_id,
    ).one_or_none()
    if row is None:
        raise OwnReadingUnknown
    if row.user_id != teller.user_id:
        raise NotYourReading
    is_today = row.day == business_date(teller.now, teller.zone)
    if not is_today or row.replaced_at is not None or row.state not in {None, QuarantineState.OPEN.value}:
        raise PhotoTooLate
    if row.photos >= MOST_A_DAY:
        raise ReadingsLimited(most=MOST_A_DAY)
    _forget_photo(session, account_id, row.photo_id)
    photo_id = ids.uuid7()
    text = base64.b64encode(picture.jpeg).decode()
    session.sql(
        """insert into reading_photo (account_id, id, user_id, media_type, width, height, image_sealed, uploaded_at)
           values (:account_id, :id, :user_id, :media_type, :width, :height, :sealed, :now)""",
        account_id=account_id,
        id=photo_id,
        user_id=teller.user_id,
        media_type=MEDIA_TYPE,
        width=picture.width,
        height=picture.height,
        sealed=vault.seal(table="reading_photo", column="image", owner=photo_owner(photo_id), text=text),
        now=teller.now,
    )
    said = {"photo_id": photo_id, "account_id": account_id}
    session.sql(
        """update own_reading set photo_id = :photo_id, photos = photos + 1
           where account_id = :account_id and id = :id""",
        id=told_id,
        **said,
    )
    session.sql(
        "update register_reading set photo_id = :photo_id where account_id = :account_id and id = :id",
        id=row.reading_id,
        **said,
    )
    session.sql(
        "update reading_quarantine set photo_id = :photo_id where account_id = :account_id and id = :id",
        id=row.held_id,
        **said,
    )


def purge_photos(session: WriteSession, *, before: datetime, most: int) -> int:
    """Forget up to `most` pictures that were sent before a moment; what they showed stays. Returns how many."""
    return session.sql(
        """delete from reading_photo where (account_id, id) in (
             select account_id, id from reading_photo where uploaded_at < :before
             order by uploaded_at limit :most for update skip locked
           )""",
        before=before,
        most=most,
    ).rowcount


def _place(session: WriteSession, account_id: int, told: Told, day: date, zone: ZoneInfo) -> _Place:
    rows = session.sql(
        statement(__package__, "own_meter_registers.sql"), account_id=account_id, today=day, zone=str(zone)
    ).all()
    if not rows:
        raise NoMeterToRead
    meters = {row.place for row in rows}
    meter = min(meters) if told.meter is None and len(meters) == 1 else told.meter
    found = next((row for row in rows if row.place == meter and row.kind == told.register.value), None)
    if found is None:
        raise RegisterUnknown
    meter_no = found.meter_no
    session.sql(
        """insert into meter_register (account_id, id, meter_no, kind)
           select :account_id, coalesce(max(id), 0) + 1, :meter_no, :kind from meter_register
           where account_id = :account_id on conflict (account_id, meter_no, kind) do nothing""",
        account_id=account_id,
        meter_no=meter_no,
        kind=told.register.value,
    )
    register = session.sql(
        """select id, digits, multiplier from meter_register
           where account_id = :account_id and meter_no = :meter_no and kind = :kind""",
        account_id=account_id,
        meter_no=meter_no,
        kind=told.register.value,
    ).one()
    return _Place(
        account_id,
        register.id,
        meter_no,
        told.register.value,
        register.digits,
        register.multiplier,
        found.account_class,
    )


def _told_today(session: WriteSession, place: _Place, day: date) -> sa.Row[Any] | None:
    """What holds of this register and day, and how often it was told; then nobody decides about it, nor reads it."""
    held = session.sql(
        """select q.id from own_reading o join reading_quarantine q on q.account_id = o.account_id and q.id = o.held_id
           where o.account_id = :account_id and o.register_id = :register_id and o.day = :day
             and o.replaced_at is null for update of q""",
        account_id=place.account_id,
        register_id=place.id,
        day=day,
    )
    # As whoever decides: first what waits, then its register.
    held.all()
    session.sql(
        "select from meter_register where account_id = :account_id and id = :id for no key update",
        account_id=place.account_id,
        id=place.id,
    )
    return session.sql(
        """select o.id, o.user_id, o.value, o.reading_id, o.held_id, o.photo_id, q.state,
             (select count(*) from own_reading e where e.account_id = o.account_id
                and e.register_id = o.register_id and e.day = o.day) as times
           from own_reading o
           left join reading_quarantine q on q.account_id = o.account_id and q.id = o.held_id
           where o.account_id = :account_id and o.register_id = :register_id and o.day = :day
             and o.replaced_at is null""",
        account_id=place.account_id,
        register_id=place.id,
        day=day,
    ).one_or_none()


def _replace(session: WriteSession, place: _Place, known: sa.Row[Any], teller: Teller) -> None:
    _forget_photo(session, place.account_id, known.photo_id)
    session.sql(
        "update own_reading set replaced_at = :now, photo_id = null where account_id = :account_id and id = :id",
        now=teller.now,
        account_id=place.account_id,
        id=known.id,
    )
    if known.reading_id is not None:
        take_back(session, account_id=place.account_id, reading_id=known.reading_id, now=teller.now, zone=teller.zone)
    session.sql(
        """update reading_quarantine set state = :discarded, decided_at = :now, decided_by = :actor
           where account_id = :account_id and id = :id and state = :open""",
        discarded=QuarantineState.DISCARDED.value,
        open=QuarantineState.OPEN.value,
        now=teller.now,
        actor=teller.actor.name,
        account_id=place.account_id,
        id=known.held_id,
    )


def _doubt(session: WriteSession, place: _Place, value: int, teller: Teller) -> Doubt | None:
    """Why a value is not believed; None when it is.

    A reading of the holder before may be what it is judged by, but nothing is told of it: then it is the first.
    """
    rows = session.sql(
        statement(__package__, "own_readings_before.sql"),
        account_id=place.account_id,
        register_id=place.id,
        now=teller.now,
        oldest=teller.now - LOOK_BACK,
        zone=str(teller.zone),
    ).all()
    if not rows:
        return Doubt.FIRST
    went = counted(rows[0].value, value, digits=place.digits)
    if went is None:
        return Doubt.INVERTED if rows[0].is_of_holder else Doubt.FIRST
    lasted = max(teller.now - rows[0].read_at, DAY)
    most_kw = teller.limits.most_home_kw if place.account_class == "residential" else teller.limits.most_kw
    most = Decimal(most_kw) * UNITS_PER_KWH * _hours(lasted)
    usual = [counted(earlier.value, later.value, digits=place.digits) for later, earlier in pairwise(rows)]
    span = rows[0].read_at - rows[-1].read_at
    if usual and span >= DAY:
        a_day = Decimal(sum(each or 0 for each in usual)) * place.multiplier * 24 / _hours(span)
        believed = max(a_day * teller.most_times, Decimal(LEAST_A_DAY))
        most = min(most, believed * _hours(lasted) / 24)
    if went * place.multiplier <= most:
        return None
    return Doubt.IMPLAUSIBLE if rows[0].is_of_holder else Doubt.FIRST


def _hours(lasted: timedelta) -> Decimal:
    return Decimal(lasted // timedelta(minutes=1)) / 60


def _hold(session: WriteSession, place: _Place, value: int, reason: str, teller: Teller) -> UUID:
    held_id = ids.uuid7()
    session.sql(
        """insert into reading_quarantine (account_id, id, kind, meter_no, channel, start_at, energy, quality, reason,
             source, recorded_at, recorded_by)
           values (:account_id, :id, :kind, :meter_no, :channel, :now, :value, :quality, :reason, :source, :now,
             :actor)""",
        account_id=place.account_id,
        id=held_id,
        kind=QuarantineKind.REGISTER.value,
        meter_no=place.meter_no,
        channel=place.kind,
        now=teller.now,
        value=value,
        quality=Quality.ACTUAL.value,
        reason=reason,
        source=ReadingSource.CUSTOMER.value,
        actor=teller.actor.name,
    )
    return held_id


def _forget_photo(session: WriteSession, account_id: int, photo_id: UUID | None) -> None:
    session.sql(
        "delete from reading_photo where account_id = :account_id and id = :id", account_id=account_id, id=photo_id
    )


def _key(account_id: int) -> str:
    """One at a time tells of an account: registers are made once, and pictures replaced once."""
    return f"own-reading:{account_id}"
