"""What runs by the clock: when each task ran last, and how that ended.

Work that is due tells by its own rows what waits; this tells whether somebody looks. Without a row nobody would see
that a task which takes old rows away has failed for a month.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from core.db import ReadSession, Timestamp, WriteSession, view


class RoundRow(SQLModel, table=True):
    """A task of the schedule."""

    __tablename__ = "scheduled_round"

    task: str = Field(sa_type=sa.Text, primary_key=True)
    every_s: int = Field(sa_type=sa.Integer)
    declared_at: datetime = Field(sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)
    succeeded_at: datetime | None = Field(default=None, sa_type=Timestamp)
    failed_with: str | None = Field(default=None, sa_type=sa.Text)
    failures: int = Field(default=0, sa_type=sa.Integer, sa_column_kwargs={"server_default": sa.text("0")})


@dataclass(frozen=True, slots=True)
class RoundView:
    """A task of the schedule. `failures` in a row; `late_s`: for how long its next round is due, zero before."""

    task: str
    every_s: int
    ended_at: datetime | None
    succeeded_at: datetime | None
    failed_with: str | None
    failures: int
    late_s: int


def declare(session: WriteSession, *, periods_s: Mapping[str, float]) -> None:
    """Make the schedule known: tasks with their periods; what is not in it any more is forgotten."""
    names = sorted(periods_s)
    session.sql(
        """insert into scheduled_round as r (task, every_s, declared_at)
           select t.task, t.every_s, now()
           from unnest(cast(:names as text[]), cast(:periods as int[])) t (task, every_s)
           on conflict (task) do update set every_s = excluded.every_s where r.every_s <> excluded.every_s""",
        names=names,
        periods=[max(1, round(periods_s[name])) for name in names],
    )
    session.sql("delete from scheduled_round where task <> all(cast(:names as text[]))", names=names)


def note(session: WriteSession, *, task: str, failed_with: str | None) -> None:
    """Keep how a round ended. One that ends like the last, less than a tenth of its period later, writes nothing.

    Tasks are also run by hints, many times a second: a row that each of them wrote would be what they wait for.
    """
    session.sql(
        """update scheduled_round set ended_at = now(), failed_with = :failed_with,
             succeeded_at = case when cast(:failed_with as text) is null then now() else succeeded_at end,
             failures = case when cast(:failed_with as text) is null then 0 else failures + 1 end
           where task = :task and (failed_with is distinct from :failed_with or ended_at is null
             or ended_at < now() - make_interval(secs => every_s / 10.0))""",
        task=task,
        failed_with=failed_with,
    )


def all_rounds(session: ReadSession) -> list[RoundView]:
    """Every task of the schedule by its name. Reads the whole of a small table."""
    rows = session.sql(
        """select task, every_s, ended_at, succeeded_at, failed_with, failures,
             greatest(0, extract(epoch from now() - coalesce(ended_at, declared_at)) - every_s)::int as late_s
           from scheduled_round order by task"""
    )
    return [view(RoundView, row) for row in rows]
