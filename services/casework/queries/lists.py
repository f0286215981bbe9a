"""Lists of accounts that staff take as files: who works here, the audit log, missing data, what imports refused."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from core.db import ReadSession, to_json
from services.accounts.catalogue import FieldClass, Level
from services.accounts.queries import imports, quality, staffing
from services.accounts.queries.staffing import AuditEntry, AuditFilter
from services.accounts.roles import StaffPermission
from services.casework.ports import Part, Slice, StaffList


def _people(session: ReadSession, part: Part) -> Slice:
    found = staffing.staff_page(
        session,
        seen_by=part.staff_id,
        part=str(part.filters["part"]),
        state=str(part.filters["state"]),
        after="" if part.position is None else str(part.position[0]),
        limit=part.limit,
        now=part.now,
    )
    cells = [
        (
            row.name,
            row.display_name,
            row.state or "",
            " ".join(row.roles),
            ", ".join(row.units),
            "" if row.signed_in_at is None else row.signed_in_at.isoformat(),
            "" if row.left_at is None else row.left_at.isoformat(),
        )
        for row in found
    ]
    return Slice(cells, [found[-1].name] if len(found) == part.limit else None)


def audit_filters(wanted: AuditFilter) -> dict[str, Any]:
    """What of the log is asked for, as a file keeps it."""
    return {
        "actor": wanted.actor,
        "act": wanted.act,
        "subjects": list(wanted.subjects),
        "since": None if wanted.since is None else wanted.since.isoformat(),
        "until": None if wanted.until is None else wanted.until.isoformat(),
    }


def _audit(session: ReadSession, part: Part) -> Slice:
    asked: dict[str, Any] = dict(part.filters)
    may = staffing.staff_holds_everywhere
    found = staffing.audit_page(
        session,
        seen_by=part.staff_id,
        sees_all=may(session, staff_id=part.staff_id, permission=StaffPermission.AUDIT_VIEW, now=part.now),
        wanted=AuditFilter(
            actor=asked["actor"],
            act=asked["act"],
            subjects=asked["subjects"],
            since=_moment(asked["since"]),
            until=_moment(asked["until"]),
        ),
        before_id=None if part.position is None else int(str(part.position[0])),
        limit=part.limit,
        now=part.now,
    )
    return Slice([_act(each) for each in found], [found[-1].id] if len(found) == part.limit else None)


def _act(entry: AuditEntry) -> tuple[str, ...]:
    return (
        str(entry.id),
        entry.recorded_at.isoformat(),
        entry.actor,
        entry.act,
        entry.subject,
        entry.address or "",
        entry.unit or "",
        "" if entry.before is None else to_json(entry.before),
        "" if entry.after is None else to_json(entry.after),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _gaps(session: ReadSession, part: Part) -> Slice:
    """Without the holders: a file names nobody."""
    asked = {name: str(value) for name, value in part.filters.items()}
    found = quality.gaps(
        session,
        staff_id=part.staff_id,
        unit_code=asked["unit"] or None,
        of=FieldClass(asked["of"]) if asked["of"] else None,
        level=Level(int(asked["level"])) if asked["level"] else None,
        code=asked["field"] or None,
        after=0 if part.position is None else int(str(part.position[0])),
        limit=part.limit,
        now=part.now,
    )
    rows = found or []
    cells = [(row.account_no, row.unit, " ".join(field.code for field in row.missing)) for row in rows]
    return Slice(cells, [rows[-1].account_id] if len(rows) == part.limit else None)


def _rejects(session: ReadSession, part: Part) -> Slice:
    row_no, field = part.position or (0, "")
    found = imports.rejects_page(
        session,
        run_id=int(str(part.filters["run_id"])),
        staff_id=part.staff_id,
        field=str(part.filters["field"]),
        reason=str(part.filters["reason"]),
        after=(int(str(row_no)), str(field)),
        limit=part.limit,
        now=part.now,
    )
    cells = [(str(row.row_no), row.field, row.reason, row.unit) for row in found]
    return Slice(cells, [found[-1].row_no, found[-1].field] if len(found) == part.limit else None)


def _vanished(session: ReadSession, part: Part) -> Slice:
    account_no, bill_no = part.position or ("", "")
    found = imports.vanished_page(
        session,
        run_id=int(str(part.filters["run_id"])),
        staff_id=part.staff_id,
        after=(str(account_no), str(bill_no)),
        limit=part.limit,
        now=part.now,
    )
    cells = [
        (
            row.account_no,
            row.bill_no,
            "" if row.open_minor is None else str(row.open_minor),
            row.currency or "",
            row.unit,
        )
        for row in found
    ]
    return Slice(cells, [found[-1].account_no, found[-1].bill_no] if len(found) == part.limit else None)


_MAY: Final = StaffPermission
ACCOUNT_LISTS: Final[Sequence[StaffList]] = (
    StaffList(
        "people",
        _MAY.STAFF_VIEW,
        ("name", "display_name", "state", "roles", "units", "signed_in_at", "left_at"),
        _people,
    ),
    StaffList(
        "audit",
        _MAY.AUDIT_VIEW,
        ("id", "recorded_at", "actor", "act", "subject", "address", "unit", "before", "after"),
        _audit,
        tells_of_people=True,
    ),
    StaffList("gaps", _MAY.ACCOUNTS_VIEW, ("account_no", "unit", "missing"), _gaps),
    StaffList("rejects", _MAY.IMPORTS_VIEW, ("line", "field", "reason", "unit"), _rejects),
    StaffList("vanished", _MAY.IMPORTS_VIEW, ("account_no", "bill_no", "open_minor", "currency", "unit"), _vanished),
)
