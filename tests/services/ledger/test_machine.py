"""Random histories against a model of plain dictionaries, with the accounting invariants after every step.

The invariants are those of blnk's fuzzing: nothing comes or goes, no component below its floor, each balance is derived from its entries, no
overdraft, replays answer as the first time, and a refused operation changes nothing. After each step the database judges itself, too.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from core.db import Database
from services.ledger import operations, queries
from services.ledger.chart import BANK, PREPAID, RECEIVABLE, REVENUE_ENERGY, BookId, Code, OwnerKind, Source
from services.ledger.errors import ConflictingPosting, InsufficientBalance, NothingToReverse
from services.ledger.operations import PostedTransaction, Posting, Transaction
from tests.services.ledger.factories import NOON, payment, posting, staged

CODES = (BANK, RECEIVABLE, PREPAID, REVENUE_ENERGY)
GROWS_BY_CREDIT = {PREPAID, REVENUE_ENERGY}

postings = st.builds(
    lambda pair, minor, currency: posting(minor, debit=pair[0], credit=pair[1], currency=currency),
    st.permutations(CODES),
    st.integers(1, 60),
    st.sampled_from(["CNY", "EUR"]),
)
lines = st.lists(postings, min_size=1, max_size=3)


class Refused(Exception):
    """The model expects a floor to be broken."""


class Books:
    """What the ledger should hold, in the plainest way."""

    def __init__(self) -> None:
        self.balances: dict[tuple[BookId, Code, str], int] = defaultdict(int)
        self.made: dict[tuple[BookId, int, str], tuple[int, list[Posting]]] = {}
        self.numbers: dict[BookId, int] = defaultdict(int)
        self.entries: list[tuple[BookId, int, Code, str, int]] = []

    def post(self, each: Transaction, sign: int = 1) -> PostedTransaction:
        key = (each.book_id, sign * each.source, str(each.source_id))
        if key in self.made:
            return PostedTransaction(each.book_id, self.made[key][0], is_new=False)
        for line in each.postings:
            for code, signed in ((line.debit, line.amount.minor), (line.credit, -line.amount.minor)):
                place = (each.book_id, code, line.amount.currency)
                self.balances[place] += -signed if code in GROWS_BY_CREDIT else signed
                self.entries.append(
                    (each.book_id, self.numbers[each.book_id] + 1, code, line.amount.currency, self.balances[place])
                )
                if code == PREPAID and self.balances[place] < 0:
                    raise Refused
        self.numbers[each.book_id] += 1
        self.made[key] = (self.numbers[each.book_id], list(each.postings))
        return PostedTransaction(each.book_id, self.numbers[each.book_id], is_new=True)

    def copy(self) -> "Books":
        twin = Books()
        twin.balances.update(self.balances)
        twin.made.update(self.made)
        twin.numbers.update(self.numbers)
        twin.entries.extend(self.entries)
        return twin


class Ledger(RuleBasedStateMachine):
    """One history. `database` is set by the test; books are new in each history."""

    database: Database
    next_owner = 1

    known = Bundle("known")

    def __init__(self) -> None:
        super().__init__()
        self.model = Books()
        with self.database.write() as session:
            owners = range(Ledger.next_owner + 100, Ledger.next_owner + 103)
            made = operations.ensure_books(session, owner_kind=OwnerKind.PERSON, owner_ids=list(owners))
        Ledger.next_owner += 3
        self.books = sorted(made.values())

    @rule(target=known, drawn=st.lists(st.tuples(st.integers(0, 2), lines), min_size=1, max_size=3), bulk=st.booleans())
    def post(self, drawn: list[tuple[int, list[Posting]]], bulk: bool) -> object:
        batch = [payment(self.books[index], *each, source_id=uuid4()) for index, each in drawn]
        trial = self.model.copy()
        try:
            expected = [trial.post(each) for each in batch]
        except Refused:
            with pytest.raises(InsufficientBalance):
                self.write(batch, bulk=bulk)
            return multiple()
        assert self.write(batch, bulk=bulk) == expected
        self.model = trial
        return multiple(*batch)

    @rule(again=known, bulk=st.booleans())
    def repeat(self, again: Transaction, bulk: bool) -> None:
        assert self.write([again], bulk=bulk) == [self.model.post(again)]

    @rule(again=known, other=lines, bulk=st.booleans())
    def repeat_with_other_postings(self, again: Transaction, other: list[Posting], bulk: bool) -> None:
        if list(again.postings) == other:
            return
        with pytest.raises(ConflictingPosting):
            self.write([payment(again.book_id, *other, source_id=again.source_id)], bulk=bulk)

    @rule(original=consumes(known))
    def reverse(self, original: Transaction) -> None:
        mirror = [
            Posting(debit=each.credit, credit=each.debit, amount=each.amount) for each in reversed(original.postings)
        ]
        trial = self.model.copy()
        try:
            expected = trial.post(payment(original.book_id, *mirror, source_id=original.source_id), sign=-1)
        except Refused:
            with pytest.raises(InsufficientBalance):
                self.mirror(original)
            return
        assert self.mirror(original) == expected
        self.model = trial
        assert not self.mirror(original).is_new

    @rule(index=st.integers(0, 2))
    def reverse_nothing(self, index: int) -> None:
        with pytest.raises(NothingToReverse):
            self.mirror(payment(self.books[index]))

    @rule()
    def roll_up(self) -> None:
        with self.database.write() as session:
            operations.roll_up(session)

    def mirror(self, original: Transaction) -> PostedTransaction:
        with self.database.write() as session:
            return operations.reverse(
                session,
                book_id=original.book_id,
                source=Source(original.source),
                source_id=original.source_id,
                effective_at=NOON,
            )

    def write(self, batch: list[Transaction], *, bulk: bool) -> list[PostedTransaction]:
        with self.database.write() as session:
            if not bulk:
                return operations.post(session, transactions=batch)
            return staged(session, *batch)

    @invariant()
    def the_ledger_is_the_model(self) -> None:
        with self.database.read() as session:
            assert queries.check_invariants(session) == []
            assert queries.check_rollup(session) == []
            found = {
                (view.book_id, view.code, view.amount.currency): view.amount.minor
                for view in queries.balances(session, book_ids=self.books)
            }
            entries = session.sql(
                """select e.book_id, e.no, c.name, a.name, e.balance_after from entry e join ledger_code c on c.code = e.code
                   join ledger_asset a on a.asset = e.asset where e.book_id = any(:books)""",
                books=self.books,
            ).all()
            totals: dict[str, int] = defaultdict(int)
            for line in queries.trial_balance(session):
                totals[line.debit.currency] += line.debit.minor - line.credit.minor
        assert found == self.model.balances
        assert sorted(map(tuple, entries)) == sorted(self.model.entries)
        assert set(totals.values()) <= {0}
        assert all(minor >= 0 for (_, code, _), minor in self.model.balances.items() if code == PREPAID)


def run(database: Database, *, examples: int, steps: int, phases: Sequence[Phase] = tuple(Phase)) -> None:
    """Play histories against this database."""
    machine = type("LedgerHere", (Ledger,), {"database": database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=phases,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_history_breaks_the_books(database: Database) -> None:
    run(database, examples=25, steps=30)
