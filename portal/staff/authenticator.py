"""Setting one's own authenticator anew: proofs, the new one to scan, its first code."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from core.db import ReadSession
from portal.pages import speak, text_of
from portal.staff.joining import drawn, issuer
from portal.staff.me import ME
from portal.staff.pages import (
    CheckedForm,
    SignedInStaff,
    SignedInStaffOfHashing,
    StaffReader,
    form_token,
    remember,
    show,
)
from services.identity.errors import StaffCodeWrong, StaffOfferGone
from services.identity.operations import staff
from services.identity.operations.staff import Offer, Refused
from web import metrics
from web.runtime import Runtime, RuntimeDep
from web.session import Hashing, Now, Write

router = APIRouter(include_in_schema=False)

PAGE: Final = f"{ME}/authenticator"

Code = Annotated[str, Form(max_length=64)]


@router.get(PAGE)
def authenticator(request: Request, reader: SignedInStaff) -> Response:
    """What is asked before a new one is shown."""
    return _page(request, reader, None, {})


@router.post(PAGE, dependencies=[CheckedForm])
def offer(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaffOfHashing,
    db: Hashing,
    now: Now,
    password: Annotated[str, Form(max_length=1000)] = "",
    code: Code = "",
) -> Response:
    """Show a new one, which is theirs once its first code is typed."""
    with db.write() as session:
        result = staff.offer(
            session,
            vault=runtime.vault,
            staff_id=reader.staff_id,
            session_id=reader.session_id,
            password=password,
            code=code,
            issuer=issuer(runtime),
            actor=reader.actor,
            now=now,
        )
    if isinstance(result, Offer):
        return _page(request, reader, result, {})
    assert isinstance(result, Refused)  # noqa: S101 -- narrows for the type checker
    metrics.SECURITY.labels("staff_step_up").inc()
    _ = speak(request)
    told = _("Password or code is wrong. A code works once, and after several failures you have to wait.")
    return _page(request, reader, None, {"code": told})


@router.post(f"{PAGE}/first-code", dependencies=[CheckedForm])
def take(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    ticket: Annotated[str, Form(max_length=2000)] = "",
    code: Code = "",
) -> Response:
    """Take the new one in place of the old, and show new recovery codes, once."""
    try:
        result = staff.take_offer(
            write,
            vault=runtime.vault,
            staff_id=reader.staff_id,
            session_id=reader.session_id,
            ticket=ticket,
            code=code,
            actor=reader.actor,
            now=now,
        )
    except StaffOfferGone as refusal:
        return _page(request, reader, None, {"password": text_of(request, refusal)})
    except StaffCodeWrong as refusal:
        shown = _offered(write, runtime, reader, ticket, now=now)
        return _page(request, reader, shown, {"code": text_of(request, refusal)})
    renewed = replace(reader, proved_at=now, form_token=form_token(runtime, result.token))
    answer = show(
        request, "staff/recovery_codes.html", renewed, here=ME, codes=result.recovery_codes, has_new_authenticator=True
    )
    remember(answer, runtime, result.token)
    return answer


def _offered(session: ReadSession, runtime: Runtime, reader: StaffReader, ticket: str, *, now: datetime) -> Offer:
    return staff.offered(
        session,
        vault=runtime.vault,
        staff_id=reader.staff_id,
        session_id=reader.session_id,
        ticket=ticket,
        issuer=issuer(runtime),
        now=now,
    )


def _page(request: Request, reader: StaffReader, offered: Offer | None, wrong: dict[str, str]) -> Response:
    shown: dict[str, Any] = (
        {} if offered is None else {"ticket": offered.ticket, **drawn(offered.otpauth, offered.secret)}
    )
    return show(request, "staff/authenticator.html", reader, here=PAGE, wrong=wrong, is_offered=bool(shown), **shown)
