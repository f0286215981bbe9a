"""Callbacks: those that failed to apply are done again, those that were forged are counted."""

from datetime import datetime
from functools import partial
from typing import Final

from core import inbox
from core.db import ReadSession, WriteSession, statement
from core.inbox import Callback
from services.payments import queries
from services.payments.operations.booking import apply_provider_result, paid_params
from services.payments.ports import PROVIDERS, Notice, ProviderResult, TradeState

TAKE_PAID: Final = statement("services.payments", "take_paid.sql")


def apply_stored(session: WriteSession, *, source: str, now: datetime) -> bool | None:
    """Apply the oldest callback of a provider that is due again; None when there is none, else whether it worked."""
    callback = inbox.claim_due(session, source=source)
    if callback is None:
        return None
    return inbox.apply(session, callback, partial(_apply, now=now))


def take(*, source: str, notice: Notice, body: bytes, now: datetime) -> dict[str, object] | None:
    """Parameters of TAKE_PAID, which keeps a callback and books what it says was paid; None when it says no such thing.

    The statement answers true when nothing is left to do; else `receive_notice` goes on from where it stopped.
    """
    result = notice.result
    if result is None or result.state is not TradeState.PAID:
        return None
    try:
        params = paid_params(result, now=now)
    except ValueError:
        return None  # `receive_notice` keeps the evidence
    return {"source": source, "external_id": notice.id, "body": body, **params}


def receive_notice(session: WriteSession, *, source: str, notice: Notice, body: bytes, now: datetime) -> bool:
    """Keep a verified callback once and apply it; a failure leaves it to `apply_stored`. Acknowledge after the commit.

    Answers whether it is applied now.
    """
    callback = inbox.receive(session, source=source, external_id=notice.id, body=body)
    return inbox.apply(session, callback, partial(_apply_result, result=notice.result, now=now))


def learn_keys(session: ReadSession, *, source: str, now: datetime) -> None:
    """Trust the certificates that another process has fetched meanwhile."""
    PROVIDERS.get()[source].trust(queries.provider_keys(session, name=source, now=now))


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
