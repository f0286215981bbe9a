"""What payments know of a payer. Amounts, states and times are the books' and stay; who it was does not."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core import inbox
from core.audit import Span
from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession
from core.errors import Json
from services.accounts import operations as accounts
from services.casework import operations as casework
from services.payments.operations.orders import seal_request
from services.payments.queries import merchants

_ATTEMPTS = """
select a.id from payment_attempt a join payment_order o on o.id = a.order_id
where o.payer_user_id = :user_id order by a.id
"""
_TOLD_OF = """
select a.provider, a.merchant, a.out_trade_no as no from payment_attempt a join payment_order o on o.id = a.order_id
where o.payer_user_id = :user_id
union
select r.provider, r.merchant, r.out_refund_no
from payment_refund r join payment_suspense s on s.id = r.suspense_id join payment_order o on o.id = s.order_id
where o.payer_user_id = :user_id
"""
_PAID_FOR = """
select distinct o.id
from unnest(cast(:accounts as bigint[]), cast(:since as timestamptz[]), cast(:until as timestamptz[]))
  h (account_id, since, until)
join payment_part p on p.account_id = h.account_id
join payment_attempt t on t.id = p.attempt_id
join payment_order o on o.id = t.order_id
where o.created_at between coalesce(h.since, '-infinity') and coalesce(h.until, 'infinity')
"""
_WAITED_FOR = """
select distinct s.id
from unnest(cast(:accounts as bigint[]), cast(:since as timestamptz[]), cast(:until as timestamptz[]))
  h (account_id, since, until)
join payment_suspense s on h.account_id in (s.account_id, s.assigned_account_id)
where s.created_at between coalesce(h.since, '-infinity') and coalesce(h.until, 'infinity')
"""
_STRIKE = (
    """update payment_refund set why = '***', decided_why = case when decided_why is not null then '***' end
       where suspense_id = any(cast(:ids as bigint[]))""",
    """update payment_suspense set matched_why = '***'
       where id = any(cast(:ids as bigint[])) and matched_why is not null""",
)
_NOTHING = b""


class Payments:
    """`identity.ports.PersonalData` of payments."""

    def export(self, session: ReadSession, *, vault: Vault, user_id: UUID) -> dict[str, list[dict[str, Json]]]:  # noqa: ARG002 -- the port's signature
        """What they paid or began to pay, and whose accounts they asked for: numbers, never names."""
        orders = session.sql(
            """select payment_no, provider, method, amount_minor, currency, state, created_at, paid_at
               from payment_order where payer_user_id = :id order by created_at, id""",
            id=user_id,
        )
        quotes = session.sql(
            "select created_at, expires_at, used_at from payment_quote where user_id = :id order by created_at, id",
            id=user_id,
        )
        failures = session.sql(
            "select account_no, failed_at from payment_quote_failure where user_id = :id order by id", id=user_id
        )
        return {
            "payments": [
                {
                    "payment_no": row.payment_no,
                    "provider": row.provider,
                    "method": row.method,
                    "amount_minor": row.amount_minor,
                    "currency": row.currency,
                    "state": row.state,
                    "created_at": row.created_at.isoformat(),
                    "paid_at": None if row.paid_at is None else row.paid_at.isoformat(),
                }
                for row in orders
            ],
            "quotes": [
                {
                    "created_at": row.created_at.isoformat(),
                    "expires_at": row.expires_at.isoformat(),
                    "used_at": None if row.used_at is None else row.used_at.isoformat(),
                }
                for row in quotes
            ],
            "failed_quotes": [
                {"account_no": row.account_no, "failed_at": row.failed_at.isoformat()} for row in failures
            ],
        }

    def keeps(self, session: ReadSession, *, user_id: UUID) -> bool:
        """While a payment is under way its provider may still ask what was wanted; and every callback is applied."""
        return any(
            inbox.has_waiting(session, source=source, subjects=numbers)
            for source, numbers in _told_of(session, user_id).items()
        ) or bool(
            session.sql(
                """select exists (select from payment_order o join payment_attempt a on a.order_id = o.id
                   where o.payer_user_id = :id and a.state in ('created', 'prepared', 'pending', 'unknown'))""",
                id=user_id,
            ).scalar_one()
        )

    def erase(self, session: WriteSession, *, vault: Vault, user_id: UUID, now: datetime) -> None:  # noqa: ARG002 -- as above
        """Empty what was sent to providers and what they told (an openid, an address, a bank); forget quotes.

        Wrong guesses go, and what staff typed as reasons about their payments and accounts: while their grants are
        there. What they tell later is emptied as soon as it is applied: `callbacks.keep_or_empty`.
        """
        attempts = session.sql(_ATTEMPTS, user_id=user_id).scalars().all()
        session.sql(
            """update payment_attempt a set request_sealed = e.sealed, request_hash = :hash, answer = null
               from unnest(cast(:ids as uuid[]), cast(:sealed as bytea[])) e (id, sealed) where a.id = e.id""",
            ids=list(attempts),
            sealed=[seal_request(vault, each, _NOTHING) for each in attempts],
            hash=hashlib.sha256(_NOTHING).digest(),
        )
        for source, numbers in _told_of(session, user_id).items():
            inbox.empty(session, source=source, subjects=numbers)
        orders = session.sql("select id from payment_order where payer_user_id = :id", id=user_id).scalars().all()
        _strike_reasons(session, orders=orders, suspense=(), about=accounts.spans_of_user(session, user_id=user_id))
        session.sql("delete from payment_quote_failure where user_id = :id", id=user_id)
        session.sql(
            """delete from payment_quote q where user_id = :id
               and not exists (select from payment_order o where o.quote_id = q.id)""",
            id=user_id,
        )


def forget_holder(session: WriteSession, *, customer_id: int) -> None:
    """Strike out what staff typed as reasons about a customer's accounts and what was paid for them, as long as theirs.

    Who did what, and when, stays.
    """
    about = accounts.spans_of_customer(session, customer_id=customer_id)
    spans: dict[str, object] = {
        "accounts": [int(each.subject.removeprefix("account:")) for each in about],
        "since": [each.since for each in about],
        "until": [each.until for each in about],
    }
    orders = session.sql(_PAID_FOR, **spans).scalars().all()
    suspense = session.sql(_WAITED_FOR, **spans).scalars().all()
    _strike_reasons(session, orders=orders, suspense=suspense, about=about)


def _strike_reasons(
    session: WriteSession, *, orders: Sequence[UUID], suspense: Sequence[int], about: Sequence[Span]
) -> None:
    """About payments, sums in suspense (those of the payments, too) and accounts."""
    numbers = session.sql("select payment_no from payment_order where id = any(:orders)", orders=list(orders))
    sums = session.sql(
        "select id from payment_suspense where id = any(cast(:ids as bigint[])) or order_id = any(:orders)",
        ids=list(suspense),
        orders=list(orders),
    )
    waiting = sums.scalars().all()
    for statement in _STRIKE:
        session.sql(statement, ids=list(waiting))
    paid = [Span(f"payment:{number}") for number in numbers.scalars()]
    casework.strike_reasons(session, about=[*about, *paid, *(Span(f"suspense:{each}") for each in waiting)])


def _told_of(session: ReadSession, user_id: UUID) -> dict[str, list[str]]:
    """The numbers of a person's payments and refunds, by who may have told of them."""
    found: dict[str, list[str]] = {}
    for row in session.sql(_TOLD_OF, user_id=user_id):
        for source in merchants.sources_of(row.provider, row.merchant):
            found.setdefault(source, []).append(row.no)
    return found
