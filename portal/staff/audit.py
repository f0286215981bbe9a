"""The audit log of the reader's units: a page at a time, or all of it as a file."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from core.db import ReadSession
from core.periods import day_of, start_of
from portal.pages import go, speak
from portal.staff import files, lists, terms
from portal.staff.once import SentOnce
from portal.staff.pages import CheckedForm, StaffReader, requires, show
from services.accounts import queries as account_queries
from services.accounts.queries import staffing
from services.accounts.queries.staffing import AuditEntry, AuditFilter
from services.accounts.roles import StaffPermission
from services.casework.queries.lists import audit_filters
from services.identity import queries as identity
from web.runtime import Runtime, RuntimeDep
from web.session import Flows, Now, Write

router = APIRouter(include_in_schema=False)

LISTED: Final = lists.LISTS["audit"]
AUDIT: Final = LISTED.path
PAGE: Final = 50
MOST_LISTED: Final = 200
MOST_NAMED: Final = 5
"""People that a reader may choose from, and that a name stands for when it stands for several."""

STAFF: Final = re.compile(r"staff:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ACCOUNT: Final = re.compile(r"account:[0-9]{1,18}")

Reader = Annotated[StaffReader, requires(StaffPermission.AUDIT_VIEW)]
Shown = Annotated[str, Query(max_length=terms.LONGEST_SEALED)]
Field = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True)
class Typed:
    """The filters as they were typed."""

    who: str = ""
    act: str = ""
    about: str = ""
    since: str = ""
    until: str = ""

    def address(self, seals: terms.Seals, after: str = "") -> str:
        """The page with these filters."""
        return LISTED.at(LISTED.asked(list(asdict(self).items())), seals, after)


@router.get(AUDIT)
def audit_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    who: Shown = "",
    act: Shown = "",
    about: Shown = "",
    since: Annotated[str, Query(max_length=200)] = "",
    until: Annotated[str, Query(max_length=200)] = "",
    after: str = "",
) -> Response:
    """Who did what, the latest first."""
    seals = lists.seals_of(runtime, reader, now)
    asked = {"who": who, "act": act, "about": about}
    opened = {name: seals.read(shown, LISTED.texts[name]) for name, shown in asked.items()}
    typed = Typed(since=since, until=until, **{name: text or "" for name, text in opened.items()})
    scope = f"staff.audit|{reader.staff_id}"
    [before_id] = runtime.cursors.behind(after, scope=scope, first=[None])
    try:
        wanted = _filter(write, runtime, typed)
    except ValueError:
        _ = speak(request)
        wrong = {"since": _("Enter dates as year, month and day, the earlier one first.")}
        return _page(request, write, reader, seals, replace(typed, since="", until=""), [], {}, wrong=wrong, now=now)
    found = staffing.audit_page(
        write,
        seen_by=reader.staff_id,
        sees_all=StaffPermission.AUDIT_VIEW in reader.everywhere,
        wanted=wanted,
        before_id=before_id,
        limit=PAGE + 1,
        now=now,
    )
    entries, more = runtime.cursors.page(found, PAGE, scope=scope, position=lambda each: [each.id])
    names, behind = names_in(write, reader, entries, now=now), typed.address(seals, after=more) if more else ""
    is_over = None in opened.values()
    return _page(request, write, reader, seals, typed, entries, names, more=behind, is_over=is_over, now=now)


@router.post(AUDIT, dependencies=[CheckedForm])
def find(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    who: Field = "",
    was: Field = "",
    act: Field = "",
    about: Field = "",
    since: Field = "",
    until: Field = "",
) -> Response:
    """Lead to the acts of whoever is called so, without their name in the address; `was` is who was chosen before."""
    seals = lists.seals_of(runtime, reader, now)
    called, typed = who.strip(), Typed("", act.strip(), about.strip(), since, until)
    if not called or ":" in called:
        return go(replace(typed, who=called).address(seals))
    if was and _called(write, reader, was, now=now) == called:
        return go(replace(typed, who=was).address(seals))
    people = staffing.staff_called(write, text=called, seen_by=reader.staff_id, limit=MOST_NAMED + 1, now=now)
    if len(people) == 1:
        return go(replace(typed, who=f"staff:{people[0].id}").address(seals))
    _ = speak(request)
    wrong = _("Nobody in your units is called that. Choose somebody of the list.")
    if people:
        names = ", ".join(each.name for each in people[:MOST_NAMED])
        wrong = _("Several are called that. Enter the name that they sign in with: %(names)s") % {"names": names}
    return _page(request, write, reader, seals, typed, [], {}, wrong={"who": wrong}, called=called, now=now)


@router.post("/staff/audit/export", dependencies=[CheckedForm])
def export(
    request: Request,
    runtime: RuntimeDep,
    db: Flows,
    now: Now,
    sent: SentOnce,
    who: Field = "",
    act: Field = "",
    about: Field = "",
    since: Field = "",
    until: Field = "",
) -> Response:
    """Have the same acts written to a file, which is an act of its own; the page says what is wrong with a filter."""
    typed = Typed(who.strip(), act.strip(), about.strip(), since, until)
    try:
        _days(runtime, typed)
    except ValueError:
        return go(f"{AUDIT}?{urlencode({'since': since, 'until': until})}")
    return files.ask(
        request,
        runtime,
        db,
        of_list="audit",
        permission=StaffPermission.AUDIT_VIEW,
        filters=lambda session, _reader: audit_filters(_filter(session, runtime, typed)),
        sent=sent,
        now=now,
    )


def _days(runtime: Runtime, typed: Typed) -> tuple[datetime | None, datetime | None]:
    """From when to when; raises ValueError for what is no date, and for a last day before the first."""
    zone = runtime.settings.zone
    since = start_of(day_of(typed.since), zone) if typed.since else None
    until = start_of(day_of(typed.until) + timedelta(days=1), zone) if typed.until else None
    if since and until and since >= until:
        raise ValueError(typed.until)
    return since, until


def _filter(session: ReadSession, runtime: Runtime, typed: Typed) -> AuditFilter:
    """What the database is asked for; raises ValueError as `_days`."""
    since, until = _days(runtime, typed)
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


def _called(session: ReadSession, reader: StaffReader, who: str, *, now: datetime) -> str:
    """What somebody of the staff is called whom a filter names by id; empty for anything else.

    Only of who stands in the reader's units, or has acted there.
    """
    if not STAFF.fullmatch(who):
        return ""
    staff_id = UUID(who.removeprefix("staff:"))
    by = reader.staff_id
    found = staffing.staff_called(session, text="", seen_by=by, staff_id=staff_id, limit=1, now=now)
    if not found and not staffing.audit_page(
        session,
        seen_by=by,
        sees_all=StaffPermission.AUDIT_VIEW in reader.everywhere,
        wanted=AuditFilter(actor=who),
        before_id=None,
        limit=1,
        now=now,
    ):
        return ""
    return identity.staff_names(session, staff_ids={staff_id}).get(staff_id, "")


def names_in(
    session: ReadSession,
    reader: StaffReader,
    entries: Sequence[AuditEntry],
    *,
    known: Mapping[str, str] | None = None,
    now: datetime,
) -> dict[str, str]:
    """What staff are called, and accounts that a reader may know, who act in these entries or whom they are about.

    `known` is what needs not be asked for.
    """
    known = known or {}
    ids = {each for entry in entries for each in _ids(entry)}
    staff_ids = {UUID(each.removeprefix("staff:")) for each in ids if STAFF.fullmatch(each)}
    account_ids = {int(each.removeprefix("account:")) for each in ids - known.keys() if ACCOUNT.fullmatch(each)}
    people = identity.staff_names(session, staff_ids=staff_ids)
    numbers: dict[int, str] = {}
    if account_ids:
        numbers = staffing.audited_accounts(session, account_ids=account_ids, staff_id=reader.staff_id, now=now)
    return {
        **known,
        **{f"staff:{staff_id}": name for staff_id, name in people.items()},
        **{f"account:{account_id}": number for account_id, number in numbers.items()},
    }


def _ids(entry: AuditEntry) -> Iterator[str]:
    yield from (entry.actor, entry.subject)
    for change in (entry.before or {}, entry.after or {}):
        yield f"staff:{change.get('staff_id')}"
        yield f"account:{change.get('account_id')}"
        yield from (f"account:{each}" for each in change.get("account_ids", []))
        yield ":".join(str(change.get("about")).split(":")[:2])


def _page(
    request: Request,
    session: ReadSession,
    reader: StaffReader,
    seals: terms.Seals,
    typed: Typed,
    entries: Sequence[AuditEntry],
    actors: dict[str, str],
    *,
    more: str = "",
    is_over: bool = False,
    wrong: dict[str, str] | None = None,
    called: str = "",
    now: datetime,
) -> Response:
    return show(
        request,
        "staff/audit.html",
        reader,
        here=typed.address(seals),
        is_over=is_over,
        narrowed=lambda **more: replace(typed, **more).address(seals),
        mine=lists.mine(session, reader, "audit", **asdict(typed)),
        typed=typed,
        called=called or _called(session, reader, typed.who, now=now) or typed.who,
        people=staffing.staff_called(session, text="", seen_by=reader.staff_id, limit=MOST_LISTED, now=now),
        entries=entries,
        actors=actors,
        more=more,
        wrong=wrong or {},
    )
