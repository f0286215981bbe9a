"""What an account got is taken back: its bills are open again, its prepaid balance is less, the mirror is posted."""

from datetime import datetime
from uuid import UUID

from core.db import WriteSession
from core.money import Money
from services.accounts.queries import AccountId
from services.ledger import operations as ledger
from services.ledger.chart import PREPAID, RECEIVABLE, BookId, Source
from services.ledger.errors import InsufficientBalance
from services.ledger.operations import Posting, Transaction
from services.payments.errors import MoneySpent
from services.payments.ports import PAYABLES


def take_back(
    session: WriteSession,
    *,
    account_id: AccountId,
    book_id: BookId,
    source: Source,
    source_id: UUID,
    taken: Money,
    now: datetime,
) -> list[tuple[str, str, Money]]:
    """Undo what this source gave an account, whose payables took `taken` of it; answers kind, number and sum put back.

    Less is put back where a bill was amended below what had been paid: that surplus is prepaid balance by now, and goes
    out of it. Raises MoneySpent when the prepaid balance has not enough left. The caller holds the lock of the book.
    """
    try:
        with session.begin_nested():
            back = [
                (kind, no, amount)
                for kind, payable in PAYABLES.get().items()
                for no, amount in payable.reverse(session, account_id=account_id, payment_id=source_id, now=now)
            ]
            surplus = taken - sum((amount for _, _, amount in back), Money.zero(taken.currency))
            if surplus.minor > 0:
                posting = Posting(debit=PREPAID, credit=RECEIVABLE, amount=surplus)
                ledger.post(session, transactions=[Transaction(book_id, Source.ADJUSTMENT, source_id, now, [posting])])
            ledger.reverse(session, book_id=book_id, source=source, source_id=source_id, effective_at=now)
    except InsufficientBalance as error:
        raise MoneySpent from error
    return back
