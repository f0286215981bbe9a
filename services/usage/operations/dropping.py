"""Stored costs that do not hold any more: dropped with what they rest on, and noted as something to price.

Who prices shares a lock of the accounts until its transaction ends, who drops holds it alone until then: what was
priced by what is going is dropped with it, and what is priced afterwards rests on what came.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from core import locks
from core.db import WriteSession, statement

SHARDS: Final = 16
SLICE: Final = 1_000
"""Accounts of one note: a month of as many is looked through for what has no cost."""


def share_costs(session: WriteSession, *, first: int, last: int) -> None:
    """Nobody drops costs of these accounts until this transaction ends."""
    for shard in _shards(range(first, min(last, first + SHARDS - 1) + 1)):
        locks.share_lock(session, key=_key(shard))


def hold_costs(session: WriteSession, account_ids: Iterable[int]) -> None:
    """Nobody prices these accounts until this transaction ends: hold all at once, before any is dropped."""
    for shard in _shards(account_ids):
        locks.lock(session, key=_key(shard))


def drop_changed(session: WriteSession, parts: Sequence[tuple[int, date, int]]) -> None:
    """Parts (account, month, number) were written or taken away: theirs, and of later ones those that climb on them."""
    if not parts:
        return
    accounts, months, numbers = zip(*parts, strict=True)
    hold_costs(session, accounts)
    session.sql(
        statement(__package__, "costs_drop.sql"),
        account_ids=list(accounts),
        months=list(months),
        parts=list(numbers),
        slice=SLICE,
    )


def drop_reread(session: WriteSession, months: Sequence[tuple[int, date]]) -> None:
    """Intervals or their prices are others: months of accounts that are priced by each interval."""
    hold_costs(session, (account for account, _ in months))
    session.sql(
        statement(__package__, "costs_reread.sql"),
        account_ids=[account for account, _ in months],
        months=[month for _, month in months],
        slice=SLICE,
    )


def drop_moved(session: WriteSession, account_ids: Sequence[int]) -> None:
    """Those of accounts whose cycle of tiers agreements and holders have moved; all that lacks is noted."""
    hold_costs(session, account_ids)
    session.sql(statement(__package__, "costs_moved.sql"), account_ids=account_ids, slice=SLICE)


def drop_entitled(
    session: WriteSession, *, account_ids: Sequence[int], since: Sequence[str], until: Sequence[str | None]
) -> None:
    """Entitlements are others: parts whose first day lies between two days, of each account."""
    hold_costs(session, account_ids)
    session.sql(
        statement(__package__, "costs_outdated.sql"),
        account_ids=account_ids,
        since=since,
        until=until,
        slice=SLICE,
    )


def _shards(account_ids: Iterable[int]) -> list[int]:
    return sorted({account % SHARDS for account in account_ids})


def _key(shard: int) -> str:
    return f"usage.costs:{shard}"
