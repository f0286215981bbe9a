"""Lists of payments that staff take as files: money without a place, and payments whose end nobody knows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from core.db import ReadSession
from services.accounts.roles import StaffPermission
from services.casework.ports import Part, Slice, StaffList
from services.payments.queries import finding, placing

_BEFORE_ALL: Final = UUID(int=0)


def _suspense(session: ReadSession, part: Part) -> Slice:
    after = None
    if part.position is not None:
        at, suspense_id = part.position
        after = (datetime.fromisoformat(str(at)), int(str(suspense_id)))
    found = placing.suspense_page(session, staff_id=part.staff_id, after=after, limit=part.limit, now=part.now)
    cells = [
        (
            str(row.id),
            row.created_at.isoformat(),
            row.reason,
            row.provider,
            row.merchant,
            row.out_trade_no,
            row.transaction_id,
            row.account_no or "",
            row.unit or "",
            str(row.amount.minor),
            row.amount.currency,
        )
        for row in found
    ]
    return Slice(cells, [found[-1].created_at.isoformat(), found[-1].id] if len(found) == part.limit else None)


def _unknown(session: ReadSession, part: Part) -> Slice:
    after = _BEFORE_ALL if part.position is None else UUID(str(part.position[0]))
    found = finding.unknown_payments(session, staff_id=part.staff_id, after=after, limit=part.limit, now=part.now)
    cells = [
        (
            row.payment_no,
            row.out_trade_no,
            row.provider,
            row.merchant,
            row.state,
            row.created_at.isoformat(),
            str(row.checks),
            row.account_no,
            row.unit,
            str(row.amount.minor),
            row.amount.currency,
        )
        for row in found
    ]
    return Slice(cells, [str(found[-1].order_id)] if len(found) == part.limit else None)


PAYMENT_LISTS: Final[Sequence[StaffList]] = (
    StaffList(
        "suspense",
        StaffPermission.SUSPENSE_VIEW,
        (
            *("id", "created_at", "reason", "provider", "merchant", "out_trade_no", "transaction_id"),
            *("account_no", "unit", "amount_minor", "currency"),
        ),
        _suspense,
    ),
    StaffList(
        "unknown",
        StaffPermission.PAYMENTS_VIEW,
        (
            *("payment_no", "out_trade_no", "provider", "merchant", "state", "created_at", "checks"),
            *("account_no", "unit", "amount_minor", "currency"),
        ),
        _unknown,
    ),
)
