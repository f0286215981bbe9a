"""What was sent to the people of an account, for staff: by which way, how it stands, and what was learned last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.db import ReadSession, statement, view
from notifications.queueing import user_owner
from notifications.setup import SETUP
from services.accounts.queries import AccountId


@dataclass(frozen=True, slots=True)
class SentView:
    """A message without its text. `finding` is what was learned last, from an answer, a question or a receipt."""

    id: UUID
    channel: str
    template: str
    state: str
    address_masked: str | None
    created_at: datetime
    finished_at: datetime | None
    read_at: datetime | None
    error_code: str | None
    attempts: int
    learned_from: str | None
    finding: str | None
    code: str | None
    learned_at: datetime | None


def sent_about(
    session: ReadSession,
    *,
    account_id: AccountId,
    customer_id: int,
    user_ids: Sequence[UUID],
    before: UUID,
    limit: int,
) -> list[SentView]:
    """Up to `limit` messages that are about the account and went to its holder and these people, the latest first."""
    rows = session.sql(
        statement(__package__, "messages_about.sql"),
        owners=[f"customer:{customer_id}", *map(user_owner, user_ids)],
        account_id=account_id,
        before=before,
        limit=limit,
    )
    return [view(SentView, row) for row in rows]


@dataclass(frozen=True, slots=True)
class TextMessages:
    """How the provider of text messages answered lately; `failures` since it took one last."""

    answered_at: datetime | None
    failed_at: datetime | None
    failures: int


def text_messages(session: ReadSession) -> TextMessages | None:
    """How it answers; None where none is set up."""
    if not SETUP.get().has_sms:
        return None
    return view(TextMessages, session.sql(statement(__package__, "text_messages_health.sql")).one())
