"""Tables of webhooks."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from core.crypto.sealed import sealed
from core.db import Timestamp, text_enum
from notifications.webhooks.rules import DeliveryState, EndpointState, Why

_OWNER = "'webhook:' || r.id"


class WebhookEndpointRow(SQLModel, table=True):
    """One address of a program of the supplier."""

    __tablename__ = "webhook_endpoint"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    unit_id: int = Field(sa_type=sa.Integer)
    name: str = Field(sa_type=sa.Text)
    url: str = Field(sa_type=sa.Text)
    events: list[str] = Field(sa_column=sa.Column(ARRAY(sa.Text), nullable=False))
    state: EndpointState = Field(sa_type=text_enum(EndpointState))
    disabled_why: Why | None = Field(default=None, sa_type=text_enum(Why))
    secret_sealed: bytes | None = Field(default=None, sa_type=sealed(owner=_OWNER))
    earlier_sealed: bytes | None = Field(default=None, sa_type=sealed(owner=_OWNER))
    earlier_until: datetime | None = Field(default=None, sa_type=Timestamp)
    created_at: datetime = Field(sa_type=Timestamp)
    created_by: UUID = Field(sa_type=sa.Uuid)
    disabled_at: datetime | None = Field(default=None, sa_type=Timestamp)
    due_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
    lease_token: UUID | None = Field(default=None, sa_type=sa.Uuid)
    failures: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})
    delivered_at: datetime | None = Field(default=None, sa_type=Timestamp)


class WebhookDeliveryRow(SQLModel, table=True):
    """One thing told to one address."""

    __tablename__ = "webhook_delivery"

    endpoint_id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    message_id: str = Field(sa_type=sa.Text)
    fact_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    type: str = Field(sa_type=sa.Text)
    body: str = Field(sa_type=sa.Text)
    state: DeliveryState = Field(sa_type=text_enum(DeliveryState))
    occurred_at: datetime = Field(sa_type=Timestamp)
    created_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
    waits_since: datetime | None = Field(
        default=None, sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")}
    )
    attempts: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})
    tried_at: datetime | None = Field(default=None, sa_type=Timestamp)
    status: int | None = Field(default=None, sa_type=sa.SmallInteger)
    error: str | None = Field(default=None, sa_type=sa.Text)
    delivered_at: datetime | None = Field(default=None, sa_type=Timestamp)
