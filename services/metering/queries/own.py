"""What people read from their meters themselves: which registers they may read, what became of it, the pictures."""

import base64
import enum
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.crypto.vault import Vault
from core.db import ReadSession, statement
from services.metering.formats.series import shown
from services.metering.measures import Register, kwh_of

LATEST: Final = UUID(int=2**128 - 1)


class OwnState(enum.StrEnum):
    """What became of a reading that a customer told."""

    ACCEPTED = "accepted"
    WAITING = "waiting"
    REFUSED = "refused"


_STATES: Final = {"open": OwnState.WAITING, "accepted": OwnState.ACCEPTED}


@dataclass(frozen=True, slots=True)
class ReadableRegister:
    """A register of a meter that is at the account now, with what it showed last, as far as the holder may know.

    `meter_no` is its end alone: all of it proves to whom an account belongs, and who may only look could take that.
    `meter` chooses it instead: which of the account's meters it is, counted from 1.
    """

    meter: int
    meter_no: str
    register: Register
    digits: int | None
    last_value: Decimal | None
    last_read_at: datetime | None


@dataclass(frozen=True, slots=True)
class OwnReading:
    """A reading that somebody told; `reason` says why it waits, or waited until staff decided.

    `user_id` is None once that person is erased.
    """

    id: UUID
    meter_no: str
    register: Register
    value: Decimal
    told_at: datetime
    user_id: UUID | None
    state: OwnState
    reason: str | None
    has_photo: bool


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture as it is kept."""

    media_type: str
    image: bytes


def readable_registers(session: ReadSession, *, account_id: int, today: date, zone: ZoneInfo) -> list[ReadableRegister]:
    """What may be read at an account, by meter and register."""
    rows = session.sql(
        statement(__package__, "own_meter_registers.sql"), account_id=account_id, today=today, zone=str(zone)
    )
    return [
        ReadableRegister(
            row.place,
            shown(row.meter_no),
            Register(row.kind),
            row.digits,
            None if row.value is None else kwh_of(row.value),
            row.read_at,
        )
        for row in rows
    ]


def own_readings(session: ReadSession, *, account_id: int, before: UUID = LATEST, limit: int) -> list[OwnReading]:
    """Up to `limit` readings that people told in the holder's time, behind `before`, the latest first."""
    rows = session.sql(
        statement(__package__, "own_readings.sql"), account_id=account_id, before=before, id=None, limit=limit
    )
    return [_view(row) for row in rows]


def own_reading(session: ReadSession, *, account_id: int, reading_id: UUID) -> OwnReading | None:
    """One of them."""
    row = session.sql(
        statement(__package__, "own_readings.sql"), account_id=account_id, before=LATEST, id=reading_id, limit=1
    ).one_or_none()
    return None if row is None else _view(row)


def own_photo(session: ReadSession, *, vault: Vault, account_id: int, reading_id: UUID) -> Photo | None:
    """The picture of one of them; None without one, or when it is no longer kept."""
    row = session.sql(statement(__package__, "own_photo.sql"), account_id=account_id, id=reading_id).one_or_none()
    return None if row is None else _opened(vault, row)


def held_photo(session: ReadSession, *, vault: Vault, account_id: int, photo_id: UUID) -> Photo | None:
    """The picture of a reading in quarantine, for staff whose right to see the reading was found."""
    row = session.sql(
        "select id, media_type, image_sealed from reading_photo where account_id = :account_id and id = :id",
        account_id=account_id,
        id=photo_id,
    ).one_or_none()
    return None if row is None else _opened(vault, row)


def photo_owner(photo_id: UUID) -> str:
    """Whose subkey seals a picture."""
    return f"reading_photo:{photo_id}"


def _opened(vault: Vault, row: sa.Row[Any]) -> Photo:
    text = vault.open(table="reading_photo", column="image", owner=photo_owner(row.id), sealed=bytes(row.image_sealed))
    return Photo(row.media_type, base64.b64decode(text))


def _view(row: sa.Row[Any]) -> OwnReading:
    return OwnReading(
        row.id,
        shown(row.meter_no),
        Register(row.kind),
        kwh_of(row.value),
        row.told_at,
        row.user_id,
        _STATES.get(row.state, OwnState.REFUSED),
        row.reason,
        row.has_photo,
    )
