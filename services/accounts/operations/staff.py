"""Roles of staff in units: granted and revoked by whoever holds at least as much there."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from core import audit, ids
from core.audit import Actor
from core.db import WriteSession
from services.accounts.errors import GrantBeyondOwn, GrantHeld, GrantToOneself, GrantUnknown, UnitUnknown
from services.accounts.queries.staffing import UnitView, may_grant, may_manage, staff_grant, unit_by_code
from services.accounts.roles import StaffPermission, StaffRole

MOMENT: Final = timedelta(microseconds=1)


def grant_role(
    session: WriteSession,
    *,
    staff_id: UUID,
    role: StaffRole,
    unit_code: str,
    by: UUID | None,
    actor: Actor,
    now: datetime,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
) -> UUID:
    """Let a member of staff act in a role, in a unit and everything below it; returns the grant's id.

    `by` grants, and may neither grant to themselves nor more than they hold there for as long; None is who started a
    command on the server, whom nothing binds. Raises UnitUnknown, also for one where `by` does not manage staff;
    GrantToOneself, GrantBeyondOwn, GrantHeld.
    """
    unit = grantable_unit(session, staff_id=staff_id, role=role, unit_code=unit_code, by=by, valid_to=valid_to, now=now)
    grant_id = session.sql(
        """insert into staff_grant (id, staff_id, role, unit_id, valid_from, valid_to, granted_by, granted_at)
           values (:id, :staff_id, :role, :unit_id, :valid_from, :valid_to, :by, :now)
           on conflict (staff_id, role, unit_id) where revoked_at is null do nothing returning id""",
        id=ids.uuid7(),
        staff_id=staff_id,
        role=role.value,
        unit_id=unit.id,
        valid_from=valid_from or now,
        valid_to=valid_to,
        by=by,
        now=now,
    ).scalar_one_or_none()
    if grant_id is None:
        raise GrantHeld
    audit.record(
        session,
        actor=actor,
        act="accounts.staff_granted",
        subject=f"staff:{staff_id}",
        after={
            "grant_id": str(grant_id),
            "role": role.value,
            "unit": unit.code,
            "until": None if valid_to is None else valid_to.isoformat(),
        },
        unit_id=unit.id,
    )
    return UUID(str(grant_id))


def grantable_unit(
    session: WriteSession,
    *,
    staff_id: UUID,
    role: StaffRole,
    unit_code: str,
    by: UUID | None,
    valid_to: datetime | None,
    now: datetime,
) -> UnitView:
    """The unit of a grant that could be made; raises what `grant_role` raises when it could not."""
    unit = unit_by_code(session, code=unit_code)
    if by is None:
        if unit is None:
            raise UnitUnknown
        return unit
    found = may_grant(session, by=by, role=role, unit_id=None if unit is None else unit.id, valid_to=valid_to, now=now)
    if unit is None or not found.manages:
        raise UnitUnknown
    if staff_id == by:
        raise GrantToOneself
    if not found.holds_as_much:
        raise GrantBeyondOwn
    return unit


def revoke_role(
    session: WriteSession, *, staff_id: UUID, grant_id: UUID, by: UUID, actor: Actor, now: datetime
) -> None:
    """Take a role away from somebody, at once.

    Raises GrantUnknown (also outside of what `by` manages, and for a grant of somebody else), GrantToOneself,
    GrantBeyondOwn.
    """
    grant = staff_grant(session, grant_id=grant_id)
    if grant is None or grant.staff_id != staff_id or grant.revoked_at is not None:
        raise GrantUnknown
    found = may_grant(session, by=by, role=grant.role, unit_id=grant.unit.id, valid_to=now + MOMENT, now=now)
    if not found.manages:
        raise GrantUnknown
    if grant.staff_id == by:
        raise GrantToOneself
    if not found.holds_as_much:
        raise GrantBeyondOwn
    revoked = session.sql(
        """update staff_grant set revoked_at = :now, revoked_by = :by where id = :id and revoked_at is null""",
        id=grant_id,
        by=by,
        now=now,
    ).rowcount
    if not revoked:
        raise GrantUnknown
    audit.record(
        session,
        actor=actor,
        act="accounts.staff_revoked",
        subject=f"staff:{grant.staff_id}",
        before={"grant_id": str(grant_id), "role": grant.role.value, "unit": grant.unit.code},
        unit_id=grant.unit.id,
    )


def note_staff_refusal(session: WriteSession, *, actor: Actor, permission: StaffPermission) -> None:
    """Keep that a member of staff asked for something that they may do nowhere."""
    audit.record(session, actor=actor, act="accounts.staff_refused", subject=f"permission:{permission.value}")


def check_manages(session: WriteSession, *, staff_id: UUID, by: UUID, now: datetime) -> None:
    """Raise GrantBeyondOwn unless `by` could have granted all that somebody holds, and GrantToOneself for oneself."""
    if staff_id == by:
        raise GrantToOneself
    if not may_manage(session, staff_id=staff_id, by=by, now=now):
        raise GrantBeyondOwn
