"""What posting promises to the domains above."""

import pytest

from core.db import Database
from core.money import Money
from services.ledger import operations
from services.ledger.chart import PREPAID, RECEIVABLE, Code, OwnerKind, Source
from services.ledger.errors import (
    AmountOutOfRange,
    ConflictingPosting,
    InsufficientBalance,
    NothingToReverse,
    UnknownBook,
    UnknownCode,
)
from services.ledger.operations import Posting
from tests.services.ledger.factories import (
    NOON,
    WECHAT,
    bill,
    books,
    payment,
    post,
    posting,
    surplus,
)


def test_a_book_numbers_its_transactions_without_gaps(database: Database) -> None:
    first, second, _ = books(database)
    answers = post(database, payment(second), payment(first), payment(second))
    assert [(each.book_id, each.no, each.is_new) for each in answers] == [
        (second, 1, True),
        (first, 1, True),
        (second, 2, True),
    ]


def test_a_repeated_source_answers_its_first_number_and_writes_nothing(
    database: Database,
) -> None:
    book, *_ = books(database)
    paid = payment(book)
    post(database, paid, payment(book))
    assert post(database, paid) == [operations.PostedTransaction(book, 1, is_new=False)]
    assert post(database, payment(book))[0].no == 3


@pytest.mark.parametrize(
    "other",
    [
        [posting(101)],
        [posting(100, credit=PREPAID)],
        [posting(100, debit=RECEIVABLE, credit=WECHAT)],
        [posting(100, currency="EUR")],
        [posting(100), posting(1)],
        [posting(50), posting(50)],
    ],
)
def test_a_repeated_source_with_other_postings_is_refused(database: Database, other: list[Posting]) -> None:
    book, *_ = books(database)
    paid = payment(book)
    post(database, paid)
    with pytest.raises(ConflictingPosting):
        post(database, payment(book, *other, source_id=paid.source_id))
    assert post(database, payment(book))[0].no == 2


def test_a_repeated_source_with_fewer_postings_is_refused(database: Database) -> None:
    book, *_ = books(database)
    paid = payment(book, posting(1), posting(2))
    post(database, paid)
    with pytest.raises(ConflictingPosting):
        post(database, payment(book, posting(1), source_id=paid.source_id))


def test_one_object_may_post_under_several_kinds_and_books(database: Database) -> None:
    first, second, _ = books(database)
    paid = payment(first)
    answers = post(
        database,
        paid,
        payment(second, source_id=paid.source_id),
        payment(first, source_id=paid.source_id, source=Source.BILL),
    )
    assert [each.is_new for each in answers] == [True, True, True]


def test_prepaid_cannot_be_spent_twice(database: Database) -> None:
    book, *_ = books(database)
    post(database, surplus(book, 300))
    spend = payment(
        book,
        posting(200, debit=PREPAID, credit=RECEIVABLE),
        source=Source.PREPAID_APPLIED,
    )
    post(database, spend)
    with pytest.raises(InsufficientBalance) as refused:
        post(
            database,
            payment(
                book,
                posting(101, debit=PREPAID, credit=RECEIVABLE),
                source=Source.PREPAID_APPLIED,
            ),
        )
    assert refused.value.facts == {"book_ids": [book]}
    post(
        database,
        payment(
            book,
            posting(100, debit=PREPAID, credit=RECEIVABLE),
            source=Source.PREPAID_APPLIED,
        ),
    )


def test_a_first_posting_may_not_start_below_the_floor(database: Database) -> None:
    book, *_ = books(database)
    with pytest.raises(InsufficientBalance):
        post(database, payment(book, posting(1, debit=PREPAID, credit=RECEIVABLE)))


def test_a_refused_transaction_takes_the_others_of_its_call_with_it(
    database: Database,
) -> None:
    first, second, _ = books(database)
    with pytest.raises(InsufficientBalance):
        post(database, bill(first), payment(second, posting(1, debit=PREPAID)))
    assert post(database, bill(first))[0].no == 1


def test_unknown_book_code_and_currency_are_refused(database: Database) -> None:
    book, *_ = books(database)
    missing = type(book)(book + 1_000)
    with pytest.raises(UnknownBook) as refused:
        post(database, payment(book), payment(missing))
    assert refused.value.facts == {"book_ids": [book, missing]}
    with pytest.raises(UnknownCode):
        post(database, payment(book, posting(credit=Code("nonsense"))))
    with pytest.raises(UnknownCode):
        post(database, payment(book, posting(currency="XXX")))


def test_a_balance_that_cannot_be_counted_is_refused(database: Database) -> None:
    book, *_ = books(database)
    post(database, payment(book, posting(2**63 - 1)))
    with pytest.raises(AmountOutOfRange):
        post(database, payment(book, posting(1)))


@pytest.mark.parametrize("minor", [0, -1])
def test_a_posting_has_a_positive_amount(minor: int) -> None:
    with pytest.raises(ValueError, match="not a posting"):
        Posting(debit=WECHAT, credit=RECEIVABLE, amount=Money(minor, "CNY"))


def test_a_reversal_mirrors_once_and_is_linked_by_its_source(
    database: Database,
) -> None:
    book, *_ = books(database)
    paid = payment(book, posting(70), posting(30, credit=PREPAID))
    post(database, paid)
    for is_new in (True, False):
        with database.write() as session:
            answer = operations.reverse(
                session,
                book_id=book,
                source=paid.source,
                source_id=paid.source_id,
                effective_at=NOON,
            )
        assert answer == operations.PostedTransaction(book, 2, is_new=is_new)
    with database.read() as session:
        rows = session.sql(
            "select debit, credit, amount, debit_after, credit_after from posting where no = 2 order by line"
        ).all()
        assert [tuple(row) for row in rows] == [
            (2100, 1200, 30, 0, 70),
            (1100, 1200, 70, 0, 0),
        ]
        assert session.sql("select source from txn where no = 2").scalar_one() == -Source.PAYMENT


def test_nothing_posted_cannot_be_reversed(database: Database) -> None:
    book, *_ = books(database)
    paid = payment(book)
    with pytest.raises(NothingToReverse), database.write() as session:
        operations.reverse(
            session,
            book_id=book,
            source=paid.source,
            source_id=paid.source_id,
            effective_at=NOON,
        )


def test_books_are_made_once_per_owner(database: Database) -> None:
    first = books(database, 2)
    with database.write() as session:
        again = operations.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=[2, 1, 2, 3])
        other = operations.ensure_books(session, owner_kind=OwnerKind.SUPPLIER, owner_ids=[1])
    assert [again[1], again[2]] == first
    assert len({*again.values(), *other.values()}) == 4


def test_a_floor_can_be_set_and_lifted(database: Database) -> None:
    book, *_ = books(database)
    owed = payment(book, posting(100, debit=RECEIVABLE, credit=WECHAT))
    with database.write() as session:
        operations.set_floor(session, book_id=book, code=WECHAT, asset="CNY", floor=-50)
    with pytest.raises(InsufficientBalance):
        post(database, owed)
    with database.write() as session:
        operations.set_floor(session, book_id=book, code=WECHAT, asset="CNY", floor=None)
    post(database, owed)
    with pytest.raises(InsufficientBalance), database.write() as session:
        operations.set_floor(session, book_id=book, code=WECHAT, asset="CNY", floor=0)
