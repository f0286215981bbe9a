"""Tables of what imports came to."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from core.db import Timestamp


class ImportTotal(SQLModel, table=True):
    """What an import came to in a unit; unit 0 stands for rows that name none that is known."""

    __tablename__ = "import_total"

    run_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="import_run.id", ondelete="CASCADE")
    unit_id: int = Field(sa_type=sa.Integer, primary_key=True)
    rows_new: int = Field(default=0, sa_type=sa.BigInteger)
    rows_changed: int = Field(default=0, sa_type=sa.BigInteger)
    rows_unchanged: int = Field(default=0, sa_type=sa.BigInteger)
    rows_rejected: int = Field(default=0, sa_type=sa.BigInteger)
    accounts: int = Field(default=0, sa_type=sa.BigInteger)
    vanished: int = Field(default=0, sa_type=sa.BigInteger)
    is_dry: bool = Field(default=False, sa_column_kwargs={"server_default": sa.text("false")})


class ImportAmount(SQLModel, table=True):
    """Sums of the bills that an import took in a unit, by what the file says of them."""

    __tablename__ = "import_amount"

    run_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="import_run.id", ondelete="CASCADE")
    unit_id: int = Field(sa_type=sa.Integer, primary_key=True)
    currency: str = Field(sa_type=sa.Text, primary_key=True)
    kind: str = Field(sa_type=sa.Text, primary_key=True)
    bills: int = Field(sa_type=sa.BigInteger)
    amount_minor: Decimal = Field(sa_type=sa.Numeric(38, 0))
    open_minor: Decimal = Field(sa_type=sa.Numeric(38, 0))
    owed_minor: Decimal = Field(sa_type=sa.Numeric(38, 0))


class ImportSeen(SQLModel, table=True):
    """What an import that is not at its end has met; of a dry run's rows also what they say, in their loader's form."""

    __tablename__ = "import_seen"

    run_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="import_run.id", ondelete="CASCADE")
    kind: str = Field(sa_type=sa.Text, primary_key=True)
    key: int = Field(sa_type=sa.BigInteger, primary_key=True)
    said: dict[str, Any] | None = Field(default=None, sa_type=JSONB)


class ImportVanished(SQLModel, table=True):
    """An account, or an open bill, that is known here and not in a file that tells all."""

    __tablename__ = "import_vanished"

    run_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="import_run.id", ondelete="CASCADE")
    unit_id: int = Field(sa_type=sa.Integer)
    account_no: str = Field(sa_type=sa.Text, primary_key=True)
    bill_no: str = Field(default="", sa_type=sa.Text, primary_key=True)
    open_minor: int | None = Field(default=None, sa_type=sa.BigInteger)
    currency: str | None = Field(default=None, sa_type=sa.Text)


class ImportSignOff(SQLModel, table=True):
    """Who stands for the totals of a dry run."""

    __tablename__ = "import_sign_off"

    run_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="import_run.id", ondelete="CASCADE")
    staff_id: UUID = Field(sa_type=sa.Uuid)
    signed_at: datetime = Field(sa_type=Timestamp)
