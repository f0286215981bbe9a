"""Money that came without a place, as staff read it: what waits, what is known of it, and what became of it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from core.db import ReadSession, statement, view
from core.money import Money
from services.accounts.queries import staffing
from services.accounts.roles import StaffPermission
from services.payments.models import SuspenseReason
from services.payments.ports import source_of
from services.payments.queries.finding import FoundPayment, PlacedMoney, StaffPayment, found_payments

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
LOOKED_AT_ALONE: Final = frozenset(
    {SuspenseReason.AMOUNT_DIFFERS, SuspenseReason.SECOND_TRANSACTION, SuspenseReason.TRANSACTION_CLAIMED}
)
"""Reasons that may make the money somebody else's, or the payer's: its evidence is looked at before it has a place."""

MOST_MINOR: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class WaitingMoney:
    """Money without a place as staff read it; without `is_money` an order that names what is booked elsewhere.

    `account_no` is the account that it came for, the first of them when it came for several and was not divided
    (`is_shared`), None when nobody knows; `unit_ids` are where these lie, `unit` the lowest above them all, if any.
    """

    id: int
    reason: str
    provider: str
    merchant: str
    out_trade_no: str
    transaction_id: str
    amount: Money
    paid_at: datetime
    created_at: datetime
    state: str
    is_money: bool
    payment_no: str | None
    account_no: str | None
    is_shared: bool
    unit_ids: tuple[int, ...]
    unit: str | None
    unit_id: int | None
    assigned_to: str | None
    assigned_by: str | None
    assigned_at: datetime | None
    matched_by: str | None
    matched_at: datetime | None
    matched_why: str | None

    @property
    def has_own_account(self) -> bool:
        """Whether it waits for a place, and came for one account that is known."""
        return self.is_money and self.state == "open" and self.account_no is not None and not self.is_shared

    @property
    def goes_among_many(self) -> bool:
        """Whether it may be given to its own account unseen: the reason why it waits says nothing against that."""
        return self.has_own_account and self.reason not in LOOKED_AT_ALONE

    @property
    def source(self) -> str:
        """The merchant account that has the money, at its provider."""
        return source_of(self.provider, self.merchant)


def suspense_page(
    session: ReadSession, *, staff_id: UUID, after: tuple[datetime, int] | None, limit: int, now: datetime
) -> list[WaitingMoney]:
    """Up to `limit` sums that wait, the oldest first, where a member of staff may read of them.

    Of a sum that came for several accounts and was not divided only where they may in the units of all of them.
    """
    permission = StaffPermission.SUSPENSE_VIEW
    return _suspense(session, staff_id, permission, suspense_id=None, after=after, limit=limit, now=now)


def largest_suspense(
    session: ReadSession, *, staff_id: UUID, after: tuple[int, int] | None, limit: int, now: datetime
) -> list[WaitingMoney]:
    """The same, the largest first, behind an amount in minor units and an id."""
    permission = StaffPermission.SUSPENSE_VIEW
    behind = after or (MOST_MINOR, 0)
    return _suspense(session, staff_id, permission, suspense_id=None, larger=behind, limit=limit, now=now)


def suspense_item(
    session: ReadSession, *, suspense_id: int, staff_id: UUID, permission: StaffPermission, now: datetime
) -> WaitingMoney | None:
    """One sum, waiting or not, when a member of staff may do this with it."""
    found = _suspense(session, staff_id, permission, suspense_id=suspense_id, limit=1, now=now)
    return found[0] if found else None


def may_decide_about(session: ReadSession, *, suspense_id: int, staff_id: UUID, now: datetime) -> bool:
    """Whether somebody may decide what others ask to do with a sum, waiting or not."""
    may = StaffPermission.SUSPENSE_APPROVE
    return suspense_item(session, suspense_id=suspense_id, staff_id=staff_id, permission=may, now=now) is not None


def _suspense(
    session: ReadSession,
    staff_id: UUID,
    permission: StaffPermission,
    *,
    suspense_id: int | None,
    after: tuple[datetime, int] | None = None,
    larger: tuple[int, int] | None = None,
    limit: int,
    now: datetime,
) -> list[WaitingMoney]:
    after_at, after_id = after or (BEGINNING, 0)
    after_minor, after_id = larger or (MOST_MINOR, after_id)
    rows = session.sql(
        statement(__package__, "suspense_page.sql"),
        staff_id=staff_id,
        permission=permission.value,
        sees_all=staffing.staff_holds_everywhere(session, staff_id=staff_id, permission=permission, now=now),
        id=suspense_id,
        by_amount=larger is not None,
        after_at=after_at,
        after_minor=after_minor,
        after_id=after_id,
        limit=limit,
        now=now,
    )
    return [
        view(WaitingMoney, row, amount=Money(row.amount_minor, row.currency), unit_ids=tuple(row.unit_ids))
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class TransactionMoney:
    """Where the money of a provider's transaction is, as far as a reader may see; `is_hidden` says that there is more.

    `claims` are rows without money that name the transaction, too.
    """

    sums: tuple[WaitingMoney, ...]
    payments: tuple[FoundPayment, ...]
    claims: tuple[WaitingMoney, ...]
    is_hidden: bool


def money_of(session: ReadSession, *, item: WaitingMoney, staff_id: UUID, now: datetime) -> TransactionMoney:
    """What else is known of the transaction of a sum that the caller has found.

    Served by ix_payment_suspense_transaction_id and pk_claim.
    """
    others = session.sql(
        """select id, book_id is not null as is_money from payment_suspense
           where transaction_id = :transaction_id and provider = :provider and id <> :id order by id""",
        transaction_id=item.transaction_id,
        provider=item.provider,
        id=item.id,
    ).all()
    numbers = session.sql(
        statement(__package__, "claimed_payment.sql"),
        kind=f"{item.provider}.transaction",
        transaction_id=item.transaction_id,
    ).scalars()
    may = StaffPermission.SUSPENSE_VIEW
    seen = [suspense_item(session, suspense_id=each.id, staff_id=staff_id, permission=may, now=now) for each in others]
    booked = [found_payments(session, number=each, staff_id=staff_id, now=now) for each in numbers.all()]
    hidden_sums = [each for each, found in zip(others, seen, strict=True) if found is None and each.is_money]
    return TransactionMoney(
        sums=tuple(each for each in seen if each is not None and each.is_money),
        payments=tuple(each for found in booked for each in found),
        claims=tuple(each for each in seen if each is not None and not each.is_money),
        is_hidden=bool(hidden_sums) or not all(booked),
    )


def unit_to_ask_in(
    session: ReadSession, *, item: WaitingMoney, staff_id: UUID, permission: StaffPermission, now: datetime
) -> int:
    """The unit in which somebody who may do this with a sum asks for approval: the sum's, else the top of theirs.

    One of its units when they may not ask above them all.
    """
    if item.unit_id is not None and staffing.staff_may(
        session, staff_id=staff_id, permission=permission, unit_id=item.unit_id, now=now
    ):
        return item.unit_id
    if item.unit_ids:
        return item.unit_ids[0]
    found: int = session.sql(
        statement(__package__, "top_unit.sql"), staff_id=staff_id, permission=permission.value, now=now
    ).scalar_one()
    return found


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
    found = [suspense_item(session, suspense_id=each, staff_id=staff_id, permission=may, now=now) for each in ids]
    return [each for each in found if each is not None]


def _openable(session: ReadSession, ids: tuple[int, int], *, staff_id: UUID, now: datetime) -> int | None:
    """The money, else the row that names the order for it."""
    may = StaffPermission.SUSPENSE_VIEW
    for each in dict.fromkeys(ids):
        item = suspense_item(session, suspense_id=each, staff_id=staff_id, permission=may, now=now)
        if item is not None:
            return each
    return None
