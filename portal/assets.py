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

from portal.colours import shades
from web.problems.common import NotFound

FOLDER: Final = Path(__file__).parent / "static"
FOREVER: Final = "public, max-age=31536000, immutable"
MARK_COLOUR: Final = b"#0f6b4f"
"""The mark's ground in its file, which the accent takes the place of."""

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
                self._add(path.relative_to(FOLDER).as_posix(), _coloured(path.name, path.read_bytes(), accent))
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


def _coloured(name: str, body: bytes, accent: str) -> bytes:
    if name == "app.css":
        return shades(accent).encode() + body
    return body.replace(MARK_COLOUR, accent.encode()) if name == "mark.svg" else body


def router_of(assets: Assets) -> APIRouter:
    """The route that serves them."""
    router = APIRouter(include_in_schema=False)

    @router.get("/static/{served_name:path}")
    async def static(served_name: str, request: Request) -> Response:
        found = assets.find(served_name)
        if found is None:
            raise NotFound
        is_packed = _takes_gzip(request.headers.get("accept-encoding", ""))
        headers = {"cache-control": FOREVER, "vary": "accept-encoding"} | (
            {"content-encoding": "gzip"} if is_packed else {}
        )
        return Response(found.packed if is_packed else found.body, media_type=found.media_type, headers=headers)

    return router


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().replace(" ", "").split(","):
        coding, _, weight = part.partition(";q=")
        if coding in {"gzip", "*"}:
            return not weight or bool(weight.strip("0."))
    return False


def icon(name: str) -> str:
    """The inner shapes of one icon."""
    source = (FOLDER / "vendor" / "lucide-1.62.0" / f"{name}.svg").read_text(encoding="utf-8")
    shapes = re.search(r">\s*\n(.*)</svg>", source.partition("<svg")[2], re.DOTALL)
    if shapes is None:
        msg = f"not an icon of the set: {name}"
        raise ValueError(msg)
    return " ".join(shapes.group(1).split())
