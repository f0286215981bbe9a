"""Signed-in devices: opened, renewed by rotation, ended at once."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from core import audit, ids, outbox
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import Statement, WriteSession, statement
from services.identity import rules
from services.identity.events import SessionFamilyRevoked
from services.identity.models import OpenedBy, RevokedWhy, SessionKind
from services.identity.rules import Verdict

REFRESH_KEY: Final = "refresh"

APP_IDLE: Final = timedelta(days=30)
APP_LIFE: Final = timedelta(days=180)
BROWSER_IDLE: Final = timedelta(days=7)
BROWSER_LIFE: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session with its secret: a refresh token or a cookie value, never stored."""

    session_id: UUID
    user_id: UUID
    secret: str

    def __repr__(self) -> str:
        """Safe for logs."""
        return f"OpenedSession({self.session_id})"


@dataclass(frozen=True, slots=True)
class Rotated:
    """The refresh token was good: its successor, and whose it is."""

    session_id: UUID
    user_id: UUID
    refresh_token: str

    def __repr__(self) -> str:
        """Safe for logs."""
        return f"Rotated({self.session_id})"


@dataclass(frozen=True, slots=True)
class Reused:
    """An old refresh token came back: the session is ended, by this very transaction."""

    session_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class UnknownToken:
    """No living session has this refresh token."""


@dataclass(frozen=True, slots=True)
class PortalSession:
    """Who a browser's cookie belongs to."""

    session_id: UUID
    user_id: UUID
    phone_masked: str


def open_app_session(
    session: WriteSession, *, user_id: UUID, opened_by: OpenedBy, device_name: str, address: str, now: datetime
) -> OpenedSession:
    """Sign an app in: a session whose secret is its first refresh token."""
    opened = _open(
        session,
        user_id=user_id,
        kind=SessionKind.APP,
        opened_by=opened_by,
        device_name=device_name,
        address=address,
        now=now,
    )
    _keep_token(session, family_id=opened.session_id, generation=1, token=opened.secret)
    return opened


def open_portal_session(
    session: WriteSession,
    *,
    user_id: UUID,
    opened_by: OpenedBy,
    user_agent: str,
    address: str,
    now: datetime,
    previous_token: str | None = None,
) -> OpenedSession:
    """Sign a browser in: a session whose secret is its cookie, always a new one.

    The session of the cookie it had before ends.
    """
    if previous_token is not None:
        _replace(session, token=previous_token, address=address, now=now)
    name = rules.browser_name(user_agent)
    return _open(
        session,
        user_id=user_id,
        kind=SessionKind.BROWSER,
        opened_by=opened_by,
        device_name=name,
        address=address,
        now=now,
    )


def resolve_portal_session(session: WriteSession, *, token: str, now: datetime) -> PortalSession | None:
    """Whose cookie this is, None when its session is over.

    One statement, which also notes the use (at most every ten minutes).
    """
    row = session.sql(
        _sql("resolve_portal_session.sql"),
        hash=rules.secret_hash(token),
        now=now,
        idle_until=now + BROWSER_IDLE,
        stale=now - rules.TOUCH_EVERY,
    ).one_or_none()
    return None if row is None else PortalSession(row.id, row.user_id, row.phone_masked)


def close_session(session: WriteSession, *, user_id: UUID, session_id: UUID, address: str, now: datetime) -> bool:
    """Sign a person's own device out (from this device).

    False when that session is not theirs or is over. Publishes SessionFamilyRevoked.
    """
    return _end(session, user_id=user_id, session_id=session_id, why=RevokedWhy.SIGNED_OUT, address=address, now=now)


def revoke_device(session: WriteSession, *, user_id: UUID, session_id: UUID, address: str, now: datetime) -> bool:
    """Sign one of a person's devices out from their list of devices, at once.

    False when it is not theirs or is over. Publishes SessionFamilyRevoked.
    """
    return _end(session, user_id=user_id, session_id=session_id, why=RevokedWhy.REVOKED, address=address, now=now)


def revoke_other_devices(session: WriteSession, *, user_id: UUID, kept: UUID, address: str, now: datetime) -> int:
    """Sign all of a person's devices out but the session `kept`, at once; returns how many were signed out.

    Publishes SessionFamilyRevoked for each.
    """
    others = session.sql(
        """select id from session_family
           where user_id = :user_id and id <> :kept and revoked_at is null and idle_until > :now order by id""",
        user_id=user_id,
        kept=kept,
        now=now,
    ).scalars()
    return sum(
        [revoke_device(session, user_id=user_id, session_id=other, address=address, now=now) for other in others]
    )


def refresh(
    session: WriteSession, *, vault: Vault, token: str, address: str, now: datetime
) -> Rotated | Reused | UnknownToken:
    """Exchange a refresh token for its successor; of many at once all get the same. Commit whatever comes back.

    A token that was rotated more than ten seconds ago, or whose successor was used, ends the session: Reused, with
    SessionFamilyRevoked.
    """
    found = session.sql(_sql("find_family.sql"), hash=rules.secret_hash(token), now=now).one_or_none()
    if found is None:
        return UnknownToken()
    verdict = rules.judge(presented=found.presented, current=found.current, rotated_at=found.rotated_at, now=now)
    if verdict is Verdict.REUSED:
        _end(session, user_id=found.user_id, session_id=found.id, why=RevokedWhy.REUSE, address=address, now=now)
        return Reused(found.id, found.user_id)
    following = rules.successor(vault.subkey(REFRESH_KEY), token)
    if verdict is Verdict.CURRENT:
        session.sql(
            """update session_family set generation = generation + 1, rotated_at = :now, last_used_at = :now,
                 idle_until = least(expires_at, :idle_until) where id = :id""",
            id=found.id,
            now=now,
            idle_until=now + APP_IDLE,
        )
        _keep_token(session, family_id=found.id, generation=found.current + 1, token=following)
    return Rotated(found.id, found.user_id, following)


def _open(
    session: WriteSession,
    *,
    user_id: UUID,
    kind: SessionKind,
    opened_by: OpenedBy,
    device_name: str,
    address: str,
    now: datetime,
) -> OpenedSession:
    opened = OpenedSession(ids.uuid7(), user_id, secrets.token_urlsafe(32))
    idle, life = (APP_IDLE, APP_LIFE) if kind is SessionKind.APP else (BROWSER_IDLE, BROWSER_LIFE)
    session.sql(
        _sql("open_session.sql"),
        id=opened.session_id,
        user_id=user_id,
        kind=kind.value,
        opened_by=opened_by.value,
        name=rules.device_name(device_name),
        now=now,
        idle_until=now + idle,
        expires_at=now + life,
        browser_hash=rules.secret_hash(opened.secret) if kind is SessionKind.BROWSER else None,
    )
    audit.record(
        session, actor=Actor(f"user:{user_id}", address), act="identity.sign_in", subject=f"session:{opened.session_id}"
    )
    return opened


def _replace(session: WriteSession, *, token: str, address: str, now: datetime) -> None:
    row = session.sql(
        "select id, user_id from session_family where browser_hash = :hash", hash=rules.secret_hash(token)
    ).one_or_none()
    if row is not None:
        _end(session, user_id=row.user_id, session_id=row.id, why=RevokedWhy.REPLACED, address=address, now=now)


def _keep_token(session: WriteSession, *, family_id: UUID, generation: int, token: str) -> None:
    session.sql(
        "insert into refresh_token (token_hash, family_id, generation) values (:hash, :family_id, :generation)",
        hash=rules.secret_hash(token),
        family_id=family_id,
        generation=generation,
    )


def _end(
    session: WriteSession, *, user_id: UUID, session_id: UUID, why: RevokedWhy, address: str, now: datetime
) -> bool:
    ended = session.sql(
        """update session_family set revoked_at = :now, revoked_why = :why
           where id = :id and user_id = :user_id and revoked_at is null and idle_until > :now""",
        id=session_id,
        user_id=user_id,
        why=why.value,
        now=now,
    ).rowcount
    if ended:
        outbox.add(session, SessionFamilyRevoked(session_id=str(session_id), user_id=str(user_id), why=why.value))
        audit.record(
            session,
            actor=Actor(f"user:{user_id}", address),
            act="identity.session_ended",
            subject=f"session:{session_id}",
            after={"why": why.value},
        )
    return bool(ended)


def _sql(name: str) -> Statement:
    return statement(__package__, name)
