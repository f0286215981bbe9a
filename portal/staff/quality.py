"""How complete customer data are, unit by unit, and the work list of what is missing."""

from dataclasses import dataclass
from datetime import date, datetime
from math import inf
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from core.db import WriteSession
from core.periods import business_date
from portal import details
from portal.details import DetailsForm
from portal.pages import go, text_of
from portal.staff import files, lists
from portal.staff.customers import look_at
from portal.staff.once import SentOnce, once
from portal.staff.pages import CheckedForm, FreshCode, SignedInStaff, StaffReader, check, requires, show
from services.accounts import catalogue
from services.accounts import operations as accounts
from services.accounts.catalogue import FieldClass, Level
from services.accounts.errors import (
    CorrectionDateWrong,
    CorrectionWrong,
    CustomerShared,
    DetailsChanged,
    DocumentMissing,
    EmailWrong,
    HouseholdWrong,
)
from services.accounts.operations import Corrected, Correction
from services.accounts.queries import quality, staffing
from services.accounts.roles import StaffPermission
from services.casework import operations as casework
from services.casework.errors import ReasonMissing, RequestOpen
from services.casework.operations import CORRECT_DATA, CorrectData
from web.problems.common import NotFound
from web.runtime import Runtime, RuntimeDep
from web.session import Flows, Now, Write

router = APIRouter(include_in_schema=False)

CONFLICT: Final = 409
QUALITY: Final = "/staff/quality"
GAPS: Final = "/staff/gaps"
PAGE: Final = 50
_WRONG: Final[dict[type[Exception], str]] = {
    CorrectionDateWrong: "day",
    DocumentMissing: "document",
    ReasonMissing: "reason",
}
"""Which part of a correction a refusal is about; its value, where nothing is said."""


@dataclass(frozen=True)
class CorrectionForm:
    """A correction as it was typed."""

    field: Annotated[Corrected, Form()]
    value: Annotated[str, Form(max_length=400)] = ""
    day: Annotated[str, Form(max_length=32)] = ""
    document: Annotated[str, Form(max_length=400)] = ""
    reason: Annotated[str, Form(max_length=1000)] = ""

    def wanted(self) -> Correction:
        """What is asked for; without the day when what was typed is none."""
        try:
            day = date.fromisoformat(self.day.strip())
        except ValueError:
            day = None
        return Correction(self.field, self.value, self.document, day)


Reader = Annotated[StaffReader, requires(StaffPermission.ACCOUNTS_VIEW)]
Text = Annotated[str, Query(max_length=64)]
Sort = Annotated[str, Query(pattern=r"^(score)?$")]


@router.get(QUALITY)
def quality_page(
    request: Request, runtime: RuntimeDep, reader: Reader, write: Write, now: Now, unit: Text = "", sort: Sort = ""
) -> Response:
    """A unit's score with its parts and its way through the last days, and those of the units right under it.

    By their names, or the worst first.
    """
    today = business_date(now, runtime.settings.zone)
    day = quality.latest_day(write)
    code = unit.strip() or None
    scores = quality.unit_scores(write, staff_id=reader.staff_id, unit_code=code, day=day or today, now=now)
    if not scores:
        raise NotFound
    units = [each for each in scores if not each.is_itself]
    if sort:
        units.sort(key=lambda each: inf if each.counts.score is None else each.counts.score)
    asked = urlencode({name: value for name, value in (("unit", code), ("sort", sort)) if value})
    return show(
        request,
        "staff/quality.html",
        reader,
        here=f"{QUALITY}?{asked}" if asked else QUALITY,
        sort=sort,
        day=day,
        itself=next((each for each in scores if each.is_itself), None),
        units=units,
        days=quality.trend(write, staff_id=reader.staff_id, unit_code=code, today=today, now=now),
        weights=quality.WEIGHTS,
    )


@router.get(GAPS)
def gaps_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    unit: Text = "",
    of: FieldClass | None = None,
    level: Level | None = None,
    field: Text = "",
    after: str = "",
) -> Response:
    """Accounts of which something is missing, in the reader's units, by what is asked for."""
    wanted = _wanted(unit, of, level, field)
    asked = urlencode({name: value for name, value in wanted.items() if value})
    scope = f"staff.gaps|{reader.staff_id}|{asked}"
    [behind] = runtime.cursors.behind(after, scope=scope, first=[0])
    found = quality.gaps(
        write,
        staff_id=reader.staff_id,
        unit_code=wanted["unit"] or None,
        of=of,
        level=level,
        code=wanted["field"] or None,
        after=behind,
        limit=PAGE + 1,
        now=now,
    )
    if found is None:
        raise NotFound
    rows, more = runtime.cursors.page(found, PAGE, scope=scope, position=lambda each: [each.account_id])
    return show(
        request,
        "staff/gaps.html",
        reader,
        here=f"{GAPS}?{asked}" if asked else GAPS,
        mine=lists.mine(write, reader, "gaps", **wanted),
        rows=rows,
        wanted=wanted,
        units=staffing.staff_units(
            write, staff_id=reader.staff_id, permission=StaffPermission.ACCOUNTS_VIEW, now=now, limit=500
        ),
        fields=[each for each in catalogue.CATALOGUE if each.bit],
        next=f"{GAPS}?{asked}&after={more}" if more else "",
        may_fill=reader.may(StaffPermission.ACCOUNTS_EDIT),
    )


@router.post(GAPS + "/export", dependencies=[CheckedForm])
def export(
    request: Request,
    runtime: RuntimeDep,
    db: Flows,
    now: Now,
    sent: SentOnce,
    unit: Annotated[str, Form(max_length=64)] = "",
    of: Annotated[FieldClass | None, Form()] = None,
    level: Annotated[Level | None, Form()] = None,
    field: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Have the same accounts written to a file, without their holders."""
    asked = _wanted(unit, of, level, field)
    return files.ask(
        request,
        runtime,
        db,
        of_list="gaps",
        permission=StaffPermission.ACCOUNTS_VIEW,
        filters=lambda _session, _reader: {**asked},
        sent=sent,
        now=now,
    )


def _wanted(unit: str, of: FieldClass | None, level: Level | None, field: str) -> dict[str, str]:
    """The filters as they were chosen."""
    return {
        "unit": unit.strip(),
        "of": of or "",
        "level": str(level.value) if level else "",
        "field": field if field in catalogue.BY_CODE else "",
    }


@router.get(GAPS + "/{account_no}")
def gap_page(
    request: Request, runtime: RuntimeDep, reader: Reader, write: Write, now: Now, account_no: str, done: str = ""
) -> Response:
    """What is told of one account, and the form for what a customer says."""
    return _page(request, runtime, reader, write, account_no, None, {}, now=now, done=done)


@router.post(GAPS + "/{account_no}", dependencies=[CheckedForm, FreshCode])
def fill(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    account_no: str,
    typed: Annotated[DetailsForm, Depends(details.details_form)],
) -> Response:
    """Keep what a customer told."""
    check(reader, StaffPermission.ACCOUNTS_EDIT)
    try:
        is_there = accounts.fill_gaps(
            write,
            vault=runtime.vault,
            account_no=account_no,
            told=typed.told(),
            staff_id=reader.staff_id,
            actor=reader.actor,
            today=business_date(now, runtime.settings.zone),
            now=now,
            seen=typed.version,
        )
    except DetailsChanged:
        return _page(request, runtime, reader, write, account_no, typed, {}, now=now, is_stale=True)
    except (CustomerShared, EmailWrong, HouseholdWrong) as refusal:
        return _page(request, runtime, reader, write, account_no, typed, details.field_of(request, refusal), now=now)
    if not is_there:
        raise NotFound
    return go(f"{GAPS}/{account_no}?done=1")


@router.post(GAPS + "/{account_no}/correct", dependencies=[CheckedForm, FreshCode])
@once
def correct(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    account_no: str,
    typed: Annotated[CorrectionForm, Depends()],
) -> Response:
    """Ask a second person to correct what is locked."""
    check(reader, StaffPermission.ACCOUNTS_CORRECT)
    try:
        with write.begin_nested():
            is_there = _ask(write, runtime, reader, account_no, typed, now=now)
    except (CorrectionWrong, CorrectionDateWrong, DocumentMissing, ReasonMissing, RequestOpen) as refusal:
        wrong = {f"{typed.field.value}_{_WRONG.get(type(refusal), 'value')}": text_of(request, refusal)}
        return _page(request, runtime, reader, write, account_no, None, wrong, now=now, correction=typed)
    if not is_there:
        raise NotFound
    return go(f"{GAPS}/{account_no}?done=asked")


def _ask(
    session: WriteSession,
    runtime: Runtime,
    reader: StaffReader,
    account_no: str,
    typed: CorrectionForm,
    *,
    now: datetime,
) -> bool:
    proposal = accounts.propose_correction(
        session,
        vault=runtime.vault,
        account_no=account_no,
        wanted=typed.wanted(),
        staff_id=reader.staff_id,
        today=business_date(now, runtime.settings.zone),
        now=now,
    )
    if proposal is None:
        return False
    casework.ask(
        session,
        kind=CORRECT_DATA,
        subject=f"account:{proposal.account.id}:{typed.field.value}",
        unit_id=proposal.account.unit_id,
        payload=CorrectData(correction_id=proposal.id, account_no=account_no, field=typed.field),
        reason=typed.reason,
        by=reader.staff_id,
        actor=reader.actor,
        now=now,
    )
    return True


def _page(
    request: Request,
    runtime: Runtime,
    reader: StaffReader,
    session: WriteSession,
    account_no: str,
    typed: DetailsForm | None,
    wrong: dict[str, str],
    *,
    now: datetime,
    done: str = "",
    correction: CorrectionForm | None = None,
    is_stale: bool = False,
) -> Response:
    looked = look_at(session, reader, account_no, now=now)
    found = looked.account
    known = quality.details(session, account_id=found.id)
    return show(
        request,
        "staff/gap.html",
        reader,
        status=CONFLICT if is_stale else None,
        here=f"{GAPS}/{found.account_no}",
        account=found,
        known=known,
        values=typed or details.form_of(known),
        is_now=details.form_of(known) if is_stale else None,
        version=known.version if is_stale or typed is None else typed.version,
        wrong=wrong,
        done=done,
        correction=correction,
        fields=list(Corrected),
        today=business_date(now, runtime.settings.zone),
        may_fill=StaffPermission.ACCOUNTS_EDIT in looked.may,
        may_correct=StaffPermission.ACCOUNTS_CORRECT in looked.may,
    )
