"""The paths to which more is sent than JSON and plain forms: a table, and nowhere else."""

import re
from typing import Final

from core.config import Settings
from web.guard import FORM, MULTIPART, Upload

PHOTO_DEADLINE_S: Final = 60.0
"""A picture of 6 MB takes so long at 1 Mbit/s."""
FORM_TIMES: Final = 3
"""So many times the bytes of a picture the form that brings one may have: it says itself that the picture is too large,
and shows again what was typed, which the page of a refused body cannot."""
PHOTO_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/webp"})


def uploads_of(settings: Settings) -> tuple[Upload, ...]:
    """What one deployment takes, where."""
    most_bytes = settings.readings_photo_most_bytes
    photo = re.compile(r"/api/v1/accounts/[^/]+/meter-readings/[^/]+/photo")
    return (
        Upload(photo, PHOTO_TYPES, most_bytes, PHOTO_DEADLINE_S),
        Upload(re.compile(r"/meter-readings"), frozenset({FORM, MULTIPART}), FORM_TIMES * most_bytes, PHOTO_DEADLINE_S),
    )
