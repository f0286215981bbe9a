"""What a stranger sends as a picture is made anew from its pixels, or refused by name; nothing else of it is kept."""

import io
import struct
import zlib
from typing import Final

import pytest
from PIL import Image

from services.metering.errors import PhotoTooLarge, PhotoUnreadable
from services.metering.photos import LONGEST_SIDE, picture_of
from tests.factories.own_readings import picture

MOST: Final = 6_000_000
GPS: Final = 0x8825
ORIENTATION: Final = 0x0112
DESCRIPTION: Final = 0x010E
ON_ITS_SIDE: Final = 6
TELLTALE: Final = b"<script>where(31.23, 121.47)</script>"


def opened(sent: bytes) -> tuple[Image.Image, bytes]:
    made = picture_of(sent, most_bytes=MOST)
    found = Image.open(io.BytesIO(made.jpeg))
    assert (found.format, found.size) == ("JPEG", (made.width, made.height))
    return found, made.jpeg


def png_head(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, text) for kind, text in ((b"IHDR", head), (b"IEND", b"")))


def _chunk(kind: bytes, text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + kind + text + struct.pack(">I", zlib.crc32(kind + text))


def test_where_and_by_what_it_was_taken_is_gone_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION], exif[DESCRIPTION] = ON_ITS_SIDE, TELLTALE.decode()
    exif.get_ifd(GPS)[2] = (31.0, 13.0, 50.0)
    sent = picture(size=(64, 32), exif=exif.tobytes(), comment=TELLTALE, icc_profile=TELLTALE) + TELLTALE
    assert Image.open(io.BytesIO(sent)).getexif().get_ifd(GPS), "it was there"
    found, jpeg = opened(sent)
    assert found.size == (32, 64)
    assert (dict(found.getexif()), found.info.get("comment"), found.info.get("icc_profile")) == ({}, None, None)
    assert TELLTALE not in jpeg
    assert b"Exif" not in jpeg


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_pictures_of_telephones_are_taken_and_made_smaller(kind: str) -> None:
    found, _ = opened(picture(size=(3200, 1800), kind=kind))
    assert found.size == (LONGEST_SIDE, 900)
    red, green, blue = found.getpixel((800, 450))  # type: ignore[misc] # of RGB
    assert (red > 180, green < 60, blue < 60) == (True, True, True)


@pytest.mark.parametrize("mode", ["RGBA", "P", "LA", "1", "CMYK"])
def test_what_is_see_through_or_of_another_palette_is_taken(mode: str) -> None:
    made = io.BytesIO()
    Image.new(mode, (20, 10)).save(made, "JPEG" if mode == "CMYK" else "PNG")
    found, _ = opened(made.getvalue())
    assert (found.mode, found.size) == ("RGB", (20, 10))


GIF: Final = io.BytesIO()
Image.new("P", (8, 8)).save(GIF, "GIF")
NO_PICTURES: Final = {
    "nothing": b"",
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a page with a picture's first bytes": b"\xff\xd8\xff\xe0<script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "another kind": GIF.getvalue(),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n",
    "an archive": b"PK\x03\x04" + bytes(60),
    "cut off": picture(size=(400, 300))[:700],
    "cut off in its palette": picture(size=(400, 300), kind="PNG")[:60],
    "a head alone": png_head(20, 20),
    "no width": png_head(0, 20),
}


@pytest.mark.parametrize("sent", NO_PICTURES.values(), ids=NO_PICTURES.keys())
def test_what_is_no_whole_picture_is_refused(sent: bytes) -> None:
    with pytest.raises(PhotoUnreadable):
        picture_of(sent, most_bytes=MOST)


@pytest.mark.parametrize("size", [(30_000, 30_000), (10_000, 10_000), (4_001, 4_000), (2**31 - 1, 1)])
def test_a_bomb_is_refused_by_its_head(size: tuple[int, int]) -> None:
    with pytest.raises(PhotoTooLarge):
        picture_of(png_head(*size), most_bytes=MOST)


def test_more_bytes_than_are_taken_are_not_looked_at() -> None:
    with pytest.raises(PhotoTooLarge):
        picture_of(picture(), most_bytes=100)
