"""Staff look at an account as one of its people sees it: begun for a reason, for a quarter of an hour, and ended."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from core import audit, ids
from core.audit import Actor
from core.db import WriteSession
from services.accounts.operations.serving import kept_reason
from services.accounts.queries.finding import staff_account
from services.accounts.roles import StaffPermission

LOOK_FOR: Final = timedelta(minutes=15)


def begin_look(
    session: WriteSession,
    *,
    account_no: str,
    grant_id: UUID,
    reason: str,
    staff_id: UUID,
    session_id: UUID,
    actor: Actor,
    now: datetime,
) -> bool:
    """Begin to look as the person of a living grant; a look that this browser of staff had before ends.

    False where one may not, where there is no such account, and for a grant that is over or another account's. Audited
    with the reason. Raises ReasonNeeded.
    """
    found = staff_account(
        session, account_no=account_no, staff_id=staff_id, permission=StaffPermission.ACCOUNTS_VIEW_AS, now=now
    )
    if found is None:
        return False
    is_living: bool = session.sql(
        """select exists (select from access_grant where id = :id and account_id = :account_id and revoked_at is null
             and valid_from <= :now and (valid_to is null or valid_to > :now))""",
        id=grant_id,
        account_id=found.id,
        now=now,
    ).scalar_one()
    if not is_living:
        return False
    why = kept_reason(reason)
    end_look(session, session_id=session_id, actor=actor, now=now)
    session.sql(
        """insert into account_look (id, staff_id, session_id, account_id, grant_id, begun_at, expires_at)
           values (:id, :staff_id, :session_id, :account_id, :grant_id, :now, :until)""",
        id=ids.uuid7(),
        staff_id=staff_id,
        session_id=session_id,
        account_id=found.id,
        grant_id=grant_id,
        now=now,
        until=now + LOOK_FOR,
    )
    audit.record(
        session,
        actor=actor,
        act="accounts.look_begun",
        subject=f"account:{found.id}",
        after={"grant_id": str(grant_id), "reason": why, "until": (now + LOOK_FOR).isoformat()},
    )
    return True


def end_look(session: WriteSession, *, session_id: UUID, actor: Actor, now: datetime) -> None:
    """End the look of a browser of staff, if it has one."""
    ended = session.sql(
        """update account_look set ended_at = :now where session_id = :session_id and ended_at is null
           returning account_id""",
        session_id=session_id,
        now=now,
    ).scalar_one_or_none()
    if ended is not None:
        audit.record(session, actor=actor, act="accounts.look_ended", subject=f"account:{ended}")
