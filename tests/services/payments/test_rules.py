"""States, spreading, and when to ask again: what holds for every value."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Money
from services.payments import rules
from services.payments.errors import IllegalTransition
from services.payments.models import AttemptState, OrderState
from services.payments.ports import Due
from services.payments.rules import LIVING, AttemptEvent, OrderEvent, next_attempt_state, next_order_state

NOW = datetime(2026, 6, 20, 3, tzinfo=UTC)
A, E = AttemptState, AttemptEvent
dues = st.lists(
    st.builds(
        lambda number, day, minor: ("bill", Due(number, f"B{number}", date(2026, 1, 1) + timedelta(day), cny(minor))),
        st.integers(1, 50),
        st.integers(0, 5),
        st.integers(1, 10_000),
    ),
    max_size=6,
    unique_by=lambda each: each[1].payable_id,
)


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


@pytest.mark.parametrize(("state", "event"), list(itertools.product(A, E)))
def test_an_attempt_has_an_answer_to_whatever_comes_in_whatever_order(state: AttemptState, event: AttemptEvent) -> None:
    following = next_attempt_state(state, event)
    if state is A.PAID or event is E.PAID:
        assert following is A.PAID
    elif state not in LIVING:
        assert following is state, "only money changes what has ended"
    if state in {A.PREPARED, A.PENDING}:
        assert following not in {A.CREATED, A.UNKNOWN}, "what is known is never forgotten"


@pytest.mark.parametrize(("state", "event"), list(itertools.product(OrderState, OrderEvent)))
def test_a_paid_order_stays_paid_and_only_money_or_a_decision_ends_suspense(
    state: OrderState, event: OrderEvent
) -> None:
    try:
        following = next_order_state(state, event)
    except IllegalTransition:
        is_decided = event is OrderEvent.RELEASED and state is not OrderState.SUSPENDED
        assert is_decided or event is OrderEvent.RETRIED or (state, event) == (OrderState.CLOSED, OrderEvent.FAILED)
        return
    if state is OrderState.PAID or event is OrderEvent.BOOKED:
        assert following is OrderState.PAID
    elif state is OrderState.SUSPENDED:
        assert following is (OrderState.CLOSED if event is OrderEvent.RELEASED else OrderState.SUSPENDED)


@given(amount=st.integers(1, 50_000), owed=dues)
def test_an_amount_is_spread_whole_and_the_oldest_due_first(amount: int, owed: list[tuple[str, Due]]) -> None:
    shares = rules.spread(cny(amount), owed)
    assert sum(share.amount.minor for share in shares) == amount
    assert all(share.amount.minor > 0 for share in shares)
    named = [share for share in shares if share.due is not None]
    order = sorted((due for _, due in owed), key=lambda due: (due.due_date, due.payable_id))
    assert [share.due for share in named] == order[: len(named)]
    assert all(share.due is not None and share.amount <= share.due.open for share in named)
    assert all(share.due is not None and share.amount == share.due.open for share in named[:-1])
    surplus = amount - sum(due.open.minor for due in order)
    assert [share.amount.minor for share in shares if share.due is None] == ([surplus] if surplus > 0 else [])


@given(checks=st.integers(0, 40), left_s=st.integers(-100, 3_600))
def test_a_living_attempt_is_asked_about_by_its_schedule_and_at_its_end(checks: int, left_s: int) -> None:
    expires_at = NOW + timedelta(seconds=left_s)
    following = rules.next_check(checks=checks, expires_at=expires_at, now=NOW)
    assert NOW < following <= NOW + rules.ASK_AFTER[-1]
    assert left_s <= 0 or following <= expires_at


@given(
    failures=st.integers(0, 32_767), jitter=st.floats(0, 1, exclude_max=True), least=st.none() | st.integers(0, 9_999)
)
def test_waits_grow_are_spread_and_keep_to_what_the_provider_asked(
    failures: int, jitter: float, least: int | None
) -> None:
    wait = rules.back_off(failures=failures, jitter=jitter, least_s=least)
    whole = min(rules.BACK_OFF * 2 ** min(failures, 20), rules.MOST_BACK_OFF)
    assert wait >= timedelta(seconds=least or 0)
    assert wait == timedelta(seconds=least or 0) or whole / 2 <= wait <= whole
