"""Readings that nobody believed, and meters of which some are missing: the work list of whoever looks after meters."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from core.db import WriteSession
from core.periods import business_date, day_of, start_of
from portal.pages import go, speak, text_of
from portal.staff import lists
from portal.staff.once import once
from portal.staff.pages import CheckedForm, SignedInStaff, StaffReader, check, requires, show
from portal.staff.reading_lists import PAGE, ReadingList, behind_of
from services.accounts.queries import finding
from services.accounts.queries.finding import StaffAccount
from services.accounts.roles import StaffPermission
from services.metering import operations, queries
from services.metering.errors import ReadingDecided, ReadingNotAcceptable, ReadingNotEstimable
from services.metering.operations import Decision
from services.metering.queries import HeldReading, MeterGaps
from services.metering.queries.waiting import LOOK_BACK_DAYS
from web.problems.common import NotFound
from web.readings import picture_answer
from web.runtime import Runtime, RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

READINGS: Final = "/staff/readings"
MISSING: Final = f"{READINGS}/missing"
CONFLICT: Final = 409
LONGEST_WHY: Final = 200
MOST_RUNS: Final = 3
"""Stretches of days without readings that a row of the list names; the choice below it has all days."""

Reader = Annotated[StaffReader, requires(StaffPermission.METERING_VIEW)]
Text = Annotated[str, Query(max_length=64)]
Act = Literal["accept", "discard", "estimate"]
Why = Annotated[str, Form(max_length=1000)]
_ACTS: Final = {"accept": operations.accept, "discard": operations.discard, "estimate": operations.estimate}


@router.get(READINGS)
def held_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    unit: Text = "",
    reason: Text = "",
    since: Text = "",
    until: Text = "",
    after: str = "",
) -> Response:
    """What waits in quarantine, in the reader's units, with how many for which reason."""
    wanted = {"unit": unit.strip(), "reason": reason.strip(), "since": since.strip(), "until": until.strip()}
    listed = ReadingList(READINGS, wanted, reader, runtime.cursors)
    at = listed.behind(after, first=[])
    found, wrong = list[HeldReading](), dict[str, str]()
    try:
        begins, ends = _between(wanted["since"], wanted["until"], runtime.settings.zone)
    except (ValueError, OverflowError):
        _ = speak(request)
        wrong = {"since": _("Enter dates as year, month and day, the earlier one first.")}
        listed = replace(listed, wanted={**wanted, "since": "", "until": ""})
    else:
        found = queries.held_readings(
            write,
            staff_id=reader.staff_id,
            unit_code=wanted["unit"] or None,
            reason=wanted["reason"] or None,
            since=begins,
            until=ends,
            after=behind_of(at),
            limit=PAGE + 1,
            now=now,
        )
    rows, more = listed.page(found)
    waiting = queries.held_counts(write, staff_id=reader.staff_id, now=now)
    return listed.show(
        request,
        write,
        "staff/readings.html",
        more,
        now=now,
        mine=lists.mine(write, reader, "readings", **listed.wanted),
        rows=[(each, shown_kwh(each)) for each in rows],
        choosable=[name_of(each) for each in rows] if reader.may(StaffPermission.METERING_DECIDE) else [],
        counts=sorted(waiting.by_reason.items()) if waiting.is_all else [(each.value, None) for each in queries.Doubt],
        wrong=wrong,
    )


@router.get(MISSING)
def missing_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    unit: Text = "",
    after: str = "",
    done: str = "",
) -> Response:
    """Meters of which intervals of the last weeks are missing or were estimated."""
    return _missing_page(request, runtime, reader, write, unit, {}, now=now, after=after, done=done)


@router.post(MISSING + "/{account_no}/estimate", dependencies=[CheckedForm])
@once
def estimate_day(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    account_no: str,
    day: Annotated[str, Form(max_length=32)] = "",
    why: Why = "",
    unit: Annotated[str, Form(max_length=64)] = "",
    after: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Have what is missing of a day estimated now."""
    check(reader, StaffPermission.METERING_DECIDE)
    account = _account(write, reader, account_no, StaffPermission.METERING_DECIDE, now=now)
    _ = speak(request)
    wrong = {} if is_reason(why) else {f"why-{account_no}": _("Say why, in at most 200 characters.")}
    found = _day(day)
    if found is None or found >= business_date(now, runtime.settings.zone):
        wrong |= {f"day-{account_no}": _("Choose a day that is over.")}
    if wrong or found is None:
        typed = {"account_no": account_no, "day": day, "why": why}
        return _missing_page(request, runtime, reader, write, unit, wrong, now=now, after=after, typed=typed)
    made = operations.estimate_day(
        write, account_id=account.id, day=found, decision=decision_of(runtime, reader, why, now=now)
    )
    return go(f"{MISSING}?{urlencode({'unit': unit, 'after': after, 'done': made})}")


@router.get(READINGS + "/{account_no}/{reading_id}")
def reading_page(
    request: Request, reader: Reader, write: Write, now: Now, account_no: str, reading_id: UUID
) -> Response:
    """One reading: what it said, why it waits, what became of it."""
    return _page(request, reader, write, account_no, reading_id, {}, now=now)


@router.post(READINGS + "/{account_no}/{reading_id}", dependencies=[CheckedForm])
@once
def decide(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    account_no: str,
    reading_id: UUID,
    act: Annotated[Act, Form()],
    why: Why = "",
) -> Response:
    """Accept it, discard it, or put an estimate in its place."""
    check(reader, StaffPermission.METERING_DECIDE)
    account = _account(write, reader, account_no, StaffPermission.METERING_DECIDE, now=now)
    _ = speak(request)
    if not is_reason(why):
        wrong = {"why": _("Say why, in at most 200 characters.")}
        return _page(request, reader, write, account_no, reading_id, wrong, now=now, why=why)
    _found(write, reader, account, reading_id, now=now)
    decision = decision_of(runtime, reader, why, now=now)
    try:
        with write.begin_nested():
            _ACTS[act](write, account_id=account.id, quarantine_id=reading_id, decision=decision)
    except ReadingDecided as refusal:
        wrong = {"why": text_of(request, refusal)}
        return _page(request, reader, write, account_no, reading_id, wrong, now=now, status=CONFLICT)
    except (ReadingNotAcceptable, ReadingNotEstimable) as refusal:
        wrong = {"why": text_of(request, refusal)}
        return _page(request, reader, write, account_no, reading_id, wrong, now=now, why=why)
    return go(f"{READINGS}/{account_no}/{reading_id}")


@router.get(READINGS + "/{account_no}/{reading_id}/photo")
def photo(runtime: RuntimeDep, reader: Reader, write: Write, now: Now, account_no: str, reading_id: UUID) -> Response:
    """The picture that a customer sent with a reading, as long as it is kept."""
    account = _account(write, reader, account_no, StaffPermission.METERING_VIEW, now=now)
    found = _found(write, reader, account, reading_id, now=now)
    if found.photo_id is None:
        raise NotFound
    picture = queries.held_photo(write, vault=runtime.vault, account_id=account.id, photo_id=found.photo_id)
    if picture is None:
        raise NotFound
    return picture_answer(picture)


def shown_kwh(reading: HeldReading) -> Decimal | None:
    """What it said, in kWh or kvarh."""
    return None if reading.energy is None else Decimal(reading.energy).scaleb(-6)


def name_of(reading: HeldReading) -> str:
    """How forms name a reading."""
    return f"{reading.account_no}.{reading.id}"


def is_reason(why: str) -> bool:
    """Whether a text may stand in the audit log as a reason."""
    return 0 < len(why.strip()) <= LONGEST_WHY


def _between(since: str, until: str, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """From the first moment of one day up to the end of another. Raises ValueError, OverflowError."""
    begins = start_of(day_of(since), zone) if since else None
    ends = start_of(day_of(until) + timedelta(days=1), zone) if until else None
    if begins and ends and begins >= ends:
        raise ValueError(until)
    return begins, ends


def _day(typed: str) -> date | None:
    try:
        return day_of(typed.strip())
    except ValueError:
        return None


def decision_of(runtime: Runtime, reader: StaffReader, why: str, *, now: datetime) -> Decision:
    """Who decides now, and why."""
    settings = runtime.settings
    return Decision(reader.actor, why.strip(), now, settings.zone, settings.readings_linear_minutes)


def _account(
    session: WriteSession, reader: StaffReader, account_no: str, permission: StaffPermission, *, now: datetime
) -> StaffAccount:
    found = finding.staff_account(
        session, account_no=account_no, staff_id=reader.staff_id, permission=permission, now=now
    )
    if found is None:
        raise NotFound
    return found


def _found(
    session: WriteSession, reader: StaffReader, account: StaffAccount, reading_id: UUID, *, now: datetime
) -> HeldReading:
    found = queries.held_reading(
        session,
        account_id=account.id,
        quarantine_id=reading_id,
        staff_id=reader.staff_id,
        permission=StaffPermission.METERING_VIEW,
        now=now,
    )
    if found is None:
        raise NotFound
    return found


def _page(
    request: Request,
    reader: StaffReader,
    session: WriteSession,
    account_no: str,
    reading_id: UUID,
    wrong: dict[str, str],
    *,
    now: datetime,
    why: str = "",
    status: int | None = None,
) -> Response:
    account = _account(session, reader, account_no, StaffPermission.METERING_VIEW, now=now)
    found = _found(session, reader, account, reading_id, now=now)
    may_decide = StaffPermission.METERING_DECIDE
    return show(
        request,
        "staff/reading.html",
        reader,
        status=status,
        here=f"{READINGS}/{account.account_no}/{reading_id}",
        reading=found,
        kwh=shown_kwh(found),
        is_open=found.state == "open" and reader.may(may_decide),
        wrong=wrong,
        why=why,
    )


def _gap_days(rows: Sequence[MeterGaps], of: MeterGaps) -> list[date]:
    """Days of which something is missing at any meter of an account, as an estimate is made for all of them."""
    return sorted({day for each in rows if each.account_id == of.account_id for day in each.gap_days or ()})


def _runs(gaps: MeterGaps) -> list[tuple[date, date]]:
    """Days of which something is missing, those that follow each other put together: (first, last)."""
    found: list[tuple[date, date]] = []
    for day in gaps.gap_days or ():
        if found and found[-1][1] == day - timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _missing_page(
    request: Request,
    runtime: Runtime,
    reader: StaffReader,
    session: WriteSession,
    unit: str,
    wrong: dict[str, str],
    *,
    now: datetime,
    after: str = "",
    done: str = "",
    typed: dict[str, Any] | None = None,
) -> Response:
    listed = ReadingList(MISSING, {"unit": unit.strip()}, reader, runtime.cursors)
    position = listed.behind(after, first=[0, 0, 0])
    rows, behind = queries.meter_gaps(
        session,
        staff_id=reader.staff_id,
        unit_code=listed.wanted["unit"] or None,
        after=(position[0], position[1], position[2]),
        limit=PAGE,
        today=business_date(now, runtime.settings.zone),
        now=now,
    )
    return listed.show(
        request,
        session,
        "staff/readings_missing.html",
        listed.at(behind),
        now=now,
        rows=[
            (
                each,
                _runs(each),
                [] if each.account_id in {before.account_id for before in rows[:at]} else _gap_days(rows, each),
            )
            for at, each in enumerate(rows)
        ],
        after=after,
        most_runs=MOST_RUNS,
        days=LOOK_BACK_DAYS,
        typed=typed or {"account_no": "", "day": "", "why": ""},
        done=int(done) if done.isdecimal() else None,
        wrong=wrong,
    )
