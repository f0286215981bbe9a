"""Erasing a person: asked for with a fresh code, done a week later, for good. What the books need names nobody then."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from core import audit
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import WriteSession, is_lost
from services.identity import queries, rules
from services.identity.operations.codes import CodeBurnt, CodeRefused, check_own_code
from services.identity.ports import PERSONAL_DATA, Purpose
from services.identity.queries import ErasureView

GRACE: Final = timedelta(days=7)
"""In which the person may take it back, and whoever holds their telephone wrongly is noticed."""
PUT_OFF: Final = timedelta(hours=1)
"""When something is under way that needs the person, as a payment that nobody has decided; the first time it fails."""
JOB: Final = Actor("job:identity.erase_due")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Erased:
    """One step of the job: whose turn it was, and whether it had to be put off."""

    user_id: UUID
    is_done: bool


def ask_erasure(
    session: WriteSession, *, vault: Vault, user_id: UUID, device: str, code: str, actor: Actor, now: datetime
) -> ErasureView | CodeRefused | CodeBurnt:
    """Let a person be erased a week from now, on the word of a code that came to their telephone.

    Commit whatever comes back. Asked again, the first time stands.
    """
    refused = check_own_code(
        session, vault=vault, user_id=user_id, device=device, code=code, purpose=Purpose.ERASE, now=now
    )
    if refused is not None:
        return refused
    due_at = now + GRACE
    added = session.sql(
        """insert into erasure (user_id, asked_at, due_at) values (:user_id, :now, :due_at)
           on conflict (user_id) do nothing""",
        user_id=user_id,
        now=now,
        due_at=due_at,
    ).rowcount
    if added:
        audit.record(
            session,
            actor=actor,
            act="identity.erasure_asked",
            subject=f"user:{user_id}",
            after={"due_at": due_at.isoformat()},
        )
    found = queries.erasure(session, user_id=user_id)
    return found or ErasureView(now, due_at)


def withdraw_erasure(session: WriteSession, *, user_id: UUID, actor: Actor) -> bool:
    """Take the wish back; False when there is none that could be."""
    taken = session.sql("delete from erasure where user_id = :user_id and done_at is null", user_id=user_id).rowcount
    if taken:
        audit.record(session, actor=actor, act="identity.erasure_withdrawn", subject=f"user:{user_id}")
    return bool(taken)


def erase_next(session: WriteSession, *, vault: Vault, now: datetime) -> Erased | None:
    """Erase the person whose time has come first, in one transaction; None when there is none.

    It is put off while something is under way that needs the person. One that fails is undone and put off, longer each
    time, and holds up nobody else. Cut short, nothing has happened; done, the row says so and is not taken again.
    Raises what broke the connection.
    """
    row = session.sql(
        """select user_id, failures from erasure where done_at is null and due_at <= :now
           order by due_at, user_id limit 1 for update skip locked""",
        now=now,
    ).one_or_none()
    if row is None:
        return None
    try:
        with session.begin_nested():
            is_done = _erase(session, vault=vault, user_id=row.user_id, now=now)
    except Exception as error:
        if is_lost(error):
            raise
        log.exception("erasure_put_off", user_id=str(row.user_id))
        session.sql(
            """update erasure set failures = failures + 1, error = :error, due_at = :due_at,
                 failing_since = coalesce(failing_since, due_at) where user_id = :id""",
            error=type(error).__name__,
            due_at=now + rules.put_off(PUT_OFF, failures=row.failures),
            id=row.user_id,
        )
        return Erased(row.user_id, is_done=False)
    return Erased(row.user_id, is_done=is_done)


def _erase(session: WriteSession, *, vault: Vault, user_id: UUID, now: datetime) -> bool:
    """Whether it is done; otherwise it is put off."""
    parts = PERSONAL_DATA.get()
    is_needed = any(part.keeps(session, user_id=user_id) for part in parts)
    if not is_needed:
        for part in parts:
            part.erase(session, vault=vault, user_id=user_id, now=now)
        audit.record(session, actor=JOB, act="identity.erased", subject=f"user:{user_id}")
    session.sql(
        """update erasure set due_at = case when :is_needed then cast(:later as timestamptz) else due_at end,
             done_at = case when not :is_needed then cast(:now as timestamptz) end,
             failures = 0, error = null, failing_since = null
           where user_id = :id""",
        is_needed=is_needed,
        later=now + PUT_OFF,
        now=now,
        id=user_id,
    )
    return not is_needed
