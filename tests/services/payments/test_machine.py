"""Random histories of orders, attempts, bills and a provider's words against a model of plain numbers.

The provider is a dictionary here: what it took, for which number, once. After every step our books say what it says of
all that it told us, each of its transactions is booked once, and a refused wish has changed nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from core.crypto.vault import Vault
from core.db import Database
from services.ledger import queries as ledger
from services.ledger.chart import PREPAID, RECEIVABLE, SUSPENSE, BookId, OwnerKind, clearing
from services.payments import operations, queries
from services.payments.errors import AttemptInDoubt, PayableUnknown, PaymentFinal
from services.payments.ports import Method, ProviderResult, TradeState
from services.payments.queries import AttemptView
from services.payments.rules import GRACE, LIFE
from tests.factories import payments as make
from tests.factories.billing import bill_record, load
from tests.factories.payments import WECHAT, Household

LIVING: Final = {"created", "prepared", "pending", "unknown"}
TABLES: Final = (
    "payment_order",
    "payment_attempt",
    "payment_part",
    "payment_suspense",
    "claim",
    "outbox",
    "txn",
    "bill",
)
MOST_BILLS: Final = 4
OVER_THERE: Final = (
    "prepared pay notify",
    "prepared pay notify",
    "prepared close pay notify",
    "prepared close",
    "in_doubt refused pay notify",
    "prepared pay_more notify",
    "prepared",
    "in_doubt",
    "lost",
    "refused",
    "pay",
    "pay_more",
    "notify",
    "ask",
    "close",
)
AMOUNTS: Final = (1, 100, 200, 300, 500)
WORTH_SEEING: Final = {
    "prepared attempt paid",
    "closed attempt paid",
    "failed attempt paid",
    "closed order paid",
    "other amount paid",
    "told again",
    "PaymentFinal",
    "AttemptInDoubt",
    "PayableUnknown",
}
"""What the histories must have come upon to prove anything."""


@dataclass
class Bill:
    """What is billed and what has been taken off it."""

    no: str
    due: date
    amount: int
    paid: int = 0

    @property
    def open(self) -> int:
        """What is still owed."""
        return self.amount - self.paid


@dataclass
class Attempt:
    """One number: our expectation of it, and what the provider has."""

    order: "Order"
    parts: list[tuple[str | None, int]]
    amount: int
    view: AttemptView
    state: str = "created"
    is_known_there: bool = False
    is_closed_there: bool = False
    paid: ProviderResult | None = None
    is_told: bool = False


@dataclass
class Order:
    """One payment."""

    no: str
    state: str = "open"
    attempts: list[Attempt] = field(default_factory=list)


class Payments(RuleBasedStateMachine):
    """One history. `database` and `vault` are set by the test; the household is new in each history."""

    database: Database
    vault: Vault
    seen: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.home: Household = make.household(self.database, self.vault, bills=(300, 200))
        self.now = datetime(2026, 6, 20, 3, tzinfo=UTC)
        self.bills = {bill.bill_no: Bill(bill.bill_no, bill.due_date, bill.amount.minor) for bill in self.home.bills}
        self.prepaid = self.suspense = self.received = 0
        self.orders: list[Order] = []
        self.attempts: list[Attempt] = []
        self.receipts = 0
        self.before = self.totals()

    # What people wish

    @initialize(amount=st.sampled_from(AMOUNTS))
    def begin(self, amount: int) -> None:
        self.start(amount, [])

    @rule(chance=st.randoms(use_true_random=True))
    def step(self, chance: Random) -> None:
        """One thing, drawn evenly: small numbers are no more likely here than others."""
        [what] = chance.choices((self.wish, self.over_there, self.here), (4, 7, 1))
        what(chance)

    def wish(self, chance: Random) -> None:
        amount, chosen = chance.choice(AMOUNTS), chance.choices(range(MOST_BILLS), k=chance.choice((0, 0, 1, 2)))
        if chance.random() < 0.5:
            self.start(amount, chosen)
        else:
            self.retry(chance.choice(self.orders), amount, chosen)

    def start(self, amount: int, chosen: list[int]) -> None:
        nos = self.chosen(chosen)
        no = make.payment_no()
        if self.is_settled_among(nos):
            with self.nothing_changes(), pytest.raises(PayableUnknown), self.database.write() as session:
                operations.open_order(
                    session, vault=self.vault, wanted=self.want(amount, nos), payment_no=no, now=self.now
                )
            return
        with self.database.write() as session:
            operations.open_order(session, vault=self.vault, wanted=self.want(amount, nos), payment_no=no, now=self.now)
        self.orders.append(Order(no))
        self.begun(self.orders[-1], amount, nos)

    def retry(self, order: Order, amount: int, chosen: list[int]) -> None:
        nos = self.chosen(chosen)

        def add() -> None:
            with self.database.write() as session:
                operations.add_attempt(
                    session, vault=self.vault, wanted=self.want(amount, nos), payment_no=order.no, now=self.now
                )

        refusal = self.refusal(order, nos)
        if refusal is not None:
            self.seen[refusal.__name__] += 1
            with self.nothing_changes(), pytest.raises(refusal):
                add()
            return
        add()
        order.state = "open"
        self.begun(order, amount, nos)

    # What the provider does

    def over_there(self, chance: Random) -> None:
        attempt = chance.choice(self.attempts[-3:])
        for each in chance.choice(OVER_THERE).split():
            self.happens(attempt, each)

    def happens(self, attempt: Attempt, what: str) -> None:
        match what:
            case "prepared" | "in_doubt" | "lost" | "refused":
                self.answer(attempt, what)
            case "pay" | "pay_more":
                if attempt.is_known_there and attempt.paid is None:
                    more = 7 if what == "pay_more" else 0
                    attempt.paid = make.paid(attempt.view, amount=make.yuan(attempt.amount + more))
            case "notify":
                if attempt.paid is not None:
                    self.tell(attempt, attempt.paid)
            case _:
                self.ask(attempt, is_closing=what == "close")

    def answer(self, attempt: Attempt, answer: str) -> None:
        with self.database.write() as session:
            if answer == "prepared":
                operations.keep_answer(session, attempt_id=attempt.view.id, answer={"code_url": "x"}, now=self.now)
            elif answer == "refused":
                operations.keep_refusal(session, attempt_id=attempt.view.id, reason="PARAMERROR", now=self.now)
            else:
                operations.keep_doubt(session, attempt_id=attempt.view.id, now=self.now)
        attempt.is_known_there |= answer in {"prepared", "in_doubt"}
        if attempt.state in {"created", "unknown"}:
            attempt.state = {"prepared": "prepared", "refused": "failed"}.get(answer, "unknown")
            if answer == "refused":
                self.ends(attempt, "failed")

    def ask(self, attempt: Attempt, *, is_closing: bool) -> None:
        if is_closing and attempt.is_known_there and attempt.paid is None:
            attempt.is_closed_there = True
        state = TradeState.MISSING
        if attempt.is_known_there:
            state = TradeState.CLOSED if attempt.is_closed_there else TradeState.WAITING
        self.tell(attempt, attempt.paid or ProviderResult(WECHAT, attempt.view.out_trade_no, state))

    # What happens here

    def here(self, chance: Random) -> None:
        amount = chance.choice(AMOUNTS)
        match chance.choice(("time", "rebill", "rebill", "issue", "stray")):
            case "time":
                self.now += timedelta(minutes=chance.choice((1, 20, 40)))
            case "rebill":
                self.rebill(chance.choice(list(self.bills.values())), amount + 150)
            case "issue":
                self.issue(amount + 100)  # room for the lines of a bill
            case _:
                self.stray_money(amount)

    def stray_money(self, minor: int) -> None:
        number = f"STRAY{uuid4().hex[:20].upper()}"
        stray = ProviderResult(WECHAT, number, TradeState.PAID, uuid4().hex, make.yuan(minor), self.now)
        for _ in range(2):
            make.apply(self.database, stray, now=self.now)
        self.received += minor
        self.suspense += minor

    def rebill(self, bill: Bill, amount: int) -> None:
        if bill.amount == amount:
            return
        self.import_bill(bill.no, bill.due, amount)
        bill.amount, surplus = amount, max(0, bill.paid - amount)
        bill.paid -= surplus
        self.prepaid += surplus
        self.apply_prepaid()

    def issue(self, amount: int) -> None:
        if len(self.bills) == MOST_BILLS:
            return
        bill = Bill(f"B{self.home.account.account_no}N{len(self.bills)}", date(2026, 9, 1), amount)
        self.import_bill(bill.no, bill.due, amount)
        self.bills[bill.no] = bill
        self.apply_prepaid()

    # The model

    def tell(self, attempt: Attempt, result: ProviderResult) -> None:
        make.apply(self.database, result, now=self.now)
        if result.state is TradeState.PAID:
            if not attempt.is_told:
                self.money_comes(attempt, result)
            else:
                self.seen["told again"] += 1
        elif attempt.state in LIVING:
            is_over = self.now >= attempt.view.expires_at + GRACE
            if result.state is TradeState.CLOSED or (result.state is TradeState.MISSING and is_over):
                attempt.state = "closed"
                self.ends(attempt, "closed")
            elif result.state is TradeState.WAITING and attempt.state != "unknown":
                attempt.state = "pending"

    def money_comes(self, attempt: Attempt, result: ProviderResult) -> None:
        assert result.amount is not None
        order = attempt.order
        self.seen[f"{attempt.state} attempt paid"] += 1
        self.seen[f"{order.state} order paid"] += 1
        attempt.is_told, attempt.state = True, "paid"
        self.received += result.amount.minor
        if result.amount.minor != attempt.amount:
            self.suspense += result.amount.minor
            self.seen["other amount paid"] += 1
            order.state = "paid" if order.state == "paid" else "suspended"
            return
        self.receipts += 1
        order.state = "paid"
        for no, share in attempt.parts:
            taken = 0 if no is None else min(share, self.bills[no].open)
            if no is not None:
                self.bills[no].paid += taken
            self.prepaid += share - taken

    def ends(self, attempt: Attempt, how: str) -> None:
        order = attempt.order
        if order.state == "open":
            order.state = how

    def apply_prepaid(self) -> None:
        for bill in sorted(self.bills.values(), key=lambda each: each.due):
            taken = min(self.prepaid, bill.open)
            bill.paid += taken
            self.prepaid -= taken

    def chosen(self, places: Sequence[int]) -> tuple[str, ...] | None:
        numbers = list(self.bills)
        return tuple(dict.fromkeys(numbers[place % len(numbers)] for place in places)) or None

    def is_settled_among(self, nos: tuple[str, ...] | None) -> bool:
        return nos is not None and any(self.bills[no].open == 0 for no in nos)

    def refusal(self, order: Order, nos: tuple[str, ...] | None) -> type[Exception] | None:
        if order.state in {"paid", "suspended"}:
            return PaymentFinal
        if any(attempt.state in LIVING for attempt in order.attempts):
            return AttemptInDoubt
        return PayableUnknown if self.is_settled_among(nos) else None

    def begun(self, order: Order, amount: int, nos: tuple[str, ...] | None) -> None:
        left, parts = amount, list[tuple[str | None, int]]()
        for bill in sorted(self.bills.values(), key=lambda each: each.due):
            share = min(left, bill.open)
            if share > 0 and (nos is None or bill.no in nos):
                parts.append((bill.no, share))
                left -= share
        if left > 0:
            parts.append((None, left))
        made = Attempt(order, parts, amount, make.latest(self.database, order.no))
        order.attempts.append(made)
        self.attempts.append(made)

    def want(self, amount: int, nos: tuple[str, ...] | None) -> operations.Wanted:
        return make.wanted(self.home, amount, bill_nos=nos, method=Method.WECHAT_NATIVE)

    def import_bill(self, no: str, due: date, amount: int) -> None:
        place = list(self.bills).index(no) if no in self.bills else len(self.bills)
        dates = {"period_first": f"2026-{place + 1:02d}-01", "period_end": f"2026-{place + 1:02d}-28"}
        record = bill_record(self.home.account.account_no, no, amount_minor=amount, due_date=str(due), **dates)
        with self.database.write() as session:
            load(session, record, now=self.now)

    # What is looked at

    def totals(self) -> dict[str, int]:
        with self.database.read() as session:
            house = ledger.book_of(session, owner_kind=OwnerKind.SUPPLIER, owner_id=1)
            own = ledger.book_of(session, owner_kind=OwnerKind.ACCOUNT, owner_id=self.home.account.id)
            sums: dict[str, int] = defaultdict(int)
            for book in filter(None, (house, own)):
                for view in ledger.balances(session, book_ids=[BookId(book)]):
                    sums[view.code] += view.amount.minor
        return sums

    def nothing_changes(self) -> "_Unchanged":
        return _Unchanged(self.database)

    @invariant()
    def our_books_are_what_the_provider_told(self) -> None:
        found = self.totals()
        received, suspense = (found[code] - self.before[code] for code in (clearing(WECHAT), SUSPENSE))
        assert (received, suspense) == (self.received, self.suspense)
        told = [each.paid.amount.minor for each in self.attempts if each.is_told and each.paid and each.paid.amount]
        assert found[PREPAID] == self.prepaid
        assert found[RECEIVABLE] == sum(bill.open for bill in self.bills.values())
        assert sum(told) <= self.received

    @invariant()
    def every_bill_order_and_attempt_is_where_the_model_has_it(self) -> None:
        with self.database.read() as session:
            assert ledger.check_invariants(session) == []
            open_bills = session.sql(
                "select bill_no, open_minor from bill where account_id = :id", id=self.home.account.id
            ).all()
            views = [queries.attempt(session, attempt_id=each.view.id) for each in self.attempts]
            states = [make.order_state(session, order.no) for order in self.orders]
            booked = session.sql(
                """select count(*) from txn t join payment_part p on p.book_id = t.book_id and p.attempt_id = t.source_id
                   where p.attempt_id = any(:ids) and t.source = 5 group by t.source_id""",
                ids=[each.view.id for each in self.attempts],
            ).scalars()
            receipts = session.sql(
                "select count(*) from outbox where kind = 1 and payload ->> 'attempt_id' = any(:ids)",
                ids=[str(each.view.id) for each in self.attempts],
            ).scalar_one()
        assert dict(map(tuple, open_bills)) == {bill.no: bill.open for bill in self.bills.values()}
        assert [view and view.state.value for view in views] == [each.state for each in self.attempts]
        assert [state and state.value for state in states] == [order.state for order in self.orders]
        assert (receipts, len(booked.all())) == (self.receipts, self.receipts)


class _Unchanged:
    """The rows of all tables that money touches are the same after the block."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self) -> list[object]:
        with self._database.read() as session:
            made = " || ".join(
                f"coalesce((select md5(string_agg(t::text, '' order by t::text)) from {name} t), '')" for name in TABLES
            )
            return list(session.connection().exec_driver_sql(f"select {made}").one())

    def __enter__(self) -> None:
        self.before = self.rows()

    def __exit__(self, *_: object) -> None:
        assert self.rows() == self.before, "a refused wish changed something"


@pytest.mark.usefixtures("offline")
def test_no_history_of_payments_loses_or_doubles_money(database: Database, vault: Vault) -> None:
    assert timedelta(minutes=40) > LIFE, "time passes beyond the end of an attempt"
    seen = Counter[str]()
    machine = type("PaymentsHere", (Payments,), {"database": database, "vault": vault, "seen": seen})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert not WORTH_SEEING - seen.keys(), seen
