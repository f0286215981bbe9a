"""Tables of the ledger. The application may read them; only the ledger's SQL functions write."""

from datetime import datetime
from decimal import Decimal
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BIGINT, DOMAIN, SMALLINT
from sqlmodel import Field, SQLModel

from core.db import Timestamp

OWNER_KIND: Final = DOMAIN("ledger_owner_kind", sa.Text(), create_type=False)


class LedgerCode(SQLModel, table=True):
    """One line of the chart; the number tells the side on which it grows."""

    __tablename__ = "ledger_code"
    __table_args__ = (sa.UniqueConstraint("name", name="uq_ledger_code_name"),)

    code: int = Field(sa_column=sa.Column(SMALLINT, primary_key=True, autoincrement=False))
    name: str = Field(sa_type=sa.Text)
    floor: int | None = Field(default=None, sa_type=BIGINT)


class LedgerAsset(SQLModel, table=True):
    """A currency by its ISO 4217 number, or points."""

    __tablename__ = "ledger_asset"
    __table_args__ = (sa.UniqueConstraint("name", name="uq_ledger_asset_name"),)

    asset: int = Field(sa_column=sa.Column(SMALLINT, primary_key=True, autoincrement=False))
    name: str = Field(sa_type=sa.Text)


class Book(SQLModel, table=True):
    """One owner's ledger; the row is its lock and the number of its last transaction."""

    __tablename__ = "book"
    __table_args__ = (sa.UniqueConstraint("owner_kind", "owner_id", name="uq_book_owner"),)

    id: int | None = Field(
        default=None,
        sa_column=sa.Column(BIGINT, sa.Identity(always=True), primary_key=True),
    )
    owner_kind: str = Field(sa_column=sa.Column(OWNER_KIND, nullable=False))
    owner_id: int = Field(sa_type=BIGINT)
    version: int = Field(default=0, sa_type=BIGINT, sa_column_kwargs={"server_default": sa.text("0")})


class Txn(SQLModel, table=True):
    """A transaction: number `no` of its book, made once by its source."""

    __tablename__ = "txn"
    __table_args__ = (
        sa.UniqueConstraint("book_id", "source_id", "source", name="uq_txn_source"),
        sa.Index("ix_txn_recorded_at", "recorded_at", postgresql_using="brin"),
    )

    book_id: int = Field(sa_column=sa.Column(BIGINT, primary_key=True, autoincrement=False))
    no: int = Field(sa_column=sa.Column(BIGINT, primary_key=True, autoincrement=False))
    source: int = Field(sa_type=SMALLINT)
    source_id: str = Field(sa_type=sa.Uuid)
    effective_at: datetime = Field(sa_type=Timestamp)
    recorded_at: datetime = Field(sa_type=Timestamp)


class PostingRow(SQLModel, table=True):
    """One amount from a credited to a debited code, with both balances after it."""

    __tablename__ = "posting"

    book_id: int = Field(sa_column=sa.Column(BIGINT, primary_key=True, autoincrement=False))
    no: int = Field(sa_column=sa.Column(BIGINT, primary_key=True, autoincrement=False))
    line: int = Field(sa_column=sa.Column(SMALLINT, primary_key=True, autoincrement=False))
    debit: int = Field(sa_type=SMALLINT)
    credit: int = Field(sa_type=SMALLINT)
    asset: int = Field(sa_type=SMALLINT)
    amount: int = Field(sa_type=BIGINT)
    debit_after: int = Field(sa_type=BIGINT)
    credit_after: int = Field(sa_type=BIGINT)


class Balance(SQLModel, table=True):
    """What one code of a book comes to, on the code's own side; never below `floor`."""

    __tablename__ = "balance"

    book_id: int = Field(sa_column=sa.Column(BIGINT, primary_key=True, autoincrement=False))
    code: int = Field(sa_column=sa.Column(SMALLINT, primary_key=True, autoincrement=False))
    asset: int = Field(sa_column=sa.Column(SMALLINT, primary_key=True, autoincrement=False))
    balance: int = Field(sa_type=BIGINT)
    version: int = Field(sa_type=BIGINT)
    floor: int | None = Field(default=None, sa_type=BIGINT)


class PointLot(SQLModel, table=True):
    """Points that transaction `no` earned, and how many of them are left until they expire."""

    __tablename__ = "point_lot"
    __table_args__ = (sa.Index("ix_point_lot_expires_at", "expires_at", postgresql_where=sa.text("remaining > 0")),)

    book_id: int = Field(sa_column=sa.Column(BIGINT, primary_key=True, autoincrement=False))
    no: int = Field(sa_column=sa.Column(BIGINT, primary_key=True, autoincrement=False))
    earned: int = Field(sa_type=BIGINT)
    remaining: int = Field(sa_type=BIGINT)
    expires_at: datetime = Field(sa_type=Timestamp)


class PointLotUse(SQLModel, table=True):
    """How many points transaction `no` took out of a lot; negative when it gave them back."""

    __tablename__ = "point_lot_use"

    book_id: int = Field(sa_column=sa.Column(BIGINT, primary_key=True, autoincrement=False))
    no: int = Field(sa_column=sa.Column(BIGINT, primary_key=True, autoincrement=False))
    lot_no: int = Field(sa_column=sa.Column(BIGINT, primary_key=True, autoincrement=False))
    points: int = Field(sa_type=BIGINT)


class LedgerRollup(SQLModel, table=True):
    """Sums over all books of what was recorded before the horizon."""

    __tablename__ = "ledger_rollup"

    code: int = Field(sa_column=sa.Column(SMALLINT, primary_key=True, autoincrement=False))
    asset: int = Field(sa_column=sa.Column(SMALLINT, primary_key=True, autoincrement=False))
    balance: Decimal = Field(sa_type=sa.Numeric(30))


class LedgerCheck(SQLModel, table=True):
    """How far a check of the books has come, and what its last whole round found."""

    __tablename__ = "ledger_check"

    name: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    next_from: int | None = Field(default=None, sa_type=BIGINT)
    found: int = Field(default=0, sa_column_kwargs={"server_default": sa.text("0")})
    started_at: datetime | None = Field(default=None, sa_type=Timestamp)
    violations: int = Field(default=0, sa_column_kwargs={"server_default": sa.text("0")})
    finished_at: datetime | None = Field(default=None, sa_type=Timestamp)


class LedgerHorizon(SQLModel, table=True):
    """Up to when the roll-up is complete; one row."""

    __tablename__ = "ledger_horizon"

    id: int = Field(
        default=1,
        sa_column=sa.Column(SMALLINT, primary_key=True, autoincrement=False, server_default=sa.text("1")),
    )
    horizon: datetime = Field(sa_type=Timestamp)
    candidate: datetime | None = Field(default=None, sa_type=Timestamp)
    candidate_xid: int | None = Field(default=None, sa_type=BIGINT)
