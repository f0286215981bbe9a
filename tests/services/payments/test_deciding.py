"""A refund that was given up and paid out all the same while its sum had a place: one item, one decision, sound books."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from core import clock, outbox
from core.crypto.vault import Vault
from core.db import Database
from core.money import Money
from services.accounts.roles import StaffRole
from services.billing import queries as billing
from services.ledger import queries as ledger
from services.ledger.chart import REFUNDED_TWICE, SUSPENSE, BookId, refund
from services.payments import flows, operations, queries
from services.payments.errors import MoneySpent, RefundOver, RefundUndecided
from services.payments.operations import RefundEffect, Way
from services.payments.ports import ProviderResult, RefundResult, RefundStatus, TradeState
from tests.factories import payments as make
from tests.factories import staff as people
from tests.factories.accounts import make_unit
from tests.factories.billing import make_bill
from tests.factories.payments import WECHAT, Household, yuan
from tests.factories.staff import ACTOR, Member
from tests.services.payments.test_feed import number, read

pytestmark = pytest.mark.usefixtures("offline")

PAID = 15_000
OWED = 10_000


@dataclass(frozen=True)
class Twice:
    """A sum that was to go back, was refused, and was assigned to a household."""

    home: Household
    finance: Member
    suspense_id: int
    refund_id: UUID


@pytest.fixture(autouse=True)
def books(database: Database) -> Iterator[None]:
    """Whatever happened: the books hold."""
    yield
    with database.read() as session:
        assert ledger.check_invariants(session) == []
        assert billing.check_invariants(session) == []
        assert queries.check_invariants(session) == []
        assert queries.check_claims(session) == []


def give_back(database: Database, suspense_id: int, finance: Member) -> UUID:
    with database.write() as session:
        return operations.return_to_payer(
            session,
            suspense_id=suspense_id,
            why="nobody knows the payer",
            by=finance.staff_id,
            approved_by=None,
            actor=ACTOR,
            now=clock.now(),
        )


def refuse(database: Database, refund_id: UUID) -> None:
    with database.write() as session:
        operations.keep_refund_refusal(session, out_refund_no=f"R{refund_id.hex}", reason="PARAMERROR", now=clock.now())


def tell(database: Database, refund_id: UUID, status: RefundStatus) -> RefundEffect:
    with database.write() as session:
        found = session.sql("select * from payment_refund where id = :id", id=refund_id).one()
        result = RefundResult(
            WECHAT,
            found.out_refund_no,
            status,
            refund_id=f"50300000{found.suspense_id}{refund_id.hex[-6:]}",
            transaction_id=found.transaction_id,
            amount=Money(found.amount_minor, found.currency),
        )
        return operations.apply_refund_result(session, result=result, now=clock.now())


@pytest.fixture
def twice(database: Database, vault: Vault) -> Twice:
    """Nobody's money, refused by its provider, and assigned: a bill is paid and the rest is prepaid."""
    with database.write() as session:
        make_unit(session)
        finance = people.employ(session, vault, role=StaffRole.FINANCE, unit="37", now=clock.now())
    home = make.household(database, vault, bills=(OWED,))
    paid = ProviderResult(
        WECHAT,
        f"STRANGER{uuid4().int % 10**16:016d}",
        TradeState.PAID,
        amount=yuan(PAID),
        transaction_id=uuid4().hex,
        paid_at=clock.now(),
    )
    make.apply(database, paid)
    with database.read() as session:
        [waiting] = make.suspense(session)
    refund_id = give_back(database, waiting.id, finance)
    refuse(database, refund_id)
    with database.write() as session:
        operations.assign(
            session,
            suspense_id=waiting.id,
            account_no=home.account.account_no,
            by=finance.staff_id,
            actor=ACTOR,
            now=clock.now(),
        )
    return Twice(home, finance, waiting.id, refund_id)


def decide(database: Database, given: Twice, way: Way, *, refund_id: UUID | None = None) -> None:
    with database.write() as session:
        operations.decide(
            session,
            refund_id=refund_id or given.refund_id,
            way=way,
            why="seen in the provider's books",
            by=given.finance.staff_id,
            actor=ACTOR,
            now=clock.now(),
        )


def state(database: Database, given: Twice) -> tuple[str, str]:
    with database.read() as session:
        row = session.sql(
            """select r.state, s.state as suspense from payment_refund r join payment_suspense s on s.id = r.suspense_id
               where r.id = :id""",
            id=given.refund_id,
        ).one()
    return row.state, row.suspense


def owed(database: Database, given: Twice) -> tuple[int, int]:
    with database.read() as session:
        found = billing.owed(session, account_id=given.home.account.id)
    return found.due.minor, found.prepaid.minor


def supplier(database: Database) -> tuple[int, int, int]:
    """In the supplier's book: what waits, what went back to payers, what is lost."""
    with database.read() as session:
        book = BookId(session.sql("select id from book where owner_kind = 'supplier'").scalar_one())
        codes = (SUSPENSE, refund(WECHAT), REFUNDED_TWICE)
        waits, back, lost = (ledger.balance(session, book_id=book, code=code, asset="CNY").minor for code in codes)
    return waits, back, lost


def test_the_providers_late_word_is_kept_as_an_item_and_posts_nothing(database: Database, twice: Twice) -> None:
    told = [tell(database, twice.refund_id, each) for each in (RefundStatus.PROCESSING, RefundStatus.DONE)]
    assert told == [RefundEffect.CONTESTED, RefundEffect.NOTHING]
    assert (state(database, twice), owed(database, twice)) == (("contested", "assigned"), (0, 5_000))
    assert supplier(database) == (0, 0, 0)


def test_nothing_is_decided_before_the_provider_says_that_it_is_gone(database: Database, twice: Twice) -> None:
    tell(database, twice.refund_id, RefundStatus.PROCESSING)
    with pytest.raises(RefundOver):
        decide(database, twice, "bear")
    assert tell(database, twice.refund_id, RefundStatus.CLOSED) is RefundEffect.FAILED
    assert state(database, twice) == ("failed", "assigned"), "it went out once, to the account"


def test_taken_back_the_bills_are_open_again_and_the_money_has_gone_to_its_payer(
    database: Database, twice: Twice
) -> None:
    tell(database, twice.refund_id, RefundStatus.DONE)
    decide(database, twice, "take_back")
    assert (state(database, twice), owed(database, twice)) == (("done", "returned"), (OWED, 0))
    assert supplier(database) == (0, PAID, 0)
    with pytest.raises(RefundOver):
        decide(database, twice, "bear")
    assert tell(database, twice.refund_id, RefundStatus.DONE) is RefundEffect.NOTHING
    number(database)
    share = {"kind": "bill", "no": twice.home.bills[0].bill_no}
    facts = [(fact["kind"], fact["amount"]["amount_minor"], fact["settled"]) for fact in read(database)]
    assert facts == [
        ("suspended", PAID, []),
        ("returned", -PAID, []),
        ("return_failed", PAID, []),
        ("assigned", PAID, [{**share, "amount_minor": OWED}]),
        ("unassigned", -PAID, [{**share, "amount_minor": -OWED}]),
        ("returned", -PAID, []),
    ]
    outbox.relay_once(database)


def test_borne_by_the_supplier_the_account_keeps_what_it_got_and_the_loss_stands_in_the_books(
    database: Database, twice: Twice
) -> None:
    tell(database, twice.refund_id, RefundStatus.DONE)
    decide(database, twice, "bear")
    assert (state(database, twice), owed(database, twice)) == (("lost", "assigned"), (0, 5_000))
    assert supplier(database) == (0, PAID, PAID)
    assert tell(database, twice.refund_id, RefundStatus.DONE) is RefundEffect.NOTHING
    number(database)
    assert [fact["kind"] for fact in read(database)][-1] == "returned"


def test_what_the_account_has_used_since_cannot_be_taken_back_and_nothing_has_moved(
    database: Database, twice: Twice
) -> None:
    tell(database, twice.refund_id, RefundStatus.DONE)
    with database.write() as session:
        make_bill(session, twice.home.account, amount_minor=4_000, bill_no="BLATER", period_first="2026-04-01")
    before = owed(database, twice)
    with pytest.raises(MoneySpent):
        decide(database, twice, "take_back")
    assert (state(database, twice), owed(database, twice)) == (("contested", "assigned"), before)
    decide(database, twice, "bear")


def returned_again(database: Database, twice: Twice) -> tuple[Twice, UUID]:
    """Another sum whose refund was refused, that goes back by a second one when the first turns out taken."""
    paid = ProviderResult(
        WECHAT, "STRANGER00000000", TradeState.PAID, amount=yuan(700), transaction_id="B", paid_at=clock.now()
    )
    make.apply(database, paid)
    with database.read() as session:
        [waiting] = make.suspense(session)
    first = give_back(database, waiting.id, twice.finance)
    refuse(database, first)
    second = give_back(database, waiting.id, twice.finance)
    assert tell(database, first, RefundStatus.DONE) is RefundEffect.CONTESTED
    return replace(twice, refund_id=first, suspense_id=waiting.id), second


def test_a_sum_that_goes_back_by_another_refund_is_borne_only_when_that_one_is_done(
    database: Database, twice: Twice
) -> None:
    given, second = returned_again(database, twice)
    with pytest.raises(RefundOver):
        decide(database, given, "take_back")
    with pytest.raises(RefundUndecided):
        decide(database, given, "bear")
    tell(database, second, RefundStatus.PROCESSING)
    with pytest.raises(RefundUndecided):
        decide(database, given, "bear")
    tell(database, second, RefundStatus.DONE)
    decide(database, given, "bear")
    assert state(database, given) == ("lost", "returned")


def test_money_that_an_earlier_refund_may_have_gets_no_other_place_until_its_provider_was_asked_at_once(
    database: Database, twice: Twice
) -> None:
    given, second = returned_again(database, twice)
    refuse(database, second)
    with pytest.raises(RefundUndecided):
        give_back(database, given.suspense_id, given.finance)
    with pytest.raises(RefundUndecided), database.write() as session:
        operations.assign(
            session,
            suspense_id=given.suspense_id,
            account_no=given.home.account.account_no,
            by=given.finance.staff_id,
            actor=ACTOR,
            now=clock.now(),
        )
    with database.write() as session:
        assert operations.claim_refunds(session, limit=9) == [given.refund_id]
    assert tell(database, given.refund_id, RefundStatus.DONE) is RefundEffect.DONE, (
        "its sum came free: it goes out once"
    )
    assert state(database, given) == ("done", "returned")


def test_neither_a_refusal_without_signature_nor_an_older_answer_takes_a_contested_refund_off_the_desk(
    database: Database, twice: Twice
) -> None:
    tell(database, twice.refund_id, RefundStatus.PROCESSING)
    refuse(database, twice.refund_id)
    with database.read() as session:
        row = session.sql("select state, next_check_at from payment_refund where id = :id", id=twice.refund_id).one()
    assert (row.state, row.next_check_at is None) == ("contested", False)
    tell(database, twice.refund_id, RefundStatus.DONE)
    assert tell(database, twice.refund_id, RefundStatus.PROCESSING) is RefundEffect.NOTHING
    decide(database, twice, "take_back")
    assert state(database, twice) == ("done", "returned")


def test_trouble_behind_a_refund_that_is_done_leaves_it_to_people(database: Database, twice: Twice) -> None:
    tell(database, twice.refund_id, RefundStatus.DONE)
    assert tell(database, twice.refund_id, RefundStatus.ABNORMAL) is RefundEffect.NOTHING
    decide(database, twice, "bear")
    assert state(database, twice) == ("lost", "assigned")


def test_a_contested_refund_is_asked_about_until_its_end_is_known(database: Database, twice: Twice) -> None:
    tell(database, twice.refund_id, RefundStatus.PROCESSING)
    with database.write() as session:
        session.sql(
            "update payment_refund set next_check_at = :now where id = :id", now=clock.now(), id=twice.refund_id
        )
    assert flows.check_refunds_due(database, now=clock.now()).attempts == 1
    assert state(database, twice) == ("contested", "assigned"), "the provider does not answer here"


@pytest.mark.parametrize(
    ("lie", "constraint"),
    [
        ("state = 'lost', contested_told = null, ended_at = now(), next_check_at = null", "ck_payment_refund_decided"),
        ("contested_told = null", "ck_payment_refund_told"),
        ("state = 'done', ended_at = now(), next_check_at = null", "ck_payment_refund_told"),
    ],
)
def test_the_database_ends_nothing_that_went_out_twice_without_a_name(
    database: Database, twice: Twice, lie: str, constraint: str
) -> None:
    tell(database, twice.refund_id, RefundStatus.DONE)
    with pytest.raises(sa.exc.IntegrityError, match=constraint), database.write() as session:
        session.connection().execute(sa.text(f"update payment_refund set {lie} where state = 'contested'"))
