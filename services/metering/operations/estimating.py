"""Estimates of what is due: for a day that staff ask for, and for all meters by the clock, in slices."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import aside, audit, faults
from core.aside import Piece
from core.audit import Actor
from core.db import WriteSession, statement
from services.metering.estimates import WEEKS, YEAR, elements_of, estimates, sources_of
from services.metering.measures import Quality
from services.metering.models import Look
from services.metering.operations.days import DayNow, SeriesRef, known_days
from services.metering.operations.deciding import Decision, put_estimates
from services.metering.operations.due import Span, claim_due, columns, note_due

WORK: Final = "metering.estimate"
BY_THE_CLOCK: Final = Actor(f"task:{WORK}")
BACK_DAYS: Final = 60
"""A day that is missing for so long is not estimated any more."""
SLICE: Final = 200
"""Accounts at a time."""
MOST_DUE: Final = 150
"""Days at a time, each some 20 ms: imports wait for the series of them, and a transaction has an end."""


def estimate_day(session: WriteSession, *, account_id: int, day: date, decision: Decision) -> int:
    """Estimate what is missing of an account's day in all its channels; answers how many intervals that were.

    What no rule reaches stays missing. An act of the audit log.
    """
    made = _estimate(session, _due(session, [Span(account_id, day, day)]), decision=decision)
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
    """A slice of what is due: estimate what is missing for longer than `after_days`. False when nothing is left.

    First what was set aside, then the accounts whose days changed, those whose days changed first before others. Every
    account with a series is looked at on each day of it once; on a day that no rule reached it is looked at again when
    a day changed that a rule would look at.
    """
    decision = Decision(BY_THE_CLOCK, "due", now, zone, linear_minutes)
    days = today - timedelta(days=BACK_DAYS), today - timedelta(days=after_days)

    def fill(spans: Iterable[Span]) -> None:
        _fill(session, [each for each in spans if each.first <= each.last], decision=decision)
        faults.point("metering.estimate.filled")

    if aside.again(session, work=WORK, do=lambda some: fill(Span(each.owner, *days) for each in some)):
        return True
    spans = claim_due(session, look=Look.ESTIMATE, last=days[1], most=SLICE)
    session.sql(
        statement(__package__, "due_expected.sql"),
        next=days[1] + timedelta(days=1),
        accounts=[each.account_id for each in spans],
        lasts=[each.last for each in spans],
    )
    due = {Piece(each.account_id): _reached(each, *days) for each in spans}
    aside.attempt(session, work=WORK, pieces=[*due], do=lambda some: fill(due[each] for each in some))
    return bool(spans)


def _reached(changed: Span, first: date, last: date) -> Span:
    """Days from `first` to `last` that a rule may estimate otherwise because of days that changed; it may be empty."""
    begin, end = changed.first - timedelta(days=1), changed.last + timedelta(weeks=WEEKS)
    both = [(max(begin + later, first), min(end + later, last)) for later in (timedelta(0), YEAR)]
    days = [day for pair in both if pair[0] <= pair[1] for day in pair]
    return Span(changed.account_id, min(days, default=last), max(days, default=last - timedelta(days=1)))


def _fill(session: WriteSession, spans: Sequence[Span], *, decision: Decision) -> None:
    """Estimate up to MOST_DUE days; what is due of these accounts besides is noted for the next slice."""
    due = _due(session, spans)
    if len(due) > MOST_DUE:
        cut = due[MOST_DUE]
        behind = [each for each in spans if each.account_id > cut.account_id]
        [last] = [each.last for each in spans if each.account_id == cut.account_id]
        note_due(session, look=Look.ESTIMATE, spans=[Span(cut.account_id, cut.day, last), *behind])
    _estimate(session, due[:MOST_DUE], decision=decision)


def _due(session: WriteSession, spans: Sequence[Span]) -> Sequence[sa.Row[Any]]:
    """Days of series of which something is missing, by account and day."""
    if not spans:
        return []
    return session.sql(
        statement(__package__, "estimates_due.sql"),
        first=min(each.first for each in spans),
        last=max(each.last for each in spans),
        **columns(spans),
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
