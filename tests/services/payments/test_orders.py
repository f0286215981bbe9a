"""Orders before money comes: what may be paid, by whom, and what a refusal leaves behind."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core import clock, outbox
from core.crypto.vault import Vault
from core.db import Database
from core.money import Money
from services.accounts import operations as accounts
from services.billing import operations as billing
from services.billing.events import BillAmended, BillSettled
from services.billing.queries import BillView
from services.payments import operations, queries
from services.payments.errors import (
    AccountNotPayable,
    AmountTooLarge,
    AttemptInDoubt,
    MethodNotOffered,
    PartialNotAllowed,
    PayableUnknown,
    PaymentFinal,
    QuoteExpired,
)
from services.payments.models import AttemptState
from services.payments.operations import Effect, QuoteResult
from services.payments.ports import Method, Payer, ProviderResult, TradeState
from tests.factories import payments as make
from tests.factories.accounts import ACTOR, make_account, make_user
from tests.factories.billing import bill_record, load, make_bill
from tests.factories.payments import WECHAT, Household

pytestmark = pytest.mark.usefixtures("offline")


def rows(database: Database) -> dict[str, int]:
    tables = ("payment_order", "payment_attempt", "payment_part", "claim", "outbox", "txn")
    with database.read() as session:
        return {
            name: session.connection().exec_driver_sql(f"select count(*) from {name}").scalar_one() for name in tables
        }


def add(database: Database, vault: Vault, no: str, want: operations.Wanted) -> UUID:
    with database.write() as session:
        return operations.add_attempt(session, vault=vault, wanted=want, payment_no=no, now=clock.now())


def audited(database: Database) -> list[Any]:
    """The acts of people on payments, the grants of the scene left out."""
    with database.read() as session:
        return [
            tuple(row)
            for row in session.sql(
                "select actor, address, act, subject, before, after from audit where act like 'payments.%' order by id"
            )
        ]


def close(database: Database, no: str) -> None:
    make.apply(database, ProviderResult(WECHAT, make.latest(database, no).out_trade_no, TradeState.CLOSED))


def test_an_order_asked_for_again_is_the_same_order_with_the_same_number(database: Database, vault: Vault) -> None:
    home, no = make.household(database, vault), make.payment_no()
    with database.write() as session:
        first = operations.open_order(session, vault=vault, wanted=make.wanted(home), payment_no=no, now=clock.now())
    before = rows(database)
    with database.write() as session:
        again = operations.open_order(session, vault=vault, wanted=make.wanted(home), payment_no=no, now=clock.now())
    assert (again, rows(database)) == (first, before)
    stranger = make.household(database, vault)
    with database.write() as session, pytest.raises(AccountNotPayable):
        operations.open_order(session, vault=vault, wanted=make.wanted(stranger), payment_no=no, now=clock.now())


def test_starting_and_retrying_a_payment_stand_in_the_audit_log_once_with_what_they_changed(
    database: Database, vault: Vault
) -> None:
    home, no = make.household(database, vault), make.payment_no()
    for _ in range(2):
        with database.write() as session:
            operations.open_order(session, vault=vault, wanted=make.wanted(home), payment_no=no, now=clock.now())
    first = make.latest(database, no)
    close(database, no)
    second = add(database, vault, no, make.wanted(home, 5_000, payer=Payer("203.0.113.8"), method=Method.WECHAT_H5))
    who, what = f"user:{home.user_id}", f"payment:{no}"
    account = {"account_ids": [home.account.id], "currency": "CNY", "merchant": "default"}
    started = {**account, "attempt_id": str(first.id), "amount_minor": 10_000, "method": "wechat_native"}
    retried = {**account, "attempt_id": str(second), "amount_minor": 5_000, "method": "wechat_h5"}
    left = {"amount_minor": 10_000, "currency": "CNY", "method": "wechat_native", "state": "closed"}
    assert audited(database) == [
        (who, "203.0.113.7", "payments.start", what, None, started),
        (who, "203.0.113.8", "payments.retry", what, left, retried),
    ]


def test_quotes_given_and_refused_stand_in_the_audit_log_without_a_name(database: Database, vault: Vault) -> None:
    asked = make.household(database, vault)
    with database.write() as session:
        me = make_user(session, vault)
    given = quote(database, vault, me, asked)
    quote(database, vault, me, asked, name_hint="错")
    assert given.quote is not None
    told = {"quote_id": str(given.quote.id)}
    assert audited(database) == [
        (f"user:{me}", "203.0.113.7", "payments.quote", f"account:{asked.account.id}", None, told),
        (f"user:{me}", "203.0.113.7", "payments.quote_refused", f"account_no:{asked.account.account_no}", None, None),
    ]


def test_what_may_not_be_paid_is_refused_and_leaves_nothing(database: Database, vault: Vault) -> None:
    home, other = make.household(database, vault), make.household(database, vault)
    yen = make.household(database, vault, bills=(), currency="JPY")
    gone = make.household(database, vault)
    with database.write() as session:
        accounts.revoke_access(session, user_id=gone.user_id, account_id=gone.account.id, actor=ACTOR, now=clock.now())
    with database.write() as session:
        lone = make_account(session, vault)
    before = rows(database)
    for want, refusal in [
        (make.wanted(home, account_no=other.account.account_no), AccountNotPayable),
        (make.wanted(home, account_no=lone.account_no), AccountNotPayable),
        (make.wanted(home, account_no="9999999999"), AccountNotPayable),
        (make.wanted(gone), AccountNotPayable),
        (make.wanted(home, bill_nos=(other.bills[0].bill_no,)), PayableUnknown),
        (make.wanted(home, bill_nos=(home.bills[0].bill_no, "B-NONE")), PayableUnknown),
        (make.wanted(home, 9_999, partial_allowed=False), PartialNotAllowed),
        (make.wanted(home, 10_001, most_major=100), AmountTooLarge),
        (make.wanted(home, 10**12), AmountTooLarge),
        (make.wanted(yen), MethodNotOffered),
        (make.wanted(home, method=Method.WECHAT_JSAPI), MethodNotOffered),
        (make.wanted(home, method=Method.WECHAT_JSAPI, payer=Payer("::1", make.OPENID, "wxother")), MethodNotOffered),
    ]:
        with pytest.raises(refusal):
            make.order(database, vault, want)
    assert rows(database) == before


def test_the_whole_amount_or_more_is_taken_where_parts_are_not(database: Database, vault: Vault) -> None:
    home = make.household(database, vault, bills=(3_000, 4_000))
    with pytest.raises(PartialNotAllowed) as refused:
        make.order(database, vault, make.wanted(home, 6_999, partial_allowed=False))
    assert refused.value.facts == {"due_minor": 7_000, "currency": "CNY"}
    make.order(database, vault, make.wanted(home, 7_000, partial_allowed=False))
    make.order(database, vault, make.wanted(home, 7_001, partial_allowed=False))
    chosen = (home.bills[1].bill_no,)
    make.order(database, vault, make.wanted(home, 4_000, bill_nos=chosen, partial_allowed=False))


def test_an_order_has_one_living_attempt_and_each_attempt_its_own_number(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    no = make.order(database, vault, make.wanted(home))
    with pytest.raises(AttemptInDoubt):
        add(database, vault, no, make.wanted(home, 5_000))
    numbers = [make.latest(database, no).out_trade_no]
    for amount in (5_000, 6_000):
        close(database, no)
        add(database, vault, no, make.wanted(home, amount))
        numbers.append(make.latest(database, no).out_trade_no)
    assert len(set(numbers)) == 3
    make.apply(database, make.paid(make.latest(database, no)))
    with pytest.raises(PaymentFinal):
        add(database, vault, no, make.wanted(home))


def test_an_order_paid_by_an_earlier_attempt_has_its_later_one_closed(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    no = make.order(database, vault, make.wanted(home))
    first = make.latest(database, no)
    close(database, no)
    add(database, vault, no, make.wanted(home))
    assert make.apply(database, make.paid(first)).effect is Effect.BOOKED
    second, now = make.latest(database, no), clock.now()
    assert second.expires_at <= now, "the poller closes what is over"
    with database.write() as session:
        assert operations.claim_due(session, limit=9) == [second.id]


def test_a_refusal_that_comes_after_the_attempt_ended_leaves_the_next_one_alone(
    database: Database, vault: Vault
) -> None:
    home = make.household(database, vault)
    no = make.order(database, vault, make.wanted(home))
    first = make.latest(database, no)

    def refuse() -> AttemptState:
        with database.write() as session:
            return operations.keep_refusal(session, attempt_id=first.id, reason="PARAMERROR", now=clock.now())

    assert refuse() is AttemptState.FAILED
    add(database, vault, no, make.wanted(home, 5_000))
    assert refuse() is AttemptState.FAILED
    with database.read() as session:
        seen = queries.payment(session, payment_no=no, user_id=home.user_id, now=clock.now())
    assert seen is not None
    assert (seen.state, seen.amount) == ("waiting", make.yuan(5_000))
    with database.write() as session:
        late = operations.keep_answer(session, attempt_id=first.id, answer={"code_url": "weixin://x"}, now=clock.now())
    assert late is AttemptState.FAILED


def amend(database: Database, home: Household, bill: BillView, amount: int) -> None:
    with database.write() as session:
        load(
            session,
            bill_record(
                home.account.account_no,
                bill.bill_no,
                amount_minor=amount,
                due_date=str(bill.due_date),
                period_first="2026-01-01",
                period_end="2026-01-28",
            ),
            now=clock.now(),
        )


@pytest.fixture
def subscribed() -> None:
    outbox.subscribe(BillAmended, billing.stop_payments)
    outbox.subscribe(BillSettled, billing.stop_payments)


@pytest.mark.usefixtures("subscribed")
def test_a_bill_that_changes_has_payments_for_its_old_amount_closed(database: Database, vault: Vault) -> None:
    home = make.household(database, vault, bills=(10_000, 5_000))
    old, other = (
        make.order(database, vault, make.wanted(home, bill.open.minor, bill_nos=(bill.bill_no,))) for bill in home.bills
    )
    amend(database, home, home.bills[0], 8_000)
    fresh = make.order(database, vault, make.wanted(home, 8_000, bill_nos=(home.bills[0].bill_no,)))
    while outbox.relay_once(database):
        """Deliver all."""
    now = clock.now()
    is_over = [make.latest(database, no).expires_at <= now for no in (old, other, fresh)]
    assert is_over == [True, False, False]


@pytest.mark.usefixtures("subscribed")
def test_a_bill_that_somebody_paid_has_other_payments_for_it_closed(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    first, second = (make.order(database, vault, make.wanted(home)) for _ in range(2))
    make.apply(database, make.paid(make.latest(database, first)))
    while outbox.relay_once(database):
        """Deliver all."""
    assert make.latest(database, second).expires_at <= clock.now()
    assert make.latest(database, first).state is AttemptState.PAID


def test_the_surplus_of_a_payment_pays_the_next_bill_when_it_is_issued(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    make.apply(database, make.paid(make.latest(database, make.order(database, vault, make.wanted(home, 13_000)))))
    assert make.books(database, home).prepaid == 3_000
    with database.write() as session:
        issued = make_bill(session, home.account, amount_minor=4_000, bill_no="B-NEXT")
    assert issued.open == make.yuan(1_000)
    books = make.books(database, home)
    assert (books.receivable, books.prepaid, books.clearing) == (1_000, 0, 13_000)


def quote(database: Database, vault: Vault, user_id: UUID, home: Household, **other: object) -> QuoteResult:
    asked = {"account_no": home.account.account_no, "name_hint": "三", "address": "203.0.113.7", "now": clock.now()}
    with database.write() as session:
        return operations.quote_for_others(session, vault=vault, user_id=user_id, **{**asked, **other})  # type: ignore[arg-type] # by name


def test_a_quote_pays_somebody_elses_bill_once_and_for_ten_minutes(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    with database.write() as session:
        friend = make_user(session, vault)
    made = quote(database, vault, friend, home).quote
    assert made is not None
    assert (made.holder, made.due) == ("*三", Money(10_000, "CNY"))
    by_quote = make.wanted(home, user_id=friend, account_no=None, quote_id=made.id)
    with pytest.raises(QuoteExpired):
        make.order(database, vault, by_quote, now=clock.now() + timedelta(minutes=11))
    with pytest.raises(QuoteExpired):
        make.order(database, vault, replace(by_quote, user_id=home.user_id))
    no = make.order(database, vault, by_quote)
    with pytest.raises(QuoteExpired):
        make.order(database, vault, by_quote)
    make.apply(database, make.paid(make.latest(database, no)))
    assert make.books(database, home).open_bills == (0,)
    with database.read() as session:
        assert queries.payment(session, payment_no=no, user_id=friend, now=clock.now()) is not None
        assert queries.payment(session, payment_no=no, user_id=home.user_id, now=clock.now()) is None


def test_a_used_quote_shows_no_bills_and_opens_no_debt_after_its_ten_minutes(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    with database.write() as session:
        friend = make_user(session, vault)
    made = quote(database, vault, friend, home).quote
    assert made is not None
    by_quote = make.wanted(home, user_id=friend, account_no=None, quote_id=made.id)
    no = make.order(database, vault, by_quote)
    with database.read() as session:
        shown = queries.payment(session, payment_no=no, user_id=friend, now=clock.now())
    assert shown is not None
    assert shown.parts == ()
    make.apply(database, ProviderResult(WECHAT, make.latest(database, no).out_trade_no, TradeState.CLOSED))
    with database.write() as session, pytest.raises(QuoteExpired):
        operations.add_attempt(
            session, vault=vault, wanted=by_quote, payment_no=no, now=clock.now() + timedelta(minutes=11)
        )


def test_a_quote_is_good_again_when_its_order_never_came_to_anything(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    made = quote(database, vault, home.user_id, home).quote
    assert made is not None
    want = make.wanted(home, account_no=None, quote_id=made.id)
    failed = make.latest(database, make.order(database, vault, want))
    with database.write() as session:
        operations.keep_refusal(session, attempt_id=failed.id, reason="UNREACHABLE", now=clock.now())
    make.order(database, vault, want)
