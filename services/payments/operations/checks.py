"""Which attempts to ask about now, and what is known of a provider's health and keys."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from core import audit
from core.audit import Actor
from core.db import WriteSession
from core.outbox import Delivery
from services.accounts.events import HolderChanged
from services.accounts.queries import AccountId
from services.payments import rules
from services.payments.ports import ProviderKey

LEASE_S: Final = 60
"""Longer than the slowest question with its close; a sweeper that dies gives its attempts back after this."""

_PARTS_OF_ONE: Final = 1 << 30


def claim_due(session: WriteSession, *, limit: int) -> list[UUID]:
    """Attempts whose question is due, leased to the caller so that no other sweeper asks meanwhile."""
    rows = session.sql(
        """update payment_attempt set next_check_at = now() + make_interval(secs => :lease)
           where id in (select id from payment_attempt where next_check_at <= now() order by next_check_at
             limit :most for update skip locked)
           returning id""",
        lease=LEASE_S,
        most=limit,
    )
    return [row.id for row in rows]


def claim_one(session: WriteSession, *, attempt_id: UUID, now: datetime) -> bool:
    """Ask about this attempt because its payer wants to know; False when somebody asked a moment ago."""
    asked = session.sql(
        """update payment_attempt set asked_at = :now where id = :id and (asked_at is null or asked_at <= :since)
           returning id""",
        id=attempt_id,
        now=now,
        since=now - rules.ASK_AT_MOST_EVERY,
    ).one_or_none()
    return asked is not None


def put_off(session: WriteSession, *, attempt_id: UUID, retry_after_s: int | None, now: datetime) -> None:
    """The question was not answered: ask later, with growing, jittered waits."""
    failures: int = session.sql(
        "update payment_attempt set failures = least(failures + 1, 32767) where id = :id returning failures",
        id=attempt_id,
    ).scalar_one()
    wait = wait_after(failures=failures, least_s=retry_after_s)
    session.sql("update payment_attempt set next_check_at = :due where id = :id", due=now + wait, id=attempt_id)


def wait_after(*, failures: int, least_s: int | None) -> timedelta:
    """How long to leave a provider alone after so many failures, jittered."""
    return rules.back_off(failures=failures, jitter=secrets.randbelow(_PARTS_OF_ONE) / _PARTS_OF_ONE, least_s=least_s)


def close_outdated(
    session: WriteSession,
    *,
    account_id: AccountId,
    kind: str,
    payable_id: int,
    open_minor: int,
    changed_at: datetime,
    now: datetime,
) -> int:
    """A payable changed: living attempts that ask for its old amount are closed at their providers; answers how many.

    Outdated is what began before `changed_at`, and what asks for more than `open_minor`. What is paid before the close
    succeeds is booked as any payment is. Locks orders by ascending id; the caller holds neither books nor payables.
    """
    params = {
        "account": account_id,
        "kind": kind,
        "id": payable_id,
        "open": open_minor,
        "changed_at": changed_at,
    }
    orders = session.sql(
        """select o.id from payment_order o where o.id in (
             select t.order_id from payment_attempt t join payment_part p on p.attempt_id = t.id
             where p.account_id = :account and p.payable_kind = :kind and p.payable_id = :id
               and t.state in ('created', 'prepared', 'pending', 'unknown')
               and (t.created_at < :changed_at or p.amount_minor > :open))
           order by o.id for no key update""",
        **params,
    ).scalars()
    return session.sql(
        """update payment_attempt a set next_check_at = :now, expires_at = least(a.expires_at, :now)
           from payment_part p
           where a.order_id = any(:orders) and a.state in ('created', 'prepared', 'pending', 'unknown')
             and p.attempt_id = a.id and p.account_id = :account and p.payable_kind = :kind and p.payable_id = :id
             and (a.created_at < :changed_at or p.amount_minor > :open)""",
        orders=list(orders),
        now=now,
        **params,
    ).rowcount


def close_of_account(session: WriteSession, *, account_id: AccountId, begun_before: datetime, now: datetime) -> int:
    """Close living attempts for an account that began before a moment at their providers; answers how many.

    What is paid before the close succeeds is booked as any payment is. Locks orders by ascending id.
    """
    params = {"account": account_id, "begun_before": begun_before}
    orders = session.sql(
        """select o.id from payment_order o where o.id in (
             select t.order_id from payment_attempt t join payment_part p on p.attempt_id = t.id
             where p.account_id = :account and t.state in ('created', 'prepared', 'pending', 'unknown')
               and t.created_at < :begun_before)
           order by o.id for no key update""",
        **params,
    ).scalars()
    return session.sql(
        """update payment_attempt a set next_check_at = :now, expires_at = least(a.expires_at, :now)
           where a.order_id = any(:orders) and a.state in ('created', 'prepared', 'pending', 'unknown')
             and a.created_at < :begun_before
             and exists (select from payment_part p where p.attempt_id = a.id and p.account_id = :account)""",
        orders=list(orders),
        now=now,
        **params,
    ).rowcount


def close_at_change_of_holder(session: WriteSession, delivery: Delivery, event: HolderChanged) -> None:
    """An account has another holder: payments under way for the earlier one are closed, whoever began them.

    Money that still comes is the account's, as is the prepaid balance: the supplier settles both with whom it is due.
    """
    close_of_account(
        session,
        account_id=AccountId(event.account_id),
        begun_before=delivery.occurred_at,
        now=delivery.occurred_at,
    )


def give_up(session: WriteSession, *, payment_no: str, actor: Actor, now: datetime) -> None:
    """The payer will not pay: living attempts end now, and whoever comes first closes them at their provider.

    Does nothing to a payment that is over. Locks the order, then its attempts.
    """
    order_id: UUID = session.sql(
        "select id from payment_order where payment_no = :no for no key update", no=payment_no
    ).scalar_one()
    ended = session.sql(
        """update payment_attempt set expires_at = least(expires_at, :now), next_check_at = :next_check_at
           where order_id = :id and state in ('created', 'prepared', 'pending', 'unknown')""",
        now=now,
        next_check_at=now + timedelta(seconds=LEASE_S),
        id=order_id,
    ).rowcount
    if ended:
        audit.record(session, actor=actor, act="payments.give_up", subject=f"payment:{payment_no}")


def circuit_wait_s(session: WriteSession, *, provider: str, now: datetime) -> int | None:
    """Seconds for which nobody should call this provider; None when it may be called.

    After the wait one caller is let through, and the others go on waiting until that call succeeds.
    """
    open_until: datetime | None = session.sql(
        "select open_until from payment_provider_health where provider = :name and failures >= :most",
        name=provider,
        most=rules.CIRCUIT_FAILURES,
    ).scalar_one_or_none()
    if open_until is None:
        return None
    if open_until > now:
        return max(1, round((open_until - now).total_seconds()))
    taken = session.sql(
        """update payment_provider_health set open_until = :until where provider = :name and open_until <= :now
           returning provider""",
        until=now + rules.CIRCUIT_WAIT,
        name=provider,
        now=now,
    ).one_or_none()
    return None if taken is not None else round(rules.CIRCUIT_WAIT.total_seconds())


def note_failure(session: WriteSession, *, provider: str, now: datetime) -> None:
    """A call was not answered."""
    session.sql(
        """insert into payment_provider_health as h (provider, failures, failed_at) values (:name, 1, :now)
           on conflict (provider) do update set failures = h.failures + 1, failed_at = excluded.failed_at,
             open_until = case when h.failures + 1 >= :most then :until else h.open_until end""",
        name=provider,
        most=rules.CIRCUIT_FAILURES,
        until=now + rules.CIRCUIT_WAIT,
        now=now,
    )


def note_answer(session: WriteSession, *, provider: str) -> None:
    """A call was answered: the provider is well. Writes only when it was not, or once a minute."""
    session.sql(
        """with known as (
             update payment_provider_health set failures = 0, open_until = null, answered_at = now()
             where provider = :name
               and (failures > 0 or answered_at is null or answered_at < now() - interval '1 minute')
           )
           insert into payment_provider_health (provider, failures, answered_at)
           select :name, 0, now() where not exists (select from payment_provider_health where provider = :name)
           on conflict do nothing""",
        name=provider,
    )


def keep_keys(session: WriteSession, *, provider: str, keys: Sequence[ProviderKey]) -> None:
    """Keep the certificates that a provider handed out, for every process."""
    for key in keys:
        session.sql(
            """insert into payment_provider_certificate (provider, serial, pem, valid_from, valid_to)
               values (:provider, :serial, :pem, :valid_from, :valid_to) on conflict do nothing""",
            provider=provider,
            serial=key.serial,
            pem=key.pem,
            valid_from=key.valid_from,
            valid_to=key.valid_to,
        )
