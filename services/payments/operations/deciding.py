"""A refund that was given up and paid out all the same, while its sum had found a place: people decide who bears it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import sqlalchemy as sa

from core import audit, ids, outbox
from core.audit import Actor
from core.db import ReadSession, WriteSession, to_json
from core.money import Money
from services.accounts.queries import AccountId
from services.accounts.queries import finding as accounts
from services.accounts.roles import StaffPermission
from services.casework import operations as casework
from services.casework.ports import Approved, Kind, Outcome, Payload
from services.ledger import operations as ledger
from services.ledger.chart import REFUNDED_TWICE, SUSPENSE, BookId, OwnerKind, Source, refund
from services.ledger.operations import Posting, Transaction
from services.payments.errors import RefundOver, RefundUndecided, SuspenseElsewhere
from services.payments.events import PaymentUnassigned
from services.payments.operations.assigning import ALONE_UP_TO_MINOR
from services.payments.operations.matching import release
from services.payments.operations.returning import reason_to_return
from services.payments.operations.taking_back import take_back
from services.payments.queries import placing
from services.payments.queries.placing import WaitingMoney

Way = Literal["take_back", "bear"]
"""Out of the account that the sum was assigned to, or as a loss of the supplier."""


class DecideRefund(Payload):
    """Which refund, who bears it, and why."""

    refund_id: UUID
    way: Way
    why: str


@dataclass(frozen=True, slots=True)
class Contested:
    """A refund to decide about, with its sum."""

    refund_id: UUID
    suspense: WaitingMoney


def decidable(
    session: WriteSession, *, refund_id: UUID, way: Way, by: UUID, permission: StaffPermission, now: datetime
) -> Contested:
    """The refund, when somebody may decide this: its provider says that the money is gone, and its sum has a place.

    Raises RefundOver (also where they may not touch the sum), RefundUndecided while the sum goes back by another refund
    that may fail, SuspenseElsewhere for an account that is not theirs.
    """
    suspense_id = session.sql(
        """select suspense_id from payment_refund
           where id = :id and state = 'contested' and contested_told = 'done'""",
        id=refund_id,
    ).scalar_one_or_none()
    if suspense_id is None:
        raise RefundOver
    item = placing.suspense_item(session, suspense_id=suspense_id, staff_id=by, permission=permission, now=now)
    if item is None or item.state not in ({"assigned"} if way == "take_back" else {"assigned", "returned"}):
        raise RefundOver
    if item.state == "returned" and not _is_gone(session, suspense_id=item.id):
        raise RefundUndecided
    if way == "take_back":
        account = accounts.staff_account(
            session, account_no=item.assigned_to or "", staff_id=by, permission=permission, now=now
        )
        if account is None:
            raise SuspenseElsewhere
    return Contested(refund_id, item)


def _is_gone(session: ReadSession, *, suspense_id: int) -> bool:
    """Whether the refund by which a sum goes back is done: what it may still come back from is no loss."""
    return bool(
        session.sql(
            """select exists (select from payment_suspense s join payment_refund r on r.id = s.refund_id
               where s.id = :id and r.state = 'done')""",
            id=suspense_id,
        ).scalar_one()
    )


def decide(
    session: WriteSession, *, refund_id: UUID, way: Way, why: str, by: UUID, actor: Actor, now: datetime
) -> None:
    """Book money that went out twice: out of the account that had it, or as the supplier's loss; the refund is over.

    An order that was in suspense for nothing but what is taken back is released. Locks orders by id, the sum, then its
    refund, then books, then payables. Raises what `decidable` raises, ReasonNeeded, and MoneySpent when the account has
    no longer what it got; the caller has seen to a second person.
    """
    kept = reason_to_return(why)
    named = _lock_orders(session, refund_id=refund_id) if way == "take_back" else []
    waiting = session.sql(
        """select s.id, s.book_id, s.assigned_account_id, s.assignment_id, s.settled from payment_suspense s
           where s.id = (select suspense_id from payment_refund where id = :id) for update""",
        id=refund_id,
    ).one_or_none()
    session.sql("select from payment_refund where id = :id for no key update", id=refund_id)
    found = decidable(session, refund_id=refund_id, way=way, by=by, permission=StaffPermission.SUSPENSE_RETURN, now=now)
    assert waiting is not None  # noqa: S101 -- narrows for the type checker: the sum was just found
    item, book_id, posting_id = found.suspense, BookId(waiting.book_id), ids.uuid7()
    if way == "take_back":
        taken = sum(share["amount_minor"] for share in waiting.settled or [])
        _unassign(session, waiting, taken=Money(taken, item.amount.currency), now=now)
    posting = Posting(
        debit=SUSPENSE if way == "take_back" else REFUNDED_TWICE, credit=refund(item.provider), amount=item.amount
    )
    ledger.post(session, transactions=[Transaction(book_id, Source.REFUND, posting_id, now, [posting])])
    session.sql(
        """update payment_refund set state = :state, contested_told = null, posting_id = :posting_id, ended_at = :now,
             next_check_at = null, decided_by = :by, decided_why = :why where id = :id""",
        state="done" if way == "take_back" else "lost",
        posting_id=posting_id,
        now=now,
        by=by,
        why=kept,
        id=refund_id,
    )
    if way == "take_back":
        session.sql(
            "update payment_suspense set state = 'returned', refund_id = :refund where id = :id",
            refund=refund_id,
            id=waiting.id,
        )
        for order_id in named:
            release(session, order_id=order_id, item=item)
    casework.overtake(session, subject=f"suspense:{item.id}", now=now)
    audit.record(
        session,
        actor=actor,
        act="payments.refund_decided",
        subject=f"suspense:{item.id}",
        after={"refund_id": str(refund_id), "way": way, "reason": kept, **audit.sum_of(item.amount)},
        unit_id=item.unit_id,
    )


def _lock_orders(session: WriteSession, *, refund_id: UUID) -> list[UUID]:
    """The orders that the transaction of the sum was named for, locked, so that no match of theirs comes between."""
    rows = session.sql(
        """select id from payment_order where id in (
             select c.order_id from payment_refund r
             join payment_suspense s on s.id = r.suspense_id
             join payment_suspense c on c.transaction_id = s.transaction_id and c.provider = s.provider
             where r.id = :id and c.book_id is null)
           order by id for no key update""",
        id=refund_id,
    )
    return list(rows.scalars())


def _hold(session: WriteSession, wanted: DecideRefund) -> None:
    if wanted.way == "take_back":
        _lock_orders(session, refund_id=wanted.refund_id)
    session.sql(
        """select from payment_suspense where id = (select suspense_id from payment_refund where id = :id)
           for update""",
        id=wanted.refund_id,
    )


def _unassign(session: WriteSession, waiting: sa.Row[Any], *, taken: Money, now: datetime) -> None:
    """Mirror both transactions of the assignment, and open again what it had settled."""
    home = ledger.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=[waiting.assigned_account_id])[
        waiting.assigned_account_id
    ]
    book_id = BookId(waiting.book_id)
    ledger.lock_books(session, book_ids=sorted({book_id, home}))
    back = take_back(
        session,
        account_id=AccountId(waiting.assigned_account_id),
        book_id=home,
        source=Source.ASSIGNMENT_IN,
        source_id=waiting.assignment_id,
        taken=taken,
        now=now,
    )
    ledger.reverse(
        session, book_id=book_id, source=Source.ASSIGNMENT_OUT, source_id=waiting.assignment_id, effective_at=now
    )
    session.sql(
        """update payment_suspense set state = 'open', unassigned_at = :now, put_back = cast(:back as jsonb)
           where id = :id""",
        now=now,
        back=to_json([{"kind": kind, "no": no, "amount_minor": -amount.minor} for kind, no, amount in back]),
        id=waiting.id,
    )
    outbox.add(session, PaymentUnassigned(suspense_id=waiting.id))


def _carry_out(session: WriteSession, approved: Approved) -> Outcome:
    """Whoever decides must be able to decide about this very sum; it is done in the name of whoever asked."""
    wanted: DecideRefund = approved.payload
    decidable(
        session,
        refund_id=wanted.refund_id,
        way=wanted.way,
        by=approved.decided_by,
        permission=StaffPermission.SUSPENSE_APPROVE,
        now=approved.now,
    )
    decide(
        session,
        refund_id=wanted.refund_id,
        way=wanted.way,
        why=wanted.why,
        by=approved.requested_by,
        actor=approved.actor,
        now=approved.now,
    )
    return Outcome()


def _may_touch(session: ReadSession, wanted: DecideRefund, staff_id: UUID, now: datetime) -> bool:
    suspense_id = session.sql(
        "select suspense_id from payment_refund where id = :id", id=wanted.refund_id
    ).scalar_one_or_none()
    return suspense_id is not None and placing.may_decide_about(
        session, suspense_id=suspense_id, staff_id=staff_id, now=now
    )


DECIDE_REFUND: Final = Kind(
    name="payments.decide_refund",
    payload=DecideRefund,
    asks=StaffPermission.SUSPENSE_RETURN,
    decides=StaffPermission.SUSPENSE_APPROVE,
    carry_out=_carry_out,
    alone_up_to_minor=ALONE_UP_TO_MINOR,
    may_touch=_may_touch,
    hold=_hold,
)
