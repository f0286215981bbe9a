"""What became of money that came for a payment without a place, as staff read it beside the payment and find it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core.db import ReadSession, statement
from services.accounts.roles import StaffPermission
from services.payments import finding
from services.payments.finding import PlacedMoney, StaffPayment, WaitingMoney


def with_suspense(
    session: ReadSession, *, payments: Sequence[StaffPayment], staff_id: UUID, now: datetime
) -> list[StaffPayment]:
    """The same payments, which were found for this member of staff, with what came without a place in each attempt."""
    rows = session.sql(
        statement(__package__, "order_suspense.sql"),
        order_ids=[each.id for each in payments],
        staff_id=staff_id,
        now=now,
    ).all()
    found: dict[UUID, tuple[PlacedMoney, ...]] = defaultdict(tuple)
    for row in rows:
        opens = _openable(session, (row.id, row.row_id), staff_id=staff_id, now=now)
        placed = PlacedMoney(opens, row.state, row.account_no, row.decided_at, row.payable_no)
        found[row.attempt_id] += (placed,)
    return [
        replace(each, attempts=tuple(replace(tried, suspense=found[tried.id]) for tried in each.attempts))
        for each in payments
    ]


def found_suspense(session: ReadSession, *, number: str, staff_id: UUID, now: datetime) -> list[WaitingMoney]:
    """What came without a place in this transaction of a provider, decided or not, where one may read of it.

    Served by ix_payment_suspense_transaction_id.
    """
    ids = (
        session.sql("select id from payment_suspense where transaction_id = :no order by id", no=number).scalars().all()
    )
    may = StaffPermission.SUSPENSE_VIEW
    found = [
        finding.suspense_item(session, suspense_id=each, staff_id=staff_id, permission=may, now=now) for each in ids
    ]
    return [each for each in found if each is not None]


def _openable(session: ReadSession, ids: tuple[int, int], *, staff_id: UUID, now: datetime) -> int | None:
    """The money, else the row that names the order for it."""
    may = StaffPermission.SUSPENSE_VIEW
    for each in dict.fromkeys(ids):
        item = finding.suspense_item(session, suspense_id=each, staff_id=staff_id, permission=may, now=now)
        if item is not None:
            return each
    return None
