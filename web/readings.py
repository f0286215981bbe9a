"""What both edges do with readings that customers tell: who tells them, and how a picture is handed out."""

from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi.responses import Response

from core import faults
from core.audit import Actor
from core.config import Settings
from services.metering.operations import Teller, limits_of
from services.metering.photos import Picture, picture_of
from services.metering.queries import Photo

_HANDED_OUT: Final = {
    "content-disposition": 'attachment; filename="meter.jpg"',
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "cache-control": "no-store",
}
"""It is shown within pages; opened alone it is a file to keep, and never a page of ours."""


def teller_of(settings: Settings, *, user_id: UUID, actor: Actor, now: datetime) -> Teller:
    """Who tells a reading, and what this deployment believes of them."""
    return Teller(user_id, actor, now, settings.zone, limits_of(settings), settings.readings_own_most_times)


def picture_sent(settings: Settings, sent: bytes) -> Picture:
    """What somebody sent, made anew; never while a transaction is open. Raises PhotoTooLarge, PhotoUnreadable."""
    made = picture_of(sent, most_bytes=settings.readings_photo_most_bytes)
    faults.point("metering.picture.made")
    return made


def picture_answer(photo: Photo) -> Response:
    """The answer that is a picture."""
    return Response(photo.image, media_type=photo.media_type, headers=_HANDED_OUT)
