"""Readings that customers tell, and pictures of meters."""

import io
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from PIL import Image

from core import clock
from core.audit import Actor
from services.metering import operations, queries
from services.metering.operations import Register, Told
from services.metering.photos import picture_of
from web.readings import teller_of
from web.runtime import Runtime


def picture(*, size: tuple[int, int] = (40, 30), kind: str = "JPEG", **said: object) -> bytes:
    """A picture as a telephone sends it."""
    made = io.BytesIO()
    Image.new("RGB", size, (200, 40, 40)).save(made, kind, **said)
    return made.getvalue()


def tell(
    runtime: Runtime,
    account_id: int,
    *,
    user_id: UUID,
    value: str = "100",
    register: Register = Register.TOTAL,
    now: datetime | None = None,
) -> UUID:
    """What a person tells of the account's meter; its id."""
    teller = teller_of(runtime.settings, user_id=user_id, actor=Actor(f"user:{user_id}"), now=now or clock.now())
    with runtime.db.write() as session:
        return operations.tell_reading(
            session, account_id=account_id, told=Told(None, register, Decimal(value)), teller=teller
        )


def send(runtime: Runtime, account_id: int, told_id: UUID, *, user_id: UUID, now: datetime | None = None) -> None:
    """The picture of what they told, unless it is there."""
    teller = teller_of(runtime.settings, user_id=user_id, actor=Actor(f"user:{user_id}"), now=now or clock.now())
    with runtime.db.write() as session:
        found = queries.own_reading(session, account_id=account_id, reading_id=told_id)
        if found is None or not found.has_photo:
            made = picture_of(picture(), most_bytes=runtime.settings.readings_photo_most_bytes)
            operations.attach_photo(
                session, vault=runtime.vault, account_id=account_id, told_id=told_id, picture=made, teller=teller
            )


def told_by(runtime: Runtime, account_id: int, *, user_id: UUID) -> UUID:
    """What holds of this account, told by a person today if nothing was; with a picture."""
    with runtime.db.read() as session:
        known = session.sql(
            "select id from own_reading where account_id = :id and replaced_at is null order by id desc limit 1",
            id=account_id,
        ).scalar_one_or_none()
    told = known or tell(runtime, account_id, user_id=user_id)
    send(runtime, account_id, told, user_id=user_id)
    return told
