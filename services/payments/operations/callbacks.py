"""Callbacks: those that failed to apply are done again, those that were forged are counted."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from core import inbox
from core.db import WriteSession
from core.inbox import Callback
from services.payments import queries
from services.payments.operations.booking import apply_provider_result
from services.payments.ports import PROVIDERS, Notice, ProviderResult


def apply_stored(session: WriteSession, *, source: str, now: datetime) -> bool | None:
    """Apply the oldest callback of a provider that is due again; None when there is none, else whether it worked."""
    callback = inbox.claim_due(session, source=source)
    if callback is None:
        return None
    return inbox.apply(session, callback, partial(_apply, now=now))


def receive_notice(session: WriteSession, *, source: str, notice: Notice, body: bytes, now: datetime) -> bool:
    """Keep a verified callback once and apply it; a failure leaves it to `apply_stored`. Acknowledge after the commit.

    Answers whether it is applied now.
    """
    callback = inbox.receive(session, source=source, external_id=notice.id, body=body)
    return inbox.apply(session, callback, partial(_apply_result, result=notice.result, now=now))


def read_with_new_keys(
    session: WriteSession, *, source: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> Notice:
    """Verify again with certificates that another process has fetched meanwhile. Raises CallbackRefused."""
    provider = PROVIDERS.get()[source]
    provider.trust(queries.provider_keys(session, name=source, now=now))
    return provider.read_notice(headers, body, now=now)


def count_refusal(session: WriteSession, *, source: str, reason: str, now: datetime) -> None:
    """Count a forged callback: a row per day, source and reason, whatever comes."""
    session.sql(
        """insert into payment_callback_refusal as r (day, source, reason, refusals) values (:day, :source, :reason, 1)
           on conflict (day, source, reason) do update set refusals = r.refusals + 1""",
        day=now.date(),
        source=source,
        reason=reason,
    )


def _apply(session: WriteSession, callback: Callback, *, now: datetime) -> None:
    notice = PROVIDERS.get()[callback.source].read_stored(callback.body)
    _apply_result(session, callback, result=notice.result, now=now)


def _apply_result(session: WriteSession, _callback: Callback, *, result: ProviderResult | None, now: datetime) -> None:
    if result is not None:
        apply_provider_result(session, result=result, now=now)
