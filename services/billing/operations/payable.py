"""Bills as payments sees them: the payable of kind `bill`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.db import ReadSession, WriteSession
from core.money import Money
from services.accounts.queries import AccountId
from services.billing import queries
from services.billing.operations import settling
from services.payments.ports import Due


class BillPayable:
    """`payments.ports.Payable` for bills; see there for what each method promises."""

    settles_by = "bill_settle"

    def quote(
        self,
        session: ReadSession,
        *,
        account_id: AccountId,
        nos: Sequence[str] | None,
        now: datetime,  # noqa: ARG002 -- the port's; what is open does not depend on the day
    ) -> list[Due]:
        """Open bills, oldest due first."""
        return [
            Due(each.id, each.bill_no, each.due_date, each.open)
            for each in queries.open_bills(session, account_id=account_id, bill_nos=nos)
        ]

    def quote_together(
        self, session: ReadSession, *, account_ids: Sequence[AccountId], most: int
    ) -> list[tuple[AccountId, Due]]:
        """Open bills of several accounts."""
        return [
            (account_id, Due(each.id, each.bill_no, each.due_date, each.open))
            for account_id, each in queries.open_bills_of(session, account_ids=account_ids, most=most)
        ]

    def settle(
        self,
        session: WriteSession,
        *,
        account_id: AccountId,
        payable_id: int,
        payment_id: UUID,
        amount: Money,
        now: datetime,
    ) -> Money:
        """Take a share off a bill."""
        return settling.settle(
            session, account_id=account_id, bill_id=payable_id, amount=amount, payment_id=payment_id, now=now
        )

    def reverse(
        self, session: WriteSession, *, account_id: AccountId, payment_id: UUID, now: datetime
    ) -> list[tuple[str, Money]]:
        """Open again what a payment settled."""
        return settling.put_back(session, account_id=account_id, payment_id=payment_id, now=now)
