"""Reports of imports as staff may read them: of a run that touches many units, what concerns theirs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from core.db import ReadSession, statement, view
from services.accounts.queries.staffing import staff_holds_everywhere
from services.accounts.roles import StaffPermission

AmountKind = Literal["open", "opening", "settled"]


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs; an empty field asks for all.

    `state` is running, ended, unsigned or signed, `sender` file or program.
    """

    kind: str = ""
    state: str = ""
    sender: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with the sums of the reader's units.

    `is_covered` says that these are all of its units; `sha256` and `file_bytes` tell of the whole file and are there
    only then. `program` is the name of the one that sent the rows, None for a file. `signed_off_id` is the dry run that
    it repeats or was loaded against.
    """

    id: int
    kind: str
    is_check: bool
    is_full: bool
    scope: str
    file_name: str | None
    actor: str
    program: str | None
    started_at: datetime
    finished_at: datetime | None
    signed_off_id: int | None
    signed_by: str | None
    signed_at: datetime | None
    new: int
    changed: int
    unchanged: int
    rejected: int
    vanished: int
    is_covered: bool
    sha256: str | None
    file_bytes: int | None

    @property
    def rows(self) -> int:
        """All rows that the reader's units have in it."""
        return self.new + self.changed + self.unchanged + self.rejected


@dataclass(frozen=True, slots=True)
class AmountTotal:
    """Sums of bills of one currency and kind. `owed_minor` is by how much they change what is owed here."""

    currency: str
    kind: str
    bills: int
    amount_minor: int
    open_minor: int
    owed_minor: int


@dataclass(frozen=True, slots=True)
class UnitTotal:
    """What a run came to in a unit; without a code for rows that name none that is known."""

    code: str
    name: str
    new: int
    changed: int
    unchanged: int
    rejected: int
    accounts: int
    vanished: int
    amounts: list[AmountTotal]


@dataclass(frozen=True, slots=True)
class RejectView:
    """Why one field of one line was refused."""

    row_no: int
    field: str
    reason: str
    unit: str


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many of the kept rejects name a field and a reason."""

    field: str
    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class VanishedView:
    """An account, or an open bill of it, that is known here and not in the file."""

    account_no: str
    bill_no: str
    open_minor: int | None
    currency: str | None
    unit: str


@dataclass(frozen=True, slots=True)
class CheckedRun:
    """A run as the command line asks for it."""

    id: int
    kind: str
    is_check: bool
    is_full: bool
    scope: str
    digest: bytes
    is_finished: bool
    is_signed: bool


def runs_page(
    session: ReadSession,
    *,
    staff_id: UUID,
    wanted: RunFilter,
    before_id: int | None,
    limit: int,
    now: datetime,
) -> list[RunView]:
    """Runs that touch units where somebody may read of imports, the latest first."""
    rows = session.sql(
        statement(__package__, "import_runs_page.sql"),
        **_reader(session, staff_id=staff_id, now=now),
        kind=wanted.kind,
        state=wanted.state,
        sender=wanted.sender,
        since=wanted.since,
        until=wanted.until,
        before_id=before_id,
        limit=limit,
    )
    return [_run(row) for row in rows]


def run_of(session: ReadSession, *, run_id: int, staff_id: UUID, now: datetime) -> RunView | None:
    """One of those runs."""
    row = session.sql(
        statement(__package__, "import_run_of.sql"), **_reader(session, staff_id=staff_id, now=now), run_id=run_id
    ).one_or_none()
    return None if row is None else _run(row)


def totals_page(
    session: ReadSession, *, run_id: int, staff_id: UUID, after: str, limit: int, now: datetime
) -> list[UnitTotal]:
    """What a run came to in each unit where somebody may read of imports, by code behind `after`."""
    reader = _reader(session, staff_id=staff_id, now=now)
    rows = session.sql(
        statement(__package__, "import_totals_page.sql"), **reader, run_id=run_id, after=after, limit=limit
    )
    return _totals(rows)


def totals(session: ReadSession, *, run_id: int) -> list[UnitTotal]:
    """The same of all units, for who started the run."""
    return _totals(session.sql(statement(__package__, "import_totals.sql"), run_id=run_id))


def reject_reasons(session: ReadSession, *, run_id: int, staff_id: UUID, now: datetime) -> list[ReasonCount]:
    """What is wrong with the rows of the reader's units, the most frequent first."""
    rows = session.sql(
        statement(__package__, "import_reasons.sql"), **_reader(session, staff_id=staff_id, now=now), run_id=run_id
    )
    return [ReasonCount(row.field, row.reason, row.rows) for row in rows]


def rejects_page(
    session: ReadSession,
    *,
    run_id: int,
    staff_id: UUID,
    field: str,
    reason: str,
    after: tuple[int, str],
    limit: int,
    now: datetime,
) -> list[RejectView]:
    """Refused rows of the reader's units by line; of one field and reason, when they are given."""
    rows = session.sql(
        statement(__package__, "import_rejects_page.sql"),
        **_reader(session, staff_id=staff_id, now=now),
        run_id=run_id,
        field=field,
        reason=reason,
        after_row=after[0],
        after_field=after[1],
        limit=limit,
    )
    return [RejectView(row.row_no, row.field, row.reason, row.unit) for row in rows]


def vanished_page(
    session: ReadSession, *, run_id: int, staff_id: UUID, after: tuple[str, str], limit: int, now: datetime
) -> list[VanishedView]:
    """What of the reader's units is known and not in the file."""
    rows = session.sql(
        statement(__package__, "import_vanished_page.sql"),
        **_reader(session, staff_id=staff_id, now=now),
        run_id=run_id,
        after_account=after[0],
        after_bill=after[1],
        limit=limit,
    )
    return [_vanished(row) for row in rows]


def vanished(session: ReadSession, *, run_id: int, after: tuple[str, str], limit: int) -> list[VanishedView]:
    """The same of all units, for who started the run."""
    rows = session.sql(
        statement(__package__, "import_vanished.sql"),
        run_id=run_id,
        after_account=after[0],
        after_bill=after[1],
        limit=limit,
    )
    return [_vanished(row) for row in rows]


def may_sign(session: ReadSession, *, run_id: int, staff_id: UUID, now: datetime) -> bool:
    """Whether somebody may sign in every unit of a run; rows of no known unit are for who may everywhere."""
    return bool(
        session.sql(
            statement(__package__, "import_may_sign.sql"),
            run_id=run_id,
            staff_id=staff_id,
            permission=StaffPermission.IMPORTS_SIGN_OFF.value,
            sees_all=staff_holds_everywhere(
                session, staff_id=staff_id, permission=StaffPermission.IMPORTS_SIGN_OFF, now=now
            ),
            now=now,
        ).scalar_one()
    )


def runs_to_sign(session: ReadSession, *, staff_id: UUID, limit: int, now: datetime) -> int:
    """How many dry runs wait for somebody's sign-off, up to `limit`."""
    may = StaffPermission.IMPORTS_SIGN_OFF
    found: int = session.sql(
        statement(__package__, "import_to_sign.sql"),
        staff_id=staff_id,
        permission=may.value,
        sees_all=staff_holds_everywhere(session, staff_id=staff_id, permission=may, now=now),
        limit=limit,
        now=now,
    ).scalar_one()
    return found


def checked_run(session: ReadSession, *, run_id: int) -> CheckedRun | None:
    """A run, whoever may see it: for the command line."""
    row = session.sql(statement(__package__, "import_checked_run.sql"), run_id=run_id).one_or_none()
    return None if row is None else view(CheckedRun, row, digest=row.file_digest)


def has_begun(session: ReadSession, *, signed_off_id: int) -> bool:
    """Whether a load against this dry run has committed rows and is not at its end: it goes on as it began."""
    return bool(session.sql(statement(__package__, "import_begun.sql"), signed_off_id=signed_off_id).scalar_one())


def _reader(session: ReadSession, *, staff_id: UUID, now: datetime) -> dict[str, object]:
    sees_all = staff_holds_everywhere(session, staff_id=staff_id, permission=StaffPermission.IMPORTS_VIEW, now=now)
    return {
        "staff_id": staff_id,
        "permission": StaffPermission.IMPORTS_VIEW.value,
        "sees_all": sees_all,
        "now": now,
    }


def _run(row: Any) -> RunView:
    return view(
        RunView,
        row,
        sha256=row.file_digest.hex() if row.is_covered else None,
        file_bytes=row.file_bytes if row.is_covered else None,
    )


def _totals(rows: Iterable[Any]) -> list[UnitTotal]:
    return [
        view(
            UnitTotal,
            row,
            new=row.rows_new,
            changed=row.rows_changed,
            unchanged=row.rows_unchanged,
            rejected=row.rows_rejected,
            amounts=_amounts(row.amounts),
        )
        for row in rows
    ]


def _amounts(found: Sequence[Sequence[Any]]) -> list[AmountTotal]:
    return [
        AmountTotal(currency, kind, bills, int(amount), int(still_open), int(owed))
        for currency, kind, bills, amount, still_open, owed in found
    ]


def _vanished(row: Any) -> VanishedView:
    return VanishedView(row.account_no, row.bill_no, row.open_minor, row.currency, row.unit)
