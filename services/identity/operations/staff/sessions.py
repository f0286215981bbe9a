"""Sessions of staff: opened anew at each sign-in, ended all at once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import audit, ids
from core.audit import Actor
from core.db import WriteSession, statement
from services.identity import rules
from services.identity.models import StaffEndedWhy
from services.identity.operations.staff.second_factor import new_token


@dataclass(frozen=True, slots=True)
class StaffOnline:
    """Who a staff cookie belongs to. `proved_at` is when a code was given last, if within the last five minutes.

    `ends_at`: when it is over unless it is used again, and `expires_at`, when it is over however it is used.
    """

    session_id: UUID
    staff_id: UUID
    name: str
    display_name: str
    proved_at: datetime | None
    ends_at: datetime
    expires_at: datetime

    @property
    def is_fresh(self) -> bool:
        """Whether what is dangerous may be done without another code."""
        return self.proved_at is not None


def open_session(
    session: WriteSession,
    *,
    staff_id: UUID,
    user_agent: str,
    address: str,
    previous_token: str | None,
    now: datetime,
) -> str:
    """Sign a browser in and return the cookie's value, always a new one. The session of the cookie before ends."""
    if previous_token is not None:
        _replace(session, token=previous_token, address=address, now=now)
    session_id, token = ids.uuid7(), new_token()
    session.sql(
        """insert into staff_session
             (id, staff_id, cookie_hash, device_name, created_at, last_used_at, idle_until, expires_at, stepped_up_at)
           values (:id, :staff_id, :hash, :name, :now, :now, :idle_until, :expires_at, :now)""",
        id=session_id,
        staff_id=staff_id,
        hash=rules.secret_hash(token),
        name=rules.device_name(rules.browser_name(user_agent)),
        now=now,
        idle_until=now + rules.STAFF_IDLE,
        expires_at=now + rules.STAFF_LIFE,
    )
    session.sql("update staff set signed_in_at = :now where id = :id", id=staff_id, now=now)
    audit.record(
        session,
        actor=Actor(f"staff:{staff_id}", address),
        act="identity.staff_sign_in",
        subject=f"staff_session:{session_id}",
    )
    return token


def resolve(session: WriteSession, *, token: str, now: datetime) -> StaffOnline | None:
    """Whose cookie this is, None when its session is over or its person disabled.

    One statement, which also notes the use (at most once a minute).
    """
    row = session.sql(
        statement(__package__, "resolve_staff_session.sql"),
        hash=rules.secret_hash(token),
        now=now,
        idle_until=now + rules.STAFF_IDLE,
        stale=now - rules.STAFF_TOUCH_EVERY,
    ).one_or_none()
    if row is None:
        return None
    is_fresh = row.stepped_up_at is not None and now - row.stepped_up_at < rules.STEP_UP_LIFE
    return StaffOnline(
        row.id,
        row.staff_id,
        row.name,
        row.display_name,
        row.stepped_up_at if is_fresh else None,
        row.ends_at,
        row.expires_at,
    )


def renew_cookie(session: WriteSession, *, session_id: UUID, now: datetime) -> str:
    """Note that a fresh code was given, and change the cookie: a copy of the old one opens nothing any more."""
    token = new_token()
    session.sql(
        "update staff_session set cookie_hash = :hash, stepped_up_at = :now where id = :id and ended_at is null",
        id=session_id,
        hash=rules.secret_hash(token),
        now=now,
    )
    return token


def end_session(
    session: WriteSession, *, staff_id: UUID, session_id: UUID, is_own: bool, actor: Actor, now: datetime
) -> bool:
    """Sign one of a person's browsers out, at once (`is_own`: this one). False when it is not theirs, or is over."""
    why = StaffEndedWhy.SIGNED_OUT if is_own else StaffEndedWhy.REVOKED
    return _end(session, staff_id=staff_id, why=why, actor=actor, now=now, only=session_id) > 0


def end_other_sessions(session: WriteSession, *, staff_id: UUID, kept: UUID, actor: Actor, now: datetime) -> int:
    """Sign all of a person's browsers out but one; returns how many."""
    return _end(session, staff_id=staff_id, why=StaffEndedWhy.REVOKED, actor=actor, now=now, kept=kept)


def end_all(
    session: WriteSession,
    *,
    staff_id: UUID,
    why: StaffEndedWhy,
    actor: Actor,
    now: datetime,
    kept: UUID | None = None,
) -> int:
    """Sign all of a person's browsers out (but one), at once; returns how many."""
    return _end(session, staff_id=staff_id, why=why, actor=actor, now=now, kept=kept)


def _replace(session: WriteSession, *, token: str, address: str, now: datetime) -> None:
    row = session.sql(
        "select id, staff_id from staff_session where cookie_hash = :hash", hash=rules.secret_hash(token)
    ).one_or_none()
    if row is not None:
        actor = Actor(f"staff:{row.staff_id}", address)
        _end(session, staff_id=row.staff_id, why=StaffEndedWhy.REPLACED, actor=actor, now=now, only=row.id)


def _end(
    session: WriteSession,
    *,
    staff_id: UUID,
    why: StaffEndedWhy,
    actor: Actor,
    now: datetime,
    only: UUID | None = None,
    kept: UUID | None = None,
) -> int:
    ended = session.sql(
        """update staff_session set ended_at = :now, ended_why = :why
           where staff_id = :staff_id and ended_at is null and idle_until > :now
             and (cast(:only as uuid) is null or id = :only) and id is distinct from cast(:kept as uuid)
           returning id""",
        staff_id=staff_id,
        why=why.value,
        now=now,
        only=only,
        kept=kept,
    ).scalars()
    ids_ = list(ended)
    for each in ids_:
        audit.record(
            session,
            actor=actor,
            act="identity.staff_session_ended",
            subject=f"staff_session:{each}",
            after={"staff_id": str(staff_id), "why": why.value},
        )
    return len(ids_)
