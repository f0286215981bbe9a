"""Signing in: name and password, then a code. What was wrong is never said, and each way takes the same steps.

The first half always leads on to the second, so that nobody learns whether a password is right without a code. A wrong
password counts for nothing but its network: there is nothing to be guessed one after the other, and whoever knows a
name cannot shut its owner out. Wrong codes that came with the right password are counted, and make wait.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from core import audit, ids
from core.audit import Actor
from core.crypto.vault import CannotOpen, Vault
from core.db import WriteSession, statement
from services.identity import rules
from services.identity.models import LimitKind
from services.identity.operations.staff import passwords, second_factor, sessions

log = structlog.get_logger(__name__)

_CELL: Final = {"table": "staff", "column": "ticket", "owner": "staff-sign-in"}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The value of the new cookie, and whether a recovery code stood in for the authenticator."""

    staff_id: UUID
    token: str
    by_recovery_code: bool = False

    def __repr__(self) -> str:
        """Safe for logs."""
        return f"SignedIn({self.staff_id})"


@dataclass(frozen=True, slots=True)
class Refused:
    """Something was wrong; the try is noted by this very transaction.

    `held_until` is told to whoever is signed in: before it not even a right code is taken, and none is counted.
    """

    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Too many were refused that came from this network."""

    retry_after_s: int


@dataclass(frozen=True, slots=True)
class _Ticket:
    staff_id: UUID
    tag: str


def begin(session: WriteSession, *, vault: Vault, name: str, password: str, visitor: str, now: datetime) -> str:
    """Check name and password, and return the ticket that comes with the code, whatever was found.

    It is sealed, good for five minutes and for this `visitor` only.
    """
    row = session.sql(
        "select id, password_hash from staff where name = :name", name=rules.staff_name(name) or ""
    ).one_or_none()
    known_hash = None if row is None else row.password_hash
    is_right = passwords.is_right(known_hash, password)
    if row is not None and is_right:
        renewed = passwords.renewed(row.password_hash, password)
        if renewed is not None:
            session.sql("update staff set password_hash = :hash where id = :id", id=row.id, hash=renewed)
            known_hash = renewed
    staff_id = ids.uuid7() if row is None else row.id
    tag = rules.password_tag(known_hash or "") if is_right else secrets.token_hex(32)
    until = int((now + rules.TICKET_LIFE).timestamp())
    sealed = vault.seal(**_CELL, text=f"{staff_id}|{tag}|{until}|{_of_visitor(visitor)}")
    return urlsafe_b64encode(sealed).decode()


def enter_code(
    session: WriteSession,
    *,
    vault: Vault,
    ticket: str,
    visitor: str,
    code: str,
    user_agent: str,
    address: str,
    previous_token: str | None,
    now: datetime,
) -> SignedIn | Refused | Held:
    """Take the code that completes a sign-in. Commit whatever comes back.

    A code of the authenticator works once, and so does a recovery code. The session is new; that of `previous_token`
    ends.
    """
    key = _network(vault, address)
    wait = _wait(session, key=key, now=now)
    if wait is not None:
        return Held(wait)
    found = _opened(vault, ticket, visitor=visitor, now=now)
    row = second_factor.lock(session, staff_id=found.staff_id)
    knows_password = hmac.compare_digest(found.tag, rules.password_tag("" if row is None else row.password_hash or ""))
    is_allowed = knows_password and second_factor.is_open(row, now=now)
    is_right = second_factor.spend(
        session, vault=vault, staff_id=found.staff_id, row=row, code=code, is_allowed=is_allowed, now=now
    )
    failures = 0 if is_right else None
    if row is not None and is_allowed and not is_right:
        failures = row.failures + 1
    second_factor.note_outcome(session, staff_id=found.staff_id, failures=failures, now=now)
    if is_right:
        token = sessions.open_session(
            session,
            staff_id=found.staff_id,
            user_agent=user_agent,
            address=address,
            previous_token=previous_token,
            now=now,
        )
        return SignedIn(found.staff_id, token, rules.canonical_recovery_code(code) is not None)
    _note_refusal(session, key=key, staff_id=None if row is None else found.staff_id, address=address, now=now)
    return Refused()


def step_up(
    session: WriteSession, *, vault: Vault, staff_id: UUID, session_id: UUID, code: str, address: str, now: datetime
) -> SignedIn | Refused:
    """Take a fresh code from somebody who is signed in, and change their cookie. Commit whatever comes back."""
    row = second_factor.lock(session, staff_id=staff_id)
    is_allowed = second_factor.is_open(row, now=now)
    is_right = second_factor.spend(
        session, vault=vault, staff_id=staff_id, row=row, code=code, is_allowed=is_allowed, now=now
    )
    actor = Actor(f"staff:{staff_id}", address)
    subject = f"staff_session:{session_id}"
    if is_right:
        second_factor.note_outcome(session, staff_id=staff_id, failures=0, now=now)
        audit.record(session, actor=actor, act="identity.staff_stepped_up", subject=subject)
        return SignedIn(staff_id, sessions.renew_cookie(session, session_id=session_id, now=now))
    held_until = None if row is None or is_allowed else row.blocked_until
    if row is not None and is_allowed:
        held_until = second_factor.note_outcome(session, staff_id=staff_id, failures=row.failures + 1, now=now)
    audit.record(session, actor=actor, act="identity.staff_step_up_refused", subject=subject)
    return Refused(held_until)


def _opened(vault: Vault, ticket: str, *, visitor: str, now: datetime) -> _Ticket:
    """What a ticket says; one that is no good says something of nobody."""
    nobody = _Ticket(ids.uuid7(), secrets.token_hex(32))
    try:
        text = vault.open(**_CELL, sealed=urlsafe_b64decode(ticket))
    except (ValueError, CannotOpen):
        return nobody
    staff_id, tag, until, bound_to = text.split("|")
    if int(until) <= now.timestamp() or not hmac.compare_digest(bound_to, _of_visitor(visitor)):
        return nobody
    return _Ticket(UUID(staff_id), tag)


def _of_visitor(visitor: str) -> str:
    return rules.secret_hash(visitor).hex()


def _network(vault: Vault, address: str) -> bytes:
    return vault.blind("staff_address", rules.address_group(address))


def _wait(session: WriteSession, *, key: bytes, now: datetime) -> int | None:
    """Seconds until this network may try again, None when it may."""
    hits = session.sql(
        "select hits from sign_in_limit where kind = :kind and key = :key", kind=LimitKind.ADDRESS.value, key=key
    ).scalar_one_or_none()
    limit = rules.STAFF_ADDRESS_LIMIT
    recent = [hit for hit in hits or [] if hit > now - rules.DAY]
    in_an_hour = sum(hit > now - rules.HOUR for hit in recent)
    if len(recent) < limit.per_day and in_an_hour < limit.per_hour:
        return None
    return rules.retry_after_s(recent, limit, now=now)


def _note_refusal(session: WriteSession, *, key: bytes, staff_id: UUID | None, address: str, now: datetime) -> None:
    limit = rules.STAFF_ADDRESS_LIMIT
    session.sql(
        statement(__package__, "count_code.sql"),
        kind=LimitKind.ADDRESS.value,
        key=key,
        now=now,
        per_hour=limit.per_hour,
        per_day=limit.per_day,
    )
    audit.record(
        session,
        actor=Actor("visitor", address),
        act="identity.staff_sign_in_refused",
        subject=f"staff:{staff_id or 'unknown'}",
    )
