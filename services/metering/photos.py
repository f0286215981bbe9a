"""Pictures of meters: what a stranger sends is made anew from its pixels, and nothing else of it is kept. Pure.

Place, time, device, thumbnails, remarks and whatever stands behind a picture's end are in no pixel.
"""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps

from services.metering.errors import PhotoTooLarge, PhotoUnreadable

FORMATS: Final = ("JPEG", "PNG", "WEBP")
MEDIA_TYPES: Final = ("image/jpeg", "image/png", "image/webp")
MEDIA_TYPE: Final = "image/jpeg"
"""What is kept."""

MOST_PIXELS: Final = 50_000_000
"""Telephones make pictures of 12 to 50 million; a JPEG is read at a fraction of its size."""
MOST_PLAIN_PIXELS: Final = 16_000_000
"""Of a picture that is unfolded whole: 64 MB at most."""
LONGEST_SIDE: Final = 1_600
QUALITY: Final = 82

_BROKEN: Final = (
    *(OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError, MemoryError, AttributeError),
    *(struct.error, zlib.error),
)
"""What decoders raise at what is broken, or only calls itself a picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG of `width` x `height` pixels that holds nothing but these."""

    jpeg: bytes
    width: int
    height: int


def picture_of(sent: bytes, *, most_bytes: int) -> Picture:
    """The picture in some bytes, upright, at most LONGEST_SIDE long, made anew. Raises PhotoUnreadable, PhotoTooLarge.

    Its size is judged by its head, before anything is unfolded; of moving pictures the first one is taken. It takes a
    second and 200 MB at worst: whoever calls bounds how many are made at a time.
    """
    if len(sent) > most_bytes:
        raise PhotoTooLarge(most_pixels=MOST_PIXELS, most_bytes=most_bytes)
    try:
        with Image.open(io.BytesIO(sent), formats=FORMATS) as found:
            most = MOST_PIXELS if found.format in {"JPEG", "MPO"} else MOST_PLAIN_PIXELS
            if found.width * found.height > most:
                raise PhotoTooLarge(most_pixels=most, most_bytes=most_bytes)
            return _made_anew(found)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooLarge(most_pixels=MOST_PIXELS, most_bytes=most_bytes) from error
    except _BROKEN as error:
        raise PhotoUnreadable from error


def _made_anew(found: Image.Image) -> Picture:
    found.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    upright = ImageOps.exif_transpose(found)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    plain = upright.convert("RGBA")
    fresh = Image.new("RGB", plain.size, "white")
    fresh.paste(plain, mask=plain)
    written = io.BytesIO()
    fresh.save(written, "JPEG", quality=QUALITY, optimize=True)
    return Picture(written.getvalue(), fresh.width, fresh.height)
