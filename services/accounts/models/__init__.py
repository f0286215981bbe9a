"""Tables of units, customers, accounts and grants."""

import enum
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from core.crypto.sealed import sealed
from core.db import Timestamp, text_enum


class UnitKind(enum.StrEnum):
    """Levels of the supplier's tree."""

    PROVINCE = "province"
    CITY = "city"
    BRANCH = "branch"
    STATION = "station"


class CustomerKind(enum.StrEnum):
    """Who may hold an account."""

    PERSON = "person"
    BUSINESS = "business"


class AccountClass(enum.StrEnum):
    """What the electricity is used for; tariffs follow it."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    INDUSTRIAL = "industrial"
    AGRICULTURAL = "agricultural"


class AccountState(enum.StrEnum):
    """Life of an account."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class ContactKind(enum.StrEnum):
    """How a contact point is reached."""

    PHONE = "phone"
    EMAIL = "email"


class Role(enum.StrEnum):
    """What a grant allows: an owner also pays, a payer also views."""

    OWNER = "owner"
    PAYER = "payer"
    VIEWER = "viewer"


class Scope(enum.StrEnum):
    """What a grant shows: bills with all their lines, or their totals alone."""

    FULL = "full"
    TOTALS = "totals"


class EndedWhy(enum.StrEnum):
    """Why a grant ended before its time."""

    GIVEN_UP = "given_up"
    REVOKED = "revoked"
    REPLACED = "replaced"
    GIVER_GONE = "giver_gone"
    HOLDER_CHANGED = "holder_changed"


class InvitationState(enum.StrEnum):
    """Life of an invitation; an open one past its week is over too."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


def _identity(kind: type[sa.types.TypeEngine[int]] = sa.BigInteger) -> sa.Column[int]:
    return sa.Column(kind, sa.Identity(always=True), primary_key=True)


class Unit(SQLModel, table=True):
    """A place in the supplier's tree."""

    __tablename__ = "unit"

    id: int | None = Field(default=None, sa_column=_identity(sa.Integer))
    code: str = Field(sa_type=sa.Text, unique=True)
    parent_id: int | None = Field(default=None, sa_type=sa.Integer, foreign_key="unit.id")
    kind: UnitKind = Field(sa_type=text_enum(UnitKind))
    name: str = Field(sa_type=sa.Text)
    path: str = Field(sa_type=sa.Text, unique=True)


class Customer(SQLModel, table=True):
    """A person or a business; everything personal is sealed."""

    __tablename__ = "customer"

    id: int | None = Field(default=None, sa_column=_identity())
    customer_no: str = Field(sa_type=sa.Text, unique=True)
    kind: CustomerKind = Field(sa_type=text_enum(CustomerKind))
    name_sealed: bytes = Field(sa_type=sealed(owner="'customer:' || r.customer_no"))
    name_masked: str = Field(sa_type=sa.Text)
    tokens: list[bytes] = Field(sa_column=sa.Column(ARRAY(sa.LargeBinary), nullable=False))
    fingerprint: bytes = Field(sa_type=sa.LargeBinary)
    erased_at: datetime | None = Field(default=None, sa_type=Timestamp)
    last_left_at: datetime | None = Field(default=None, sa_type=Timestamp)


class ContactPoint(SQLModel, table=True):
    """Where a customer wants messages."""

    __tablename__ = "contact_point"

    customer_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="customer.id")
    id: int = Field(sa_type=sa.SmallInteger, primary_key=True)
    kind: ContactKind = Field(sa_type=text_enum(ContactKind))
    address_sealed: bytes = Field(
        sa_type=sealed(owner="'customer:' || (select c.customer_no from customer c where c.id = r.customer_id)")
    )
    address_blind: bytes = Field(sa_type=sa.LargeBinary)
    address_masked: str = Field(sa_type=sa.Text)
    locale: str = Field(sa_type=sa.Text)


class Premises(SQLModel, table=True):
    """A place of supply: district, street and building in clear, the door sealed."""

    __tablename__ = "premises"

    id: int | None = Field(default=None, sa_column=_identity())
    premises_no: str = Field(sa_type=sa.Text, unique=True)
    district: str = Field(sa_type=sa.Text)
    street: str = Field(sa_type=sa.Text)
    building: str = Field(sa_type=sa.Text)
    door_sealed: bytes | None = Field(default=None, sa_type=sealed(owner="'premises:' || r.premises_no"))
    fingerprint: bytes = Field(sa_type=sa.LargeBinary)


class Account(SQLModel, table=True):
    """What is billed and paid."""

    __tablename__ = "account"

    id: int | None = Field(default=None, sa_column=_identity())
    account_no: str = Field(sa_type=sa.Text, unique=True)
    unit_id: int = Field(sa_type=sa.Integer, foreign_key="unit.id")
    customer_id: int = Field(sa_type=sa.BigInteger, foreign_key="customer.id")
    premises_id: int = Field(sa_type=sa.BigInteger, foreign_key="premises.id")
    account_class: AccountClass = Field(sa_column=sa.Column("class", text_enum(AccountClass), nullable=False))
    state: AccountState = Field(sa_type=text_enum(AccountState))
    currency: str = Field(sa_type=sa.Text)
    last_bill_minor: int | None = Field(default=None, sa_type=sa.BigInteger)
    last_bill_issued: date | None = Field(default=None, sa_type=sa.Date)
    amounts_shown_until: datetime | None = Field(default=None, sa_type=Timestamp)
    last_bill_told_at: datetime | None = Field(default=None, sa_type=Timestamp)
    holder_since: date | None = Field(default=None, sa_type=sa.Date)


class AccountSearch(SQLModel, table=True):
    """What an account is found by, bound to its unit; written by triggers alone."""

    __tablename__ = "account_search"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True)
    unit_id: int = Field(sa_type=sa.Integer)
    account_no: str = Field(sa_type=sa.Text)
    terms: list[int] = Field(sa_column=sa.Column(ARRAY(sa.BigInteger), nullable=False))


class Agreement(SQLModel, table=True):
    """An account's tariff from one day up to, not including, another."""

    __tablename__ = "agreement"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="account.id")
    id: int = Field(sa_type=sa.SmallInteger, primary_key=True)
    tariff_code: str = Field(sa_type=sa.Text)
    is_prepaid: bool
    valid_from: date = Field(sa_type=sa.Date)
    valid_to: date | None = Field(default=None, sa_type=sa.Date)


class HolderBefore(SQLModel, table=True):
    """Since when an account had a holder who left again; written by triggers alone."""

    __tablename__ = "holder_before"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="account.id")
    since: date = Field(sa_type=sa.Date, primary_key=True)


class HoldingChange(SQLModel, table=True):
    """A day on which an agreement or a holder begins or ends now, or did before; written by triggers alone."""

    __tablename__ = "holding_change"

    id: int | None = Field(default=None, sa_column=_identity())
    account_id: int = Field(sa_type=sa.BigInteger)
    on_day: date = Field(sa_type=sa.Date)


class Entitlement(SQLModel, table=True):
    """What tariffs ask of an account, from one day up to, not including, another.

    `persons`, `contract_kw` and `transformer_kva` are numbers; every other kind is a flag, whose value is 1.
    `customer_id` held the account when it was written.
    """

    __tablename__ = "entitlement"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="account.id")
    id: int = Field(sa_type=sa.SmallInteger, primary_key=True)
    customer_id: int = Field(sa_type=sa.BigInteger, foreign_key="customer.id")
    kind: str = Field(sa_type=sa.Text)
    value: Decimal = Field(sa_type=sa.Numeric(12, 3))
    valid_from: date = Field(sa_type=sa.Date)
    valid_to: date | None = Field(default=None, sa_type=sa.Date)
    document: str = Field(default="", sa_type=sa.Text, sa_column_kwargs={"server_default": ""})
    recorded_at: datetime = Field(sa_type=Timestamp)


class Meter(SQLModel, table=True):
    """A meter that measures for an account from one day up to, not including, another; nobody said what is empty.

    A number is at one account at a time.
    """

    __tablename__ = "meter"

    id: int | None = Field(default=None, sa_column=_identity())
    meter_no: str = Field(sa_type=sa.Text)
    account_id: int = Field(sa_type=sa.BigInteger, foreign_key="account.id")
    installed_on: date | None = Field(default=None, sa_type=sa.Date)
    removed_on: date | None = Field(default=None, sa_type=sa.Date)


class AccessGrant(SQLModel, table=True):
    """What one person may do with one account, and for how long."""

    __tablename__ = "access_grant"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    user_id: UUID = Field(sa_type=sa.Uuid, foreign_key="app_user.id")
    account_id: int = Field(sa_type=sa.BigInteger, foreign_key="account.id")
    role: Role = Field(sa_type=text_enum(Role))
    valid_from: datetime = Field(sa_type=Timestamp)
    valid_to: datetime | None = Field(default=None, sa_type=Timestamp)
    revoked_at: datetime | None = Field(default=None, sa_type=Timestamp)
    scope: Scope = Field(default=Scope.FULL, sa_type=text_enum(Scope), sa_column_kwargs={"server_default": "full"})
    granted_by: UUID | None = Field(default=None, sa_type=sa.Uuid, foreign_key="app_user.id")
    ended_why: EndedWhy | None = Field(default=None, sa_type=text_enum(EndedWhy))
    ended_holder_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="customer.id")


class AccessInvitation(SQLModel, table=True):
    """An owner asks somebody, known by a telephone, to pay or view."""

    __tablename__ = "access_invitation"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    account_id: int = Field(sa_type=sa.BigInteger, foreign_key="account.id")
    invited_by: UUID = Field(sa_type=sa.Uuid, foreign_key="app_user.id")
    phone_sealed: bytes | None = Field(default=None, sa_type=sealed(owner="'invitation:' || r.id"))
    phone_blind: bytes = Field(sa_type=sa.LargeBinary)
    phone_masked: str = Field(sa_type=sa.Text)
    role: Role = Field(sa_type=text_enum(Role))
    scope: Scope = Field(sa_type=text_enum(Scope))
    access_until: datetime | None = Field(default=None, sa_type=Timestamp)
    state: InvitationState = Field(sa_type=text_enum(InvitationState))
    created_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)


class AccountGroup(SQLModel, table=True):
    """Accounts that a person put together, under a name of their own."""

    __tablename__ = "account_group"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    user_id: UUID = Field(sa_type=sa.Uuid, foreign_key="app_user.id")
    name: str = Field(sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Timestamp)


class AccountGroupMember(SQLModel, table=True):
    """An account that was put into a group. Whether it still belongs there, `account_group_members` decides."""

    __tablename__ = "account_group_member"

    group_id: UUID = Field(sa_type=sa.Uuid, primary_key=True, foreign_key="account_group.id", ondelete="CASCADE")
    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="account.id")


class LinkFailure(SQLModel, table=True):
    """A proof of ownership that did not hold."""

    __tablename__ = "link_failure"

    id: int | None = Field(default=None, sa_column=_identity())
    user_id: UUID = Field(sa_type=sa.Uuid)
    account_no: str = Field(sa_type=sa.Text)
    failed_at: datetime = Field(sa_type=Timestamp)


class StaffRoleRow(SQLModel, table=True):
    """A role that staff may be granted."""

    __tablename__ = "staff_role"

    code: str = Field(sa_type=sa.Text, primary_key=True)


class StaffRolePermission(SQLModel, table=True):
    """What a role allows."""

    __tablename__ = "staff_role_permission"

    role: str = Field(sa_type=sa.Text, primary_key=True, foreign_key="staff_role.code")
    permission: str = Field(sa_type=sa.Text, primary_key=True)


class StaffGrant(SQLModel, table=True):
    """A role of a member of staff in one unit and everything below it, and for how long."""

    __tablename__ = "staff_grant"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    staff_id: UUID = Field(sa_type=sa.Uuid)
    role: str = Field(sa_type=sa.Text, foreign_key="staff_role.code")
    unit_id: int = Field(sa_type=sa.Integer, foreign_key="unit.id")
    valid_from: datetime = Field(sa_type=Timestamp)
    valid_to: datetime | None = Field(default=None, sa_type=Timestamp)
    granted_by: UUID | None = Field(default=None, sa_type=sa.Uuid)
    granted_at: datetime = Field(sa_type=Timestamp)
    revoked_at: datetime | None = Field(default=None, sa_type=Timestamp)
    revoked_by: UUID | None = Field(default=None, sa_type=sa.Uuid)


class AccountProfile(SQLModel, table=True):
    """What was told of an account, and when it was confirmed last."""

    __tablename__ = "account_profile"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="account.id")
    contact_by: str | None = Field(default=None, sa_type=sa.Text)
    household_size: int | None = Field(default=None, sa_type=sa.SmallInteger)
    has_ev_charger: bool | None = None
    has_heat_pump: bool | None = None
    has_solar: bool | None = None
    has_storage: bool | None = None
    has_generator: bool | None = None
    confirmed_at: datetime = Field(sa_type=Timestamp)
    confirmed_by: str = Field(sa_type=sa.Text)


class DataCorrection(SQLModel, table=True):
    """A correction of locked data: proposed, applied, holding against files."""

    __tablename__ = "data_correction"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    account_id: int = Field(sa_type=sa.BigInteger, foreign_key="account.id")
    customer_id: int = Field(sa_type=sa.BigInteger, foreign_key="customer.id")
    field: str = Field(sa_type=sa.Text)
    before_shown: str = Field(sa_type=sa.Text)
    after_shown: str = Field(sa_type=sa.Text)
    after_sealed: bytes | None = Field(default=None, sa_type=sealed(owner="'data_correction:' || r.id"))
    file_said: str | None = Field(default=None, sa_type=sa.Text)
    premises_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="premises.id")
    effective_on: date | None = Field(default=None, sa_type=sa.Date)
    document: str = Field(default="", sa_type=sa.Text, sa_column_kwargs={"server_default": ""})
    before_said: str | None = Field(default=None, sa_type=sa.Text)
    proposed_at: datetime = Field(sa_type=Timestamp)
    applied_at: datetime | None = Field(default=None, sa_type=Timestamp)


class AccountGap(SQLModel, table=True):
    """What is missing of an account, as bits of the catalogue."""

    __tablename__ = "account_gap"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="account.id")
    unit_id: int = Field(sa_type=sa.Integer, foreign_key="unit.id")
    gaps: int = Field(sa_type=sa.Integer)


class UnitQuality(SQLModel, table=True):
    """What was counted of a unit's own accounts on one day."""

    __tablename__ = "unit_quality"

    unit_id: int = Field(sa_type=sa.Integer, primary_key=True, foreign_key="unit.id")
    day: date = Field(sa_type=sa.Date, primary_key=True)
    accounts: int = Field(sa_type=sa.BigInteger)
    level1_whole: int = Field(sa_type=sa.BigInteger)
    level2_expected: int = Field(sa_type=sa.BigInteger)
    level2_met: int = Field(sa_type=sa.BigInteger)
    fresh: int = Field(sa_type=sa.BigInteger)


class QualityRound(SQLModel, table=True):
    """How far a day's count has come."""

    __tablename__ = "quality_round"

    day: date = Field(sa_type=sa.Date, primary_key=True)
    next_from: int | None = Field(default=None, sa_type=sa.BigInteger)


class AccountNote(SQLModel, table=True):
    """What a member of staff wrote about an account, and about whoever held it then: a trigger says who.

    `text` is what an earlier release wrote in clear and nobody has sealed yet; empty otherwise.
    """

    __tablename__ = "account_note"

    account_id: int = Field(sa_type=sa.BigInteger, primary_key=True, foreign_key="account.id")
    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    written_by: UUID = Field(sa_type=sa.Uuid)
    written_at: datetime = Field(sa_type=Timestamp)
    text: str = Field(sa_type=sa.Text, sa_column_kwargs={"server_default": ""})
    text_sealed: bytes | None = Field(default=None, sa_type=sealed(owner="'account_note:' || r.id"))
    customer_id: int = Field(sa_type=sa.BigInteger, foreign_key="customer.id")
    erased_at: datetime | None = Field(default=None, sa_type=Timestamp)


class ServiceUnit(SQLModel, table=True):
    """A part of the supplier in which a program may read and write what its scopes allow."""

    __tablename__ = "service_unit"

    service_client_id: UUID = Field(sa_type=sa.Uuid, primary_key=True, foreign_key="service_client.id")
    unit_id: int = Field(sa_type=sa.Integer, primary_key=True, foreign_key="unit.id")
    granted_at: datetime = Field(sa_type=Timestamp)


class AccountLook(SQLModel, table=True):
    """A member of staff sees an account as one of its people does, for a while."""

    __tablename__ = "account_look"

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    staff_id: UUID = Field(sa_type=sa.Uuid)
    session_id: UUID = Field(sa_type=sa.Uuid)
    account_id: int = Field(sa_type=sa.BigInteger, foreign_key="account.id")
    grant_id: UUID = Field(sa_type=sa.Uuid)
    begun_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)
