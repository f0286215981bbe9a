"""Tables of casework."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from core.db import Timestamp, text_enum


class RequestState(enum.StrEnum):
    """Life of a request."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    OVERTAKEN = "overtaken"


class ApprovalRequest(SQLModel, table=True):
    """What one asks and another decides."""

    __tablename__ = "approval_request"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    kind: str = Field(sa_type=sa.Text)
    subject: str = Field(sa_type=sa.Text)
    unit_id: int = Field(sa_type=sa.Integer)
    amount_minor: int | None = Field(default=None, sa_type=sa.BigInteger)
    currency: str | None = Field(default=None, sa_type=sa.Text)
    payload: dict[str, Any] = Field(sa_type=JSONB)
    reason: str = Field(sa_type=sa.Text)
    state: RequestState = Field(sa_type=text_enum(RequestState))
    requested_by: UUID = Field(sa_type=sa.Uuid)
    requested_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    decided_by: UUID | None = Field(default=None, sa_type=sa.Uuid)
    decided_at: datetime | None = Field(default=None, sa_type=Timestamp)
    decided_why: str | None = Field(default=None, sa_type=sa.Text)
    decision_proved_at: datetime | None = Field(default=None, sa_type=Timestamp)
