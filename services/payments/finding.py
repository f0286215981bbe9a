"""What staff read of payments; nothing outside of where they may."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.db import ReadSession, statement
from core.money import Money
from services.accounts.queries import AccountId
from services.payments import queries


@dataclass(frozen=True, slots=True)
class FoundPayment:
    """A payment as a search shows it; `account_no` is the first of its accounts that the reader may see."""

    payment_no: str
    account_no: str
    state: str
    amount: Money
    created_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class StaffPart:
    """What an attempt was for in one account."""

    kind: str
    no: str | None
    amount: Money
    taken: Money | None
    outcome: str


@dataclass(frozen=True, slots=True)
class StaffAttempt:
    """One number at a provider as staff read it, with the parts of the account that is looked at."""

    no: int
    state: str
    method: str
    out_trade_no: str
    transaction_id: str | None
    refused_reason: str | None
    amount: Money
    created_at: datetime
    paid_at: datetime | None
    next_check_at: datetime | None
    checks: int
    failures: int
    parts: tuple[StaffPart, ...]


@dataclass(frozen=True, slots=True)
class StaffPayment:
    """A payment as staff read it, the latest attempt first."""

    id: UUID
    payment_no: str
    state: str
    amount: Money
    created_at: datetime
    paid_at: datetime | None
    attempts: tuple[StaffAttempt, ...]


def payments_of(session: ReadSession, *, account_id: AccountId, before: UUID, limit: int) -> list[StaffPayment]:
    """Up to `limit` payments for an account, the latest first, behind the one with the id `before`."""
    rows = session.sql(statement(__package__, "staff_payments.sql"), account_id=account_id, before=before, limit=limit)
    return [
        StaffPayment(
            id=row.id,
            payment_no=row.payment_no,
            state=row.state,
            amount=Money(row.amount_minor, row.currency),
            created_at=row.created_at,
            paid_at=row.paid_at,
            attempts=tuple(_attempt(each) for each in row.attempts),
        )
        for row in rows
    ]


def _attempt(told: dict[str, Any]) -> StaffAttempt:
    currency = told["currency"]
    return StaffAttempt(
        no=told["no"],
        state=told["state"],
        method=told["method"],
        out_trade_no=told["out_trade_no"],
        transaction_id=told["transaction_id"],
        refused_reason=told["refused_reason"],
        amount=Money(told["amount_minor"], currency),
        created_at=datetime.fromisoformat(told["created_at"]),
        paid_at=_moment(told["paid_at"]),
        next_check_at=_moment(told["next_check_at"]),
        checks=told["checks"],
        failures=told["failures"],
        parts=tuple(
            StaffPart(
                kind=part["kind"],
                no=part["no"],
                amount=Money(part["amount_minor"], currency),
                taken=None if part["taken_minor"] is None else Money(part["taken_minor"], currency),
                outcome=part["outcome"],
            )
            for part in told["parts"]
        ),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def found_payments(session: ReadSession, *, number: str, staff_id: UUID, now: datetime) -> list[FoundPayment]:
    """Payments with this number, ours or a provider's, of the units where one may read payments."""
    rows = session.sql(
        statement(__package__, "found_payments.sql"),
        staff_id=staff_id,
        number=number,
        kinds=[f"{name}.transaction" for name in queries.provider_names()],
        now=now,
    )
    return [
        FoundPayment(
            payment_no=row.payment_no,
            account_no=row.account_no,
            state=row.state,
            amount=Money(row.amount_minor, row.currency),
            created_at=row.created_at,
            paid_at=row.paid_at,
        )
        for row in rows
    ]
