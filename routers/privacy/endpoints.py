"""What you allow us to do with your data, your own copy of it, and its erasure."""

from datetime import datetime

from fastapi import APIRouter

from core.db import Database
from routers.identity.schemas import CodeSent
from routers.privacy.schemas import (
    Consent,
    ConsentGiven,
    ConsentList,
    DataExport,
    Erasure,
    OwnCodeRequest,
    PersonDocument,
    ProvedByCode,
)
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
from web.caller import Caller, CustomerOfCodeFlow, CustomerOfFlow, LivingCustomer
from web.locale import Locale
from web.problems import problems
from web.runtime import Runtime, RuntimeDep
from web.session import CodeFlows, Flows, Now, Write
from web.sign_in import code_policy

router = APIRouter(prefix="/api/v1/me", tags=["privacy"])


@router.get("/consents", responses=problems(), operation_id="list_consents")
def list_consents(caller: LivingCustomer, locale: Locale, write: Write) -> ConsentList:
    """Every purpose that needs your consent, its text in your language, and how you stand to it."""
    return ConsentList(items=[Consent.of(each, locale) for each in queries.consents(write, user_id=caller.user_id)])


@router.put("/consents/{purpose}", responses=problems(ConsentTextChanged), operation_id="give_consent")
def give_consent(
    caller: LivingCustomer, purpose: ConsentPurpose, body: ConsentGiven, locale: Locale, write: Write, now: Now
) -> Consent:
    """Agree to a purpose. Repeated, it changes nothing."""
    given = operations.give_consent(
        write,
        user_id=caller.user_id,
        purpose=purpose,
        text_version=body.text_version,
        edge=Edge.API,
        actor=caller.actor,
        now=now,
    )
    return Consent.of(given, locale)


@router.delete("/consents/{purpose}", responses=problems(), operation_id="withdraw_consent")
def withdraw_consent(
    caller: LivingCustomer, purpose: ConsentPurpose, locale: Locale, write: Write, now: Now
) -> Consent:
    """Take a consent back, at once and without a reason. Without one it changes nothing."""
    taken = operations.withdraw_consent(
        write, user_id=caller.user_id, purpose=purpose, edge=Edge.API, actor=caller.actor, now=now
    )
    return Consent.of(taken, locale)


@router.get("/data-export", responses=problems(), operation_id="show_data_export")
def show_data_export(caller: LivingCustomer, write: Write, now: Now) -> DataExport:
    """How far the copy of your data is."""
    return DataExport.of(queries.data_export(write, user_id=caller.user_id, now=now))


@router.put("/data-export", status_code=202, responses=problems(), operation_id="ask_data_export")
def ask_data_export(caller: LivingCustomer, write: Write, now: Now) -> DataExport:
    """Have a copy of all that is kept of you made. Repeated, it changes nothing until you have taken it."""
    return DataExport.of(operations.ask_export(write, user_id=caller.user_id, actor=caller.actor, now=now))


@router.post(
    "/data-export/code",
    status_code=202,
    responses=problems(SignInLimited, CodesExhausted),
    operation_id="request_data_export_code",
)
def request_export_code(
    caller: CustomerOfCodeFlow, body: OwnCodeRequest, db: CodeFlows, runtime: RuntimeDep, locale: Locale, now: Now
) -> CodeSent:
    """Send a code to your own telephone, to take the copy of your data with.

    Like the one for signing in it takes no Idempotency-Key: a second code voids the first.
    """
    return _send_code(caller, body, db, runtime, locale, Purpose.EXPORT, now)


@router.post(
    "/data-export/download",
    responses=problems(ExportNotReady, CodeWrong, CodeIsBurnt),
    operation_id="take_data_export",
)
def take_data_export(
    caller: CustomerOfFlow, body: ProvedByCode, db: Flows, runtime: RuntimeDep, now: Now
) -> PersonDocument:
    """Take the copy, once, with the code that came to your telephone: no signed-in device has it without one.

    It takes no Idempotency-Key: when the answer is lost, ask for another copy. A message tells you that it was taken.
    """
    document = flows.take_export(
        db,
        vault=runtime.vault,
        user_id=caller.user_id,
        device=body.device_id,
        code=body.code,
        actor=caller.actor,
        now=now,
    )
    return PersonDocument.model_validate(document)


@router.get("/erasure", responses=problems(), operation_id="show_erasure")
def show_erasure(caller: LivingCustomer, write: Write) -> Erasure:
    """Whether you are going to be erased, and when."""
    return Erasure.of(queries.erasure(write, user_id=caller.user_id))


@router.post(
    "/erasure/code",
    status_code=202,
    responses=problems(SignInLimited, CodesExhausted),
    operation_id="request_erasure_code",
)
def request_erasure_code(
    caller: CustomerOfCodeFlow, body: OwnCodeRequest, db: CodeFlows, runtime: RuntimeDep, locale: Locale, now: Now
) -> CodeSent:
    """Send a code to your own telephone, to confirm that you want to be erased.

    Like the one for signing in it takes no Idempotency-Key: a second code voids the first.
    """
    return _send_code(caller, body, db, runtime, locale, Purpose.ERASE, now)


@router.put("/erasure", status_code=202, responses=problems(CodeWrong, CodeIsBurnt), operation_id="ask_erasure")
def ask_erasure(caller: CustomerOfFlow, body: ProvedByCode, db: Flows, runtime: RuntimeDep, now: Now) -> Erasure:
    """Be erased a week from now, for good. What the books need stays, under an id that leads to nobody."""
    asked = flows.ask_erasure(
        db,
        vault=runtime.vault,
        user_id=caller.user_id,
        device=body.device_id,
        code=body.code,
        actor=caller.actor,
        now=now,
    )
    return Erasure.of(asked)


@router.delete("/erasure", status_code=204, responses=problems(), operation_id="withdraw_erasure")
def withdraw_erasure(caller: LivingCustomer, write: Write) -> None:
    """Take it back, as long as it is not done. Without a wish it changes nothing."""
    operations.withdraw_erasure(write, user_id=caller.user_id, actor=caller.actor)


def _send_code(
    caller: Caller, body: OwnCodeRequest, db: Database, runtime: Runtime, locale: str, purpose: Purpose, now: datetime
) -> CodeSent:
    requested = flows.request_own_code(
        db,
        vault=runtime.vault,
        policy=code_policy(runtime.settings),
        user_id=caller.user_id,
        device=body.device_id,
        address=caller.address,
        locale=locale,
        purpose=purpose,
        now=now,
    )
    return CodeSent(expires_in_s=requested.expires_in_s, digits=requested.digits)
