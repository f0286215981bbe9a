"""Days and months of usage, made of intervals and of registers: set-based, one month of many accounts at a time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from core import locks
from core.db import WriteSession, statement
from core.periods import Period
from services.usage.operations.dropping import drop_changed, drop_reread, hold_costs

SHARDS: Final = 16
"""Two who aggregate the same account at the same time would keep what the slower one read first."""

MOST_DAYS: Final = 2_500
"""Days of accounts that one statement makes: a quarter of a million quarter-hours, well within its time."""
ALL_DAYS: Final = 2**31 - 1
"""The bits of every day of a month."""
NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Written:
    """Rows that an aggregation changed: none where everything was as it is."""

    days: int = 0
    months: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.days + other.days, self.months + other.months)


def aggregate(
    session: WriteSession,
    *,
    months: Mapping[date, Iterable[int]] = NOTHING,
    days: Mapping[date, Mapping[int, int]] = NOTHING,
    zone: ZoneInfo,
    held: Iterable[int] = (),
) -> Written:
    """Make days and parts of these months of these accounts anew; answers what changed.

    `months`: all their days. `days`: some of them, of each account by its bits (bit n - 1 is day n): others are not
    read, and the months are sums of days.

    Repeatable: what the readings, agreements and versions of now give is written, and only where it differs. Whoever
    is at the same accounts is waited for, until this transaction ends. What a meter has intervals of is made of these,
    all else of registers, whose readings are moments: `zone` says where their days begin. Costs that rest on what
    changed go with it, and are noted as something to price. `held`: accounts whose costs the caller drops besides.
    """
    asked: dict[date, dict[int, int]] = {month: dict.fromkeys(accounts, ALL_DAYS) for month, accounts in months.items()}
    for month, of_month in days.items():
        asked[month] = {**of_month, **asked.get(month, {})}
    everybody = {account for accounts in asked.values() for account in accounts}
    for shard in sorted({account % SHARDS for account in everybody}):
        locks.lock(session, key=f"usage.aggregate:{shard}")
    made, changed = 0, list[tuple[int, date, int]]()
    session.sql("set local plan_cache_mode = force_custom_plan")  # few days or many are not read in the same way
    for month, accounts in sorted(asked.items()):
        for some in _slices(accounts):
            of_days, parts = _month(session, month, some, zone)
            made += of_days
            changed += parts
    hold_costs(session, everybody.union(held))
    drop_changed(session, list(dict.fromkeys(changed)))
    drop_reread(session, [(account, month) for month, accounts in asked.items() for account in accounts])
    return Written(made, len(changed))


def _slices(asked: Mapping[int, int]) -> Iterator[dict[int, int]]:
    """Accounts with their days, in their order, as many together as one statement reads."""
    some: dict[int, int] = {}
    count = 0
    for account_id, days in sorted(asked.items()):
        if some and count + days.bit_count() > MOST_DAYS:
            yield some
            some, count = {}, 0
        some[account_id], count = days, count + days.bit_count()
    if some:
        yield some


def _month(
    session: WriteSession, month: date, asked: Mapping[int, int], zone: ZoneInfo
) -> tuple[int, list[tuple[int, date, int]]]:
    """How many days were written, and which parts were written or taken away."""
    begin = {"month": month, "next_month": Period.month(month.year, month.month).end}
    given = {"account_ids": [*asked], **begin}
    by_hand = session.sql(statement(__package__, "by_hand.sql"), account_ids=[*asked]).scalars()
    each_day = [
        (account_id, month + timedelta(at)) for account_id, days in asked.items() for at in range(31) if days >> at & 1
    ]
    days = session.sql(
        statement(__package__, "days_write.sql"),
        days=[*asked.values()],
        of_accounts=[account_id for account_id, _ in each_day],
        of_days=[day for _, day in each_day],
        by_hand=list(by_hand),
        zone=str(zone),
        **given,
    ).rowcount
    parts = session.sql(statement(__package__, "months_write.sql"), **given).all()
    return days, [(row.account_id, month, row.part) for row in parts]
