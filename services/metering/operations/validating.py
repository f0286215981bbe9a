"""What rules find odd in readings that were taken: of the days that changed, in slices. Nothing is changed by it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from core import aside, faults
from core.aside import Piece
from core.db import WriteSession, statement
from services.metering.measures import UNITS_PER_KWH
from services.metering.models import Look
from services.metering.operations.due import Span, claim_due, columns, note_due

WORK: Final = "metering.validate"
LOOK_BACK_DAYS: Final = 62
"""Two months, so that two readings of a register that is read every month lie in it. What lies before is not judged."""
SPIKE_DAYS: Final = 28
"""Four weeks: what every weekday of a household brings."""
SPIKE_LEAST_DAYS: Final = 14
SPIKE_TIMES: Final = 5
"""Against the highest interval of four weeks, in which every appliance ran: one more does not multiply that."""
SPIKE_LEAST_KW: Final = 1
"""A flat where only a lamp burned has its kettle back, and nothing is wrong."""
ZERO_DAYS: Final = 14
"""Longer than most holidays away; and even an empty home mostly takes something."""
ZERO_LEAST_USUAL: Final = UNITS_PER_KWH // 10
"""So much a day was used before, at least: a tenth of a kWh."""
SUM_LEAST: Final = 2 * UNITS_PER_KWH
"""Most registers are read in whole kWh: each of two readings is wrong by up to one, before the multiplier."""
SUM_TOLERANCE: Final = Decimal("0.01")
"""A meter of class 1 may be wrong by one per cent; both figures come from the same one."""
SLICE: Final = 200
"""Accounts at a time."""


def validate_next(session: WriteSession, *, today: date, zone: ZoneInfo, now: datetime) -> bool:
    """A slice of what is to be judged: what is odd is noted, what is no more so is ended. False when nothing is left.

    First what was set aside, then, once a day, findings that end because the days passed, then the accounts whose days
    changed, those whose days changed first before others. A day is judged when it is over. One slice a transaction.
    """

    def judge(spans: Sequence[Span]) -> None:
        _judge(session, spans, today=today, zone=zone, now=now)
        faults.point("metering.validate.judged")

    since = today - timedelta(days=LOOK_BACK_DAYS)
    if aside.again(session, work=WORK, do=lambda some: judge([Span(each.owner, since, today) for each in some])):
        return True
    if _end_past(session, today=today, since=since, now=now):
        return True
    spans = claim_due(session, look=Look.VALIDATE, last=today - timedelta(days=1), most=SLICE)
    note_due(
        session,
        look=Look.VALIDATE,
        spans=[Span(each.account_id, today, each.last) for each in spans if each.last >= today],
    )
    changed = {Piece(each.account_id): each for each in spans if each.last + timedelta(days=SPIKE_DAYS) >= since}
    aside.attempt(session, work=WORK, pieces=[*changed], do=lambda some: judge([changed[each] for each in some]))
    return bool(spans)


def _end_past(session: WriteSession, *, today: date, since: date, now: datetime) -> bool:
    """A slice of the day's walk over accounts at which something is odd; False when it is at its end."""
    session.sql(
        """insert into validation_round (day, next_from)
           select :day, coalesce((select next_from from validation_round where day < :day order by day desc limit 1), 1)
           on conflict do nothing""",
        day=today,
    )
    first = session.sql("select next_from from validation_round where day = :day for update", day=today).scalar_one()
    if first is None:
        return False
    ids = session.sql(
        """select distinct account_id from reading_finding where ended_at is null and account_id >= :first
           order by account_id limit :most""",
        first=first,
        most=SLICE,
    ).scalars()
    found = list(ids)
    if found:
        session.sql(
            statement(__package__, "findings_past.sql"),
            first_account=found[0],
            last_account=found[-1],
            since=since,
            now=now,
        )
    following = found[-1] + 1 if len(found) == SLICE else None
    session.sql("update validation_round set next_from = :next where day = :day", next=following, day=today)
    session.sql("delete from validation_round where day < :day", day=today)
    return following is not None


def _judge(session: WriteSession, spans: Sequence[Span], *, today: date, zone: ZoneInfo, now: datetime) -> None:
    judged = columns([Span(each.account_id, each.first, min(each.last, today - timedelta(days=1))) for each in spans])
    days = {"since": today - timedelta(days=LOOK_BACK_DAYS), "last": today - timedelta(days=1)}
    session.sql(statement(__package__, "findings_now.sql"))
    session.sql(
        statement(__package__, "findings_spikes.sql"),
        before_days=SPIKE_DAYS,
        least_days=SPIKE_LEAST_DAYS,
        times=SPIKE_TIMES,
        least_kw=SPIKE_LEAST_KW,
        **judged,
        **days,
    )
    session.sql(
        statement(__package__, "findings_zeros.sql"),
        zero_days=ZERO_DAYS,
        least_usual=ZERO_LEAST_USUAL,
        accounts=judged["accounts"],
        **days,
    )
    session.sql(
        statement(__package__, "findings_sums.sql"),
        least_steps=SUM_LEAST,
        tolerance=SUM_TOLERANCE,
        zone=str(zone),
        since=days["since"],
        **judged,
    )
    session.sql(statement(__package__, "findings_keep.sql"), now=now)
    session.sql(statement(__package__, "findings_end.sql"), now=now, before_days=SPIKE_DAYS, **judged)
