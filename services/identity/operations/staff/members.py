"""Members of staff: invited, disabled and enabled, given another password or second factor."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import audit, ids
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import WriteSession
from core.texts import is_line, normal_form
from services.identity import rules
from services.identity.errors import StaffNameInvalid, StaffNameTaken, StaffUnknown
from services.identity.models import InvitationPurpose, StaffEndedWhy, StaffState
from services.identity.operations.staff import lists, passwords, second_factor, sessions
from services.identity.operations.staff.sign_in import Refused


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation with its token, which is told once and never stored."""

    staff_id: UUID
    token: str
    expires_at: datetime

    def __repr__(self) -> str:
        """Safe for logs."""
        return f"Invited({self.staff_id})"


def invite(
    session: WriteSession, *, name: str, display_name: str, told_to: UUID | None, actor: Actor, now: datetime
) -> Invited:
    """Make a member of staff, who sets their own password and second factor with the invitation within 72 hours.

    `told_to` is the member of staff who is shown the address, and could use it themselves: the two never decide for
    each other. None is who started a command on the server. Raises StaffNameInvalid, StaffNameTaken. They may do
    nothing until they are granted a role.
    """
    canonical = rules.staff_name(name)
    shown = normal_form(display_name.strip())[: rules.MAX_DEVICE_NAME]
    if canonical is None or not is_line(shown):
        raise StaffNameInvalid
    staff_id = session.sql(
        """insert into staff (id, name, display_name, state, failures, created_at)
           values (:id, :name, :shown, 'invited', 0, :now) on conflict (name) do nothing returning id""",
        id=ids.uuid7(),
        name=canonical,
        shown=shown or canonical,
        now=now,
    ).scalar_one_or_none()
    if staff_id is None:
        raise StaffNameTaken
    audit.record(session, actor=actor, act="identity.staff_invited", subject=f"staff:{staff_id}")
    return _invitation(session, staff_id=staff_id, purpose=InvitationPurpose.JOIN, told_to=told_to, now=now)


def renew_invitation(
    session: WriteSession, *, staff_id: UUID, told_to: UUID | None, actor: Actor, now: datetime
) -> Invited:
    """Another invitation in place of one that was lost or is too old, for what they lack.

    The half that they have proves them. Raises StaffUnknown for somebody who was not invited.
    """
    purpose = session.sql(
        """select case when password_hash is not null then 'second_factor'
                       when totp_sealed is not null then 'password' else 'join' end
           from staff where id = :id and state = 'invited' for update""",
        id=staff_id,
    ).scalar_one_or_none()
    if purpose is None:
        raise StaffUnknown
    audit.record(session, actor=actor, act="identity.staff_invited", subject=f"staff:{staff_id}")
    return _invitation(session, staff_id=staff_id, purpose=InvitationPurpose(purpose), told_to=told_to, now=now)


def reset_all(session: WriteSession, *, staff_id: UUID, actor: Actor, now: datetime) -> Invited:
    """Take password and second factor away, and invite their owner to set both anew.

    Whoever sees the invitation can use it: it is for the command line, which tells none of the staff. All their
    sessions end at once, and they are out until they have set both. Raises StaffUnknown for somebody who is disabled,
    or missing.
    """
    return _reset(session, staff_id=staff_id, purpose=InvitationPurpose.JOIN, told_to=None, actor=actor, now=now)


def reset_second_factor(
    session: WriteSession, *, staff_id: UUID, told_to: UUID | None, actor: Actor, now: datetime
) -> Invited:
    """Take the second factor away, and invite its owner, whom the password proves, to set it anew.

    Otherwise as `reset_all`; raises StaffUnknown for somebody without a password too.
    """
    purpose = InvitationPurpose.SECOND_FACTOR
    return _reset(session, staff_id=staff_id, purpose=purpose, told_to=told_to, actor=actor, now=now)


def reset_password(
    session: WriteSession, *, staff_id: UUID, told_to: UUID | None, actor: Actor, now: datetime
) -> Invited:
    """Take the password away, and invite its owner, whom the second factor proves, to set it anew.

    Otherwise as `reset_all`; raises StaffUnknown for somebody without a second factor too.
    """
    purpose = InvitationPurpose.PASSWORD
    return _reset(session, staff_id=staff_id, purpose=purpose, told_to=told_to, actor=actor, now=now)


def _reset(
    session: WriteSession,
    *,
    staff_id: UUID,
    purpose: InvitationPurpose,
    told_to: UUID | None,
    actor: Actor,
    now: datetime,
) -> Invited:
    keeps_password = purpose is InvitationPurpose.SECOND_FACTOR
    keeps_factor = purpose is InvitationPurpose.PASSWORD
    found = session.sql(
        """update staff set state = 'invited', failures = 0, blocked_until = null,
             password_hash = case when cast(:keeps_password as boolean) then password_hash end,
             totp_sealed = case when cast(:keeps_factor as boolean) then totp_sealed end
           where id = :id and state <> 'disabled'
             and (not cast(:keeps_password as boolean) or password_hash is not null)
             and (not cast(:keeps_factor as boolean) or totp_sealed is not null)""",
        id=staff_id,
        keeps_password=keeps_password,
        keeps_factor=keeps_factor,
    ).rowcount
    if not found:
        raise StaffUnknown
    if not keeps_factor:
        session.sql("delete from staff_recovery_code where staff_id = :id", id=staff_id)
    sessions.end_all(session, staff_id=staff_id, why=StaffEndedWhy.RESET, actor=actor, now=now)
    audit.record(
        session,
        actor=actor,
        act="identity.staff_reset",
        subject=f"staff:{staff_id}",
        after={"to_set": purpose.value},
    )
    return _invitation(session, staff_id=staff_id, purpose=purpose, told_to=told_to, now=now)


def disable(session: WriteSession, *, staff_id: UUID, actor: Actor, now: datetime) -> bool:
    """Lock somebody out: their sessions end at once and their invitations are void. False when they were already.

    How they had the lists of the console is forgotten.
    """
    before = session.sql("select state from staff where id = :id for update", id=staff_id).scalar_one_or_none()
    if before is None or before == StaffState.DISABLED.value:
        return False
    session.sql("update staff set state = 'disabled', disabled_at = :now where id = :id", id=staff_id, now=now)
    _void(session, staff_id=staff_id, now=now)
    sessions.end_all(session, staff_id=staff_id, why=StaffEndedWhy.DISABLED, actor=actor, now=now)
    lists.forget(session, staff_id=staff_id)
    audit.record(
        session, actor=actor, act="identity.staff_disabled", subject=f"staff:{staff_id}", before={"state": before}
    )
    return True


def enable(session: WriteSession, *, staff_id: UUID, actor: Actor, now: datetime) -> bool:
    """Let somebody back in with what they signed in with before; who never joined needs another invitation.

    False when they were not disabled.
    """
    after = session.sql(
        """update staff set disabled_at = null, failures = 0, blocked_until = null,
             state = case when password_hash is null or totp_sealed is null then 'invited' else 'active' end
           where id = :id and state = 'disabled' returning state""",
        id=staff_id,
    ).scalar_one_or_none()
    if after is None:
        return False
    _void(session, staff_id=staff_id, now=now)
    audit.record(
        session, actor=actor, act="identity.staff_enabled", subject=f"staff:{staff_id}", after={"state": after}
    )
    return True


def change_password(
    session: WriteSession,
    *,
    staff_id: UUID,
    session_id: UUID,
    current: str,
    wanted: str,
    names: list[str],
    actor: Actor,
    now: datetime,
) -> bool | Refused:
    """Change one's own password, which ends one's other sessions; Refused when the current one is wrong.

    Raises PasswordTooShort, PasswordTooLong, PasswordCommon, PasswordHoldsName.
    """
    row = second_factor.lock(session, staff_id=staff_id)
    if row is None or not passwords.is_right(row.password_hash, current):
        audit.record(session, actor=actor, act="identity.staff_password_refused", subject=f"staff:{staff_id}")
        return Refused()
    made = passwords.make(wanted, names=[row.name, row.display_name, *names])
    session.sql("update staff set password_hash = :hash where id = :id", id=staff_id, hash=made)
    sessions.end_all(session, staff_id=staff_id, why=StaffEndedWhy.PASSWORD, actor=actor, now=now, kept=session_id)
    audit.record(session, actor=actor, act="identity.staff_password_changed", subject=f"staff:{staff_id}")
    return True


def renew_recovery_codes(session: WriteSession, *, vault: Vault, staff_id: UUID, actor: Actor) -> list[str]:
    """New recovery codes in place of all earlier ones, as they are shown: once."""
    codes = second_factor.renew_codes(session, vault=vault, staff_id=staff_id)
    audit.record(session, actor=actor, act="identity.staff_recovery_codes", subject=f"staff:{staff_id}")
    return codes


def _invitation(
    session: WriteSession, *, staff_id: UUID, purpose: InvitationPurpose, told_to: UUID | None, now: datetime
) -> Invited:
    _void(session, staff_id=staff_id, now=now)
    token, expires_at = second_factor.new_token(), now + rules.INVITATION_LIFE
    session.sql(
        """insert into staff_invitation (id, staff_id, purpose, token_hash, created_at, expires_at, told_to)
           values (:id, :staff_id, :purpose, :hash, :now, :expires_at, :told_to)""",
        id=ids.uuid7(),
        staff_id=staff_id,
        purpose=purpose.value,
        hash=rules.secret_hash(token),
        now=now,
        expires_at=expires_at,
        told_to=told_to,
    )
    return Invited(staff_id, token, expires_at)


def _void(session: WriteSession, *, staff_id: UUID, now: datetime) -> None:
    session.sql(
        """update staff_invitation set voided_at = :now
           where staff_id = :staff_id and used_at is null and voided_at is null""",
        staff_id=staff_id,
        now=now,
    )
