"""The highest demand by the demand periods of another version or of a draft, found in the intervals."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from core.db import ReadSession, statement
from services.tariffs.queries import Tariff, day_demand_periods, day_facts

DRAFT: Final = 0
"""Stands for a version that has no id yet."""


class DemandSpan(NamedTuple):
    """Days on a version whose charges on demand know periods."""

    version_id: int
    first: date
    end: date


def demands_as_if(
    session: ReadSession,
    *,
    account_ids: Sequence[int],
    spans: Sequence[DemandSpan],
    first: date,
    end: date,
    of_holder: bool,
    drafts: Sequence[Mapping[str, object]] = (),
) -> dict[tuple[int, date, int], list[int]]:
    """By account, month and version, the highest demand in watts, by `Tariff.demand_periods`.

    `of_holder`: of the present holder alone. `drafts`: days of drafts with their periods. Where nobody asks, no
    interval is read.
    """
    if not spans and not drafts:
        return {}
    loads: dict[tuple[int, date, int], dict[int, int]] = defaultdict(dict)
    for row in session.sql(
        statement(__package__, "as_if_demands.sql"),
        account_ids=list(account_ids),
        version_ids=[span.version_id for span in spans],
        firsts=[span.first for span in spans],
        ends=[span.end for span in spans],
        drafts=json.dumps(list(drafts)),
        first=first,
        end=end,
        of_holder=of_holder,
    ):
        loads[row.account_id, row.month, row.version_id][row.period] = row.load
    return {key: [found.get(at, 0) for at in range(1, max(found) + 1)] for key, found in loads.items()}


def drafted_demands(
    session: ReadSession, account_ids: Sequence[int], tariff: Tariff, month: date, end: date, zone: ZoneInfo
) -> dict[int, list[int]]:
    """By account, the same in a month by a draft; nothing where it knows no demand periods."""
    if not tariff.demand_periods:
        return {}
    days = [date.fromordinal(at) for at in range(month.toordinal(), end.toordinal())]
    facts = day_facts(session, days=days)
    index = {name: at for at, name in enumerate(tariff.demand_periods, 1)}
    drafts = [
        {
            "version_id": DRAFT,
            "day": day.isoformat(),
            "demand_periods": [index[name] for name in day_demand_periods(tariff, day, facts[day], zone=zone) or ()],
        }
        for day in days
    ]
    found = demands_as_if(
        session, account_ids=account_ids, spans=(), first=month, end=end, of_holder=False, drafts=drafts
    )
    return {account_id: demands for (account_id, _, _), demands in found.items()}
