"""What customers read from their meters: the form with the last reading beside it, and what became of readings."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import Response

from core.config import Settings
from core.db import Database, ReadSession, WriteSession
from core.periods import business_date
from portal.customer import shelf
from portal.customer.shelf import AccountChoice, Shelf
from portal.pages import CheckedForm, Reader, SignedIn, go, resolved, show, speak, text_of
from services.accounts import queries as accounts
from services.accounts.errors import NotPayer, TotalsOnly
from services.accounts.queries import Permission
from services.metering import operations, queries
from services.metering.errors import (
    NoMeterToRead,
    PhotoTooLarge,
    PhotoTooLate,
    PhotoUnknown,
    PhotoUnreadable,
    ReadingsLimited,
    ReadingToldAlready,
    ReadingTooLong,
    RegisterUnknown,
)
from services.metering.operations import Told
from services.metering.photos import Picture
from services.metering.queries import ReadableRegister
from services.metering.queries.own import LATEST
from web.problems import RETRY_AFTER
from web.problems.common import Busy, NotFound
from web.readings import picture_answer, picture_sent, teller_of
from web.runtime import Runtime, RuntimeDep
from web.session import OPERATIONS, PICTURES, Now, Write

router = APIRouter(include_in_schema=False)

PAGE: Final = 12
VALUE: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


@dataclass(frozen=True)
class TypedReading:
    """What was typed, to be shown again. `register` names the meter too: an account may have several."""

    register: str = ""
    reading: str = ""


@dataclass(frozen=True)
class ShownRegister:
    """A register to choose, by the `key` under which the form sends it."""

    key: str
    register: ReadableRegister


Photo = Annotated[UploadFile | None, File()]


@dataclass(frozen=True)
class Room:
    """The database for a form that may bring a picture, or with the `refusal` to unfold one for showing it again."""

    db: Database
    refusal: Busy | None = None


async def _room(runtime: RuntimeDep, photo: Photo = None) -> AsyncIterator[Room]:
    """A place for pictures for a form with one; where none becomes free in time, and for others, one of operations."""
    room = Room(runtime.db)
    async with AsyncExitStack() as held:
        try:
            await held.enter_async_context((PICTURES if _has_come(photo) else OPERATIONS).place())
        except Busy as refusal:
            if not _has_come(photo):
                raise
            room = Room(runtime.db, refusal)
        if room.refusal is not None:
            await held.enter_async_context(OPERATIONS.place())
        yield room


RoomDep = Annotated[Room, Depends(_room, scope="function")]


@router.get("/meter-readings")
def readings(
    request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, after: str = "", told: str = ""
) -> Response:
    """The form of the chosen account's meter, and what was told before, the latest first."""
    mine = shelf.of_reader(request, write, reader, now=now)
    if mine.account is None:
        return go("/accounts/link")
    return _page(request, runtime, reader, write, now, mine, mine.account, after=after, has_told=told == "1")


@router.post("/meter-readings", dependencies=[CheckedForm])
def tell(
    request: Request,
    runtime: RuntimeDep,
    room: RoomDep,
    now: Now,
    account: Annotated[str, Form(max_length=32, pattern="^[0-9A-Za-z-]*$")] = "",
    register_key: Annotated[str, Form(max_length=64)] = "",
    reading: Annotated[str, Form(max_length=64)] = "",
    photo: Photo = None,
) -> Response:
    """Tell a reading with its picture, or show again what was typed: nothing is kept of a form with a wrong picture.

    Nor of one whose picture finds no place to be unfolded in.
    """
    db = room.db
    with db.write() as session:
        reader = resolved(request, runtime, session, now)
        _payable(request, session, reader, now, account)
    typed = TypedReading(register_key, reading.strip())
    wrong: dict[str, str] = {}
    picture: Picture | None = None
    if not VALUE.fullmatch(typed.reading):
        _ = speak(request)
        wrong["reading"] = _("Type the digits that the meter shows, like 10483 or 10483.2.")
    try:
        if room.refusal is not None:
            raise room.refusal
        picture = _picture(photo, runtime.settings)
    except (Busy, PhotoTooLarge, PhotoUnreadable) as refusal:
        wrong["photo"] = text_of(request, refusal)
    with db.write() as session:
        mine, chosen = _payable(request, session, reader, now, account)
        if not wrong:
            wrong = _told(request, runtime, reader, session, now, chosen, typed, picture)
        if wrong:
            shown = _page(request, runtime, reader, session, now, mine, chosen, typed=typed, wrong=wrong)
            return shown if room.refusal is None else _later(shown, room.refusal)
    answer = go("/meter-readings?told=1")
    shelf.remember(answer, runtime.settings, chosen.account_no)
    return answer


@router.get("/meter-readings/{account_no}/{reading_id}/photo")
def photo_of(
    runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, account_no: str, reading_id: UUID
) -> Response:
    """The picture of a reading, as long as it is kept; for payers, since it shows the whole number of the meter."""
    sight = accounts.sight(write, user_id=reader.user_id, account_no=account_no, now=now)
    if sight is None:
        raise NotFound
    if not sight.sees_all:
        raise TotalsOnly
    can_pay = accounts.resolve_access(
        write, user_id=reader.user_id, account_no=account_no, permission=Permission.PAY, now=now
    )
    if can_pay is None:
        raise NotPayer
    found = queries.own_photo(write, vault=runtime.vault, account_id=sight.account.id, reading_id=reading_id)
    if found is None:
        raise PhotoUnknown
    return picture_answer(found)


def _payable(
    request: Request, session: ReadSession, reader: Reader, now: datetime, account_no: str
) -> tuple[Shelf, AccountChoice]:
    mine = shelf.of_reader(request, session, reader, now=now, wanted=account_no)
    if mine.account is None:
        raise NotFound
    if not mine.account.sees_lines:
        raise TotalsOnly
    if not mine.account.may_pay:
        raise NotPayer
    return mine, mine.account


def _has_come(sent: UploadFile | None) -> bool:
    """Whether a picture was chosen: a browser sends an empty one for none."""
    return sent is not None and bool(sent.size)


def _later(shown: Response, refusal: Busy) -> Response:
    shown.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    shown.headers[RETRY_AFTER] = str(refusal.facts["retry_after_s"])
    return shown


def _picture(sent: UploadFile | None, settings: Settings) -> Picture | None:
    if sent is None or not _has_come(sent):
        return None
    return picture_sent(settings, sent.file.read(settings.readings_photo_most_bytes + 1))


def _told(
    request: Request,
    runtime: Runtime,
    reader: Reader,
    write: WriteSession,
    now: datetime,
    account: AccountChoice,
    typed: TypedReading,
    picture: Picture | None,
) -> dict[str, str]:
    """Tell it; what is wrong with it by its field, or nothing."""
    registers = _registers(runtime, write, account, now)
    chosen = next((each.register for each in registers if each.key == typed.register), None)
    teller = teller_of(runtime.settings, user_id=reader.user_id, actor=reader.actor, now=now)
    try:
        if chosen is None:
            raise RegisterUnknown if registers else NoMeterToRead
        told = Told(chosen.meter, chosen.register, Decimal(typed.reading))
        told_id = operations.tell_reading(write, account_id=account.id, told=told, teller=teller)
    except (NoMeterToRead, RegisterUnknown) as refusal:
        return {"register": text_of(request, refusal)}
    except (ReadingTooLong, ReadingToldAlready, ReadingsLimited) as refusal:
        return {"reading": text_of(request, refusal)}
    try:
        if picture is not None:
            operations.attach_photo(
                write, vault=runtime.vault, account_id=account.id, told_id=told_id, picture=picture, teller=teller
            )
    except (PhotoTooLate, ReadingsLimited) as refusal:
        return {"photo": text_of(request, refusal)}
    return {}


def _registers(runtime: Runtime, write: WriteSession, account: AccountChoice, now: datetime) -> list[ShownRegister]:
    zone = runtime.settings.zone
    found = queries.readable_registers(write, account_id=account.id, today=business_date(now, zone), zone=zone)
    return [ShownRegister(f"{each.meter}.{each.register}", each) for each in found]


def _page(
    request: Request,
    runtime: Runtime,
    reader: Reader,
    write: WriteSession,
    now: datetime,
    mine: Shelf,
    account: AccountChoice,
    *,
    typed: TypedReading | None = None,
    wrong: dict[str, str] | None = None,
    after: str = "",
    has_told: bool = False,
) -> Response:
    if not account.sees_lines:
        raise TotalsOnly
    scope = f"portal.meter-readings|{account.id}"
    [behind] = runtime.cursors.behind(after, scope=scope, first=[str(LATEST)])
    found = queries.own_readings(write, account_id=account.id, before=UUID(behind), limit=PAGE + 1)
    shown, more = runtime.cursors.page(found, PAGE, scope=scope, position=lambda each: [str(each.id)])
    registers = _registers(runtime, write, account, now)
    return show(
        request,
        "customer/readings.html",
        reader,
        unread=mine.unread,
        account=account,
        accounts=mine.accounts,
        registers=registers,
        has_many_meters=len({each.register.meter for each in registers}) > 1,
        values=typed or TypedReading(registers[0].key if registers else ""),
        wrong=wrong or {},
        told=shown,
        user_id=reader.user_id,
        most_mb=Decimal(runtime.settings.readings_photo_most_bytes).scaleb(-6),
        has_told=has_told,
        next=more,
    )
