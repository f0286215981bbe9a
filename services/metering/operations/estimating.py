"""Estimates of what is due: for a day that staff ask for, and for all meters by the clock, in slices."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import audit
from core.audit import Actor
from core.db import WriteSession, statement
from services.metering.estimates import elements_of, estimates, sources_of
from services.metering.measures import Quality
from services.metering.operations.days import DayNow, SeriesRef, known_days
from services.metering.operations.deciding import Decision, put_estimates

BY_THE_CLOCK: Final = Actor("task:metering.estimate")
BACK_DAYS: Final = 60
"""A day that could not be estimated for so long is not tried any more."""
SLICE: Final = 200
"""Accounts at a time."""
MOST_DUE: Final = 150
"""Days at a time, each some 20 ms: imports wait for the series of them, and a transaction has an end. Two series of one
account that miss all that is looked back at have as many; what an account misses beyond waits for another day."""


def estimate_day(session: WriteSession, *, account_id: int, day: date, decision: Decision) -> int:
    """Estimate what is missing of an account's day in all its channels; answers how many intervals that were.

    What no rule reaches stays missing. An act of the audit log.
    """
    due = _due(session, first=account_id, last=account_id, days=(day, day))
    made = _estimate(session, due, decision=decision)
    audit.record(
        session,
        actor=decision.actor,
        act="metering.day_estimated",
        subject=f"account:{account_id}",
        after={"day": day.isoformat(), "intervals": made, "reason": decision.why},
    )
    return made


def estimate_next(
    session: WriteSession, *, today: date, after_days: int, linear_minutes: int, zone: ZoneInfo, now: datetime
) -> bool:
    """A slice of the day's round over all accounts: estimate what is missing for longer than `after_days`.

    False when the round of `today` is at its end. A round that was not at its end on its day goes on where it was:
    whoever comes last in it has a turn as well.
    """
    session.sql(
        """insert into estimation_round (day, next_from)
           select :day, coalesce((select next_from from estimation_round where day < :day order by day desc limit 1), 1)
           on conflict do nothing""",
        day=today,
    )
    first = session.sql("select next_from from estimation_round where day = :day for update", day=today).scalar_one()
    if first is None:
        return False
    ids = session.sql(
        """select distinct account_id from reading_series where account_id >= :first
           order by account_id limit :most""",
        first=first,
        most=SLICE,
    ).scalars()
    found = list(ids)
    following = found[-1] + 1 if len(found) == SLICE else None
    if found:
        decision = Decision(BY_THE_CLOCK, "due", now, zone, linear_minutes)
        days = (today - timedelta(days=BACK_DAYS), today - timedelta(days=after_days))
        due = _due(session, first=found[0], last=found[-1], days=days)
        if len(due) > MOST_DUE:
            left = due[MOST_DUE].account_id
            whole = [row for row in due[:MOST_DUE] if row.account_id < left]
            following = left if whole else left + 1
            due = whole or due[:MOST_DUE]
        _estimate(session, due, decision=decision)
    session.sql("update estimation_round set next_from = :next where day = :day", next=following, day=today)
    session.sql("delete from estimation_round where day < :day", day=today)
    return following is not None


def _due(session: WriteSession, *, first: int, last: int, days: tuple[date, date]) -> Sequence[sa.Row[Any]]:
    """Days of series of which something is missing, of accounts from `first` to `last`, by account."""
    return session.sql(
        statement(__package__, "estimates_due.sql"),
        first_account=first,
        last_account=last,
        first=days[0],
        last=days[1],
    ).all()


def _estimate(session: WriteSession, due: Sequence[sa.Row[Any]], *, decision: Decision) -> int:
    """Estimate days; answers how many intervals that were."""
    count = 0
    for row in due:
        series = SeriesRef(row.account_id, row.series_id, row.interval_minutes)
        session.sql(
            "select from reading_series where account_id = :account_id and id = :id for no key update",
            account_id=series.account_id,
            id=series.series_id,
        )
        known = known_days(session, series=series, spans=sources_of(row.day))
        made = estimates(
            row.day, known, minutes=series.minutes, zone=decision.zone, linear_minutes=decision.linear_minutes
        )
        if not made:
            continue
        count += sum(len(each.energies) for each in made)
        elements = elements_of(row.day, zone=decision.zone, minutes=series.minutes)
        energies, qualities = known.get(row.day, ([None] * elements, Quality.MISSING.value * elements))
        put_estimates(session, series, DayNow(series, row.day, energies, qualities), made, decision=decision)
    return count
