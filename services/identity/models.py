"""Tables of people, codes and sessions."""

import enum
from datetime import date, datetime
from ipaddress import IPv4Network, IPv6Network
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, CIDR
from sqlmodel import Field, SQLModel

from core.crypto.sealed import sealed
from core.db import Timestamp, text_enum
from services.identity.ports import ConsentDecision, ConsentPurpose, Edge, Purpose


class UserKind(enum.StrEnum):
    """What kind of person or program signs in."""

    USER = "user"


class ChallengeState(enum.StrEnum):
    """Life of a one-time code."""

    OPEN = "open"
    USED = "used"
    BURNT = "burnt"
    VOIDED = "voided"


class LimitKind(enum.StrEnum):
    """Whose codes are counted, and what else is."""

    ADDRESS = "address"
    DEVICE = "device"
    PHONE = "phone"
    SERVICE = "service"
    LOOKUP = "lookup"


class ServiceState(enum.StrEnum):
    """Whether a program may sign in."""

    ACTIVE = "active"
    DISABLED = "disabled"


class OpenedBy(enum.StrEnum):
    """What proved the person of a session: a one-time code to their telephone, or their WeChat."""

    CODE = "code"
    WECHAT = "wechat"


class SessionKind(enum.StrEnum):
    """How a device proves itself: by tokens or by a cookie."""

    APP = "app"
    BROWSER = "browser"


class RevokedWhy(enum.StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"
    REPLACED = "replaced"
    REUSE = "reuse"


class AppUser(SQLModel, table=True):
    """A person, known by a telephone number that lies sealed."""

    __tablename__ = "app_user"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    kind: UserKind = Field(sa_type=text_enum(UserKind))
    phone_sealed: bytes = Field(sa_type=sealed(owner="'user:' || r.id"))
    phone_blind: bytes = Field(sa_type=sa.LargeBinary, unique=True)
    phone_masked: str = Field(sa_type=sa.Text)
    locale: str = Field(sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Timestamp)
    signed_in_at: datetime = Field(sa_type=Timestamp)


class OtpChallenge(SQLModel, table=True):
    """A one-time code, as a keyed hash over whom, what and where it is for."""

    __tablename__ = "otp_challenge"
    __table_args__ = (
        sa.Index("ix_otp_challenge_phone_blind", "phone_blind", "created_at"),
        sa.Index("ix_otp_challenge_created_at", "created_at"),
        sa.Index(
            "uq_otp_challenge_living",
            "phone_blind",
            "purpose",
            unique=True,
            postgresql_where=sa.text("state = 'open' and sending is distinct from 'withheld'"),
        ),
    )

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    phone_blind: bytes = Field(sa_type=sa.LargeBinary)
    device_blind: bytes = Field(sa_type=sa.LargeBinary)
    purpose: Purpose = Field(sa_type=text_enum(Purpose))
    code_hash: bytes = Field(sa_type=sa.LargeBinary)
    state: ChallengeState = Field(sa_type=text_enum(ChallengeState))
    tries: int = Field(sa_type=sa.SmallInteger)
    sending: str | None = Field(default=None, sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)


class SignInLimit(SQLModel, table=True):
    """When codes were granted to one phone, device or network, and when somebody looked others up."""

    __tablename__ = "sign_in_limit"

    kind: LimitKind = Field(sa_type=text_enum(LimitKind), primary_key=True)
    key: bytes = Field(sa_type=sa.LargeBinary, primary_key=True)
    hits: list[datetime] = Field(sa_column=sa.Column(ARRAY(sa.TIMESTAMP(timezone=True)), nullable=False))


class SignInBudget(SQLModel, table=True):
    """How many codes were sent on one day of the supplier's zone, in shards that are added up."""

    __tablename__ = "sign_in_budget"

    day: date = Field(sa_type=sa.Date, primary_key=True)
    shard: int = Field(sa_type=sa.SmallInteger, primary_key=True)
    sent: int = Field(sa_type=sa.Integer)


class SessionFamily(SQLModel, table=True):
    """A signed-in device. `opened_by` is None for those that were opened before it was kept."""

    __tablename__ = "session_family"
    __table_args__ = (
        sa.Index("ix_session_family_user_id", "user_id", postgresql_where=sa.text("revoked_at is null")),
        sa.Index("ix_session_family_expires_at", "expires_at"),
    )

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    user_id: UUID = Field(sa_type=sa.Uuid, foreign_key="app_user.id")
    kind: SessionKind = Field(sa_type=text_enum(SessionKind))
    device_name: str = Field(sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Timestamp)
    last_used_at: datetime = Field(sa_type=Timestamp)
    idle_until: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    generation: int = Field(sa_type=sa.Integer)
    rotated_at: datetime = Field(sa_type=Timestamp)
    browser_hash: bytes | None = Field(default=None, sa_type=sa.LargeBinary, unique=True)
    revoked_at: datetime | None = Field(default=None, sa_type=Timestamp)
    revoked_why: RevokedWhy | None = Field(default=None, sa_type=text_enum(RevokedWhy))
    opened_by: OpenedBy | None = Field(default=None, sa_type=text_enum(OpenedBy))


class RefreshToken(SQLModel, table=True):
    """One generation of a family's refresh token, as its hash."""

    __tablename__ = "refresh_token"
    __table_args__ = (sa.UniqueConstraint("family_id", "generation"),)

    token_hash: bytes = Field(sa_type=sa.LargeBinary, primary_key=True)
    family_id: UUID = Field(
        sa_column=sa.Column(sa.Uuid, sa.ForeignKey("session_family.id", ondelete="CASCADE"), nullable=False)
    )
    generation: int = Field(sa_type=sa.Integer)


class StaffState(enum.StrEnum):
    """Life of a member of staff."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class InvitationPurpose(enum.StrEnum):
    """What an invitation lets its holder set: all they sign in with, or the one half that the other half proves."""

    JOIN = "join"
    SECOND_FACTOR = "second_factor"
    PASSWORD = "password"  # noqa: S105 -- the name of a purpose


class StaffEndedWhy(enum.StrEnum):
    """Why a session of staff ended before its time."""

    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"
    REPLACED = "replaced"
    DISABLED = "disabled"
    RESET = "reset"
    PASSWORD = "password"  # noqa: S105 -- the name of a reason


class StaffMember(SQLModel, table=True):
    """Somebody who works at the supplier. The password lies hashed, the secret of the second factor sealed."""

    __tablename__ = "staff"
    __table_args__ = (
        sa.Index("ix_staff_invited_by", "invited_by", postgresql_where=sa.text("invited_by is not null")),
        sa.Index("ix_staff_reset_by", "reset_by", postgresql_where=sa.text("reset_by is not null")),
    )

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    name: str = Field(sa_type=sa.Text, unique=True)
    display_name: str = Field(sa_type=sa.Text)
    state: StaffState = Field(sa_type=text_enum(StaffState))
    password_hash: str | None = Field(default=None, sa_type=sa.Text)
    totp_sealed: bytes | None = Field(default=None, sa_type=sealed(owner="'staff:' || r.id"))
    totp_step: int | None = Field(default=None, sa_type=sa.BigInteger)
    failures: int = Field(sa_type=sa.Integer)
    blocked_until: datetime | None = Field(default=None, sa_type=Timestamp)
    created_at: datetime = Field(sa_type=Timestamp)
    signed_in_at: datetime | None = Field(default=None, sa_type=Timestamp)
    disabled_at: datetime | None = Field(default=None, sa_type=Timestamp)
    invited_by: UUID | None = Field(default=None, sa_type=sa.Uuid, foreign_key="staff.id")
    reset_by: UUID | None = Field(default=None, sa_type=sa.Uuid, foreign_key="staff.id")


class StaffSession(SQLModel, table=True):
    """A browser in which a member of staff is signed in."""

    __tablename__ = "staff_session"
    __table_args__ = (
        sa.Index("ix_staff_session_staff_id", "staff_id", postgresql_where=sa.text("ended_at is null")),
        sa.Index("ix_staff_session_expires_at", "expires_at"),
    )

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    staff_id: UUID = Field(sa_type=sa.Uuid, foreign_key="staff.id")
    cookie_hash: bytes = Field(sa_type=sa.LargeBinary, unique=True)
    device_name: str = Field(sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Timestamp)
    last_used_at: datetime = Field(sa_type=Timestamp)
    idle_until: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    stepped_up_at: datetime | None = Field(default=None, sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)
    ended_why: StaffEndedWhy | None = Field(default=None, sa_type=text_enum(StaffEndedWhy))


class StaffInvitation(SQLModel, table=True):
    """A one-time token, as its hash, and what may be set with it."""

    __tablename__ = "staff_invitation"
    __table_args__ = (
        sa.Index(
            "uq_staff_invitation_living",
            "staff_id",
            unique=True,
            postgresql_where=sa.text("used_at is null and voided_at is null"),
        ),
    )

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    staff_id: UUID = Field(sa_type=sa.Uuid, foreign_key="staff.id")
    purpose: InvitationPurpose = Field(sa_type=text_enum(InvitationPurpose))
    token_hash: bytes = Field(sa_type=sa.LargeBinary, unique=True)
    created_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    used_at: datetime | None = Field(default=None, sa_type=Timestamp)
    voided_at: datetime | None = Field(default=None, sa_type=Timestamp)
    told_to: UUID | None = Field(default=None, sa_type=sa.Uuid, foreign_key="staff.id")


class StaffRecoveryCode(SQLModel, table=True):
    """What stands in for the second factor, once."""

    __tablename__ = "staff_recovery_code"

    staff_id: UUID = Field(sa_type=sa.Uuid, primary_key=True, foreign_key="staff.id")
    code_hash: bytes = Field(sa_type=sa.LargeBinary, primary_key=True)
    used_at: datetime | None = Field(default=None, sa_type=Timestamp)


class StaffFilter(SQLModel, table=True):
    """A filter of a list of the console that somebody keeps under a name: the query of its address."""

    __tablename__ = "staff_filter"
    __table_args__ = (sa.UniqueConstraint("staff_id", "of_list", "name"),)

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    staff_id: UUID = Field(sa_type=sa.Uuid, foreign_key="staff.id")
    of_list: str = Field(sa_type=sa.Text)
    name: str = Field(sa_type=sa.Text)
    query: str = Field(sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Timestamp)


class StaffColumns(SQLModel, table=True):
    """What somebody does not want to see of a list of the console."""

    __tablename__ = "staff_columns"

    staff_id: UUID = Field(sa_type=sa.Uuid, primary_key=True, foreign_key="staff.id")
    of_list: str = Field(sa_type=sa.Text, primary_key=True)
    hidden: list[str] = Field(sa_column=sa.Column(ARRAY(sa.Text), nullable=False))


class Consent(SQLModel, table=True):
    """One decision about one purpose. Append-only; the newest holds."""

    __tablename__ = "consent"

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    user_id: UUID = Field(sa_type=sa.Uuid)
    purpose: ConsentPurpose = Field(sa_type=text_enum(ConsentPurpose))
    text_version: int = Field(sa_type=sa.SmallInteger)
    decision: ConsentDecision = Field(sa_type=text_enum(ConsentDecision))
    edge: Edge = Field(sa_type=text_enum(Edge))
    decided_at: datetime = Field(sa_type=Timestamp)


class WechatUnion(SQLModel, table=True):
    """Whose a unionid is: identities of one WeChat belong to one person."""

    __tablename__ = "wechat_union"
    __table_args__ = (
        sa.UniqueConstraint("unionid_blind", "user_id"),
        sa.Index("ix_wechat_union_user_id", "user_id"),
    )

    unionid_blind: bytes = Field(sa_type=sa.LargeBinary, primary_key=True)
    user_id: UUID = Field(sa_type=sa.Uuid, foreign_key="app_user.id")


class WechatIdentity(SQLModel, table=True):
    """Who a person is to one application at WeChat; the names lie sealed."""

    __tablename__ = "wechat_identity"
    __table_args__ = (
        sa.UniqueConstraint("appid", "openid_blind"),
        sa.ForeignKeyConstraint(["unionid_blind", "user_id"], ["wechat_union.unionid_blind", "wechat_union.user_id"]),
        sa.Index("ix_wechat_identity_user_id", "user_id"),
        sa.Index(
            "ix_wechat_identity_unionid_blind",
            "unionid_blind",
            postgresql_where=sa.text("unionid_blind is not null"),
        ),
    )

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    appid: str = Field(sa_type=sa.Text)
    user_id: UUID = Field(sa_type=sa.Uuid, foreign_key="app_user.id")
    openid_sealed: bytes = Field(sa_type=sealed(owner="'user:' || r.user_id"))
    openid_blind: bytes = Field(sa_type=sa.LargeBinary)
    unionid_sealed: bytes | None = Field(default=None, sa_type=sealed(owner="'user:' || r.user_id"))
    unionid_blind: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    linked_at: datetime = Field(sa_type=Timestamp)
    used_at: datetime = Field(sa_type=Timestamp)


class WechatFollower(SQLModel, table=True):
    """Who follows an official account, or did."""

    __tablename__ = "wechat_follower"
    __table_args__ = (
        sa.UniqueConstraint("appid", "openid_blind"),
        sa.Index("ix_wechat_follower_left", "changed_at", postgresql_where=sa.text("not follows")),
    )

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    appid: str = Field(sa_type=sa.Text)
    openid_blind: bytes = Field(sa_type=sa.LargeBinary)
    openid_sealed: bytes = Field(sa_type=sealed(owner="'wechat:' || r.appid"))
    follows: bool = Field(sa_type=sa.Boolean)
    changed_at: datetime = Field(sa_type=Timestamp)


class ServiceClient(SQLModel, table=True):
    """A program of the supplier."""

    __tablename__ = "service_client"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    client_id: str = Field(sa_type=sa.Text, unique=True)
    name: str = Field(sa_type=sa.Text, unique=True)
    scopes: list[str] = Field(sa_column=sa.Column(ARRAY(sa.Text), nullable=False))
    state: ServiceState = Field(sa_type=text_enum(ServiceState))
    created_at: datetime = Field(sa_type=Timestamp)
    last_used_at: datetime | None = Field(default=None, sa_type=Timestamp)
    networks: list[IPv4Network | IPv6Network] = Field(
        sa_column=sa.Column(ARRAY(CIDR), nullable=False, server_default=sa.text("'{}'"))
    )


class ServiceClientSecret(SQLModel, table=True):
    """A secret of a program, as its hash."""

    __tablename__ = "service_client_secret"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    service_client_id: UUID = Field(sa_type=sa.Uuid, foreign_key="service_client.id")
    secret_hash: bytes = Field(sa_type=sa.LargeBinary, unique=True)
    created_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime | None = Field(default=None, sa_type=Timestamp)


class DataExport(SQLModel, table=True):
    """A copy of a person's data that waits for them, or is to be made."""

    __tablename__ = "data_export"

    user_id: UUID = Field(sa_type=sa.Uuid, primary_key=True, foreign_key="app_user.id")
    id: UUID = Field(sa_type=sa.Uuid, unique=True)
    asked_at: datetime = Field(sa_type=Timestamp)
    made_at: datetime | None = Field(default=None, sa_type=Timestamp)
    expires_at: datetime | None = Field(default=None, sa_type=Timestamp)
    document_sealed: bytes | None = Field(default=None, sa_type=sealed(owner="'export:' || r.id"))
    failures: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})
    error: str | None = Field(default=None, sa_type=sa.Text)
    due_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})


class Erasure(SQLModel, table=True):
    """A person who asked to be erased, or was."""

    __tablename__ = "erasure"

    user_id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    asked_at: datetime = Field(sa_type=Timestamp)
    due_at: datetime = Field(sa_type=Timestamp)
    done_at: datetime | None = Field(default=None, sa_type=Timestamp)
    failures: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})
    error: str | None = Field(default=None, sa_type=sa.Text)
    failing_since: datetime | None = Field(default=None, sa_type=Timestamp)
