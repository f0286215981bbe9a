"""Tables of usage. Energies are whole millionths of a kWh (reactive: of a kvarh), demands watts.

`demands`: the highest of each demand period of the version, in the order of `Tariff.demand_periods`, up to the last
that was met; null where it has none, and where they are not known of all that was measured.
"""

import enum
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from core.db import Timestamp, text_enum


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
    demands: list[int] | None = Field(default=None, sa_column=sa.Column(ARRAY(sa.BigInteger)))
    measured_minutes: int = Field(sa_type=sa.Integer)
    missing_minutes: int = Field(sa_type=sa.Integer)
    estimated_minutes: int = Field(sa_type=sa.Integer)


class UsageMonth(SQLModel, table=True):
    """The days of one month with one version and one holder, as far as an agreement binds: their sum."""

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
    demands: list[int] | None = Field(default=None, sa_column=sa.Column(ARRAY(sa.BigInteger)))
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
    """A version that changed, or its days of a month, and how far the accounts on it are made anew.

    `days`: bit n - 1 for day n of the month, none where prices of intervals changed alone; null where the version
    itself begins or ends otherwise since that month. Notes are worked on in `turn`.
    """

    __tablename__ = "usage_stale"

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    version_id: int = Field(sa_type=sa.BigInteger)
    month: date = Field(sa_type=sa.Date)
    next_from: int = Field(default=1, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": sa.text("1")})
    days: int | None = Field(
        default=None, sa_type=sa.Integer, sa_column_kwargs={"server_default": sa.text("2147483647")}
    )
    turn: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("clock_timestamp()")})


class UsageUnpriced(SQLModel, table=True):
    """A month of a slice of accounts, by its first one, in which something may have no cost."""

    __tablename__ = "usage_unpriced"

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    month: date = Field(sa_type=sa.Date)
    first_account: int = Field(sa_type=sa.BigInteger)


class DryRunState(enum.StrEnum):
    """Life of a dry run over many accounts."""

    ASKED = "asked"
    READY = "ready"
    REFUSED = "refused"
    FAILED = "failed"


class DryRunRow(SQLModel, table=True):
    """A version, or a document in its place, that is tried on the accounts of some units and below.

    Asked for by a member of staff or by a program. `behind`: the last account that was looked at.
    """

    __tablename__ = "dry_run"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    staff_id: UUID | None = Field(default=None, sa_type=sa.Uuid, foreign_key="staff.id")
    service_client_id: UUID | None = Field(default=None, sa_type=sa.Uuid, foreign_key="service_client.id")
    tariff_code: str = Field(sa_type=sa.Text, foreign_key="tariff.code")
    version_no: int = Field(sa_type=sa.Integer)
    document: dict[str, Any] = Field(sa_type=JSONB)
    month: date = Field(sa_type=sa.Date)
    unit_ids: list[int] = Field(sa_column=sa.Column(ARRAY(sa.Integer), nullable=False))
    state: DryRunState = Field(sa_type=text_enum(DryRunState))
    behind: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": sa.text("0")})
    accounts: int = Field(default=0, sa_type=sa.Integer, sa_column_kwargs={"server_default": sa.text("0")})
    of_accounts: int = Field(sa_type=sa.Integer)
    failures: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})
    asked_at: datetime = Field(sa_type=Timestamp)
    due_at: datetime | None = Field(default=None, sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)


class DryRunAccount(SQLModel, table=True):
    """What an account's month costs by what it has and by what is tried, or why there is no saying (`faults`)."""

    __tablename__ = "dry_run_account"

    run_id: UUID = Field(sa_type=sa.Uuid, primary_key=True, foreign_key="dry_run.id", ondelete="CASCADE")
    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    before_minor: int | None = Field(default=None, sa_type=sa.BigInteger)
    after_minor: int | None = Field(default=None, sa_type=sa.BigInteger)
    currency: str | None = Field(default=None, sa_type=sa.Text)
    is_by_tried: bool | None = Field(default=None)
    faults: list[dict[str, str]] | None = Field(default=None, sa_column=sa.Column(JSONB))
