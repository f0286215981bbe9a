"""Tables of tariffs."""

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from core.db import Timestamp, text_enum


class TariffClass(enum.StrEnum):
    """For which use of electricity a tariff is meant."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    INDUSTRIAL = "industrial"
    AGRICULTURAL = "agricultural"
    ANY = "any"


class VersionState(enum.StrEnum):
    """Life of a version."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class TariffRow(SQLModel, table=True):
    """A tariff that agreements name by its code."""

    __tablename__ = "tariff"

    code: str = Field(sa_type=sa.Text, primary_key=True)
    name: str = Field(sa_type=sa.Text)
    tariff_class: TariffClass = Field(sa_column=sa.Column("class", text_enum(TariffClass), nullable=False))
    currency: str = Field(sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Timestamp)


class TariffVersionRow(SQLModel, table=True):
    """What a tariff says from one day up to, not including, another.

    A trigger gives `version_no`, 1, 2, 3, and keeps what is published as it is: only its end is set, and brought
    forward. `revision` counts the changes of a draft; `request_id` is the approval that was asked for last.
    """

    __tablename__ = "tariff_version"

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    tariff_code: str = Field(sa_type=sa.Text, foreign_key="tariff.code")
    version_no: int = Field(sa_type=sa.Integer)
    valid_from: date = Field(sa_type=sa.Date)
    valid_to: date | None = Field(default=None, sa_type=sa.Date)
    document: dict[str, Any] = Field(sa_type=JSONB)
    periods: list[str] = Field(sa_column=sa.Column(ARRAY(sa.Text), nullable=False))
    state: VersionState = Field(sa_type=text_enum(VersionState))
    note: str = Field(default="", sa_type=sa.Text, sa_column_kwargs={"server_default": ""})
    revision: int = Field(default=1, sa_type=sa.Integer, sa_column_kwargs={"server_default": sa.text("1")})
    is_correction: bool = Field(default=False, sa_column_kwargs={"server_default": sa.text("false")})
    request_id: UUID | None = Field(default=None, sa_type=sa.Uuid)
    created_at: datetime = Field(sa_type=Timestamp)
    changed_at: datetime = Field(sa_type=Timestamp)
    published_at: datetime | None = Field(default=None, sa_type=Timestamp)


class TariffDayRow(SQLModel, table=True):
    """Which period each quarter-hour of a day belongs to: indexes from 1 into the version's `periods`.

    Elements are elapsed time since local midnight: 96 of them, 92 and 100 on days of 23 and 25 hours.
    `demand_periods`: the same for charges on demand, in the order of `Tariff.demand_periods`; null without.
    """

    __tablename__ = "tariff_day"

    version_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="tariff_version.id")
    day: date = Field(sa_type=sa.Date, primary_key=True)
    periods: list[int] = Field(sa_column=sa.Column(ARRAY(sa.SmallInteger), nullable=False))
    demand_periods: list[int] | None = Field(default=None, sa_column=sa.Column(ARRAY(sa.SmallInteger)))


class DayKind(enum.StrEnum):
    """What a day counts as, whatever its weekday."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"


class HolidayRow(SQLModel, table=True):
    """A day that counts as another than its weekday: a holiday by its name, or a weekend day on which people work."""

    __tablename__ = "holiday"

    day: date = Field(sa_type=sa.Date, primary_key=True)
    name: str = Field(sa_type=sa.Text, primary_key=True)
    kind: DayKind = Field(sa_type=text_enum(DayKind))


class TemperatureDayRow(SQLModel, table=True):
    """How warm it became at a place on a day, in degrees Celsius."""

    __tablename__ = "temperature_day"

    place: str = Field(sa_type=sa.Text, primary_key=True)
    day: date = Field(sa_type=sa.Date, primary_key=True)
    max_c: Decimal = Field(sa_type=sa.Numeric(4, 1))


class SlotPriceRow(SQLModel, table=True):
    """What a kWh costs in one interval, in minor units. `day`, `quarter`: where it lies by the supplier's clock."""

    __tablename__ = "tariff_slot_price"

    tariff_code: str = Field(sa_type=sa.Text, primary_key=True, foreign_key="tariff.code")
    start_at: datetime = Field(sa_type=Timestamp, primary_key=True)
    minutes: int = Field(sa_type=sa.SmallInteger)
    rate_minor: Decimal = Field(sa_type=sa.Numeric(18, 8))
    day: date = Field(sa_type=sa.Date)
    quarter: int = Field(sa_type=sa.SmallInteger)


class SlotPriceRevisionRow(SQLModel, table=True):
    """What the price of an interval was until a run of an import replaced it."""

    __tablename__ = "tariff_slot_price_revision"

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    tariff_code: str = Field(sa_type=sa.Text, foreign_key="tariff.code")
    start_at: datetime = Field(sa_type=Timestamp)
    minutes: int = Field(sa_type=sa.SmallInteger)
    rate_minor: Decimal = Field(sa_type=sa.Numeric(18, 8))
    run_id: int = Field(sa_type=sa.BigInteger)
    replaced_at: datetime = Field(sa_type=Timestamp)
