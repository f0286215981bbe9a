"""Orders and attempts before the provider is called, and what its answer to the call changes."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core import audit, idempotency, outbox
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession, to_json
from core.errors import Json
from core.ids import human_code, uuid7
from core.locks import lock
from core.money import MixedCurrencies, Money, exponent
from services.accounts import queries as accounts
from services.accounts.queries import AccountRef, Permission
from services.ledger import operations as ledger
from services.ledger.chart import OwnerKind
from services.payments import rules
from services.payments.errors import (
    AccountNotPayable,
    AmountChanged,
    AmountTooLarge,
    AttemptInDoubt,
    PartialNotAllowed,
    PayableUnknown,
    PaymentFinal,
    QuoteExpired,
    SeveralMerchants,
    TooManyParts,
)
from services.payments.events import PaymentAttemptClosed
from services.payments.models import AttemptState, OrderState
from services.payments.ports import PAYABLES, Due, Method, Payer, PaymentProvider, Prepay
from services.payments.queries import merchants
from services.payments.rules import AttemptEvent, OrderEvent, Share

OUT_TRADE_NO_LENGTH: Final = 26
"""130 random bits in an alphabet that every provider takes (20 to 32 letters and digits)."""
MOST_TOGETHER: Final = 500
"""Accounts that one payment may be for."""
MOST_PARTS: Final = 500
"""Bills that one payment may be for: all of them are settled in the transaction of the callback."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks to pay: for an account that they may pay for, or by a quote for somebody else's.

    Or together all that is due of several accounts that they may pay for: `account_nos`, or those of a group of theirs,
    with `account_no` None.

    `bill_nos` None spreads the amount over all that is due. `partial_allowed` and `most_major`, the
    most that one payment may be, are the supplier's rules. `description` is what the provider shows to the payer.
    """

    user_id: UUID
    account_no: str | None
    quote_id: UUID | None
    amount_minor: int
    bill_nos: tuple[str, ...] | None
    method: Method
    payer: Payer
    description: str
    partial_allowed: bool
    most_major: int
    account_nos: tuple[str, ...] = ()
    group_id: UUID | None = None

    @property
    def is_together(self) -> bool:
        """Whether it is for several accounts."""
        return bool(self.account_nos) or self.group_id is not None


@dataclass(frozen=True, slots=True)
class _Plan:
    """A payable order: who brings the money, for what of which accounts."""

    provider: PaymentProvider
    amount: Money
    parts: Sequence[tuple[AccountRef, Share]]


def open_order(session: WriteSession, *, vault: Vault, wanted: Wanted, payment_no: str, now: datetime) -> UUID:
    """Make an order with its first attempt and parts; answers the attempt, for a known `payment_no` its latest.

    The attempt keeps the merchant account that takes its accounts' money now: whatever settings say later, that one is
    asked about it. Raises AccountNotPayable, AmountTooLarge, QuoteExpired, PayableUnknown, PartialNotAllowed,
    MethodNotOffered; for several accounts AmountChanged, TooManyParts, SeveralMerchants and MixedCurrencies.
    """
    lock(session, key=f"payments.order|{payment_no}")  # a form that is sent twice at once makes one order
    known = session.sql(
        """select a.id, o.payer_user_id from payment_order o join payment_attempt a on a.order_id = o.id
           where o.payment_no = :no order by a.no desc limit 1""",
        no=payment_no,
    ).one_or_none()
    if known is not None:
        if known.payer_user_id != wanted.user_id:
            raise AccountNotPayable
        found: UUID = known.id
        return found
    plan = _plan_of(session, account=_account(session, wanted=wanted, now=now), wanted=wanted, now=now)
    order_id = uuid7()
    idempotency.claim(session, kind="payment_no", key=payment_no, owner=str(order_id))
    session.sql(
        """insert into payment_order (id, payment_no, payer_user_id, quote_id, provider, method, amount_minor, currency,
             state, created_at, expires_at)
           values (:id, :no, :user, :quote, :provider, :method, :amount, :currency, 'open', :now, :expires_at)""",
        id=order_id,
        no=payment_no,
        user=wanted.user_id,
        quote=wanted.quote_id,
        provider=plan.provider.name,
        method=wanted.method.value,
        amount=plan.amount.minor,
        currency=plan.amount.currency,
        now=now,
        expires_at=now + rules.LIFE,
    )
    attempt_id = _add(session, vault=vault, plan=plan, wanted=wanted, order_id=order_id, no=1, now=now)
    audit.record(
        session,
        actor=_actor(wanted),
        act="payments.start",
        subject=f"payment:{payment_no}",
        after=_audited(plan, wanted, attempt_id),
    )
    return attempt_id


def add_attempt(session: WriteSession, *, vault: Vault, wanted: Wanted, payment_no: str, now: datetime) -> UUID:
    """Another try of an order whose earlier attempts have ended, with another number, amount or method.

    Raises PaymentFinal when the order is paid or its money waits for a decision, AttemptInDoubt when an attempt is
    living, QuoteExpired when its quote's ten minutes are over, and what `open_order` raises.
    """
    order = session.sql(
        """select id, state, quote_id, method, amount_minor, currency from payment_order
           where payment_no = :no for no key update""",
        no=payment_no,
    ).one()
    if OrderState(order.state) in {OrderState.PAID, OrderState.SUSPENDED}:
        raise PaymentFinal
    state = rules.next_order_state(OrderState(order.state), OrderEvent.RETRIED)
    if session.sql(
        """select exists (select from payment_attempt where order_id = :id
             and state in ('created', 'prepared', 'pending', 'unknown'))""",
        id=order.id,
    ).scalar_one():
        raise AttemptInDoubt
    account = _again(session, wanted=wanted, quote_id=order.quote_id, now=now)
    plan = _plan_of(session, account=account, wanted=wanted, now=now)
    session.sql(
        """update payment_order set state = :state, provider = :provider, method = :method, amount_minor = :amount,
             currency = :currency, expires_at = :expires_at where id = :id""",
        state=state.value,
        provider=plan.provider.name,
        method=wanted.method.value,
        amount=plan.amount.minor,
        currency=plan.amount.currency,
        expires_at=now + rules.LIFE,
        id=order.id,
    )
    last: int = session.sql("select max(no) from payment_attempt where order_id = :id", id=order.id).scalar_one()
    attempt_id = _add(session, vault=vault, plan=plan, wanted=wanted, order_id=order.id, no=last + 1, now=now)
    audit.record(
        session,
        actor=_actor(wanted),
        act="payments.retry",
        subject=f"payment:{payment_no}",
        before={
            "state": order.state,
            "method": order.method,
            "amount_minor": order.amount_minor,
            "currency": order.currency,
        },
        after=_audited(plan, wanted, attempt_id),
    )
    return attempt_id


def keep_answer(session: WriteSession, *, attempt_id: UUID, answer: Mapping[str, str], now: datetime) -> AttemptState:
    """The provider prepared the payment: keep what the payer's device needs."""
    attempt = _lock(session, attempt_id=attempt_id)
    state = rules.next_attempt_state(AttemptState(attempt.state), AttemptEvent.PREPARED)
    living = state in rules.LIVING
    session.sql(
        """update payment_attempt set state = :state, answer = cast(:answer as jsonb), failures = 0,
             next_check_at = case when :living then :next_check_at else next_check_at end where id = :id""",
        state=state.value,
        answer=to_json(dict(answer)),
        living=living,
        next_check_at=rules.next_check(checks=0, expires_at=attempt.expires_at, now=now),
        id=attempt_id,
    )
    return state


def keep_doubt(session: WriteSession, *, attempt_id: UUID, now: datetime) -> AttemptState:
    """The provider's answer was lost: nobody knows. A later repetition sends the same bytes."""
    attempt = _lock(session, attempt_id=attempt_id)
    state = rules.next_attempt_state(AttemptState(attempt.state), AttemptEvent.IN_DOUBT)
    session.sql(
        """update payment_attempt set state = :state,
             next_check_at = case when :living then :next_check_at else next_check_at end where id = :id""",
        state=state.value,
        living=state in rules.LIVING,
        next_check_at=rules.next_check(checks=0, expires_at=attempt.expires_at, now=now),
        id=attempt_id,
    )
    return state


def keep_refusal(session: WriteSession, *, attempt_id: UUID, reason: str, now: datetime) -> AttemptState:
    """The provider will not do it (or was not reached): this attempt is over, and the order waits for another try.

    Refusals are mostly unsigned, so the provider is asked once more about this number later, and at once when it had
    taken the order before: such an attempt lives on. When the attempt ends, the order's quote is good again, and
    PaymentAttemptClosed is published.
    """
    attempt = _lock(session, attempt_id=attempt_id)
    known = AttemptState(attempt.state)
    state = rules.next_attempt_state(known, AttemptEvent.REFUSED)
    if known not in rules.LIVING:
        return state
    session.sql(
        """update payment_attempt set state = :state, refused_reason = :reason, next_check_at = :next_check_at
           where id = :id""",
        state=state.value,
        reason=reason,
        next_check_at=now if state in rules.LIVING else now + rules.ASK_AFTER_END,
        id=attempt_id,
    )
    if state not in rules.LIVING:
        order_state = rules.next_order_state(OrderState(attempt.order_state), OrderEvent.FAILED)
        session.sql(
            "update payment_order set state = :state where id = :id", state=order_state.value, id=attempt.order_id
        )
        session.sql(
            """update payment_quote set used_at = null
               where id = (select quote_id from payment_order where id = :id)""",
            id=attempt.order_id,
        )
        outbox.add(session, PaymentAttemptClosed(order_id=str(attempt.order_id), attempt_id=str(attempt_id)))
    return state


def _lock(session: WriteSession, *, attempt_id: UUID) -> sa.Row[Any]:
    """Order, then attempt: the order of every lock here."""
    order_state: str = session.sql(
        """select state from payment_order
           where id = (select order_id from payment_attempt where id = :id) for no key update""",
        id=attempt_id,
    ).scalar_one()
    return session.sql(
        """select state, order_id, expires_at, cast(:order_state as text) as order_state
           from payment_attempt where id = :id for no key update""",
        id=attempt_id,
        order_state=order_state,
    ).one()


def _actor(wanted: Wanted) -> Actor:
    return Actor(f"user:{wanted.user_id}", wanted.payer.address)


def _audited(plan: _Plan, wanted: Wanted, attempt_id: UUID) -> dict[str, Json]:
    return {
        "attempt_id": str(attempt_id),
        "account_ids": [*sorted({account.id for account, _ in plan.parts})],
        "method": wanted.method.value,
        "merchant": plan.provider.merchant,
        **audit.sum_of(plan.amount),
    }


def _plan_of(session: WriteSession, *, account: AccountRef | None, wanted: Wanted, now: datetime) -> _Plan:
    if account is not None:
        return _plan(session, account=account, wanted=wanted, now=now)
    return _plan_together(session, wanted=wanted, now=now)


def _plan_together(session: WriteSession, *, wanted: Wanted, now: datetime) -> _Plan:
    """All that is due of every account: the payer confirms the sum that they saw, and gets no other."""
    numbers = set(wanted.account_nos)
    if len(wanted.account_nos) > MOST_TOGETHER:
        raise TooManyParts(most_accounts=MOST_TOGETHER, most_parts=MOST_PARTS)
    chosen = accounts.payable_accounts(
        session, user_id=wanted.user_id, account_nos=sorted(numbers), group_id=wanted.group_id, now=now
    )
    if not chosen or (wanted.group_id is None and len(chosen) < len(numbers)):
        raise AccountNotPayable
    if len({account.currency for account in chosen}) > 1:
        raise MixedCurrencies
    currency = chosen[0].currency
    ids = {account.id: account for account in chosen}
    parts = [
        (ids[account_id], Share(kind, due, due.open))
        for kind, payable in PAYABLES.get().items()
        for account_id, due in payable.quote_together(session, account_ids=sorted(ids), most=MOST_PARTS)
    ]
    if len(parts) > MOST_PARTS:
        raise TooManyParts(most_accounts=MOST_TOGETHER, most_parts=MOST_PARTS)
    due = sum((share.amount for _, share in parts), Money.zero(currency))
    owing = {account.id: account for account, _ in parts}
    groups = merchants.apart(session, accounts_=list(owing.values()) or chosen, method=wanted.method)
    if len(groups) > 1:
        raise SeveralMerchants(payments=[{"account_nos": [each.account_no for each in group]} for _, group in groups])
    amount = _bounded(wanted, currency)
    if due != amount:
        raise AmountChanged(due_minor=due.minor, currency=currency)
    return _Plan(provider=groups[0][0], amount=amount, parts=parts)


def _bounded(wanted: Wanted, currency: str) -> Money:
    most = wanted.most_major * 10 ** exponent(currency)
    if wanted.amount_minor > most:
        raise AmountTooLarge(most_minor=most, currency=currency, most=str(Money(most, currency).major))
    return Money(wanted.amount_minor, currency)


def _plan(session: WriteSession, *, account: AccountRef, wanted: Wanted, now: datetime) -> _Plan:
    amount = _bounded(wanted, account.currency)
    dues = _dues(session, account=account, wanted=wanted, now=now)
    if not wanted.partial_allowed:
        due = sum((each.open for _, each in dues), Money.zero(account.currency))
        if amount < due:
            raise PartialNotAllowed(due_minor=due.minor, currency=due.currency)
    return _Plan(
        provider=merchants.provider_for(session, account=account, method=wanted.method),
        amount=amount,
        parts=[(account, share) for share in rules.spread(amount, dues)],
    )


def _account(session: WriteSession, *, wanted: Wanted, now: datetime) -> AccountRef | None:
    """Where a new order may pay to, None for several accounts together. A quote is used up by it."""
    if wanted.is_together:
        return None
    if wanted.quote_id is None:
        return _granted(session, wanted=wanted, now=now)
    used = session.sql(
        """update payment_quote set used_at = :now
           where id = :id and user_id = :user and used_at is null and expires_at > :now returning id""",
        id=wanted.quote_id,
        user=wanted.user_id,
        now=now,
    ).one_or_none()
    if used is None:
        raise QuoteExpired
    return _quoted(session, wanted.quote_id)


def _again(session: WriteSession, *, wanted: Wanted, quote_id: UUID | None, now: datetime) -> AccountRef | None:
    """Where another try may pay to: a quote shows a stranger's debt for its ten minutes only."""
    if wanted.is_together:
        return None
    if quote_id is None:
        return _granted(session, wanted=wanted, now=now)
    lives = session.sql("select expires_at > :now from payment_quote where id = :id", id=quote_id, now=now).scalar_one()
    if not lives:
        raise QuoteExpired
    return _quoted(session, quote_id)


def _quoted(session: WriteSession, quote_id: UUID) -> AccountRef:
    account_id = session.sql("select account_id from payment_quote where id = :id", id=quote_id).scalar_one()
    return accounts.account(session, account_id=account_id).ref


def _granted(session: WriteSession, *, wanted: Wanted, now: datetime) -> AccountRef:
    found = None
    if wanted.account_no is not None:
        found = accounts.resolve_access(
            session, user_id=wanted.user_id, account_no=wanted.account_no, permission=Permission.PAY, now=now
        )
    if found is None:
        raise AccountNotPayable
    return found


def _dues(session: WriteSession, *, account: AccountRef, wanted: Wanted, now: datetime) -> list[tuple[str, Due]]:
    dues = [
        (kind, due)
        for kind, payable in PAYABLES.get().items()
        for due in payable.quote(session, account_id=account.id, nos=wanted.bill_nos, now=now)
    ]
    if wanted.bill_nos is not None:
        missing = set(wanted.bill_nos) - {due.no for _, due in dues}
        if missing:
            raise PayableUnknown
    return dues


def _add(
    session: WriteSession, *, vault: Vault, plan: _Plan, wanted: Wanted, order_id: UUID, no: int, now: datetime
) -> UUID:
    attempt_id, out_trade_no = uuid7(), human_code(OUT_TRADE_NO_LENGTH)
    expires_at = now + rules.LIFE
    idempotency.claim(session, kind="out_trade_no", key=out_trade_no, owner=str(attempt_id))
    request = plan.provider.compose(
        Prepay(wanted.method, out_trade_no, plan.amount, wanted.description, expires_at, wanted.payer)
    )
    session.sql(
        """insert into payment_attempt (id, order_id, no, provider, merchant, method, out_trade_no, amount_minor,
             currency, state, request_sealed, request_hash, chosen_nos, created_at, expires_at, next_check_at)
           values (:id, :order, :no, :provider, :merchant, :method, :out_trade_no, :amount,
             :currency, 'created', :sealed, :hash, cast(:chosen_nos as text[]), :now, :expires_at, :next_check_at)""",
        id=attempt_id,
        order=order_id,
        no=no,
        provider=plan.provider.name,
        merchant=plan.provider.merchant,
        method=wanted.method.value,
        out_trade_no=out_trade_no,
        amount=plan.amount.minor,
        currency=plan.amount.currency,
        sealed=seal_request(vault, attempt_id, request),
        hash=hashlib.sha256(request).digest(),
        chosen_nos=None if wanted.bill_nos is None else list(wanted.bill_nos),
        now=now,
        expires_at=expires_at,
        next_check_at=rules.next_check(checks=0, expires_at=expires_at, now=now),
    )
    owners = sorted({account.id for account, _ in plan.parts})
    books = ledger.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=owners)
    shares = [share for _, share in plan.parts]
    session.sql(
        """insert into payment_part (account_id, attempt_id, book_id, payable_kind, payable_id, payable_no,
             amount_minor) select account, :attempt, book, kind, payable_id, payable_no, amount
           from unnest(cast(:accounts as bigint[]), cast(:books as bigint[]), cast(:kinds as text[]),
             cast(:ids as bigint[]), cast(:nos as text[]), cast(:amounts as bigint[]))
             with ordinality w (account, book, kind, payable_id, payable_no, amount, place)
           order by place""",
        attempt=attempt_id,
        accounts=[account.id for account, _ in plan.parts],
        books=[books[account.id] for account, _ in plan.parts],
        kinds=[share.kind for share in shares],
        ids=[None if share.due is None else share.due.payable_id for share in shares],
        nos=[None if share.due is None else share.due.no for share in shares],
        amounts=[share.amount.minor for share in shares],
    )
    return attempt_id


def seal_request(vault: Vault, attempt_id: UUID, request: bytes) -> bytes:
    """A request as it is kept: it may hold an openid or an address."""
    return vault.seal(table="payment_attempt", column="request", owner=f"attempt:{attempt_id}", text=request.decode())


def open_request(session: ReadSession, *, vault: Vault, attempt_id: UUID) -> bytes:
    """The bytes of an attempt's request, the same at every call."""
    row = session.sql("select request_sealed, request_hash from payment_attempt where id = :id", id=attempt_id).one()
    request = vault.open(
        table="payment_attempt", column="request", owner=f"attempt:{attempt_id}", sealed=bytes(row.request_sealed)
    ).encode()
    if hashlib.sha256(request).digest() != bytes(row.request_hash):
        msg = f"the kept request of attempt {attempt_id} is not what was composed"
        raise ValueError(msg)
    return request
