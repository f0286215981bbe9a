"""Codes of the authenticator and recovery codes: each works once."""

import secrets
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core import ids
from core.crypto.vault import Vault
from core.db import WriteSession, statement
from services.identity import rules
from services.identity.errors import StaffCodeWrong
from services.identity.queries import staff_owner

RECOVERY_KEY: Final = "staff-recovery"
_DECOY: Final = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
"""The secret that codes of nobody are compared with."""


def lock(session: WriteSession, *, staff_id: UUID) -> "sa.Row[Any] | None":
    """The row of a member of staff, until the transaction ends: of many tries at once each counts."""
    return session.sql(
        """select id, name, display_name, state, password_hash, totp_sealed, failures, blocked_until from staff
           where id = :id for update""",
        id=staff_id,
    ).one_or_none()


def is_open(row: "sa.Row[Any] | None", *, now: datetime) -> bool:
    """Whether this person's codes are taken now."""
    return row is not None and row.state == "active" and (row.blocked_until is None or row.blocked_until <= now)


def secret_of(vault: Vault, row: "sa.Row[Any] | None") -> str | None:
    """What is in somebody's authenticator; None for nobody's, and when it was taken away."""
    if row is None or row.totp_sealed is None:
        return None
    return vault.open(table="staff", column="totp", owner=staff_owner(row.id), sealed=bytes(row.totp_sealed))


def adopt(session: WriteSession, *, vault: Vault, staff_id: UUID, secret: str, code: str, now: datetime) -> list[str]:
    """Make an offered secret theirs with its first code, and return new recovery codes; raises StaffCodeWrong."""
    step = rules.matching_step(secret, code, now=now)
    if step is None:
        raise StaffCodeWrong
    session.sql(
        "update staff set totp_sealed = :sealed, totp_step = :step where id = :id",
        id=staff_id,
        sealed=vault.seal(table="staff", column="totp", owner=staff_owner(staff_id), text=secret),
        step=step,
    )
    return renew_codes(session, vault=vault, staff_id=staff_id)


def spend(
    session: WriteSession,
    *,
    vault: Vault,
    staff_id: UUID,
    row: "sa.Row[Any] | None",
    code: str,
    is_allowed: bool,
    now: datetime,
) -> bool:
    """Use up a code of the authenticator or a recovery code; False when it is none, was used, or nothing `is_allowed`.

    The same statements whoever asks with whatever.
    """
    step = rules.matching_step(secret_of(vault, row) or _DECOY, code, now=now)
    by_step = session.sql(
        """update staff set totp_step = :step
           where id = :id and (totp_step is null or totp_step < :step) and cast(:is_allowed as boolean)""",
        id=staff_id,
        step=step,
        is_allowed=is_allowed,
    ).rowcount
    by_recovery = session.sql(
        """update staff_recovery_code set used_at = :now
           where staff_id = :id and code_hash = :hash and used_at is null and cast(:is_allowed as boolean)""",
        id=staff_id,
        hash=_hash(vault, staff_id, rules.canonical_recovery_code(code) or ""),
        now=now,
        is_allowed=is_allowed,
    ).rowcount
    return bool(by_step or by_recovery)


def note_outcome(session: WriteSession, *, staff_id: UUID, failures: int | None, now: datetime) -> datetime | None:
    """Begin to count anew after a code that was right (`failures` is 0), count a wrong one, or (None) leave it.

    Returns until when no code is taken after so many wrong ones.
    """
    wait = rules.wait_after(failures or 0)
    until = None if wait is None else now + wait
    session.sql(
        """update staff set failures = coalesce(:failures, failures),
             blocked_until = case when cast(:failures as integer) is null then blocked_until else :until end
           where id = :id""",
        id=staff_id,
        failures=failures,
        until=until,
    )
    return until


def renew_codes(session: WriteSession, *, vault: Vault, staff_id: UUID) -> list[str]:
    """New recovery codes in place of all earlier ones, as they are shown: once."""
    session.sql("delete from staff_recovery_code where staff_id = :id", id=staff_id)
    codes = [ids.human_code(rules.RECOVERY_LENGTH) for _ in range(rules.RECOVERY_CODES)]
    session.sql(
        statement(__package__, "add_recovery_codes.sql"),
        id=staff_id,
        hashes=[_hash(vault, staff_id, code) for code in codes],
    )
    return [rules.shown_recovery_code(code) for code in codes]


def new_token() -> str:
    """256 random bits for an address or a cookie."""
    return secrets.token_urlsafe(32)


def _hash(vault: Vault, staff_id: UUID, code: str) -> bytes:
    return rules.recovery_code_hash(vault.subkey(RECOVERY_KEY), staff_id=staff_id, code=code)
