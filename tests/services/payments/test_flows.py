"""Flows around the provider's real answers: started once, asked for, closed, and put off when it is away."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.embedded import free_port
from core import clock
from core.crypto.vault import Vault
from core.db import Database
from services.payments import flows, operations, queries, rules
from services.payments.errors import PaymentFinal, ProviderUnavailable
from services.payments.flows import Again, Asked, Started
from services.payments.models import AttemptState
from services.payments.operations import Effect
from services.payments.ports import Method, Payer
from services.payments.providers.wechat_pay.adapter import WeChatPay
from services.payments.queries import PaymentView
from tests.factories import payments as make
from tests.factories.payments import Books, Household
from tests.support.sandbox import SandboxProcess

pytestmark = pytest.mark.usefixtures("wechat")
LOST = ["error_before", "error_after", "drop_before", "drop_after"]


def retry(
    database: Database,
    vault: Vault,
    home: Household,
    no: str,
    *,
    amount: int | None = None,
    bill_nos: tuple[str, ...] | None = None,
    method: Method | None = None,
    partial_allowed: bool = True,
    now: datetime | None = None,
) -> Started:
    again = Again(amount, bill_nos, method, Payer("203.0.113.7"), "Wattline", partial_allowed, 10_000_000)
    return flows.retry_payment(
        database, vault=vault, user_id=home.user_id, payment_no=no, again=again, now=now or clock.now()
    )


def ask(database: Database, vault: Vault, no: str, *, now: datetime | None = None) -> operations.Applied:
    attempt = make.latest(database, no)
    return flows.check_attempt(database, vault=vault, attempt_id=attempt.id, now=now or clock.now())


def make_due(database: Database) -> None:
    with database.write() as session:
        session.sql("update payment_attempt set next_check_at = now() where next_check_at is not null")


def shown(database: Database, home: Household, no: str) -> PaymentView:
    with database.read() as session:
        found = queries.payment(session, payment_no=no, user_id=home.user_id, now=clock.now())
    assert found is not None
    return found


def struck(sandbox: SandboxProcess) -> int:
    return sum(fault["used"] for fault in sandbox.faults())


def order(sandbox: SandboxProcess, number: str) -> dict[str, Any]:
    found = sandbox.order(number)
    assert found is not None
    return found


def test_a_started_payment_is_an_order_at_the_provider_for_what_was_asked(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home = make.household(database, vault)
    now = clock.now()
    started = make.start(database, vault, make.wanted(home, description="江东供电" * 20), now=now)
    attempt = make.latest(database, started.payment.payment_no)
    placed = order(sandbox, attempt.out_trade_no)
    assert started.pay == placed["answer"]
    assert (placed["amount"], placed["currency"], placed["method"]) == (10_000, "CNY", "native")
    assert placed["description"] == ("江东供电" * 20)[:42], "127 bytes, and no half of a character"
    assert placed["expires_at"] == int((now + rules.LIFE).timestamp())


def test_a_lost_notification_is_made_good_by_asking(database: Database, vault: Vault, sandbox: SandboxProcess) -> None:
    home = make.household(database, vault)
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    sandbox.pay(make.latest(database, no).out_trade_no)
    make_due(database)
    assert flows.check_due(database, vault=vault, now=clock.now()).attempts == 1
    assert make.books(database, home) == Books(0, 0, 10_000, 0, (0,), 1, 0)
    make_due(database)
    assert flows.check_due(database, vault=vault, now=clock.now()).attempts == 0, "nobody asks about what is paid"


def test_a_sweep_ends_when_its_time_is_up(database: Database, vault: Vault) -> None:
    make.start(database, vault, make.wanted(make.household(database, vault)))
    make_due(database)
    assert flows.check_due(database, vault=vault, now=clock.now(), budget_s=0) == Asked(0, may_have_more=True)
    assert flows.check_due(database, vault=vault, now=clock.now()).attempts == 1, "what was left is due for the next"


def test_only_the_providers_word_pays_whatever_the_payers_browser_says(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home = make.household(database, vault)
    no = make.start(database, vault, make.wanted(home)).payment.payment_no

    def look(seconds: int) -> str:
        now = clock.now() + timedelta(seconds=seconds)
        return flows.check_payment(database, vault=vault, user_id=home.user_id, payment_no=no, now=now).state

    assert look(0) == "waiting"
    sandbox.pay(make.latest(database, no).out_trade_no)
    assert look(1) == "waiting", "nobody asks more often than every three seconds"
    assert look(4) == "paid"
    assert make.books(database, home) == Books(0, 0, 10_000, 0, (0,), 1, 0)


@pytest.mark.parametrize("fault", LOST)
def test_a_prepay_whose_answer_is_lost_is_repeated_byte_for_byte_and_makes_no_second_order(
    database: Database, vault: Vault, sandbox: SandboxProcess, fault: str
) -> None:
    home, no = make.household(database, vault), make.payment_no()
    want = make.wanted(home)
    sandbox.fault("wechat_pay.native", fault, count=1)
    before = len(sandbox.orders())
    lost = make.start(database, vault, want, no=no)
    assert (lost.payment.state, lost.pay) == ("unknown", None)
    number = make.latest(database, no).out_trade_no
    found = make.start(database, vault, want, no=no)
    assert (found.payment.state, found.pay) == ("waiting", order(sandbox, number)["answer"])
    assert len(sandbox.orders()) == before + 1


def test_a_job_goes_on_where_a_lost_answer_left_a_payment(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home = make.household(database, vault)
    sandbox.fault("wechat_pay.native", "drop_after", count=2)
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    assert (ask(database, vault, no).effect, make.latest(database, no).state) == (Effect.PUT_OFF, AttemptState.UNKNOWN)
    ask(database, vault, no)
    assert make.latest(database, no).state is AttemptState.PREPARED
    assert shown(database, home, no).state == "waiting"


@pytest.mark.parametrize("fault", ["drop_after", "error_before"])
def test_a_payment_of_unknown_end_is_replaced_only_once_the_provider_cannot_take_it(
    database: Database, vault: Vault, sandbox: SandboxProcess, fault: str
) -> None:
    home = make.household(database, vault)
    sandbox.fault("wechat_pay.native", fault, count=1)
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    first = make.latest(database, no)
    replaced = retry(database, vault, home, no, amount=4_000)
    assert replaced.payment.amount == make.yuan(4_000)
    assert sandbox.order(first.out_trade_no) is None or order(sandbox, first.out_trade_no)["state"] == "CLOSED"


def test_another_amount_or_method_closes_the_old_number_and_takes_a_new_one(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home = make.household(database, vault)
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    numbers = [make.latest(database, no).out_trade_no]
    for change in ({"amount": 6_000}, {"method": Method.WECHAT_H5}):
        started = retry(database, vault, home, no, **change)
        numbers.append(make.latest(database, no).out_trade_no)
        assert started.pay == order(sandbox, numbers[-1])["answer"]
    placed = [order(sandbox, number) for number in numbers]
    assert [(each["state"], each["amount"], each["method"]) for each in placed] == [
        ("CLOSED", 10_000, "native"),
        ("CLOSED", 6_000, "native"),
        ("NOTPAY", 6_000, "h5"),
    ]


def test_the_same_wish_keeps_the_number_and_asks_the_provider_for_nothing_it_has_given(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home = make.household(database, vault)
    started = make.start(database, vault, make.wanted(home))
    no, number = started.payment.payment_no, make.latest(database, started.payment.payment_no).out_trade_no
    sandbox.fault("wechat_pay.*", "error_before")
    again = retry(database, vault, home, no, amount=10_000, method=Method.WECHAT_NATIVE)
    assert (again.pay, make.latest(database, no).out_trade_no, struck(sandbox)) == (started.pay, number, 0)


def test_an_h5_address_is_fetched_afresh_under_its_number(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home = make.household(database, vault)
    no = make.start(database, vault, make.wanted(home, method=Method.WECHAT_H5)).payment.payment_no
    number = make.latest(database, no).out_trade_no
    sandbox.fault("wechat_pay.h5", "error_after", count=1)
    assert retry(database, vault, home, no).pay == order(sandbox, number)["answer"]
    assert (struck(sandbox), make.latest(database, no).out_trade_no) == (1, number)
    assert make.latest(database, no).state is AttemptState.PREPARED, "what is known is not forgotten for a lost answer"


def test_an_order_that_was_closed_elsewhere_is_found_closed_by_a_signed_answer(
    database: Database, vault: Vault, wechat: WeChatPay
) -> None:
    home = make.household(database, vault)
    no = make.start(database, vault, make.wanted(home, method=Method.WECHAT_H5)).payment.payment_no
    number = make.latest(database, no).out_trade_no
    wechat.close(number)
    assert retry(database, vault, home, no).payment.state == "closed"
    assert retry(database, vault, home, no).payment.state == "waiting"
    assert make.latest(database, no).out_trade_no != number


def test_a_retry_pays_the_bills_that_were_chosen(database: Database, vault: Vault, sandbox: SandboxProcess) -> None:
    home = make.household(database, vault, bills=(3_000, 4_000))
    want = make.wanted(home, 4_000, bill_nos=(home.bills[1].bill_no,))
    no = make.start(database, vault, want).payment.payment_no
    retry(database, vault, home, no, method=Method.WECHAT_H5)
    sandbox.pay(make.latest(database, no).out_trade_no)
    ask(database, vault, no)
    assert make.books(database, home).open_bills == (3_000, 0)


def test_a_payment_made_while_it_is_being_closed_is_found_and_booked(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home = make.household(database, vault)
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    sandbox.pay(make.latest(database, no).out_trade_no)
    told = retry(database, vault, home, no, amount=4_000)
    assert (told.payment.state, told.pay, told.payment.amount) == ("paid", None, make.yuan(10_000))
    assert make.books(database, home) == Books(0, 0, 10_000, 0, (0,), 1, 0)
    with pytest.raises(PaymentFinal):
        retry(database, vault, home, no, amount=4_000)


def test_a_success_after_the_close_is_credited_though_nobody_tells_of_it(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home = make.household(database, vault)
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    attempt = make.latest(database, no)
    assert ask(database, vault, no, now=attempt.expires_at).state is AttemptState.CLOSED
    assert shown(database, home, no).state == "closed"
    sandbox.pay(attempt.out_trade_no, even_if_closed=True)
    make_due(database)
    assert flows.check_due(database, vault=vault, now=clock.now()).attempts == 1, (
        "an ended attempt is asked about once more"
    )
    assert shown(database, home, no).state == "paid"
    assert make.books(database, home) == Books(0, 0, 10_000, 0, (0,), 1, 0)


def test_an_old_amount_paid_in_between_is_booked_and_its_surplus_credited(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home = make.household(database, vault)
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    first = make.latest(database, no)
    retry(database, vault, home, no, amount=8_000)
    second = make.latest(database, no)
    for attempt in (first, second):
        sandbox.pay(attempt.out_trade_no, even_if_closed=True)
        flows.check_attempt(database, vault=vault, attempt_id=attempt.id, now=clock.now())
    assert make.books(database, home) == Books(0, 8_000, 18_000, 0, (0,), 2, 0)


def test_an_order_the_provider_does_not_know_is_no_failure_while_its_payer_may_stand_there(
    database: Database, vault: Vault
) -> None:
    home = make.household(database, vault)
    no = make.order(database, vault, make.wanted(home))
    attempt = make.latest(database, no)
    with database.write() as session:
        operations.keep_answer(session, attempt_id=attempt.id, answer={"code_url": "weixin://x"}, now=clock.now())
    assert ask(database, vault, no).state is AttemptState.PREPARED
    assert ask(database, vault, no, now=attempt.expires_at).state is AttemptState.PREPARED
    assert ask(database, vault, no, now=attempt.expires_at + rules.GRACE).state is AttemptState.CLOSED


def test_two_devices_that_pay_one_bill_at_once_are_both_tracked(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home = make.household(database, vault)
    together = threading.Barrier(2)

    def begin(_: int) -> str:
        together.wait()
        return make.start(database, vault, make.wanted(home)).payment.payment_no

    with ThreadPoolExecutor(2) as pool:
        numbers = [make.latest(database, no) for no in pool.map(begin, range(2))]
    for attempt in numbers:
        sandbox.pay(attempt.out_trade_no)
        flows.check_attempt(database, vault=vault, attempt_id=attempt.id, now=clock.now())
    assert make.books(database, home) == Books(0, 10_000, 20_000, 0, (0,), 2, 0)


def test_one_payment_begun_twice_at_once_is_one_order_with_one_number(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home, no = make.household(database, vault), make.payment_no()
    before, together = len(sandbox.orders()), threading.Barrier(4)

    def begin(_: int) -> Started:
        together.wait()
        return make.start(database, vault, make.wanted(home), no=no)

    with ThreadPoolExecutor(4) as pool:
        begun = list(pool.map(begin, range(4)))
    assert {each.payment.payment_no for each in begun} == {no}
    assert len(sandbox.orders()) == before + 1
    shown_to_payers = [dict(each.pay) for each in begun if each.pay is not None]
    assert shown_to_payers
    assert all(each == order(sandbox, make.latest(database, no).out_trade_no)["answer"] for each in shown_to_payers)


def test_a_provider_that_wants_fewer_calls_is_left_alone_and_tried_by_one_caller_after_a_while(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home, now = make.household(database, vault), clock.now()
    prepared = make.start(database, vault, make.wanted(home), now=now).payment.payment_no
    sandbox.fault("wechat_pay.*", "rate_limited")
    for _ in range(rules.CIRCUIT_FAILURES):
        with pytest.raises(ProviderUnavailable) as refused:
            make.start(database, vault, make.wanted(home), now=now)
    assert struck(sandbox) == rules.CIRCUIT_FAILURES
    with pytest.raises(ProviderUnavailable) as refused:
        make.start(database, vault, make.wanted(home), now=now)
    with pytest.raises(ProviderUnavailable):
        retry(database, vault, home, prepared, amount=4_000, now=now)
    assert ask(database, vault, prepared, now=now).effect is Effect.PUT_OFF
    assert refused.value.facts == {"retry_after_s": 30}
    assert struck(sandbox) == rules.CIRCUIT_FAILURES, "nobody calls while the circuit is open"
    assert retry(database, vault, home, prepared, now=now).pay is not None, "what is at hand is given all the same"

    later = now + rules.CIRCUIT_WAIT
    with pytest.raises(ProviderUnavailable):
        make.start(database, vault, make.wanted(home), now=later)
    with pytest.raises(ProviderUnavailable):
        make.start(database, vault, make.wanted(home), now=later)
    assert struck(sandbox) == rules.CIRCUIT_FAILURES + 1, "one caller tries"
    sandbox.clear_faults()
    last = later + rules.CIRCUIT_WAIT
    assert make.start(database, vault, make.wanted(home), now=last).pay is not None
    assert make.start(database, vault, make.wanted(home), now=last).pay is not None


def test_questions_that_are_not_answered_are_put_off_with_growing_waits(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home, now = make.household(database, vault), clock.now()
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    sandbox.fault("wechat_pay.query", "error_before")
    waits: list[timedelta] = []
    for failures in range(1, 5):
        assert ask(database, vault, no, now=now).effect is Effect.PUT_OFF
        with database.read() as session:
            due = session.sql("select next_check_at from payment_attempt").scalar_one()
        waits.append(due - now)
        whole = rules.BACK_OFF * 2**failures
        assert whole / 2 <= waits[-1] <= whole
    assert waits == sorted(waits)
    assert shown(database, home, no).state == "waiting"


def test_a_provider_that_cannot_be_reached_leaves_no_payment_that_might_be_paid(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home, no = make.household(database, vault), make.payment_no()
    account = make.merchant(sandbox.credentials["wechat_pay"])
    make.fill(make.provider(f"http://127.0.0.1:{free_port()}", account))
    with pytest.raises(ProviderUnavailable):
        make.start(database, vault, make.wanted(home), no=no)
    assert shown(database, home, no).state == "failed"
    make.fill(make.provider(sandbox.base_url, account))
    assert retry(database, vault, home, no).pay is not None


def give_up(database: Database, home: Household, no: str) -> PaymentView:
    return flows.give_up_payment(database, user_id=home.user_id, payment_no=no, address="203.0.113.7", now=clock.now())


def test_what_is_given_up_is_closed_at_the_provider_and_may_be_begun_again(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home = make.household(database, vault)
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    number = make.latest(database, no).out_trade_no
    assert [give_up(database, home, no).state for _ in range(2)] == ["closed", "closed"]
    assert order(sandbox, number)["state"] == "CLOSED"
    with database.read() as session:
        assert session.sql("select count(*) from audit where act = 'payments.give_up'").scalar_one() == 1
    assert retry(database, vault, home, no).payment.state == "waiting"


def test_what_was_paid_before_it_is_given_up_is_paid(database: Database, vault: Vault, sandbox: SandboxProcess) -> None:
    home = make.household(database, vault)
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    sandbox.pay(make.latest(database, no).out_trade_no)
    assert give_up(database, home, no).state == "paid"
    assert make.books(database, home) == Books(0, 0, 10_000, 0, (0,), 1, 0)


def test_giving_up_while_the_provider_is_away_is_unknown_until_a_job_has_closed_it(
    database: Database, vault: Vault, sandbox: SandboxProcess
) -> None:
    home = make.household(database, vault)
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    sandbox.fault("wechat_pay.*", "error_before")
    assert give_up(database, home, no).state == "unknown"
    sandbox.clear_faults()
    make_due(database)
    flows.check_due(database, vault=vault, now=clock.now())
    assert shown(database, home, no).state == "closed"
