"""Reads of people and their signed-in devices."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from core.crypto.vault import Vault
from core.db import ReadSession
from services.identity import rules


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


def session_is_alive(session: ReadSession, *, session_id: UUID) -> bool:
    """May this session still act? By the database's clock; hot reads ask `living_session` themselves."""
    return bool(session.sql("select exists (select from living_session(:id))", id=session_id).scalar_one())


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


def owner_of(user_id: UUID) -> str:
    """Whose subkey seals a person's cells."""
    return f"user:{user_id}"
