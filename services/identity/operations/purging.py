"""Forgetting what is spent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.db import Statement, WriteSession, statement
from services.identity import rules

KEEP: Final = timedelta(days=30)
"""How long spent codes and ended sessions are kept as evidence."""
PURGE_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows one purge took away."""

    challenges: int
    limits: int
    sessions: int
    staff: int
    followers: int

    @property
    def is_all(self) -> bool:
        """Tell whether nothing spent was left."""
        return max(self.challenges, self.limits, self.sessions, self.staff, self.followers) < PURGE_AT_ONCE


def purge_spent(session: WriteSession, *, now: datetime) -> Purged:
    """Forget codes, invitations, ended sessions and who left at WeChat 30 days ago, and counters that limit nothing.

    At most 10,000 rows of each per call: the job calls again until that was all.
    """
    most = PURGE_AT_ONCE
    challenges = session.sql(
        "delete from otp_challenge where id in (select id from otp_challenge where created_at < :before limit :most)",
        before=now - KEEP,
        most=most,
    ).rowcount
    limits = session.sql(_sql("purge_limits.sql"), before=now - rules.DAY, most=most).rowcount
    sessions = session.sql(_sql("purge_sessions.sql"), before=now - KEEP, most=most).rowcount
    session.sql("delete from sign_in_budget where day < :before", before=(now - KEEP).date())
    staff = session.sql(_sql("purge_staff_sessions.sql"), before=now - KEEP, most=most).rowcount
    staff += session.sql(_sql("purge_staff_invitations.sql"), before=now - KEEP, most=most).rowcount
    followers = session.sql(_sql("purge_followers.sql"), before=now - KEEP, most=most).rowcount
    return Purged(challenges, limits, sessions, staff, followers)


def _sql(name: str) -> Statement:
    return statement(__package__, name)
