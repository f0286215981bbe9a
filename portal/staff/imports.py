"""Reports of imports: what came of each run in the reader's units, and standing for the totals of a dry run."""

from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import Response

from core.db import Database, ReadSession
from core.errors import Json
from core.periods import day_of, start_of
from portal.pages import go, speak
from portal.staff import files, lists
from portal.staff.once import Sent, SentOnce
from portal.staff.pages import CheckedForm, FreshCode, SignedInStaff, StaffReader, check, requires, show
from services.accounts import operations as accounts
from services.accounts.queries import imports
from services.accounts.queries.imports import AmountTotal, RunFilter, RunView
from services.accounts.roles import StaffPermission
from web.problems.common import NotFound
from web.row_faults import fault
from web.runtime import Runtime, RuntimeDep
from web.session import Flows, Now, Write

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
IMPORTS: Final = "/staff/imports"

Reader = Annotated[StaffReader, requires(StaffPermission.IMPORTS_VIEW)]
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
Text = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True)
class Typed:
    """The filters as they were typed."""

    kind: str = ""
    state: str = ""
    sender: str = ""
    since: str = ""
    until: str = ""

    def address(self, **more: str) -> str:
        """The page with these filters."""
        kept = {name: value for name, value in {**self.__dict__, **more}.items() if value}
        return f"{IMPORTS}?{urlencode(kept)}" if kept else IMPORTS

    def wanted(self, runtime: Runtime) -> RunFilter:
        """What the database is asked for; raises ValueError for what is no date."""
        zone = runtime.settings.zone
        since = start_of(day_of(self.since), zone) if self.since else None
        until = start_of(day_of(self.until) + timedelta(days=1), zone) if self.until else None
        if since and until and since >= until:
            raise ValueError(self.until)
        return RunFilter(kind=self.kind, state=self.state, sender=self.sender, since=since, until=until)


@dataclass(frozen=True)
class Sum:
    """A sum of amounts, larger than any of them may be; written as amounts are."""

    minor: int
    currency: str


@router.get(IMPORTS)
def runs(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    kind: Text = "",
    state: Text = "",
    sender: Text = "",
    since: Text = "",
    until: Text = "",
    after: str = "",
) -> Response:
    """Runs that touch the reader's units, the latest first."""
    typed, wrong, found = Typed(kind, state, sender, since, until), {}, []
    scope = f"staff.imports|{reader.staff_id}"
    [before_id] = runtime.cursors.behind(after, scope=scope, first=[None])
    try:
        wanted = typed.wanted(runtime)
    except (ValueError, OverflowError):
        _ = speak(request)
        wrong = {"since": _("Enter dates as year, month and day, the earlier one first.")}
        typed = replace(typed, since="", until="")
    else:
        found = imports.runs_page(
            write, staff_id=reader.staff_id, wanted=wanted, before_id=before_id, limit=PAGE + 1, now=now
        )
    rows, more = runtime.cursors.page(found, PAGE, scope=scope, position=lambda each: [each.id])
    return show(
        request,
        "staff/imports.html",
        reader,
        here=typed.address(),
        mine=lists.mine(write, reader, "imports", **asdict(typed)),
        typed=typed,
        rows=rows,
        next=typed.address(after=more) if more else "",
        wrong=wrong,
    )


@router.get(IMPORTS + "/{run_id}")
def run(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    run_id: Id,
    after: str = "",
) -> Response:
    """One run: its totals unit by unit, what is wrong with its rows, and the form that signs it off."""
    found = _found(write, reader, run_id, now=now)
    scope, here = f"staff.import_totals|{reader.staff_id}|{run_id}", f"{IMPORTS}/{run_id}"
    [behind] = runtime.cursors.behind(after, scope=scope, first=[""])
    totals = imports.totals_page(write, run_id=run_id, staff_id=reader.staff_id, after=behind, limit=PAGE + 1, now=now)
    units, more = runtime.cursors.page(totals, PAGE, scope=scope, position=lambda each: [each.code])
    is_signable = found.is_check and found.finished_at is not None and found.signed_at is None
    return show(
        request,
        "staff/import_run.html",
        reader,
        here=here,
        run=found,
        units=units,
        next=f"{here}?after={more}" if more else "",
        sums=_sums,
        fault=fault,
        reasons=imports.reject_reasons(write, run_id=run_id, staff_id=reader.staff_id, now=now),
        is_signable=is_signable,
        can_sign=is_signable and imports.may_sign(write, run_id=run_id, staff_id=reader.staff_id, now=now),
    )


@router.get(IMPORTS + "/{run_id}/rejects")
def rejects(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    run_id: Id,
    field: Text = "",
    reason: Text = "",
    after: str = "",
) -> Response:
    """Refused rows of the reader's units by line; of one reason, when it is given."""
    found = _found(write, reader, run_id, now=now)
    scope = f"staff.import_rejects|{reader.staff_id}|{run_id}"
    row_no, of_field = runtime.cursors.behind(after, scope=scope, first=[0, ""])
    refused = imports.rejects_page(
        write,
        run_id=run_id,
        staff_id=reader.staff_id,
        field=field,
        reason=reason,
        after=(row_no, of_field),
        limit=PAGE + 1,
        now=now,
    )
    here = f"{IMPORTS}/{run_id}/rejects"
    rows, more = runtime.cursors.page(refused, PAGE, scope=scope, position=lambda each: [each.row_no, each.field])
    return show(
        request,
        "staff/import_rejects.html",
        reader,
        here=here,
        run=found,
        rows=rows,
        next=f"{here}?{urlencode({'field': field, 'reason': reason, 'after': more})}" if more else "",
        fault=fault,
        field=field,
        reason=reason,
    )


@router.post(IMPORTS + "/{run_id}/rejects/export", dependencies=[CheckedForm])
def export_rejects(
    request: Request,
    runtime: RuntimeDep,
    db: Flows,
    now: Now,
    run_id: Id,
    sent: SentOnce,
    field: Annotated[str, Form(max_length=200)] = "",
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Have the same rows written to a file."""
    return _export(request, runtime, db, "rejects", run_id, {"field": field, "reason": reason}, sent, now=now)


@router.post(IMPORTS + "/{run_id}/vanished/export", dependencies=[CheckedForm])
def export_vanished(request: Request, runtime: RuntimeDep, db: Flows, now: Now, run_id: Id, sent: SentOnce) -> Response:
    """Have what is not in the file written to one."""
    return _export(request, runtime, db, "vanished", run_id, {}, sent, now=now)


@router.get(IMPORTS + "/{run_id}/vanished")
def vanished(
    request: Request, runtime: RuntimeDep, reader: Reader, write: Write, now: Now, run_id: Id, after: str = ""
) -> Response:
    """What of the reader's units is known and not in a file that tells all."""
    found = _found(write, reader, run_id, now=now)
    scope, here = f"staff.import_vanished|{reader.staff_id}|{run_id}", f"{IMPORTS}/{run_id}/vanished"
    account_no, bill_no = runtime.cursors.behind(after, scope=scope, first=["", ""])
    gone = imports.vanished_page(
        write,
        run_id=run_id,
        staff_id=reader.staff_id,
        after=(account_no, bill_no),
        limit=PAGE + 1,
        now=now,
    )
    rows, more = runtime.cursors.page(gone, PAGE, scope=scope, position=lambda each: [each.account_no, each.bill_no])
    open_sums = [None if row.open_minor is None else Sum(row.open_minor, row.currency or "") for row in rows]
    return show(
        request,
        "staff/import_vanished.html",
        reader,
        here=here,
        run=found,
        rows=list(zip(rows, open_sums, strict=True)),
        next=f"{here}?after={more}" if more else "",
    )


@router.post(IMPORTS + "/{run_id}/sign-off", dependencies=[CheckedForm, FreshCode])
def sign_off(reader: SignedInStaff, write: Write, now: Now, run_id: Id) -> Response:
    """Stand for the totals of a dry run."""
    check(reader, StaffPermission.IMPORTS_SIGN_OFF)
    accounts.sign_off(write, run_id=run_id, staff_id=reader.staff_id, actor=reader.actor, now=now)
    return go(f"{IMPORTS}/{run_id}")


def _export(
    request: Request,
    runtime: Runtime,
    db: Database,
    of_list: str,
    run_id: int,
    more: dict[str, Json],
    sent: Sent,
    *,
    now: Now,
) -> Response:
    def filters(session: ReadSession, reader: StaffReader) -> dict[str, Json]:
        _found(session, reader, run_id, now=now)
        return {"run_id": run_id, **more}

    may = StaffPermission.IMPORTS_VIEW
    return files.ask(request, runtime, db, of_list=of_list, permission=may, filters=filters, sent=sent, now=now)


def _found(session: ReadSession, reader: StaffReader, run_id: int, *, now: Now) -> RunView:
    found = imports.run_of(session, run_id=run_id, staff_id=reader.staff_id, now=now)
    if found is None:
        raise NotFound
    return found


def _sums(total: AmountTotal) -> tuple[Sum, Sum, Sum]:
    """All of it, what is open of it, and by how much it changes what is owed here."""
    amount, still_open, owed = (
        Sum(minor, total.currency) for minor in (total.amount_minor, total.open_minor, total.owed_minor)
    )
    return amount, still_open, owed
