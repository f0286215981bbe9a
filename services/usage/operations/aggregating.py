"""Days and months of usage, made of intervals and of registers: set-based, one month of many accounts at a time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from core import locks
from core.db import WriteSession, statement
from core.periods import Period
from services.usage.operations.dropping import drop_changed, drop_reread, hold_costs

SHARDS: Final = 16
"""Two who aggregate the same account at the same time would keep what the slower one read first."""


@dataclass(frozen=True, slots=True)
class Written:
    """Rows that an aggregation changed: none where everything was as it is."""

    days: int = 0
    months: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.days + other.days, self.months + other.months)


def aggregate(
    session: WriteSession, *, months: Mapping[date, Iterable[int]], zone: ZoneInfo, held: Iterable[int] = ()
) -> Written:
    """Make days and parts of these months of these accounts anew; answers what changed.

    Repeatable: what the readings, agreements and versions of now give is written, and only where it differs. Whoever
    is at the same accounts is waited for, until this transaction ends. Days that have intervals are made of these
    alone, all others of registers, whose readings are moments: `zone` says where their days begin. Costs that rest on
    what changed go with it, and are noted as something to price. `held`: accounts whose costs the caller drops besides.
    """
    asked = {month: sorted(set(accounts)) for month, accounts in months.items()}
    everybody = {account for accounts in asked.values() for account in accounts}
    for shard in sorted({account % SHARDS for account in everybody}):
        locks.lock(session, key=f"usage.aggregate:{shard}")
    days, changed = 0, list[tuple[int, date, int]]()
    for month, accounts in sorted(asked.items()):
        of_month, parts = _month(session, month, accounts, zone)
        days += of_month
        changed += parts
    hold_costs(session, everybody.union(held))
    drop_changed(session, list(dict.fromkeys(changed)))
    drop_reread(session, [(account, month) for month, accounts in asked.items() for account in accounts])
    return Written(days, len(changed))


def _month(
    session: WriteSession, month: date, account_ids: list[int], zone: ZoneInfo
) -> tuple[int, list[tuple[int, date, int]]]:
    """How many days were written, and which parts were written or taken away."""
    end = Period.month(month.year, month.month).end
    given = {"account_ids": account_ids, "month": month, "next_month": end}
    days = session.sql(statement(__package__, "days_write.sql"), **given).rowcount
    read = session.sql(statement(__package__, "register_days_write.sql"), zone=str(zone), **given).rowcount
    parts = session.sql(statement(__package__, "months_write.sql"), **given).all()
    gone = session.sql(statement(__package__, "months_shrink.sql"), **given).all()
    return days + read, [(row.account_id, month, row.part) for row in (*parts, *gone)]
