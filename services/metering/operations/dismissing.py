"""What staff dismiss of what rules found odd: the reading is right, and looks odd rightly."""

from datetime import datetime
from uuid import UUID

from core import audit
from core.audit import Actor
from core.db import WriteSession


def dismiss_finding(
    session: WriteSession, *, account_id: int, finding_id: UUID, actor: Actor, why: str, now: datetime
) -> bool:
    """Let a finding be listed no more, until the reading that was found odd says something else.

    False when it is none of the account's, has ended, or was dismissed: then nothing is done.
    """
    done = session.sql(
        """update reading_finding set dismissed_at = :now, dismissed_by = :actor, dismissed_why = :why
           where account_id = :account_id and id = :id and ended_at is null and dismissed_at is null""",
        account_id=account_id,
        id=finding_id,
        now=now,
        actor=actor.name,
        why=why,
    ).rowcount
    if done:
        audit.record(
            session,
            actor=actor,
            act="metering.dismissed",
            subject=f"account:{account_id}",
            after={"finding": str(finding_id), "reason": why},
        )
    return bool(done)
