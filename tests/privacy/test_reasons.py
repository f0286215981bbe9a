"""What staff typed as a reason goes with whom it was about; that they acted stays."""

from collections.abc import Callable
from typing import Final

import pytest

from core import audit, clock
from core.audit import Actor
from services.accounts.roles import StaffRole
from services.casework import operations as casework
from services.ledger import queries as ledger
from services.payments import operations as payments
from services.payments.operations import ReturnSuspense
from tests.factories.staff import Member, employ
from tests.privacy.test_erasure import confirm, erase, in_clear
from tests.support.everything import holding
from tests.support.town import Home, Person, Town, twice_paid

MATCHED: Final = """
insert into payment_suspense (reason, provider, out_trade_no, transaction_id, order_id, amount_minor, currency, paid_at,
  created_at, state, matched_by, matched_at, matched_why)
select 'transaction_claimed', provider, out_trade_no, transaction_id, order_id, amount_minor, currency, paid_at,
  created_at, 'matched', :by, now(), :why
from payment_suspense where id = :id
"""


def _erase_person(town: Town, person: Person, home: Home) -> None:  # noqa: ARG001 -- as the next one
    confirm(town, person)
    erase(town)


def _forget_holder(town: Town, person: Person, home: Home) -> None:  # noqa: ARG001 -- as the one before
    with town.runtime.db.write() as session:
        holder = session.sql("select customer_id from account where id = :id", id=home.account.id).scalar_one()
        payments.forget_holder(session, customer_id=holder)


def _reason_about(town: Town, person: Person, home: Home, why: str) -> Member:
    """A member of staff gives a reason wherever one is asked for: for looks, a return, a request, a row without money."""
    number = twice_paid(town, person, home)
    with town.runtime.db.write() as session:
        finance = employ(session, town.runtime.vault, role=StaffRole.FINANCE, unit="37", now=clock.now())
        actor = Actor(f"staff:{finance.staff_id}")
        for subject in (f"account:{home.account.id}", f"payment:{number}"):
            audit.record(session, actor=actor, act="test.revealed", subject=subject, after={"what": "x", "reason": why})
        waiting = session.sql(
            """select s.id from payment_suspense s join payment_order o on o.id = s.order_id
               where o.payment_no = :no""",
            no=number,
        ).scalar_one()
        request = casework.ask(
            session,
            kind=payments.RETURN_SUSPENSE.name,
            subject=f"suspense:{waiting}",
            unit_id=home.account.unit_id,
            payload=ReturnSuspense(suspense_id=waiting, why=why),
            reason=why,
            by=finance.staff_id,
            actor=actor,
            now=clock.now(),
        )
        other = employ(session, town.runtime.vault, role=StaffRole.FINANCE, unit="37", now=clock.now())
        casework.refuse(session, request_id=request, by=other.staff_id, why=why, actor=actor, now=clock.now())
        payments.return_to_payer(
            session,
            suspense_id=waiting,
            why=why,
            by=finance.staff_id,
            approved_by=None,
            actor=actor,
            now=clock.now(),
        )
        session.sql(MATCHED, id=waiting, by=finance.staff_id, why=why)
    return finance


@pytest.mark.parametrize("forget", [_erase_person, _forget_holder])
def test_reasons_that_staff_typed_about_somebody_go_with_them_and_who_typed_them_stays(
    town: Town, forget: Callable[[Town, Person, Home], None]
) -> None:
    home, other = town.build(town.unit_id), town.build(town.unit_id)
    person, neighbour = (town.settle(each, has_payments=False) for each in (home, other))
    finance = _reason_about(town, person, home, "Mr Needle rang.")
    _reason_about(town, neighbour, other, "Ms Other rang.")
    planted = {"about them": "Mr Needle", "about another": "Ms Other"}
    places = {"audit", "approval_request", "payment_refund", "payment_suspense"}
    before = holding(in_clear(town), planted)
    assert set(before) == {(place, name) for place in places for name in planted}
    forget(town, person, home)
    assert set(holding(in_clear(town), planted)) == {(place, "about another") for place in places}
    with town.runtime.db.read() as session:
        acts = session.sql(
            "select after ->> 'reason' from audit where actor = :actor and after ? 'reason' order by id",
            actor=f"staff:{finance.staff_id}",
        ).scalars()
        assert acts.all() == ["***"] * 3, "that somebody acted, and on what, stays"
        assert ledger.check_invariants(session) == []
