"""Readings that customers take from their meters themselves."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from core.db import WriteSession
from core.idempotency import InFlight, KeyReused
from core.pagination import MAX_CURSOR, BadCursor
from core.periods import business_date
from routers.metering.schemas import RegisterToRead, TellReading, ToldReading, ToldReadings
from services.accounts.errors import NotPayer, TotalsOnly
from services.metering import operations, queries
from services.metering.errors import (
    NoMeterToRead,
    NotYourReading,
    OwnReadingUnknown,
    PhotoTooLarge,
    PhotoTooLate,
    PhotoUnknown,
    PhotoUnreadable,
    ReadingsLimited,
    ReadingToldAlready,
    ReadingTooLong,
    RegisterUnknown,
)
from services.metering.photos import MEDIA_TYPES
from services.metering.queries.own import LATEST
from web.access import PayableAccount, PayableAccountOfPictures, WhollySeenAccount
from web.caller import Caller, CustomerOfPictures, LivingCustomer
from web.idempotency import KeyedRequest, once
from web.models import Limit
from web.problems import problems
from web.problems.common import KeyMissing
from web.readings import picture_answer, picture_sent, teller_of
from web.runtime import RuntimeDep
from web.session import Now, Pictures, Write

router = APIRouter(prefix="/api/v1/accounts/{account_no}/meter-readings", tags=["meter readings"])

ReadingId = Annotated[UUID, Path()]
_IMAGE: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}, "example": "(the picture's bytes)"}
_PHOTO: Final[dict[str, Any]] = {"requestBody": {"required": True, "content": dict.fromkeys(MEDIA_TYPES, _IMAGE)}}


async def _sent(request: Request) -> bytes:
    return await request.body()


@router.get("", responses=problems(BadCursor, TotalsOnly), operation_id="list_meter_readings")
def list_meter_readings(
    sight: WhollySeenAccount,
    caller: LivingCustomer,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR)] = None,
    limit: Annotated[Limit, Query()] = 24,
) -> ToldReadings:
    """What people read from an account's meters themselves, the latest first, and which registers they may read."""
    account_id, zone = sight.account.id, runtime.settings.zone
    scope = f"meter-readings|{caller.user_id}|{account_id}"
    before = LATEST if cursor is None else UUID(str(runtime.cursors.open(cursor, scope=scope)[0]))
    found = queries.own_readings(write, account_id=account_id, before=before, limit=limit + 1)
    shown, more = runtime.cursors.page(found, limit, scope=scope, position=lambda each: [str(each.id)])
    registers = queries.readable_registers(write, account_id=account_id, today=business_date(now, zone), zone=zone)
    return ToldReadings(
        registers=[RegisterToRead.of(each) for each in registers],
        items=[ToldReading.of(each, user_id=caller.user_id) for each in shown],
        next=more or None,
    )


@router.post(
    "",
    status_code=201,
    response_model=ToldReading,
    responses=problems(
        NotPayer,
        NoMeterToRead,
        RegisterUnknown,
        ReadingTooLong,
        ReadingToldAlready,
        ReadingsLimited,
        KeyMissing,
        KeyReused,
        InFlight,
    ),
    operation_id="tell_meter_reading",
)
def tell_meter_reading(
    account: PayableAccount,
    caller: LivingCustomer,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
    request: KeyedRequest,
    body: TellReading,
) -> Response:
    """Tell what a register shows now: one reading a day, which you may tell anew on the same day.

    It counts at once, or waits for staff when it does not go on from the last one as usual: see `state`.
    """

    def work() -> ToldReading:
        teller = teller_of(runtime.settings, user_id=caller.user_id, actor=caller.actor, now=now)
        told_id = operations.tell_reading(write, account_id=account.id, told=body.told(), teller=teller)
        return _told(write, account.id, told_id, caller)

    return once(write, request, work)


@router.put(
    "/{reading_id}/photo",
    responses=problems(
        NotPayer,
        OwnReadingUnknown,
        NotYourReading,
        PhotoTooLate,
        PhotoUnreadable,
        PhotoTooLarge,
        ReadingsLimited,
    ),
    operation_id="put_meter_photo",
    openapi_extra=_PHOTO,
)
def put_meter_photo(
    account: PayableAccountOfPictures,
    caller: CustomerOfPictures,
    runtime: RuntimeDep,
    db: Pictures,
    now: Now,
    reading_id: ReadingId,
    sent: Annotated[bytes, Depends(_sent)],
) -> ToldReading:
    """Send the picture that shows a reading you told today: a JPEG, PNG or WebP as the body.

    It is made anew from its pixels: place, time and device that the file names are not kept.
    """
    picture = picture_sent(runtime.settings, sent)
    teller = teller_of(runtime.settings, user_id=caller.user_id, actor=caller.actor, now=now)
    with db.write() as session:
        operations.attach_photo(
            session, vault=runtime.vault, account_id=account.id, told_id=reading_id, picture=picture, teller=teller
        )
        return _told(session, account.id, reading_id, caller)


@router.get(
    "/{reading_id}/photo",
    response_class=Response,
    responses={
        200: {"description": "The picture.", "content": {"image/jpeg": _IMAGE}},
        **problems(NotPayer, TotalsOnly, PhotoUnknown),
    },
    operation_id="show_meter_photo",
)
def show_meter_photo(
    sight: WhollySeenAccount, _payer: PayableAccount, runtime: RuntimeDep, write: Write, reading_id: ReadingId
) -> Response:
    """The picture of a reading, as long as it is kept; for payers, since it shows the whole number of the meter."""
    found = queries.own_photo(write, vault=runtime.vault, account_id=sight.account.id, reading_id=reading_id)
    if found is None:
        raise PhotoUnknown
    return picture_answer(found)


def _told(session: WriteSession, account_id: int, told_id: UUID, caller: Caller) -> ToldReading:
    found = queries.own_reading(session, account_id=account_id, reading_id=told_id)
    if found is None:
        raise OwnReadingUnknown
    return ToldReading.of(found, user_id=caller.user_id)
