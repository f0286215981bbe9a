"""Refunds around calls of their provider. No transaction is open during a call.

The recovery point is the refund: its number and the bytes of its request are committed with the decision, so that
whoever comes next asks for exactly the same. What a lost answer hides stays "being checked" until the provider's word.
"""

import time
from datetime import datetime
from uuid import UUID

import structlog

from core import faults
from core.db import Database
from services.payments import operations, rules
from services.payments.flows.paying import Asked, failed, known_provider
from services.payments.models import RefundState
from services.payments.operations import RefundEffect, RefundView
from services.payments.ports import (
    OutcomeInDoubt,
    PaymentProvider,
    RefundResult,
    RefundStatus,
    Refused,
    RefusedForNow,
    Throttled,
)

log = structlog.get_logger(__name__)


def check_refunds_due(db: Database, *, now: datetime, limit: int = 50, budget_s: int = 10) -> Asked:
    """Bring refunds forward whose turn has come, at most `limit` and for `budget_s` seconds.

    One refund's trouble is not the others': a refund that is put off makes room for the next.
    """
    stop = time.monotonic() + budget_s
    for done in range(limit):
        if time.monotonic() >= stop:
            return Asked(done, may_have_more=True)
        faults.point("payments.refund.before_claim")
        with db.write() as session:
            claimed = operations.claim_refunds(session, limit=1)
        if not claimed:
            return Asked(done, may_have_more=False)
        faults.point("payments.refund.claimed")
        try:
            check_refund(db, refund_id=claimed[0], now=now)
        except Exception:  # one refund's trouble is not the others'; its lease brings it back
            log.exception("refund_check_failed", refund_id=str(claimed[0]))
    return Asked(limit, may_have_more=True)


def check_refund(db: Database, *, refund_id: UUID, now: datetime) -> RefundEffect:
    """Ask for one refund, or how it stands. Never raises for what the provider does.

    The provider is asked for the same under the same number until it says that it took it; after that it is asked how
    it stands. A refusal ends a refund at once when no earlier call can have been taken, else only when the provider has
    known nothing of it for a day.
    """
    with db.write() as session:
        refund = operations.begin_call(session, refund_id=refund_id, now=now)
        if refund is None:
            return RefundEffect.NOTHING
        wait_s = operations.circuit_wait_s(session, provider=refund.source, now=now)
    if wait_s is not None:
        return _put_off(db, refund, now=now, is_settled=not refund.is_doubtful, retry_after_s=wait_s)
    try:
        return _ask(db, refund, now=now)
    except OutcomeInDoubt:
        faults.point("payments.refund.unanswered")
        failed(db, refund.source, now=now)
        return _put_off(db, refund, now=now, is_settled=False)
    except Throttled as error:
        faults.point("payments.refund.unreached")
        failed(db, refund.source, now=now)
        return _put_off(db, refund, now=now, is_settled=not refund.is_doubtful, retry_after_s=error.retry_after_s)


def _ask(db: Database, refund: RefundView, *, now: datetime) -> RefundEffect:
    try:
        provider = known_provider(db, refund.source, now=now)
    except OutcomeInDoubt as error:  # nothing was sent
        raise Throttled(refund.source) from error
    faults.point("payments.refund.before_call")
    try:
        result = _call(provider, refund)
    except RefusedForNow as error:
        return _put_off(db, refund, now=now, is_settled=not refund.is_doubtful, reason=error.reason)
    except Refused as error:
        return _refused(db, provider, refund, error, now=now)
    faults.point("payments.refund.called")
    return _apply(db, result, now=now)


def _call(provider: PaymentProvider, refund: RefundView) -> RefundResult:
    if refund.state is RefundState.APPROVED:
        return provider.refund(refund.request)
    return provider.query_refund(refund.out_refund_no)


def _refused(
    db: Database, provider: PaymentProvider, refund: RefundView, error: Refused, *, now: datetime
) -> RefundEffect:
    """A refusal is not signed: where an earlier call may have been taken, the provider's word about it decides."""
    if refund.unanswered_since is not None:
        faults.point("payments.refund.doubted")
        result = provider.query_refund(refund.out_refund_no)
        if result.status is not RefundStatus.MISSING:
            return _apply(db, result, now=now)
        if now < refund.unanswered_since + rules.DOUBT_ENDS:
            return _put_off(db, refund, now=now, is_settled=False, reason=error.reason)
    faults.point("payments.refund.refused")
    with db.write() as session:
        effect = operations.keep_refund_refusal(
            session, out_refund_no=refund.out_refund_no, reason=error.reason, now=now
        )
        operations.note_answer(session, provider=refund.source)
    return effect


def _put_off(
    db: Database,
    refund: RefundView,
    *,
    now: datetime,
    is_settled: bool,
    reason: str | None = None,
    retry_after_s: int | None = None,
) -> RefundEffect:
    faults.point("payments.refund.before_put_off")
    with db.write() as session:
        operations.put_refund_off(
            session, refund_id=refund.id, is_settled=is_settled, reason=reason, retry_after_s=retry_after_s, now=now
        )
    return RefundEffect.PUT_OFF


def _apply(db: Database, result: RefundResult, *, now: datetime) -> RefundEffect:
    with db.write() as session:
        effect = operations.apply_refund_result(session, result=result, now=now)
        operations.note_answer(session, provider=result.source)
        faults.point("payments.refund.before_commit")
    faults.point("payments.refund.applied")
    return effect
