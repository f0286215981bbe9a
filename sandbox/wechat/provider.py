"""The platform of one supplier's applications: their secrets, the people, and the faults it is to have."""

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from sandbox.books import Books
from sandbox.credentials import Platform, WeChatApp
from sandbox.faults import Faults
from sandbox.wechat.messages import Chats
from sandbox.wechat.people import People
from sandbox.wechat.refusals import Refused
from sandbox.wechat.tokens import Tokens


@dataclass(frozen=True)
class Provider:
    """What every address of the platform works with."""

    platform: Platform
    books: Books
    people: People
    tokens: Tokens
    chats: Chats
    faults: Faults
    nudge: Callable[[], None]
    """Says that there is news to deliver."""

    def app(self, appid: str | None) -> WeChatApp:
        """An application by its id. Raises Refused."""
        found = self.platform.app(appid or "")
        if found is None:
            raise Refused(40013)
        return found

    def proved(self, appid: str | None, secret: str | None) -> WeChatApp:
        """The application whose secret this is. Raises Refused."""
        found = self.app(appid)
        if not hmac.compare_digest(found.secret.encode(), (secret or "").encode()):
            raise Refused(40125)
        return found

    def count(self, operation: str, errcode: int) -> None:
        """Write a call into the books."""
        with self.books.change() as change:
            change.execute(
                "insert into wechat_call (at, operation, errcode) values (?, ?, ?)", (time.time(), operation, errcode)
            )


def provider_of(request: Request) -> Provider:
    """The one of this process."""
    provider: Provider = request.app.state.wechat
    return provider
