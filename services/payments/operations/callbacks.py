"""Callbacks: those that failed to apply are done again, those that were forged are counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from core import inbox
from core.db import ReadSession, WriteSession, statement
from core.inbox import Callback
from services.payments import queries
from services.payments.operations.booking import Effect, PaidFacts, apply_provider_result, paid_facts, settling
from services.payments.operations.returning import apply_refund_result
from services.payments.ports import PROVIDERS, Notice, TradeState

TAKE_NOTICES: Final = statement(__package__, "take_notices.sql")
_PAYER_IS_ERASED: Final = statement(__package__, "payer_is_erased.sql")


@dataclass(frozen=True, slots=True)
class Heard:
    """A verified callback as it came, and when."""

    source: str
    notice: Notice
    body: bytes
    now: datetime


@dataclass(frozen=True, slots=True)
class PlainlyPaid:
    """A callback that says PAID, with its facts."""

    heard: Heard
    facts: PaidFacts


def apply_stored(session: WriteSession, *, source: str, now: datetime) -> bool | None:
    """Apply the oldest callback of a provider that is due again; None when there is none, else whether it worked."""
    callback = inbox.claim_due(session, source=source)
    if callback is None:
        return None
    is_applied = inbox.apply(session, callback, partial(_apply, now=now))
    if is_applied:
        keep_or_empty(session, source=source, subject=callback.subject)
    return is_applied


def plainly_paid(heard: Heard) -> PlainlyPaid | None:
    """What TAKE_NOTICES needs of a callback; None when it tells of no payment.

    The statement keeps callbacks and books what they say was paid. For each it answers true when nothing is left to
    do; else `receive_notice` goes on from where it stopped.
    """
    result = heard.notice.result
    if result is None or result.state is not TradeState.PAID:
        return None
    try:
        return PlainlyPaid(heard, paid_facts(result))
    except ValueError:
        return None  # `receive_notice` keeps the evidence


def take_params(paid: Sequence[PlainlyPaid]) -> dict[str, object]:
    """Parameters of TAKE_NOTICES."""
    return {
        "sources": [each.heard.source for each in paid],
        "external_ids": [each.heard.notice.id for each in paid],
        "bodies": [each.heard.body for each in paid],
        "providers": [each.facts.provider for each in paid],
        "out_trade_nos": [each.facts.out_trade_no for each in paid],
        "transaction_ids": [each.facts.transaction_id for each in paid],
        "amounts": [each.facts.amount.minor for each in paid],
        "currencies": [each.facts.amount.currency for each in paid],
        "paid_at": [each.facts.paid_at for each in paid],
        "now": [each.heard.now for each in paid],
        "merchants": [each.facts.merchant for each in paid],
        **settling(),
    }


def receive_notice(session: WriteSession, *, source: str, notice: Notice, body: bytes, now: datetime) -> bool:
    """Keep a verified callback once and apply it; a failure leaves it to `apply_stored`. Acknowledge after the commit.

    Answers whether it is applied now.
    """
    subject = _subject(notice)
    callback = inbox.receive(session, source=source, external_id=notice.id, body=body, subject=subject)
    is_applied = inbox.apply(session, callback, partial(_apply_notice, notice=notice, now=now))
    if is_applied:
        keep_or_empty(session, source=source, subject=subject)
    return is_applied


def keep_or_empty(session: WriteSession, *, source: str, subject: str | None) -> None:
    """Empty an applied callback about a payment whose payer is erased: it names them again.

    The statement that books what is plainly paid needs no such look: nobody is erased while an order of theirs is open.
    """
    if subject is not None and session.sql(_PAYER_IS_ERASED, number=subject).scalar_one():
        inbox.empty(session, source=source, subjects=[subject])


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


def _apply(session: WriteSession, callback: Callback, *, now: datetime) -> str:
    notice = PROVIDERS.get()[callback.source].read_stored(callback.body)
    return _apply_notice(session, callback, notice=notice, now=now)


def _apply_notice(session: WriteSession, _callback: Callback, *, notice: Notice, now: datetime) -> str:
    if notice.refund is not None:
        return apply_refund_result(session, result=notice.refund, now=now).value
    if notice.result is None:
        return Effect.NOTHING.value
    return apply_provider_result(session, result=notice.result, now=now).effect.value


def _subject(notice: Notice) -> str | None:
    if notice.refund is not None:
        return notice.refund.out_refund_no
    return None if notice.result is None else notice.result.out_trade_no
