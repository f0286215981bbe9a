"""Looking after endpoints: made, changed, given new secrets, disabled, deleted, and told things again.

Every operation takes an endpoint that `queries.endpoint` showed to whoever acts, or a unit in which they may; each is
in the audit log with the host alone: the rest of an address may be a secret of its owner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString
from urllib.parse import urlsplit
from uuid import UUID

from core import audit
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import WriteSession
from core.errors import Json
from core.ids import uuid7, version_of
from core.locks import lock
from notifications.webhooks.errors import WebhookChanged, WebhooksMany, WebhookUnknown
from notifications.webhooks.events import TEST, put
from notifications.webhooks.queries import EndpointView
from notifications.webhooks.rules import OVERLAP, new_secret
from notifications.webhooks.sealing import opened, sealed_cell

MOST_PER_UNIT: Final = 20
"""What every fact of a unit's accounts is multiplied by, at worst."""

MOST_REPLAYED: Final = 10_000
"""So many deliveries are put back at once; whoever wants more asks again."""


_ONE: Final = """
update webhook_delivery set state = 'waiting', waits_since = coalesce(waits_since, now())
where endpoint_id = :endpoint and id = :delivery_id
"""
_SET_ASIDE: Final = """
update webhook_delivery set state = 'waiting', waits_since = now() where (endpoint_id, id) in (
  select endpoint_id, id from webhook_delivery
  where endpoint_id = :endpoint and state = 'set_aside' order by id limit :most)
"""
_SINCE: Final = """
update webhook_delivery set state = 'waiting', waits_since = now() where (endpoint_id, id) in (
  select endpoint_id, id from webhook_delivery
  where endpoint_id = :endpoint and state <> 'waiting' and created_at >= :since order by id limit :most)
"""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An endpoint's secret, told this once."""

    endpoint_id: UUID
    secret: str

    def __repr__(self) -> str:
        """Safe for logs."""
        return f"NewSecret({self.endpoint_id})"


def add(
    session: WriteSession,
    *,
    vault: Vault,
    unit_id: int,
    name: str,
    url: str,
    events: Sequence[str],
    staff_id: UUID,
    actor: Actor,
    now: datetime,
) -> NewSecret:
    """Make an endpoint that hears of a unit's accounts from now on. The caller has judged the address.

    Raises WebhooksMany.
    """
    lock(session, key=f"webhooks of {unit_id}")
    known: int = session.sql(
        "select count(*) from webhook_endpoint where unit_id = :unit and state <> 'deleted'", unit=unit_id
    ).scalar_one()
    if known >= MOST_PER_UNIT:
        raise WebhooksMany(most=MOST_PER_UNIT)
    made = NewSecret(uuid7(), new_secret())
    session.sql(
        """insert into webhook_endpoint (id, unit_id, name, url, events, state, secret_sealed, created_at, created_by)
           values (:id, :unit, :name, :url, cast(:events as text[]), 'active', :sealed, :now, :staff)""",
        id=made.endpoint_id,
        unit=unit_id,
        name=name,
        url=url,
        events=list(events),
        sealed=sealed_cell(vault, made.endpoint_id, "secret", made.secret),
        now=now,
        staff=staff_id,
    )
    audit.record(
        session,
        actor=actor,
        act="notifications.webhook_added",
        subject=f"webhook:{made.endpoint_id}",
        after=_told(name, url, events),
        unit_id=unit_id,
    )
    return made


def change(
    session: WriteSession,
    *,
    endpoint: EndpointView,
    name: str,
    url: str,
    events: Sequence[str],
    actor: Actor,
    seen: str | None = None,
) -> None:
    """Give an endpoint another name, address or list of events. What waits goes to the new address, at once.

    `seen`: the version of the endpoint that the form showed; raises WebhookChanged when it has another by now.
    """
    known = session.sql(
        "select name, url, events from webhook_endpoint where id = :id for no key update", id=endpoint.id
    ).one()
    if seen is not None and seen != version_of(known.name, known.url, known.events):
        raise WebhookChanged
    session.sql(
        """update webhook_endpoint set name = :name, url = :url, events = cast(:events as text[]),
             failures = case when url = :url then failures else 0 end,
             due_at = case when url = :url or lease_token is not null then due_at else now() end
           where id = :id and state <> 'deleted'""",
        id=endpoint.id,
        name=name,
        url=url,
        events=list(events),
    )
    _note(
        session,
        endpoint,
        actor,
        act="notifications.webhook_changed",
        before=_told(known.name, known.url, known.events),
        after=_told(name, url, events),
    )


def rotate(session: WriteSession, *, vault: Vault, endpoint: EndpointView, actor: Actor, now: datetime) -> NewSecret:
    """Give an endpoint a new secret; the one before signs along for a day, any earlier one no more."""
    cell: bytes | None = session.sql(
        "select secret_sealed from webhook_endpoint where id = :id for update", id=endpoint.id
    ).scalar_one()
    if cell is None:
        raise WebhookUnknown
    made = NewSecret(endpoint.id, new_secret())
    earlier = opened(vault, endpoint.id, "secret", cell)
    session.sql(
        """update webhook_endpoint set secret_sealed = :sealed, earlier_sealed = :earlier, earlier_until = :until
           where id = :id""",
        id=endpoint.id,
        sealed=sealed_cell(vault, endpoint.id, "secret", made.secret),
        earlier=sealed_cell(vault, endpoint.id, "earlier", earlier),
        until=now + OVERLAP,
    )
    _note(session, endpoint, actor, act="notifications.webhook_secret_rotated")
    return made


def disable(session: WriteSession, *, endpoint: EndpointView, actor: Actor, now: datetime) -> None:
    """Send nothing any more; what it hears of is kept as long as anything is."""
    done = session.sql(
        """update webhook_endpoint set state = 'disabled', disabled_why = 'staff', disabled_at = :now
           where id = :id and state = 'active'""",
        id=endpoint.id,
        now=now,
    ).rowcount
    if done:
        _note(session, endpoint, actor, act="notifications.webhook_disabled")


def enable(session: WriteSession, *, endpoint: EndpointView, actor: Actor) -> None:
    """Send again, from where it stopped, and begin to count failures anew."""
    done = session.sql(
        """update webhook_endpoint set state = 'active', disabled_why = null, disabled_at = null, failures = 0,
             due_at = now() where id = :id and state = 'disabled'""",
        id=endpoint.id,
    ).rowcount
    if done:
        _note(session, endpoint, actor, act="notifications.webhook_enabled")


def delete(session: WriteSession, *, endpoint: EndpointView, actor: Actor, now: datetime) -> None:
    """Forget an endpoint's secrets and tell it nothing any more. Its row stays, for the audit log names it."""
    done = session.sql(
        """update webhook_endpoint set state = 'deleted', disabled_why = coalesce(disabled_why, 'staff'),
             disabled_at = coalesce(disabled_at, :now), secret_sealed = null, earlier_sealed = null,
             earlier_until = null
           where id = :id and state <> 'deleted'""",
        id=endpoint.id,
        now=now,
    ).rowcount
    if done:
        _note(session, endpoint, actor, act="notifications.webhook_deleted")


def send_test(session: WriteSession, *, endpoint: EndpointView, actor: Actor, now: datetime) -> None:
    """Queue something that means nothing, behind all that waits."""
    put(session, endpoint_id=endpoint.id, kind=TEST, data={}, occurred_at=now, fact_id=None)
    _note(session, endpoint, actor, act="notifications.webhook_tested")


def replay(session: WriteSession, *, endpoint: EndpointView, delivery_id: int, actor: Actor) -> None:
    """Tell one thing again under its own id, in its old place of the order, now. Raises WebhookUnknown."""
    count = _put_back(session, endpoint, _ONE, delivery_id=delivery_id)
    if not count:
        raise WebhookUnknown
    _note_replay(session, actor, endpoint, count, {"delivery": delivery_id})


def replay_set_aside(session: WriteSession, *, endpoint: EndpointView, actor: Actor) -> int:
    """Tell all that was set aside again, in the old order; returns how many."""
    count = _put_back(session, endpoint, _SET_ASIDE, most=MOST_REPLAYED)
    _note_replay(session, actor, endpoint, count, {"which": "set_aside"})
    return count


def replay_since(session: WriteSession, *, endpoint: EndpointView, since: datetime, actor: Actor) -> int:
    """Tell all that was recorded since a moment again, in the old order; returns how many."""
    count = _put_back(session, endpoint, _SINCE, since=since, most=MOST_REPLAYED)
    _note_replay(session, actor, endpoint, count, {"since": since.isoformat()})
    return count


def set_aside(session: WriteSession, *, endpoint: EndpointView, delivery_id: int, actor: Actor) -> None:
    """Let a thing that waits hold nothing up any more; it can be told again later. Raises WebhookUnknown."""
    done = session.sql(
        """update webhook_delivery set state = 'set_aside', waits_since = null
           where endpoint_id = :endpoint and id = :id and state = 'waiting'""",
        endpoint=endpoint.id,
        id=delivery_id,
    ).rowcount
    if not done:
        raise WebhookUnknown
    _hurry(session, endpoint)
    _note(session, endpoint, actor, act="notifications.webhook_set_aside", after={"delivery": delivery_id})


def _put_back(session: WriteSession, endpoint: EndpointView, text: LiteralString, **params: object) -> int:
    count = session.sql(text, endpoint=endpoint.id, **params).rowcount
    _hurry(session, endpoint)
    return count


def _hurry(session: WriteSession, endpoint: EndpointView) -> None:
    """Let what waits be tried now; a sender that is at it does so by itself, and is not joined by another."""
    session.sql(
        "update webhook_endpoint set due_at = now(), failures = 0 where id = :id and lease_token is null",
        id=endpoint.id,
    )


def _note_replay(
    session: WriteSession, actor: Actor, endpoint: EndpointView, count: int, what: dict[str, Json]
) -> None:
    _note(session, endpoint, actor, act="notifications.webhook_replayed", after={**what, "count": count})


def _told(name: str, url: str, events: Sequence[str]) -> dict[str, Json]:
    return {"name": name, "host": urlsplit(url).netloc, "events": [*events]}


def _note(
    session: WriteSession,
    endpoint: EndpointView,
    actor: Actor,
    *,
    act: str,
    before: dict[str, Json] | None = None,
    after: dict[str, Json] | None = None,
) -> None:
    subject = f"webhook:{endpoint.id}"
    audit.record(session, actor=actor, act=act, subject=subject, before=before, after=after, unit_id=endpoint.unit_id)
