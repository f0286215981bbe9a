"""Reads of payments."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.db import ReadSession, statement, view
from core.money import Money
from services.accounts.queries import AccountId
from services.payments.models import AttemptState
from services.payments.ports import Method, ProviderKey, source_of
from services.payments.queries import merchants


@dataclass(frozen=True, slots=True)
class PartView:
    """What a share of a payment is for: a payable's kind, or `prepaid`. What it did not need became prepaid."""

    account_no: str
    kind: str
    no: str | None
    amount: Money
    taken: Money | None
    outcome: str


@dataclass(frozen=True, slots=True)
class ReceivedView:
    """A sum that came for a payment besides the one that it shows: `booked`, `returned`, `suspended` until decided.

    `parts` is empty where it is not divided, or not the payer's to see.
    """

    amount: Money
    paid_at: datetime
    provider_reference: str
    outcome: str
    parts: tuple[PartView, ...]


@dataclass(frozen=True, slots=True)
class SuspendedView:
    """What came without a place: `suspended` until staff decided (`decided_at`), then `booked` or `returned`.

    `account_no` is where it is booked, None when not the payer's to see; `no` the bill it came for, None when whole.
    """

    amount: Money
    outcome: str
    decided_at: datetime | None
    account_no: str | None
    no: str | None


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment for its payer. `state`: waiting, unknown (do not pay twice), paid, suspended, closed or failed.

    When several tries were paid, it shows the sum that was booked first; `also_received` are the others.
    `suspense` is what of that first sum came without a place.
    """

    payment_no: str
    state: str
    is_final: bool
    account_no: str
    amount: Money
    provider: str
    method: Method
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    provider_reference: str | None
    parts: tuple[PartView, ...]
    suspense: tuple[SuspendedView, ...]
    also_received: tuple[ReceivedView, ...]

    @property
    def account_nos(self) -> tuple[str, ...]:
        """Every account that it is for; who pays by quote sees one."""
        return tuple(sorted({self.account_no, *(part.account_no for part in self.parts)}))


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One number at a provider, for flows and jobs. `chosen_nos` None: whatever is due, the oldest first."""

    id: UUID
    order_id: UUID
    provider: str
    merchant: str
    method: Method
    out_trade_no: str
    amount: Money
    state: AttemptState
    chosen_nos: tuple[str, ...] | None
    answer: Mapping[str, str] | None
    created_at: datetime
    expires_at: datetime
    checks: int
    failures: int

    @property
    def source(self) -> str:
        """Whom to ask about it, whatever settings say today of the units."""
        return source_of(self.provider, self.merchant)


@dataclass(frozen=True, slots=True)
class ReceiptPart:
    """One share of a booked attempt."""

    account_id: AccountId
    kind: str
    no: str | None
    amount: Money
    taken: Money | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A booked attempt, for messages."""

    payment_no: str
    order_id: UUID
    attempt_id: UUID
    payer_user_id: UUID | None
    provider: str
    method: Method
    amount: Money
    paid_at: datetime
    transaction_id: str
    parts: tuple[ReceiptPart, ...]


@dataclass(frozen=True, slots=True)
class PaidView:
    """Money that a payable took. `payment_no` is for its payer alone."""

    paid_at: datetime
    taken: Money
    payment_no: str | None


@dataclass(frozen=True, slots=True)
class AssignedView:
    """Money of suspense that staff gave its account. `settled`: number and share of each bill that it settled."""

    account_id: AccountId
    provider: str
    transaction_id: str
    amount: Money
    paid_at: datetime
    settled: tuple[tuple[str, Money], ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant: rule, account (None for the house) and what was found."""

    rule: str
    account_id: int | None
    detail: str


def payment(
    session: ReadSession, *, payment_no: str, user_id: UUID, now: datetime, session_id: UUID | None = None
) -> PaymentView | None:
    """A payment for its payer; None when it is missing, somebody else's, or the payer's grant is gone.

    With `session_id` also None when that session has ended.
    """
    text: str | None = session.sql(
        "select payment_view(:payment_no, :user_id, :session_id, :now)::text",
        payment_no=payment_no,
        user_id=user_id,
        session_id=session_id,
        now=now,
    ).scalar_one()
    return None if text is None else _payment(json.loads(text))


def attempt(session: ReadSession, *, attempt_id: UUID) -> AttemptView | None:
    """One attempt."""
    row = session.sql(f"{_ATTEMPT} where a.id = :id", id=attempt_id).one_or_none()
    return None if row is None else attempt_view(row)


def latest_attempt(session: ReadSession, *, payment_no: str) -> AttemptView | None:
    """The attempt that was begun last, whoever asks."""
    row = session.sql(
        f"{_ATTEMPT} join payment_order o on o.id = a.order_id where o.payment_no = :no order by a.no desc limit 1",
        no=payment_no,
    ).one_or_none()
    return None if row is None else attempt_view(row)


def instructions(session: ReadSession, *, payment_no: str, now: datetime) -> dict[str, str] | None:
    """What the payer's device needs to pay now; None when nothing can be paid any more, or not yet.

    The caller has decided that this payment may be seen (`payment`).
    """
    latest = latest_attempt(session, payment_no=payment_no)
    if latest is None or latest.answer is None or now >= latest.expires_at:
        return None
    if latest.state not in {AttemptState.PREPARED, AttemptState.PENDING} or latest.source not in merchants.sources():
        return None
    return merchants.provider(latest.source).present(latest.method, latest.answer, now=now)


def receipt(session: ReadSession, *, attempt_id: UUID) -> Receipt:
    """A booked attempt with its parts."""
    row = session.sql(
        """select o.payment_no, o.id as order_id, o.payer_user_id, a.provider, a.method, a.amount_minor, a.currency,
             a.paid_at, a.transaction_id
           from payment_attempt a join payment_order o on o.id = a.order_id where a.id = :id and a.state = 'paid'""",
        id=attempt_id,
    ).one()
    parts = session.sql(
        """select account_id, coalesce(payable_kind, 'prepaid') as kind, payable_no, amount_minor, taken_minor
           from payment_part where attempt_id = :id order by id""",
        id=attempt_id,
    )
    return view(
        Receipt,
        row,
        attempt_id=attempt_id,
        method=Method(row.method),
        amount=Money(row.amount_minor, row.currency),
        parts=tuple(
            ReceiptPart(
                AccountId(part.account_id),
                part.kind,
                part.payable_no,
                Money(part.amount_minor, row.currency),
                None if part.taken_minor is None else Money(part.taken_minor, row.currency),
            )
            for part in parts
        ),
    )


def paid_for(
    session: ReadSession, *, account_id: AccountId, kind: str, payable_id: int, user_id: UUID
) -> list[PaidView]:
    """What was paid for a payable, the latest first, as this person may see it. Served by ix_payment_part_payable."""
    rows = session.sql(
        """select a.paid_at, p.taken_minor, a.currency,
             case when o.payer_user_id = :user and o.state = 'paid' then o.payment_no end as payment_no
           from payment_part p join payment_attempt a on a.id = p.attempt_id join payment_order o on o.id = a.order_id
           where p.account_id = :account and p.payable_kind = :kind and p.payable_id = :payable
             and p.outcome = 'booked' and p.taken_minor > 0
           order by a.paid_at desc, p.id desc""",
        account=account_id,
        kind=kind,
        payable=payable_id,
        user=user_id,
    )
    return [PaidView(row.paid_at, Money(row.taken_minor, row.currency), row.payment_no) for row in rows]


def assigned(session: ReadSession, *, suspense_id: int) -> AssignedView:
    """Money that staff gave an account."""
    row = session.sql(
        """select assigned_account_id, provider, transaction_id, amount_minor, currency, paid_at, settled
           from payment_suspense where id = :id and assignment_id is not null""",
        id=suspense_id,
    ).one()
    return AssignedView(
        account_id=AccountId(row.assigned_account_id),
        provider=row.provider,
        transaction_id=row.transaction_id,
        amount=Money(row.amount_minor, row.currency),
        paid_at=row.paid_at,
        settled=tuple((each["no"], Money(each["amount_minor"], row.currency)) for each in row.settled or []),
    )


def running(session: ReadSession, *, account_id: AccountId, user_id: UUID, now: datetime) -> str | None:
    """The newest payment of this person for this account that is still open; before it, one whose end nobody knows."""
    found: str | None = session.sql(
        """select o.payment_no from payment_order o
           where o.payer_user_id = :user and o.state = 'open' and o.created_at > :now - interval '1 day' and exists (
             select from payment_attempt a join payment_part p on p.attempt_id = a.id
             where a.order_id = o.id and p.account_id = :account)
           order by exists (
             select from payment_attempt a where a.order_id = o.id and (a.state = 'unknown'
               or (a.state in ('created', 'prepared', 'pending') and a.expires_at <= :now))) desc,
             o.created_at desc limit 1""",
        user=user_id,
        account=account_id,
        now=now,
    ).scalar_one_or_none()
    return found


def provider_keys(session: ReadSession, *, name: str, now: datetime) -> list[ProviderKey]:
    """Certificates that were handed out to this merchant account, by its source, and that still hold."""
    rows = session.sql(
        """select serial, pem, valid_from, valid_to from payment_provider_certificate
           where provider = :name and valid_to > :now order by valid_from""",
        name=name,
        now=now,
    )
    return [ProviderKey(row.serial, row.pem, row.valid_from, row.valid_to) for row in rows]


def accounts_of(session: ReadSession, *, attempt_ids: Sequence[UUID]) -> dict[UUID, list[AccountId]]:
    """For which accounts these attempts are."""
    rows = session.sql(
        """select attempt_id, array_agg(distinct account_id) as accounts from payment_part
           where attempt_id = any(:ids) group by attempt_id""",
        ids=list(attempt_ids),
    )
    return {row.attempt_id: [AccountId(each) for each in row.accounts] for row in rows}


HOT_PAYMENT: Final = statement(__package__, "payment_view.sql")
HOT_WATCHED: Final = statement(__package__, "payments_watched.sql")
"""Statements of the hot reads; each checks session and grant itself and writes its answer."""

_ATTEMPT: Final = """select a.id, a.order_id, a.provider, a.merchant, a.method, a.out_trade_no, a.amount_minor,
  a.currency, a.state, a.chosen_nos, a.answer, a.created_at, a.expires_at, a.checks, a.failures
  from payment_attempt a"""


def check_invariants(
    session: ReadSession, *, first_account: int = 1, last_account: int = 2**63 - 1, limit: int = 100
) -> list[Violation]:
    """Breaches between paid attempts, their claims, postings and facts of the feed for a range of accounts.

    At most `limit` of either kind.
    """
    bounds = {"first_account": first_account, "last_account": last_account, "limit": limit}
    rows = [
        *session.sql(statement(__package__, "invariants.sql"), **bounds),
        *session.sql(statement(__package__, "feed_invariant.sql"), **bounds),
    ]
    return [Violation(row.rule, row.account_id, row.detail) for row in rows]


def check_claims(session: ReadSession, *, limit: int = 100) -> list[Violation]:
    """Claims of transactions that nothing is booked for, suspense and feed beside the ledger. Reads it all."""
    rows = [
        *session.sql(statement(__package__, "claims_invariant.sql"), limit=limit),
        *session.sql(statement(__package__, "feed_total_invariant.sql"), limit=limit),
    ]
    return [Violation(row.rule, None, row.detail) for row in rows]


def attempt_view(row: sa.Row[Any]) -> AttemptView:
    """An attempt from its row."""
    return view(
        AttemptView,
        row,
        method=Method(row.method),
        amount=Money(row.amount_minor, row.currency),
        state=AttemptState(row.state),
        chosen_nos=None if row.chosen_nos is None else tuple(row.chosen_nos),
    )


def _payment(told: dict[str, Any]) -> PaymentView:
    currency = told["amount"]["currency"]
    return PaymentView(
        payment_no=told["payment_no"],
        state=told["state"],
        is_final=told["is_final"],
        account_no=told["account_no"],
        amount=_money(told["amount"]),
        provider=told["provider"],
        method=Method(told["method"]),
        created_at=datetime.fromisoformat(told["created_at"]),
        expires_at=datetime.fromisoformat(told["expires_at"]),
        paid_at=_moment(told["paid_at"]),
        provider_reference=told["provider_reference"],
        parts=_parts(told["parts"], currency),
        suspense=tuple(
            SuspendedView(
                _money(each["amount"]), each["outcome"], _moment(each["decided_at"]), each["account_no"], each["no"]
            )
            for each in told["suspense"]
        ),
        also_received=tuple(
            ReceivedView(
                amount=_money(also["amount"]),
                paid_at=datetime.fromisoformat(also["paid_at"]),
                provider_reference=also["provider_reference"],
                outcome=also["outcome"],
                parts=_parts(also["parts"], also["amount"]["currency"]),
            )
            for also in told["also_received"]
        ),
    )


def _money(told: dict[str, Any]) -> Money:
    return Money(told["amount_minor"], told["currency"])


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _parts(told: list[dict[str, Any]], currency: str) -> tuple[PartView, ...]:
    return tuple(
        PartView(
            account_no=part["account_no"],
            kind=part["kind"],
            no=part["no"],
            amount=Money(part["amount_minor"], currency),
            taken=None if part["taken_minor"] is None else Money(part["taken_minor"], currency),
            outcome=part["outcome"],
        )
        for part in told
    )
