"""What the inbox answers."""

from uuid import UUID

from pydantic import ConfigDict, JsonValue

from notifications.inbox import MessageView
from web.models import AnswerModel, Moment

EXAMPLE: dict[str, JsonValue] = {
    "id": "0197a3c2-6f1e-7c55-9a53-0a4b1f5b7c11",
    "title": "Payment received: ¥128.40",
    "text": "We received ¥128.40 for account ****0017 at 15 Jun 2026, 12:00:31. Payment number P7K2M9QX4D. Thank you.",
    "link": "/payments/P7K2M9QX4D/receipt",
    "created_at": "2026-06-15T12:00:31.205+08:00",
    "is_read": False,
}


class Message(AnswerModel):
    """One message, in the language that was asked for. `link` is a path of the portal."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    id: UUID
    title: str
    text: str
    link: str | None
    created_at: Moment
    is_read: bool

    @classmethod
    def of(cls, view: MessageView) -> "Message":
        """The message of a view."""
        return cls(
            id=view.id,
            title=view.title,
            text=view.text,
            link=view.link,
            created_at=view.created_at,
            is_read=view.is_read,
        )


class Inbox(AnswerModel):
    """A page of messages, the newest first. `next` is null on the last page."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"items": [EXAMPLE], "unread": 1, "next": None}]}
    )

    items: list[Message]
    unread: int
    next: str | None
