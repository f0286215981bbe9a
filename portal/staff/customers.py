"""An account with everything that staff need to serve its people: what is owed, paid, booked, told and noted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from core.db import WriteSession
from core.errors import Json
from core.periods import business_date
from notifications import sent
from portal.customer.bills import row_of
from portal.pages import go, speak, text_of
from portal.staff.audit import names_in
from portal.staff.once import once
from portal.staff.pages import CheckedForm, FreshCode, SignedInStaff, StaffReader, check, requires, show
from services.accounts import operations as accounts
from services.accounts.errors import NoteWrong, ReasonNeeded, RevealLimited
from services.accounts.operations import Hidden
from services.accounts.queries import finding, staffing
from services.accounts.queries.finding import AccessView, StaffAccount
from services.accounts.queries.staffing import AuditFilter
from services.accounts.roles import StaffPermission
from services.billing import queries as billing
from services.ledger import queries as ledger
from services.ledger.chart import OwnerKind
from services.metering import queries as metering
from services.payments.queries import finding as paying
from services.payments.queries import placing
from web.problems.common import NotFound
from web.runtime import Runtime, RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

FEW: Final = 5
PAGE: Final = 50
LAST: Final = UUID(int=2**128 - 1)
"""A position before the latest."""

Section = Literal["bills", "payments", "postings", "access", "messages", "notes", "acts", "others"]
NEEDS: Final[dict[str, StaffPermission]] = {
    "payments": StaffPermission.PAYMENTS_VIEW,
    "postings": StaffPermission.PAYMENTS_VIEW,
    "acts": StaffPermission.AUDIT_VIEW,
}
"""What a section takes besides being allowed to view the account."""

Reader = Annotated[StaffReader, requires(StaffPermission.ACCOUNTS_VIEW)]


@dataclass(frozen=True)
class Looked:
    """An account that is looked at, by whom, and what they may do there."""

    session: WriteSession
    account: StaffAccount
    may: frozenset[StaffPermission]
    reader: StaffReader
    now: datetime

    @cached_property
    def people(self) -> list[AccessView]:
        """Who has or had access to it: so many as a page holds, and one more."""
        return finding.access(self.session, account_id=self.account.id, offset=0, limit=PAGE + 1, now=self.now)

    @property
    def everybody(self) -> list[UUID]:
        """The same people by id, and all of them."""
        if len(self.people) > PAGE:
            return finding.people_of(self.session, account_id=self.account.id)
        return [each.user_id for each in self.people]

    def sees(self, section: str) -> bool:
        """Whether a section is for this reader."""
        needed = NEEDS.get(section)
        return needed is None or needed in self.may


def look_at(session: WriteSession, reader: StaffReader, account_no: str, *, now: datetime) -> Looked:
    """The account; raises NotFound where the reader may not view it, and where there is none."""
    found = finding.viewed_account(session, account_no=account_no, staff_id=reader.staff_id, now=now)
    if found is None:
        raise NotFound
    return Looked(session, *found, reader, now)


def _bills(session: WriteSession, looked: Looked, at: list[Any], limit: int) -> list[Any]:
    before = (date.fromisoformat(at[0]), at[1]) if at else None
    return list(billing.bills_page(session, account_id=looked.account.id, before=before, limit=limit))


def _payments(session: WriteSession, looked: Looked, at: list[Any], limit: int) -> list[Any]:
    found = paying.payments_of(
        session,
        account_id=looked.account.id,
        staff_id=looked.reader.staff_id,
        before=_uuid(at),
        limit=limit,
        now=looked.now,
    )
    return placing.with_suspense(session, payments=found, staff_id=looked.reader.staff_id, now=looked.now)


def _postings(session: WriteSession, looked: Looked, at: list[Any], limit: int) -> list[Any]:
    before = (at[0], at[1]) if at else None
    return list(
        ledger.postings_page(
            session, owner_kind=OwnerKind.ACCOUNT, owner_id=looked.account.id, before=before, limit=limit
        )
    )


def _access(session: WriteSession, looked: Looked, at: list[Any], limit: int) -> list[Any]:
    if not at:
        return list(looked.people[:limit])
    offset: int = at[0]
    found = finding.access(session, account_id=looked.account.id, offset=offset, limit=limit, now=looked.now)
    return list(found)


def _others(session: WriteSession, looked: Looked, at: list[Any], limit: int) -> list[Any]:
    found = finding.customers_accounts(
        session,
        account=looked.account,
        staff_id=looked.reader.staff_id,
        after=at[0] if at else "",
        limit=limit,
        now=looked.now,
    )
    return list(found)


def _messages(session: WriteSession, looked: Looked, at: list[Any], limit: int) -> list[Any]:
    return list(
        sent.sent_about(
            session,
            account_id=looked.account.id,
            customer_id=looked.account.customer_id,
            user_ids=looked.everybody,
            before=_uuid(at),
            limit=limit,
        )
    )


def _notes(session: WriteSession, looked: Looked, at: list[Any], limit: int) -> list[Any]:
    return list(finding.notes(session, account_id=looked.account.id, before=_uuid(at), limit=limit))


def _acts(session: WriteSession, looked: Looked, at: list[Any], limit: int) -> list[Any]:
    subjects = (f"account:{looked.account.id}", f"account_no:{looked.account.account_no}")
    entries = staffing.audit_page(
        session,
        seen_by=looked.reader.staff_id,
        sees_all=StaffPermission.AUDIT_VIEW in looked.reader.everywhere,
        wanted=AuditFilter(subjects=subjects),
        before_id=at[0] if at else None,
        limit=limit,
        now=looked.now,
    )
    known = {f"user:{each.user_id}": each.phone_masked for each in looked.people}
    known[f"account:{looked.account.id}"] = looked.account.account_no
    names = names_in(session, looked.reader, entries, known=known, now=looked.now)
    return [(each, names) for each in entries]


def _uuid(at: list[Any]) -> UUID:
    return UUID(at[0]) if at else LAST


READS: Final[dict[str, Callable[[WriteSession, Looked, list[Any], int], list[Any]]]] = {
    "bills": _bills,
    "payments": _payments,
    "postings": _postings,
    "access": _access,
    "messages": _messages,
    "notes": _notes,
    "acts": _acts,
    "others": _others,
}


def _position(section: str, last: Any, offset: int) -> list[Json]:
    match section:
        case "bills":
            return [last.issue_date.isoformat(), last.id]
        case "postings":
            return [last.no, last.line]
        case "access":
            return [offset]
        case "acts":
            return [last[0].id]
        case "others":
            return [last.account_no]
        case _:
            return [str(last.id)]


@router.get("/staff/accounts/{account_no}")
def customer(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    account_no: str,
    look: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """Everything at one glance: a few rows of each section, with a way to all of them."""
    looked = look_at(write, reader, account_no, now=now)
    return _show(request, runtime, write, looked, wrong={}, typed={}, is_look_over=look == "over")


def _show(
    request: Request,
    runtime: Runtime,
    session: WriteSession,
    looked: Looked,
    *,
    wrong: dict[str, str],
    typed: dict[str, str],
    shown: dict[str, str] | None = None,
    is_look_over: bool = False,
) -> Response:
    people = looked.people[:PAGE] if StaffPermission.ACCOUNTS_VIEW_AS in looked.may else []
    sections = {}
    for name in READS:
        rows = READS[name](session, looked, [], FEW + 1) if looked.sees(name) else []
        sections[name] = {
            "rows": _rows(runtime, name, rows[:FEW], now=looked.now),
            "has_more": len(rows) > FEW,
            "seen": looked.sees(name),
        }
    sees_readings = StaffPermission.METERING_VIEW in looked.may
    return show(
        request,
        "staff/customer.html",
        looked.reader,
        here=_address(looked),
        account=looked.account,
        owed=billing.owed(session, account_id=looked.account.id),
        may=looked.may,
        entitlements=looked.account.entitlements(today=business_date(looked.now, runtime.settings.zone)),
        readings=metering.latest_readings(session, account_id=looked.account.id) if sees_readings else {},
        can_show=_can_show(looked.account),
        sections=sections,
        wrong=wrong,
        typed={"hidden": "", "reason": "", "text": "", "why": "", "grant": "", **typed},
        people=[each for each in people if each.is_living],
        is_look_over=is_look_over,
        shown=shown or {},
    )


def _can_show(account: StaffAccount) -> list[Hidden]:
    """What is masked of an account and there."""
    there = {Hidden.PHONE: account.has_phone, Hidden.NAME: True, Hidden.DOOR: account.has_door}
    return [hidden for hidden, is_there in there.items() if is_there]


def _rows(runtime: Runtime, section: str, rows: Sequence[Any], *, now: datetime) -> Sequence[Any]:
    match section:
        case "bills":
            today = business_date(now, runtime.settings.zone)
            return [row_of(each, today) for each in rows]
        case "notes":
            return list(finding.opened(runtime.vault, rows))
        case _:
            return rows


@router.get("/staff/accounts/{account_no}/{section}")
def section_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    account_no: str,
    section: Section,
    after: str = "",
) -> Response:
    """All of one section, a page at a time."""
    looked = look_at(write, reader, account_no, now=now)
    if not looked.sees(section):
        check(reader, NEEDS[section])
        raise NotFound
    scope = f"staff.{section}|{looked.account.id}|{reader.staff_id}"
    behind = runtime.cursors.behind(after, scope=scope, first=[])
    found = READS[section](write, looked, behind, PAGE + 1)
    offset = (behind[0] if behind else 0) + PAGE if section == "access" else 0
    rows, more = runtime.cursors.page(found, PAGE, scope=scope, position=lambda last: _position(section, last, offset))
    return show(
        request,
        "staff/customer_section.html",
        reader,
        account=looked.account,
        section=section,
        rows=_rows(runtime, section, rows, now=now),
        next=f"{request.url.path}?after={more}" if more else "",
    )


@router.post("/staff/accounts/{account_no}/notes", dependencies=[CheckedForm])
@once
def write_note(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    account_no: str,
    text: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Write a note."""
    check(reader, StaffPermission.ACCOUNTS_NOTE)
    try:
        is_written = accounts.write_note(
            write,
            vault=runtime.vault,
            account_no=account_no,
            text=text,
            staff_id=reader.staff_id,
            actor=reader.actor,
            now=now,
        )
    except NoteWrong as refusal:
        looked = look_at(write, reader, account_no, now=now)
        wrong = {"text": text_of(request, refusal)}
        return _show(request, runtime, write, looked, wrong=wrong, typed={"text": text})
    if not is_written:
        raise NotFound
    return go(f"/staff/accounts/{account_no}#notes")


@router.post("/staff/accounts/{account_no}/reveal", dependencies=[CheckedForm, FreshCode])
def reveal(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    account_no: str,
    hidden: Annotated[Hidden, Form()],
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Show in clear what is masked, in this answer alone: no cache keeps it, and its address is a form's."""
    check(reader, StaffPermission.ACCOUNTS_REVEAL)
    _ = speak(request)
    wrong, shown = {}, None
    try:
        shown = accounts.reveal(
            write,
            vault=runtime.vault,
            account_no=account_no,
            hidden=hidden,
            reason=reason,
            staff_id=reader.staff_id,
            actor=reader.actor,
            now=now,
        )
    except (ReasonNeeded, RevealLimited) as refusal:
        wrong = {"reason": text_of(request, refusal)}
    looked = look_at(write, reader, account_no, now=now)
    if StaffPermission.ACCOUNTS_REVEAL not in looked.may:
        raise NotFound
    if shown is None and not wrong:
        wrong = {"hidden": _("There is none, or not any more.")}
    return _show(
        request,
        runtime,
        write,
        looked,
        wrong=wrong,
        typed={"reason": reason, "hidden": hidden.value},
        shown={} if shown is None else {hidden.value: shown},
    )


@router.post("/staff/accounts/{account_no}/look", dependencies=[CheckedForm, FreshCode])
def begin_look(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    account_no: str,
    grant: Annotated[UUID, Form()],
    why: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """See the account's pages as one of its people sees them."""
    check(reader, StaffPermission.ACCOUNTS_VIEW_AS)
    try:
        is_begun = accounts.begin_look(
            write,
            account_no=account_no,
            grant_id=grant,
            reason=why,
            staff_id=reader.staff_id,
            session_id=reader.session_id,
            actor=reader.actor,
            now=now,
        )
    except ReasonNeeded as refusal:
        looked = look_at(write, reader, account_no, now=now)
        typed = {"why": why, "grant": str(grant)}
        return _show(request, runtime, write, looked, wrong={"why": text_of(request, refusal)}, typed=typed)
    if not is_begun:
        raise NotFound
    return go(f"/staff/as/{account_no}")


def _address(looked: Looked) -> str:
    return f"/staff/accounts/{looked.account.account_no}"
