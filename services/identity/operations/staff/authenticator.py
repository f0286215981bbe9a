"""A new authenticator for somebody who is signed in: offered for ten minutes, theirs when its first code is typed.

Until then nothing has changed: the offer lies sealed with the browser that asked for it, and the one that they have
goes on. Of several offers one is taken: each names the password and the secret that it was made beside.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import pyotp
import sqlalchemy as sa

from core import audit
from core.audit import Actor
from core.crypto.vault import CannotOpen, Vault
from core.db import ReadSession, WriteSession
from services.identity import rules
from services.identity.errors import StaffOfferGone
from services.identity.models import StaffEndedWhy
from services.identity.operations.staff import passwords, second_factor, sessions
from services.identity.operations.staff.sign_in import Refused
from services.identity.queries import offered_secret, staff_owner

_CELL: Final = {"table": "staff", "column": "offer"}


@dataclass(frozen=True, slots=True)
class Offer:
    """An authenticator that is not theirs yet; `otpauth` is what it scans, and `ticket` brings the offer back."""

    ticket: str = field(repr=False)
    secret: str = field(repr=False)
    otpauth: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Renewed:
    """The authenticator is theirs: the new value of their cookie, and new recovery codes."""

    token: str = field(repr=False)
    recovery_codes: list[str] = field(repr=False)


def offer(
    session: WriteSession,
    *,
    vault: Vault,
    staff_id: UUID,
    session_id: UUID,
    password: str,
    code: str,
    issuer: str,
    actor: Actor,
    now: datetime,
) -> Offer | Refused:
    """Offer a new authenticator for the password and a code of the one that they have, or a recovery code.

    The code is used up. Refused, without telling which of the two was wrong. Commit whatever comes back.
    """
    row = second_factor.lock(session, staff_id=staff_id)
    is_right = passwords.is_right(None if row is None else row.password_hash, password)
    is_allowed = is_right and second_factor.is_open(row, now=now)
    subject = f"staff:{staff_id}"
    if row is None or not second_factor.spend(
        session, vault=vault, staff_id=staff_id, row=row, code=code, is_allowed=is_allowed, now=now
    ):
        failures = row.failures + 1 if row is not None and is_allowed else None
        second_factor.note_outcome(session, staff_id=staff_id, failures=failures, now=now)
        audit.record(session, actor=actor, act="identity.staff_authenticator_refused", subject=subject)
        return Refused()
    second_factor.note_outcome(session, staff_id=staff_id, failures=0, now=now)
    by = "authenticator" if rules.canonical_recovery_code(code) is None else "recovery_code"
    audit.record(session, actor=actor, act="identity.staff_authenticator_offered", subject=subject, after={"by": by})
    token, until = second_factor.new_token(), int((now + rules.OFFER_LIFE).timestamp())
    text = f"{session_id}|{token}|{until}|{_beside(vault, row)}"
    sealed = vault.seal(**_CELL, owner=staff_owner(staff_id), text=text)
    return _of(vault, urlsafe_b64encode(sealed).decode(), token, name=row.name, issuer=issuer)


def offered(
    session: ReadSession,
    *,
    vault: Vault,
    staff_id: UUID,
    session_id: UUID,
    ticket: str,
    issuer: str,
    now: datetime,
) -> Offer:
    """An offer once more, to be shown; raises StaffOfferGone."""
    row = session.sql("select id, name, password_hash, totp_sealed from staff where id = :id", id=staff_id).one()
    return _of(vault, ticket, _token(vault, row, session_id, ticket, now=now), name=row.name, issuer=issuer)


def take_offer(
    session: WriteSession,
    *,
    vault: Vault,
    staff_id: UUID,
    session_id: UUID,
    ticket: str,
    code: str,
    actor: Actor,
    now: datetime,
) -> Renewed:
    """Make an offered authenticator theirs in place of the one that they have, with its first code.

    Recovery codes are new, other sessions end, and this one has another cookie. Raises StaffOfferGone, StaffCodeWrong.
    """
    row = second_factor.lock(session, staff_id=staff_id)
    secret = offered_secret(vault, token=_token(vault, row, session_id, ticket, now=now))
    codes = second_factor.adopt(session, vault=vault, staff_id=staff_id, secret=secret, code=code, now=now)
    second_factor.note_outcome(session, staff_id=staff_id, failures=0, now=now)
    why = StaffEndedWhy.RESET
    sessions.end_all(session, staff_id=staff_id, why=why, actor=actor, now=now, kept=session_id)
    audit.record(session, actor=actor, act="identity.staff_authenticator_set", subject=f"staff:{staff_id}")
    return Renewed(sessions.renew_cookie(session, session_id=session_id, now=now), codes)


def _of(vault: Vault, ticket: str, token: str, *, name: str, issuer: str) -> Offer:
    secret = offered_secret(vault, token=token)
    return Offer(ticket, secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer))


def _token(vault: Vault, row: "sa.Row[Any] | None", session_id: UUID, ticket: str, *, now: datetime) -> str:
    """What an offer's secret is made of; raises StaffOfferGone when it is not for this person, session and moment."""
    if row is None:
        raise StaffOfferGone
    try:
        text = vault.open(**_CELL, owner=staff_owner(row.id), sealed=urlsafe_b64decode(ticket))
    except (ValueError, CannotOpen) as error:
        raise StaffOfferGone from error
    of_session, token, until, beside = text.split("|")
    is_same = hmac.compare_digest(beside, _beside(vault, row))
    if of_session != str(session_id) or int(until) <= now.timestamp() or not is_same:
        raise StaffOfferGone
    return token


def _beside(vault: Vault, row: "sa.Row[Any]") -> str:
    """What an offer was made beside: when either is another one, the offer is void."""
    return rules.secret_hash(f"{row.password_hash}|{second_factor.secret_of(vault, row)}").hex()
