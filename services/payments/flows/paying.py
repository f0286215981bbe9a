"""Work around calls of a provider: starting, trying again, asking, closing. No transaction is open during a call.

The recovery point of every flow is the attempt: its number and the bytes of its request are committed before the first
call, so that whoever comes next, the same client or a job, repeats exactly the same.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from core import faults
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import Database, ReadSession, WriteSession
from services.identity import flows as identity_flows
from services.identity import queries as identity
from services.identity.errors import WechatAppUnknown, WechatCodeWrong, WechatRefused
from services.payments import operations, queries
from services.payments.errors import (
    AttemptInDoubt,
    PaymentFinal,
    PaymentUnknown,
    ProviderRefused,
    ProviderUnavailable,
    WechatPayerUnknown,
)
from services.payments.models import AttemptState
from services.payments.operations import Applied, Effect, Wanted
from services.payments.ports import (
    AlreadyPaid,
    CloseOutcome,
    Method,
    OutcomeInDoubt,
    Payer,
    PaymentProvider,
    ProviderResult,
    Refused,
    Throttled,
    TradeState,
)
from services.payments.queries import AttemptView, PaymentView, merchants
from services.payments.rules import LIVING

log = structlog.get_logger(__name__)

UNREACHABLE: Final = "UNREACHABLE"
RETRY_AFTER_S: Final = 30


@dataclass(frozen=True, slots=True)
class Started:
    """A payment and what the payer's device needs for it: None when it is final, or the provider's answer was lost."""

    payment: PaymentView
    pay: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Again:
    """Another try. None keeps what the latest attempt had."""

    amount_minor: int | None
    bill_nos: tuple[str, ...] | None
    method: Method | None
    payer: Payer
    description: str
    partial_allowed: bool
    most_major: int


@dataclass(frozen=True, slots=True)
class Asked:
    """How many attempts one round asked about, and whether it ended with more of them due."""

    attempts: int
    may_have_more: bool


def start_payment(db: Database, *, vault: Vault, wanted: Wanted, payment_no: str, now: datetime) -> Started:
    """Make an order and have it prepared by its provider.

    `payment_no` names the order: called again with it, whatever happened in between, the flow goes on with the same
    number and the same bytes. When the provider's answer is lost the payment is `unknown` and `pay` is None: jobs and
    `retry_payment` repeat.
    Raises what `operations.open_order` raises, WechatPayerUnknown and WechatBusy for who pays inside WeChat,
    ProviderUnavailable (nothing has happened) and ProviderRefused.
    """
    wanted = _with_payer(db, vault=vault, wanted=wanted, payment_no=payment_no)
    faults.point("payments.start.payer_known")
    with db.write() as session:
        attempt_id = operations.open_order(session, vault=vault, wanted=wanted, payment_no=payment_no, now=now)
        attempt = queries.attempt(session, attempt_id=attempt_id)
        if attempt is not None and attempt.state is AttemptState.CREATED:
            _refuse_open_circuit(session, provider=attempt.source, now=now)
        faults.point("payments.start.before_order")
    faults.point("payments.start.ordered")
    _prepare(db, vault=vault, attempt_id=attempt_id, now=now)
    return _started(db, payment_no=payment_no, user_id=wanted.user_id, now=now)


def retry_payment(
    db: Database, *, vault: Vault, user_id: UUID, payment_no: str, again: Again, now: datetime
) -> Started:
    """Go on with a payment: the same number while nothing changes, else a new one once the old is closed.

    Raises PaymentUnknown, PaymentFinal, AttemptInDoubt (the old number may still be paid), and what `start_payment`
    raises.
    """
    with db.write() as session:
        payment = _seen(session, payment_no=payment_no, user_id=user_id, now=now)
        latest = queries.latest_attempt(session, payment_no=payment_no)
        if latest is None or payment.state in {"paid", "suspended"}:
            raise PaymentFinal
        is_same = _is_same(payment, latest, again, now=now)
        for source in _called_by(session, latest, again.method, is_same=is_same, now=now):
            _refuse_open_circuit(session, provider=source, now=now)
    faults.point("payments.retry.decided")
    if is_same:
        _prepare(db, vault=vault, attempt_id=latest.id, now=now)
        return _started(db, payment_no=payment_no, user_id=user_id, now=now)
    wanted = Wanted(
        user_id=user_id,
        account_no=None if len(payment.account_nos) > 1 else payment.account_no,
        account_nos=payment.account_nos if len(payment.account_nos) > 1 else (),
        quote_id=None,
        amount_minor=payment.amount.minor if again.amount_minor is None else again.amount_minor,
        bill_nos=latest.chosen_nos if again.bill_nos is None else again.bill_nos,
        method=again.method or latest.method,
        payer=again.payer,
        description=again.description,
        partial_allowed=again.partial_allowed,
        most_major=again.most_major,
    )
    wanted = _with_payer(db, vault=vault, wanted=wanted)
    faults.point("payments.retry.payer_known")
    if latest.state in LIVING:
        try:
            applied = close_attempt(db, attempt=latest, now=now)
        except (OutcomeInDoubt, Throttled) as error:
            raise AttemptInDoubt from error
        if applied.state is AttemptState.PAID:
            return _started(db, payment_no=payment_no, user_id=user_id, now=now)
    faults.point("payments.retry.closed")
    with db.write() as session:
        attempt_id = operations.add_attempt(session, vault=vault, wanted=wanted, payment_no=payment_no, now=now)
    faults.point("payments.retry.added")
    _prepare(db, vault=vault, attempt_id=attempt_id, now=now)
    return _started(db, payment_no=payment_no, user_id=user_id, now=now)


def give_up_payment(db: Database, *, user_id: UUID, payment_no: str, address: str, now: datetime) -> PaymentView:
    """Close a payment that its payer will not pay; one that was paid meanwhile is paid, one that is over stays so.

    While the provider does not answer, the payment is `unknown`, and jobs close it. Raises PaymentUnknown.
    """
    faults.point("payments.give_up.before_note")
    with db.write() as session:
        _seen(session, payment_no=payment_no, user_id=user_id, now=now)
        operations.give_up(session, payment_no=payment_no, actor=Actor(f"user:{user_id}", address), now=now)
        latest = queries.latest_attempt(session, payment_no=payment_no)
    faults.point("payments.give_up.noted")
    if latest is not None and latest.state in LIVING:
        try:
            close_attempt(db, attempt=latest, now=now)
        except (OutcomeInDoubt, Throttled):
            log.info("close_put_off", attempt_id=str(latest.id))
    return _started(db, payment_no=payment_no, user_id=user_id, now=now).payment


def check_payment(db: Database, *, vault: Vault, user_id: UUID, payment_no: str, now: datetime) -> PaymentView:
    """The payer wants to know: ask the provider now, unless somebody asked a moment ago. Raises PaymentUnknown."""
    with db.write() as session:
        payment = _seen(session, payment_no=payment_no, user_id=user_id, now=now)
        latest = queries.latest_attempt(session, payment_no=payment_no)
        if payment.is_final or latest is None or not operations.claim_one(session, attempt_id=latest.id, now=now):
            return payment
    faults.point("payments.look.claimed")
    check_attempt(db, vault=vault, attempt_id=latest.id, now=now)
    with db.read() as session:
        return _seen(session, payment_no=payment_no, user_id=user_id, now=now)


def look_into(
    db: Database, *, vault: Vault, payment_no: str, staff_id: UUID, actor: Actor, now: datetime
) -> Applied | None:
    """A member of staff wants to know: ask the provider now; answers what that changed, None when asked a moment ago.

    Raises PaymentUnknown where they may not.
    """
    faults.point("payments.look_into.before_claim")
    with db.write() as session:
        claimed = operations.claim_question(session, payment_no=payment_no, staff_id=staff_id, actor=actor, now=now)
    faults.point("payments.look_into.claimed")
    if claimed is None:
        return None
    applied = Applied(Effect.NOTHING)
    for attempt_id in claimed:
        applied = check_attempt(db, vault=vault, attempt_id=attempt_id, now=now)
    return applied


def check_due(db: Database, *, vault: Vault, now: datetime, limit: int = 50, budget_s: int = 10) -> Asked:
    """Ask about attempts whose question is due, at most `limit` and for `budget_s` seconds.

    The budget leaves the last question, with its close, the time that a task has. Ends at the first question that is
    not answered: a job has less time than several providers may let it wait. One that nobody can ask takes no time.
    """
    stop = time.monotonic() + budget_s
    for done in range(limit):
        if time.monotonic() >= stop:
            return Asked(done, may_have_more=True)
        faults.point("payments.sweep.before_claim")
        with db.write() as session:
            claimed = operations.claim_due(session, limit=1)
        if not claimed:
            return Asked(done, may_have_more=False)
        faults.point("payments.sweep.claimed")
        try:
            applied = check_attempt(db, vault=vault, attempt_id=claimed[0], now=now)
        except Exception:  # one attempt's trouble is not the others'; its lease brings it back
            log.exception("check_failed", attempt_id=str(claimed[0]))
            continue
        if applied.effect is Effect.PUT_OFF and _is_described(db, attempt_id=claimed[0]):
            return Asked(done + 1, may_have_more=False)
    return Asked(limit, may_have_more=True)


def check_attempt(db: Database, *, vault: Vault, attempt_id: UUID, now: datetime) -> Applied:
    """Bring one attempt forward: repeat a lost call, ask for its state, close it at its end and ask again.

    Never raises for what the provider does: a question without an answer is put off, with growing waits, and a provider
    that fails again and again is left alone for a while.
    """
    with db.write() as session:
        attempt = queries.attempt(session, attempt_id=attempt_id)
        if attempt is None:
            return Applied(Effect.NOTHING)
        wait_s = operations.circuit_wait_s(session, provider=attempt.source, now=now)
        if wait_s is not None:
            operations.put_off(session, attempt_id=attempt_id, retry_after_s=wait_s, now=now)
            return Applied(Effect.PUT_OFF, attempt_id, attempt.state)
    try:
        if attempt.state in LIVING and now >= attempt.expires_at:
            return close_attempt(db, attempt=attempt, now=now)
        if attempt.state in {AttemptState.CREATED, AttemptState.UNKNOWN}:
            return _repeat(db, vault=vault, attempt=attempt, now=now)
        return _ask(db, attempt=attempt, now=now)
    except (OutcomeInDoubt, Throttled) as error:
        faults.point("payments.check.unanswered")
        with db.write() as session:
            operations.put_off(
                session, attempt_id=attempt_id, retry_after_s=getattr(error, "retry_after_s", None), now=now
            )
        return Applied(Effect.PUT_OFF, attempt_id, attempt.state)


def _is_described(db: Database, *, attempt_id: UUID) -> bool:
    """Whether settings describe the merchant account of an attempt."""
    with db.read() as session:
        attempt = queries.attempt(session, attempt_id=attempt_id)
    return attempt is not None and attempt.source in merchants.sources()


def close_attempt(db: Database, *, attempt: AttemptView, now: datetime) -> Applied:
    """Close an attempt at its provider, ask again, and apply the answer: paid in between is paid.

    Raises OutcomeInDoubt and Throttled when nobody knows; the attempt lives on then.
    """
    provider = known_provider(db, attempt.source, now=now)
    faults.point("payments.close.before_call")
    try:
        outcome = provider.close(attempt.out_trade_no)
    except (OutcomeInDoubt, Throttled):
        failed(db, attempt.source, now=now)
        raise
    faults.point("payments.close.called")
    try:
        result = provider.query(attempt.out_trade_no)
    except (OutcomeInDoubt, Throttled):
        failed(db, attempt.source, now=now)
        if outcome is not CloseOutcome.CLOSED:
            raise
        result = ProviderResult(attempt.provider, attempt.out_trade_no, TradeState.CLOSED, merchant=attempt.merchant)
    if outcome is CloseOutcome.CLOSED and result.state in {TradeState.WAITING, TradeState.MISSING}:
        result = replace(result, state=TradeState.CLOSED)
    # Nobody was ever given a way to pay this number, and the provider does not know it.
    if attempt.answer is None and outcome is CloseOutcome.MISSING and result.state is TradeState.MISSING:
        result = replace(result, state=TradeState.CLOSED)
    return _apply(db, result, now=now)


def refresh_keys(db: Database, *, source: str, now: datetime) -> int:
    """Fetch the certificates of a provider that hands them out; answers how many. Raises as `PaymentProvider` does."""
    provider = known_provider(db, source, now=now)
    if not provider.renews_keys:
        return 0
    faults.point("payments.keys.before_call")
    keys = provider.fetch_keys()
    faults.point("payments.keys.called")
    with db.write() as session:
        operations.keep_keys(session, provider=source, keys=keys)
    faults.point("payments.keys.kept")
    provider.trust(keys)
    return len(keys)


def _with_payer(db: Database, *, vault: Vault, wanted: Wanted, payment_no: str | None = None) -> Wanted:
    """Find out who pays inside WeChat: by a fresh code, else by the WeChat that this person signs in by.

    A payment that is known already goes on with whoever it was made for: a code is good once.
    """
    payer = wanted.payer
    if wanted.method is not Method.WECHAT_JSAPI or payer.openid is not None or payer.appid is None:
        return wanted
    with db.read() as session:
        if payment_no is not None and queries.latest_attempt(session, payment_no=payment_no) is not None:
            return wanted
        openid = identity.openid_of(session, vault=vault, user_id=wanted.user_id, appid=payer.appid)
    if payer.code is not None:
        try:
            openid = identity_flows.payer_of_code(appid=payer.appid, code=payer.code).openid
        except (WechatAppUnknown, WechatCodeWrong, WechatRefused) as error:
            raise WechatPayerUnknown from error
    if openid is None:
        raise WechatPayerUnknown
    return replace(wanted, payer=replace(payer, openid=openid))


def _prepare(db: Database, *, vault: Vault, attempt_id: UUID, now: datetime) -> None:
    """Have a living attempt prepared, unless that is done. The provider's refusal is written, then raised."""
    with db.read() as session:
        attempt = queries.attempt(session, attempt_id=attempt_id)
        if attempt is None or not _needs_preparing(attempt, now=now):
            return
        request = operations.open_request(session, vault=vault, attempt_id=attempt_id)
    try:
        provider = known_provider(db, attempt.source, now=now)
        faults.point("payments.prepare.before_call")
        answer = provider.prepare(attempt.method, request)
    except OutcomeInDoubt:
        faults.point("payments.prepare.unanswered")
        with db.write() as session:
            operations.keep_doubt(session, attempt_id=attempt_id, now=now)
            operations.note_failure(session, provider=attempt.source, now=now)
        return
    except AlreadyPaid:
        _ask_quietly(db, attempt=attempt, now=now)
        return
    except Throttled as error:
        _keep_unreached(db, attempt=attempt, now=now)
        raise ProviderUnavailable(retry_after_s=error.retry_after_s or RETRY_AFTER_S) from error
    except Refused as error:
        if attempt.answer is not None:  # what was prepared once ends by a signed answer, never by a refused repetition
            _ask_quietly(db, attempt=attempt, now=now)
            return
        faults.point("payments.prepare.refused")
        with db.write() as session:
            operations.keep_refusal(session, attempt_id=attempt_id, reason=error.reason, now=now)
            operations.note_answer(session, provider=attempt.source)  # a refusal is an answer, too
        raise ProviderRefused(reason=error.reason) from error
    faults.point("payments.prepare.called")
    with db.write() as session:
        operations.keep_answer(session, attempt_id=attempt_id, answer=answer, now=now)
        operations.note_answer(session, provider=attempt.source)
    faults.point("payments.prepare.kept")


def _needs_preparing(attempt: AttemptView, *, now: datetime) -> bool:
    """Whether the provider has to be called. An H5 address lives five minutes: the same bytes earn a fresh one."""
    if attempt.state not in LIVING or now >= attempt.expires_at:
        return False
    return attempt.answer is None or attempt.method is Method.WECHAT_H5


def _called_by(
    session: ReadSession, latest: AttemptView, method: Method | None, *, is_same: bool, now: datetime
) -> list[str]:
    """Whom another try calls: who closes the latest attempt, and who takes the money by now, maybe not the same."""
    if is_same:
        return [latest.source] if _needs_preparing(latest, now=now) else []
    takers = merchants.sources_again(session, attempt_id=latest.id, method=method or latest.method)
    return sorted(takers | {latest.source} if latest.state in LIVING else takers)


def _refuse_open_circuit(session: WriteSession, *, provider: str, now: datetime) -> None:
    """Raise ProviderUnavailable while nobody should call this provider."""
    wait_s = operations.circuit_wait_s(session, provider=provider, now=now)
    if wait_s is not None:
        raise ProviderUnavailable(retry_after_s=wait_s)


def _keep_unreached(db: Database, *, attempt: AttemptView, now: datetime) -> None:
    """The call did not arrive; an earlier one with an unknown end may have."""
    faults.point("payments.prepare.unreached")
    with db.write() as session:
        operations.note_failure(session, provider=attempt.source, now=now)
        if attempt.state is AttemptState.CREATED:
            operations.keep_refusal(session, attempt_id=attempt.id, reason=UNREACHABLE, now=now)


def _repeat(db: Database, *, vault: Vault, attempt: AttemptView, now: datetime) -> Applied:
    """A job goes on where a client's call was cut; what the provider refuses is written, and nobody is told here."""
    try:
        _prepare(db, vault=vault, attempt_id=attempt.id, now=now)
    except (ProviderRefused, ProviderUnavailable) as refusal:
        log.info("repeat_refused", attempt_id=str(attempt.id), code=refusal.code)
    faults.point("payments.repeat.before_look")
    with db.write() as session:
        known = queries.attempt(session, attempt_id=attempt.id)
        state = attempt.state if known is None else known.state
        if state in {AttemptState.CREATED, AttemptState.UNKNOWN}:
            operations.put_off(session, attempt_id=attempt.id, retry_after_s=None, now=now)
            return Applied(Effect.PUT_OFF, attempt.id, state)
    return Applied(Effect.NOTHING, attempt.id, state)


def _ask(db: Database, *, attempt: AttemptView, now: datetime) -> Applied:
    provider = known_provider(db, attempt.source, now=now)
    faults.point("payments.check.before_call")
    try:
        result = provider.query(attempt.out_trade_no)
    except (OutcomeInDoubt, Throttled):
        failed(db, attempt.source, now=now)
        raise
    faults.point("payments.check.called")
    return _apply(db, result, now=now)


def _ask_quietly(db: Database, *, attempt: AttemptView, now: datetime) -> None:
    try:
        _ask(db, attempt=attempt, now=now)
    except (OutcomeInDoubt, Throttled):
        log.info("question_put_off", attempt_id=str(attempt.id))


def _apply(db: Database, result: ProviderResult, *, now: datetime) -> Applied:
    with db.write() as session:
        applied = operations.apply_provider_result(session, result=result, now=now)
        operations.note_answer(session, provider=result.source)
        faults.point("payments.apply.before_commit")
    faults.point("payments.apply.committed")
    return applied


def failed(db: Database, source: str, *, now: datetime) -> None:
    """Note that a provider gave no answer."""
    faults.point("payments.failure.before_note")
    with db.write() as session:
        operations.note_failure(session, provider=source, now=now)
    faults.point("payments.failure.noted")


def known_provider(db: Database, source: str, *, now: datetime) -> PaymentProvider:
    """A provider that knows every certificate that any process of ours has fetched.

    Raises OutcomeInDoubt for a merchant account that settings describe no more: as long as it is away nobody can ask.
    """
    try:
        provider = merchants.provider(source)
    except KeyError as error:
        raise OutcomeInDoubt(source) from error
    if provider.renews_keys:
        with db.read() as session:
            provider.trust(queries.provider_keys(session, name=source, now=now))
    return provider


def _seen(session: ReadSession, *, payment_no: str, user_id: UUID, now: datetime) -> PaymentView:
    payment = queries.payment(session, payment_no=payment_no, user_id=user_id, now=now)
    if payment is None:
        raise PaymentUnknown
    return payment


def _started(db: Database, *, payment_no: str, user_id: UUID, now: datetime) -> Started:
    with db.read() as session:
        payment = _seen(session, payment_no=payment_no, user_id=user_id, now=now)
        pay = None if payment.is_final else queries.instructions(session, payment_no=payment_no, now=now)
    return Started(payment, pay)


def _is_same(payment: PaymentView, latest: AttemptView, again: Again, *, now: datetime) -> bool:
    nos = latest.chosen_nos or tuple(part.no for part in payment.parts if part.no is not None)
    return (
        latest.state in LIVING
        and now < latest.expires_at
        and again.amount_minor in {None, latest.amount.minor}
        and again.method in {None, latest.method}
        and (again.bill_nos is None or set(again.bill_nos) == set(nos))
    )
