"""What payments know of a payer. Amounts, states and times are the books' and stay; who it was does not."""

import hashlib
from datetime import datetime
from uuid import UUID

from core import inbox
from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession
from core.errors import Json
from services.payments.operations.orders import seal_request

_ATTEMPTS = """
select a.id from payment_attempt a join payment_order o on o.id = a.order_id
where o.payer_user_id = :user_id order by a.id
"""
_TOLD_OF = """
select a.provider, a.out_trade_no as no from payment_attempt a join payment_order o on o.id = a.order_id
where o.payer_user_id = :user_id
union
select r.provider, r.out_refund_no
from payment_refund r join payment_suspense s on s.id = r.suspense_id join payment_order o on o.id = s.order_id
where o.payer_user_id = :user_id
"""
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
            inbox.has_waiting(session, source=provider, subjects=numbers)
            for provider, numbers in _told_of(session, user_id).items()
        ) or bool(
            session.sql(
                """select exists (select from payment_order o join payment_attempt a on a.order_id = o.id
                   where o.payer_user_id = :id and a.state in ('created', 'prepared', 'pending', 'unknown'))""",
                id=user_id,
            ).scalar_one()
        )

    def erase(self, session: WriteSession, *, vault: Vault, user_id: UUID, now: datetime) -> None:  # noqa: ARG002 -- as above
        """Empty what was sent to providers and what they told (an openid, an address, a bank); forget quotes.

        Wrong guesses go, too. What they tell later is emptied as soon as it is applied: `callbacks.keep_or_empty`.
        """
        attempts = session.sql(_ATTEMPTS, user_id=user_id).scalars().all()
        session.sql(
            """update payment_attempt a set request_sealed = e.sealed, request_hash = :hash, answer = null
               from unnest(cast(:ids as uuid[]), cast(:sealed as bytea[])) e (id, sealed) where a.id = e.id""",
            ids=list(attempts),
            sealed=[seal_request(vault, each, _NOTHING) for each in attempts],
            hash=hashlib.sha256(_NOTHING).digest(),
        )
        for provider, numbers in _told_of(session, user_id).items():
            inbox.empty(session, source=provider, subjects=numbers)
        session.sql("delete from payment_quote_failure where user_id = :id", id=user_id)
        session.sql(
            """delete from payment_quote q where user_id = :id
               and not exists (select from payment_order o where o.quote_id = q.id)""",
            id=user_id,
        )


def _told_of(session: ReadSession, user_id: UUID) -> dict[str, list[str]]:
    """The numbers of a person's payments and refunds, by provider."""
    found: dict[str, list[str]] = {}
    for row in session.sql(_TOLD_OF, user_id=user_id):
        found.setdefault(row.provider, []).append(row.no)
    return found
