"""First in line for every request: what no handler should ever see is refused here, before it is parsed.

Host lists, sizes, deadlines, doubtful paths and headers, hostile JSON. The limits come from probes of the HTTP
parsers that we run on, none of which has them all. Answers leave with the security headers and the request's id.
"""

import asyncio
import json
import re
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote_to_bytes

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import Refusal
from web import handlers, metrics, oauth
from web.problems.common import BadJson, BadRequest, InvalidFields, TooLarge, TooSlow, UnsupportedMedia, WrongField

log = structlog.get_logger(__name__)

MAX_HEADERS: Final = 64
MAX_HEADER_BYTES: Final = 16_384
MAX_TARGET_BYTES: Final = 4_096
MAX_BODY_BYTES: Final = 262_144
BODY_DEADLINE_S: Final = 15.0
MAX_JSON_DEPTH: Final = 32
MAX_JSON_DIGITS: Final = 18
ONCE_ONLY: Final = frozenset(
    {
        b"host",
        b"authorization",
        b"content-length",
        b"content-type",
        b"cookie",
        b"idempotency-key",
        b"origin",
        b"transfer-encoding",
    }
)
BAD_PATH: Final = re.compile(rb"[\x00-\x20\x7f-\xff\\]|%0|%1|%7f|%5c|%2f|/\.{1,2}(?:[/;]|$)|//|%2e", re.IGNORECASE)
NUL_IN_COOKIE: Final = rb"\000"
"""As a quoted value says it (RFC 2109); other escapes are left alone, for cookies of our domain need not be ours."""

LITERAL_SURROGATE: Final = re.compile("[\ud800-\udfff\x00]")

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
"""Has a place where an `Upload` says so: its parser is one more that reads what strangers send."""

AUTHORITY: Final = "wattline.authority"
"""Where in a scope the server puts the host that an absolute target names."""

SECURITY_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), payment=()",
}
DEFAULTS: Final = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}
"""Of answers that do not say it themselves."""


@dataclass(frozen=True)
class Upload:
    """A path that takes more than others: which media types, how many bytes, and within how many seconds."""

    path: re.Pattern[str]
    media_types: frozenset[str]
    most_bytes: int
    deadline_s: float


@dataclass(frozen=True)
class GuardRules:
    """What one deployment answers to, and its `uploads`."""

    hosts: frozenset[str]
    locales: tuple[str, ...]
    is_secure: bool
    uploads: tuple[Upload, ...] = ()

    def upload_of(self, scope: Scope) -> Upload | None:
        """What is said of a request's path; None for all others."""
        return next((each for each in self.uploads if each.path.fullmatch(scope["path"])), None)


class Guard:
    """Pure ASGI, outermost."""

    def __init__(self, app: ASGIApp, *, rules: GuardRules, page: handlers.PageRenderer | None = None) -> None:
        self._app = app
        self._rules = rules
        self._page = page
        self._added = [(name.encode(), value.encode()) for name, value in {**SECURITY_HEADERS, **DEFAULTS}.items()]
        if rules.is_secure:
            self._added.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with the whole body at hand. What nobody foresaw ends here: a 500, logged once."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["wattline.request_id"] = uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status, has_begun = 500, False
        method, path = scope["method"], scope["path"]

        async def finish(message: Message) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                self._dress(message["headers"], request_id)
            await send(message)

        try:
            whole = await self._admit(scope, receive)
            if isinstance(whole, Response):
                await whole(scope, receive, finish)
            elif method == "HEAD":
                scope = {**scope, "method": "GET"}
                await _answer_head(self._app, scope, finish)
            else:
                await self._app(scope, whole, finish)
        except handlers.AnswerCut as error:
            log.info("answer_cut", error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 -- the last place that can answer it
            incident = handlers.log_bug(error)
            # An answer that had begun stays without its end, and the server closes the connection: it is seen as cut.
            if not has_begun:
                told = handlers.tell_of_bug(Request(scope), incident, locales=self._rules.locales, page=self._page)
                await _closing(told)(scope, receive, finish)
        finally:
            seconds = time.perf_counter() - started
            metrics.observe(scope, status, seconds)
            if path not in metrics.QUIET:
                log.info(
                    "request",
                    method=method,
                    path=metrics.route_of(scope),
                    status=status,
                    seconds=round(seconds, 4),
                )

    async def _admit(self, scope: Scope, receive: Receive) -> Receive | Response:
        """What gives the whole body, or the answer to what is refused."""
        page = None
        try:
            self._check_head(scope)
            page = self._page  # which builds addresses from a head that is not doubtful any more
            return await _whole_body(scope, receive, self._rules.upload_of(scope))
        except Refusal as refusal:
            return _closing(await handlers.tell(Request(scope), refusal, locales=self._rules.locales, page=page))

    def _check_head(self, scope: Scope) -> None:
        raw: list[tuple[bytes, bytes]] = scope["headers"]
        if len(raw) > MAX_HEADERS or sum(len(name) + len(value) for name, value in raw) > MAX_HEADER_BYTES:
            raise TooLarge
        target = scope.get("raw_path") or scope["path"].encode()
        if len(target) + len(scope["query_string"]) > MAX_TARGET_BYTES:
            raise TooLarge
        names = [name for name, _ in raw if name in ONCE_ONLY]
        headers = dict(raw)
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if (
            len(names) != len(set(names))
            or host not in self._rules.hosts
            or scope.get(AUTHORITY, host) not in self._rules.hosts
            or NUL_IN_COOKIE in headers.get(b"cookie", b"")
        ):
            raise BadRequest
        coding = headers.get(b"transfer-encoding")
        if coding is not None and (b"content-length" in headers or coding.lower() != b"chunked"):
            raise BadRequest
        if b"content-encoding" in headers:
            raise UnsupportedMedia
        if BAD_PATH.search(target) or not _is_utf8(unquote_to_bytes(target)) or not target.startswith(b"/"):
            raise BadRequest
        query = scope["query_string"]
        if query and (not query.isascii() or not _is_utf8(unquote_to_bytes(query)) or b"%00" in query):
            raise BadRequest
        if query and scope["path"].startswith("/api/"):
            names = [name for name, _ in parse_qsl(query.decode("ascii"), keep_blank_values=True)]
            if len(names) != len(set(names)):
                raise BadRequest

    def _dress(self, headers: list[tuple[bytes, bytes]], request_id: str) -> None:
        """Add what the answer does not say itself."""
        said = {name for name, _ in headers}
        headers.extend(pair for pair in self._added if pair[0] not in said)
        headers.append((b"x-request-id", request_id.encode()))


def _closing(answer: Response) -> Response:
    """The last answer of its connection: what was not read must not be taken for the next request, nor waited for."""
    answer.headers["connection"] = "close"
    return answer


async def _answer_head(app: ASGIApp, scope: Scope, send: Send) -> None:
    """HEAD is GET without content (RFC 9110, 9.3.2). A stream ends where its first piece would come."""
    is_told = asyncio.Event()

    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
        elif not is_told.is_set():
            is_told.set()
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def receive() -> Message:
        await is_told.wait()
        return {"type": "http.disconnect"}

    await app(scope, receive, send_head)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


async def _whole_body(scope: Scope, receive: Receive, upload: Upload | None) -> Receive:
    """Read the body within its deadline and size, check JSON and forms, and hand it on in one piece."""
    headers = Headers(scope=scope)
    announced = headers.get("content-length", "0" if "transfer-encoding" not in headers else "1")
    if not (announced.isascii() and announced.isdigit()):
        raise BadRequest
    if int(announced) == 0:
        return receive
    media_type = _media_type(headers.get("content-type", ""))
    upload = _taken_as(upload, media_type)
    most_bytes = MAX_BODY_BYTES if upload is None else upload.most_bytes
    if int(announced) > most_bytes:
        raise TooLarge
    try:
        async with asyncio.timeout(BODY_DEADLINE_S if upload is None else upload.deadline_s):
            body = await _read(receive, most_bytes)
    except TimeoutError as error:
        raise TooSlow from error
    if scope["path"] == oauth.TOKENS and media_type == FORM:
        check_form(body)
        body = oauth.as_json(body)
        rewritten = {b"content-type": JSON.encode(), b"content-length": str(len(body)).encode()}
        scope["headers"] = [(name, rewritten.get(name, value)) for name, value in scope["headers"]]
        headers = Headers(scope=scope)
    if upload is None:
        _check_content(scope["path"], headers.get("content-type", ""), body)
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _taken_as(upload: Upload | None, media_type: str) -> Upload | None:
    """What bounds a body. A plain form brings no file, wherever it is sent: its bounds are those of all other forms."""
    if upload is not None and media_type not in upload.media_types:
        raise UnsupportedMedia
    return None if media_type == FORM else upload


def _check_content(path: str, content_type: str, body: bytes) -> None:
    """The API reads JSON, pages read forms, and callbacks whatever they are sent."""
    if path.startswith("/callbacks/"):
        return
    is_api = path.startswith("/api/")
    if _media_type(content_type) != (JSON if is_api else FORM):
        raise UnsupportedMedia
    if is_api:
        check_json(body)
    else:
        check_form(body)


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


async def _read(receive: Receive, most_bytes: int) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most_bytes:
            raise TooLarge
    return bytes(body)


def check_form(body: bytes) -> None:
    """Raise InvalidFields for a form that holds what is no text: NUL, or bytes that are not UTF-8.

    The parser would put replacement characters for the latter, and PostgreSQL refuses the former.
    """
    plain = unquote_to_bytes(body)
    if b"\x00" in plain or not _is_utf8(plain):
        raise InvalidFields(_without_text(body))


def _without_text(body: bytes) -> list[WrongField]:
    """The fields of a form whose values are no text."""
    pairs = [each.partition(b"=") for each in body.split(b"&")]
    plain = [(name.decode("ascii", "replace"), unquote_to_bytes(value)) for name, _, value in pairs]
    return [WrongField(name, "no_text") for name, value in plain if b"\x00" in value or not _is_utf8(value)]


def check_json(body: bytes) -> None:
    """Raise BadJson for what RFC 8259 leaves open or the database cannot hold.

    Refused: encodings other than UTF-8, a byte order mark, NaN and Infinity, repeated names, nesting beyond 32,
    integers beyond 18 digits, NUL characters and lone surrogates.
    """
    try:
        text = body.decode("utf-8")
        if _depth(text) > MAX_JSON_DEPTH:
            raise BadJson
        value = json.loads(text, parse_constant=_refuse_constant, parse_int=_bounded_int, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        raise BadJson from error
    if ("\\u" in text or "\x00" in text) and LITERAL_SURROGATE.search("\n".join(_strings(value))):
        raise BadJson


def _depth(text: str) -> int:
    # Brackets inside strings count too: they cost nothing but a refusal that no honest body comes near.
    deepest = depth = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _refuse_constant(_name: str) -> None:
    raise BadJson


def _bounded_int(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_JSON_DIGITS:
        raise BadJson
    return int(digits)


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise BadJson
    return made


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _strings(item)


def hosts_of(public_url: str, allowed: str) -> frozenset[str]:
    """Host header values that are answered, lower case, with their ports."""
    extra = {part.strip().lower() for part in allowed.split(",") if part.strip()}
    return frozenset({public_url.partition("://")[2].lower(), *extra})
