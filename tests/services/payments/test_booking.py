"""The funnel: money is booked once, whatever order and however often a provider's words come."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from core import clock
from core.crypto.vault import Vault
from core.db import Database
from services.payments import operations, queries
from services.payments.models import AttemptState, OrderState, SuspenseReason
from services.payments.operations import Effect
from services.payments.ports import PAYABLES, ProviderResult, TradeState
from services.payments.queries import AttemptView, PaymentView
from tests.factories import payments as make
from tests.factories.payments import WECHAT, Books, Household

pytestmark = pytest.mark.usefixtures("offline")

PAID_AT: Final = datetime(2026, 6, 20, 3, tzinfo=UTC)


def test_a_payment_settles_the_bill_and_is_told_once(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    no = make.order(database, vault, make.wanted(home))
    applied = make.apply(database, make.paid(make.latest(database, no)))
    assert (applied.effect, applied.state) == (Effect.BOOKED, AttemptState.PAID)
    assert make.books(database, home) == Books(0, 0, 10_000, 0, (0,), 1, 0)


def test_the_same_result_five_times_books_once(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    result = make.paid(make.latest(database, make.order(database, vault, make.wanted(home))))
    effects = [make.apply(database, result).effect for _ in range(5)]
    assert effects == [Effect.BOOKED] + [Effect.NOTHING] * 4
    assert make.books(database, home) == Books(0, 0, 10_000, 0, (0,), 1, 0)


def test_the_same_result_from_twelve_threads_books_once(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    result = make.paid(make.latest(database, make.order(database, vault, make.wanted(home))))
    together = threading.Barrier(12)

    def once(_: int) -> Effect:
        together.wait()
        return make.apply(database, result).effect

    with ThreadPoolExecutor(12) as pool:
        effects = list(pool.map(once, range(12)))
    assert sorted(effects).count(Effect.BOOKED) == 1
    assert make.books(database, home) == Books(0, 0, 10_000, 0, (0,), 1, 0)


def test_the_oldest_bill_is_paid_first_and_the_surplus_is_prepaid(database: Database, vault: Vault) -> None:
    home = make.household(database, vault, bills=(3_000, 4_000, 5_000))
    make.apply(database, make.paid(make.latest(database, make.order(database, vault, make.wanted(home, 5_000)))))
    assert make.books(database, home) == Books(7_000, 0, 5_000, 0, (0, 2_000, 5_000), 1, 0)
    make.apply(database, make.paid(make.latest(database, make.order(database, vault, make.wanted(home, 8_000)))))
    assert make.books(database, home) == Books(0, 1_000, 13_000, 0, (0, 0, 0), 2, 0)


def test_only_chosen_bills_are_paid(database: Database, vault: Vault) -> None:
    home = make.household(database, vault, bills=(3_000, 4_000))
    want = make.wanted(home, 4_000, bill_nos=(home.bills[1].bill_no,))
    make.apply(database, make.paid(make.latest(database, make.order(database, vault, want))))
    assert make.books(database, home).open_bills == (3_000, 0)


def test_two_orders_for_one_bill_both_paid_settle_it_once_and_credit_the_rest(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    first, second = (make.latest(database, make.order(database, vault, make.wanted(home))) for _ in range(2))
    together = threading.Barrier(2)

    def pay(result: ProviderResult) -> Effect:
        together.wait()
        return make.apply(database, result).effect

    with ThreadPoolExecutor(2) as pool:
        effects = list(pool.map(pay, [make.paid(first), make.paid(second)]))
    assert effects == [Effect.BOOKED, Effect.BOOKED]
    assert make.books(database, home) == Books(0, 10_000, 20_000, 0, (0,), 2, 0)


def test_late_success_after_close_is_booked_once(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    no = make.order(database, vault, make.wanted(home))
    attempt = make.latest(database, no)
    closed = make.apply(database, ProviderResult(WECHAT, attempt.out_trade_no, TradeState.CLOSED))
    assert (closed.effect, closed.state) == (Effect.ENDED, AttemptState.CLOSED)
    result = make.paid(attempt)
    assert [make.apply(database, result).effect for _ in range(2)] == [Effect.BOOKED, Effect.NOTHING]
    assert make.books(database, home) == Books(0, 0, 10_000, 0, (0,), 1, 0)
    with database.read() as session:
        assert make.order_state(session, no) is OrderState.PAID


def test_late_success_for_a_bill_that_others_paid_is_credited(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    late = make.latest(database, make.order(database, vault, make.wanted(home)))
    make.apply(database, ProviderResult(WECHAT, late.out_trade_no, TradeState.CLOSED))
    make.apply(database, make.paid(make.latest(database, make.order(database, vault, make.wanted(home)))))
    make.apply(database, make.paid(late))
    assert make.books(database, home) == Books(0, 10_000, 20_000, 0, (0,), 2, 0)


@pytest.mark.parametrize("state", [TradeState.WAITING, TradeState.CLOSED, TradeState.FAILED, TradeState.MISSING])
def test_nothing_undoes_a_paid_attempt(database: Database, vault: Vault, state: TradeState) -> None:
    home = make.household(database, vault)
    attempt = make.latest(database, make.order(database, vault, make.wanted(home)))
    make.apply(database, make.paid(attempt))
    late = make.apply(
        database, ProviderResult(WECHAT, attempt.out_trade_no, state), now=clock.now() + timedelta(days=1)
    )
    assert (late.effect, late.state) == (Effect.NOTHING, AttemptState.PAID)
    assert make.books(database, home) == Books(0, 0, 10_000, 0, (0,), 1, 0)


def test_money_for_an_unknown_order_waits_in_suspense_once(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    attempt = make.latest(database, make.order(database, vault, make.wanted(home)))
    stray = replace(make.paid(attempt), out_trade_no="STRANGER00000000000000000X", amount=make.yuan(777))
    assert [make.apply(database, stray).effect for _ in range(3)] == [Effect.SUSPENDED, Effect.NOTHING, Effect.NOTHING]
    assert make.books(database, home) == Books(10_000, 0, 777, 777, (10_000,), 0, 1)
    with database.read() as session:
        [case] = make.suspense(session)
    assert (case.reason, case.amount, case.order_id) == (SuspenseReason.UNKNOWN_ORDER, make.yuan(777), None)


def test_an_unknown_order_without_money_is_nothing(database: Database) -> None:
    applied = make.apply(database, ProviderResult(WECHAT, "STRANGER00000000000000000X", TradeState.CLOSED))
    assert applied.effect is Effect.NOTHING


@pytest.mark.parametrize("amount", [1, 9_999, 10_001])
def test_another_amount_settles_nothing_and_stays_visible(database: Database, vault: Vault, amount: int) -> None:
    home = make.household(database, vault)
    no = make.order(database, vault, make.wanted(home))
    result = make.paid(make.latest(database, no), amount=make.yuan(amount))
    assert [make.apply(database, result).effect for _ in range(2)] == [Effect.SUSPENDED, Effect.NOTHING]
    assert make.books(database, home) == Books(10_000, 0, amount, amount, (10_000,), 0, 1)
    with database.read() as session:
        [case] = make.suspense(session)
        seen = queries.payment(session, payment_no=no, user_id=home.user_id, now=clock.now())
    assert case.reason is SuspenseReason.AMOUNT_DIFFERS
    assert seen is not None
    assert (seen.state, seen.is_final, seen.amount) == ("suspended", True, make.yuan(amount))


def test_a_second_transaction_under_a_paid_number_is_kept_apart(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    attempt = make.latest(database, make.order(database, vault, make.wanted(home)))
    make.apply(database, make.paid(attempt))
    second = make.paid(attempt)
    assert [make.apply(database, second).effect for _ in range(2)] == [Effect.SUSPENDED, Effect.NOTHING]
    assert make.books(database, home) == Books(0, 0, 20_000, 10_000, (0,), 1, 1)


def tried_twice(database: Database, vault: Vault) -> tuple[Household, str, AttemptView, AttemptView]:
    """A payment of 100.00 whose first try was closed, and its second of 50.00 that waits."""
    home = make.household(database, vault)
    no = make.order(database, vault, make.wanted(home))
    first = make.latest(database, no)
    make.apply(database, ProviderResult(WECHAT, first.out_trade_no, TradeState.CLOSED))
    with database.write() as session:
        again = make.wanted(home, 5_000)
        operations.add_attempt(session, vault=vault, wanted=again, payment_no=no, now=clock.now())
    return home, no, first, make.latest(database, no)


def shown(database: Database, home: Household, no: str) -> PaymentView:
    with database.read() as session:
        found = queries.payment(session, payment_no=no, user_id=home.user_id, now=clock.now())
    assert found is not None
    return found


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "the later try first"])
def test_two_tries_both_paid_are_both_shown_with_where_the_second_sum_went(
    database: Database, vault: Vault, order: tuple[int, int]
) -> None:
    home, no, *tries = tried_twice(database, vault)
    results = [make.paid(tries[place], paid_at=PAID_AT + timedelta(minutes=step)) for step, place in enumerate(order)]
    for result in results:
        assert make.apply(database, result).effect is Effect.BOOKED
    amounts = [make.yuan((10_000, 5_000)[place]) for place in order]
    seen = shown(database, home, no)
    assert (seen.state, seen.amount, seen.provider_reference) == ("paid", amounts[0], results[0].transaction_id)
    assert [part.amount for part in seen.parts] == [amounts[0]]
    [also] = seen.also_received
    assert (also.amount, also.provider_reference, also.paid_at) == (
        amounts[1],
        results[1].transaction_id,
        results[1].paid_at,
    )
    left = make.yuan(0 if order == (0, 1) else 5_000)
    assert (also.outcome, [part.taken for part in also.parts]) == ("booked", [left])


def test_a_second_try_paid_with_another_amount_is_shown_as_waiting_for_staff(database: Database, vault: Vault) -> None:
    home, no, first, second = tried_twice(database, vault)
    make.apply(database, make.paid(first))
    assert make.apply(database, make.paid(second, amount=make.yuan(4_999))).effect is Effect.SUSPENDED
    seen = shown(database, home, no)
    [also] = seen.also_received
    assert (seen.amount, also.amount, also.outcome, also.parts) == (
        make.yuan(10_000),
        make.yuan(4_999),
        "suspended",
        (),
    )


def test_a_second_transaction_under_one_number_is_shown_until_and_after_it_is_placed(
    database: Database, vault: Vault
) -> None:
    home = make.household(database, vault)
    no = make.order(database, vault, make.wanted(home))
    attempt = make.latest(database, no)
    make.apply(database, make.paid(attempt))
    assert shown(database, home, no).also_received == ()
    second = make.paid(attempt)
    make.apply(database, second)
    [also] = shown(database, home, no).also_received
    assert (also.amount, also.provider_reference, also.outcome) == (
        make.yuan(10_000),
        second.transaction_id,
        "suspended",
    )
    with database.write() as session:
        session.sql("update payment_suspense set state = 'assigned'")
    assert [each.outcome for each in shown(database, home, no).also_received] == ["booked"]


def claimed_by_a_stranger(database: Database, vault: Vault) -> tuple[Household, str, ProviderResult]:
    """An honest payment whose transaction was told before under a number that is not ours."""
    home = make.household(database, vault)
    no = make.order(database, vault, make.wanted(home))
    honest = make.paid(make.latest(database, no))
    stray = replace(honest, out_trade_no="STRANGER00000000000000000X")
    assert make.apply(database, stray).effect is Effect.SUSPENDED
    return home, no, honest


def assert_sound(database: Database) -> None:
    with database.read() as session:
        assert queries.check_invariants(session) == []
        assert queries.check_claims(session) == []


def test_a_payment_whose_transaction_is_claimed_is_received_and_posted_no_second_time(
    database: Database, vault: Vault
) -> None:
    home, no, honest = claimed_by_a_stranger(database, vault)
    effects = [make.apply(database, honest) for _ in range(3)]
    assert [each.effect for each in effects] == [Effect.SUSPENDED, Effect.NOTHING, Effect.NOTHING]
    assert effects[0].state is AttemptState.PAID
    assert make.books(database, home) == Books(10_000, 0, 10_000, 10_000, (10_000,), 0, 2)
    with database.read() as session:
        money, claimant = make.suspense(session)
        order_id = make.latest(database, no).order_id
    assert (money.reason, money.order_id, money.is_posted) == (SuspenseReason.UNKNOWN_ORDER, None, True)
    assert (claimant.reason, claimant.order_id, claimant.is_posted) == (
        SuspenseReason.TRANSACTION_CLAIMED,
        order_id,
        False,
    )
    assert (claimant.transaction_id, claimant.out_trade_no) == (money.transaction_id, honest.out_trade_no)
    seen = shown(database, home, no)
    assert (seen.state, seen.is_final, seen.amount) == ("suspended", True, make.yuan(10_000))
    assert_sound(database)


def test_a_closed_payment_whose_transaction_is_claimed_is_received(database: Database, vault: Vault) -> None:
    home, no, honest = claimed_by_a_stranger(database, vault)
    make.apply(database, ProviderResult(WECHAT, honest.out_trade_no, TradeState.CLOSED))
    assert make.apply(database, honest).effect is Effect.SUSPENDED
    assert shown(database, home, no).state == "suspended"
    assert_sound(database)


def test_a_claimed_transaction_of_another_amount_is_received_and_not_posted(database: Database, vault: Vault) -> None:
    home, no, honest = claimed_by_a_stranger(database, vault)
    other = replace(honest, amount=make.yuan(9_999))
    effects = [make.apply(database, other).effect for _ in range(2)]
    assert effects == [Effect.SUSPENDED, Effect.NOTHING]
    assert make.books(database, home).clearing == 10_000
    assert shown(database, home, no).state == "suspended"
    assert_sound(database)


def test_a_claimed_transaction_told_of_a_paid_number_or_of_a_stranger_is_kept_once(
    database: Database, vault: Vault
) -> None:
    home, no, honest = claimed_by_a_stranger(database, vault)
    make.apply(database, replace(honest, transaction_id="OF-ITS-OWN"))
    before = make.books(database, home)
    for number in (honest.out_trade_no, "STRANGER00000000000000000Y"):
        told = replace(honest, out_trade_no=number)
        assert [make.apply(database, told).effect for _ in range(2)] == [Effect.SUSPENDED, Effect.NOTHING]
    assert make.books(database, home) == replace(before, suspended=3)
    assert shown(database, home, no).state == "paid"
    assert_sound(database)


def test_a_second_try_whose_transaction_is_claimed_is_shown_as_waiting_for_staff(
    database: Database, vault: Vault
) -> None:
    home, no, first, second = tried_twice(database, vault)
    booked = make.paid(first)
    make.apply(database, booked)
    claimed = make.paid(second, transaction_id=booked.transaction_id)
    assert make.apply(database, claimed).effect is Effect.SUSPENDED
    assert make.books(database, home).clearing == 10_000
    seen = shown(database, home, no)
    assert (seen.state, [each.outcome for each in seen.also_received]) == ("paid", ["suspended"])
    assert_sound(database)


class _Stubborn:
    """A payable on the far side of the port that fails to settle."""

    settles_by = None

    def __init__(self, whole: object, stubborn: int) -> None:
        self._whole, self._stubborn = whole, stubborn

    def __getattr__(self, name: str) -> object:
        return getattr(self._whole, name)

    def settle(self, session: object, **what: object) -> object:
        if what["payable_id"] == self._stubborn:
            session.sql("select 1 / 0")  # type: ignore[attr-defined] # a session
        return self._whole.settle(session, **what)  # type: ignore[attr-defined] # a payable


def test_a_part_that_fails_to_settle_waits_in_suspense_and_the_rest_is_booked(database: Database, vault: Vault) -> None:
    home = make.household(database, vault, bills=(3_000, 4_000))
    attempt = make.latest(database, make.order(database, vault, make.wanted(home, 8_000)))
    PAYABLES.fill({"bill": _Stubborn(PAYABLES.get()["bill"], home.bills[0].id)})  # type: ignore[dict-item] # as above
    assert make.apply(database, make.paid(attempt)).effect is Effect.BOOKED
    assert make.books(database, home) == Books(3_000, 1_000, 8_000, 3_000, (3_000, 0), 1, 1)
    with database.read() as session:
        [case] = make.suspense(session)
    assert (case.reason, case.amount) == (SuspenseReason.SETTLING_FAILED, make.yuan(3_000))


def test_a_payment_whose_every_part_fails_is_received_and_not_called_paid(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    no = make.order(database, vault, make.wanted(home))
    PAYABLES.fill({"bill": _Stubborn(PAYABLES.get()["bill"], home.bills[0].id)})  # type: ignore[dict-item] # as above
    assert make.apply(database, make.paid(make.latest(database, no))).effect is Effect.SUSPENDED
    assert make.books(database, home) == Books(10_000, 0, 10_000, 10_000, (10_000,), 0, 1)
    with database.read() as session:
        assert make.order_state(session, no) is OrderState.SUSPENDED


def test_not_existing_is_no_failure_before_its_end_and_grace(database: Database, vault: Vault) -> None:
    home = make.household(database, vault)
    attempt = make.latest(database, make.order(database, vault, make.wanted(home)))
    missing = ProviderResult(WECHAT, attempt.out_trade_no, TradeState.MISSING)
    for seconds in (-60, 0, 59):
        applied = make.apply(database, missing, now=attempt.expires_at + timedelta(seconds=seconds))
        assert applied.effect is Effect.NOTHING
        assert applied.state is AttemptState.CREATED
    assert make.apply(database, missing, now=attempt.expires_at + timedelta(seconds=60)).effect is Effect.ENDED


def test_two_results_for_two_orders_of_two_accounts_in_opposite_order_do_not_deadlock(
    database: Database, vault: Vault
) -> None:
    homes = [make.household(database, vault) for _ in range(2)]
    results = [
        make.paid(make.latest(database, make.order(database, vault, make.wanted(home))))
        for home in (*homes, *reversed(homes))
    ]
    with ThreadPoolExecutor(4) as pool:
        effects = list(pool.map(lambda each: make.apply(database, each).effect, results))
    assert effects == [Effect.BOOKED] * 4
