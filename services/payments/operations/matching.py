"""A number that was named for a transaction whose money is booked under another is matched with it, and closed."""

from datetime import datetime
from typing import Final
from uuid import UUID

from core import audit
from core.audit import Actor
from core.db import ReadSession, WriteSession
from services.accounts.roles import StaffPermission
from services.casework import operations as casework
from services.casework.ports import Approved, Kind, Outcome, Payload
from services.payments import rules
from services.payments.errors import MoneyUndecided, SuspenseOver
from services.payments.models import OrderState
from services.payments.operations.assigning import ALONE_UP_TO_MINOR, hold_sum
from services.payments.operations.returning import reason_to_return
from services.payments.queries import placing
from services.payments.queries.placing import WaitingMoney
from services.payments.rules import OrderEvent


class MatchSuspense(Payload):
    """Which row without money, and how it was found whose the money is."""

    suspense_id: int
    why: str


def matchable(
    session: WriteSession, *, suspense_id: int, by: UUID, permission: StaffPermission, now: datetime
) -> WaitingMoney:
    """The row, when somebody may close it: they see the money that it names, and nothing of that waits any more.

    Raises SuspenseOver (also where they may not touch the row), MoneyUndecided.
    """
    item = placing.suspense_item(session, suspense_id=suspense_id, staff_id=by, permission=permission, now=now)
    if item is None or item.state != "open" or item.is_money:
        raise SuspenseOver
    money = placing.money_of(session, item=item, staff_id=by, now=now)
    if money.is_hidden or any(each.state == "open" for each in money.sums):
        raise MoneyUndecided
    return item


def match(session: WriteSession, *, suspense_id: int, why: str, by: UUID, actor: Actor, now: datetime) -> None:
    """Close a row without money: the transaction that it names has its place. Nothing is posted.

    When none of that money, nor any other, came to the order that was named, the order ends as closed: its payer reads
    no longer that we have the money, and may pay. Locks the order, then the row. Raises what `matchable` raises, and
    ReasonNeeded; the caller has seen to a second person.
    """
    kept = reason_to_return(why)
    order_id = _hold(session, suspense_id=suspense_id)
    item = matchable(session, suspense_id=suspense_id, by=by, permission=StaffPermission.SUSPENSE_ASSIGN, now=now)
    session.sql(
        """update payment_suspense set state = 'matched', matched_by = :by, matched_at = :now, matched_why = :why
           where id = :id""",
        by=by,
        now=now,
        why=kept,
        id=suspense_id,
    )
    casework.overtake(session, subject=f"suspense:{suspense_id}", now=now)
    is_released = order_id is not None and release(session, order_id=order_id, item=item)
    audit.record(
        session,
        actor=actor,
        act="payments.suspense_matched",
        subject=f"suspense:{suspense_id}",
        after={"transaction_id": item.transaction_id, "order_closed": is_released, "reason": kept},
        unit_id=item.unit_id,
    )


def _hold(session: WriteSession, *, suspense_id: int) -> UUID | None:
    """Lock the order that a row names, then the row; answers the order."""
    order_id: UUID | None = session.sql(
        """select id from payment_order
           where id = (select order_id from payment_suspense where id = :id) for no key update""",
        id=suspense_id,
    ).scalar_one_or_none()
    hold_sum(session, suspense_id=suspense_id)
    return order_id


def release(session: WriteSession, *, order_id: UUID, item: WaitingMoney) -> bool:
    """Close an order in suspense unless money came to it: booked, in suspense, or assigned to one of its accounts.

    `item` is of the transaction that was named for it. The caller holds the lock of the order.
    """
    following = rules.next_order_state(OrderState.SUSPENDED, OrderEvent.RELEASED)
    return bool(
        session.sql(
            """update payment_order set state = :state, paid_at = null
               where id = :id and state = 'suspended'
                 and not exists (select from payment_suspense s where s.order_id = :id and s.state <> 'matched')
                 and not exists (
                   select from payment_suspense s
                   join payment_attempt t on t.order_id = :id
                   join payment_part p on p.attempt_id = t.id and p.account_id = s.assigned_account_id
                   where s.provider = :provider and s.transaction_id = :transaction_id and s.state = 'assigned')
                 and not exists (
                   select from payment_attempt t join payment_part p on p.attempt_id = t.id
                   where t.order_id = :id and p.outcome = 'booked')""",
            state=following.value,
            id=order_id,
            provider=item.provider,
            transaction_id=item.transaction_id,
        ).rowcount
    )


def _carry_out(session: WriteSession, approved: Approved) -> Outcome:
    """Whoever decides must see the money, too; it is done in the name of whoever asked."""
    wanted: MatchSuspense = approved.payload
    matchable(
        session,
        suspense_id=wanted.suspense_id,
        by=approved.decided_by,
        permission=StaffPermission.SUSPENSE_APPROVE,
        now=approved.now,
    )
    match(
        session,
        suspense_id=wanted.suspense_id,
        why=wanted.why,
        by=approved.requested_by,
        actor=approved.actor,
        now=approved.now,
    )
    return Outcome()


def _may_touch(session: ReadSession, wanted: MatchSuspense, staff_id: UUID, now: datetime) -> bool:
    return placing.may_decide_about(session, suspense_id=wanted.suspense_id, staff_id=staff_id, now=now)


MATCH_SUSPENSE: Final = Kind(
    name="payments.match_suspense",
    payload=MatchSuspense,
    asks=StaffPermission.SUSPENSE_ASSIGN,
    decides=StaffPermission.SUSPENSE_APPROVE,
    carry_out=_carry_out,
    alone_up_to_minor=ALONE_UP_TO_MINOR,
    may_touch=_may_touch,
    hold=lambda session, wanted: _hold(session, suspense_id=wanted.suspense_id),
)
