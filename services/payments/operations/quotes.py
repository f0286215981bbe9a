"""Paying for others: number and one character of the name earn the masked name and the amount due, for ten minutes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from core import audit
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession
from core.errors import Refusal
from core.ids import uuid7
from core.locks import lock
from core.money import Money
from services.accounts import operations as account_operations
from services.accounts import queries as accounts
from services.accounts.queries import AccountCard
from services.identity import operations as identity
from services.identity.operations import Limit
from services.payments import rules
from services.payments.errors import QuoteRefused, QuotesLimited
from services.payments.ports import PAYABLES

WINDOW: Final = timedelta(days=1)
KEEP: Final = timedelta(days=30)
"""How long a quote that nobody paid with is kept after its end."""
WRONG_BY_USER: Final = 10
WRONG_BY_ADDRESS: Final = 50
"""By an IPv4 address or the /64 of an IPv6 address: whoever has one address of those has 2^64."""
WRONG_BY_ACCOUNT: Final = 20
RIGHT_BY_USER: Final = 30
"""Right guesses are limited too: a list of numbers must not become a list of debts."""
ASKED_BY_NETWORK: Final = Limit(100, 300)
"""Right and wrong together, however many people ask from there."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody else owes, as far as a stranger who knows number and name may see it."""

    id: UUID
    account_no: str
    holder: str
    due: Money
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quote that its asker comes back to: what it shows, None when it is over; and the payment that used it."""

    quote: Quote | None
    payment_no: str | None


@dataclass(frozen=True, slots=True)
class QuoteResult:
    """A quote, or a refusal whose evidence is written: commit first, then tell."""

    quote: Quote | None
    refusal: Refusal | None


def quote_for_others(
    session: WriteSession, *, vault: Vault, user_id: UUID, address: str, account_no: str, name_hint: str, now: datetime
) -> QuoteResult:
    """Quote what is due when number and name belong together. Unknown numbers and wrong names are told alike.

    What a quote shows, here and in a payment by it, proves no ownership any more.
    """
    actor = Actor(f"user:{user_id}", address)
    address_blind = identity.network_key(vault, what="payments.quote", address=address)
    for key in sorted((f"user|{user_id}", f"account|{account_no}", f"address|{address_blind.hex()}")):
        lock(session, key=f"payments.quotes|{key}")
    wait_s = _wait_s(session, user_id=user_id, address_blind=address_blind, account_no=account_no, now=now)
    wait_s = wait_s or identity.count_lookup(session, key=address_blind, limit=ASKED_BY_NETWORK, now=now)
    if wait_s is not None:
        return QuoteResult(None, QuotesLimited(retry_after_s=wait_s))
    card = accounts.account_by_no(session, account_no=account_no)
    if card is None or not _is_named(session, vault=vault, card=card, hint=name_hint):
        session.sql(
            """insert into payment_quote_failure (user_id, address_blind, account_no, failed_at)
               values (:user, :address, :account_no, :now)""",
            user=user_id,
            address=address_blind,
            account_no=account_no,
            now=now,
        )
        audit.record(session, actor=actor, act="payments.quote_refused", subject=f"account_no:{account_no}")
        return QuoteResult(None, QuoteRefused())
    quote = Quote(
        id=uuid7(),
        account_no=card.ref.account_no,
        holder=card.holder,
        due=_due(session, card=card, now=now),
        expires_at=now + rules.QUOTE_LIFE,
    )
    account_operations.show_amounts(session, account_id=card.ref.id, until=quote.expires_at)
    session.sql(
        """insert into payment_quote (id, user_id, account_id, created_at, expires_at)
           values (:id, :user, :account, :now, :expires_at)""",
        id=quote.id,
        user=user_id,
        account=card.ref.id,
        now=now,
        expires_at=quote.expires_at,
    )
    audit.record(
        session,
        actor=actor,
        act="payments.quote",
        subject=f"account:{card.ref.id}",
        after={"quote_id": str(quote.id)},
    )
    return QuoteResult(quote, None)


def quoted(session: ReadSession, *, quote_id: UUID, user_id: UUID, now: datetime) -> Quoted:
    """A quote again, with what is due by now: for whoever asked for it, until its ten minutes are over or it is used.

    Another's and an unknown one are told like one that is over.
    """
    found = session.sql(
        """select q.account_id, q.expires_at, q.used_at is null and q.expires_at > :now as is_good,
             (select o.payment_no from payment_order o where o.quote_id = q.id and q.used_at is not null
              order by o.created_at desc limit 1) as payment_no
           from payment_quote q where q.id = :id and q.user_id = :user""",
        id=quote_id,
        user=user_id,
        now=now,
    ).one_or_none()
    if found is None:
        return Quoted(None, None)
    if not found.is_good:
        return Quoted(None, found.payment_no)
    card = accounts.account(session, account_id=found.account_id)
    due = _due(session, card=card, now=now)
    return Quoted(Quote(quote_id, card.ref.account_no, card.holder, due, found.expires_at), None)


def _is_named(session: WriteSession, *, vault: Vault, card: AccountCard, hint: str) -> bool:
    return accounts.holder_has_character(session, vault=vault, account_id=card.ref.id, character=hint)


def _due(session: ReadSession, *, card: AccountCard, now: datetime) -> Money:
    dues = (
        due.open
        for payable in PAYABLES.get().values()
        for due in payable.quote(session, account_id=card.ref.id, nos=None, now=now)
    )
    return sum(dues, Money.zero(card.ref.currency))


def _wait_s(
    session: WriteSession, *, user_id: UUID, address_blind: bytes, account_no: str, now: datetime
) -> int | None:
    """Seconds until one more guess is allowed, None when it is now."""
    oldest: datetime | None = session.sql(
        """select max(oldest) from (
             select min(failed_at) as oldest, count(*) as n, cast(:by_user as int) as most from payment_quote_failure
               where user_id = :user and failed_at > :since
             union all select min(failed_at), count(*), :by_address from payment_quote_failure
               where address_blind = :address and failed_at > :since
             union all select min(failed_at), count(*), :by_account from payment_quote_failure
               where account_no = :account_no and failed_at > :since
             union all select min(created_at), count(*), :right_by_user from payment_quote
               where user_id = :user and created_at > :since
           ) counted where n >= most""",
        by_user=WRONG_BY_USER,
        by_address=WRONG_BY_ADDRESS,
        by_account=WRONG_BY_ACCOUNT,
        right_by_user=RIGHT_BY_USER,
        user=user_id,
        address=address_blind,
        account_no=account_no,
        since=now - WINDOW,
    ).scalar_one()
    return None if oldest is None else max(1, round((oldest + WINDOW - now).total_seconds()))


def purge_failures(session: WriteSession, *, now: datetime, most: int) -> int:
    """Forget up to `most` guesses that no limit counts any more; returns how many."""
    return session.sql(
        """delete from payment_quote_failure where id in (
             select id from payment_quote_failure where failed_at <= :since limit :most
           )""",
        since=now - WINDOW,
        most=most,
    ).rowcount


def purge_quotes(session: WriteSession, *, now: datetime, most: int) -> int:
    """Forget up to `most` quotes that ended 30 days ago and that no order names; returns how many.

    Served by ix_payment_quote_unused and ix_payment_order_quote_id.
    """
    return session.sql(
        """delete from payment_quote where id in (
             select q.id from payment_quote q
             where q.used_at is null and q.expires_at < :before
               and not exists (select from payment_order o where o.quote_id = q.id)
             order by q.expires_at limit :most for update of q skip locked
           )""",
        before=now - KEEP,
        most=most,
    ).rowcount
