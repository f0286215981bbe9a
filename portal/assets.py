"""Static files under names that hold their content's hash, so that browsers may keep them for ever."""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from web.problems.common import NotFound

FOLDER: Final = Path(__file__).parent / "static"
FOREVER: Final = "public, max-age=31536000, immutable"
_TEXT: Final = (".css", ".js", ".svg")


@dataclass(frozen=True)
class Asset:
    """One file as it is served."""

    body: bytes
    packed: bytes
    media_type: str


class Assets:
    """A deployment's files: the committed ones, the accent's shades in front of the stylesheet, and the logo."""

    def __init__(self, *, accent: str, logo: Path | None) -> None:
        self._by_served_name: dict[str, Asset] = {}
        self._served: dict[str, str] = {}
        for path in sorted(FOLDER.rglob("*")):
            if path.is_file() and path.suffix in _TEXT and "lucide" not in str(path):
                body = path.read_bytes()
                self._add(
                    path.relative_to(FOLDER).as_posix(),
                    shades(accent).encode() + body if path.name == "app.css" else body,
                )
        self.has_logo = logo is not None
        if logo is not None:
            self._add("logo.svg", logo.read_bytes())

    def url(self, name: str) -> str:
        """Address of a file; raises KeyError for one that is not there."""
        return "/static/" + self._served[name]

    def find(self, served_name: str) -> Asset | None:
        """The file behind an address."""
        return self._by_served_name.get(served_name)

    def _add(self, name: str, body: bytes) -> None:
        stem, _, suffix = name.rpartition(".")
        served = f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{suffix}"
        media_type = mimetypes.types_map["." + suffix]
        self._served[name] = served
        self._by_served_name[served] = Asset(body, gzip.compress(body, 9, mtime=0), f"{media_type}; charset=utf-8")


def shades(accent: str) -> str:
    """The accent and its shades as CSS variables: made here, since older phones' browsers cannot mix colours."""
    made = {
        "--accent": accent,
        "--accent-ink": _mix(accent, "#000000", 0.10),
        "--accent-tint": _mix(accent, "#ffffff", 0.91),
        "--accent-ink-dark": _mix(accent, "#ffffff", 0.62),
        "--accent-tint-dark": _mix(accent, "#121816", 0.78),
    }
    return ":root{" + ";".join(f"{name}:{value}" for name, value in made.items()) + "}\n"


def _mix(colour: str, other: str, share: float) -> str:
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(one * (1 - share) + two * share) for one, two in pairs).hex()


def router_of(assets: Assets) -> APIRouter:
    """The route that serves them."""
    router = APIRouter(include_in_schema=False)

    @router.get("/static/{served_name:path}")
    async def static(served_name: str, request: Request) -> Response:
        found = assets.find(served_name)
        if found is None:
            raise NotFound
        is_packed = "gzip" in request.headers.get("accept-encoding", "")
        headers = {"cache-control": FOREVER, "vary": "accept-encoding"} | (
            {"content-encoding": "gzip"} if is_packed else {}
        )
        return Response(found.packed if is_packed else found.body, media_type=found.media_type, headers=headers)

    return router


def icon(name: str) -> str:
    """The inner shapes of one icon."""
    source = (FOLDER / "vendor" / "lucide-1.62.0" / f"{name}.svg").read_text(encoding="utf-8")
    shapes = re.search(r">\s*\n(.*)</svg>", source.partition("<svg")[2], re.DOTALL)
    if shapes is None:
        msg = f"not an icon of the set: {name}"
        raise ValueError(msg)
    return " ".join(shapes.group(1).split())
