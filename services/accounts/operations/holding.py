"""Whose agreements and holders changed, for whoever follows them."""

from dataclasses import dataclass
from datetime import date

from core.db import WriteSession


@dataclass(frozen=True, slots=True)
class HoldingChange:
    """An account of which an agreement or a holder begins or ends on another day now; `days`: all such days, sorted."""

    account_id: int
    days: tuple[date, ...]


def take_holding_changes(session: WriteSession, *, most: int) -> list[HoldingChange]:
    """Up to `most` noted changes, the oldest first, by account; empty when nothing is left to take.

    They are gone with this transaction: a rollback gives all back, and nobody else is handed them meanwhile.
    """
    rows = session.sql(
        """delete from holding_change where id in (
             select id from holding_change order by id limit :most for update skip locked)
           returning account_id, on_day""",
        most=most,
    )
    found: dict[int, set[date]] = {}
    for row in rows:
        found.setdefault(row.account_id, set()).add(row.on_day)
    return [HoldingChange(account_id, tuple(sorted(days))) for account_id, days in sorted(found.items())]
