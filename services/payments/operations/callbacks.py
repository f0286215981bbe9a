"""Callbacks: those that failed to apply are done again, those that were forged are counted."""

from datetime import datetime
from functools import partial

from core import inbox
from core.db import WriteSession
from core.inbox import Callback
from services.payments.operations.booking import apply_provider_result
from services.payments.ports import PROVIDERS, ProviderResult


def apply_stored(session: WriteSession, *, source: str, now: datetime) -> bool | None:
    """Apply the oldest callback of a provider that is due again; None when there is none, else whether it worked."""
    callback = inbox.claim_due(session, source=source)
    if callback is None:
        return None
    return inbox.apply(session, callback, partial(_apply, now=now))


def apply_result(session: WriteSession, _callback: Callback, *, result: ProviderResult | None, now: datetime) -> None:
    """The work of a verified callback, for `core.inbox.apply`."""
    if result is not None:
        apply_provider_result(session, result=result, now=now)


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
    apply_result(session, callback, result=notice.result, now=now)
