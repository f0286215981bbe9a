"""The judge is judged: a good history passes, and each of twenty planted corruptions is found."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pytest

from tests.faults.checker import Entry, Grant, History, Message, Operation, Order, judge

PAYMENTS = 4


def good_history() -> History:
    """Two accounts, four payments of 1, 2, 4 and 8, so that each balance names the payments in it; one of unknown outcome, one not paid."""
    history = History(opening={"A": 100, "B": 100}, balances={"A": 97, "B": 96})
    for number in range(PAYMENTS):
        account, client = ("A", "ann") if number < PAYMENTS // 2 else ("B", "ben")
        payment, amount, at = f"P{number}", 1 << number, float(number * 10)
        is_paid = number < PAYMENTS - 1
        outcome: Literal["ok", "unknown"] = "unknown" if number == 1 else "ok"
        history.operations += [
            Operation(
                client, "start", f"k{number}", account, at, at + 1, outcome, payment, f"answer {number}", amount=amount
            ),
            Operation(
                client, "start", f"k{number}", account, at + 2, at + 3, "ok", payment, f"answer {number}", amount=amount
            ),
            Operation(client, "read_status", f"r{number}", account, at + 4, at + 4.5, "ok", payment, "pending"),
            Operation(
                client,
                "read_status",
                f"s{number}",
                account,
                at + 8,
                at + 8.5,
                "ok",
                payment,
                "paid" if is_paid else "closed",
            ),
        ]
        history.orders.append(Order(f"T{number}", payment, amount, is_paid))
        history.statuses[payment] = "paid" if is_paid else "closed"
        history.recipients[payment] = {client}
        if is_paid:
            history.messages.append(Message(payment, client, "sms", f"m{number}"))
    history.entries = [
        Entry("A", 1, "P0", "T0", 1, 99, 5.0),
        Entry("A", 2, "P1", "T1", 2, 97, 15.0),
        Entry("B", 1, "P2", "T2", 4, 96, 25.0),
    ]
    history.operations += [
        Operation("ann", "read_balance", "b1", "A", 6.0, 6.5, "ok", balance=99),
        Operation("ann", "read_balance", "b2", "A", 14.5, 15.5, "ok", balance=99),
        Operation("ann", "read_balance", "b3", "A", 19.0, 19.5, "ok", balance=97),
        Operation("ann", "read_balance", "b4", "A", 20.0, 20.5, "ok", balance=97),
    ]
    history.grants = [Grant("ann", "A", 0.0, 100.0), Grant("ben", "B", 0.0, 100.0)]
    return history


def _replace_operation(history: History, key: str, **changes: object) -> None:
    history.operations = [replace(op, **changes) if op.key == key else op for op in history.operations]  # type: ignore[arg-type] # names are checked by the dataclass


def _replace_entry(history: History, place: int, **changes: object) -> None:
    history.entries[place] = replace(history.entries[place], **changes)  # type: ignore[arg-type] # as above


def _swap(history: History) -> None:
    _replace_entry(history, 0, number=2)
    _replace_entry(history, 1, number=1)


def _forget(history: History) -> None:
    _replace_operation(history, "s1", answer="pending")
    _replace_operation(history, "b4", balance=99)


CORRUPTIONS: dict[str, tuple[str, Callable[[History], object]]] = {
    "a confirmed payment is gone": ("lost", lambda h: h.statuses.pop("P0")),
    "a refused payment is there": ("ghost", lambda h: _replace_operation(h, "k3", outcome="fail")),
    "a key made two payments": (
        "doubled",
        lambda h: h.operations.append(Operation("ann", "start", "k0", "A", 3, 4, "ok", "P1", "answer 0")),
    ),
    "a key was answered differently": (
        "two answers",
        lambda h: h.operations.append(Operation("ann", "start", "k0", "A", 3, 4, "ok", "P0", "other")),
    ),
    "a payment was made that nobody asked for": ("stray payment", lambda h: h.statuses.update(P9="pending")),
    "two keys were given one payment": (
        "shared",
        lambda h: h.operations.append(Operation("ann", "start", "k9", "A", 3, 4, "ok", "P0", "answer 0")),
    ),
    "a payer no longer finds the payment": ("hidden", lambda h: _replace_operation(h, "s0", outcome="fail")),
    "a booking is lost": ("money", lambda h: h.entries.pop(2)),
    "a booking is doubled": ("money", lambda h: h.entries.append(Entry("B", 2, "P2", "T2", 4, 92, 26.0))),
    "a booking has another amount": ("torn", lambda h: _replace_entry(h, 1, amount=3)),
    "two bookings changed places": ("torn", _swap),
    "a number is missing": ("gap", lambda h: _replace_entry(h, 1, number=3)),
    "a booking is negative": ("not positive", lambda h: _replace_entry(h, 2, amount=-4, balance_after=104)),
    "a balance drifted": ("balance", lambda h: h.balances.update(A=98)),
    "a booking lies in a book of nobody": ("stray", lambda h: h.entries.append(Entry("Z", 1, "P0", "T0", 1, 99, 5.0))),
    "a reader saw an old balance": ("stale", lambda h: _replace_operation(h, "b3", balance=99)),
    "a reader saw less than another before": (
        "stale",
        _forget,
    ),
    "a reader saw the future": ("stale", lambda h: _replace_operation(h, "b1", balance=97)),
    "a reader saw half of a transaction": ("stale", lambda h: _replace_operation(h, "b2", balance=98)),
    "a paid payment became pending": (
        "backwards",
        lambda h: h.operations.append(Operation("ann", "read_status", "z", "A", 9, 9.5, "ok", "P0", "pending")),
    ),
    "the money went to another payment": ("mixed up", lambda h: _replace_entry(h, 0, payment="P1")),
    "an unpaid payment says paid": ("status", lambda h: h.statuses.update(P3="paid")),
    "a receipt came twice": ("told twice", lambda h: h.messages.append(Message("P0", "ann", "sms", "m9"))),
    "a receipt never came": ("not told", lambda h: h.messages.pop(0)),
    "a receipt went to somebody else": (
        "told the wrong person",
        lambda h: h.messages.append(Message("P0", "ben", "sms", "m9")),
    ),
    "a receipt came for nothing": ("told too early", lambda h: h.messages.append(Message("P3", "ben", "sms", "m9"))),
    "somebody read another's account": ("seen without right", lambda h: _replace_operation(h, "b1", client="ben")),
    "somebody read after the grant ended": (
        "seen without right",
        lambda h: h.grants.__setitem__(0, Grant("ann", "A", 0.0, 15.8)),
    ),
}


def test_a_good_history_passes() -> None:
    assert judge(good_history()) == []


@pytest.mark.parametrize(("breach", "corrupt"), CORRUPTIONS.values(), ids=CORRUPTIONS.keys())
def test_each_planted_corruption_is_found(breach: str, corrupt: Callable[[History], object]) -> None:
    history = copy.deepcopy(good_history())
    corrupt(history)
    assert any(found.startswith(breach) for found in judge(history)), judge(history)


def test_a_message_that_nobody_can_know_of_is_not_a_breach() -> None:
    history = good_history()
    history.messages.append(Message("P0", "ann", "sms", "m9"))
    history.unknowable.add("m9")
    assert judge(history) == []
