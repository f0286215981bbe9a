"""Money of suspense goes back to whoever paid it: once, whole, never beside an assignment, whatever the provider does."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from core import clock
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import Database, WriteSession
from core.money import Money
from services.accounts.roles import StaffRole
from services.ledger import queries as ledger
from services.ledger.chart import SUSPENSE, BookId, refund
from services.payments import flows, operations, queries
from services.payments.errors import ReturnNotOffered, SuspenseOver
from services.payments.operations import RefundEffect
from services.payments.ports import (
    Method,
    Notice,
    Payer,
    Prepay,
    ProviderResult,
    RefundResult,
    RefundStatus,
    TradeState,
)
from services.payments.providers.wechat_pay.adapter import WeChatPay
from tests.factories import staff as people
from tests.factories.accounts import make_account, make_unit
from tests.factories.payments import WECHAT, yuan
from tests.factories.staff import Member
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until

PAID = 5_000


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
        assert queries.check_claims(session) == []


def stray(database: Database, wechat: WeChatPay, sandbox: SandboxProcess, minor: int = PAID) -> int:
    """Money that somebody really paid at the provider under a number that is not ours; answers its suspense."""
    number = uuid4().hex[:26].upper()
    wish = Prepay(
        Method.WECHAT_NATIVE, number, yuan(minor), "x", clock.now() + timedelta(minutes=30), Payer("203.0.113.7")
    )
    wechat.prepare(Method.WECHAT_NATIVE, wechat.compose(wish))
    sandbox.pay(number)
    with database.write() as session:
        operations.apply_provider_result(session, result=wechat.query(number), now=clock.now())
        found: int = session.sql("select max(id) from payment_suspense").scalar_one()
    return found


def decide(session: WriteSession, suspense_id: int, finance: Member, *, now: datetime | None = None) -> UUID:
    return operations.return_to_payer(
        session,
        suspense_id=suspense_id,
        why="nobody knows the payer",
        by=finance.staff_id,
        approved_by=None,
        actor=Actor(f"staff:{finance.staff_id}"),
        now=now or clock.now(),
    )


def give_back(database: Database, suspense_id: int, finance: Member) -> UUID:
    with database.write() as session:
        return decide(session, suspense_id, finance)


def ask(database: Database, refund_id: UUID, *, now: datetime | None = None) -> RefundEffect:
    return flows.check_refund(database, refund_id=refund_id, now=now or clock.now())


def row(database: Database, refund_id: UUID) -> sa.Row[tuple[object, ...]]:
    with database.read() as session:
        return session.sql(
            """select r.state, s.state as suspense, r.refused_reason, r.unanswered_since is not null as is_doubtful,
                 r.next_check_at is not null as is_asked_again, r.out_refund_no
               from payment_refund r join payment_suspense s on s.id = r.suspense_id where r.id = :id""",
            id=refund_id,
        ).one()


def balances(database: Database) -> tuple[int, int]:
    """What lies in suspense, and what is owed to payers through the provider."""
    with database.read() as session:
        book = BookId(session.sql("select id from book where owner_kind = 'supplier'").scalar_one())
        found = [
            ledger.balance(session, book_id=book, code=code, asset="CNY").minor for code in (SUSPENSE, refund(WECHAT))
        ]
    return found[0], found[1]


def gone(sandbox: SandboxProcess, database: Database, refund_id: UUID) -> list[tuple[str, int]]:
    """What the provider says has gone or goes back under this number."""
    number = row(database, refund_id).out_refund_no
    return [(each["state"], each["amount"]) for each in sandbox.refunds() if each["out_refund_no"] == number]


def ends(database: Database, sandbox: SandboxProcess, refund_id: UUID, state: str = "SUCCESS") -> None:
    wait_until(lambda: gone(sandbox, database, refund_id)[0][0] == state, message="the provider did not end it")


def test_it_goes_back_once_and_the_books_say_what_the_provider_says(
    database: Database, wechat: WeChatPay, sandbox: SandboxProcess, finance: Member
) -> None:
    refund_id = give_back(database, stray(database, wechat, sandbox), finance)
    assert balances(database) == (0, PAID)
    assert gone(sandbox, database, refund_id) == [], "nobody calls a provider before the decision is committed"
    assert flows.check_refunds_due(database, now=clock.now()).attempts == 1
    assert row(database, refund_id).state == "started"
    ends(database, sandbox, refund_id)
    assert ask(database, refund_id) is RefundEffect.DONE
    assert ask(database, refund_id) is RefundEffect.NOTHING
    found = row(database, refund_id)
    assert (found.state, found.suspense, found.is_asked_again) == ("done", "returned", False)
    assert (balances(database), gone(sandbox, database, refund_id)) == ((0, PAID), [("SUCCESS", PAID)])


@pytest.mark.parametrize("fault", ["drop_after", "error_after", "drop_before", "error_before", "rate_limited"])
def test_what_a_lost_answer_hides_is_asked_for_again_under_the_same_number(
    database: Database, wechat: WeChatPay, sandbox: SandboxProcess, finance: Member, fault: str
) -> None:
    refund_id = give_back(database, stray(database, wechat, sandbox), finance)
    sandbox.fault("wechat_pay.refund", fault, count=1)
    assert ask(database, refund_id) is RefundEffect.PUT_OFF
    found = row(database, refund_id)
    assert (found.state, found.suspense, found.is_doubtful) == ("approved", "returned", fault != "rate_limited")
    assert ask(database, refund_id) in {RefundEffect.TAKEN, RefundEffect.DONE}
    assert [amount for _, amount in gone(sandbox, database, refund_id)] == [PAID]
    assert balances(database) == (0, PAID)


def test_a_refusal_puts_the_money_back_into_suspense_where_it_may_be_assigned_or_returned_again(
    database: Database, wechat: WeChatPay, sandbox: SandboxProcess, finance: Member
) -> None:
    suspense_id = stray(database, wechat, sandbox)
    refund_id = give_back(database, suspense_id, finance)
    sandbox.fault("wechat_pay.refund", "refused", value="USER_ACCOUNT_ABNORMAL", count=1)
    assert ask(database, refund_id) is RefundEffect.FAILED
    found = row(database, refund_id)
    assert (found.state, found.suspense, found.refused_reason) == ("failed", "open", "USERACCOUNTABNORMAL")
    assert balances(database) == (PAID, 0)
    second = give_back(database, suspense_id, finance)
    assert ask(database, second) is RefundEffect.TAKEN
    assert row(database, second).out_refund_no != found.out_refund_no
    assert balances(database) == (0, PAID)


def test_an_empty_merchant_balance_ends_nothing(
    database: Database, wechat: WeChatPay, sandbox: SandboxProcess, finance: Member
) -> None:
    refund_id = give_back(database, stray(database, wechat, sandbox), finance)
    sandbox.fault("wechat_pay.refund", "refused", value="NOT_ENOUGH", count=1)
    assert ask(database, refund_id) is RefundEffect.PUT_OFF
    found = row(database, refund_id)
    assert (found.state, found.refused_reason, found.is_doubtful) == ("approved", "NOTENOUGH", False)
    assert ask(database, refund_id) is RefundEffect.TAKEN


def test_a_refusal_behind_a_lost_answer_ends_nothing_until_the_provider_has_known_nothing_for_a_day(
    database: Database, wechat: WeChatPay, sandbox: SandboxProcess, finance: Member
) -> None:
    refund_id = give_back(database, stray(database, wechat, sandbox), finance)
    sandbox.fault("wechat_pay.refund", "error_before", count=1)
    assert ask(database, refund_id) is RefundEffect.PUT_OFF
    sandbox.fault("wechat_pay.refund", "refused", value="PARAM_ERROR")
    assert ask(database, refund_id) is RefundEffect.PUT_OFF
    assert row(database, refund_id).state == "approved"
    assert ask(database, refund_id, now=clock.now() + timedelta(hours=25)) is RefundEffect.FAILED
    assert balances(database) == (PAID, 0)


def test_a_refusal_of_what_was_taken_is_not_believed(
    database: Database, wechat: WeChatPay, sandbox: SandboxProcess, finance: Member
) -> None:
    refund_id = give_back(database, stray(database, wechat, sandbox), finance)
    sandbox.fault("wechat_pay.refund", "drop_after", count=1)
    assert ask(database, refund_id) is RefundEffect.PUT_OFF
    sandbox.fault("wechat_pay.refund", "refused", value="INVALID_REQUEST", count=1)
    assert ask(database, refund_id, now=clock.now() + timedelta(hours=25)) in {RefundEffect.TAKEN, RefundEffect.DONE}
    assert balances(database) == (0, PAID)


def test_a_closed_refund_is_posted_back_and_an_abnormal_one_waits_for_people(
    database: Database, wechat: WeChatPay, sandbox: SandboxProcess, finance: Member
) -> None:
    closed = give_back(database, stray(database, wechat, sandbox), finance)
    sandbox.fault("wechat_pay.refund", "closed", count=1)
    ask(database, closed)
    ends(database, sandbox, closed, "CLOSED")
    assert ask(database, closed) is RefundEffect.FAILED
    assert balances(database) == (PAID, 0)
    stuck = give_back(database, stray(database, wechat, sandbox, 7_000), finance)
    sandbox.fault("wechat_pay.refund", "abnormal", count=1)
    ask(database, stuck)
    ends(database, sandbox, stuck, "ABNORMAL")
    assert ask(database, stuck) is RefundEffect.ABNORMAL
    assert (row(database, stuck).state, balances(database)) == ("abnormal", (PAID, 7_000))
    sandbox.settle_refund(str(row(database, stuck).out_refund_no), "SUCCESS")
    assert ask(database, stuck) is RefundEffect.DONE


def told(database: Database, refund_id: UUID, status: RefundStatus, **other: object) -> RefundResult:
    with database.read() as session:
        found = session.sql("select * from payment_refund where id = :id", id=refund_id).one()
    result = RefundResult(
        WECHAT,
        found.out_refund_no,
        status,
        refund_id="5030000000000001",
        transaction_id=found.transaction_id,
        amount=Money(found.amount_minor, found.currency),
    )
    return replace(result, **other)  # type: ignore[arg-type] # of the test


@pytest.mark.usefixtures("offline")
def test_callbacks_apply_once_in_any_order_and_are_kept_beside_their_refund(
    database: Database, finance: Member
) -> None:
    refund_id = give_back(database, paper(database), finance)
    done = told(database, refund_id, RefundStatus.DONE)
    for name, result in (("a", done), ("b", done), ("c", told(database, refund_id, RefundStatus.PROCESSING))):
        with database.write() as session:
            assert operations.receive_notice(
                session, source=WECHAT, notice=Notice(name, None, refund=result), body=b"{}", now=clock.now()
            )
    with database.read() as session:
        kept = session.sql("select subject, outcome from inbox order by id").all()
    number = row(database, refund_id).out_refund_no
    assert [tuple(each) for each in kept] == [(number, "refund_done"), (number, "nothing"), (number, "nothing")]
    assert (row(database, refund_id).state, balances(database)) == ("done", (0, PAID))


def place(database: Database, suspense_id: int, account_no: str, finance: Member) -> None:
    """Assign a sum."""
    with database.write() as session:
        operations.assign(
            session,
            suspense_id=suspense_id,
            account_no=account_no,
            by=finance.staff_id,
            actor=Actor(f"staff:{finance.staff_id}"),
            now=clock.now(),
        )


def paper(database: Database, minor: int = PAID) -> int:
    """Money of which only our books know."""
    result = ProviderResult(
        WECHAT,
        f"STRANGER{uuid4().int % 10**16:016d}",
        TradeState.PAID,
        amount=yuan(minor),
        transaction_id=uuid4().hex,
        paid_at=clock.now(),
    )
    with database.write() as session:
        operations.apply_provider_result(session, result=result, now=clock.now())
        found: int = session.sql("select max(id) from payment_suspense").scalar_one()
    return found


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    "lie", [{"amount": yuan(PAID + 1)}, {"transaction_id": "another"}, {"amount": Money(PAID, "USD")}], ids=str
)
def test_a_word_about_another_sum_or_transaction_moves_nothing_and_is_kept(
    database: Database, finance: Member, lie: dict[str, object]
) -> None:
    refund_id = give_back(database, paper(database), finance)
    notice = Notice("n", None, refund=told(database, refund_id, RefundStatus.DONE, **lie))
    with database.write() as session:
        assert not operations.receive_notice(session, source=WECHAT, notice=notice, body=b"{}", now=clock.now())
    assert row(database, refund_id).state == "approved"
    with database.read() as session:
        assert "RefundDiffers" in str(session.sql("select error from inbox").scalar_one())


@pytest.mark.usefixtures("offline")
def test_what_was_given_up_and_taken_all_the_same_goes_out_again(database: Database, finance: Member) -> None:
    suspense_id = paper(database)
    refund_id = give_back(database, suspense_id, finance)
    refused = {"out_refund_no": str(row(database, refund_id).out_refund_no), "reason": "PARAMERROR"}
    with database.write() as session:
        operations.keep_refund_refusal(session, **refused, now=clock.now())
        assert (
            operations.apply_refund_result(
                session, result=told(database, refund_id, RefundStatus.DONE), now=clock.now()
            )
            is RefundEffect.DONE
        )
    assert (row(database, refund_id).suspense, balances(database)) == ("returned", (0, PAID))


@pytest.mark.usefixtures("offline")
def test_a_sum_is_assigned_or_returned_and_never_both_whoever_tries(
    database: Database, vault: Vault, finance: Member
) -> None:
    returned, assigned = paper(database), paper(database)
    give_back(database, returned, finance)
    with database.write() as session:
        account = make_account(session, vault)
    place(database, assigned, account.account_no, finance)
    with pytest.raises(SuspenseOver), database.write() as session:
        decide(session, returned, finance)
    with pytest.raises(SuspenseOver), database.write() as session:
        decide(session, assigned, finance)
    with pytest.raises(SuspenseOver):
        place(database, returned, account.account_no, finance)
    for lie, constraint in (
        ("update payment_suspense set refund_id = null where id = :returned", "ck_payment_suspense_returned"),
        (
            """update payment_suspense s set refund_id = r.id from payment_refund r
               where s.id = :assigned and r.suspense_id = :returned""",
            "ck_payment_suspense_returned",
        ),
        (
            """update payment_suspense s set state = 'returned', refund_id = r.id, assigned_account_id = null,
                 assignment_id = null, assigned_by = null, assigned_at = null, settled = null
               from payment_refund r where s.id = :assigned and r.suspense_id = :returned""",
            "fk_payment_suspense_refund_id",
        ),
        ("update payment_refund set amount_minor = amount_minor + 1", "fk_payment_refund_suspense"),
    ):
        with pytest.raises(sa.exc.IntegrityError, match=constraint), database.write() as session:
            session.connection().execute(sa.text(lie), {"returned": returned, "assigned": assigned})


@pytest.mark.usefixtures("offline")
def test_what_is_older_than_a_year_cannot_be_sent_back(database: Database, finance: Member) -> None:
    suspense_id = paper(database)
    with pytest.raises(ReturnNotOffered), database.write() as session:
        decide(session, suspense_id, finance, now=clock.now() + timedelta(days=366))


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    ("tamper", "rule"),
    [
        ("delete from claim where kind = 'wechat_pay.refund'", "refunds_are_claimed"),
        ("update payment_refund set posting_id = gen_random_uuid()", "refunds_are_posted"),
        (
            "update payment_refund set state = 'failed', ended_at = now(), next_check_at = null",
            "refund_clearing_equals_refunds",
        ),
    ],
)
def test_whatever_breaks_between_refunds_claims_and_postings_is_named(
    database: Database, owner_dsn: str, finance: Member, tamper: str, rule: str
) -> None:
    give_back(database, paper(database), finance)
    owner = Database(owner_dsn)
    try:
        with owner.write() as session:
            session.connection().execute(sa.text(tamper))
            assert rule in {each.rule for each in queries.check_claims(session)}
            session.rollback()
    finally:
        owner.close()


ASKED = """
insert into approval_request (id, kind, subject, unit_id, payload, reason, state, requested_by, requested_at, expires_at)
values (gen_random_uuid(), :kind, 'suspense:' || :suspense_id, (select min(id) from unit), '{}', 'x', 'requested', :by,
  :now, cast(:now as timestamptz) + interval '3 days')
"""


def ask_for(database: Database, kind: str, suspense_id: int, finance: Member) -> None:
    with database.write() as session:
        session.sql(ASKED, kind=kind, suspense_id=suspense_id, by=finance.staff_id, now=clock.now())


def test_what_is_asked_about_a_sum_is_one_and_is_closed_when_the_provider_sends_it_after_all(
    database: Database, wechat: WeChatPay, sandbox: SandboxProcess, finance: Member
) -> None:
    suspense_id = stray(database, wechat, sandbox)
    refund_id = give_back(database, suspense_id, finance)
    number = str(row(database, refund_id).out_refund_no)
    with database.write() as session:
        operations.keep_refund_refusal(session, out_refund_no=number, reason="no", now=clock.now())
    ask_for(database, "payments.assign_suspense", suspense_id, finance)
    with pytest.raises(sa.exc.IntegrityError, match="uq_approval_request_suspense"):
        ask_for(database, "payments.return_suspense", suspense_id, finance)
    late = told(database, refund_id, RefundStatus.DONE)
    with database.write() as session:
        operations.apply_refund_result(session, result=late, now=clock.now())
        asked = session.sql("select state, decided_by, decided_at is not null as is_over from approval_request").all()
        assert [tuple(each) for each in asked] == [("overtaken", None, True)]
        assert session.sql("select state from payment_suspense").scalar_one() == "returned"
