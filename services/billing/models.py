"""Tables of bills."""

import enum
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from core.db import Timestamp, text_enum


class BillState(enum.StrEnum):
    """Life of a bill: `issued` while something is open."""

    ISSUED = "issued"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class BillOrigin(enum.StrEnum):
    """How a bill stands in the ledger: by its lines, in an opening balance, or not at all."""

    ISSUED = "issued"
    OPENING = "opening"
    HISTORY = "history"


class BillLineCode(SQLModel, table=True):
    """What a line may be, and the ledger's code for it."""

    __tablename__ = "bill_line_code"

    id: int = Field(sa_column=sa.Column(sa.SmallInteger, primary_key=True, autoincrement=False))
    code: str = Field(sa_type=sa.Text, unique=True)
    ledger_code: str = Field(sa_type=sa.Text)


class Bill(SQLModel, table=True):
    """What an account owes for a period; owner first."""

    __tablename__ = "bill"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="account.id")
    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    bill_no: str = Field(sa_type=sa.Text)
    period_first: date = Field(sa_type=sa.Date)
    period_end: date = Field(sa_type=sa.Date)
    issue_date: date = Field(sa_type=sa.Date)
    due_date: date = Field(sa_type=sa.Date)
    energy_kwh: Decimal = Field(sa_type=sa.Numeric(14, 3))
    amount_minor: int = Field(sa_type=sa.BigInteger)
    open_minor: int = Field(sa_type=sa.BigInteger)
    state: BillState = Field(sa_type=text_enum(BillState))
    origin: BillOrigin = Field(sa_type=text_enum(BillOrigin))
    posting_id: UUID | None = Field(default=None, sa_type=sa.Uuid)
    opening_run_id: int | None = Field(default=None, sa_type=sa.BigInteger)


class BillLine(SQLModel, table=True):
    """One item of a bill."""

    __tablename__ = "bill_line"
    __table_args__ = (
        sa.ForeignKeyConstraint(["account_id", "bill_id"], ["bill.account_id", "bill.id"], ondelete="CASCADE"),
    )

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    bill_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    line_no: int = Field(sa_type=sa.SmallInteger, primary_key=True)
    code: int = Field(sa_type=sa.SmallInteger, foreign_key="bill_line_code.id")
    quantity: Decimal | None = Field(default=None, sa_type=sa.Numeric(14, 3))
    unit: str | None = Field(default=None, sa_type=sa.Text)
    unit_price: Decimal | None = Field(default=None, sa_type=sa.Numeric(18, 8))
    amount_minor: int = Field(sa_type=sa.BigInteger)


class BillSettlement(SQLModel, table=True):
    """What a payment or applied prepaid balance took off a bill; negative when it was put back."""

    __tablename__ = "bill_settlement"
    __table_args__ = (sa.ForeignKeyConstraint(["account_id", "bill_id"], ["bill.account_id", "bill.id"]),)

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    bill_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    payment_id: UUID = Field(sa_type=sa.Uuid)
    amount_minor: int = Field(sa_type=sa.BigInteger)
    settled_at: datetime = Field(sa_type=Timestamp)


class BillingMode(SQLModel, table=True):
    """From which day on an account is billed here; without a row it is billed outside."""

    __tablename__ = "billing_mode"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="account.id")
    native_from: date = Field(sa_type=sa.Date)
    changed_at: datetime = Field(sa_type=Timestamp)
