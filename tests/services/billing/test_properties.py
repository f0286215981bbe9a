"""Whatever order bills, amendments and payments come in, bills, settlements and ledger agree, and prepaid balance goes to the oldest."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.crypto.vault import Vault
from core.db import Database, WriteSession
from core.money import Money
from services.accounts.queries import AccountRef
from services.billing import operations, queries
from services.ledger import operations as ledger
from services.ledger import queries as ledger_queries
from services.ledger.chart import PREPAID, RECEIVABLE, OwnerKind, Source, clearing
from services.ledger.operations import Posting, Transaction
from tests.factories.accounts import make_account
from tests.factories.billing import NOW, bill_record, load

AMOUNTS = st.integers(1, 5_000)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("issue"), AMOUNTS, st.integers(0, 60)),
        st.tuples(st.just("amend"), AMOUNTS, st.integers(0, 5)),
        st.tuples(st.just("pay"), st.integers(1, 12_000), st.just(0)),
    ),
    min_size=1,
    max_size=12,
)


@dataclass
class Model:
    """What a clerk with pencil and paper would have: per bill its amount, due date and what was paid of it."""

    amounts: dict[int, int] = field(default_factory=dict)
    dues: dict[int, int] = field(default_factory=dict)
    paid: dict[int, int] = field(default_factory=dict)
    prepaid: int = 0

    def apply_prepaid(self) -> None:
        for number in sorted(self.amounts, key=lambda each: (self.dues[each], each)):
            part = min(self.prepaid, self.amounts[number] - self.paid[number])
            self.paid[number] += part
            self.prepaid -= part

    def amend(self, number: int, amount: int) -> None:
        self.amounts[number] = amount
        self.prepaid += max(self.paid[number] - amount, 0)
        self.paid[number] = min(self.paid[number], amount)
        self.apply_prepaid()


def _record(account: AccountRef, number: int, amount: int, due: int) -> dict[str, object]:
    day = date(2026, 7, 1) + timedelta(days=due)
    lines = f"energy||||{amount}"
    return bill_record(
        account.account_no,
        f"B-{number:04d}",
        amount_minor=amount,
        lines=lines,
        due_date=str(day),
        issue_date="2026-06-03",
    )


def _pay(session: WriteSession, account: AccountRef, amount: int) -> UUID:
    """A booked payment: oldest due first, the surplus to prepaid, as payments does it."""
    payment_id = uuid4()
    book = ledger.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=[account.id])[account.id]
    ledger.lock_books(session, book_ids=[book])
    left = amount
    postings = []
    for due in operations.BillPayable().quote(session, account_id=account.id, nos=None, now=NOW):
        if left == 0:
            break
        taken = operations.settle(
            session,
            account_id=account.id,
            bill_id=due.payable_id,
            amount=Money(left, "CNY"),
            payment_id=payment_id,
            now=NOW,
        )
        postings.append(Posting(clearing("wechat_pay"), RECEIVABLE, taken))
        left -= taken.minor
    if left:
        postings.append(Posting(clearing("wechat_pay"), PREPAID, Money(left, "CNY")))
    ledger.post(session, transactions=[Transaction(book, Source.PAYMENT, payment_id, NOW, postings)])
    return payment_id


@pytest.mark.timeout(180)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_bills_and_ledger_agree_with_pencil_and_paper(
    database: Database, vault: Vault, steps: list[tuple[str, int, int]]
) -> None:
    model = Model()
    with database.write() as session:
        account = make_account(session, vault, account_no=uuid4().hex[:20])
    number_of = f"{account.id:06d}"
    for kind, amount, other in steps:
        with database.write() as session:
            if kind == "issue":
                number = len(model.amounts)
                model.amounts[number], model.dues[number], model.paid[number] = amount, other, 0
                load(session, _numbered(_record(account, number, amount, other), number_of))
                model.apply_prepaid()
            elif kind == "amend" and other in model.amounts and model.amounts[other] != amount:
                load(session, _numbered(_record(account, other, amount, model.dues[other]), number_of))
                model.amend(other, amount)
            elif kind == "pay":
                _pay(session, account, amount)
                model.prepaid += amount
                model.apply_prepaid()
    with database.read() as session:
        assert queries.check_invariants(session) == []
        assert ledger_queries.check_invariants(session) == []
        owed = queries.owed(session, account_id=account.id)
        assert owed.prepaid.minor == model.prepaid
        bills = {each.bill_no[-4:]: each.open.minor for each in queries.bills_page(session, account_id=account.id)}
        assert bills == {f"{number:04d}": model.amounts[number] - model.paid[number] for number in model.amounts}


def _numbered(record: dict[str, object], prefix: str) -> dict[str, object]:
    return {**record, "bill_no": f"{prefix}-{str(record['bill_no'])[-4:]}"}


def test_a_payment_put_back_after_an_amendment_opens_no_more_than_the_bill(database: Database, vault: Vault) -> None:
    with database.write() as session:
        account = make_account(session, vault)
        load(session, _record(account, 1, 1_000, 5))
        payment_id = _pay(session, account, 800)
        load(session, _record(account, 1, 500, 5))
        [(_, back)] = operations.put_back(session, account_id=account.id, payment_id=payment_id, now=NOW)
        [bill] = queries.bills_page(session, account_id=account.id)
    assert (back.minor, bill.open.minor, bill.state) == (500, 500, "issued")
