"""Money that came and has no place: what waits, what is known of each sum, giving it to an account or back."""

from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import Response

from core.db import WriteSession
from portal.pages import go, text_of
from portal.staff import files, lists
from portal.staff.once import SentOnce, once
from portal.staff.pages import (
    CheckedForm,
    FreshCode,
    SignedInStaff,
    StaffReader,
    check,
    requires,
    show,
)
from services.accounts.errors import ReasonNeeded
from services.accounts.roles import StaffPermission
from services.casework import operations as casework
from services.casework import queries as requests
from services.casework.errors import ReasonMissing, RequestOpen
from services.payments import operations as payments
from services.payments.errors import (
    MoneySpent,
    MoneyUndecided,
    RefundOver,
    RefundUndecided,
    ReturnNotOffered,
    SuspenseElsewhere,
    SuspenseOver,
)
from services.payments.operations import (
    ASSIGN_SUSPENSE,
    DECIDE_REFUND,
    MATCH_SUSPENSE,
    RETURN_SUSPENSE,
    AssignSuspense,
    DecideRefund,
    MatchSuspense,
    ReturnSuspense,
    Way,
)
from services.payments.queries import placing, refunds
from services.payments.queries.placing import TransactionMoney, WaitingMoney
from web.problems.common import NotFound
from web.runtime import RuntimeDep
from web.session import Flows, Now, Write

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
SUSPENSE: Final = "/staff/suspense"

Reader = Annotated[StaffReader, requires(StaffPermission.SUSPENSE_VIEW)]
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get(SUSPENSE)
def suspense(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    sort: Annotated[str, Query(pattern=r"^(amount)?$")] = "",
    after: str = "",
) -> Response:
    """What waits, the oldest first, or the largest."""
    scope, by, limit = f"staff.suspense|{reader.staff_id}|{sort}", reader.staff_id, PAGE + 1
    at = runtime.cursors.behind(after, scope=scope, first=[])
    if sort:
        larger = (at[0], at[1]) if at else None
        found = placing.largest_suspense(write, staff_id=by, after=larger, limit=limit, now=now)
    else:
        behind = (datetime.fromisoformat(at[0]), at[1]) if at else None
        found = placing.suspense_page(write, staff_id=by, after=behind, limit=limit, now=now)
    rows, more = runtime.cursors.page(
        found,
        PAGE,
        scope=scope,
        position=lambda each: [each.amount.minor if sort else each.created_at.isoformat(), each.id],
    )
    mine = lists.mine(write, reader, "suspense", sort=sort)
    twice = refunds.contested_refunds(write, staff_id=reader.staff_id, limit=PAGE, now=now)
    return show(
        request,
        "staff/suspense.html",
        reader,
        here=f"{SUSPENSE}?{mine.asked}" if mine.asked else SUSPENSE,
        mine=mine,
        sort=sort,
        rows=rows,
        twice=twice,
        choosable=[each.id for each in rows if each.goes_among_many and reader.may(StaffPermission.SUSPENSE_ASSIGN)],
        next=f"{SUSPENSE}?{urlencode({'sort': sort, 'after': more})}" if more else "",
    )


@router.post(SUSPENSE + "/export", dependencies=[CheckedForm])
def export(request: Request, runtime: RuntimeDep, db: Flows, now: Now, sent: SentOnce) -> Response:
    """Have the same money written to a file."""
    may = StaffPermission.SUSPENSE_VIEW
    return files.ask(
        request,
        runtime,
        db,
        of_list="suspense",
        permission=may,
        filters=lambda _session, _reader: {},
        sent=sent,
        now=now,
    )


@router.get(SUSPENSE + "/{suspense_id}")
def item(request: Request, reader: Reader, write: Write, now: Now, suspense_id: Id, asked: str = "") -> Response:
    """One sum with its evidence, and the form that assigns it."""
    return _page(request, write, reader, suspense_id, {}, {}, asked=asked == "1", now=now)


@router.post(SUSPENSE + "/{suspense_id}/assign", dependencies=[CheckedForm, FreshCode])
@once
def assign(
    request: Request,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    suspense_id: Id,
    account_no: Annotated[str, Form(max_length=64)] = "",
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Assign it, or ask a second person to when it is much."""
    check(reader, StaffPermission.SUSPENSE_ASSIGN)
    typed, here = account_no.strip(), f"{SUSPENSE}/{suspense_id}"
    try:
        amount, account = payments.assignable(
            write, suspense_id=suspense_id, account_no=typed, by=reader.staff_id, now=now
        )
        if not requests.needs_second_person(kind=ASSIGN_SUSPENSE.name, amount=amount):
            payments.assign(
                write, suspense_id=suspense_id, account_no=typed, by=reader.staff_id, actor=reader.actor, now=now
            )
            return go(here)
        casework.ask(
            write,
            kind=ASSIGN_SUSPENSE.name,
            subject=f"suspense:{suspense_id}",
            unit_id=account.unit_id,
            payload=AssignSuspense(suspense_id=suspense_id, account_no=typed),
            reason=reason,
            by=reader.staff_id,
            actor=reader.actor,
            now=now,
            amount=amount,
        )
    except (RefundUndecided, SuspenseElsewhere, SuspenseOver, RequestOpen) as refusal:
        wrong = {"account_no": text_of(request, refusal)}
    except ReasonMissing as refusal:
        wrong = {"reason": text_of(request, refusal)}
    else:
        return go(f"{here}?asked=1")
    return _page(request, write, reader, suspense_id, wrong, {"account_no": typed, "reason": reason}, now=now)


@router.post(SUSPENSE + "/{suspense_id}/return", dependencies=[CheckedForm, FreshCode])
@once
def send_back(
    request: Request,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    suspense_id: Id,
    why: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Send it back to whoever paid it, or ask a second person to when it is much."""
    may, here = StaffPermission.SUSPENSE_RETURN, f"{SUSPENSE}/{suspense_id}"
    check(reader, may)
    try:
        item = payments.returnable(write, suspense_id=suspense_id, by=reader.staff_id, permission=may, now=now)
        if not requests.needs_second_person(kind=RETURN_SUSPENSE.name, amount=item.amount):
            payments.return_to_payer(
                write,
                suspense_id=suspense_id,
                why=why,
                by=reader.staff_id,
                approved_by=None,
                actor=reader.actor,
                now=now,
            )
            return go(here)
        payload = ReturnSuspense(suspense_id=suspense_id, why=payments.reason_to_return(why))
        _ask(write, reader, RETURN_SUSPENSE.name, item, payload, may=may, now=now)
    except (ReasonNeeded, RefundUndecided, RequestOpen, ReturnNotOffered, SuspenseOver) as refusal:
        wrong = {"why": text_of(request, refusal)}
        return _page(request, write, reader, suspense_id, wrong, {"why": why}, now=now)
    return go(f"{here}?asked=1")


@router.post(SUSPENSE + "/{suspense_id}/match", dependencies=[CheckedForm, FreshCode])
@once
def match(
    request: Request,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    suspense_id: Id,
    why: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Close what is no money of its own, or ask a second person to when it is about much."""
    may, here = StaffPermission.SUSPENSE_ASSIGN, f"{SUSPENSE}/{suspense_id}"
    check(reader, may)
    try:
        item = payments.matchable(write, suspense_id=suspense_id, by=reader.staff_id, permission=may, now=now)
        if not requests.needs_second_person(kind=MATCH_SUSPENSE.name, amount=item.amount):
            payments.match(write, suspense_id=suspense_id, why=why, by=reader.staff_id, actor=reader.actor, now=now)
            return go(here)
        payload = MatchSuspense(suspense_id=suspense_id, why=payments.reason_to_return(why))
        _ask(write, reader, MATCH_SUSPENSE.name, item, payload, may=may, now=now)
    except (MoneyUndecided, ReasonNeeded, RequestOpen, SuspenseOver) as refusal:
        wrong = {"why": text_of(request, refusal)}
        return _page(request, write, reader, suspense_id, wrong, {"why": why}, now=now)
    return go(f"{here}?asked=1")


@router.post(SUSPENSE + "/{suspense_id}/decide", dependencies=[CheckedForm, FreshCode])
@once
def decide(
    request: Request,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    suspense_id: Id,
    refund: Annotated[UUID, Form()],
    way: Annotated[Way, Form()],
    why: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Say who bears what went out twice, or ask a second person to when it is much."""
    may, here = StaffPermission.SUSPENSE_RETURN, f"{SUSPENSE}/{suspense_id}"
    check(reader, may)
    try:
        found = payments.decidable(
            write, refund_id=refund, way=way, by=reader.staff_id, permission=may, now=now
        ).suspense
        if found.id != suspense_id:
            raise NotFound
        if not requests.needs_second_person(kind=DECIDE_REFUND.name, amount=found.amount):
            payments.decide(write, refund_id=refund, way=way, why=why, by=reader.staff_id, actor=reader.actor, now=now)
            return go(here)
        payload = DecideRefund(refund_id=refund, way=way, why=payments.reason_to_return(why))
        _ask(write, reader, DECIDE_REFUND.name, found, payload, may=may, now=now)
    except (MoneySpent, ReasonNeeded, RefundOver, RefundUndecided, RequestOpen, SuspenseElsewhere) as refusal:
        wrong = {"why": text_of(request, refusal)}
        return _page(request, write, reader, suspense_id, wrong, {"why": why}, now=now)
    return go(f"{here}?asked=1")


def _ask(
    session: WriteSession,
    reader: StaffReader,
    kind: str,
    item: WaitingMoney,
    payload: ReturnSuspense | MatchSuspense | DecideRefund,
    *,
    may: StaffPermission,
    now: datetime,
) -> None:
    """Leave to a second person what is to become of a sum."""
    casework.ask(
        session,
        kind=kind,
        subject=f"suspense:{item.id}",
        unit_id=placing.unit_to_ask_in(session, item=item, staff_id=reader.staff_id, permission=may, now=now),
        payload=payload,
        reason=payload.why,
        by=reader.staff_id,
        actor=reader.actor,
        now=now,
        amount=item.amount,
    )


def _page(
    request: Request,
    session: WriteSession,
    reader: StaffReader,
    suspense_id: int,
    wrong: dict[str, str],
    typed: dict[str, str],
    *,
    asked: bool = False,
    now: datetime,
) -> Response:
    found = placing.suspense_item(
        session,
        suspense_id=suspense_id,
        staff_id=reader.staff_id,
        permission=StaffPermission.SUSPENSE_VIEW,
        now=now,
    )
    if found is None:
        raise NotFound
    money = placing.money_of(session, item=found, staff_id=reader.staff_id, now=now)
    waiting = requests.waiting_about(session, subject=f"suspense:{suspense_id}", seen_by=reader.staff_id, now=now)
    is_free = waiting is None
    return show(
        request,
        "staff/suspense_item.html",
        reader,
        here=f"{SUSPENSE}/{suspense_id}",
        item=found,
        takes_two=requests.needs_second_person(kind=ASSIGN_SUSPENSE.name, amount=found.amount),
        waiting=waiting,
        can_assign=is_free and _waits(found) and reader.may(StaffPermission.SUSPENSE_ASSIGN),
        can_return=is_free and _waits(found) and reader.may(StaffPermission.SUSPENSE_RETURN),
        can_match=is_free
        and not found.is_money
        and found.state == "open"
        and reader.may(StaffPermission.SUSPENSE_ASSIGN),
        money=money,
        can_decide=is_free and reader.may(StaffPermission.SUSPENSE_RETURN),
        refunds=refunds.refunds_of(session, suspense_id=suspense_id),
        wrong=wrong,
        typed={"account_no": _meant_for(found, money), "reason": "", "why": "", **typed},
        asked=asked,
    )


def _waits(found: WaitingMoney) -> bool:
    return found.is_money and found.state == "open"


def _meant_for(found: WaitingMoney, money: TransactionMoney) -> str:
    """The account that the sum came for, or that its transaction was named for besides; empty unless it is one."""
    named = {each.account_no for each in (found, *money.claims) if each.account_no is not None and not each.is_shared}
    if found.account_no in named:
        return found.account_no or ""
    return named.pop() if len(named) == 1 and not found.is_shared else ""
