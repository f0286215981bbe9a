"""Use by the periods of another tariff, taken from months as they are kept where its hours are those of the version."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from core.db import ReadSession, statement


def kept_uses(
    session: ReadSession,
    *,
    account_ids: Sequence[int],
    month: date,
    calendar: Mapping[date, Sequence[str]],
    periods: Sequence[str],
) -> dict[int, dict[int, int]]:
    """By account, what was used in a month by index (from 1) of `periods`, from no interval.

    `calendar`: the period of each quarter-hour of the month's days. An account is here if all of its use lies on
    versions with the same periods at the same hours; on any, where there is one period alone.
    """
    names: dict[int, Sequence[str]] = {}
    differ: set[int] = set()
    for row in session.sql(statement(__package__, "kept_calendars.sql"), account_ids=list(account_ids), month=month):
        names[row.version_id] = row.names
        if len(periods) > 1 and [row.names[at - 1] for at in row.periods] != list(calendar[row.day]):
            differ.add(row.version_id)
    places = {name: at for at, name in enumerate(periods, 1)}
    found: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    unplaced: set[int] = set()
    same = sorted(names.keys() - differ)
    if not same:
        return {}
    for row in session.sql(
        statement(__package__, "kept_uses.sql"), account_ids=list(account_ids), month=month, version_ids=same
    ):
        sums = found[row.account_id]
        for name, energy in zip(names[row.version_id], row.energies, strict=True):
            place = 1 if len(periods) == 1 else places.get(name)
            if energy and place is None:  # a register counted in a period that has no hours
                unplaced.add(row.account_id)
            elif energy and place is not None:
                sums[place] += energy
    return {account_id: dict(sums) for account_id, sums in found.items() if account_id not in unplaced}
