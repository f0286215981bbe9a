"""The one door for readings of intervals: staged by COPY, judged and written set-based, a chunk at a time.

A value is taken where none is known, where its quality is better, and where it is as good and says something else; what
it replaces is kept. A worse one never replaces a better one: it waits in quarantine, as do values that nobody believes.
So the days come out alike in whatever order and pieces their rows arrive, and what is sent again writes nothing.

What staff decided about a value holds whenever it is sent again. Where they accepted one, another waits for them too;
where they discarded one, another is taken by the rules above.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import staging
from core.audit import Actor
from core.db import WriteSession, statement, view
from core.intake import RunTaken
from core.records import Reject
from services.metering.measures import IntervalRow
from services.metering.models import ReadingSource
from services.metering.operations.blocks import COLUMNS, Blocks
from services.metering.rules import Limits

TRIES: Final = 5
_TYPED: Final = {
    "seq": "bigint",
    "row_no": "bigint",
    "meter_no": "text",
    "channel": "text",
    "start": "timestamptz",
    "minutes": "integer",
    "energy": "bigint",
    "quality": "text",
    "rank": "integer",
    "is_known": "boolean",
    "accounts": "bigint",
    "account_id": "bigint",
    "unit_id": "integer",
    "class": "text",
    "day": "date",
    "begins": "timestamptz",
    "ends": "timestamptz",
    "day_minutes": "integer",
    "minute": "numeric",
}
"""An interval that is looked at closely: what it says, where it belongs, and its place in the day."""
_MERGED: Final = {
    "account_id": "bigint",
    "series_id": "smallint",
    "day": "date",
    "is_new": "boolean",
    "energies": "bigint[]",
    "qualities": "text",
}
"""A day that changes, as it is to be."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends readings, and by what limits they are believed. `program` writes to accounts of its own units alone."""

    source: ReadingSource
    actor: Actor
    zone: ZoneInfo
    now: datetime
    limits: Limits
    program: UUID | None = None


@dataclass(frozen=True, slots=True)
class UnitCounts:
    """What came of the records of one unit."""

    unit_id: int
    new: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class TakenReadings:
    """What came of a chunk: by unit, why records were not taken, and of which something is `held` in quarantine.

    `account_ids` are those that it names.
    """

    counts: list[UnitCounts]
    rejects: list[Reject]
    held: list[Reject]
    account_ids: list[int]


def stage_blocks(session: WriteSession, blocks: Blocks) -> None:
    """Put intervals into a table that lives as long as the transaction. Once in a transaction."""
    staging.stage(session, table="staged_block", columns=COLUMNS, rows=blocks.rows())


def take_intervals(
    session: WriteSession, rows: Iterable[IntervalRow], *, sender: Sender, run_id: int | None = None
) -> TakenReadings:
    """Take rows of any format, one chunk of a transaction of its own.

    Each is written, is known as it is, waits in quarantine, or is a reject with a reason; a record of several
    intervals, which share their `no`, is refused as a whole, save where some of them are of days on which the meter was
    at no account: those alone are, and told. Writes `usage_change` for exactly the months whose readings changed.
    """
    blocks = Blocks(sender.zone)
    for row in rows:
        blocks.add(row.no, row.meter_no, row.channel.value, row.start, row.minutes, row.energy, row.quality.value)
    stage_blocks(session, blocks)
    return take_staged(session, sender=sender, run_id=run_id)


def take_staged(session: WriteSession, *, sender: Sender, run_id: int | None, is_repeat: bool = False) -> TakenReadings:
    """As `take_intervals`, of rows that were staged in this transaction.

    Of a file that was imported before (`is_repeat`) a value that was replaced since is not taken again. Raises RunTaken
    when somebody else has written one of its days meanwhile, in intervals of another length: begun anew, the chunk
    refuses its own.
    """
    zone = str(sender.zone)
    _look(session, sender)
    rejects, held = _judge(session, sender), list[Reject]()
    _lock_series(session)
    _run(session, "same")
    if _run(session, "demoted").rowcount:
        _run(session, "typed")
    if _run(session, "plain_otherwise").scalar_one():
        raise RunTaken
    staging.make(session, table="merged_day", columns=_MERGED)
    _run(session, "plain_merged")
    account_ids = list(session.sql("select distinct account_id from block where is_plain or is_same").scalars())
    if session.sql("select exists (select from typed_interval)").scalar_one():
        held = _weigh(session, sender, run_id=run_id, is_repeat=is_repeat)
        counted = _run(session, "counts", refused=list({each.row_no for each in rejects}))
        account_ids += session.sql("select distinct account_id from chunk_day").scalars()
    else:
        counted = _run(session, "plain_counts")
    counts = [view(UnitCounts, row) for row in counted]
    staging.analyze(session, table="merged_day")
    write_merged(session, zone=zone, why="file", actor=sender.actor.name, now=sender.now, run_id=run_id)
    return TakenReadings(counts, _once(rejects), held, sorted(set(account_ids)))


def _look(session: WriteSession, sender: Sender) -> None:
    """Find out where blocks belong, and unpack those that are not plain."""
    zone, limits = str(sender.zone), sender.limits
    _run(session, "met", zone=zone)
    staging.analyze(session, table="met")
    _run(
        session,
        "blocks",
        zone=zone,
        now=sender.now,
        oldest=_oldest(sender),
        most_kw=limits.most_kw,
        most_home_kw=limits.most_home_kw,
    )
    if sender.program is not None:
        _run(session, "foreign", program=sender.program)
    if session.sql("select exists (select from block where not is_sound)").scalar_one():
        _run(session, "unsound")
    staging.make(session, table="typed_interval", columns=_TYPED)
    _run(session, "typed")


def _judge(session: WriteSession, sender: Sender) -> list[Reject]:
    """Refuse what cannot be taken of the intervals that are looked at closely."""
    if not session.sql("select exists (select from typed_interval)").scalar_one():
        return []
    staging.analyze(session, table="typed_interval")
    foreign: list[Reject] = []
    if sender.program is not None:
        reach = statement(__package__, "import_readings_reach.sql")
        foreign = staging.refuse(session, table="typed_interval", judgement=reach, program=sender.program)
    strayed = [Reject(row.row_no, row.field, row.reason) for row in _run(session, "strayed")]
    meaning = statement(__package__, "import_readings_meaning.sql")
    return (
        foreign
        + strayed
        + staging.refuse(session, table="typed_interval", judgement=meaning, now=sender.now, oldest=_oldest(sender))
    )


def _weigh(session: WriteSession, sender: Sender, *, run_id: int | None, is_repeat: bool) -> list[Reject]:
    """Hold intervals against what is known and what is believed; what waits for a decision is told."""
    staging.analyze(session, table="typed_interval")
    _run(session, "doubted", most_kw=sender.limits.most_kw, most_home_kw=sender.limits.most_home_kw)
    staging.analyze(session, table="held_interval")
    _run(session, "days")
    staging.analyze(session, table="chunk_day")
    if _run(session, "otherwise").scalar_one():
        raise RunTaken
    _settle(session)
    _run(session, "judged", is_repeat=is_repeat)
    staging.analyze(session, table="judged_interval")
    if session.sql(statement(__package__, "import_readings_doubtful.sql")).scalar_one():
        _run(session, "contradicted")
    held = _hold(session, sender, run_id)
    _run(session, "merged")
    return held


def _oldest(sender: Sender) -> date:
    return sender.now.astimezone(sender.zone).date() - timedelta(days=sender.limits.oldest_days)


def _settle(session: WriteSession) -> None:
    """Take out of the judgement what staff judged."""
    _run(session, "decided")
    staging.analyze(session, table="decided_interval")
    _run(session, "settled")
    staging.analyze(session, table="settled_interval")
    session.sql("delete from held_interval where seq in (select seq from settled_interval)")


def _hold(session: WriteSession, sender: Sender, run_id: int | None) -> list[Reject]:
    """Keep what waits for a decision, and tell of it."""
    if not session.sql("select exists (select from held_interval)").scalar_one():
        return []
    _run(session, "hold", source=sender.source.value, now=sender.now, actor=sender.actor.name, run_id=run_id)
    return [Reject(row.row_no, row.field, row.reason) for row in _run(session, "held")]


def _lock_series(session: WriteSession) -> None:
    """Have every series of the chunk, in an order that all chunks keep: no other writes their days meanwhile."""
    _run(session, "chunk_series")
    staging.analyze(session, table="chunk_series")
    for _ in range(TRIES):
        _run(session, "series")
        if not _run(session, "unmade").scalar_one():
            break
    else:
        raise RuntimeError("a series that was made is there")
    session.sql(
        """select from reading_series r
           join (select distinct account_id from chunk_series) n on n.account_id = r.account_id
           order by r.account_id, r.id for no key update of r"""
    )


def write_merged(session: WriteSession, *, zone: str, why: str, actor: str, now: datetime, run_id: int | None) -> None:
    """Write the days of the temporary table `merged_day`; their series are locked."""
    session.sql(
        """select make_interval_month(month)
           from (select distinct date_trunc('month', day::timestamp)::date as month from merged_day where is_new) m
           order by month"""
    )
    if session.sql("select exists (select from merged_day where not is_new)").scalar_one():
        _run(session, "keep", why=why, now=now, actor=actor)
        _run(session, "update", now=now, run_id=run_id)
    _run(session, "insert", now=now, run_id=run_id)
    _run(session, "reached", zone=zone)
    _run(session, "changed", zone=zone)


def take_away(
    session: WriteSession, days: Sequence[tuple[int, int, date]], *, why: str, actor: str, now: datetime, zone: str
) -> None:
    """Take days of locked series (account, series, day) away; what they were is kept, and their months are told."""
    staging.stage(
        session,
        table="merged_day",
        columns={"account_id": "bigint", "series_id": "smallint", "day": "date", "is_new": "boolean"},
        rows=((*each, False) for each in days),
    )
    _run(session, "keep", why=why, now=now, actor=actor)
    session.sql(statement(__package__, "moving_take.sql"))
    session.sql(statement(__package__, "moving_reach.sql"), zone=zone)
    _run(session, "changed", zone=zone)
    session.sql("drop table merged_day")


def make_month(session: WriteSession, month: date) -> None:
    """Make room for a month, given by its first day; nothing when it is there."""
    session.sql("select make_interval_month(:month)", month=month)


def make_months(session: WriteSession, *, today: date, ahead: int) -> None:
    """Have room for this month and `ahead` more before their first readings come."""
    month = today.replace(day=1)
    for _ in range(ahead + 1):
        make_month(session, month)
        month = (month + timedelta(days=32)).replace(day=1)


def _once(rejects: Sequence[Reject]) -> list[Reject]:
    """One reason for each field of a record."""
    return list({(each.row_no, each.field): each for each in reversed(rejects)}.values())


def _run(session: WriteSession, step: str, **params: object) -> sa.CursorResult[Any]:
    return session.sql(statement(__package__, f"import_readings_{step}.sql"), **params)
