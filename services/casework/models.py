"""Tables of casework."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from core.crypto.sealed import sealed
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


class FileState(enum.StrEnum):
    """Life of a list that somebody asked for as a file."""

    ASKED = "asked"
    READY = "ready"
    REFUSED = "refused"
    FAILED = "failed"


class StaffFile(SQLModel, table=True):
    """A list of the console that somebody asked for as a file.

    `unit_ids` and `is_everywhere` are where they might read it while it was written: who takes it must still.
    `is_anew`: it was whole once and is written again because somebody was erased; its day goes on.
    """

    __tablename__ = "staff_file"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    staff_id: UUID = Field(sa_type=sa.Uuid, foreign_key="staff.id")
    of_list: str = Field(sa_type=sa.Text)
    filters: dict[str, Any] = Field(sa_type=JSONB)
    tells_of_people: bool
    unit_ids: list[int] = Field(sa_column=sa.Column(ARRAY(sa.Integer), nullable=False, server_default=sa.text("'{}'")))
    is_everywhere: bool = Field(default=False, sa_column_kwargs={"server_default": sa.text("false")})
    state: FileState = Field(sa_type=text_enum(FileState))
    position: list[Any] | None = Field(default=None, sa_type=JSONB)
    piece_count: int = Field(default=0, sa_type=sa.Integer, sa_column_kwargs={"server_default": sa.text("0")})
    row_count: int = Field(default=0, sa_type=sa.Integer, sa_column_kwargs={"server_default": sa.text("0")})
    is_cut: bool = Field(default=False, sa_column_kwargs={"server_default": sa.text("false")})
    is_anew: bool = Field(default=False, sa_column_kwargs={"server_default": sa.text("false")})
    failures: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})
    asked_at: datetime = Field(sa_type=Timestamp)
    due_at: datetime | None = Field(default=None, sa_type=Timestamp)
    taken_at: datetime | None = Field(default=None, sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)


class StaffFilePiece(SQLModel, table=True):
    """Some rows of a file. Its number is sealed in, so that pieces cannot change places."""

    __tablename__ = "staff_file_piece"

    file_id: UUID = Field(sa_type=sa.Uuid, primary_key=True, foreign_key="staff_file.id", ondelete="CASCADE")
    no: int = Field(sa_type=sa.Integer, primary_key=True)
    text_sealed: bytes = Field(sa_type=sealed(owner="'file:' || r.file_id || ':' || r.no"))
