"""Messages: the list, one message, and the mark that it is read.

Looking writes nothing: browsers fetch pages that nobody has opened yet. A form marks a message, and a script sends it
when the page is really seen.
"""

from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from notifications import inbox
from portal.pages import CheckedForm, SignedIn, go, show
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

PAGE: Final = 20


@router.get("/inbox")
def messages(request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, after: str = "") -> Response:
    """My messages, newest first."""
    scope = f"portal.inbox|{reader.user_id}|{reader.account_id or ''}"
    [before] = runtime.cursors.behind(after, scope=scope, first=[str(inbox.FIRST_PAGE)])
    found = inbox.page(
        write,
        user_id=reader.user_id,
        locale=reader.locale,
        before=UUID(before),
        limit=PAGE + 1,
        account_id=reader.account_id,
    )
    shown, more = runtime.cursors.page(found, PAGE, scope=scope, position=lambda each: [str(each.id)])
    unread = inbox.unread_count(write, user_id=reader.user_id, account_id=reader.account_id)
    return show(request, "customer/inbox.html", reader, unread=unread, messages=shown, next=more)


@router.get("/inbox/{message_id}")
def message(request: Request, reader: SignedIn, write: Write, message_id: UUID) -> Response:
    """One message."""
    found = inbox.message(
        write, user_id=reader.user_id, message_id=message_id, locale=reader.locale, account_id=reader.account_id
    )
    unread = inbox.unread_count(write, user_id=reader.user_id, account_id=reader.account_id)
    return show(request, "customer/message.html", reader, unread=unread, message=found)


@router.post("/inbox/{message_id}/read", dependencies=[CheckedForm])
def mark_as_read(reader: SignedIn, write: Write, now: Now, message_id: UUID) -> Response:
    """The message has been read."""
    inbox.read(write, user_id=reader.user_id, message_id=message_id, locale=reader.locale, now=now)
    return go(f"/inbox/{message_id}")
