"""Taking an invitation up: a password and a second factor are set, each proved, and the person is signed in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import audit
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import WriteSession
from services.identity import rules
from services.identity.errors import InvitationGone
from services.identity.models import InvitationPurpose
from services.identity.operations.staff import passwords, second_factor, sessions
from services.identity.operations.staff.sign_in import Refused, SignedIn
from services.identity.queries import offered_secret


@dataclass(frozen=True, slots=True)
class Accepted:
    """The invitation was taken up: the new session, and the recovery codes when they are new."""

    signed_in: SignedIn
    recovery_codes: list[str]

    def __repr__(self) -> str:
        """Safe for logs."""
        return f"Accepted({self.signed_in.staff_id})"


def accept(
    session: WriteSession,
    *,
    vault: Vault,
    token: str,
    password: str,
    code: str,
    names: list[str],
    user_agent: str,
    address: str,
    previous_token: str | None,
    now: datetime,
) -> Accepted | Refused:
    """Set what the invitation is for. Commit whatever comes back.

    `join`: `password` is the new one, `code` one of the offered secret. `second_factor`: `password` is the one they
    have. `password`: `code` is one of the second factor they have. Refused, and counted, when what they have is not
    right. Raises InvitationGone, StaffCodeWrong for a code that is none of the offered secret, PasswordTooShort,
    PasswordTooLong, PasswordCommon, PasswordHoldsName.
    """
    row = _lock(session, token=token, now=now)
    if row is None:
        raise InvitationGone
    purpose = InvitationPurpose(row.purpose)
    refused = _check_what_stays(session, vault=vault, row=row, purpose=purpose, password=password, code=code, now=now)
    if refused:
        _note_refusal(session, row=row, address=address, now=now)
        return Refused()
    recovery_codes: list[str] = []
    if purpose is not InvitationPurpose.PASSWORD:
        secret = offered_secret(vault, token=token)
        recovery_codes = second_factor.adopt(
            session, vault=vault, staff_id=row.staff_id, secret=secret, code=code, now=now
        )
    if purpose is not InvitationPurpose.SECOND_FACTOR:
        made = passwords.make(password, names=[row.name, row.display_name, *names])
        session.sql("update staff set password_hash = :hash where id = :id", id=row.staff_id, hash=made)
    session.sql(
        """update staff set state = 'active', failures = 0, blocked_until = null,
             invited_by = case when cast(:is_new as boolean) then cast(:told_to as uuid) else invited_by end,
             reset_by = case when cast(:is_new as boolean) then null else cast(:told_to as uuid) end
           where id = :id""",
        id=row.staff_id,
        is_new=purpose is InvitationPurpose.JOIN,
        told_to=row.told_to,
    )
    session.sql("update staff_invitation set used_at = :now where id = :id", id=row.invitation_id, now=now)
    actor = Actor(f"staff:{row.staff_id}", address)
    audit.record(
        session,
        actor=actor,
        act="identity.staff_joined",
        subject=f"staff:{row.staff_id}",
        after={"set": purpose.value},
    )
    cookie = sessions.open_session(
        session,
        staff_id=row.staff_id,
        user_agent=user_agent,
        address=address,
        previous_token=previous_token,
        now=now,
    )
    return Accepted(SignedIn(row.staff_id, cookie), recovery_codes)


def _lock(session: WriteSession, *, token: str, now: datetime) -> "sa.Row[Any] | None":
    return session.sql(
        """select i.id as invitation_id, i.purpose, i.told_to, s.id, s.id as staff_id, s.name, s.display_name,
             s.password_hash, s.totp_sealed, s.failures, s.blocked_until
           from staff_invitation i join staff s on s.id = i.staff_id and s.state = 'invited'
           where i.token_hash = :hash and i.used_at is null and i.voided_at is null and i.expires_at > :now
           for update of i, s""",
        hash=rules.secret_hash(token),
        now=now,
    ).one_or_none()


def _check_what_stays(
    session: WriteSession,
    *,
    vault: Vault,
    row: "sa.Row[Any]",
    purpose: InvitationPurpose,
    password: str,
    code: str,
    now: datetime,
) -> bool:
    """Whether the half that they have is not proved."""
    is_open = row.blocked_until is None or row.blocked_until <= now
    match purpose:
        case InvitationPurpose.JOIN:
            return False
        case InvitationPurpose.SECOND_FACTOR:
            return not (passwords.is_right(row.password_hash, password) and is_open)
        case InvitationPurpose.PASSWORD:
            return not second_factor.spend(
                session, vault=vault, staff_id=row.staff_id, row=row, code=code, is_allowed=is_open, now=now
            )


def _note_refusal(session: WriteSession, *, row: "sa.Row[Any]", address: str, now: datetime) -> None:
    if row.blocked_until is None or row.blocked_until <= now:
        second_factor.note_outcome(session, staff_id=row.staff_id, failures=row.failures + 1, now=now)
    audit.record(
        session,
        actor=Actor("visitor", address),
        act="identity.staff_sign_in_refused",
        subject=f"staff:{row.staff_id}",
    )
