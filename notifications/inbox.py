"""The inbox: the channel that never fails and has no provider.

Texts are made in the reader's language when they are read.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.db import ReadSession, WriteSession
from core.errors import Refusal
from notifications.queueing import user_owner
from notifications.setup import SETUP
from notifications.texts import title_and_text
from services.accounts.queries import AccountId

FIRST_PAGE = UUID(int=2**128 - 1)
"""A position before the newest message."""


class NoSuchMessage(Refusal):
    """There is no such message in the reader's inbox."""

    code = "message_not_found"


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as its recipient reads it; `link` is a path of the portal."""

    id: UUID
    title: str
    text: str
    link: str | None
    created_at: datetime
    is_read: bool


def page(
    session: ReadSession,
    *,
    user_id: UUID,
    locale: str,
    before: UUID,
    limit: int,
    account_id: AccountId | None = None,
) -> list[MessageView]:
    """Up to `limit` messages older than `before`, the newest first; with an account those about it alone.

    pk_message serves it.
    """
    rows = session.sql(
        """select id, template, params, link, created_at, read_at from message
           where owner = :owner and channel = 'inbox' and id < :before
             and (cast(:account_id as bigint) is null or account_ids = array[cast(:account_id as bigint)])
           order by id desc limit :limit""",
        owner=user_owner(user_id),
        before=before,
        limit=limit,
        account_id=account_id,
    )
    return [_view(row, locale) for row in rows]


def unread_count(session: ReadSession, *, user_id: UUID, account_id: AccountId | None = None) -> int:
    """How many messages a user has not read; with an account those about it alone. ix_message_unread serves it."""
    count: int = session.sql(
        """select count(*) from message where owner = :owner and channel = 'inbox' and read_at is null
             and (cast(:account_id as bigint) is null or account_ids = array[cast(:account_id as bigint)])""",
        owner=user_owner(user_id),
        account_id=account_id,
    ).scalar_one()
    return count


def message(
    session: ReadSession, *, user_id: UUID, message_id: UUID, locale: str, account_id: AccountId | None = None
) -> MessageView:
    """One message, read or not; with an account only if it is about that alone. Raises NoSuchMessage."""
    row = session.sql(
        """select id, template, params, link, created_at, read_at from message
           where owner = :owner and id = :id and channel = 'inbox'
             and (cast(:account_id as bigint) is null or account_ids = array[cast(:account_id as bigint)])""",
        owner=user_owner(user_id),
        id=message_id,
        account_id=account_id,
    ).one_or_none()
    if row is None:
        raise NoSuchMessage
    return _view(row, locale)


def read(session: WriteSession, *, user_id: UUID, message_id: UUID, locale: str, now: datetime) -> MessageView:
    """Mark a message as read and return it; reading it again keeps the first time. Raises NoSuchMessage."""
    row = session.sql(
        """update message set read_at = coalesce(read_at, :now) where owner = :owner and id = :id and channel = 'inbox'
           returning id, template, params, link, created_at, read_at""",
        owner=user_owner(user_id),
        id=message_id,
        now=now,
    ).one_or_none()
    if row is None:
        raise NoSuchMessage
    return _view(row, locale)


def _view(row: sa.Row[Any], locale: str) -> MessageView:
    setup = SETUP.get()
    title, text = title_and_text(
        template=row.template, locale=setup.locale(locale), zone=setup.settings.zone, params=row.params
    )
    return MessageView(row.id, title, text, row.link, row.created_at, is_read=row.read_at is not None)
