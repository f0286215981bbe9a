"""Lists of usage that staff take as files: what a tariff that was tried on many accounts comes to for each of them."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from core.db import ReadSession, statement
from services.accounts.roles import StaffPermission
from services.casework.ports import Part, Slice, StaffList
from services.usage.queries.trying import Asker, tried_run


def _accounts(session: ReadSession, part: Part) -> Slice:
    """In minor units; nothing of a run that is no longer theirs to see."""
    run_id = UUID(str(part.filters["run_id"]))
    run = tried_run(session, run_id=run_id, asker=Asker.STAFF, asker_id=part.staff_id, now=part.now)
    if run is None:
        return Slice([], None)
    found = session.sql(
        statement(__package__, "dry_run_rows.sql"),
        run_id=run_id,
        unit_ids=list(run.unit_ids),
        behind=0 if part.position is None else int(str(part.position[0])),
        most=part.limit,
    ).all()
    return Slice([_cells(each) for each in found], [found[-1].account_id] if len(found) == part.limit else None)


def _cells(row: Any) -> tuple[str, ...]:
    if row.faults is None:
        numbers = (row.before_minor, row.after_minor, row.after_minor - row.before_minor)
        return (row.account_no, row.account_class, *(str(each) for each in numbers), row.currency, "", "")
    why = " ".join(f"{fault['code']} {fault['path']}" for fault in row.faults) or "part_of_month"
    return (row.account_no, row.account_class, "", "", "", "", "tried" if row.is_by_tried else "present", why)


USAGE_LISTS: Final[Sequence[StaffList]] = (
    StaffList(
        "dry_run",
        StaffPermission.ACCOUNTS_VIEW,
        ("account_no", "class", "before_minor", "after_minor", "difference_minor", "currency", "not_priced_by", "why"),
        _accounts,
    ),
)
