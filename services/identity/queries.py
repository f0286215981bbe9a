"""Reads of people and their signed-in devices."""

import enum
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import pyotp

from core.crypto.vault import Vault
from core.db import ReadSession, statement, view
from services.identity import rules
from services.identity.ports import CONSENT_TEXTS, ConsentDecision, ConsentPurpose, WechatPerson
from services.identity.rules import secret_hash, staff_name, totp_secret

_STAFF: Final = "select id, name, display_name, state, created_at, signed_in_at from staff"


class ServiceScope(enum.StrEnum):
    """What a program of the supplier may do, one kind of thing each."""

    UNITS_WRITE = "units.write"
    ACCOUNTS_WRITE = "accounts.write"
    BILLS_WRITE = "bills.write"
    ACCOUNTS_READ = "accounts.read"
    PAYMENTS_READ = "payments.read"
    READINGS_READ = "readings.read"
    READINGS_WRITE = "readings.write"
    READINGS_DECIDE = "readings.decide"
    TARIFFS_READ = "tariffs.read"
    TARIFFS_WRITE = "tariffs.write"


@dataclass(frozen=True, slots=True)
class ServiceClientView:
    """A program of the supplier. `secrets` are those that live, the newest first: since when, and until when.

    It may call from `networks` alone; from everywhere when there are none.
    """

    id: UUID
    client_id: str
    name: str
    scopes: tuple[str, ...]
    state: str
    created_at: datetime
    last_used_at: datetime | None
    secrets: tuple[tuple[datetime, datetime | None], ...]
    networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UserView:
    """A person as they see themselves."""

    id: UUID
    phone_masked: str
    locale: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A signed-in device; its id is the session's."""

    id: UUID
    kind: Literal["app", "browser"]
    name: str
    created_at: datetime
    last_used_at: datetime


@dataclass(frozen=True, slots=True)
class ExportView:
    """A copy of a person's data: being made, or to be taken until `expires_at`."""

    asked_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ErasureView:
    """A person's wish to be erased. Until `due_at` it may be taken back."""

    asked_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentView:
    """One purpose and how a person stands to it. `decision` is None as long as they were not asked, or did not answer.

    `text_version` is the text that is valid now, `decided_version` the one that was decided about.
    """

    purpose: ConsentPurpose
    text_version: int
    decision: ConsentDecision | None
    decided_version: int | None
    decided_at: datetime | None

    @property
    def is_given(self) -> bool:
        """Whether the person agrees, to the text that is valid now."""
        return self.decision is ConsentDecision.GIVEN and self.decided_version == self.text_version


@dataclass(frozen=True, slots=True)
class WechatView:
    """One application at WeChat by which a person signs in."""

    id: UUID
    appid: str
    linked_at: datetime
    used_at: datetime


def session_is_alive(session: ReadSession, *, session_id: UUID) -> bool:
    """May this session still act? By the database's clock; hot reads ask `living_session` themselves."""
    return bool(session.sql("select exists (select from living_session(:id))", id=session_id).scalar_one())


def is_fresh(session: ReadSession, *, session_id: UUID, now: datetime) -> bool:
    """Whether this session lives and was opened by a one-time code no longer than `rules.FRESH_SIGN_IN` ago.

    A session that WeChat opened never is: whoever holds somebody's WeChat for a moment proved no telephone.
    """
    return bool(
        session.sql(
            """select exists (select from session_family f, living_session(f.id)
               where f.id = :id and f.opened_by = 'code' and f.created_at > :since)""",
            id=session_id,
            since=now - rules.FRESH_SIGN_IN,
        ).scalar_one()
    )


def phone_number(text: str, *, region: str) -> str | None:
    """The one E.164 form of a number however typed, None when it is none that gets messages; `region` is `+86`."""
    return rules.canonical_phone(text, region=region)


def phone_blind_of(vault: Vault, phone: str) -> bytes:
    """The keyed hash by which a person is found; `phone` is E.164."""
    return vault.blind("app_user.phone", phone)


def user_by_phone(session: ReadSession, *, vault: Vault, phone: str) -> UserView | None:
    """The person with this E.164 number. Only for callers whose answer does not tell whether there is one."""
    row = session.sql(
        "select id, phone_masked, locale, created_at from app_user where phone_blind = :phone",
        phone=phone_blind_of(vault, phone),
    ).one_or_none()
    return None if row is None else UserView(row.id, row.phone_masked, row.locale, row.created_at)


def service_scopes(session: ReadSession, *, client: UUID, secret_id: UUID, address: str) -> frozenset[str] | None:
    """What a program may do now from this address by a token that this secret earned. By the database's clock.

    None when either ended, and for an address out of the networks that the program is bound to.
    """
    found: list[str] | None = session.sql(
        "select scopes from living_service_at(:client, :secret, cast(:address as inet))",
        client=client,
        secret=secret_id,
        address=rules.plain_address(address),
    ).scalar_one_or_none()
    return None if found is None else frozenset(found)


def service_client_id(session: ReadSession, *, client_id: str) -> UUID | None:
    """A program by the name that it signs in with."""
    found: UUID | None = session.sql(
        "select id from service_client where client_id = :client_id", client_id=client_id
    ).scalar_one_or_none()
    return found


def service_clients(session: ReadSession, *, now: datetime) -> list[ServiceClientView]:
    """All programs of the supplier by name."""
    rows = session.sql(
        """select c.id, c.client_id, c.name, c.scopes, c.state, c.created_at, c.last_used_at, c.networks,
             array(select s.created_at from service_client_secret s where s.service_client_id = c.id
               and (s.expires_at is null or s.expires_at > :now) order by s.created_at desc) as begun,
             array(select s.expires_at from service_client_secret s where s.service_client_id = c.id
               and (s.expires_at is null or s.expires_at > :now) order by s.created_at desc) as ends
           from service_client c order by c.name""",
        now=now,
    )
    return [
        ServiceClientView(
            row.id,
            row.client_id,
            row.name,
            tuple(row.scopes),
            row.state,
            row.created_at,
            row.last_used_at,
            tuple(zip(row.begun, row.ends, strict=True)),
            tuple(map(str, row.networks)),
        )
        for row in rows
    ]


def user(session: ReadSession, *, user_id: UUID) -> UserView | None:
    """A person by id."""
    row = session.sql(
        "select id, phone_masked, locale, created_at from app_user where id = :id", id=user_id
    ).one_or_none()
    return None if row is None else UserView(row.id, row.phone_masked, row.locale, row.created_at)


def phone_of(session: ReadSession, *, vault: Vault, user_id: UUID) -> str | None:
    """A person's number in clear, for one message to them. Never log it."""
    row = session.sql("select phone_sealed from app_user where id = :id", id=user_id).one_or_none()
    return (
        None
        if row is None
        else vault.open(table="app_user", column="phone", owner=owner_of(user_id), sealed=bytes(row.phone_sealed))
    )


def devices(session: ReadSession, *, user_id: UUID, now: datetime) -> list[DeviceView]:
    """A person's living sessions, the latest used first."""
    rows = session.sql(
        """select id, kind, device_name, created_at, last_used_at from session_family
           where user_id = :user_id and revoked_at is null and idle_until > :now order by last_used_at desc, id""",
        user_id=user_id,
        now=now,
    )
    return [DeviceView(row.id, row.kind, row.device_name, row.created_at, row.last_used_at) for row in rows]


def device_name(session: ReadSession, *, session_id: UUID) -> str | None:
    """What a device is called, signed out or not; None once it is forgotten."""
    name: str | None = session.sql(
        "select device_name from session_family where id = :id", id=session_id
    ).scalar_one_or_none()
    return name


def consents(session: ReadSession, *, user_id: UUID) -> list[ConsentView]:
    """Every purpose and how a person stands to it now. Ask at each use: a consent may be taken back at any time."""
    rows = session.sql(
        """select distinct on (purpose) purpose, decision, text_version, decided_at from consent
           where user_id = :user_id order by purpose, id desc""",
        user_id=user_id,
    )
    made = {row.purpose: row for row in rows}
    views: list[ConsentView] = []
    for purpose, version in CONSENT_TEXTS.items():
        row = made.get(purpose.value)
        if row is None:
            views.append(ConsentView(purpose, version, None, None, None))
        else:
            decision = ConsentDecision(row.decision)
            views.append(ConsentView(purpose, version, decision, row.text_version, row.decided_at))
    return views


def data_export(session: ReadSession, *, user_id: UUID, now: datetime) -> ExportView | None:
    """The copy of a person's data that is being made, or waits for them at `now`."""
    row = session.sql(
        """select asked_at, expires_at from data_export
           where user_id = :user_id and (expires_at is null or expires_at > :now)""",
        user_id=user_id,
        now=now,
    ).one_or_none()
    return None if row is None else ExportView(row.asked_at, row.expires_at)


def erasure(session: ReadSession, *, user_id: UUID) -> ErasureView | None:
    """That a person asked to be erased, and when it will be."""
    row = session.sql(
        "select asked_at, due_at from erasure where user_id = :user_id and done_at is null", user_id=user_id
    ).one_or_none()
    return None if row is None else ErasureView(row.asked_at, row.due_at)


def owner_of(user_id: UUID) -> str:
    """Whose subkey seals a person's cells."""
    return f"user:{user_id}"


@dataclass(frozen=True, slots=True)
class StaffView:
    """A member of staff."""

    id: UUID
    name: str
    display_name: str
    state: Literal["invited", "active", "disabled"]
    created_at: datetime
    signed_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class StaffSessionView:
    """A browser in which a member of staff is signed in."""

    id: UUID
    device_name: str
    created_at: datetime
    last_used_at: datetime


@dataclass(frozen=True, slots=True)
class StaffFilterView:
    """A filter of a list of the console that somebody keeps."""

    id: UUID
    of_list: str
    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """What somebody may set who has the token of an invitation, for whom, and the second factor that it offers."""

    staff_id: UUID
    name: str
    display_name: str
    purpose: Literal["join", "second_factor", "password"]
    expires_at: datetime
    secret: str
    otpauth: str

    def __repr__(self) -> str:
        """Safe for logs."""
        return f"Invitation({self.staff_id})"


def staff_member(session: ReadSession, *, staff_id: UUID) -> StaffView | None:
    """A member of staff by id."""
    row = session.sql(f"{_STAFF} where id = :id", id=staff_id).one_or_none()
    return None if row is None else view(StaffView, row)


def staff_by_name(session: ReadSession, *, name: str) -> StaffView | None:
    """A member of staff by the name that they sign in with, however it is typed."""
    row = session.sql(f"{_STAFF} where name = :name", name=staff_name(name) or "").one_or_none()
    return None if row is None else view(StaffView, row)


def staff_names(session: ReadSession, *, staff_ids: Collection[UUID]) -> dict[UUID, str]:
    """What these members of staff are called."""
    rows = session.sql("select id, display_name from staff where id = any(:ids)", ids=list(staff_ids))
    return {row.id: row.display_name for row in rows}


def staff_sessions(session: ReadSession, *, staff_id: UUID, now: datetime) -> list[StaffSessionView]:
    """Where somebody is signed in, the latest used first."""
    rows = session.sql(
        """select id, device_name, created_at, last_used_at from staff_session
           where staff_id = :staff_id and ended_at is null and idle_until > :now order by last_used_at desc, id""",
        staff_id=staff_id,
        now=now,
    )
    return [view(StaffSessionView, row) for row in rows]


def recovery_codes_left(session: ReadSession, *, staff_id: UUID) -> int:
    """How many recovery codes somebody has not used."""
    return int(
        session.sql(
            "select count(*) from staff_recovery_code where staff_id = :id and used_at is null", id=staff_id
        ).scalar_one()
    )


def authenticator_set_at(session: ReadSession, *, staff_id: UUID, since: datetime) -> datetime | None:
    """When somebody last gave themselves another authenticator, if it was after `since`."""
    found: datetime | None = session.sql(
        statement(__package__, "authenticator_set.sql"), subject=f"staff:{staff_id}", since=since
    ).scalar_one()
    return found


def staff_filters(session: ReadSession, *, staff_id: UUID) -> list[StaffFilterView]:
    """All filters that somebody keeps, by list and name."""
    rows = session.sql(
        "select id, of_list, name, query from staff_filter where staff_id = :staff_id order by of_list, name",
        staff_id=staff_id,
    )
    return [view(StaffFilterView, row) for row in rows]


def hidden_columns(session: ReadSession, *, staff_id: UUID, of_list: str) -> frozenset[str]:
    """What somebody does not want to see of a list."""
    found = session.sql(
        "select hidden from staff_columns where staff_id = :staff_id and of_list = :of_list",
        staff_id=staff_id,
        of_list=of_list,
    ).scalar_one_or_none()
    return frozenset(found or ())


def invitation(session: ReadSession, *, vault: Vault, token: str, issuer: str, now: datetime) -> Invitation | None:
    """What a living invitation is for; None for any other token. `issuer` is what authenticators show it under."""
    row = session.sql(
        """select s.id, s.name, s.display_name, i.purpose, i.expires_at
           from staff_invitation i join staff s on s.id = i.staff_id and s.state = 'invited'
           where i.token_hash = :hash and i.used_at is null and i.voided_at is null and i.expires_at > :now""",
        hash=secret_hash(token),
        now=now,
    ).one_or_none()
    if row is None:
        return None
    secret = offered_secret(vault, token=token)
    address = pyotp.TOTP(secret).provisioning_uri(name=row.name, issuer_name=issuer)
    return Invitation(row.id, row.name, row.display_name, row.purpose, row.expires_at, secret, address)


def offered_secret(vault: Vault, *, token: str) -> str:
    """The secret of the second factor that an invitation offers."""
    return totp_secret(vault.subkey("staff-totp"), token)


def staff_owner(staff_id: UUID) -> str:
    """Whose subkey seals the cells of a member of staff."""
    return f"staff:{staff_id}"


def user_of_wechat(session: ReadSession, *, vault: Vault, person: WechatPerson) -> UUID | None:
    """The person whom a WeChat is joined to: by its openid, else by its unionid."""
    found: UUID | None = session.sql(
        statement(__package__, "user_of_wechat.sql"),
        appid=person.appid,
        openid=openid_blind(vault, person.appid, person.openid),
        unionid=None if person.unionid is None else unionid_blind(vault, person.unionid),
    ).scalar_one_or_none()
    return found


def wechat_identities(session: ReadSession, *, user_id: UUID) -> list[WechatView]:
    """By which of the supplier's applications at WeChat a person signs in, the latest used first."""
    rows = session.sql(
        """select id, appid, linked_at, used_at from wechat_identity
           where user_id = :user_id order by used_at desc, id""",
        user_id=user_id,
    )
    return [WechatView(row.id, row.appid, row.linked_at, row.used_at) for row in rows]


def wechat_identity(session: ReadSession, *, vault: Vault, person: WechatPerson) -> WechatView:
    """A WeChat that is joined to somebody."""
    row = session.sql(
        "select id, appid, linked_at, used_at from wechat_identity where appid = :appid and openid_blind = :blind",
        appid=person.appid,
        blind=openid_blind(vault, person.appid, person.openid),
    ).one()
    return WechatView(row.id, row.appid, row.linked_at, row.used_at)


def openid_of(session: ReadSession, *, vault: Vault, user_id: UUID, appid: str) -> str | None:
    """A person's own name at one application, in clear, for one payment or message. Never log it."""
    row = session.sql(
        """select openid_sealed from wechat_identity
           where user_id = :user_id and appid = :appid order by used_at desc, id limit 1""",
        user_id=user_id,
        appid=appid,
    ).one_or_none()
    return (
        None
        if row is None
        else vault.open(
            table="wechat_identity", column="openid", owner=owner_of(user_id), sealed=bytes(row.openid_sealed)
        )
    )


def locale_of_wechat(session: ReadSession, *, vault: Vault, appid: str, openid: str) -> str | None:
    """The language of whoever is joined to this WeChat; None when nobody is."""
    locale: str | None = session.sql(
        """select u.locale from wechat_identity i join app_user u on u.id = i.user_id
           where i.appid = :appid and i.openid_blind = :blind""",
        appid=appid,
        blind=openid_blind(vault, appid, openid),
    ).scalar_one_or_none()
    return locale


def wechat_blinds(session: ReadSession, *, user_id: UUID) -> list[str]:
    """What finds a person's openids without showing them, in hexadecimal."""
    rows = session.sql("select openid_blind from wechat_identity where user_id = :id", id=user_id).scalars()
    return [bytes(blind).hex() for blind in rows]


def openid_blind(vault: Vault, appid: str, openid: str) -> bytes:
    """What finds an openid of one application without showing it."""
    return vault.blind("wechat.openid", f"{appid}|{openid}")


def unionid_blind(vault: Vault, unionid: str) -> bytes:
    """The same for a unionid."""
    return vault.blind("wechat.unionid", unionid)
