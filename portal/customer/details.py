"""What the owner of an account tells of it: seen, corrected, taken back."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from core.db import WriteSession
from core.periods import business_date
from portal import details
from portal.customer import shelf
from portal.details import DetailsForm
from portal.pages import CheckedForm, Reader, SignedIn, go, show
from services.accounts import operations
from services.accounts.errors import DetailsChanged, EmailWrong, HouseholdWrong
from services.accounts.queries import quality
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

CONFLICT = 409


@router.get("/accounts/{account_no}/details")
def details_page(
    request: Request, reader: SignedIn, write: Write, now: Now, account_no: str, done: str = ""
) -> Response:
    """What is known, and the form that corrects it."""
    return _page(request, reader, write, now, account_no, None, {}, is_kept=done == "1")


@router.post("/accounts/{account_no}/details", dependencies=[CheckedForm])
def tell(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    now: Now,
    account_no: str,
    typed: Annotated[DetailsForm, Depends(details.details_form)],
) -> Response:
    """Keep what is told, as of now."""
    account = shelf.owned(write, reader, account_no, now)
    try:
        operations.tell_details(
            write,
            vault=runtime.vault,
            account_id=account.id,
            told=typed.told(),
            by="customer",
            actor=reader.actor,
            today=business_date(now, runtime.settings.zone),
            now=now,
            seen=typed.version,
        )
    except DetailsChanged:
        return _page(request, reader, write, now, account_no, typed, {}, is_stale=True)
    except (EmailWrong, HouseholdWrong) as refusal:
        return _page(request, reader, write, now, account_no, typed, details.field_of(request, refusal))
    return go(f"/accounts/{account_no}/details?done=1")


def _page(
    request: Request,
    reader: Reader,
    write: WriteSession,
    now: datetime,
    account_no: str,
    typed: DetailsForm | None,
    wrong: dict[str, str],
    *,
    is_kept: bool = False,
    is_stale: bool = False,
) -> Response:
    account = shelf.owned(write, reader, account_no, now)
    known = quality.details(write, account_id=account.id)
    return show(
        request,
        "customer/details.html",
        reader,
        status=CONFLICT if is_stale else None,
        unread=shelf.of_reader(request, write, reader, now=now, wanted=account_no).unread,
        account_no=account.account_no,
        known=known,
        values=typed or details.form_of(known),
        is_now=details.form_of(known) if is_stale else None,
        version=known.version if is_stale or typed is None else typed.version,
        wrong=wrong,
        is_kept=is_kept,
    )
