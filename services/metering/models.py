"""Tables of readings. Energies are whole numbers of millionths of a kWh or kvarh."""

import enum
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from core.crypto.sealed import sealed
from core.db import Timestamp, text_enum
from services.metering.measures import Channel, Doubt, Quality, Register


class ReadingSource(enum.StrEnum):
    """Who sent a reading of a register."""

    FILE = "file"
    PROGRAM = "program"
    CUSTOMER = "customer"
    STAFF = "staff"


class QuarantineKind(enum.StrEnum):
    """What a reading in quarantine would be."""

    INTERVAL = "interval"
    REGISTER = "register"


class FindingKind(enum.StrEnum):
    """What a rule finds odd: an interval far above all others, days of nothing, registers that counted otherwise."""

    SPIKE = "spike"
    ZEROS = "zeros"
    SUMS = "sums"


class QuarantineState(enum.StrEnum):
    """Life of a reading that nobody believes."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISCARDED = "discarded"
    ESTIMATED = "estimated"


def _identity(*, is_key: bool = True) -> sa.Column[int]:
    return sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=is_key, nullable=False)


class ReadingSeries(SQLModel, table=True):
    """One channel of one meter at one account, in intervals of one length.

    `first_day` and `last_day` are those of its rows; `read_until` is the end of the latest interval that has a value.
    """

    __tablename__ = "reading_series"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    id: int = Field(sa_type=sa.SmallInteger, primary_key=True)
    meter_no: str = Field(sa_type=sa.Text)
    channel: Channel = Field(sa_type=text_enum(Channel))
    interval_minutes: int = Field(sa_type=sa.SmallInteger)
    first_day: date | None = Field(default=None, sa_type=sa.Date)
    last_day: date | None = Field(default=None, sa_type=sa.Date)
    read_until: datetime | None = Field(default=None, sa_type=Timestamp)


class IntervalDay(SQLModel, table=True):
    """A day of a series: element k begins k intervals after local midnight; null is missing.

    `qualities` has a letter for each element. Partitioned by month of `day`; a month's partition is made before its
    first row, and there is no partition for what belongs to none.
    """

    __tablename__ = "interval_day"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    series_id: int = Field(sa_type=sa.SmallInteger, primary_key=True)
    day: date = Field(sa_type=sa.Date, primary_key=True)
    energies: list[int | None] = Field(sa_column=sa.Column(ARRAY(sa.BigInteger), nullable=False))
    qualities: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=Timestamp)
    run_id: int | None = Field(default=None, sa_type=sa.BigInteger)


class IntervalDayRevision(SQLModel, table=True):
    """What a day was before it changed: by whom, when and why it was replaced. Append-only."""

    __tablename__ = "interval_day_revision"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    series_id: int = Field(sa_type=sa.SmallInteger, primary_key=True)
    day: date = Field(sa_type=sa.Date, primary_key=True)
    id: int | None = Field(default=None, sa_column=_identity())
    energies: list[int | None] = Field(sa_column=sa.Column(ARRAY(sa.BigInteger), nullable=False))
    qualities: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=Timestamp)
    run_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    replaced_at: datetime = Field(sa_type=Timestamp)
    replaced_by: str = Field(sa_type=sa.Text)
    replaced_why: str = Field(sa_type=sa.Text)


class IntervalEstimate(SQLModel, table=True):
    """By which rule `elements` of a day were estimated, from `first` on, counted from 0. Append-only."""

    __tablename__ = "interval_estimate"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    series_id: int = Field(sa_type=sa.SmallInteger, primary_key=True)
    day: date = Field(sa_type=sa.Date, primary_key=True)
    id: int | None = Field(default=None, sa_column=_identity())
    first: int = Field(sa_type=sa.SmallInteger)
    elements: int = Field(sa_type=sa.SmallInteger)
    rule: str = Field(sa_type=sa.Text)
    made_at: datetime = Field(sa_type=Timestamp)
    made_by: str = Field(sa_type=sa.Text)


class MeterRegister(SQLModel, table=True):
    """A register of a meter at an account. It begins again at zero behind `digits` whole ones, if known."""

    __tablename__ = "meter_register"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    id: int = Field(sa_type=sa.SmallInteger, primary_key=True)
    meter_no: str = Field(sa_type=sa.Text)
    kind: Register = Field(sa_type=text_enum(Register))
    digits: int | None = Field(default=None, sa_type=sa.SmallInteger)
    multiplier: Decimal = Field(
        default=Decimal(1), sa_type=sa.Numeric(12, 6), sa_column_kwargs={"server_default": sa.text("1")}
    )


class RegisterReading(SQLModel, table=True):
    """What a register showed: millionths, before the multiplier. A corrected one is superseded by another."""

    __tablename__ = "register_reading"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    id: int | None = Field(default=None, sa_column=_identity())
    register_id: int = Field(sa_type=sa.SmallInteger)
    read_at: datetime = Field(sa_type=Timestamp)
    value: int = Field(sa_type=sa.BigInteger)
    quality: Quality = Field(sa_type=text_enum(Quality))
    source: ReadingSource = Field(sa_type=text_enum(ReadingSource))
    recorded_at: datetime = Field(sa_type=Timestamp)
    recorded_by: str = Field(sa_type=sa.Text)
    run_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    photo_id: UUID | None = Field(default=None, sa_type=sa.Uuid)
    superseded_at: datetime | None = Field(default=None, sa_type=Timestamp)
    superseded_by: int | None = Field(default=None, sa_type=sa.BigInteger)


class ReadingPhoto(SQLModel, table=True):
    """A picture of a meter that a customer took, made anew from its pixels; `image_sealed` holds it in base 64."""

    __tablename__ = "reading_photo"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    user_id: UUID = Field(sa_type=sa.Uuid)
    media_type: str = Field(sa_type=sa.Text)
    width: int = Field(sa_type=sa.Integer)
    height: int = Field(sa_type=sa.Integer)
    image_sealed: bytes = Field(sa_type=sealed(owner="'reading_photo:' || r.id"))
    uploaded_at: datetime = Field(sa_type=Timestamp)


class OwnReading(SQLModel, table=True):
    """What a person read from a meter on a `day`, and told: it became a reading, or waits in quarantine.

    One of a register and a day holds; what its teller replaced on the same day stays. `photos` were sent of it.
    """

    __tablename__ = "own_reading"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    register_id: int = Field(sa_type=sa.SmallInteger)
    user_id: UUID | None = Field(default=None, sa_type=sa.Uuid)
    day: date = Field(sa_type=sa.Date)
    told_at: datetime = Field(sa_type=Timestamp)
    value: int = Field(sa_type=sa.BigInteger)
    reading_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    held_id: UUID | None = Field(default=None, sa_type=sa.Uuid)
    photo_id: UUID | None = Field(default=None, sa_type=sa.Uuid)
    photos: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})
    replaced_at: datetime | None = Field(default=None, sa_type=Timestamp)


class ReadingQuarantine(SQLModel, table=True):
    """A reading that nobody believes: what it said, why it waits, and what became of it; `unit_id` follows its account.

    `channel` is a channel of intervals or a register, by `kind`; `energy` is that of the interval, or what the register
    showed.
    """

    __tablename__ = "reading_quarantine"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    id: UUID = Field(sa_type=sa.Uuid, primary_key=True, sa_column_kwargs={"server_default": sa.text("uuidv7()")})
    unit_id: int = Field(sa_type=sa.Integer)
    kind: QuarantineKind = Field(sa_type=text_enum(QuarantineKind))
    meter_no: str = Field(sa_type=sa.Text)
    channel: str = Field(sa_type=sa.Text)
    start_at: datetime = Field(sa_type=Timestamp)
    minutes: int | None = Field(default=None, sa_type=sa.SmallInteger)
    energy: int | None = Field(default=None, sa_type=sa.BigInteger)
    quality: Quality = Field(sa_type=text_enum(Quality))
    reason: Doubt = Field(sa_type=text_enum(Doubt))
    state: QuarantineState = Field(
        default=QuarantineState.OPEN,
        sa_type=text_enum(QuarantineState),
        sa_column_kwargs={"server_default": QuarantineState.OPEN.value},
    )
    source: ReadingSource = Field(sa_type=text_enum(ReadingSource))
    recorded_at: datetime = Field(sa_type=Timestamp)
    recorded_by: str = Field(sa_type=sa.Text)
    run_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    row_no: int | None = Field(default=None, sa_type=sa.BigInteger)
    photo_id: UUID | None = Field(default=None, sa_type=sa.Uuid)
    decided_at: datetime | None = Field(default=None, sa_type=Timestamp)
    decided_by: str | None = Field(default=None, sa_type=sa.Text)
    decided_why: str | None = Field(default=None, sa_type=sa.Text)


class ReadingFinding(SQLModel, table=True):
    """What a rule found odd in readings that were taken: nothing is changed by it. Open until its cause is gone.

    `unit_id` follows its account.

    Staff may dismiss it: it is listed no more, unless it says something else one day.

    `found` and `expected` are millionths of a kWh, by `kind`: the interval and the highest one of the days before; what
    the days came to and what one of them came to before; the sum of the intervals and what the register counted.
    """

    __tablename__ = "reading_finding"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    id: UUID = Field(sa_type=sa.Uuid, primary_key=True, sa_column_kwargs={"server_default": sa.text("uuidv7()")})
    unit_id: int = Field(sa_type=sa.Integer)
    kind: FindingKind = Field(sa_type=text_enum(FindingKind))
    meter_no: str = Field(sa_type=sa.Text)
    channel: Channel = Field(sa_type=text_enum(Channel))
    first_day: date = Field(sa_type=sa.Date)
    last_day: date = Field(sa_type=sa.Date)
    found: int = Field(sa_type=sa.BigInteger)
    expected: int = Field(sa_type=sa.BigInteger)
    found_at: datetime = Field(sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)
    dismissed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    dismissed_by: str | None = Field(default=None, sa_type=sa.Text)
    dismissed_why: str | None = Field(default=None, sa_type=sa.Text)


class Look(enum.StrEnum):
    """A round that looks at readings: each has notes of its own."""

    VALIDATE = "validate"
    ESTIMATE = "estimate"


class ReadingDue(SQLModel, table=True):
    """Days of an account, both included, at which a round is to look. An account may stand here several times."""

    __tablename__ = "reading_due"

    id: int | None = Field(default=None, sa_column=_identity())
    look: Look = Field(sa_type=text_enum(Look))
    account_id: int = Field(sa_type=sa.BigInteger)
    first_day: date = Field(sa_type=sa.Date)
    last_day: date = Field(sa_type=sa.Date)
    noted_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})


class ValidationRound(SQLModel, table=True):
    """How far a day's walk over accounts has come at which something is odd."""

    __tablename__ = "validation_round"

    day: date = Field(sa_type=sa.Date, primary_key=True)
    next_from: int | None = Field(default=None, sa_type=sa.BigInteger)


class MovedMeter(SQLModel, table=True):
    """A meter of which it was said later where it was: its readings are to be looked through."""

    __tablename__ = "moved_meter"

    meter_no: str = Field(sa_type=sa.Text, primary_key=True)
    noted_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})


class UsageChange(SQLModel, table=True):
    """A month of an account whose readings changed: it is to be summed up anew. It may stand here twice.

    `days`: which of its days changed, bit n - 1 for day n; all of them where nobody says, as `of_registers`.
    """

    __tablename__ = "usage_change"

    id: int | None = Field(default=None, sa_column=_identity())
    account_id: int = Field(sa_type=sa.BigInteger)
    month: date = Field(sa_type=sa.Date)
    changed_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
    days: int = Field(default=2**31 - 1, sa_type=sa.Integer, sa_column_kwargs={"server_default": sa.text("2147483647")})
    of_registers: bool = Field(default=False, sa_type=sa.Boolean, sa_column_kwargs={"server_default": sa.text("false")})
