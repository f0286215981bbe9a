"""What rules find odd in readings that were taken, over all meters, in slices. Nothing is changed by it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from core.db import WriteSession, statement
from services.metering.measures import UNITS_PER_KWH

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
    """A slice of the day's round over all accounts: what is odd is noted, what is no more so is ended.

    False when the round of `today` is at its end. One slice a transaction. A round that was not at its end on its day
    goes on where it was: whoever comes last in it has a turn as well.
    """
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
        """select distinct account_id from reading_series where account_id >= :first
           order by account_id limit :most""",
        first=first,
        most=SLICE,
    ).scalars()
    found = list(ids)
    if found:
        _judge(session, first=found[0], last=found[-1], today=today, zone=zone, now=now)
    following = found[-1] + 1 if len(found) == SLICE else None
    session.sql("update validation_round set next_from = :next where day = :day", next=following, day=today)
    session.sql("delete from validation_round where day < :day", day=today)
    return following is not None


def _judge(session: WriteSession, *, first: int, last: int, today: date, zone: ZoneInfo, now: datetime) -> None:
    accounts: dict[str, object] = {"first_account": first, "last_account": last}
    days = {"since": today - timedelta(days=LOOK_BACK_DAYS), "last": today - timedelta(days=1)}
    session.sql(statement(__package__, "findings_now.sql"))
    session.sql(
        statement(__package__, "findings_spikes.sql"),
        before_days=SPIKE_DAYS,
        least_days=SPIKE_LEAST_DAYS,
        times=SPIKE_TIMES,
        least_kw=SPIKE_LEAST_KW,
        **accounts,
        **days,
    )
    session.sql(
        statement(__package__, "findings_zeros.sql"),
        zero_days=ZERO_DAYS,
        least_usual=ZERO_LEAST_USUAL,
        **accounts,
        **days,
    )
    session.sql(
        statement(__package__, "findings_sums.sql"),
        least_steps=SUM_LEAST,
        tolerance=SUM_TOLERANCE,
        zone=str(zone),
        since=days["since"],
        **accounts,
    )
    session.sql(statement(__package__, "findings_keep.sql"), now=now)
    session.sql(statement(__package__, "findings_end.sql"), now=now, **accounts)
