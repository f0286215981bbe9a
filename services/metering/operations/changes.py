"""Months and days whose readings changed, for whoever sums them up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core import locks
from core.db import WriteSession, statement


@dataclass(frozen=True, slots=True)
class Change:
    """A month of an account to be summed up anew; `ids` are the notes that said so.

    `days`: which of its days changed, bit n - 1 for day n.
    """

    account_id: int
    month: date
    days: int
    ids: tuple[int, ...]


def claim_changes(session: WriteSession, *, most: int) -> list[Change]:
    """Up to `most` noted changes, the oldest first, as months of accounts; empty when nothing is left to claim.

    The claim lasts as long as the transaction: until then nobody else is handed a month of these accounts, and notes
    that are written meanwhile stay. Sum up in this transaction, and end by `changes_done`; a rollback gives all back.
    """
    for shard in session.sql(statement(__package__, "changed_shards.sql")).scalars().all():
        if not locks.try_lock(session, key=f"usage_change|{shard}"):
            continue
        rows = session.sql(statement(__package__, "changes.sql"), shard=shard, most=most).all()
        if rows:
            return [Change(row.account_id, row.month, row.days, tuple(row.ids)) for row in rows]
    return []


def changes_done(session: WriteSession, changes: Sequence[Change]) -> None:
    """What was claimed is summed up; what came since is not forgotten by it.

    From now on it is for the rounds of this domain, which look at the days that changed.
    """
    session.sql(statement(__package__, "changes_done.sql"), ids=[id_ for each in changes for id_ in each.ids])
