"""What staff read of refunds: those of a sum, and those that went out twice."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import inbox
from core.db import ReadSession, statement, view
from core.inbox import Kept
from core.money import Money
from services.accounts.queries import staffing
from services.accounts.roles import StaffPermission
from services.payments.ports import source_of


@dataclass(frozen=True, slots=True)
class StaffRefund:
    """A refund as staff read it. `is_doubtful`: an answer was lost, and the same is asked for again.

    `contested_told` is the provider's word on one that it took after all, while its sum had another place.
    """

    id: UUID
    out_refund_no: str
    refund_id: str | None
    state: str
    is_doubtful: bool
    refused_reason: str | None
    why: str
    requested_by: str
    approved_by: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    next_check_at: datetime | None
    contested_told: str | None
    decided_by: str | None
    decided_why: str | None
    callbacks: tuple[Kept, ...]


def refunds_of(session: ReadSession, *, suspense_id: int) -> list[StaffRefund]:
    """The refunds of a sum that the caller has found, the latest first. Served by ix_payment_refund_suspense_id."""
    rows = session.sql(statement(__package__, "refunds_of.sql"), suspense_id=suspense_id).all()
    return [
        view(
            StaffRefund,
            row,
            callbacks=tuple(
                inbox.about(session, source=source_of(row.provider, row.merchant), subjects=[row.out_refund_no])
            ),
        )
        for row in rows
    ]


def is_contested(session: ReadSession, *, suspense_id: int) -> bool:
    """Whether a refund of this sum is contested: its money may be gone. Served by ix_payment_refund_suspense_id.

    It stays so while the caller holds the lock of the sum: a refund becomes contested, and ends, under that lock.
    """
    return bool(
        session.sql(
            "select exists (select from payment_refund where suspense_id = :id and state = 'contested')",
            id=suspense_id,
        ).scalar_one()
    )


@dataclass(frozen=True, slots=True)
class ContestedRefund:
    """A refund that went out although its sum had another place: people decide who bears it."""

    suspense_id: int
    out_refund_no: str
    provider: str
    amount: Money
    created_at: datetime
    assigned_to: str | None


def contested_refunds(session: ReadSession, *, staff_id: UUID, limit: int, now: datetime) -> list[ContestedRefund]:
    """Up to `limit` refunds to decide about, the oldest first, where a member of staff may read of their sums."""
    rows = session.sql(
        statement(__package__, "contested_refunds.sql"),
        staff_id=staff_id,
        sees_all=staffing.staff_holds_everywhere(
            session, staff_id=staff_id, permission=StaffPermission.SUSPENSE_VIEW, now=now
        ),
        limit=limit,
        now=now,
    )
    return [view(ContestedRefund, row, amount=Money(row.amount_minor, row.currency)) for row in rows]
