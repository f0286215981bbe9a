"""Tables of orders, attempts, parts, suspense, quotes, and what is known of providers."""

import enum
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from core.crypto.sealed import sealed
from core.db import Timestamp, text_enum
from services.payments.ports import DEFAULT_MERCHANT, Method


class OrderState(enum.StrEnum):
    """Where an order stands."""

    OPEN = "open"
    PAID = "paid"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    FAILED = "failed"


class AttemptState(enum.StrEnum):
    """Where an attempt stands. UNKNOWN: the provider was asked and its answer was lost."""

    CREATED = "created"
    PREPARED = "prepared"
    PENDING = "pending"
    UNKNOWN = "unknown"
    PAID = "paid"
    CLOSED = "closed"
    FAILED = "failed"


class PartOutcome(enum.StrEnum):
    """What became of a part."""

    OPEN = "open"
    BOOKED = "booked"
    SUSPENDED = "suspended"


class SuspenseReason(enum.StrEnum):
    """Why money has no place."""

    UNKNOWN_ORDER = "unknown_order"
    AMOUNT_DIFFERS = "amount_differs"
    SETTLING_FAILED = "settling_failed"
    SECOND_TRANSACTION = "second_transaction"
    TRANSACTION_CLAIMED = "transaction_claimed"


class SuspenseState(enum.StrEnum):
    """Whether somebody still has to decide."""

    OPEN = "open"
    ASSIGNED = "assigned"
    RETURNED = "returned"
    MATCHED = "matched"


class RefundState(enum.StrEnum):
    """Where a refund stands. ABNORMAL: the payer's side does not take it, and people must see to it.

    CONTESTED: given up, and taken all the same when its sum had another place; people decide. LOST: the supplier pays.
    """

    APPROVED = "approved"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    ABNORMAL = "abnormal"
    CONTESTED = "contested"
    LOST = "lost"


class PaymentOrder(SQLModel, table=True):
    """What somebody wants to pay."""

    __tablename__ = "payment_order"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    payment_no: str = Field(sa_type=sa.Text, unique=True)
    payer_user_id: UUID | None = Field(default=None, sa_type=sa.Uuid)
    quote_id: UUID | None = Field(default=None, sa_type=sa.Uuid)
    provider: str = Field(sa_type=sa.Text)
    method: Method = Field(sa_type=text_enum(Method))
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str = Field(sa_type=sa.Text)
    state: OrderState = Field(sa_type=text_enum(OrderState))
    created_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    paid_at: datetime | None = Field(default=None, sa_type=Timestamp)


class PaymentAttempt(SQLModel, table=True):
    """One number at a provider."""

    __tablename__ = "payment_attempt"
    __table_args__ = (sa.UniqueConstraint("order_id", "no"),)

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    order_id: UUID = Field(sa_type=sa.Uuid, foreign_key="payment_order.id")
    no: int = Field(sa_type=sa.SmallInteger)
    provider: str = Field(sa_type=sa.Text)
    merchant: str = Field(
        default=DEFAULT_MERCHANT, sa_type=sa.Text, sa_column_kwargs={"server_default": DEFAULT_MERCHANT}
    )
    method: Method = Field(sa_type=text_enum(Method))
    out_trade_no: str = Field(sa_type=sa.Text, unique=True)
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str = Field(sa_type=sa.Text)
    state: AttemptState = Field(sa_type=text_enum(AttemptState))
    request_sealed: bytes = Field(sa_type=sealed(owner="'attempt:' || r.id"))
    request_hash: bytes = Field(sa_type=sa.LargeBinary)
    chosen_nos: list[str] | None = Field(default=None, sa_type=sa.ARRAY(sa.Text))
    answer: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    refused_reason: str | None = Field(default=None, sa_type=sa.Text)
    transaction_id: str | None = Field(default=None, sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    paid_at: datetime | None = Field(default=None, sa_type=Timestamp)
    next_check_at: datetime | None = Field(default=None, sa_type=Timestamp)
    asked_at: datetime | None = Field(default=None, sa_type=Timestamp)
    checks: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})
    failures: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})


class PaymentPart(SQLModel, table=True):
    """What an attempt is for."""

    __tablename__ = "payment_part"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="account.id")
    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    attempt_id: UUID = Field(sa_type=sa.Uuid, foreign_key="payment_attempt.id")
    book_id: int = Field(sa_type=sa.BigInteger, foreign_key="book.id")
    payable_kind: str | None = Field(default=None, sa_type=sa.Text)
    payable_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    payable_no: str | None = Field(default=None, sa_type=sa.Text)
    amount_minor: int = Field(sa_type=sa.BigInteger)
    taken_minor: int | None = Field(default=None, sa_type=sa.BigInteger)
    outcome: PartOutcome = Field(
        default=PartOutcome.OPEN, sa_type=text_enum(PartOutcome), sa_column_kwargs={"server_default": "open"}
    )


class PaymentSuspense(SQLModel, table=True):
    """Money that came and has no place yet; without a book, one more order that says the same money is its own."""

    __tablename__ = "payment_suspense"

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    reason: SuspenseReason = Field(sa_type=text_enum(SuspenseReason))
    provider: str = Field(sa_type=sa.Text)
    merchant: str = Field(
        default=DEFAULT_MERCHANT, sa_type=sa.Text, sa_column_kwargs={"server_default": DEFAULT_MERCHANT}
    )
    out_trade_no: str = Field(sa_type=sa.Text)
    transaction_id: str = Field(sa_type=sa.Text)
    order_id: UUID | None = Field(default=None, sa_type=sa.Uuid, foreign_key="payment_order.id")
    attempt_id: UUID | None = Field(default=None, sa_type=sa.Uuid, foreign_key="payment_attempt.id")
    account_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    part_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    book_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="book.id")
    source_id: UUID | None = Field(default=None, sa_type=sa.Uuid)
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str = Field(sa_type=sa.Text)
    paid_at: datetime = Field(sa_type=Timestamp)
    created_at: datetime = Field(sa_type=Timestamp)
    state: SuspenseState = Field(sa_type=text_enum(SuspenseState))
    assigned_account_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="account.id")
    assignment_id: UUID | None = Field(default=None, sa_type=sa.Uuid)
    assigned_by: UUID | None = Field(default=None, sa_type=sa.Uuid)
    assigned_at: datetime | None = Field(default=None, sa_type=Timestamp)
    refund_id: UUID | None = Field(default=None, sa_type=sa.Uuid)
    matched_by: UUID | None = Field(default=None, sa_type=sa.Uuid, foreign_key="staff.id")
    matched_at: datetime | None = Field(default=None, sa_type=Timestamp)
    matched_why: str | None = Field(default=None, sa_type=sa.Text)
    settled: list[dict[str, Any]] | None = Field(default=None, sa_type=JSONB)
    unassigned_at: datetime | None = Field(default=None, sa_type=Timestamp)
    put_back: list[dict[str, Any]] | None = Field(default=None, sa_type=JSONB)
    unit_ids: list[int] = Field(
        default_factory=list, sa_type=ARRAY(sa.Integer), sa_column_kwargs={"server_default": sa.text("'{}'")}
    )


class PaymentRefund(SQLModel, table=True):
    """Money on its way back to whoever paid it."""

    __tablename__ = "payment_refund"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    out_refund_no: str = Field(sa_type=sa.Text, unique=True)
    suspense_id: int = Field(sa_type=sa.BigInteger)
    provider: str = Field(sa_type=sa.Text)
    merchant: str = Field(
        default=DEFAULT_MERCHANT, sa_type=sa.Text, sa_column_kwargs={"server_default": DEFAULT_MERCHANT}
    )
    transaction_id: str = Field(sa_type=sa.Text)
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str = Field(sa_type=sa.Text)
    book_id: int = Field(sa_type=sa.BigInteger, foreign_key="book.id")
    posting_id: UUID = Field(sa_type=sa.Uuid)
    request: bytes = Field(sa_type=sa.LargeBinary)
    state: RefundState = Field(sa_type=text_enum(RefundState))
    refund_id: str | None = Field(default=None, sa_type=sa.Text)
    refused_reason: str | None = Field(default=None, sa_type=sa.Text)
    contested_told: str | None = Field(default=None, sa_type=sa.Text)
    decided_by: UUID | None = Field(default=None, sa_type=sa.Uuid, foreign_key="staff.id")
    decided_why: str | None = Field(default=None, sa_type=sa.Text)
    why: str = Field(sa_type=sa.Text)
    requested_by: UUID = Field(sa_type=sa.Uuid)
    approved_by: UUID | None = Field(default=None, sa_type=sa.Uuid)
    created_at: datetime = Field(sa_type=Timestamp)
    unanswered_since: datetime | None = Field(default=None, sa_type=Timestamp)
    started_at: datetime | None = Field(default=None, sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)
    next_check_at: datetime | None = Field(default=None, sa_type=Timestamp)
    checks: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})
    failures: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})


class PaymentQuote(SQLModel, table=True):
    """Leave to pay for somebody else's account."""

    __tablename__ = "payment_quote"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    user_id: UUID = Field(sa_type=sa.Uuid)
    account_id: int = Field(sa_type=sa.BigInteger, foreign_key="account.id")
    created_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    used_at: datetime | None = Field(default=None, sa_type=Timestamp)


class PaymentQuoteFailure(SQLModel, table=True):
    """A wrong guess of number and name."""

    __tablename__ = "payment_quote_failure"

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    user_id: UUID = Field(sa_type=sa.Uuid)
    address_blind: bytes = Field(sa_type=sa.LargeBinary)
    account_no: str = Field(sa_type=sa.Text)
    failed_at: datetime = Field(sa_type=Timestamp)


class PaymentProviderHealth(SQLModel, table=True):
    """Failures of a provider in a row, when it answered last (to the minute), and when it did not."""

    __tablename__ = "payment_provider_health"

    provider: str = Field(sa_type=sa.Text, primary_key=True)
    failures: int = Field(sa_type=sa.Integer)
    open_until: datetime | None = Field(default=None, sa_type=Timestamp)
    answered_at: datetime | None = Field(default=None, sa_type=Timestamp)
    failed_at: datetime | None = Field(default=None, sa_type=Timestamp)


class PaymentProviderCertificate(SQLModel, table=True):
    """A platform certificate."""

    __tablename__ = "payment_provider_certificate"

    provider: str = Field(sa_type=sa.Text, primary_key=True)
    serial: str = Field(sa_type=sa.Text, primary_key=True)
    pem: str = Field(sa_type=sa.Text)
    valid_from: datetime = Field(sa_type=Timestamp)
    valid_to: datetime = Field(sa_type=Timestamp)


class PaymentCallbackRefusal(SQLModel, table=True):
    """Forged callbacks of one day, counted."""

    __tablename__ = "payment_callback_refusal"

    day: date = Field(sa_type=sa.Date, primary_key=True)
    source: str = Field(sa_type=sa.Text, primary_key=True)
    reason: str = Field(sa_type=sa.Text, primary_key=True)
    refusals: int = Field(sa_type=sa.BigInteger)


NO_POSTING: Final = "00000000-0000-0000-0000-000000000000"
"""Of facts that part or sum alone tell apart."""


class FeedKind(enum.StrEnum):
    """How a fact moved money: in, in without a place, from there to an account and back, or to its payer."""

    BOOKED = "booked"
    SUSPENDED = "suspended"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    RETURNED = "returned"
    RETURN_FAILED = "return_failed"


class PaymentFeedPending(SQLModel, table=True):
    """A fact that has no number in the feed yet."""

    __tablename__ = "payment_feed_pending"

    kind: FeedKind = Field(sa_type=text_enum(FeedKind), primary_key=True)
    ref: int = Field(sa_column=sa.Column(sa.BigInteger, primary_key=True, autoincrement=False))
    posting_id: UUID = Field(sa_type=sa.Uuid, primary_key=True, sa_column_kwargs={"server_default": NO_POSTING})
    account_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    noted_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})


class PaymentFeed(SQLModel, table=True):
    """A numbered fact."""

    __tablename__ = "payment_feed"
    __table_args__ = (
        sa.UniqueConstraint("kind", "ref", "posting_id"),
        sa.Index("ix_payment_feed_recorded_at", "recorded_at", postgresql_using="brin"),
    )

    no: int = Field(sa_column=sa.Column(sa.BigInteger, primary_key=True, autoincrement=False))
    unit_id: int | None = Field(default=None, sa_type=sa.Integer, foreign_key="unit.id")
    kind: FeedKind = Field(sa_type=text_enum(FeedKind))
    ref: int = Field(sa_type=sa.BigInteger)
    posting_id: UUID = Field(sa_type=sa.Uuid, sa_column_kwargs={"server_default": NO_POSTING})
    id: UUID = Field(sa_type=sa.Uuid, sa_column_kwargs={"server_default": sa.text("uuidv7()")})
    account_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="account.id")
    attempt_id: UUID | None = Field(default=None, sa_type=sa.Uuid)
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str = Field(sa_type=sa.Text)
    settled: list[dict[str, Any]] = Field(sa_column=sa.Column(JSONB, nullable=False))
    effective_at: datetime = Field(sa_type=Timestamp)
    recorded_at: datetime = Field(sa_type=Timestamp)


class PaymentFeedState(SQLModel, table=True):
    """The last number given, and which accounts' older payments are still to be noted."""

    __tablename__ = "payment_feed_state"

    id: int = Field(
        default=1,
        sa_column=sa.Column(sa.SmallInteger, primary_key=True, autoincrement=False, server_default=sa.text("1")),
    )
    last_no: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": sa.text("0")})
    fill_from: int | None = Field(default=None, sa_type=sa.BigInteger)
    fill_to: int | None = Field(default=None, sa_type=sa.BigInteger)
