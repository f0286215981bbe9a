"""What staff read of payments; nothing outside of where they may."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core import inbox
from core.db import ReadSession, statement, view
from core.inbox import Kept
from core.money import Money
from services.accounts.queries import AccountId
from services.accounts.roles import StaffPermission
from services.payments import rules
from services.payments.models import AttemptState
from services.payments.queries import merchants


@dataclass(frozen=True, slots=True)
class FoundPayment:
    """A payment as a search shows it; `account_no` is the first of its accounts that the reader may see.

    `is_part`: it is for accounts elsewhere, too, and `amount` is what of it is for those that the reader may see.
    """

    payment_no: str
    account_no: str
    state: str
    amount: Money
    is_part: bool
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
    account_no: str | None = None


@dataclass(frozen=True, slots=True)
class PlacedMoney:
    """Money that came without a place. `suspense_id` is None for who may not open it, `no` the bill that it came for.

    `account_no` is what it was given to, None also where they may not see that.
    """

    suspense_id: int | None
    state: str
    account_no: str | None
    decided_at: datetime | None
    no: str | None


@dataclass(frozen=True, slots=True)
class StaffAttempt:
    """One number at a provider as staff read it, with the parts of the account that is looked at.

    `suspense` is told by `placing.with_suspense`.
    """

    id: UUID
    no: int
    state: str
    merchant: str
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
    suspense: tuple[PlacedMoney, ...] = ()

    @property
    def is_living(self) -> bool:
        """Whether it may still be paid, as far as we know."""
        return AttemptState(self.state) in rules.LIVING


@dataclass(frozen=True, slots=True)
class StaffPayment:
    """A payment as staff read it, the latest attempt first.

    `is_part`: it is for accounts elsewhere, too, and all sums are what of it is for those that the reader may see.
    """

    id: UUID
    payment_no: str
    state: str
    amount: Money
    is_part: bool
    created_at: datetime
    paid_at: datetime | None
    attempts: tuple[StaffAttempt, ...]


def payments_of(
    session: ReadSession, *, account_id: AccountId, staff_id: UUID, before: UUID, limit: int, now: datetime
) -> list[StaffPayment]:
    """Up to `limit` payments for an account, the latest first, behind the one with the id `before`.

    The caller has seen to it that the reader may read payments where it lies.
    """
    rows = session.sql(
        statement(__package__, "staff_payments.sql"),
        account_id=account_id,
        staff_id=staff_id,
        before=before,
        limit=limit,
        now=now,
    )
    return [_payment(row) for row in rows]


@dataclass(frozen=True, slots=True)
class WholePayment:
    """A payment with what its provider told of it, by number there; parts of accounts elsewhere are left out."""

    payment: StaffPayment
    provider: str
    expires_at: datetime
    callbacks: Mapping[str, tuple[Kept, ...]]

    @property
    def sources(self) -> list[str]:
        """Who may have told of it."""
        return merchants.sources_of(self.provider, *(each.merchant for each in self.payment.attempts))


def payment(
    session: ReadSession, *, payment_no: str, staff_id: UUID, permission: StaffPermission, now: datetime
) -> WholePayment | None:
    """A payment for an account in a unit where a member of staff may do this; None for any other, and for none."""
    row = session.sql(
        statement(__package__, "staff_payment.sql"),
        payment_no=payment_no,
        staff_id=staff_id,
        permission=permission.value,
        now=now,
    ).one_or_none()
    if row is None:
        return None
    found = _payment(row)
    told: dict[str, list[Kept]] = {each.out_trade_no: [] for each in found.attempts}
    for source in merchants.sources_of(row.provider, *(each.merchant for each in found.attempts)):
        for each in inbox.about(session, source=source, subjects=list(told)):
            told[each.subject].append(each)
    return WholePayment(found, row.provider, row.expires_at, {no: tuple(kept) for no, kept in told.items()})


@dataclass(frozen=True, slots=True)
class UnknownPayment:
    """An attempt whose end nobody knows; `account_no` is the first of its accounts that the reader may see.

    `is_part`: it is for accounts elsewhere, too, and `amount` is what of it is for those that the reader may see.
    """

    order_id: UUID
    payment_no: str
    out_trade_no: str
    provider: str
    merchant: str
    state: str
    amount: Money
    is_part: bool
    created_at: datetime
    expires_at: datetime
    next_check_at: datetime | None
    checks: int
    failures: int
    account_no: str
    unit: str


def unknown_payments(
    session: ReadSession, *, staff_id: UUID, after: UUID, limit: int, now: datetime
) -> list[UnknownPayment]:
    """Up to `limit` attempts that asking should have settled long ago, the oldest first, behind an order."""
    rows = session.sql(
        statement(__package__, "unknown_payments.sql"),
        staff_id=staff_id,
        after=after,
        late=now - rules.KNOWN_WITHIN,
        limit=limit,
        now=now,
    )
    return [view(UnknownPayment, row, amount=Money(row.amount_minor, row.currency)) for row in rows]


def numbers_of(session: ReadSession, *, attempt_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The numbers of payments by their attempts; what is no attempt is left out. Served by the primary keys."""
    rows = session.sql(
        """select a.id, o.payment_no from payment_attempt a join payment_order o on o.id = a.order_id
           where a.id = any(:ids)""",
        ids=list(attempt_ids),
    )
    return {row.id: row.payment_no for row in rows}


def units_of(session: ReadSession, *, payment_id: UUID) -> list[int]:
    """The units of all accounts that a payment is for, whoever asks."""
    rows = session.sql(statement(__package__, "payment_units.sql"), order_id=payment_id)
    return [row.unit_id for row in rows]


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """How a provider answered lately; while `open_until` lies ahead nobody asks it."""

    name: str
    failures: int
    open_until: datetime | None
    answered_at: datetime | None
    failed_at: datetime | None


def providers(session: ReadSession, *, now: datetime) -> list[ProviderHealth]:
    """Every provider of this deployment, by name."""
    rows = session.sql(
        """select p.name, coalesce(h.failures, 0) as failures,
             case when h.open_until > :now then h.open_until end as open_until, h.answered_at, h.failed_at
           from unnest(cast(:names as text[])) p (name) left join payment_provider_health h on h.provider = p.name
           order by p.name""",
        names=merchants.sources(),
        now=now,
    )
    return [view(ProviderHealth, row) for row in rows]


def found_payments(session: ReadSession, *, number: str, staff_id: UUID, now: datetime) -> list[FoundPayment]:
    """Payments with this number, ours or a provider's, of the units where one may read payments."""
    rows = session.sql(
        statement(__package__, "found_payments.sql"),
        staff_id=staff_id,
        number=number,
        kinds=[f"{name}.transaction" for name in merchants.provider_names()],
        now=now,
    )
    return [view(FoundPayment, row, amount=Money(row.amount_minor, row.currency)) for row in rows]


def _payment(row: sa.Row[Any]) -> StaffPayment:
    return view(
        StaffPayment,
        row,
        amount=Money(row.amount_minor, row.currency),
        attempts=tuple(_attempt(each) for each in row.attempts),
    )


def _attempt(told: dict[str, Any]) -> StaffAttempt:
    currency = told["currency"]
    return StaffAttempt(
        id=UUID(told["id"]),
        no=told["no"],
        state=told["state"],
        merchant=told["merchant"],
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
                account_no=part.get("account_no"),
            )
            for part in told["parts"]
        ),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
