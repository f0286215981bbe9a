"""A number that was named for money that is booked under another is closed by a decision, when that money has its place."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import clock
from core.crypto.vault import Vault
from core.db import Database
from services.accounts.roles import StaffPermission, StaffRole
from services.ledger import queries as ledger
from services.payments import operations, queries
from services.payments.errors import MoneyUndecided, PaymentFinal, SuspenseOver
from services.payments.models import SuspenseReason
from services.payments.ports import ProviderResult, RefundStatus
from services.payments.queries import finding, placing
from tests.factories import payments as make
from tests.factories import staff as people
from tests.factories.accounts import make_unit
from tests.factories.payments import Household
from tests.factories.staff import ACTOR, Member
from tests.services.payments import test_deciding as deciding
from tests.services.payments.test_deciding import Twice

pytestmark = pytest.mark.usefixtures("offline")

STRANGER = "STRANGER00000000000000000X"


@pytest.fixture
def finance(database: Database, vault: Vault) -> Member:
    """Somebody of the finance department of the whole supplier."""
    with database.write() as session:
        make_unit(session)
        return people.employ(session, vault, role=StaffRole.FINANCE, unit="37", now=clock.now())


@pytest.fixture(autouse=True)
def books(database: Database) -> Iterator[None]:
    """Whatever happened: the books hold."""
    yield
    with database.read() as session:
        assert ledger.check_invariants(session) == []
        assert queries.check_invariants(session) == []
        assert queries.check_claims(session) == []


def claimed(database: Database, vault: Vault, **other: int) -> tuple[Household, str, ProviderResult]:
    """A payment whose transaction the provider told before under a number that is not ours."""
    home = make.household(database, vault, bills=(10_000,), user_id=None, **other)
    no = make.order(database, vault, make.wanted(home))
    honest = replace(make.paid(make.latest(database, no)), paid_at=clock.now())
    make.apply(database, replace(honest, out_trade_no=STRANGER))
    make.apply(database, honest)
    return home, no, honest


def waiting(database: Database) -> dict[SuspenseReason, int]:
    with database.read() as session:
        return {each.reason: each.id for each in make.suspense(session)}


def match(database: Database, suspense_id: int, by: Member) -> None:
    with database.write() as session:
        operations.match(
            session,
            suspense_id=suspense_id,
            why="compared with the provider's books",
            by=by.staff_id,
            actor=ACTOR,
            now=clock.now(),
        )


def assign(database: Database, suspense_id: int, home: Household, by: Member) -> None:
    with database.write() as session:
        operations.assign(
            session,
            suspense_id=suspense_id,
            account_no=home.account.account_no,
            by=by.staff_id,
            actor=ACTOR,
            now=clock.now(),
        )


def again(database: Database, vault: Vault, home: Household, no: str) -> None:
    with database.write() as session:
        operations.add_attempt(session, vault=vault, wanted=make.wanted(home), payment_no=no, now=clock.now())


def seen(database: Database, home: Household, no: str) -> tuple[str, object]:
    with database.read() as session:
        found = queries.payment(session, payment_no=no, user_id=home.user_id, now=clock.now())
    assert found is not None
    return found.state, found.paid_at


def test_it_is_closed_only_after_its_money_has_a_place_and_moves_nothing_itself(
    database: Database, vault: Vault, finance: Member
) -> None:
    home, no, _ = claimed(database, vault)
    row = waiting(database)
    claim, money = row[SuspenseReason.TRANSACTION_CLAIMED], row[SuspenseReason.UNKNOWN_ORDER]
    with pytest.raises(MoneyUndecided):
        match(database, claim, finance)
    with pytest.raises(SuspenseOver):
        match(database, money, finance)
    assign(database, money, home, finance)
    before = make.books(database, home)
    match(database, claim, finance)
    assert make.books(database, home) == before
    assert waiting(database) == {}
    assert seen(database, home, no)[0] == "suspended", "the money did come for it"
    assert told(database, home, no) == ("booked", home.account.account_no, True)
    with pytest.raises(SuspenseOver):
        match(database, claim, finance)


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_money_of_another_payment_is_told_by_this_one_when_it_was_given_to_its_account(
    database: Database, vault: Vault, finance: Member, *, is_elsewhere: bool
) -> None:
    home, other = (make.household(database, vault) for _ in range(2))
    no, another = (make.order(database, vault, make.wanted(home)) for _ in range(2))
    less = replace(make.paid(make.latest(database, another)), amount=make.yuan(9_000), paid_at=clock.now())
    make.apply(database, less)
    make.apply(database, replace(make.paid(make.latest(database, no)), transaction_id=less.transaction_id))
    row = waiting(database)
    assign(database, row[SuspenseReason.AMOUNT_DIFFERS], other if is_elsewhere else home, finance)
    outcome = ("suspended", None, False) if is_elsewhere else ("booked", home.account.account_no, True)
    assert told(database, home, no) == outcome
    match(database, row[SuspenseReason.TRANSACTION_CLAIMED], finance)
    if is_elsewhere:
        assert seen(database, home, no) == ("closed", None)
    else:
        assert (seen(database, home, no)[0], told(database, home, no)) == ("suspended", outcome)
        assert told_staff(database, finance, no)[2:] == ("assigned", home.account.account_no)


def test_a_payment_to_which_none_of_the_money_came_ends_unpaid_and_may_be_paid_once(
    database: Database, vault: Vault, finance: Member
) -> None:
    home, no, honest = claimed(database, vault)
    other = make.household(database, vault)
    row = waiting(database)
    with pytest.raises(PaymentFinal):
        again(database, vault, home, no)
    assign(database, row[SuspenseReason.UNKNOWN_ORDER], other, finance)
    match(database, row[SuspenseReason.TRANSACTION_CLAIMED], finance)
    assert seen(database, home, no) == ("closed", None)
    assert make.apply(database, honest).effect.value == "nothing", "what was decided stays so, however often it is told"
    again(database, vault, home, no)
    make.apply(database, make.paid(make.latest(database, no), transaction_id="OF-ITS-OWN"))
    with database.read() as session:
        found = queries.payment(session, payment_no=no, user_id=home.user_id, now=clock.now() + timedelta(seconds=1))
    assert found is not None
    assert (found.state, found.provider_reference, found.also_received) == ("paid", "OF-ITS-OWN", ())


def test_money_that_comes_for_a_payment_after_it_ended_unpaid_is_told_to_its_payer(
    database: Database, vault: Vault, finance: Member
) -> None:
    home, no, honest = claimed(database, vault)
    row = waiting(database)
    assign(database, row[SuspenseReason.UNKNOWN_ORDER], make.household(database, vault), finance)
    match(database, row[SuspenseReason.TRANSACTION_CLAIMED], finance)
    make.apply(database, replace(honest, transaction_id="LATER"))
    with database.read() as session:
        found = queries.payment(session, payment_no=no, user_id=home.user_id, now=clock.now())
    assert found is not None
    assert [(each.outcome, each.provider_reference) for each in found.also_received] == [("suspended", "LATER")]


@pytest.mark.parametrize("is_matched_first", [True, False])
def test_a_payment_whose_only_money_was_taken_back_ends_unpaid_and_tells_that_it_was_returned(
    database: Database, vault: Vault, finance: Member, is_matched_first: bool
) -> None:
    home, no, _ = claimed(database, vault)
    row = waiting(database)
    claim, money = row[SuspenseReason.TRANSACTION_CLAIMED], row[SuspenseReason.UNKNOWN_ORDER]
    refund_id = deciding.give_back(database, money, finance)
    deciding.refuse(database, refund_id)
    assign(database, money, home, finance)
    if is_matched_first:
        match(database, claim, finance)
        assert seen(database, home, no)[0] == "suspended"
    deciding.tell(database, refund_id, RefundStatus.DONE)
    deciding.decide(database, Twice(home, finance, money, refund_id), "take_back")
    if not is_matched_first:
        match(database, claim, finance)
    assert seen(database, home, no) == ("closed", None)
    assert told(database, home, no) == ("returned", None, True)
    assert told_staff(database, finance, no) == ("closed", money, "returned", None)


@pytest.mark.parametrize("decision", ["given to the payer", "given elsewhere", "sent back"])
def test_a_payment_tells_its_payer_and_staff_what_was_decided_about_the_money_that_names_it(
    database: Database, vault: Vault, finance: Member, decision: str
) -> None:
    with database.write() as session:
        station, there = (make_unit(session, code=code, parent="37", kind="city") for code in ("3701", "3799"))
        here = people.employ(session, vault, role=StaffRole.FINANCE, unit="3701", now=clock.now())
    home, no, _ = claimed(database, vault, unit_id=station)
    money = waiting(database)[SuspenseReason.UNKNOWN_ORDER]
    given = home if decision == "given to the payer" else make.household(database, vault, unit_id=there)
    assert told(database, home, no) == ("suspended", None, False)
    assert told_staff(database, finance, no) == ("suspended", money, "open", None)
    if decision == "sent back":
        give_back(database, money, finance)
        assert told(database, home, no) == ("returned", None, True)
        assert told_staff(database, finance, no) == ("returned", money, "returned", None)
        return
    assign(database, money, given, finance)
    number = given.account.account_no
    assert told(database, home, no) == ("booked", number if given is home else None, True)
    assert told_staff(database, finance, no) == ("assigned", money, "assigned", number)
    claim = waiting(database)[SuspenseReason.TRANSACTION_CLAIMED]
    assert told_staff(database, here, no) == ("assigned", claim, "assigned", number if given is home else None)


def told(database: Database, home: Household, no: str) -> tuple[str, str | None, bool]:
    """What the payer reads of the sum in suspense: outcome, account, and whether a time is told."""
    with database.read() as session:
        found = queries.payment(session, payment_no=no, user_id=home.user_id, now=clock.now())
    assert found is not None
    [one] = found.suspense
    return one.outcome, one.account_no, one.decided_at is not None


def told_staff(database: Database, member: Member, no: str) -> tuple[str, int | None, str, str | None]:
    """What staff read: the payment's state, what they may open, its state, and the account."""
    may, now = StaffPermission.PAYMENTS_VIEW, clock.now()
    with database.read() as session:
        found = finding.payment(session, payment_no=no, staff_id=member.staff_id, permission=may, now=now)
        assert found is not None
        [seen] = placing.with_suspense(session, payments=[found.payment], staff_id=member.staff_id, now=now)
    [one] = seen.attempts[0].suspense
    return seen.state, one.suspense_id, one.state, one.account_no


def give_back(database: Database, suspense_id: int, by: Member) -> None:
    with database.write() as session:
        operations.return_to_payer(
            session,
            suspense_id=suspense_id,
            why="paid twice",
            by=by.staff_id,
            approved_by=None,
            actor=ACTOR,
            now=clock.now(),
        )


def test_money_that_went_back_is_told_as_returned_and_not_as_booked(
    database: Database, vault: Vault, finance: Member
) -> None:
    home = make.household(database, vault)
    no = make.order(database, vault, make.wanted(home))
    first = replace(make.paid(make.latest(database, no)), paid_at=clock.now())
    make.apply(database, first)
    make.apply(database, replace(first, transaction_id="TWICE"))
    with database.read() as session:
        [twice] = make.suspense(session)
    give_back(database, twice.id, finance)
    with database.read() as session:
        found = queries.payment(session, payment_no=no, user_id=home.user_id, now=clock.now())
    assert found is not None
    assert [each.outcome for each in found.also_received] == ["returned"]


def test_whoever_may_not_see_the_money_cannot_close_what_names_it(
    database: Database, vault: Vault, finance: Member
) -> None:
    home, _, _ = claimed(database, vault)
    row = waiting(database)
    assign(database, row[SuspenseReason.UNKNOWN_ORDER], home, finance)
    with database.write() as session:
        make_unit(session, code="3799", parent="37", kind="city", name="A station")
        session.sql("update account set unit_id = (select id from unit where code = '3799')")
        there = people.employ(session, vault, role=StaffRole.FINANCE, unit="3799", now=clock.now())
    with pytest.raises(MoneyUndecided):
        match(database, row[SuspenseReason.TRANSACTION_CLAIMED], there)


@pytest.mark.parametrize(
    "lie",
    [
        "update payment_suspense set state = 'matched' where reason = 'transaction_claimed'",
        "update payment_suspense set state = 'assigned' where reason = 'transaction_claimed'",
        """update payment_suspense set state = 'matched', matched_at = now(), matched_why = 'x',
             matched_by = (select id from staff limit 1) where reason = 'unknown_order'""",
    ],
)
def test_the_database_closes_no_money_by_a_match_and_nothing_without_a_name(
    database: Database, vault: Vault, finance: Member, lie: str
) -> None:
    del finance
    claimed(database, vault)
    with pytest.raises(sa.exc.IntegrityError, match="ck_payment_suspense_matched"), database.write() as session:
        session.connection().execute(sa.text(lie))
