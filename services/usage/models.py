"""Tables of usage. Energies are whole millionths of a kWh (reactive: of a kvarh), demands watts."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from core.db import Timestamp


def _whole_numbers() -> sa.Column[list[int]]:
    return sa.Column(ARRAY(sa.BigInteger), nullable=False)


class UsageDay(SQLModel, table=True):
    """What an account used on one day of the supplier's zone, by the periods of the version that held."""

    __tablename__ = "usage_day"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    day: date = Field(sa_type=sa.Date, primary_key=True)
    version_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    energies: list[int] = Field(sa_column=_whole_numbers())
    energy: int = Field(sa_type=sa.BigInteger)
    export_energy: int = Field(sa_type=sa.BigInteger)
    reactive_energy: int = Field(sa_type=sa.BigInteger)
    max_demand: int = Field(sa_type=sa.BigInteger)
    measured_minutes: int = Field(sa_type=sa.Integer)
    missing_minutes: int = Field(sa_type=sa.Integer)
    estimated_minutes: int = Field(sa_type=sa.Integer)


class UsageMonth(SQLModel, table=True):
    """A run of days of one month with one version: the sum of its days."""

    __tablename__ = "usage_month"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    month: date = Field(sa_type=sa.Date, primary_key=True)
    part: int = Field(sa_type=sa.SmallInteger, primary_key=True)
    version_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    first_day: date = Field(sa_type=sa.Date)
    end_day: date = Field(sa_type=sa.Date)
    days: int = Field(sa_type=sa.SmallInteger)
    energy: int = Field(sa_type=sa.BigInteger)
    export_energy: int = Field(sa_type=sa.BigInteger)
    energies: list[int] = Field(sa_column=_whole_numbers())
    reactive_energy: int = Field(sa_type=sa.BigInteger)
    max_demand: int = Field(sa_type=sa.BigInteger)
    measured_minutes: int = Field(sa_type=sa.Integer)
    missing_minutes: int = Field(sa_type=sa.Integer)
    estimated_minutes: int = Field(sa_type=sa.Integer)
    aggregated_at: datetime = Field(sa_type=Timestamp)


class UsageCost(SQLModel, table=True):
    """What a part of a month costs, in the currency of its tariff, line by line.

    `figures`: the quantities of the compiled lines and then their amounts; what the engine priced has `lines` instead.
    `rests_on`: where tiers are climbed, of how many months their limits are, what was used before the part, and since
    when (days from 2000).
    """

    __tablename__ = "usage_cost"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    month: date = Field(sa_type=sa.Date, primary_key=True)
    part: int = Field(sa_type=sa.SmallInteger, primary_key=True)
    version_id: int = Field(sa_type=sa.BigInteger)
    total_minor: int = Field(sa_type=sa.BigInteger)
    figures: list[int] = Field(sa_column=_whole_numbers())
    lines: list[dict[str, Any]] | None = Field(default=None, sa_column=sa.Column(JSONB))
    rests_on: list[int] | None = Field(default=None, sa_column=sa.Column(ARRAY(sa.BigInteger)))


class UsageRound(SQLModel, table=True):
    """How far a walk over all accounts has come."""

    __tablename__ = "usage_round"

    kind: str = Field(sa_type=sa.Text, primary_key=True)
    begun_at: datetime = Field(sa_type=Timestamp)
    next_from: int | None = Field(default=None, sa_type=sa.BigInteger)


class UsageStale(SQLModel, table=True):
    """A version whose days of a month changed, and how far the accounts on it are made anew."""

    __tablename__ = "usage_stale"

    version_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    month: date = Field(sa_type=sa.Date, primary_key=True)
    next_from: int = Field(sa_type=sa.BigInteger)


class UsageUnpriced(SQLModel, table=True):
    """A month of a slice of accounts, by its first one, in which something may have no cost."""

    __tablename__ = "usage_unpriced"

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    month: date = Field(sa_type=sa.Date)
    first_account: int = Field(sa_type=sa.BigInteger)
