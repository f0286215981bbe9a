"""Taking an invitation up: choose a password, add the authenticator, and write the recovery codes down."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import Response
from markupsafe import Markup

from core.db import Database
from portal.pages import text_of
from portal.staff.pages import HOME, VisitorForm, arrive, names_of, previous_token, show
from services.identity import queries
from services.identity.errors import (
    InvitationGone,
    PasswordCommon,
    PasswordHoldsName,
    PasswordTooLong,
    PasswordTooShort,
    StaffCodeWrong,
    StaffPasswordWrong,
)
from services.identity.operations import staff
from services.identity.operations.staff import Accepted
from services.identity.queries import Invitation
from web import metrics, qr
from web.caller import address_of
from web.runtime import Runtime, RuntimeDep
from web.session import Hashing, Now, Write

router = APIRouter(include_in_schema=False)

GROUP: Final = 4
"""Characters of the secret that are shown together, for whoever types it."""

Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$")]


@router.get("/staff/invitations/{token}")
def invitation_page(request: Request, runtime: RuntimeDep, write: Write, now: Now, token: Token) -> Response:
    """What is to be set. Looking uses nothing up."""
    found = queries.invitation(write, vault=runtime.vault, token=token, issuer=issuer(runtime), now=now)
    if found is None:
        raise InvitationGone
    return _page(request, found, {})


@router.post("/staff/invitations/{token}", dependencies=[VisitorForm])
def take_up(
    request: Request,
    runtime: RuntimeDep,
    db: Hashing,
    now: Now,
    token: Token,
    password: Annotated[str, Form(max_length=1000)] = "",
    code: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Set it, sign in, and show the recovery codes, once."""
    with db.write() as session:
        found = queries.invitation(session, vault=runtime.vault, token=token, issuer=issuer(runtime), now=now)
    if found is None:
        raise InvitationGone
    result = _take_up(request, runtime, db, found, token=token, password=password, code=code, now=now)
    if not isinstance(result, Accepted):
        return _page(request, found, result)
    answer = show(
        request,
        "staff/joined.html",
        None,
        here=HOME,
        codes=result.recovery_codes,
        name=found.display_name,
        purpose=found.purpose,
    )
    arrive(answer, runtime, result.signed_in.token)
    return answer


def _take_up(
    request: Request,
    runtime: Runtime,
    db: Database,
    found: Invitation,
    *,
    token: str,
    password: str,
    code: str,
    now: datetime,
) -> Accepted | dict[str, str]:
    """What was set, or what is wrong at which field."""
    try:
        with db.write() as session:
            result = staff.accept(
                session,
                vault=runtime.vault,
                token=token,
                password=password,
                code=code,
                names=names_of(runtime),
                user_agent=request.headers.get("user-agent", ""),
                address=address_of(request),
                previous_token=previous_token(request, runtime),
                now=now,
            )
    except (PasswordTooShort, PasswordTooLong, PasswordCommon, PasswordHoldsName) as refusal:
        return {"password": text_of(request, refusal)}
    except StaffCodeWrong as refusal:
        return {"code": text_of(request, refusal)}
    if isinstance(result, Accepted):
        return result
    metrics.SECURITY.labels("staff_sign_in").inc()
    if found.purpose == "second_factor":
        return {"password": text_of(request, StaffPasswordWrong())}
    return {"code": text_of(request, StaffCodeWrong())}


def _page(request: Request, found: Invitation, wrong: dict[str, str]) -> Response:
    return show(
        request,
        "staff/invitation.html",
        None,
        wrong=wrong,
        invitation=found,
        **drawn(found.otpauth, found.secret),
    )


def drawn(otpauth: str, secret: str) -> dict[str, Any]:
    """An authenticator that is offered: a picture to scan, and a text to type."""
    return {
        "qr": Markup(qr.svg(otpauth)),  # noqa: S704 -- drawn by ourselves
        "secret": " ".join(secret[at : at + GROUP] for at in range(0, len(secret), GROUP)),
    }


def issuer(runtime: Runtime) -> str:
    """Under which name an authenticator shows its codes."""
    return runtime.settings.supplier_name_en or runtime.settings.supplier_name
