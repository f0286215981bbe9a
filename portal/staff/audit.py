"""The audit log of the reader's units: a page at a time, or all of it as a file."""

import re
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from core.db import ReadSession, to_json
from core.periods import day_of, start_of
from portal.pages import speak
from portal.staff import exports, lists
from portal.staff.pages import CheckedForm, StaffReader, check, check_fresh, requires, resolved, show
from services.accounts import operations as accounts
from services.accounts import queries as account_queries
from services.accounts.queries import staffing
from services.accounts.queries.staffing import AuditEntry, AuditFilter
from services.accounts.roles import StaffPermission
from services.identity import queries as identity
from web.runtime import Runtime, RuntimeDep
from web.session import Exports, Now, Write

router = APIRouter(include_in_schema=False)

UNPROCESSABLE: Final = 422
AUDIT: Final = "/staff/audit"
PAGE: Final = 50

HEAD: Final = ("id", "recorded_at", "actor", "act", "subject", "address", "unit", "before", "after")
STAFF: Final = re.compile(r"staff:[0-9a-f-]{36}")

Reader = Annotated[StaffReader, requires(StaffPermission.AUDIT_VIEW)]
Text = Annotated[str, Query(max_length=200)]
Field = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True)
class Typed:
    """The filters as they were typed."""

    who: str = ""
    act: str = ""
    about: str = ""
    since: str = ""
    until: str = ""

    def address(self, **more: str) -> str:
        """The page with these filters."""
        kept = {name: value for name, value in {**self.__dict__, **more}.items() if value}
        return f"{AUDIT}?{urlencode(kept)}" if kept else AUDIT


@router.get(AUDIT)
def audit_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    who: Text = "",
    act: Text = "",
    about: Text = "",
    since: Text = "",
    until: Text = "",
    after: str = "",
) -> Response:
    """Who did what, the latest first."""
    typed = Typed(who.strip(), act.strip(), about.strip(), since, until)
    scope = f"staff.audit|{reader.staff_id}"
    before_id = int(str(runtime.cursors.open(after, scope=scope)[0])) if after else None
    try:
        wanted = _filter(write, runtime, typed)
    except ValueError:
        _ = speak(request)
        wrong = {"since": _("Enter dates as year, month and day, the earlier one first.")}
        return _page(request, write, reader, replace(typed, since="", until=""), [], {}, wrong=wrong)
    entries = staffing.audit_page(
        write,
        seen_by=reader.staff_id,
        sees_all=StaffPermission.AUDIT_VIEW in reader.everywhere,
        wanted=wanted,
        before_id=before_id,
        limit=PAGE + 1,
        now=now,
    )
    more = ""
    if len(entries) > PAGE:
        more = typed.address(after=runtime.cursors.make(scope=scope, position=[entries[PAGE - 1].id]))
    return _page(request, write, reader, typed, entries[:PAGE], names_in(write, entries), more=more)


@router.post("/staff/audit/export", dependencies=[CheckedForm])
def export(
    request: Request,
    runtime: RuntimeDep,
    db: Exports,
    now: Now,
    who: Field = "",
    act: Field = "",
    about: Field = "",
    since: Field = "",
    until: Field = "",
) -> Response:
    """The same acts as a CSV file, which is an act of its own."""
    typed = Typed(who.strip(), act.strip(), about.strip(), since, until)
    with db.write() as session:
        reader = resolved(request, runtime, session, now)
        check(reader, StaffPermission.AUDIT_VIEW)
        check_fresh(reader)
        try:
            wanted = _filter(session, runtime, typed)
        except ValueError:
            _ = speak(request)
            wrong = {"since": _("Enter dates as year, month and day, the earlier one first.")}
            return _page(request, session, reader, replace(typed, since="", until=""), [], {}, wrong=wrong)
        accounts.note_audit_export(session, actor=reader.actor, wanted=wanted)

    def read(session: ReadSession, last: AuditEntry | None, limit: int) -> list[AuditEntry]:
        before_id = None if last is None else last.id
        may = staffing.staff_holds_everywhere  # asked anew for each piece: the file may leave for minutes
        return staffing.audit_page(
            session,
            seen_by=reader.staff_id,
            sees_all=may(session, staff_id=reader.staff_id, permission=StaffPermission.AUDIT_VIEW, now=now),
            wanted=wanted,
            before_id=before_id,
            limit=limit,
            now=now,
        )

    return exports.export(runtime, db, name="audit", head=HEAD, read=read, cells=_cells, now=now)


def _cells(entry: AuditEntry) -> tuple[str, ...]:
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


def _filter(session: ReadSession, runtime: Runtime, typed: Typed) -> AuditFilter:
    """What the database is asked for; raises ValueError for what is no date, and for a last day before the first."""
    zone = runtime.settings.zone
    since = start_of(day_of(typed.since), zone) if typed.since else None
    until = start_of(day_of(typed.until) + timedelta(days=1), zone) if typed.until else None
    if since and until and since >= until:
        raise ValueError(typed.until)
    member = identity.staff_by_name(session, name=typed.who) if typed.who and ":" not in typed.who else None
    return AuditFilter(
        actor=typed.who if member is None else f"staff:{member.id}",
        act=typed.act,
        subjects=_subjects(session, typed.about),
        since=since,
        until=until,
    )


def _subjects(session: ReadSession, about: str) -> list[str]:
    """What a typed subject may stand for: as the log has it, an account's number, or a name that staff sign in with."""
    if not about or ":" in about:
        return [about] if about else []
    subjects = [f"account_no:{about}", f"payment:{about}"]
    account = account_queries.account_by_no(session, account_no=about)
    if account is not None:
        subjects.append(f"account:{account.ref.id}")
    member = identity.staff_by_name(session, name=about)
    if member is not None:
        subjects.append(f"staff:{member.id}")
    return subjects


def names_in(session: ReadSession, entries: list[AuditEntry]) -> dict[str, str]:
    """What staff are called who act in these entries, or whom they are about."""
    named = {text for entry in entries for text in (entry.actor, entry.subject) if STAFF.fullmatch(text)}
    found = identity.staff_names(session, staff_ids={UUID(text.removeprefix("staff:")) for text in named})
    return {f"staff:{staff_id}": name for staff_id, name in found.items()}


def _page(
    request: Request,
    session: ReadSession,
    reader: StaffReader,
    typed: Typed,
    entries: list[AuditEntry],
    actors: dict[str, str],
    *,
    more: str = "",
    wrong: dict[str, str] | None = None,
) -> Response:
    return show(
        request,
        "staff/audit.html",
        reader,
        status=UNPROCESSABLE if wrong else 200,
        here=typed.address(),
        mine=lists.mine(session, reader, "audit", **asdict(typed)),
        typed=typed,
        entries=entries,
        actors=actors,
        more=more,
        wrong=wrong or {},
    )
