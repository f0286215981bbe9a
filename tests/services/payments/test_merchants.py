"""Several merchant accounts: a branch's money arrives at the branch's, and stays its own in all that comes after."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from core import clock, faults
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import Database
from core.faults import InjectedFault
from services.accounts.roles import StaffRole
from services.ledger import queries as ledger
from services.payments import flows, operations, queries, rules
from services.payments.errors import (
    AttemptInDoubt,
    MethodNotOffered,
    ProviderUnavailable,
    ReturnNotOffered,
    SeveralMerchants,
)
from services.payments.models import AttemptState
from services.payments.operations import Effect, RefundEffect
from services.payments.ports import DEFAULT_MERCHANT, Method, Payer, Prepay, RefundResult, RefundStatus, TradeState
from services.payments.providers.wechat_pay.adapter import WeChatPay
from services.payments.queries import merchants
from tests.factories import payments as make
from tests.factories import staff as people
from tests.factories.accounts import LONG_AGO, make_unit, make_user
from tests.factories.payments import Household
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("choose", "tree")

EAST = "east"
TREE = (("37", None), ("3702", "37"), ("370201", "3702"), ("3703", "37"))
Choose = Callable[..., WeChatPay]


@pytest.fixture
def choose(sandbox: SandboxProcess) -> Iterator[Choose]:
    """Puts both merchant accounts of the sandbox in force: the branch's takes the money of these units."""

    def chosen(*units: str, has_branch: bool = True) -> WeChatPay:
        given = sandbox.credentials
        default = make.provider(sandbox.base_url, make.merchant(given["wechat_pay"]))
        branch = make.provider(sandbox.base_url, make.branch(given, units=frozenset(units)))
        make.fill(default, *([branch] if has_branch else []))
        return branch

    chosen("3702")
    yield chosen
    make.close_clients()


@pytest.fixture
def tree(database: Database) -> dict[str, int]:
    """The supplier's units: the branch is 3702 with 370201 below it."""
    with database.write() as session:
        return {code: make_unit(session, code=code, parent=parent) for code, parent in TREE}


@pytest.fixture(autouse=True)
def _books(database: Database) -> Iterator[None]:
    yield
    faults.arm(None)
    with database.read() as session:
        assert [*ledger.check_invariants(session), *queries.check_claims(session)] == []


def home_in(database: Database, vault: Vault, unit_id: int, **other: Any) -> Household:
    return make.household(database, vault, unit_id=unit_id, **other)


def mchid(sandbox: SandboxProcess, out_trade_no: str) -> str:
    found = sandbox.order(out_trade_no)
    assert found is not None
    return str(found["mchid"])


def of(sandbox: SandboxProcess, merchant: str) -> str:
    """The number of a merchant account at the provider."""
    given = sandbox.credentials
    return str((given["wechat_pay"] if merchant == DEFAULT_MERCHANT else given["wechat_pay_merchants"][0])["mchid"])


@pytest.mark.parametrize(
    ("unit", "merchant"), [("37", DEFAULT_MERCHANT), ("3703", DEFAULT_MERCHANT), ("3702", EAST), ("370201", EAST)]
)
def test_an_order_is_made_at_the_merchant_of_the_nearest_unit_that_has_one(
    database: Database,
    vault: Vault,
    sandbox: SandboxProcess,
    tree: dict[str, int],
    unit: str,
    merchant: str,
) -> None:
    started = make.start(database, vault, make.wanted(home_in(database, vault, tree[unit])))
    attempt = make.latest(database, started.payment.payment_no)
    assert (attempt.merchant, mchid(sandbox, attempt.out_trade_no)) == (merchant, of(sandbox, merchant))


def test_a_unit_below_a_branch_may_choose_the_default_again(
    database: Database, vault: Vault, sandbox: SandboxProcess, choose: Choose, tree: dict[str, int]
) -> None:
    given = sandbox.credentials
    default = make.provider(sandbox.base_url, make.merchant(given["wechat_pay"], units=frozenset({"370201"})))
    make.fill(default, choose("3702"))
    no = make.order(database, vault, make.wanted(home_in(database, vault, tree["370201"])))
    assert make.latest(database, no).merchant == DEFAULT_MERCHANT


def test_an_account_whose_merchant_does_not_take_its_currency_is_paid_to_no_other(
    database: Database, vault: Vault, sandbox: SandboxProcess, tree: dict[str, int]
) -> None:
    given = sandbox.credentials
    dollars = make.provider(sandbox.base_url, make.branch(given, units=frozenset({"3702"}), currency="USD"))
    make.fill(make.provider(sandbox.base_url, make.merchant(given["wechat_pay"])), dollars)
    with pytest.raises(MethodNotOffered):
        make.order(database, vault, make.wanted(home_in(database, vault, tree["3702"])))


def test_an_attempt_is_asked_about_and_booked_where_it_was_made_whatever_its_unit_chooses_later(
    database: Database, vault: Vault, sandbox: SandboxProcess, choose: Choose, tree: dict[str, int]
) -> None:
    home = home_in(database, vault, tree["3702"])
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    attempt = make.latest(database, no)
    choose()  # no unit chooses the branch's any more
    sandbox.pay(attempt.out_trade_no)
    assert flows.check_attempt(database, vault=vault, attempt_id=attempt.id, now=clock.now()).effect is Effect.BOOKED
    assert make.books(database, home).open_bills == (0,)
    assert make.latest(database, no).merchant == EAST


def test_an_attempt_is_closed_where_it_was_made_and_the_next_one_made_where_its_unit_chooses_now(
    database: Database, vault: Vault, sandbox: SandboxProcess, choose: Choose, tree: dict[str, int]
) -> None:
    home = home_in(database, vault, tree["3702"])
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    first = make.latest(database, no)
    choose()
    again = flows.Again(5_000, None, None, Payer("203.0.113.7"), "Wattline", partial_allowed=True, most_major=10**7)
    flows.retry_payment(database, vault=vault, user_id=home.user_id, payment_no=no, again=again, now=clock.now())
    second = make.latest(database, no)
    closed, living = sandbox.order(first.out_trade_no), sandbox.order(second.out_trade_no)
    assert closed is not None
    assert living is not None
    assert (closed["mchid"], closed["state"]) == (of(sandbox, EAST), "CLOSED")
    assert (living["mchid"], living["state"]) == (of(sandbox, DEFAULT_MERCHANT), "NOTPAY")


def test_a_call_that_was_cut_is_repeated_at_the_merchant_that_was_written_down_before_it(
    database: Database, vault: Vault, sandbox: SandboxProcess, choose: Choose, tree: dict[str, int]
) -> None:
    def die(point: str) -> None:
        if point == "payments.start.ordered":
            raise InjectedFault(point)

    no = make.payment_no()
    faults.arm(die)
    with pytest.raises(InjectedFault):
        make.start(database, vault, make.wanted(home_in(database, vault, tree["3702"])), no=no)
    faults.arm(None)
    attempt = make.latest(database, no)
    assert sandbox.order(attempt.out_trade_no) is None
    choose()
    flows.check_attempt(database, vault=vault, attempt_id=attempt.id, now=clock.now())
    assert make.latest(database, no).state is AttemptState.PREPARED
    assert mchid(sandbox, attempt.out_trade_no) == of(sandbox, EAST)


@pytest.mark.parametrize("is_general", [False, True], ids=["in one statement", "in general"])
@pytest.mark.parametrize("state", [TradeState.PAID, TradeState.CLOSED])
def test_a_word_about_one_merchant_changes_no_attempt_of_another(
    database: Database, vault: Vault, tree: dict[str, int], state: TradeState, is_general: bool
) -> None:
    if is_general:
        make.take_the_general_way()
    home = home_in(database, vault, tree["37"])
    no = make.order(database, vault, make.wanted(home))
    word = replace(make.paid(make.latest(database, no)), merchant=EAST, state=state)
    for _ in range(2):
        make.apply(database, word)
    attempt, books = make.latest(database, no), make.books(database, home)
    assert (attempt.state, books.open_bills, books.receipts) == (AttemptState.CREATED, (10_000,), 0)
    with database.read() as session:
        waiting = session.sql("select merchant, attempt_id, amount_minor from payment_suspense").all()
    # Money that came to the branch under a number of another merchant is kept, as the branch's.
    assert [tuple(each) for each in waiting] == ([(EAST, None, 10_000)] if state is TradeState.PAID else [])


def test_accounts_of_several_merchants_are_refused_together_with_the_payments_that_they_need(
    database: Database, vault: Vault, tree: dict[str, int]
) -> None:
    with database.write() as session:
        user_id = make_user(session, vault)
    units = ("37", "3702", "370201")
    homes = [home_in(database, vault, tree[unit], user_id=user_id) for unit in units]
    numbers = [home.account.account_no for home in homes]

    def pay(chosen: list[str]) -> str:
        want = replace(make.wanted(homes[0], 10_000 * len(chosen)), account_no=None, account_nos=tuple(chosen))
        return make.start(database, vault, want).payment.payment_no

    with pytest.raises(SeveralMerchants) as refused:
        pay(numbers)
    assert refused.value.facts == {"payments": [{"account_nos": numbers[:1]}, {"account_nos": numbers[1:]}]}
    with database.read() as reading:
        assert reading.sql("select count(*) from payment_order").scalar_one() == 0, "never half-done"
    paid = [make.latest(database, pay(part)).merchant for part in (numbers[:1], numbers[1:])]
    assert paid == [DEFAULT_MERCHANT, EAST]


def stray(branch: WeChatPay, sandbox: SandboxProcess) -> str:
    """Money that was really paid to the branch under a number that is not ours."""
    number = uuid4().hex[:26].upper()
    until = clock.now() + timedelta(minutes=30)
    wish = Prepay(Method.WECHAT_NATIVE, number, make.yuan(5_000), "x", until, Payer("203.0.113.7"))
    branch.prepare(Method.WECHAT_NATIVE, branch.compose(wish))
    sandbox.pay(number)
    return number


def give_back(database: Database, vault: Vault) -> UUID:
    """Finance sends back the one sum that waits."""
    with database.write() as session:
        finance = people.employ(session, vault, role=StaffRole.FINANCE, unit="37", now=clock.now())
        [item] = make.suspense(session)
        return operations.return_to_payer(
            session,
            suspense_id=item.id,
            why="nobody knows the payer",
            by=finance.staff_id,
            approved_by=None,
            actor=Actor("staff:test"),
            now=clock.now(),
        )


def test_money_goes_back_out_of_the_merchant_to_which_it_came_whatever_units_choose_by_then(
    database: Database, vault: Vault, sandbox: SandboxProcess, choose: Choose
) -> None:
    branch = choose("3702")
    make.apply(database, branch.query(stray(branch, sandbox)))
    choose()
    refund_id = give_back(database, vault)
    assert flows.check_refund(database, refund_id=refund_id, now=clock.now()) is RefundEffect.TAKEN

    def is_done() -> bool:
        return flows.check_refund(database, refund_id=refund_id, now=clock.now()) is RefundEffect.DONE

    wait_until(is_done, timeout_s=30, message="the provider did not end the refund")
    gone = [(each["mchid"], each["amount"], each["state"]) for each in sandbox.refunds()]
    assert (of(sandbox, EAST), 5_000, "SUCCESS") in gone
    with database.read() as session:
        [row] = session.sql("select merchant, request from payment_refund").all()
    assert (row.merchant, b"/callbacks/wechat-pay/east" in row.request) == (EAST, True), "told at its own address"


def test_a_word_about_one_merchants_refund_ends_none_of_another(
    database: Database, vault: Vault, sandbox: SandboxProcess, choose: Choose
) -> None:
    branch = choose("3702")
    make.apply(database, branch.query(stray(branch, sandbox)))
    refund_id = give_back(database, vault)
    with database.write() as writing:
        row = writing.sql("select out_refund_no, transaction_id, amount_minor from payment_refund").one()
        word = RefundResult(
            make.WECHAT,
            row.out_refund_no,
            RefundStatus.DONE,
            refund_id="503000000000",
            transaction_id=row.transaction_id,
            amount=make.yuan(row.amount_minor),
        )
        assert operations.apply_refund_result(writing, result=word, now=clock.now()) is RefundEffect.NOTHING
        told = replace(word, merchant=EAST)
        assert operations.apply_refund_result(writing, result=told, now=clock.now()) is RefundEffect.DONE
        assert writing.sql("select state from payment_refund where id = :id", id=refund_id).scalar_one() == "done"


def test_what_the_books_say_of_each_merchant_is_what_its_own_books_at_the_provider_say(
    database: Database, vault: Vault, sandbox: SandboxProcess, choose: Choose, tree: dict[str, int]
) -> None:
    branch = choose("3702")
    for unit, amount in (("37", 700), ("3702", 1_100), ("370201", 1_300)):
        no = make.start(database, vault, make.wanted(home_in(database, vault, tree[unit]), amount)).payment.payment_no
        attempt = make.latest(database, no)
        sandbox.pay(attempt.out_trade_no)
        flows.check_attempt(database, vault=vault, attempt_id=attempt.id, now=clock.now())
    make.apply(database, branch.query(stray(branch, sandbox)))
    give_back(database, vault)
    flows.number_feed(database, is_over=lambda: False)
    with database.read() as session:
        numbers = {row.out_trade_no for row in session.sql("select out_trade_no from payment_attempt")}
        numbers |= {row.out_trade_no for row in session.sql("select out_trade_no from payment_suspense")}
        found = merchants.sums(session, begin=LONG_AGO, end=clock.now() + timedelta(days=1))
        cleared = session.sql(
            """select sum(b.balance) from balance b join ledger_code c on c.code = b.code
               where c.name = 'clearing.wechat_pay'"""
        ).scalar_one()
    theirs: Counter[str] = Counter()
    for each in sandbox.orders():
        if each["out_trade_no"] in numbers and each["state"] == "SUCCESS":
            theirs[each["mchid"]] += each["amount"]
    assert {of(sandbox, each.merchant): each.came.minor for each in found} == dict(theirs)
    assert {each.merchant: (each.facts, each.back.minor) for each in found} == {
        DEFAULT_MERCHANT: (1, 0),
        EAST: (3, 5_000),
    }
    assert sum(each.came.minor for each in found) == cleared


def test_a_merchant_that_no_setting_describes_any_more_sends_nothing_back(
    database: Database, vault: Vault, choose: Choose, tree: dict[str, int]
) -> None:
    home = home_in(database, vault, tree["3702"])
    no = make.order(database, vault, make.wanted(home))
    make.apply(database, make.paid(make.latest(database, no), amount=make.yuan(9_999), paid_at=clock.now()))
    choose(has_branch=False)
    with pytest.raises(ReturnNotOffered):
        give_back(database, vault)


def again(amount_minor: int) -> flows.Again:
    """Another try with another sum."""
    return flows.Again(make.yuan(amount_minor).minor, None, None, Payer("203.0.113.7"), "Wattline", True, 10_000_000)  # noqa: FBT003 -- partial sums are taken


def test_what_a_merchant_is_to_be_asked_waits_while_no_setting_describes_it(
    database: Database, vault: Vault, choose: Choose, tree: dict[str, int]
) -> None:
    home = home_in(database, vault, tree["3702"])
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    unsent = make.order(database, vault, make.wanted(home))
    other = make.start(database, vault, make.wanted(home_in(database, vault, tree["37"]))).payment.payment_no
    choose(has_branch=False)
    who: dict[str, Any] = {"user_id": home.user_id, "payment_no": no}
    now = clock.now()
    assert flows.check_payment(database, vault=vault, **who, now=now).state == "waiting"
    with pytest.raises(AttemptInDoubt):
        flows.retry_payment(database, vault=vault, **who, again=again(700), now=now)
    assert not flows.give_up_payment(database, **who, address="203.0.113.7", now=now).is_final
    flows.check_attempt(database, vault=vault, attempt_id=make.latest(database, unsent).id, now=now)
    assert make.latest(database, unsent).state is AttemptState.UNKNOWN
    with database.write() as session:
        session.sql(
            """update payment_attempt set next_check_at = now() - case merchant when :east then interval '2 hours'
                 else interval '1 hour' end""",
            east=EAST,
        )
    flows.check_due(database, vault=vault, now=clock.now())
    with database.read() as session:
        due = session.sql("select count(*) from payment_attempt where next_check_at <= now()").scalar_one()
    assert due == 0, "put off, and in the way of nobody else's"
    assert make.latest(database, other).failures == 0


def test_another_try_is_refused_by_the_circuit_of_whoever_takes_the_money_now(
    database: Database, vault: Vault, choose: Choose, tree: dict[str, int]
) -> None:
    home, now = home_in(database, vault, tree["37"]), clock.now()
    no = make.start(database, vault, make.wanted(home)).payment.payment_no
    first = make.latest(database, no)

    def closed_to(source: str) -> None:
        with database.write() as session:
            for _ in range(rules.CIRCUIT_FAILURES):
                operations.note_failure(session, provider=source, now=now)

    choose("37")
    closed_to("wechat_pay/east")
    who: dict[str, Any] = {"user_id": home.user_id, "payment_no": no}
    with pytest.raises(ProviderUnavailable):
        flows.retry_payment(database, vault=vault, **who, again=again(700), now=now)
    assert make.latest(database, no) == first, "nothing has happened"
    flows.close_attempt(database, attempt=first, now=now)
    with database.write() as session:
        operations.note_answer(session, provider="wechat_pay/east")
    closed_to("wechat_pay")
    flows.retry_payment(database, vault=vault, **who, again=again(700), now=now)
    assert make.latest(database, no).merchant == EAST


def test_money_is_counted_on_its_day_by_a_providers_clock_that_is_ahead_at_midnight(
    database: Database, vault: Vault, tree: dict[str, int]
) -> None:
    home, now = home_in(database, vault, tree["3702"]), clock.now()
    midnight = now + timedelta(minutes=20)
    no = make.order(database, vault, make.wanted(home, 600))
    make.apply(database, make.paid(make.latest(database, no), amount=make.yuan(600), paid_at=midnight))
    flows.number_feed(database, is_over=lambda: False)
    with database.read() as session:
        [found] = merchants.sums(session, begin=midnight, end=midnight + timedelta(days=1))
    assert (found.merchant, found.came.minor) == (EAST, 600)
