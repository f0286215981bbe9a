"""The one funnel: whatever a provider says of an attempt, by callback or when asked, is applied here."""

import enum
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog

from core import idempotency, outbox
from core.db import WriteSession
from core.ids import uuid7
from core.money import Money
from services.accounts.queries import AccountId
from services.ledger import operations as ledger
from services.ledger.chart import PREPAID, RECEIVABLE, SUSPENSE, BookId, OwnerKind, Source, clearing
from services.ledger.operations import Posting, Transaction
from services.payments import rules
from services.payments.events import PaymentAttemptClosed, PaymentBooked, PaymentSuspended
from services.payments.models import AttemptState, OrderState, PartOutcome, SuspenseReason
from services.payments.ports import PAYABLES, ProviderResult, TradeState
from services.payments.rules import AttemptEvent, OrderEvent

log = structlog.get_logger(__name__)


class Effect(enum.StrEnum):
    """What applying a result changed."""

    BOOKED = "booked"
    SUSPENDED = "suspended"
    ENDED = "ended"
    PUT_OFF = "put_off"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a result; no attempt when the number is not ours."""

    effect: Effect
    attempt_id: UUID | None = None
    state: AttemptState | None = None


@dataclass(frozen=True, slots=True)
class PaidFacts:
    """What a PAID result must tell."""

    provider: str
    out_trade_no: str
    transaction_id: str
    amount: Money
    paid_at: datetime
    merchant: str


@dataclass(frozen=True, slots=True)
class _Part:
    account_id: AccountId
    id: int
    book_id: BookId
    kind: str | None
    payable_id: int | None
    amount: Money
    taken: Money | None = None
    outcome: PartOutcome = PartOutcome.OPEN


def apply_provider_result(session: WriteSession, *, result: ProviderResult, now: datetime) -> Applied:
    """Apply a provider's proved word. Idempotent and monotone: repeated, late or out of order, the end is the same.

    PAID money is posted, payables are settled, PaymentBooked is told, all or nothing; money without a place is posted
    to suspense and PaymentSuspended told: so does money at another merchant account than the attempt's, whose number it
    names without right. A transaction that is booked for another number already is posted no second
    time: that this number was named for it, too, is kept as suspense without money. CLOSED and FAILED end a living
    attempt (PaymentAttemptClosed). WAITING and MISSING plan the next question.
    Locks the order, then its attempt, then books, then payables.
    """
    if result.state is TradeState.PAID:
        booked = _booked_plainly(session, paid=paid_facts(result), now=now)
        if booked is not None:
            return Applied(Effect.BOOKED, booked, AttemptState.PAID)
    locked = _lock(session, result=result)
    if locked is None:
        return _unknown_order(session, result=result, now=now)
    if result.state is TradeState.PAID:
        return _paid(session, attempt=locked, paid=paid_facts(result), now=now)
    event = _ending(result.state, expires_at=locked.expires_at, now=now)
    if event is None or AttemptState(locked.state) not in rules.LIVING:
        return _still(session, attempt=locked, state=result.state, now=now)
    return _ended(session, attempt=locked, event=event, now=now)


def _booked_plainly(session: WriteSession, *, paid: PaidFacts, now: datetime) -> UUID | None:
    booked: UUID | None = session.sql(
        """select payment_book(:provider, :out_trade_no, :transaction_id, :amount, :currency, :paid_at, :now,
             cast(:kinds as text[]), cast(:settles as text[]), :merchant)""",
        provider=paid.provider,
        out_trade_no=paid.out_trade_no,
        transaction_id=paid.transaction_id,
        amount=paid.amount.minor,
        currency=paid.amount.currency,
        paid_at=paid.paid_at,
        now=now,
        merchant=paid.merchant,
        **settling(),
    ).scalar_one()
    return booked


def settling() -> dict[str, object]:
    """The kinds of payables that settle in the database, and the SQL functions that do it."""
    payables = {kind: payable.settles_by for kind, payable in PAYABLES.get().items() if payable.settles_by}
    return {"kinds": list(payables), "settles": list(payables.values())}


def _lock(session: WriteSession, *, result: ProviderResult) -> sa.Row[Any] | None:
    """The attempt that a word is about, with its order; None for a number that is none of this merchant account's."""
    order = session.sql(
        """select id, state from payment_order
           where id = (select order_id from payment_attempt
             where out_trade_no = :no and provider = :provider and merchant = :merchant) for no key update""",
        no=result.out_trade_no,
        provider=result.provider,
        merchant=result.merchant,
    ).one_or_none()
    if order is None:
        return None
    return session.sql(
        """select a.id, a.order_id, a.provider, a.method, a.amount_minor, a.currency, a.state, a.expires_at,
             a.checks, a.transaction_id, cast(:order_state as text) as order_state, a.out_trade_no
           from payment_attempt a where a.out_trade_no = :no for no key update""",
        no=result.out_trade_no,
        order_state=order.state,
    ).one()


def paid_facts(result: ProviderResult) -> PaidFacts:
    """The facts of a PAID result; raises ValueError when one is missing."""
    if result.transaction_id is None or result.amount is None or result.paid_at is None or result.amount.minor <= 0:
        msg = "a paid result without its facts"
        raise ValueError(msg)
    return PaidFacts(
        result.provider, result.out_trade_no, result.transaction_id, result.amount, result.paid_at, result.merchant
    )


def _ending(state: TradeState, *, expires_at: datetime, now: datetime) -> AttemptEvent | None:
    """Whether this ends a living attempt. A provider may come to know what it does not: the payer is on its page."""
    match state:
        case TradeState.CLOSED:
            return AttemptEvent.CLOSED
        case TradeState.FAILED:
            return AttemptEvent.FAILED
        case TradeState.MISSING if now >= expires_at + rules.GRACE:
            return AttemptEvent.CLOSED
        case _:
            return None


def _still(session: WriteSession, *, attempt: sa.Row[Any], state: TradeState, now: datetime) -> Applied:
    """Nothing new: plan the next question of a living attempt, and none of an ended one."""
    known = AttemptState(attempt.state)
    following = known
    next_check_at = None
    if known in rules.LIVING:
        if state is TradeState.WAITING:
            following = rules.next_attempt_state(known, AttemptEvent.WAITING)
        next_check_at = rules.next_check(checks=attempt.checks, expires_at=attempt.expires_at, now=now)
    session.sql(
        """update payment_attempt set state = :state, checks = least(checks + 1, 32767), failures = 0,
             next_check_at = :next_check_at where id = :id""",
        state=following.value,
        next_check_at=next_check_at,
        id=attempt.id,
    )
    return Applied(Effect.NOTHING, attempt.id, following)


def _ended(session: WriteSession, *, attempt: sa.Row[Any], event: AttemptEvent, now: datetime) -> Applied:
    following = rules.next_attempt_state(AttemptState(attempt.state), event)
    session.sql(
        """update payment_attempt set state = :state, checks = 0, failures = 0, next_check_at = :next_check_at
           where id = :id""",
        state=following.value,
        next_check_at=now + rules.ASK_AFTER_END,
        id=attempt.id,
    )
    order_event = OrderEvent.FAILED if event is AttemptEvent.FAILED else OrderEvent.ENDED
    order_state = rules.next_order_state(OrderState(attempt.order_state), order_event)
    # An earlier attempt may end after a later one began: the order ends with the last.
    session.sql(
        """update payment_order set state = :state where id = :id and not exists (
             select from payment_attempt
             where order_id = :id and state in ('created', 'prepared', 'pending', 'unknown'))""",
        state=order_state.value,
        id=attempt.order_id,
    )
    outbox.add(session, PaymentAttemptClosed(order_id=str(attempt.order_id), attempt_id=str(attempt.id)))
    return Applied(Effect.ENDED, attempt.id, following)


def _paid(session: WriteSession, *, attempt: sa.Row[Any], paid: PaidFacts, now: datetime) -> Applied:
    if AttemptState(attempt.state) is AttemptState.PAID:
        if attempt.transaction_id == paid.transaction_id:
            return Applied(Effect.NOTHING, attempt.id, AttemptState.PAID)
        return _suspend_whole(
            session, paid=paid, attempt=attempt, reason=SuspenseReason.SECOND_TRANSACTION, source_id=uuid7(), now=now
        )
    if paid.amount != Money(attempt.amount_minor, attempt.currency):
        applied = _suspend_whole(
            session, paid=paid, attempt=attempt, reason=SuspenseReason.AMOUNT_DIFFERS, source_id=attempt.id, now=now
        )
        _mark_paid(session, attempt=attempt, paid=paid, event=OrderEvent.SUSPENDED, now=now)
        return replace(applied, state=AttemptState.PAID)
    try:
        _claim(session, paid=paid, owner=str(attempt.id))
    except idempotency.NameTaken:
        applied = _suspend_claimed(session, paid=paid, attempt=attempt, now=now)
        _mark_paid(session, attempt=attempt, paid=paid, event=OrderEvent.SUSPENDED, now=now)
        return replace(applied, state=AttemptState.PAID)
    parts = _settle_parts(session, attempt=attempt, now=now)
    ledger.post(session, transactions=_transactions(parts, attempt_id=attempt.id, paid=paid))
    _write_parts(session, parts)
    lost = [part for part in parts if part.outcome is PartOutcome.SUSPENDED]
    for part in lost:
        _suspend_part(session, part=part, attempt=attempt, paid=paid, now=now)
    if len(lost) == len(parts):
        _mark_paid(session, attempt=attempt, paid=paid, event=OrderEvent.SUSPENDED, now=now)
        return Applied(Effect.SUSPENDED, attempt.id, AttemptState.PAID)
    _mark_paid(session, attempt=attempt, paid=paid, event=OrderEvent.BOOKED, now=now)
    outbox.add(session, PaymentBooked(order_id=str(attempt.order_id), attempt_id=str(attempt.id)))
    return Applied(Effect.BOOKED, attempt.id, AttemptState.PAID)


def _claim(session: WriteSession, *, paid: PaidFacts, owner: str) -> bool:
    """One transaction of a provider is booked for one owner, for ever; raises NameTaken when that is another."""
    return idempotency.claim(session, kind=f"{paid.provider}.transaction", key=paid.transaction_id, owner=owner)


def _mark_paid(
    session: WriteSession, *, attempt: sa.Row[Any], paid: PaidFacts, event: OrderEvent, now: datetime
) -> None:
    rules.next_attempt_state(AttemptState(attempt.state), AttemptEvent.PAID)
    known = OrderState(attempt.order_state)
    following = rules.next_order_state(known, event)
    # Nobody should pay the same twice: another attempt that may still be paid is closed at its provider soon.
    session.sql(
        """update payment_attempt set
             state = case when id = :id then 'paid' else state end,
             transaction_id = case when id = :id then :transaction_id end,
             paid_at = case when id = :id then cast(:paid_at as timestamptz) end,
             next_check_at = case when id = :id then null else cast(:now as timestamptz) end,
             expires_at = case when id = :id then expires_at else least(expires_at, :now) end
           where order_id = :order_id
             and (id = :id or state in ('created', 'prepared', 'pending', 'unknown'))""",
        transaction_id=paid.transaction_id,
        paid_at=paid.paid_at,
        now=now,
        id=attempt.id,
        order_id=attempt.order_id,
    )
    if known is OrderState.PAID:  # the first paid attempt is what the order shows
        return
    session.sql(
        """update payment_order set state = :state, paid_at = :paid_at, amount_minor = :amount_minor,
             currency = :currency, method = :method, provider = :provider where id = :id""",
        state=following.value,
        paid_at=paid.paid_at,
        amount_minor=paid.amount.minor,
        currency=paid.amount.currency,
        method=attempt.method,
        provider=attempt.provider,
        id=attempt.order_id,
    )


def _settle_parts(session: WriteSession, *, attempt: sa.Row[Any], now: datetime) -> list[_Part]:
    rows = session.sql(
        """select account_id, id, book_id, payable_kind, payable_id, amount_minor from payment_part
           where attempt_id = :id order by payable_id nulls last, id""",
        id=attempt.id,
    )
    parts = [
        _Part(
            AccountId(row.account_id),
            row.id,
            BookId(row.book_id),
            row.payable_kind,
            row.payable_id,
            Money(row.amount_minor, attempt.currency),
        )
        for row in rows
    ]
    ledger.lock_books(session, book_ids=sorted({part.book_id for part in parts}))
    return [_settle(session, part=part, attempt_id=attempt.id, now=now) for part in parts]


def _settle(session: WriteSession, *, part: _Part, attempt_id: UUID, now: datetime) -> _Part:
    if part.kind is None or part.payable_id is None:
        return replace(part, taken=Money.zero(part.amount.currency), outcome=PartOutcome.BOOKED)
    try:
        with session.begin_nested():
            taken = PAYABLES.get()[part.kind].settle(
                session,
                account_id=part.account_id,
                payable_id=part.payable_id,
                payment_id=attempt_id,
                amount=part.amount,
                now=now,
            )
            _check_taken(taken, part.amount)
    except sa.exc.OperationalError:
        raise  # a lock or the server, not this part: everything is undone and done again
    except Exception:
        log.exception("settling_failed", attempt_id=str(attempt_id), part_id=part.id)
        return replace(part, outcome=PartOutcome.SUSPENDED)
    return replace(part, taken=taken, outcome=PartOutcome.BOOKED)


def _check_taken(taken: Money, offered: Money) -> None:
    if not Money.zero(offered.currency) <= taken <= offered:
        msg = f"a payable took {taken} of {offered}"
        raise ValueError(msg)


def _transactions(parts: Sequence[_Part], *, attempt_id: UUID, paid: PaidFacts) -> list[Transaction]:
    """One transaction per book: what payables needed, the surplus, and what failed to settle."""
    sums: dict[BookId, dict[str, Money]] = defaultdict(dict)
    for part in parts:
        zero = Money.zero(part.amount.currency)
        taken = part.taken or zero
        shares = {RECEIVABLE: taken, PREPAID: part.amount - taken}
        if part.outcome is PartOutcome.SUSPENDED:
            shares = {SUSPENSE: part.amount}
        for code, amount in shares.items():
            if amount.minor > 0:
                sums[part.book_id][code] = sums[part.book_id].get(code, zero) + amount
    debit = clearing(paid.provider)
    return [
        Transaction(
            book_id,
            Source.PAYMENT,
            attempt_id,
            paid.paid_at,
            [
                Posting(debit=debit, credit=code, amount=by_code[code])
                for code in (RECEIVABLE, PREPAID, SUSPENSE)
                if code in by_code
            ],
        )
        for book_id, by_code in sorted(sums.items())
    ]


def _write_parts(session: WriteSession, parts: Sequence[_Part]) -> None:
    session.sql(
        """update payment_part p set taken_minor = w.taken, outcome = w.outcome
           from unnest(cast(:accounts as bigint[]), cast(:ids as bigint[]), cast(:taken as bigint[]),
             cast(:outcomes as text[])) w (account_id, id, taken, outcome)
           where p.account_id = w.account_id and p.id = w.id""",
        accounts=[part.account_id for part in parts],
        ids=[part.id for part in parts],
        taken=[None if part.taken is None else part.taken.minor for part in parts],
        outcomes=[part.outcome.value for part in parts],
    )


def _unknown_order(session: WriteSession, *, result: ProviderResult, now: datetime) -> Applied:
    """A number that is not ours: nothing, unless there is money."""
    if result.state is not TradeState.PAID:
        return Applied(Effect.NOTHING)
    return _suspend_whole(
        session,
        paid=paid_facts(result),
        attempt=None,
        reason=SuspenseReason.UNKNOWN_ORDER,
        source_id=uuid7(),
        now=now,
    )


def _suspend_whole(
    session: WriteSession,
    *,
    paid: PaidFacts,
    attempt: sa.Row[Any] | None,
    reason: SuspenseReason,
    source_id: UUID,
    now: datetime,
) -> Applied:
    """Post the whole amount to suspense in the supplier's book, once per transaction there, and raise the alarm."""
    attempt_id = None if attempt is None else attempt.id
    owner = f"suspense:{paid.out_trade_no}" if reason is not SuspenseReason.AMOUNT_DIFFERS else str(attempt_id)
    try:
        is_new = _claim(session, paid=paid, owner=owner)
    except idempotency.NameTaken:
        return _suspend_claimed(session, paid=paid, attempt=attempt, now=now)
    if not is_new:
        return Applied(Effect.NOTHING, attempt_id)
    log.error(
        "payment_suspended",
        reason=reason.value,
        provider=paid.provider,
        merchant=paid.merchant,
        out_trade_no=paid.out_trade_no,
    )
    book_id = ledger.ensure_books(session, owner_kind=OwnerKind.SUPPLIER, owner_ids=[rules.SUPPLIER])[rules.SUPPLIER]
    posting = Posting(debit=clearing(paid.provider), credit=SUSPENSE, amount=paid.amount)
    ledger.post(
        session,
        transactions=[Transaction(book_id, Source.UNASSIGNED_PAYMENT, source_id, paid.paid_at, [posting])],
    )
    _write_suspense(
        session, paid=paid, attempt=attempt, part=None, reason=reason, book_id=book_id, source_id=source_id, now=now
    )
    return Applied(Effect.SUSPENDED, attempt_id, None if attempt is None else AttemptState(attempt.state))


def _suspend_claimed(session: WriteSession, *, paid: PaidFacts, attempt: sa.Row[Any] | None, now: datetime) -> Applied:
    """Keep that the provider names this number, too, for a transaction whose money is booked for another: once each."""
    attempt_id = None if attempt is None else attempt.id
    is_new = _write_suspense(
        session,
        paid=paid,
        attempt=attempt,
        part=None,
        reason=SuspenseReason.TRANSACTION_CLAIMED,
        book_id=None,
        source_id=None,
        now=now,
    )
    if not is_new:
        return Applied(Effect.NOTHING, attempt_id)
    reason = SuspenseReason.TRANSACTION_CLAIMED.value
    log.error("payment_suspended", reason=reason, provider=paid.provider, out_trade_no=paid.out_trade_no)
    return Applied(Effect.SUSPENDED, attempt_id, None if attempt is None else AttemptState(attempt.state))


def _suspend_part(session: WriteSession, *, part: _Part, attempt: sa.Row[Any], paid: PaidFacts, now: datetime) -> None:
    _write_suspense(
        session,
        paid=paid,
        attempt=attempt,
        part=part,
        reason=SuspenseReason.SETTLING_FAILED,
        book_id=part.book_id,
        source_id=attempt.id,
        now=now,
    )


def _write_suspense(
    session: WriteSession,
    *,
    paid: PaidFacts,
    attempt: sa.Row[Any] | None,
    part: _Part | None,
    reason: SuspenseReason,
    book_id: BookId | None,
    source_id: UUID | None,
    now: datetime,
) -> bool:
    """Write the row and tell it; False when this number was named for a claimed transaction before."""
    amount = paid.amount if part is None else part.amount
    suspense_id: int | None = session.sql(
        """insert into payment_suspense (reason, provider, merchant, out_trade_no, transaction_id, order_id, attempt_id,
             account_id, part_id, book_id, source_id, amount_minor, currency, paid_at, created_at, state)
           values (:reason, :provider, :merchant, :out_trade_no, :transaction_id, :order_id, :attempt_id,
             :account_id, :part_id, :book_id, :source_id, :amount_minor, :currency, :paid_at, :now, 'open')
           on conflict (provider, transaction_id, out_trade_no) where reason = 'transaction_claimed' do nothing
           returning id""",
        reason=reason.value,
        provider=paid.provider,
        merchant=paid.merchant,
        out_trade_no=paid.out_trade_no,
        transaction_id=paid.transaction_id,
        order_id=None if attempt is None else attempt.order_id,
        attempt_id=None if attempt is None else attempt.id,
        account_id=None if part is None else part.account_id,
        part_id=None if part is None else part.id,
        book_id=book_id,
        source_id=source_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        paid_at=paid.paid_at,
        now=now,
    ).scalar_one_or_none()
    if suspense_id is None:
        return False
    outbox.add(session, PaymentSuspended(suspense_id=suspense_id))
    return True
