"""One payment as staff look into it, with what its provider told; and payments whose end nobody knows."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import Response

from core.db import WriteSession
from portal.pages import go, text_of
from portal.staff import files, lists
from portal.staff.once import SentOnce
from portal.staff.pages import (
    CheckedForm,
    FreshCode,
    SignedInStaff,
    SignedInStaffOfPayments,
    StaffReader,
    check,
    requires,
    show,
)
from services.accounts.errors import ReasonNeeded, RevealLimited
from services.accounts.roles import StaffPermission
from services.payments import flows
from services.payments import operations as payments
from services.payments.operations import Shown
from services.payments.queries import finding, placing
from web.problems.common import NotFound
from web.runtime import RuntimeDep
from web.session import Flows, Now, PaymentFlows, Write

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
FIRST: Final = str(UUID(int=0))
"""A position before the oldest."""

PAYMENTS: Final = "/staff/payments"
TOLD: Final = frozenset({"booked", "suspended", "ended", "put_off", "nothing", "soon"})
"""What asking a provider may lead to, as the page's address says it."""

OVER: Final = frozenset({"paid", "suspended", "assigned", "returned"})
"""States of a payment whose money is here: there is nothing to ask."""

Reader = Annotated[StaffReader, requires(StaffPermission.PAYMENTS_VIEW)]
Number = Annotated[str, Path(max_length=32)]
CallbackId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get(PAYMENTS + "/unknown")
def unknown(request: Request, runtime: RuntimeDep, reader: Reader, write: Write, now: Now, after: str = "") -> Response:
    """Payments that asking should have settled long ago, the oldest first."""
    scope = f"staff.unknown|{reader.staff_id}"
    [behind] = runtime.cursors.behind(after, scope=scope, first=[FIRST])
    found = finding.unknown_payments(write, staff_id=reader.staff_id, after=UUID(behind), limit=PAGE + 1, now=now)
    rows, more = runtime.cursors.page(found, PAGE, scope=scope, position=lambda each: [str(each.order_id)])
    return show(
        request,
        "staff/unknown_payments.html",
        reader,
        mine=lists.mine(write, reader, "unknown"),
        rows=rows,
        next=f"{PAYMENTS}/unknown?after={more}" if more else "",
        may_check=reader.may(StaffPermission.PAYMENTS_CHECK),
    )


@router.post(PAYMENTS + "/unknown/export", dependencies=[CheckedForm])
def export(request: Request, runtime: RuntimeDep, db: Flows, now: Now, sent: SentOnce) -> Response:
    """Have the same payments written to a file."""
    may = StaffPermission.PAYMENTS_VIEW
    return files.ask(
        request,
        runtime,
        db,
        of_list="unknown",
        permission=may,
        filters=lambda _session, _reader: {},
        sent=sent,
        now=now,
    )


@router.get(PAYMENTS + "/{payment_no}")
def payment(request: Request, reader: Reader, write: Write, now: Now, payment_no: Number, told: str = "") -> Response:
    """One payment with its attempts and callbacks."""
    return _page(request, write, reader, payment_no, now=now, told=told if told in TOLD else "")


@router.post(PAYMENTS + "/{payment_no}/check", dependencies=[CheckedForm])
def ask_provider(
    runtime: RuntimeDep, reader: SignedInStaffOfPayments, db: PaymentFlows, now: Now, payment_no: Number
) -> Response:
    """Ask the provider now."""
    check(reader, StaffPermission.PAYMENTS_CHECK)
    applied = flows.look_into(
        db, vault=runtime.vault, payment_no=payment_no, staff_id=reader.staff_id, actor=reader.actor, now=now
    )
    told = "soon" if applied is None else applied.effect.value
    return go(f"{PAYMENTS}/{payment_no}?told={told}")


@router.post(PAYMENTS + "/{payment_no}/callbacks/{callback_id}/reveal", dependencies=[CheckedForm, FreshCode])
def reveal(
    request: Request,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    payment_no: Number,
    callback_id: CallbackId,
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Show what the provider wrote, in this answer alone."""
    check(reader, StaffPermission.PAYMENTS_REVEAL)
    try:
        shown = payments.reveal_callback(
            write,
            payment_no=payment_no,
            callback_id=callback_id,
            reason=reason,
            staff_id=reader.staff_id,
            actor=reader.actor,
            now=now,
        )
    except (ReasonNeeded, RevealLimited) as refusal:
        wrong = {f"reason{callback_id}": text_of(request, refusal)}
        return _page(request, write, reader, payment_no, now=now, wrong=wrong, reason=reason)
    if shown is None:
        raise NotFound
    return _page(request, write, reader, payment_no, now=now, shown=shown)


def _page(
    request: Request,
    session: WriteSession,
    reader: StaffReader,
    payment_no: str,
    *,
    now: datetime,
    told: str = "",
    wrong: dict[str, str] | None = None,
    reason: str = "",
    shown: Shown | None = None,
) -> Response:
    found = finding.payment(
        session, payment_no=payment_no, staff_id=reader.staff_id, permission=StaffPermission.PAYMENTS_VIEW, now=now
    )
    if found is None:
        raise NotFound
    [paid] = placing.with_suspense(session, payments=[found.payment], staff_id=reader.staff_id, now=now)
    return show(
        request,
        "staff/payment.html",
        reader,
        here=f"{PAYMENTS}/{payment_no}",
        found=found,
        payment=paid,
        told=told,
        may_check=reader.may(StaffPermission.PAYMENTS_CHECK) and found.payment.state not in OVER,
        may_reveal=reader.may(StaffPermission.PAYMENTS_REVEAL) and not found.payment.is_part,
        wrong=wrong or {},
        reason=reason,
        shown=shown,
    )
