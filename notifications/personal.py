"""What messages know of whom they went to. That something was told stays until its time; what and where does not."""

from datetime import datetime
from uuid import UUID

from core import inbox
from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession
from core.errors import Json
from notifications import wechat
from notifications.queueing import user_owner
from notifications.texts import NOBODY
from services.identity import queries as identity

_FORGET = """
update message set params = '{}', account_ids = '{}', about_user = null, link = null,
  address_sealed = null, address_blind = null, address_masked = null,
  state = case when due_at is null then state else 'suppressed' end, due_at = null,
  finished_at = coalesce(finished_at, now())
where owner = :owner or (address_blind = :blind and owner like 'invitation:%')
"""
_FORGET_OF = """
update message set params = params || jsonb_build_object('person', cast(:nobody as text)), about_user = null
where about_user = :user_id
"""


class Messages:
    """`identity.ports.PersonalData` of messages."""

    def export(self, session: ReadSession, *, vault: Vault, user_id: UUID) -> dict[str, list[dict[str, Json]]]:  # noqa: ARG002 -- the port's signature
        """What was told to them, by which channel, when."""
        rows = session.sql(
            """select channel, template, params, locale, link, state, address_masked, created_at, read_at from message
               where owner = :owner order by created_at, id""",
            owner=user_owner(user_id),
        )
        return {
            "messages": [
                {
                    "channel": row.channel,
                    "template": row.template,
                    "params": row.params,
                    "locale": row.locale,
                    "link": row.link,
                    "state": row.state,
                    "to_masked": row.address_masked,
                    "created_at": row.created_at.isoformat(),
                    "read_at": None if row.read_at is None else row.read_at.isoformat(),
                }
                for row in rows
            ]
        }

    def keeps(self, session: ReadSession, *, user_id: UUID) -> bool:  # noqa: ARG002 -- as above
        """A message that has not gone out is not sent to somebody who wants to be gone."""
        return False

    def erase(self, session: WriteSession, *, vault: Vault, user_id: UUID, now: datetime) -> None:  # noqa: ARG002 -- as above
        """Empty the person's messages; what was not sent is not sent any more. What they said in chats is forgotten.

        What others were told of them stays with those others, and names nobody. A message about them that is written
        meanwhile holds their row: they are erased after it, or it is told after they are.
        """
        phone = identity.phone_of(session, vault=vault, user_id=user_id)
        blind = None if phone is None else vault.blind("phone", phone)
        session.sql(_FORGET, owner=user_owner(user_id), blind=blind)
        session.sql(_FORGET_OF, user_id=user_id, nobody=NOBODY)
        inbox.forget(session, source=wechat.SOURCE, subjects=identity.wechat_blinds(session, user_id=user_id))


def forget_holder(session: WriteSession, *, customer_id: int) -> None:
    """Empty all messages to the contact points of a customer who is erased."""
    session.sql(_FORGET, owner=f"customer:{customer_id}", blind=None)
