"""What takes two persons about staff: granting a role that decides, and replacing what somebody signs in with."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from core.db import ReadSession, WriteSession
from services.accounts import operations as accounts
from services.accounts.roles import StaffPermission, StaffRole
from services.casework.errors import NotJoined
from services.casework.ports import Approved, Kind, Outcome, Payload
from services.identity import queries
from services.identity.operations import staff
from services.identity.operations.staff import Invited


class GrantRole(Payload):
    """A role in a unit and everything below it."""

    staff_id: UUID
    role: StaffRole
    unit_code: str
    valid_to: datetime | None


class ResetStaff(Payload):
    """Whose password or second factor is replaced."""

    staff_id: UUID


def check_joined(session: ReadSession, *, staff_id: UUID) -> None:
    """Raise NotJoined for somebody who has not set what they sign in with."""
    found = queries.staff_member(session, staff_id=staff_id)
    if found is None or found.state != "active":
        raise NotJoined


def _grant(session: WriteSession, approved: Approved) -> Outcome:
    """Both must hold what is granted: whoever asked is the granter, whoever decides could have been."""
    wanted: GrantRole = approved.payload
    check_joined(session, staff_id=wanted.staff_id)
    for by in (approved.decided_by, approved.requested_by):
        accounts.grantable_unit(
            session,
            staff_id=wanted.staff_id,
            role=wanted.role,
            unit_code=wanted.unit_code,
            by=by,
            valid_to=wanted.valid_to,
            now=approved.now,
        )
    accounts.grant_role(
        session,
        staff_id=wanted.staff_id,
        role=wanted.role,
        unit_code=wanted.unit_code,
        by=approved.requested_by,
        actor=approved.actor,
        now=approved.now,
        valid_to=wanted.valid_to,
    )
    return Outcome()


def _reset(do: Callable[..., Invited]) -> Callable[[WriteSession, Approved], Outcome]:
    def carry_out(session: WriteSession, approved: Approved) -> Outcome:
        wanted: ResetStaff = approved.payload
        accounts.check_manages(session, staff_id=wanted.staff_id, by=approved.requested_by, now=approved.now)
        accounts.check_manages(session, staff_id=wanted.staff_id, by=approved.decided_by, now=approved.now)
        invited = do(
            session, staff_id=wanted.staff_id, told_to=approved.decided_by, actor=approved.actor, now=approved.now
        )
        return Outcome(told_once=invited.token)

    return carry_out


GRANT_ROLE: Final = Kind(
    name="staff.grant_role",
    payload=GrantRole,
    asks=StaffPermission.STAFF_MANAGE,
    decides=StaffPermission.STAFF_APPROVE,
    carry_out=_grant,
)
RESET_SECOND_FACTOR: Final = Kind(
    name="staff.reset_second_factor",
    payload=ResetStaff,
    asks=StaffPermission.STAFF_MANAGE,
    decides=StaffPermission.STAFF_APPROVE,
    carry_out=_reset(staff.reset_second_factor),
)
RESET_PASSWORD: Final = Kind(
    name="staff.reset_password",
    payload=ResetStaff,
    asks=StaffPermission.STAFF_MANAGE,
    decides=StaffPermission.STAFF_APPROVE,
    carry_out=_reset(staff.reset_password),
)
STAFF_KINDS: Final = (GRANT_ROLE, RESET_SECOND_FACTOR, RESET_PASSWORD)
