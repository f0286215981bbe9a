"""Money of suspense goes back to whoever paid it: decided, posted, asked for at its provider, and ended by its word.

`apply_refund_result` is the one funnel for that word, by callback or asked. Refunds of other money come through it too
when there are any: it knows a refund's row, its posting and where the money waits if it fails.
"""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
import structlog

from core import audit, idempotency, ids
from core.audit import Actor
from core.db import ReadSession, WriteSession
from core.money import Money
from services.accounts.errors import ReasonNeeded
from services.accounts.roles import StaffPermission
from services.casework import operations as casework
from services.casework.ports import Approved, Kind, Outcome, Payload
from services.ledger import operations as ledger
from services.ledger.chart import SUSPENSE, BookId, Source, refund
from services.ledger.operations import Posting, Transaction
from services.payments import rules
from services.payments.errors import RefundDiffers, RefundUndecided, ReturnNotOffered, SuspenseOver
from services.payments.models import RefundState
from services.payments.operations.assigning import ALONE_UP_TO_MINOR, hold_sum
from services.payments.operations.checks import LEASE_S, wait_after
from services.payments.ports import PROVIDERS, RefundResult, RefundWish, source_of
from services.payments.queries import placing, refunds
from services.payments.queries.placing import WaitingMoney
from services.payments.rules import RefundEvent

log = structlog.get_logger(__name__)

LEAST_WHY, MOST_WHY = 5, 200


class ReturnSuspense(Payload):
    """Which sum, and why it goes back."""

    suspense_id: int
    why: str


class RefundEffect(enum.StrEnum):
    """What a provider's word on a refund changed."""

    TAKEN = "refund_taken"
    DONE = "refund_done"
    FAILED = "refund_failed"
    ABNORMAL = "refund_abnormal"
    CONTESTED = "refund_contested"
    PUT_OFF = "put_off"
    NOTHING = "nothing"


_EFFECTS: Final = {
    RefundState.STARTED: RefundEffect.TAKEN,
    RefundState.DONE: RefundEffect.DONE,
    RefundState.FAILED: RefundEffect.FAILED,
    RefundState.ABNORMAL: RefundEffect.ABNORMAL,
    RefundState.CONTESTED: RefundEffect.CONTESTED,
}


@dataclass(frozen=True, slots=True)
class RefundView:
    """A refund for the flow that brings it forward. `is_doubtful`: an earlier call may have been taken."""

    id: UUID
    out_refund_no: str
    provider: str
    merchant: str
    request: bytes
    state: RefundState
    is_doubtful: bool
    unanswered_since: datetime | None

    @property
    def source(self) -> str:
        """The merchant account that has the money, at its provider."""
        return source_of(self.provider, self.merchant)


def returnable(
    session: WriteSession, *, suspense_id: int, by: UUID, permission: StaffPermission, now: datetime
) -> WaitingMoney:
    """The sum, when somebody may do this with it and it can be sent back.

    Raises SuspenseOver (also where they may not touch the sum), RefundUndecided, ReturnNotOffered.
    """
    item = placing.suspense_item(session, suspense_id=suspense_id, staff_id=by, permission=permission, now=now)
    if item is None or item.state != "open" or not item.is_money:
        raise SuspenseOver
    if refunds.is_contested(session, suspense_id=suspense_id):
        raise RefundUndecided
    if item.source not in PROVIDERS.get() or item.paid_at <= now - rules.REFUNDABLE_FOR:
        raise ReturnNotOffered
    return item


def return_to_payer(
    session: WriteSession,
    *,
    suspense_id: int,
    why: str,
    by: UUID,
    approved_by: UUID | None,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Decide that a sum goes back, and post it; the sweep of refunds asks its provider. Answers the refund's id.

    Locks the sum, then its book. Raises what `returnable` raises, and ReasonNeeded; the caller has seen to a second
    person.
    """
    waiting = session.sql(
        """select s.book_id, s.transaction_id, case s.reason when 'settling_failed' then t.amount_minor end as total
           from payment_suspense s left join payment_attempt t on t.id = s.attempt_id
           where s.id = :id for update of s""",
        id=suspense_id,
    ).one_or_none()
    item = returnable(session, suspense_id=suspense_id, by=by, permission=StaffPermission.SUSPENSE_RETURN, now=now)
    assert waiting is not None  # noqa: S101 -- narrows for the type checker: the sum was just found
    kept = reason_to_return(why)
    refund_id = ids.uuid7()
    wish = RefundWish(
        out_refund_no=f"R{refund_id.hex}",
        transaction_id=waiting.transaction_id,
        amount=item.amount,
        total=item.amount if waiting.total is None else Money(waiting.total, item.amount.currency),
    )
    idempotency.claim(session, kind=f"{item.provider}.refund", key=wish.out_refund_no, owner=str(refund_id))
    session.sql(
        """insert into payment_refund (id, out_refund_no, suspense_id, provider, merchant, transaction_id, amount_minor,
             currency, book_id, posting_id, request, state, why, requested_by, approved_by, created_at, next_check_at)
           values (:id, :no, :suspense_id, :provider, :merchant, :transaction_id, :amount, :currency, :book, :id,
             :request, 'approved', :why, :by, :approved_by, :now, :now)""",
        id=refund_id,
        no=wish.out_refund_no,
        suspense_id=suspense_id,
        provider=item.provider,
        merchant=item.merchant,
        transaction_id=wish.transaction_id,
        amount=item.amount.minor,
        currency=item.amount.currency,
        book=waiting.book_id,
        request=PROVIDERS.get()[item.source].compose_refund(wish),
        why=kept,
        by=by,
        approved_by=approved_by,
        now=now,
    )
    _post(session, BookId(waiting.book_id), refund_id, provider=item.provider, amount=item.amount, now=now)
    session.sql(
        "update payment_suspense set state = 'returned', refund_id = :refund where id = :id",
        refund=refund_id,
        id=suspense_id,
    )
    casework.overtake(session, subject=f"suspense:{suspense_id}", now=now)
    audit.record(
        session,
        actor=actor,
        act="payments.suspense_returned",
        subject=f"suspense:{suspense_id}",
        after={"refund_id": str(refund_id), "reason": kept, **audit.sum_of(item.amount)},
        unit_id=item.unit_id,
    )
    return refund_id


def reason_to_return(text: str) -> str:
    """The reason as it is kept; raises ReasonNeeded."""
    kept = " ".join(text.split())
    if not LEAST_WHY <= len(kept) <= MOST_WHY:
        raise ReasonNeeded
    return kept


def apply_refund_result(session: WriteSession, *, result: RefundResult, now: datetime) -> RefundEffect:
    """Apply a provider's proved word on a refund. Idempotent and monotone, as `apply_provider_result` is.

    A refund that ends without money is posted back and its sum waits again. One that was given up and is taken all the
    same goes out again; when its sum has a place by then it is contested, posts nothing, and people decide
    (`decide`). Raises RefundDiffers for another refund's amount or transaction: the word is kept and somebody must see
    to it. Locks the sum, then its refund, then its book.
    """
    row = _lock(session, out_refund_no=result.out_refund_no)
    if row is None or (row.provider, row.merchant) != (result.provider, result.merchant):
        log.error(
            "refund_unknown", provider=result.provider, merchant=result.merchant, out_refund_no=result.out_refund_no
        )
        return RefundEffect.NOTHING
    event = rules.REFUND_EVENTS[result.status]
    if event is None:
        return _unchanged(session, row, now=now)
    if result.amount != Money(row.amount_minor, row.currency) or result.transaction_id != row.transaction_id:
        raise RefundDiffers(out_refund_no=result.out_refund_no)
    if row.refund_id not in {None, result.refund_id}:
        raise RefundDiffers(out_refund_no=result.out_refund_no)
    return _moved(session, row, event, refund_id=result.refund_id, reason=result.status.value, now=now)


def begin_call(session: WriteSession, *, refund_id: UUID, now: datetime) -> RefundView | None:
    """The refund to be brought forward, with the evidence that a call begins; None for one that is over."""
    row = session.sql(
        """select id, out_refund_no, provider, merchant, request, state, unanswered_since from payment_refund
           where id = :id and state in ('approved', 'started', 'abnormal', 'contested') for no key update""",
        id=refund_id,
    ).one_or_none()
    if row is None:
        return None
    state = RefundState(row.state)
    if state is RefundState.APPROVED:
        session.sql(
            "update payment_refund set unanswered_since = coalesce(unanswered_since, :now) where id = :id",
            now=now,
            id=refund_id,
        )
    return RefundView(
        row.id,
        row.out_refund_no,
        row.provider,
        row.merchant,
        bytes(row.request),
        state,
        row.unanswered_since is not None,
        row.unanswered_since,
    )


def claim_refunds(session: WriteSession, *, limit: int) -> list[UUID]:
    """Refunds whose turn has come, leased to the caller."""
    rows = session.sql(
        """update payment_refund set next_check_at = now() + make_interval(secs => :lease)
           where id in (select id from payment_refund where next_check_at <= now() order by next_check_at
             limit :most for update skip locked)
           returning id""",
        lease=LEASE_S,
        most=limit,
    )
    return [row.id for row in rows]


def put_refund_off(
    session: WriteSession,
    *,
    refund_id: UUID,
    is_settled: bool,
    reason: str | None,
    retry_after_s: int | None,
    now: datetime,
) -> None:
    """The call led to nothing: try the same again later, with growing, jittered waits.

    `is_settled` says that no call of this refund is left of which nobody knows the end.
    """
    failures: int = session.sql(
        """update payment_refund set failures = least(failures + 1, 32767),
             unanswered_since = case when :is_settled then null else unanswered_since end,
             refused_reason = coalesce(:reason, refused_reason)
           where id = :id returning failures""",
        is_settled=is_settled,
        reason=reason,
        id=refund_id,
    ).scalar_one()
    wait = wait_after(failures=failures, least_s=retry_after_s)
    session.sql(
        """update payment_refund set next_check_at = :due
           where id = :id and state in ('approved', 'started', 'abnormal', 'contested')""",
        due=now + wait,
        id=refund_id,
    )


def keep_refund_refusal(session: WriteSession, *, out_refund_no: str, reason: str, now: datetime) -> RefundEffect:
    """The provider will not do it, and never took it: the money waits in suspense again."""
    row = _lock(session, out_refund_no=out_refund_no)
    if row is None:
        return RefundEffect.NOTHING
    return _moved(session, row, RefundEvent.REFUSED, refund_id=None, reason=reason, now=now)


def _lock(session: WriteSession, *, out_refund_no: str) -> "sa.Row[Any] | None":
    found = session.sql(
        """select s.id from payment_suspense s
           where s.id = (select suspense_id from payment_refund where out_refund_no = :no) for update""",
        no=out_refund_no,
    ).one_or_none()
    if found is None:
        return None
    return session.sql(
        """select r.id, r.out_refund_no, r.provider, r.merchant, r.state, r.amount_minor, r.currency, r.transaction_id,
             r.refund_id, r.book_id, r.posting_id, r.suspense_id, r.checks, r.contested_told,
             s.state as suspense_state
           from payment_refund r join payment_suspense s on s.id = r.suspense_id
           where r.out_refund_no = :no for no key update of r""",
        no=out_refund_no,
    ).one()


def _unchanged(session: WriteSession, row: "sa.Row[Any]", *, now: datetime) -> RefundEffect:
    session.sql(
        "update payment_refund set checks = least(checks + 1, 32767), next_check_at = :due where id = :id",
        due=rules.next_refund_check(RefundState(row.state), checks=row.checks, now=now),
        id=row.id,
    )
    return RefundEffect.NOTHING


def _moved(
    session: WriteSession,
    row: "sa.Row[Any]",
    event: RefundEvent,
    *,
    refund_id: str | None,
    reason: str,
    now: datetime,
) -> RefundEffect:
    known = RefundState(row.state)
    if known is RefundState.CONTESTED and _says_less(event, row):
        return _unchanged(session, row, now=now)
    is_unposted = known in {RefundState.FAILED, RefundState.CONTESTED}
    # What is contested goes out as what failed does, should its sum have come free meanwhile.
    following = rules.REFUND_STATES[RefundState.FAILED if is_unposted else known, event]
    posting_id: UUID = row.posting_id
    word: str | None = None
    if is_unposted and following is not RefundState.FAILED:
        log.error("refund_taken_after_all", out_refund_no=row.out_refund_no, suspense_state=row.suspense_state)
        if row.suspense_state == "open":
            posting_id = _send_out_again(session, row, now=now)
        else:
            following, word = RefundState.CONTESTED, following.value
    if following is RefundState.FAILED and not is_unposted:
        _take_back(session, row, now=now)
    is_over = following in {RefundState.DONE, RefundState.FAILED, RefundState.LOST}
    session.sql(
        """update payment_refund set state = :state, refund_id = coalesce(refund_id, :refund_id),
             posting_id = :posting_id, contested_told = :word,
             refused_reason = case when :state in ('failed', 'abnormal') then coalesce(:reason, refused_reason) end,
             unanswered_since = null, failures = 0, checks = case when :is_new then 0 else least(checks + 1, 32767) end,
             started_at = case when :state = 'failed' then started_at else coalesce(started_at, :now) end,
             ended_at = case when :is_over then coalesce(ended_at, :now) end, next_check_at = :due
           where id = :id""",
        state=following.value,
        refund_id=refund_id,
        posting_id=posting_id,
        word=word,
        reason=reason,
        is_new=following is not known,
        is_over=is_over,
        now=now,
        due=rules.next_refund_check(following, checks=0 if following is not known else row.checks, now=now),
        id=row.id,
    )
    if following is known:
        return RefundEffect.NOTHING
    if known is RefundState.CONTESTED or posting_id != row.posting_id:
        casework.overtake(session, subject=f"suspense:{row.suspense_id}", now=now)
    if following in {RefundState.FAILED, RefundState.ABNORMAL, RefundState.CONTESTED}:
        log.error("refund_trouble", out_refund_no=row.out_refund_no, state=following.value, reason=reason)
    return _EFFECTS[following]


def _says_less(event: RefundEvent, row: "sa.Row[Any]") -> bool:
    """Whether a word on a contested refund leaves it as it is.

    Only a signed answer ends it. Once it is told as done it is that, as every other refund: an older answer that came
    late says less, and trouble on its way to the payer is no money of ours, unless the sum has come free.
    """
    is_done = row.contested_told == RefundState.DONE
    is_placed = row.suspense_state != "open"
    return (
        event is RefundEvent.REFUSED
        or (event is RefundEvent.TAKEN and is_done)
        or (event is RefundEvent.ABNORMAL and is_done and is_placed)
    )


def _take_back(session: WriteSession, row: "sa.Row[Any]", *, now: datetime) -> None:
    """The mirror of its posting: the money waits in suspense again.

    An earlier refund of it that is contested may have it: its provider is asked now, and it waits for that.
    """
    ledger.reverse(
        session, book_id=BookId(row.book_id), source=Source.REFUND, source_id=row.posting_id, effective_at=now
    )
    session.sql(
        "update payment_suspense set state = 'open', refund_id = null where id = :id and refund_id = :refund",
        id=row.suspense_id,
        refund=row.id,
    )
    session.sql(
        "update payment_refund set next_check_at = :now where suspense_id = :id and state = 'contested'",
        now=now,
        id=row.suspense_id,
    )


def _send_out_again(session: WriteSession, row: "sa.Row[Any]", *, now: datetime) -> UUID:
    """What was given up was taken all the same while its sum still waits: it is posted once more."""
    posting_id = ids.uuid7()
    amount = Money(row.amount_minor, row.currency)
    _post(session, BookId(row.book_id), posting_id, provider=row.provider, amount=amount, now=now)
    session.sql(
        "update payment_suspense set state = 'returned', refund_id = :refund where id = :id",
        refund=row.id,
        id=row.suspense_id,
    )
    return posting_id


def _post(
    session: WriteSession, book_id: BookId, posting_id: UUID, *, provider: str, amount: Money, now: datetime
) -> None:
    posting = Posting(debit=SUSPENSE, credit=refund(provider), amount=amount)
    ledger.post(session, transactions=[Transaction(book_id, Source.REFUND, posting_id, now, [posting])])


def _carry_out(session: WriteSession, approved: Approved) -> Outcome:
    """Whoever decides must be able to decide about this very sum; it is done in the name of whoever asked."""
    wanted: ReturnSuspense = approved.payload
    returnable(
        session,
        suspense_id=wanted.suspense_id,
        by=approved.decided_by,
        permission=StaffPermission.SUSPENSE_APPROVE,
        now=approved.now,
    )
    return_to_payer(
        session,
        suspense_id=wanted.suspense_id,
        why=wanted.why,
        by=approved.requested_by,
        approved_by=approved.decided_by,
        actor=approved.actor,
        now=approved.now,
    )
    return Outcome()


def _may_touch(session: ReadSession, wanted: ReturnSuspense, staff_id: UUID, now: datetime) -> bool:
    return placing.may_decide_about(session, suspense_id=wanted.suspense_id, staff_id=staff_id, now=now)


RETURN_SUSPENSE: Final = Kind(
    name="payments.return_suspense",
    payload=ReturnSuspense,
    asks=StaffPermission.SUSPENSE_RETURN,
    decides=StaffPermission.SUSPENSE_APPROVE,
    carry_out=_carry_out,
    alone_up_to_minor=ALONE_UP_TO_MINOR,
    may_touch=_may_touch,
    hold=lambda session, wanted: hold_sum(session, suspense_id=wanted.suspense_id),
)
