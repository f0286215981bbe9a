"""A customer's pages as staff see them: the same views, for one account, within a look that was begun for a reason.

Nothing can be done here, three times over: no route below `/staff/as` takes a form but the one that ends the look; what
a page is read in is a transaction that PostgreSQL itself keeps from writing; and no cookie or session of the customer's
is ever made, so that the forms of the portal do not know the browser.
"""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from core.db import WriteSession
from portal.customer import accounts, bills, inbox, payments, tariff, usage
from portal.pages import Reader, go
from portal.staff.pages import CheckedForm, LookOver, SignedInStaff, StaffReader, requires
from portal.templating import Onlooker
from services.accounts import operations as looks
from services.accounts.queries import finding
from services.accounts.roles import StaffPermission
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

LOOK: Final = "/staff/as/{account_no}"


@dataclass(frozen=True)
class Seen:
    """The person as whom somebody of the staff looks, and a transaction in which nothing can be written."""

    reader: Reader
    session: WriteSession


def _seen(
    staff: Annotated[StaffReader, requires(StaffPermission.ACCOUNTS_VIEW_AS)], write: Write, now: Now, account_no: str
) -> Seen:
    look = finding.open_look(
        write, account_no=account_no, staff_id=staff.staff_id, session_id=staff.session_id, now=now
    )
    if look is None:
        raise LookOver(account_no)
    write.sql("set transaction read only")
    onlooker = Onlooker(LOOK.format(account_no=account_no), account_no, look.person, look.until, staff.form_token)
    reader = Reader(
        user_id=look.user_id,
        session_id=staff.session_id,
        form_token="",
        locale=staff.locale,
        actor=staff.actor,
        onlooker=onlooker,
        account_id=look.account_id,
    )
    return Seen(reader, write)


SeenAs = Annotated[Seen, Depends(_seen)]


@router.get(LOOK)
def home(request: Request, runtime: RuntimeDep, seen: SeenAs, now: Now) -> Response:
    """Their home."""
    return accounts.home(request, runtime, seen.reader, seen.session, now)


@router.get(LOOK + "/bills")
def all_bills(request: Request, runtime: RuntimeDep, seen: SeenAs, now: Now, after: str = "") -> Response:
    """Their bills of this account."""
    return bills.bills(request, runtime, seen.reader, seen.session, now, after)


@router.get(LOOK + "/bills/{bill_account_no}/{bill_no}")
def bill(request: Request, runtime: RuntimeDep, seen: SeenAs, now: Now, bill_account_no: str, bill_no: str) -> Response:
    """One of them."""
    return bills.bill(request, runtime, seen.reader, seen.session, now, bill_account_no, bill_no)


@router.get(LOOK + "/payments/{payment_no}")
def payment(request: Request, runtime: RuntimeDep, seen: SeenAs, now: Now, payment_no: str) -> Response:
    """A payment of theirs for this account alone."""
    return payments.payment_page(request, runtime, seen.reader, seen.session, now, payment_no)


@router.get(LOOK + "/payments/{payment_no}/receipt")
def receipt(request: Request, seen: SeenAs, now: Now, payment_no: str) -> Response:
    """Its receipt."""
    return payments.receipt(request, seen.reader, seen.session, now, payment_no)


@router.get(LOOK + "/usage")
def used(
    request: Request,
    runtime: RuntimeDep,
    seen: SeenAs,
    now: Now,
    of: usage.Short = "",
    at: usage.Short = "",
    beside: usage.Beside = "",
) -> Response:
    """What was used, by day, month or year; without single readings and files to take home."""
    return usage.usage(request, runtime, seen.reader, seen.session, now, of, at, beside)


@router.get(LOOK + "/tariff")
def their_tariff(request: Request, runtime: RuntimeDep, seen: SeenAs, now: Now) -> Response:
    """Their tariff."""
    return tariff.tariff(request, runtime, seen.reader, seen.session, now)


@router.get(LOOK + "/inbox")
def messages(request: Request, runtime: RuntimeDep, seen: SeenAs, after: str = "") -> Response:
    """Their messages about this account alone."""
    return inbox.messages(request, runtime, seen.reader, seen.session, after)


@router.get(LOOK + "/inbox/{message_id}")
def message(request: Request, seen: SeenAs, message_id: UUID) -> Response:
    """One of them, which stays unread."""
    return inbox.message(request, seen.reader, seen.session, message_id)


@router.post(LOOK + "/end", dependencies=[CheckedForm])
def end(reader: SignedInStaff, write: Write, now: Now, account_no: str) -> Response:
    """End the look of this browser."""
    looks.end_look(write, session_id=reader.session_id, actor=reader.actor, now=now)
    return go(f"/staff/accounts/{account_no}")
