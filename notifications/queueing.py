"""From a fact and its audience to rows: repeatable, so that a relay may tell the same fact again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from core.crypto.vault import mask_phone
from core.db import WriteSession, to_json
from core.errors import Json
from core.ids import uuid7
from notifications.setup import Setup
from notifications.states import Channel, Priority
from services.accounts.queries import AccountId

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who is told. `owner` is `user:<uuid>` or `customer:<id>`; only users have an inbox."""

    owner: str
    locale: str
    phone: str | None

    @property
    def has_inbox(self) -> bool:
        """Only people who sign in have one."""
        return self.owner.startswith("user:")


@dataclass(frozen=True, slots=True)
class Fact:
    """What is told.

    `intent` names the fact once and for ever, `template` and `params` say it, `link` is its page in the portal; after
    `ttl` it is not worth sending, and `priority` says which facts it waits behind. `account_ids` are those it is about,
    `about_user` is whom its value `person` names.
    """

    intent: str
    template: str
    params: Mapping[str, Json]
    link: str | None
    ttl: timedelta
    priority: Priority
    account_ids: Sequence[AccountId] = ()
    about_user: UUID | None = None


def user_owner(user_id: UUID) -> str:
    """The owner of a user's messages."""
    return f"user:{user_id}"


_ADD = """
insert into message (owner, id, channel, intent, template, priority, params, account_ids, about_user, locale, link,
  state, due_at, expires_at, address_sealed, address_blind, address_masked, accepted_at, finished_at)
values (:owner, :id, :channel, :intent, :template, :priority, cast(:params as jsonb), :account_ids, :about_user,
  :locale, :link, :state, case when :state = 'pending' then now() end, now() + :ttl, :address_sealed, :address_blind,
  :address_masked, case when :state = 'delivered' then now() end, case when :state = 'delivered' then now() end)
on conflict do nothing
"""


def tell(session: WriteSession, *, setup: Setup, fact: Fact, audience: Sequence[Recipient]) -> int:
    """Queue a fact for everybody in the audience by every channel they have; returns how many rows are new.

    The inbox row is its own delivery. One telephone is told once, though several recipients share it.
    """
    added = 0
    for recipient in audience:
        if recipient.has_inbox:
            added += _add(session, fact, recipient, Channel.INBOX, "delivered", {})
        if recipient.phone is not None and setup.sms is not None:
            address = {
                "address_sealed": setup.vault.seal(
                    table="message", column="address", owner=recipient.owner, text=recipient.phone
                ),
                "address_blind": setup.vault.blind("phone", recipient.phone),
                "address_masked": mask_phone(recipient.phone),
            }
            added += _add(session, fact, recipient, Channel.SMS, "pending", address)
    return added


def _add(
    session: WriteSession, fact: Fact, recipient: Recipient, channel: Channel, state: str, address: Mapping[str, object]
) -> int:
    absent = {"address_sealed": None, "address_blind": None, "address_masked": None}
    return session.sql(
        _ADD,
        owner=recipient.owner,
        id=uuid7(),
        channel=channel.value,
        intent=fact.intent,
        template=fact.template,
        priority=fact.priority.value,
        params=to_json(dict(fact.params)),
        account_ids=list(fact.account_ids),
        about_user=fact.about_user,
        locale=recipient.locale,
        link=fact.link,
        state=state,
        ttl=fact.ttl,
        **{**absent, **address},
    ).rowcount
