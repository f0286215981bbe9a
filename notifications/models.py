"""Tables of messages."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from core.crypto.sealed import sealed
from core.db import Timestamp, text_enum
from notifications.states import Channel, Source, State


class MessageRow(SQLModel, table=True):
    """One fact told to one recipient by one channel."""

    __tablename__ = "message"

    owner: str = Field(sa_type=sa.Text, primary_key=True)
    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    channel: Channel = Field(sa_type=text_enum(Channel))
    intent: str = Field(sa_type=sa.Text)
    template: str = Field(sa_type=sa.Text)
    priority: int = Field(sa_type=sa.SmallInteger)
    params: dict[str, Any] = Field(sa_type=JSONB)
    about_user: UUID | None = Field(default=None, foreign_key="app_user.id", sa_type=sa.Uuid)
    account_ids: list[int] = Field(sa_type=ARRAY(sa.BigInteger), sa_column_kwargs={"server_default": sa.text("'{}'")})
    locale: str = Field(sa_type=sa.Text)
    link: str | None = Field(default=None, sa_type=sa.Text)
    state: State = Field(sa_type=text_enum(State))
    address_sealed: bytes | None = Field(default=None, sa_type=sealed(owner="r.owner"))
    address_blind: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    address_masked: str | None = Field(default=None, sa_type=sa.Text)
    attempts: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})
    due_at: datetime | None = Field(default=None, sa_type=Timestamp)
    lease_token: UUID | None = Field(default=None, sa_type=sa.Uuid)
    provider_ref: str | None = Field(default=None, sa_type=sa.Text)
    error_code: str | None = Field(default=None, sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
    expires_at: datetime = Field(sa_type=Timestamp)
    accepted_at: datetime | None = Field(default=None, sa_type=Timestamp)
    finished_at: datetime | None = Field(default=None, sa_type=Timestamp)
    read_at: datetime | None = Field(default=None, sa_type=Timestamp)


class AttemptRow(SQLModel, table=True):
    """The intent to call a provider once. Append-only."""

    __tablename__ = "message_attempt"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    owner: str = Field(sa_type=sa.Text)
    message_id: UUID = Field(sa_type=sa.Uuid)
    attempt_no: int = Field(sa_type=sa.SmallInteger)
    provider: str = Field(sa_type=sa.Text)
    started_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})


class FindingRow(SQLModel, table=True):
    """One thing learned about an attempt. Append-only."""

    __tablename__ = "message_finding"

    attempt_id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    source: Source = Field(sa_type=text_enum(Source))
    finding: str = Field(sa_type=sa.Text)
    code: str | None = Field(default=None, sa_type=sa.Text)
    provider_ref: str | None = Field(default=None, sa_type=sa.Text)
    request_ref: str | None = Field(default=None, sa_type=sa.Text)
    learned_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
