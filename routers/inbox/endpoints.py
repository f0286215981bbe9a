"""GET and read one's messages."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from core.pagination import BadCursor
from notifications import inbox
from notifications.inbox import FIRST_PAGE, NoSuchMessage
from routers.inbox.schemas import Inbox, Message
from web.caller import LivingCustomer
from web.locale import Locale
from web.models import Limit
from web.problems import problems
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(prefix="/api/v1/inbox", tags=["inbox"])


@router.get("", responses=problems(BadCursor), operation_id="list_messages")
def list_messages(
    caller: LivingCustomer,
    write: Write,
    runtime: RuntimeDep,
    locale: Locale,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
    limit: Annotated[Limit, Query()] = 20,
) -> Inbox:
    """List messages."""
    scope = f"inbox|{caller.user_id}"
    before = FIRST_PAGE if cursor is None else UUID(str(runtime.cursors.open(cursor, scope=scope)[0]))
    found = inbox.page(write, user_id=caller.user_id, locale=locale, before=before, limit=limit + 1)
    shown, more = runtime.cursors.page(found, limit, scope=scope, position=lambda each: [str(each.id)])
    return Inbox(
        items=[Message.of(view) for view in shown],
        unread=inbox.unread_count(write, user_id=caller.user_id),
        next=more or None,
    )


@router.put("/{message_id}/read", responses=problems(NoSuchMessage), operation_id="read_message")
def read_message(message_id: UUID, caller: LivingCustomer, write: Write, locale: Locale, now: Now) -> Message:
    """Mark a message as read."""
    return Message.of(inbox.read(write, user_id=caller.user_id, message_id=message_id, locale=locale, now=now))
