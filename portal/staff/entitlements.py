"""Entitlements: which of them end soon, and those of one account, with what proves them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import Response

from core.db import WriteSession
from core.periods import business_date, day_of
from portal.pages import go, speak, text_of
from portal.staff.once import once
from portal.staff.pages import CheckedForm, FreshCode, SignedInStaff, StaffReader, check, requires, show
from services.accounts import operations as accounts
from services.accounts.errors import EntitlementsOverlap, EntitlementUnknown, EntitlementWrong
from services.accounts.queries import entitlements as queries
from services.accounts.queries import finding, staffing
from services.accounts.queries.finding import StaffAccount
from services.accounts.roles import StaffPermission
from web.problems.common import NotFound
from web.runtime import Runtime, RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

ENTITLEMENTS: Final = "/staff/entitlements"
ONE: Final = ENTITLEMENTS + "/{account_no}"
PAGE: Final = 50
AHEAD_DAYS: Final = 90
"""So far ahead the list looks."""

Reader = Annotated[StaffReader, requires(StaffPermission.ACCOUNTS_VIEW)]
Word = Annotated[str, Form(max_length=100)]
Id = Annotated[int, Path(ge=1, le=2**15 - 1)]


@dataclass(frozen=True)
class EntitlementForm:
    """An entitlement that is to be written, as it was typed."""

    kind: Word = ""
    value: Word = ""
    holds_from: Word = ""
    holds_to: Word = ""
    document: Annotated[str, Form(max_length=1000)] = ""


_FIELDS: Final = {"valid_to": "holds_to"}


@router.get(ENTITLEMENTS)
def ending_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    unit: Annotated[str, Query(max_length=64)] = "",
    after: str = "",
) -> Response:
    """What ends soon and nothing of its kind follows, in the reader's units."""
    today = business_date(now, runtime.settings.zone)
    unit = unit.strip()
    scope = f"staff.entitlements|{reader.staff_id}|{unit}"
    at = runtime.cursors.behind(after, scope=scope, first=[])
    found = queries.expiring(
        write,
        staff_id=reader.staff_id,
        until=today + timedelta(days=AHEAD_DAYS),
        today=today,
        now=now,
        limit=PAGE + 1,
        after=(date.fromisoformat(at[0]), at[1], at[2]) if at else None,
        unit_code=unit or None,
    )
    rows, more = runtime.cursors.page(
        found, PAGE, scope=scope, position=lambda each: [each.valid_to.isoformat(), each.account_id, each.id]
    )
    asked = f"{ENTITLEMENTS}?{urlencode({'unit': unit})}" if unit else ENTITLEMENTS
    return show(
        request,
        "staff/entitlements.html",
        reader,
        here=asked,
        rows=rows,
        days=AHEAD_DAYS,
        unit=unit,
        units=staffing.staff_units(
            write, staff_id=reader.staff_id, permission=StaffPermission.ACCOUNTS_VIEW, now=now, limit=500
        ),
        next=f"{ENTITLEMENTS}?{urlencode({'unit': unit, 'after': more})}" if more else "",
    )


@router.get(ONE)
def account_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    account_no: str,
    renew: Annotated[int | None, Query(ge=1, le=2**15 - 1)] = None,
) -> Response:
    """All entitlements of an account; the form is filled in with one that is to be renewed."""
    account, _may = _looked_at(write, reader, account_no, now=now)
    old = next((each for each in queries.entitlements_of(write, account_id=account.id) if each.id == renew), None)
    typed = EntitlementForm() if old is None else _renewed(old)
    return _page(request, runtime, reader, write, account_no, {}, now=now, typed=typed)


@router.post(ONE, dependencies=[CheckedForm, FreshCode])
@once
def add(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    account_no: str,
    typed: Annotated[EntitlementForm, Depends()],
) -> Response:
    """Write that the account is entitled to something, with what proves it."""
    account = _edited(write, reader, account_no, now=now)
    begins, ends = _day(typed.holds_from), _day(typed.holds_to)
    _ = speak(request)
    not_a_day = _("Not a day of the calendar: write it like 2026-01-31.")
    wrong = {} if begins else {"holds_from": not_a_day}
    if typed.holds_to.strip() and ends is None:
        wrong["holds_to"] = not_a_day
    if not typed.document.strip():
        wrong["document"] = _("Name the document that proves it.")
    if wrong or begins is None:
        return _page(request, runtime, reader, write, account_no, wrong, now=now, typed=typed)
    try:
        accounts.add_entitlement(
            write,
            account_id=account.id,
            kind=typed.kind.strip(),
            value=_number(typed),
            valid_from=begins,
            valid_to=ends,
            document=typed.document,
            renewals=runtime.settings.renewal_months,
            actor=reader.actor,
            now=now,
        )
    except EntitlementWrong as refusal:
        field = str(refusal.facts["field"])
        told = {
            "kind": _("Small letters, digits and _, beginning with a letter."),
            "value": _("A number above zero with at most 3 decimals; people are counted in whole ones, up to 99."),
            "valid_to": _("It must be after the day from which it holds."),
            "document": _("Write at most 200 characters."),
        }
        wrong = {_FIELDS.get(field, field): told[field]}
        return _page(request, runtime, reader, write, account_no, wrong, now=now, typed=typed)
    except EntitlementsOverlap as refusal:
        wrong = {"holds_from": text_of(request, refusal)}
        return _page(request, runtime, reader, write, account_no, wrong, now=now, typed=typed)
    return go(f"{ENTITLEMENTS}/{account_no}")


@router.post(ONE + "/{entitlement_id}/end", dependencies=[CheckedForm, FreshCode])
def end(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    account_no: str,
    entitlement_id: Id,
    ends_on: Word = "",
) -> Response:
    """Let one hold up to, not including, a day."""
    account = _edited(write, reader, account_no, now=now)
    field = f"end-{entitlement_id}"
    found = _day(ends_on)
    _ = speak(request)
    if found is None:
        wrong = {field: _("Not a day of the calendar: write it like 2026-01-31.")}
        return _page(request, runtime, reader, write, account_no, wrong, now=now)
    try:
        accounts.end_entitlement(
            write, account_id=account.id, entitlement_id=entitlement_id, valid_to=found, actor=reader.actor
        )
    except EntitlementUnknown as refusal:
        raise NotFound from refusal
    except EntitlementWrong:
        wrong = {field: _("It began later than that.")}
        return _page(request, runtime, reader, write, account_no, wrong, now=now)
    except EntitlementsOverlap as refusal:
        return _page(request, runtime, reader, write, account_no, {field: text_of(request, refusal)}, now=now)
    return go(f"{ENTITLEMENTS}/{account_no}")


def _looked_at(
    session: WriteSession, reader: StaffReader, account_no: str, *, now: datetime
) -> tuple[StaffAccount, frozenset[StaffPermission]]:
    found = finding.viewed_account(session, account_no=account_no, staff_id=reader.staff_id, now=now)
    if found is None:
        raise NotFound
    return found


def _edited(session: WriteSession, reader: StaffReader, account_no: str, *, now: datetime) -> StaffAccount:
    check(reader, StaffPermission.ACCOUNTS_EDIT)
    account, may = _looked_at(session, reader, account_no, now=now)
    if StaffPermission.ACCOUNTS_EDIT not in may:
        raise NotFound
    return account


def _day(typed: str) -> date | None:
    try:
        return day_of(typed.strip())
    except ValueError:
        return None


def _number(typed: EntitlementForm) -> Decimal:
    """What was typed; a flag holds without a number, and what is none becomes one that nothing takes."""
    if typed.kind.strip() not in queries.NUMBERS and not typed.value.strip():
        return Decimal(1)
    try:
        return Decimal(typed.value.strip())
    except InvalidOperation:
        return Decimal(0)


def _renewed(old: queries.EntitlementView) -> EntitlementForm:
    return EntitlementForm(
        kind=old.kind,
        value="" if old.is_flag else f"{old.value.normalize():f}",
        holds_from="" if old.valid_to is None else old.valid_to.isoformat(),
    )


def _page(
    request: Request,
    runtime: Runtime,
    reader: StaffReader,
    session: WriteSession,
    account_no: str,
    wrong: dict[str, str],
    *,
    now: datetime,
    typed: EntitlementForm | None = None,
) -> Response:
    account, may = _looked_at(session, reader, account_no, now=now)
    return show(
        request,
        "staff/entitlements_account.html",
        reader,
        here=f"{ENTITLEMENTS}/{account.account_no}",
        account=account,
        rows=queries.entitlements_of(session, account_id=account.id),
        today=business_date(now, runtime.settings.zone),
        kinds=[*queries.NUMBERS, "low_income"],
        may_edit=StaffPermission.ACCOUNTS_EDIT in may,
        typed=typed or EntitlementForm(),
        wrong=wrong,
    )
