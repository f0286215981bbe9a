"""What I allow, and my rights over my data."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, Response

from core.db import Database
from portal.pages import CheckedForm, Reader, ReaderOfCodeFlow, ReaderOfFlow, SignedIn, go, show, text_of
from services.identity import flows, operations, queries
from services.identity.errors import (
    CodeIsBurnt,
    CodesExhausted,
    CodeWrong,
    ConsentTextChanged,
    ExportNotReady,
    SignInLimited,
)
from services.identity.ports import ConsentPurpose, Edge, Purpose
from web.caller import address_of
from web.consents import TEXTS
from web.runtime import Runtime, RuntimeDep
from web.session import CodeFlows, Flows, Now, Write
from web.sign_in import code_policy

router = APIRouter(include_in_schema=False)

PAGE = "/me/consents"
DATA = "/me/data"


@router.get(PAGE)
def consents(request: Request, reader: SignedIn, write: Write) -> Response:
    """Each purpose with its text, and a button that gives the consent or takes it back."""
    rows = [
        {
            "purpose": each.purpose.value,
            "title": TEXTS[each.purpose, each.text_version].title(reader.locale),
            "text": TEXTS[each.purpose, each.text_version].text(reader.locale),
            "text_version": each.text_version,
            "is_given": each.is_given,
            "decided_at": each.decided_at,
        }
        for each in queries.consents(write, user_id=reader.user_id)
    ]
    return show(request, "customer/consents.html", reader, rows=rows)


@router.post("/me/consents/{purpose}/give", dependencies=[CheckedForm])
def give(
    reader: SignedIn,
    write: Write,
    now: Now,
    purpose: ConsentPurpose,
    text_version: Annotated[int, Form(ge=1, le=32_767)] = 1,
) -> Response:
    """Agree; when the text has changed under the reader's eyes, the page shows the new one and nothing is agreed."""
    try:
        operations.give_consent(
            write,
            user_id=reader.user_id,
            purpose=purpose,
            text_version=text_version,
            edge=Edge.PORTAL,
            actor=reader.actor,
            now=now,
        )
    except ConsentTextChanged:
        return go(PAGE)
    return go(PAGE)


@router.post("/me/consents/{purpose}/withdraw", dependencies=[CheckedForm])
def withdraw(reader: SignedIn, write: Write, now: Now, purpose: ConsentPurpose) -> Response:
    """Take it back."""
    operations.withdraw_consent(
        write, user_id=reader.user_id, purpose=purpose, edge=Edge.PORTAL, actor=reader.actor, now=now
    )
    return go(PAGE)


@router.get(DATA)
def data(request: Request, reader: SignedIn, write: Write, now: Now) -> Response:
    """My copy of what is kept of me, and my wish to be erased."""
    copy = queries.data_export(write, user_id=reader.user_id, now=now)
    wish = queries.erasure(write, user_id=reader.user_id)
    return show(request, "customer/data.html", reader, copy=copy, wish=wish, wrong={})


@router.post("/me/data/copy", dependencies=[CheckedForm])
def ask_copy(reader: SignedIn, write: Write, now: Now) -> Response:
    """Have it made."""
    operations.ask_export(write, user_id=reader.user_id, actor=reader.actor, now=now)
    return go(DATA)


@router.post("/me/data/copy/code", dependencies=[CheckedForm])
def send_copy_code(
    request: Request, reader: ReaderOfCodeFlow, runtime: RuntimeDep, db: CodeFlows, now: Now
) -> Response:
    """Send a code to my telephone and ask for it."""
    return _send_code(request, reader, runtime, db, now, Purpose.EXPORT)


@router.post("/me/data/copy/download", dependencies=[CheckedForm])
def take_copy(
    request: Request,
    reader: ReaderOfFlow,
    runtime: RuntimeDep,
    db: Flows,
    now: Now,
    code: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """With the code: the copy, once, as a file; without a copy, the page says how it stands."""
    try:
        document = flows.take_export(
            db,
            vault=runtime.vault,
            user_id=reader.user_id,
            device=_device(reader),
            code=code,
            actor=reader.actor,
            now=now,
        )
    except ExportNotReady:
        return go(DATA)
    except (CodeWrong, CodeIsBurnt) as refusal:
        return _code_page(request, reader, Purpose.EXPORT, {"code": text_of(request, refusal)})
    return JSONResponse(document, headers={"content-disposition": 'attachment; filename="my-data.json"'})


@router.post("/me/data/erase", dependencies=[CheckedForm])
def send_erasure_code(
    request: Request, reader: ReaderOfCodeFlow, runtime: RuntimeDep, db: CodeFlows, now: Now
) -> Response:
    """Send a code to my telephone and ask for it."""
    return _send_code(request, reader, runtime, db, now, Purpose.ERASE)


@router.post("/me/data/erase/code", dependencies=[CheckedForm])
def confirm_erasure(
    request: Request,
    reader: ReaderOfFlow,
    runtime: RuntimeDep,
    db: Flows,
    now: Now,
    code: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """With the code: to be erased in a week."""
    try:
        flows.ask_erasure(
            db,
            vault=runtime.vault,
            user_id=reader.user_id,
            device=_device(reader),
            code=code,
            actor=reader.actor,
            now=now,
        )
    except (CodeWrong, CodeIsBurnt) as refusal:
        return _code_page(request, reader, Purpose.ERASE, {"code": text_of(request, refusal)})
    return go(DATA)


@router.post("/me/data/erase/withdraw", dependencies=[CheckedForm])
def withdraw_erasure(reader: SignedIn, write: Write) -> Response:
    """Take it back."""
    operations.withdraw_erasure(write, user_id=reader.user_id, actor=reader.actor)
    return go(DATA)


def _device(reader: Reader) -> str:
    """What binds a code to this browser: it is good in the session that asked for it alone."""
    return f"session:{reader.session_id}"


def _send_code(
    request: Request, reader: Reader, runtime: Runtime, db: Database, now: datetime, purpose: Purpose
) -> Response:
    try:
        requested = flows.request_own_code(
            db,
            vault=runtime.vault,
            policy=code_policy(runtime.settings),
            user_id=reader.user_id,
            device=_device(reader),
            address=address_of(request),
            locale=reader.locale,
            purpose=purpose,
            now=now,
        )
    except (SignInLimited, CodesExhausted) as refusal:
        return _code_page(request, reader, purpose, {"code": text_of(request, refusal)})
    return _code_page(request, reader, purpose, {}, phone=requested.phone_masked)


def _code_page(
    request: Request, reader: Reader, purpose: Purpose, wrong: dict[str, str], *, phone: str = ""
) -> Response:
    return show(
        request,
        "customer/own_code.html",
        reader,
        wrong=wrong,
        phone_masked=phone,
        purpose=purpose.value,
    )
