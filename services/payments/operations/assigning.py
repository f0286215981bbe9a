"""Money of suspense gets its place: out of the book where it waits, into the account that staff name, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from core import audit, idempotency, ids, outbox
from core.audit import Actor
from core.db import ReadSession, WriteSession, to_json
from core.money import Money
from services.accounts.queries import finding as accounts
from services.accounts.queries.finding import StaffAccount
from services.accounts.roles import StaffPermission
from services.casework import operations as casework
from services.casework import queries as requests
from services.casework.errors import RequestOpen
from services.casework.ports import Approved, Kind, Outcome, Payload
from services.ledger import operations as ledger
from services.ledger.chart import PREPAID, RECEIVABLE, SUSPENSE, TRANSFER, BookId, OwnerKind, Source
from services.ledger.operations import Posting, Transaction
from services.payments.errors import (
    RefundUndecided,
    SuspenseElsewhere,
    SuspenseLookFirst,
    SuspenseOver,
    SuspenseTakesTwo,
    SuspenseTotalTakesTwo,
)
from services.payments.events import PaymentAssigned
from services.payments.ports import PAYABLES, Due
from services.payments.queries import placing, refunds

ALONE_UP_TO_MINOR: Final = 100_000
"""What one alone may assign, in minor units: a month's bill of a home several times over."""

CLAIM: Final = "suspense.assignment"


class AssignSuspense(Payload):
    """Which sum, and the account it is for."""

    suspense_id: int
    account_no: str


@dataclass(frozen=True, slots=True)
class _Settled:
    kind: str
    no: str
    taken: Money


def assignable(
    session: WriteSession,
    *,
    suspense_id: int,
    account_no: str,
    by: UUID,
    now: datetime,
    permission: StaffPermission = StaffPermission.SUSPENSE_ASSIGN,
) -> tuple[Money, StaffAccount]:
    """The sum and the account, when somebody may assign the one to the other, or decide about that.

    Raises SuspenseOver (also where they may not touch the sum), RefundUndecided, SuspenseElsewhere.
    """
    item = placing.suspense_item(session, suspense_id=suspense_id, staff_id=by, permission=permission, now=now)
    if item is None or item.state != "open" or not item.is_money:
        raise SuspenseOver
    if refunds.is_contested(session, suspense_id=suspense_id):
        raise RefundUndecided
    account = accounts.staff_account(session, account_no=account_no, staff_id=by, permission=permission, now=now)
    if account is None or account.currency != item.amount.currency:
        raise SuspenseElsewhere
    return item.amount, account


def assign(session: WriteSession, *, suspense_id: int, account_no: str, by: UUID, actor: Actor, now: datetime) -> UUID:
    """Give money its place: open bills of the account are settled, the oldest due first, the rest is prepaid.

    Answers the source of both transactions of the ledger. Publishes PaymentAssigned. Locks the sum, then books, then
    payables by id. Raises what `assignable` raises, SuspenseOver when it has a place already; the caller has seen to a
    second person.
    """
    hold_sum(session, suspense_id=suspense_id)
    amount, account = assignable(session, suspense_id=suspense_id, account_no=account_no, by=by, now=now)
    waiting = session.sql("select book_id, paid_at from payment_suspense where id = :id", id=suspense_id).one()
    assignment_id = ids.uuid7()
    idempotency.claim(session, kind=CLAIM, key=str(suspense_id), owner=str(assignment_id))
    home = ledger.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=[account.id])[account.id]
    ledger.lock_books(session, book_ids=sorted({BookId(waiting.book_id), home}))
    settled = _settle(session, account=account, amount=amount, assignment_id=assignment_id, now=now)
    taken = sum((each.taken for each in settled), Money.zero(amount.currency))
    shares = {RECEIVABLE: taken, PREPAID: amount - taken}
    ledger.post(
        session,
        transactions=[
            Transaction(
                BookId(waiting.book_id),
                Source.ASSIGNMENT_OUT,
                assignment_id,
                waiting.paid_at,
                [Posting(debit=SUSPENSE, credit=TRANSFER, amount=amount)],
            ),
            Transaction(
                home,
                Source.ASSIGNMENT_IN,
                assignment_id,
                waiting.paid_at,
                [
                    Posting(debit=TRANSFER, credit=code, amount=share)
                    for code, share in shares.items()
                    if share.minor > 0
                ],
            ),
        ],
    )
    session.sql(
        """update payment_suspense set state = 'assigned', assigned_account_id = :account, assignment_id = :assignment,
             assigned_by = :by, assigned_at = :now, settled = cast(:settled as jsonb) where id = :id""",
        settled=to_json([{"kind": each.kind, "no": each.no, "amount_minor": each.taken.minor} for each in settled]),
        account=account.id,
        assignment=assignment_id,
        by=by,
        now=now,
        id=suspense_id,
    )
    casework.overtake(session, subject=f"suspense:{suspense_id}", now=now)
    outbox.add(session, PaymentAssigned(suspense_id=suspense_id))
    audit.record(
        session,
        actor=actor,
        act="payments.suspense_assigned",
        subject=f"suspense:{suspense_id}",
        after={"account_id": account.id, "assignment_id": str(assignment_id), **audit.sum_of(amount)},
        unit_id=account.unit_id,
    )
    return assignment_id


def hold_sum(session: WriteSession, *, suspense_id: int) -> None:
    """Lock a sum of suspense: nothing else is decided about it until the transaction ends."""
    session.sql("select from payment_suspense where id = :id for update", id=suspense_id)


def _settle(
    session: WriteSession, *, account: StaffAccount, amount: Money, assignment_id: UUID, now: datetime
) -> list[_Settled]:
    """Take off what is due, and answer how much of what that was."""
    zero = Money.zero(amount.currency)
    left, shares = amount, list[tuple[Due, str, Money]]()
    for kind, payable in PAYABLES.get().items():
        for due in payable.quote(session, account_id=account.id, nos=None, now=now):
            share = min(left, due.open)
            if share > zero:
                shares.append((due, kind, share))
                left -= share
    settled = []
    for due, kind, share in sorted(shares, key=lambda each: each[0].payable_id):
        taken = PAYABLES.get()[kind].settle(
            session,
            account_id=account.id,
            payable_id=due.payable_id,
            payment_id=assignment_id,
            amount=share,
            now=now,
        )
        settled.append(_Settled(kind, due.no, taken))
    return [each for each in settled if each.taken > zero]


def assign_to_own(
    session: WriteSession, *, suspense_id: int, placed: Sequence[Money], by: UUID, actor: Actor, now: datetime
) -> Money:
    """Give money to the one account that it came for, as `assign` does, after what was `placed` in the same act.

    Raises what `assign` raises, SuspenseElsewhere when nobody knows of one account, SuspenseLookFirst,
    SuspenseTakesTwo, SuspenseTotalTakesTwo, and RequestOpen.
    """
    hold_sum(session, suspense_id=suspense_id)
    may = StaffPermission.SUSPENSE_ASSIGN
    item = placing.suspense_item(session, suspense_id=suspense_id, staff_id=by, permission=may, now=now)
    if item is None:
        raise SuspenseOver
    if not item.has_own_account:
        raise SuspenseElsewhere
    if not item.goes_among_many:
        raise SuspenseLookFirst
    if requests.waiting_about(session, subject=f"suspense:{suspense_id}", seen_by=by, now=now) is not None:
        raise RequestOpen
    if requests.needs_second_person(kind=ASSIGN_SUSPENSE.name, amount=item.amount):
        raise SuspenseTakesTwo
    if not one_may_place(item.amount, placed):
        raise SuspenseTotalTakesTwo
    assign(session, suspense_id=suspense_id, account_no=item.account_no or "", by=by, actor=actor, now=now)
    return item.amount


def one_may_place(amount: Money, placed: Sequence[Money]) -> bool:
    """Whether one alone may assign this, too, in an act that gave the sums `placed` their places."""
    total = sum((each for each in placed if each.currency == amount.currency), amount)
    return not requests.needs_second_person(kind=ASSIGN_SUSPENSE.name, amount=total)


def _carry_out(session: WriteSession, approved: Approved) -> Outcome:
    """Whoever decides must be able to decide about this sum and account; it is done in the name of whoever asked."""
    wanted: AssignSuspense = approved.payload
    assignable(
        session,
        suspense_id=wanted.suspense_id,
        account_no=wanted.account_no,
        by=approved.decided_by,
        permission=StaffPermission.SUSPENSE_APPROVE,
        now=approved.now,
    )
    assign(
        session,
        suspense_id=wanted.suspense_id,
        account_no=wanted.account_no,
        by=approved.requested_by,
        actor=approved.actor,
        now=approved.now,
    )
    return Outcome()


def _may_touch(session: ReadSession, wanted: AssignSuspense, staff_id: UUID, now: datetime) -> bool:
    may = StaffPermission.SUSPENSE_APPROVE
    return (
        placing.may_decide_about(session, suspense_id=wanted.suspense_id, staff_id=staff_id, now=now)
        and accounts.staff_account(session, account_no=wanted.account_no, staff_id=staff_id, permission=may, now=now)
        is not None
    )


ASSIGN_SUSPENSE: Final = Kind(
    name="payments.assign_suspense",
    payload=AssignSuspense,
    asks=StaffPermission.SUSPENSE_ASSIGN,
    decides=StaffPermission.SUSPENSE_APPROVE,
    carry_out=_carry_out,
    alone_up_to_minor=ALONE_UP_TO_MINOR,
    may_touch=_may_touch,
    hold=lambda session, wanted: hold_sum(session, suspense_id=wanted.suspense_id),
)
