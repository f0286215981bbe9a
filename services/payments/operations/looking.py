"""What staff do with a payment that they look into: ask its provider, and see in clear what the provider told."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import audit, inbox
from core.audit import Actor
from core.db import WriteSession
from core.errors import Json
from services.accounts import operations as accounts
from services.accounts.roles import StaffPermission
from services.payments.errors import CallbackRefused, PaymentUnknown
from services.payments.operations.checks import claim_one
from services.payments.ports import PROVIDERS
from services.payments.queries import finding
from services.payments.queries.finding import StaffPayment


@dataclass(frozen=True, slots=True)
class Shown:
    """A callback in clear: as it came, and what was sealed in it, or why that cannot be opened any more."""

    callback_id: int
    body: str
    content: str | None


def reveal_callback(
    session: WriteSession,
    *,
    payment_no: str,
    callback_id: int,
    reason: str,
    staff_id: UUID,
    actor: Actor,
    now: datetime,
) -> Shown | None:
    """What a provider told of a payment, in clear; None where one may not, and for a callback of no such payment.

    It tells the whole sum: one may only where one may see every part of the payment. Audited with the reason. Raises
    ReasonNeeded and RevealLimited.
    """
    found = finding.payment(
        session, payment_no=payment_no, staff_id=staff_id, permission=StaffPermission.PAYMENTS_REVEAL, now=now
    )
    if found is None or found.payment.is_part:
        return None
    numbers = list(found.callbacks)
    bodies = {
        source: body
        for source in found.sources
        if (body := inbox.body_about(session, source=source, subjects=numbers, callback_id=callback_id)) is not None
    }
    if not bodies:
        return None
    [(source, body)] = bodies.items()
    why = accounts.reason_to_reveal(session, reason=reason, staff_id=staff_id, now=now)
    try:
        content = PROVIDERS.get()[source].open_stored(body).decode(errors="replace")
    except (CallbackRefused, KeyError):  # sealed by a key that is gone, or for a merchant account that is
        content = None
    told: dict[str, Json] = {"callback_id": callback_id, "reason": why}
    _record(session, found.payment, act="payments.revealed", told=told, actor=actor)
    return Shown(callback_id, body.decode(errors="replace"), content)


def claim_question(
    session: WriteSession, *, payment_no: str, staff_id: UUID, actor: Actor, now: datetime
) -> list[UUID] | None:
    """The attempts of a payment about which its provider is to be asked for a member of staff; audited.

    None when somebody asked a moment ago; empty when it is paid: there is nothing to ask. Asked is about what may
    still be paid, else about the latest attempt. Raises PaymentUnknown where one may not.
    """
    found = finding.payment(
        session, payment_no=payment_no, staff_id=staff_id, permission=StaffPermission.PAYMENTS_CHECK, now=now
    )
    if found is None:
        raise PaymentUnknown
    attempts = found.payment.attempts
    wanted = [each.id for each in attempts if each.is_living]
    if not wanted and attempts[0].state != "paid":
        wanted = [attempts[0].id]
    if not wanted:
        return []
    claimed = [each for each in wanted if claim_one(session, attempt_id=each, now=now)]
    if not claimed:
        return None
    told: dict[str, Json] = {"attempts": [str(each) for each in claimed]}
    _record(session, found.payment, act="payments.checked", told=told, actor=actor)
    return claimed


def _record(session: WriteSession, payment: StaffPayment, *, act: str, told: dict[str, Json], actor: Actor) -> None:
    """Once for each unit that the payment is for: whoever audits one of them reads of it there."""
    for unit_id in finding.units_of(session, payment_id=payment.id):
        audit.record(
            session, actor=actor, act=act, subject=f"payment:{payment.payment_no}", after=told, unit_id=unit_id
        )
