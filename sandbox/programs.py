"""A program of the supplier that is told by webhooks (Standard Webhooks 1.0), and a page that shows what it took."""

import base64
import binascii
import hashlib
import hmac
import time
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

import sandbox.aliyun_sms.provider
from sandbox.books import Books
from sandbox.pages import page

MOST_BYTES: Final = 65_536
TOLERANCE_S: Final = 300
SHOWN: Final = 50
HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
_KEPT_AS: Final = "webhook_secret"
router = APIRouter(prefix="/programs")


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post("/hooks")
def take(request: Request, body: Annotated[bytes, Depends(_body)]) -> Response:
    """Keep what came, and how its signature was found; the same id again is taken once."""
    headers = [request.headers.get(name, "") for name in HEADERS]
    if len(body) > MOST_BYTES or not all(headers):
        return Response(status_code=400)
    books, now = _books(request), time.time()
    verdict = _verdict(_secret(books), *headers, body=body, now=now)
    with books.change() as change:
        change.execute(
            """insert into hook (id, at, body, verdict) values (?, ?, ?, ?)
               on conflict (id) do update set times = times + 1""",
            (headers[0], now, body.decode(errors="replace"), verdict),
        )
    return Response(status_code=401 if verdict == "forged" else 204)


@router.get("")
def show(request: Request) -> HTMLResponse:
    """What was taken, the latest first."""
    books = _books(request)
    taken = books.all("select * from hook order by at desc, id desc limit ?", SHOWN)
    return page(
        "programs.html", taken=taken, has_secret=bool(_secret(books)), address=f"{request.base_url}programs/hooks"
    )


@router.post("/secret")
def keep_secret(request: Request, secret: Annotated[str, Form()] = "") -> Response:
    """Verify with this secret from now on; without one, nothing is verified."""
    with _books(request).change() as change:
        change.execute("delete from setting where name = ?", (_KEPT_AS,))
        if secret.strip():
            change.execute("insert into setting (name, value) values (?, ?)", (_KEPT_AS, secret.strip()))
    return RedirectResponse("/programs", 303)


def _verdict(secret: str, message_id: str, timestamp: str, signatures: str, *, body: bytes, now: float) -> str:
    if not secret:
        return "unproved"
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        is_recent = abs(now - int(timestamp)) <= TOLERANCE_S
    except (binascii.Error, ValueError):
        return "forged"
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    is_ours = any(hmac.compare_digest(f"v1,{expected}".encode(), each.encode()) for each in signatures.split(" "))
    return "proved" if is_ours and is_recent else "forged"


def _secret(books: Books) -> str:
    row = books.one("select value from setting where name = ?", _KEPT_AS)
    return "" if row is None else str(row["value"])


def _books(request: Request) -> Books:
    return sandbox.aliyun_sms.provider.provider_of(request).books
