"""What takes two persons: what waits for my decision, what I asked for, and one request."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from core.db import ReadSession, WriteSession
from core.errors import Refusal
from portal.pages import go, text_of
from portal.staff.pages import CheckedForm, FreshCode, SignedInStaff, StaffReader, show
from services.accounts.errors import (
    CorrectionOutdated,
    CustomerShared,
    GrantBeyondOwn,
    GrantHeld,
    GrantToOneself,
    UnitUnknown,
)
from services.accounts.operations import Owner, ShownCorrection, corrections_shown
from services.accounts.queries import finding as accounts
from services.accounts.queries import staffing
from services.accounts.queries.finding import FoundAccount, StaffAccount
from services.accounts.roles import StaffPermission
from services.casework import operations, queries
from services.casework.errors import (
    NotApart,
    NotJoined,
    OwnRequest,
    ReasonMissing,
    RequesterLost,
    RequestOver,
    RequestUnknown,
)
from services.casework.operations import RESET_PASSWORD, RESET_SECOND_FACTOR, CorrectData
from services.casework.queries import RequestView
from services.identity import queries as identity
from services.identity.errors import StaffUnknown
from services.payments.errors import (
    MoneySpent,
    MoneyUndecided,
    RefundOver,
    RefundUndecided,
    ReturnNotOffered,
    SuspenseElsewhere,
    SuspenseOver,
)
from services.payments.queries import placing
from services.tariffs.errors import BeginsInPast, VersionFixed, VersionsOverlap
from services.tariffs.operations import PublishTariff
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

FEW: Final = 10
PAGE: Final = 50
APPROVALS: Final = "/staff/approvals"
INVITING: Final = frozenset({RESET_SECOND_FACTOR.name, RESET_PASSWORD.name})
"""Kinds whose outcome is the token of an invitation."""

Part = Literal["waiting", "mine", "decided"]
PARTS: Final[tuple[Part, ...]] = ("waiting", "mine", "decided")
Why = Annotated[str, Form(max_length=1000)]


@router.get(APPROVALS)
def approvals(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    part: Part | None = None,
    after: str = "",
) -> Response:
    """What waits for me, and what I asked for or decided: the first of each, or all of one part, page after page."""
    parts: dict[str, Sequence[RequestView]] = {}
    more: dict[str, str] = {}
    for name in PARTS if part is None else (part,):
        scope = f"staff.approvals|{name}|{reader.staff_id}"
        at = runtime.cursors.behind(after if part else "", scope=scope, first=[])
        behind = UUID(at[0]) if at else None
        limit = FEW if part is None else PAGE
        parts[name], next_behind = _read(write, name, by=reader.staff_id, behind=behind, limit=limit, now=now)
        if next_behind is not None:
            cursor = "" if part is None else runtime.cursors.make(scope=scope, position=[str(next_behind)])
            more[name] = f"{APPROVALS}?{urlencode({'part': name, **({'after': cursor} if cursor else {})})}"
    names = _names(write, [view for rows in parts.values() for view in rows])
    return show(request, "staff/approvals.html", reader, names=names, parts=parts, more=more, part=part or "")


def _read(
    session: ReadSession, name: Part, *, by: UUID, behind: UUID | None, limit: int, now: datetime
) -> tuple[Sequence[RequestView], UUID | None]:
    """A page of a part, and behind which request the next begins, if there is one."""
    match name:
        case "waiting":
            page = queries.to_decide(session, by=by, now=now, behind=behind, limit=limit)
            return page.requests, page.behind
        case "mine":
            rows = queries.asked_by(session, by=by, now=now, before=behind, limit=limit + 1)
        case "decided":
            rows = queries.decided(session, by=by, now=now, before=behind, limit=limit + 1)
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


@router.get(APPROVALS + "/{request_id}")
def approval(request: Request, reader: SignedInStaff, write: Write, now: Now, request_id: UUID) -> Response:
    """One request."""
    return _page(request, write, reader, request_id, {}, now=now)


@router.post(APPROVALS + "/{request_id}/approve", dependencies=[CheckedForm, FreshCode])
def approve(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    request_id: UUID,
    why: Why = "",
) -> Response:
    """Approve it, and have it done; what is told once is shown here."""
    view = _view(write, reader, request_id, now=now)
    try:
        with write.begin_nested():
            outcome = operations.approve(
                write,
                request_id=request_id,
                by=reader.staff_id,
                proved_at=reader.proved_at or now,
                why=why,
                actor=reader.actor,
                now=now,
            )
    except (
        NotApart, NotJoined, OwnRequest, RequestOver, RequesterLost,
        GrantBeyondOwn, GrantHeld, GrantToOneself, StaffUnknown, UnitUnknown,
        MoneySpent, MoneyUndecided, RefundOver, RefundUndecided, ReturnNotOffered, SuspenseElsewhere, SuspenseOver,
        CorrectionOutdated, CustomerShared, BeginsInPast, VersionFixed, VersionsOverlap,
    ) as refusal:  # fmt: skip
        return _refused(request, write, reader, request_id, refusal, now=now)
    if outcome.told_once is not None and view.kind in INVITING:
        address = f"{runtime.settings.public_url}/staff/invitations/{outcome.told_once}"
        names = _names(write, [view])
        here = f"{APPROVALS}/{request_id}"
        return show(request, "staff/approved.html", reader, here=here, view=view, names=names, address=address)
    return go(f"{APPROVALS}/{request_id}")


@router.post(APPROVALS + "/{request_id}/refuse", dependencies=[CheckedForm])
def refuse(
    request: Request, reader: SignedInStaff, write: Write, now: Now, request_id: UUID, why: Why = ""
) -> Response:
    """Refuse it, and say why."""
    _view(write, reader, request_id, now=now)
    try:
        operations.refuse(write, request_id=request_id, by=reader.staff_id, why=why, actor=reader.actor, now=now)
    except (NotApart, OwnRequest, RequestOver, ReasonMissing) as refusal:
        return _refused(request, write, reader, request_id, refusal, now=now)
    return go(f"{APPROVALS}/{request_id}")


@router.post(APPROVALS + "/{request_id}/withdraw", dependencies=[CheckedForm])
def withdraw(request: Request, reader: SignedInStaff, write: Write, now: Now, request_id: UUID) -> Response:
    """Take my own request back."""
    try:
        operations.withdraw(write, request_id=request_id, by=reader.staff_id, actor=reader.actor, now=now)
    except RequestOver as refusal:
        return _refused(request, write, reader, request_id, refusal, now=now)
    return go(f"{APPROVALS}/{request_id}")


def _view(session: ReadSession, reader: StaffReader, request_id: UUID, *, now: datetime) -> RequestView:
    found = queries.request(session, request_id=request_id, seen_by=reader.staff_id, now=now)
    if found is None:
        raise RequestUnknown
    return found


def _refused(
    request: Request, write: WriteSession, reader: StaffReader, request_id: UUID, refusal: Refusal, *, now: datetime
) -> Response:
    return _page(request, write, reader, request_id, {"why": text_of(request, refusal)}, now=now)


def _page(
    request: Request,
    session: ReadSession,
    reader: StaffReader,
    request_id: UUID,
    wrong: dict[str, str],
    *,
    now: datetime,
) -> Response:
    view = _view(session, reader, request_id, now=now)
    is_open = view.state == "requested"
    account = _account(session, reader, view, now=now)
    others = _renamed_too(session, reader, view, account, now=now) if is_open else []
    return show(
        request,
        "staff/approval.html",
        reader,
        here=f"{APPROVALS}/{request_id}",
        view=view,
        names=_names(session, [view]),
        account_no=None if account is None else account.account_no,
        suspense_id=_suspense_id(session, reader, view, now=now),
        staff_id=_staff_id(session, reader, view, now=now),
        version_page=_version_page(reader, view),
        others=others[:PAGE],
        has_more=len(others) > PAGE,
        wrong=wrong,
        may_decide=is_open and view.may_decide,
        is_bound=is_open and view.is_bound,
        may_withdraw=is_open and view.requested_by == reader.staff_id,
    )


def _account(session: ReadSession, reader: StaffReader, view: RequestView, *, now: datetime) -> StaffAccount | None:
    """The account that it is about, where the reader may open it."""
    account_no = getattr(view.payload, "account_no", None)
    return account_no and accounts.staff_account(
        session,
        account_no=account_no,
        staff_id=reader.staff_id,
        permission=StaffPermission.ACCOUNTS_VIEW,
        now=now,
    )


def _renamed_too(
    session: ReadSession, reader: StaffReader, view: RequestView, account: StaffAccount | None, *, now: datetime
) -> list[FoundAccount]:
    """Other accounts that show what of their customer is to be corrected."""
    if account is None or not isinstance(view.payload, CorrectData) or view.payload.field.owner is not Owner.CUSTOMER:
        return []
    return accounts.customers_accounts(
        session, account=account, staff_id=reader.staff_id, after="", limit=PAGE + 1, now=now
    )


def _suspense_id(session: ReadSession, reader: StaffReader, view: RequestView, *, now: datetime) -> int | None:
    """The sum that it is about, where the reader may open it."""
    about, _, number = view.subject.partition(":")
    if about != "suspense":
        return None
    may = StaffPermission.SUSPENSE_VIEW
    found = placing.suspense_item(session, suspense_id=int(number), staff_id=reader.staff_id, permission=may, now=now)
    return None if found is None else found.id


def _staff_id(session: ReadSession, reader: StaffReader, view: RequestView, *, now: datetime) -> UUID | None:
    """The member of staff whom it is about, where the reader may open their page."""
    found = getattr(view.payload, "staff_id", None)
    if found is None or not reader.may(StaffPermission.STAFF_VIEW):
        return None
    return found if staffing.staff_is_seen(session, staff_id=found, seen_by=reader.staff_id, now=now) else None


def _version_page(reader: StaffReader, view: RequestView) -> str:
    """The page of the version of a tariff that it is about, where the reader may open it."""
    wanted = view.payload
    if not isinstance(wanted, PublishTariff) or not reader.may(StaffPermission.TARIFFS_VIEW):
        return ""
    return f"/staff/tariffs/{wanted.tariff_code}/{wanted.version_no}"


def _names(session: ReadSession, views: list[RequestView]) -> dict[UUID, str | ShownCorrection]:
    """What staff are called whom requests are about; of a correction, what stood there and what is to stand there."""
    found = [getattr(view.payload, "staff_id", None) for view in views]
    names = identity.staff_names(session, staff_ids={each for each in found if isinstance(each, UUID)})
    changes = [view.payload.correction_id for view in views if isinstance(view.payload, CorrectData)]
    return {**names, **corrections_shown(session, correction_ids=changes)}
