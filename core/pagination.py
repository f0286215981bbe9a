"""Keyset pages behind opaque cursors that only we can make."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from core.errors import Json, Refusal

TAG_BYTES: Final = 12
MAX_CURSOR: Final = 512
MAX_LIMIT: Final = 100

R = TypeVar("R")


class BadCursor(Refusal):
    """The cursor was not made by us for this list and this reader."""

    code = "bad_cursor"


class Cursors:
    """Makes and opens cursors.

    `scope` ties one to its list and reader: a cursor of another list or person does not open.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, *, scope: str, position: list[Json]) -> str:
        """An opaque text for the place after the last row shown."""
        body = json.dumps(position, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._tag(scope, body) + body).decode().rstrip("=")

    def open(self, cursor: str, *, scope: str) -> list[Json]:
        """The position in a cursor; raises BadCursor."""
        if len(cursor) > MAX_CURSOR or not cursor.isascii():
            raise BadCursor
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except binascii.Error as error:
            raise BadCursor from error
        tag, body = raw[:TAG_BYTES], raw[TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(scope, body)):
            raise BadCursor
        position: list[Json] = json.loads(body)
        return position

    def behind(self, cursor: str, *, scope: str, first: Sequence[Json]) -> list[Any]:
        """Where a page begins: behind the row of a cursor, at `first` without one; raises BadCursor."""
        return list(self.open(cursor, scope=scope) if cursor else first)

    def page(
        self, found: Sequence[R], most: int, *, scope: str, position: Callable[[R], list[Json]]
    ) -> tuple[Sequence[R], str]:
        """A page of what was found, one row more than it holds where there is one, and then the cursor behind it."""
        if len(found) <= most:
            return found, ""
        return found[:most], self.make(scope=scope, position=position(found[most - 1]))

    def _tag(self, scope: str, body: bytes) -> bytes:
        return hmac.digest(self._key, scope.encode() + b"\0" + body, hashlib.sha256)[:TAG_BYTES]
