"""Reads of what staff may do where, and of what was done there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.db import ReadSession, statement, view
from services.accounts.roles import NEEDS_SECOND_PERSON, StaffPermission, StaffRole


@dataclass(frozen=True, slots=True)
class UnitView:
    """A place in the supplier's tree."""

    id: int
    code: str
    name: str
    depth: int


@dataclass(frozen=True, slots=True)
class StaffGrantView:
    """A role of a member of staff in a unit and everything below it."""

    id: UUID
    staff_id: UUID
    role: StaffRole
    unit: UnitView
    valid_from: datetime
    valid_to: datetime | None
    granted_by: UUID | None
    revoked_at: datetime | None

    def is_living(self, now: datetime) -> bool:
        """Whether it allows anything now."""
        return self.revoked_at is None and self.valid_from <= now and (self.valid_to is None or self.valid_to > now)

    @property
    def ended_at(self) -> datetime | None:
        """When it ended or is to end; None where nothing is said."""
        return min((each for each in (self.revoked_at, self.valid_to) if each is not None), default=None)


@dataclass(frozen=True, slots=True)
class StaffRow:
    """A member of staff as lists show one: with the roles that the reader may see.

    Whoever has none there now, nor later, `left_at` that moment, and how they stand and when they signed in is None.
    """

    id: UUID
    name: str
    display_name: str
    state: str | None
    signed_in_at: datetime | None
    roles: list[str]
    units: list[str]
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """What a member of staff may do: in some unit or other, and in every one."""

    somewhere: frozenset[StaffPermission]
    everywhere: frozenset[StaffPermission]


@dataclass(frozen=True, slots=True)
class MayGrant:
    """Whether somebody manages staff in a unit, and holds there all that a role allows for as long."""

    manages: bool
    holds_as_much: bool


def staff_may(
    session: ReadSession, *, staff_id: UUID, permission: StaffPermission, unit_id: int, now: datetime
) -> bool:
    """The one decision: whether a member of staff may do this in this unit now."""
    return bool(
        session.sql(
            "select exists (select from staff_units(:staff_id, :permission, :now) u where u.unit_id = :unit_id)",
            staff_id=staff_id,
            permission=permission.value,
            now=now,
            unit_id=unit_id,
        ).scalar_one()
    )


def staff_are_bound(session: ReadSession, *, staff_id: UUID, other_id: UUID, now: datetime) -> bool:
    """Whether somebody does not decide about what another asks for: one alone could be both."""
    return bool(
        session.sql(
            "select :other_id in (select b.staff_id from staff_bound(:staff_id, :now) b)",
            staff_id=staff_id,
            other_id=other_id,
            now=now,
        ).scalar_one()
    )


def staff_decides(session: ReadSession, *, staff_id: UUID, now: datetime) -> bool:
    """Whether somebody holds, now or later, a role that takes two to be granted."""
    return bool(
        session.sql(
            """select exists (select from staff_grant where staff_id = :staff_id and role = any(:roles)
                 and revoked_at is null and (valid_to is null or valid_to > :now))""",
            staff_id=staff_id,
            roles=[role.value for role in NEEDS_SECOND_PERSON],
            now=now,
        ).scalar_one()
    )


def staff_permissions(session: ReadSession, *, staff_id: UUID, now: datetime) -> Held:
    """What somebody may do at all, for menus and doors; where, `staff_units` decides."""
    rows = session.sql(statement(__package__, "staff_permissions.sql"), staff_id=staff_id, now=now).all()
    return Held(
        somewhere=frozenset(StaffPermission(row.permission) for row in rows),
        everywhere=frozenset(StaffPermission(row.permission) for row in rows if row.is_everywhere),
    )


def held_units(session: ReadSession, *, staff_id: UUID, permission: StaffPermission, now: datetime) -> frozenset[int]:
    """The ids of all units in which somebody may do this."""
    units = session.sql(
        "select unit_id from staff_units(:staff_id, :permission, :now)",
        staff_id=staff_id,
        permission=permission.value,
        now=now,
    )
    return frozenset(units.scalars())


def staff_holds_everywhere(session: ReadSession, *, staff_id: UUID, permission: StaffPermission, now: datetime) -> bool:
    """Whether a member of staff may do this in every unit: for what concerns the whole supplier and names none."""
    return bool(
        session.sql(
            """select exists (select from unit) and not exists (
                 select from unit u where u.parent_id is null
                   and not exists (select from staff_units(:staff_id, :permission, :now) s where s.unit_id = u.id))""",
            staff_id=staff_id,
            permission=permission.value,
            now=now,
        ).scalar_one()
    )


def top_unit(session: ReadSession) -> int | None:
    """The id of a topmost unit, for what concerns the whole supplier and must name one; None before there is any."""
    found: int | None = session.sql("select min(id) from unit where parent_id is null").scalar_one()
    return found


def staff_units(
    session: ReadSession, *, staff_id: UUID, permission: StaffPermission, now: datetime, limit: int
) -> list[UnitView]:
    """Up to `limit` units in which somebody may do this, in the order of the tree."""
    rows = session.sql(
        statement(__package__, "staff_units.sql"),
        staff_id=staff_id,
        permission=permission.value,
        now=now,
        limit=limit,
    )
    return [UnitView(row.id, row.code, row.name, row.depth) for row in rows]


def unit_by_code(session: ReadSession, *, code: str) -> UnitView | None:
    """The unit with this code, whoever asks."""
    row = session.sql(
        "select id, code, name, cardinality(string_to_array(path, '/')) - 3 as depth from unit where code = :code",
        code=code,
    ).one_or_none()
    return None if row is None else UnitView(row.id, row.code, row.name, row.depth)


def staff_grants(session: ReadSession, *, staff_id: UUID, seen_by: UUID | None, now: datetime) -> list[StaffGrantView]:
    """Somebody's grants, the latest first: all of them, or (`seen_by`) those where that person may see staff."""
    rows = session.sql(
        statement(__package__, "staff_grants.sql"), staff_id=staff_id, seen_by=seen_by, now=now, grant_id=None
    )
    return [_grant(row) for row in rows]


def staff_grant(session: ReadSession, *, grant_id: UUID) -> StaffGrantView | None:
    """A grant by id, whoever asks."""
    row = session.sql(
        statement(__package__, "staff_grants.sql"), staff_id=None, seen_by=None, now=None, grant_id=grant_id
    ).one_or_none()
    return None if row is None else _grant(row)


def staff_page(
    session: ReadSession, *, seen_by: UUID, part: str, state: str, after: str, limit: int, now: datetime
) -> list[StaffRow]:
    """Up to `limit` members of staff behind the name `after` with a grant, living or over, where one sees staff.

    With `part` only those in whose names it stands, with `state` only those in it.
    """
    rows = session.sql(
        statement(__package__, "staff_page.sql"),
        seen_by=seen_by,
        part=part,
        state=state,
        after=after,
        limit=limit,
        now=now,
    )
    return [view(StaffRow, row) for row in rows]


def left_at(grants: Sequence[StaffGrantView], *, now: datetime) -> datetime | None:
    """When the last of these ended; None while one goes on or is still to come, and without any."""
    ends = [each.ended_at for each in grants]
    over = [end for end in ends if end is not None and end <= now]
    return max(over) if over and len(over) == len(ends) else None


def staff_is_seen(session: ReadSession, *, staff_id: UUID, seen_by: UUID, now: datetime) -> bool:
    """Whether somebody has a grant, living or over, where the reader may see staff."""
    return bool(
        session.sql(
            """select exists (select from staff_grant g
                 join staff_units(:seen_by, 'staff.view', :now) u on u.unit_id = g.unit_id
                 where g.staff_id = :staff_id)""",
            staff_id=staff_id,
            seen_by=seen_by,
            now=now,
        ).scalar_one()
    )


def may_manage(session: ReadSession, *, staff_id: UUID, by: UUID, now: datetime) -> bool:
    """Whether somebody may disable, enable or reset another: who could have granted all that the other holds now.

    Never oneself.
    """
    return staff_id != by and bool(
        session.sql(statement(__package__, "staff_manageable.sql"), staff_id=staff_id, by=by, now=now).scalar_one()
    )


def may_grant(
    session: ReadSession, *, by: UUID, role: StaffRole, unit_id: int | None, valid_to: datetime | None, now: datetime
) -> MayGrant:
    """What somebody could grant in a unit, up to `valid_to` (for ever without)."""
    row = session.sql(
        statement(__package__, "staff_may_grant.sql"),
        by=by,
        role=role.value,
        unit_id=unit_id,
        valid_to=valid_to,
        now=now,
    ).one()
    return MayGrant(row.manages, row.holds_as_much)


def _grant(row: sa.Row[Any]) -> StaffGrantView:
    return view(
        StaffGrantView, row, role=StaffRole(row.role), unit=UnitView(row.unit_id, row.unit_code, row.unit_name, 0)
    )


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody whose acts may be asked for: the name they sign in with, and what they are called."""

    id: UUID
    name: str
    display_name: str


def staff_called(
    session: ReadSession, *, text: str, seen_by: UUID, limit: int, now: datetime, staff_id: UUID | None = None
) -> list[Colleague]:
    """Up to `limit` people with a grant where the reader may read the audit log, by name.

    Those who sign in with this name or are called so; all of them for an empty text. With `staff_id` that one at most.
    """
    rows = session.sql(
        statement(__package__, "staff_called.sql"), text=text, seen_by=seen_by, staff_id=staff_id, limit=limit, now=now
    )
    return [view(Colleague, row) for row in rows]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which acts are asked for; an empty text asks for all. `subjects` are alternatives of the same thing."""

    actor: str = ""
    act: str = ""
    subjects: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act of the audit log."""

    id: int
    recorded_at: datetime
    actor: str
    act: str
    subject: str
    address: str | None
    unit: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def audit_page(
    session: ReadSession,
    *,
    seen_by: UUID,
    sees_all: bool,
    wanted: AuditFilter,
    before_id: int | None,
    limit: int,
    now: datetime,
) -> list[AuditEntry]:
    """Up to `limit` acts behind the one with the id `before_id`, the latest first, that a member of staff may read.

    Those are the acts of the units where they may read the audit log. Acts that name no unit are for those alone who
    may read it everywhere (`sees_all`).
    """
    filters = {
        "actor": wanted.actor,
        "act": wanted.act,
        "subjects": list(wanted.subjects),
        "before_id": before_id,
        "limit": limit,
    }
    days = {"since": wanted.since, "until": wanted.until}
    if not sees_all:
        page = "audit_page_of_units.sql"
        rows = session.sql(statement(__package__, page), seen_by=seen_by, now=now, **filters, **days)
    elif wanted.since or wanted.until:
        rows = session.sql(statement(__package__, "audit_page_of_days.sql"), **filters, **days)
    else:
        rows = session.sql(statement(__package__, "audit_page.sql"), **filters)
    return [view(AuditEntry, row) for row in rows]


def audited_accounts(
    session: ReadSession, *, account_ids: Collection[int], staff_id: UUID, now: datetime
) -> dict[int, str]:
    """The numbers of those of these accounts that are where a member of staff may read the audit log."""
    rows = session.sql(
        """select a.id, a.account_no from account a
           join staff_units(:staff_id, :permission, :now) s on s.unit_id = a.unit_id where a.id = any(:ids)""",
        ids=list(account_ids),
        staff_id=staff_id,
        permission=StaffPermission.AUDIT_VIEW.value,
        now=now,
    )
    return {row.id: row.account_no for row in rows}
