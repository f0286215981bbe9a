"""What payments know of a payer. Amounts, states and times are the books' and stay; who it was does not."""

import hashlib
from datetime import datetime
from uuid import UUID

from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession
from core.errors import Json
from services.payments.operations.orders import seal_request

_ATTEMPTS = """
select a.id from payment_attempt a join payment_order o on o.id = a.order_id
where o.payer_user_id = :user_id order by a.id
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
        """While a payment is under way its provider may still ask what was wanted."""
        return bool(
            session.sql(
                """select exists (select from payment_order o join payment_attempt a on a.order_id = o.id
                   where o.payer_user_id = :id and a.state in ('created', 'prepared', 'pending', 'unknown'))""",
                id=user_id,
            ).scalar_one()
        )

    def erase(self, session: WriteSession, *, vault: Vault, user_id: UUID, now: datetime) -> None:  # noqa: ARG002 -- as above
        """Empty what was sent to providers (it may hold an openid or an address); forget quotes and wrong guesses."""
        attempts = session.sql(_ATTEMPTS, user_id=user_id).scalars().all()
        session.sql(
            """update payment_attempt a set request_sealed = e.sealed, request_hash = :hash, answer = null
               from unnest(cast(:ids as uuid[]), cast(:sealed as bytea[])) e (id, sealed) where a.id = e.id""",
            ids=list(attempts),
            sealed=[seal_request(vault, each, _NOTHING) for each in attempts],
            hash=hashlib.sha256(_NOTHING).digest(),
        )
        session.sql("delete from payment_quote_failure where user_id = :id", id=user_id)
        session.sql(
            """delete from payment_quote q where user_id = :id
               and not exists (select from payment_order o where o.quote_id = q.id)""",
            id=user_id,
        )
