"""From facts to what programs are told: the types, and what each says. Ids, numbers and amounts, never a person."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from core.db import WriteSession, statement, to_json
from core.errors import Json
from core.ids import uuid7
from core.locks import lock
from core.money import Money
from core.outbox import Delivery, Event
from services.accounts.events import AccountLinked, HolderChanged
from services.accounts.queries import AccountId
from services.billing import queries as billing
from services.billing.events import BillAmended, BillIssued, BillSettled
from services.payments import queries as payments
from services.payments.events import PaymentAssigned, PaymentBooked, PaymentUnassigned

TYPES: Final = (
    "payment.booked",
    "payment.assigned",
    "payment.unassigned",
    "bill.issued",
    "bill.amended",
    "bill.settled",
    "account.linked",
    "account.holder_changed",
)
"""What an endpoint may listen to. A type's data never changes its shape: members are added, others are another type."""

TEST: Final = "webhook.test"
"""Sent when somebody asks for it, whatever the endpoint listens to."""

Accounts = dict[AccountId, str]
"""Numbers of accounts by id: those that one endpoint may know."""

_ADD: Final = """
insert into webhook_delivery (endpoint_id, message_id, fact_id, type, body, state, occurred_at)
values (:endpoint_id, :message_id, :fact_id, :type, :body, 'waiting', :occurred_at)
on conflict (endpoint_id, fact_id) do nothing
"""


def payment_booked(session: WriteSession, delivery: Delivery, event: PaymentBooked) -> None:
    """Money of one attempt came and was posted; an endpoint hears of the parts for its accounts and of their sum."""
    if not _is_heard(session, "payment.booked"):
        return
    booked = payments.receipt(session, attempt_id=UUID(event.attempt_id))

    def data(accounts: Accounts) -> dict[str, Json]:
        parts = [part for part in booked.parts if part.account_id in accounts]
        return {
            "payment_no": booked.payment_no,
            "provider": booked.provider,
            "transaction_id": booked.transaction_id,
            "paid_at": booked.paid_at.isoformat(),
            "amount": _amount(Money(sum(part.amount.minor for part in parts), booked.amount.currency)),
            "parts": [
                {
                    "account_no": accounts[part.account_id],
                    "bill_no": part.no,
                    "amount": _amount(part.amount),
                }
                for part in parts
            ],
        }

    _tell(session, delivery, "payment.booked", [part.account_id for part in booked.parts], data)


def payment_assigned(session: WriteSession, delivery: Delivery, event: PaymentAssigned) -> None:
    """Staff gave money that had no place its account: what bills took, and the rest as prepaid."""
    _tell_assignment(session, delivery, "payment.assigned", event)


def payment_unassigned(session: WriteSession, delivery: Delivery, event: PaymentUnassigned) -> None:
    """What an account was given of such money was taken back: the same parts, the same amounts."""
    _tell_assignment(session, delivery, "payment.unassigned", event)


def _tell_assignment(
    session: WriteSession, delivery: Delivery, kind: str, event: PaymentAssigned | PaymentUnassigned
) -> None:
    if not _is_heard(session, kind):
        return
    money = payments.assigned(session, suspense_id=event.suspense_id)
    shares: list[tuple[str | None, Money]] = [*money.settled]
    rest = money.amount - sum((share for _, share in money.settled), Money.zero(money.amount.currency))
    if rest.minor > 0:
        shares.append((None, rest))

    def data(accounts: Accounts) -> dict[str, Json]:
        account_no = accounts[money.account_id]
        return {
            "provider": money.provider,
            "transaction_id": money.transaction_id,
            "paid_at": money.paid_at.isoformat(),
            "amount": _amount(money.amount),
            "parts": [{"account_no": account_no, "bill_no": no, "amount": _amount(share)} for no, share in shares],
        }

    _tell(session, delivery, kind, [money.account_id], data)


def bill_issued(session: WriteSession, delivery: Delivery, event: BillIssued) -> None:
    """A bill that was not known is owed."""
    _tell_bill(session, delivery, "bill.issued", event)


def bill_amended(session: WriteSession, delivery: Delivery, event: BillAmended) -> None:
    """An issued bill has another amount or other lines."""
    _tell_bill(session, delivery, "bill.amended", event)


def bill_settled(session: WriteSession, delivery: Delivery, event: BillSettled) -> None:
    """Nothing of a bill is owed any more."""
    _tell_bill(session, delivery, "bill.settled", event)


def account_linked(session: WriteSession, delivery: Delivery, event: AccountLinked) -> None:
    """Somebody proved an account to be theirs; who, is not told."""
    _tell_account(session, delivery, "account.linked", AccountId(event.account_id))


def holder_changed(session: WriteSession, delivery: Delivery, event: HolderChanged) -> None:
    """An account passed from one customer to another; who they are, is not told."""
    _tell_account(session, delivery, "account.holder_changed", AccountId(event.account_id))


SUBSCRIPTIONS: Final[list[tuple[type[Event], Callable[..., Any]]]] = [
    (PaymentBooked, payment_booked),
    (PaymentAssigned, payment_assigned),
    (PaymentUnassigned, payment_unassigned),
    (BillIssued, bill_issued),
    (BillAmended, bill_amended),
    (BillSettled, bill_settled),
    (AccountLinked, account_linked),
    (HolderChanged, holder_changed),
]


def put(
    session: WriteSession,
    *,
    endpoint_id: UUID,
    kind: str,
    data: Mapping[str, Json],
    occurred_at: datetime,
    fact_id: int | None,
) -> None:
    """Queue one thing for one endpoint, behind all that waits there; the same fact a second time changes nothing.

    Under a lock, so that what has an earlier place in the order is never seen later.
    """
    lock(session, key=f"webhook:{endpoint_id}")
    session.sql(
        _ADD,
        endpoint_id=endpoint_id,
        message_id=f"evt_{uuid7().hex}",
        fact_id=fact_id,
        type=kind,
        body=to_json({"type": kind, "timestamp": occurred_at.isoformat(), "data": dict(data)}),
        occurred_at=occurred_at,
    )


def _is_heard(session: WriteSession, kind: str) -> bool:
    """Whether anybody listens: most suppliers' facts end here, and cost one small statement."""
    return bool(
        session.sql(
            "select exists (select from webhook_endpoint where state <> 'deleted' and :type = any(events))", type=kind
        ).scalar_one()
    )


def _tell(
    session: WriteSession,
    delivery: Delivery,
    kind: str,
    account_ids: list[AccountId],
    data: Callable[[Accounts], dict[str, Json]],
) -> None:
    heard: dict[UUID, Accounts] = {}
    for row in session.sql(statement(__package__, "listening.sql"), type=kind, account_ids=account_ids):
        heard.setdefault(row.endpoint_id, {})[AccountId(row.account_id)] = row.account_no
    for endpoint_id, accounts in heard.items():
        put(
            session,
            endpoint_id=endpoint_id,
            kind=kind,
            data=data(accounts),
            occurred_at=delivery.occurred_at,
            fact_id=delivery.id,
        )


def _tell_bill(
    session: WriteSession, delivery: Delivery, kind: str, event: BillIssued | BillAmended | BillSettled
) -> None:
    if not _is_heard(session, kind):
        return
    account_id = AccountId(event.account_id)
    [bill] = billing.bills(session, account_id=account_id, bill_ids=[event.bill_id])

    def data(accounts: Accounts) -> dict[str, Json]:
        return {
            "account_no": accounts[account_id],
            "bill_no": bill.bill_no,
            "period_first": bill.period_first.isoformat(),
            "period_end": bill.period_end.isoformat(),
            "due_date": bill.due_date.isoformat(),
            "amount": _amount(bill.amount),
            "open": _amount(bill.open),
        }

    _tell(session, delivery, kind, [account_id], data)


def _tell_account(session: WriteSession, delivery: Delivery, kind: str, account_id: AccountId) -> None:
    _tell(session, delivery, kind, [account_id], lambda accounts: {"account_no": accounts[account_id]})


def _amount(money: Money) -> dict[str, Json]:
    return {"amount_minor": money.minor, "currency": money.currency}
