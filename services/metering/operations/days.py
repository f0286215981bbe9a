"""Single days of series, changed by people and tasks: locked, read, and written as files write them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from core import staging
from core.db import ReadSession, WriteSession, statement
from services.metering.operations import taking


@dataclass(frozen=True, slots=True)
class SeriesRef:
    """A series."""

    account_id: int
    series_id: int
    minutes: int


@dataclass(frozen=True, slots=True)
class DayNow:
    """A day of a series as it is to be."""

    series: SeriesRef
    day: date
    energies: list[int | None]
    qualities: str


def lock_series(session: WriteSession, *, account_id: int, meter_no: str, channel: str, minutes: int) -> SeriesRef:
    """The series, made if need be, with nobody else writing its days until the transaction ends."""
    for _ in range(taking.TRIES):
        session.sql(
            """insert into reading_series (account_id, id, meter_no, channel, interval_minutes)
               select :account_id, coalesce((select max(id) from reading_series where account_id = :account_id), 0) + 1,
                 :meter_no, :channel, :minutes
               where not exists (select from reading_series where account_id = :account_id and meter_no = :meter_no
                 and channel = :channel and interval_minutes = :minutes)
               on conflict do nothing""",
            account_id=account_id,
            meter_no=meter_no,
            channel=channel,
            minutes=minutes,
        )
        found = session.sql(
            """select id from reading_series where account_id = :account_id and meter_no = :meter_no
                 and channel = :channel and interval_minutes = :minutes for no key update""",
            account_id=account_id,
            meter_no=meter_no,
            channel=channel,
            minutes=minutes,
        ).scalar_one_or_none()
        if found is not None:
            return SeriesRef(account_id, found, minutes)
    raise RuntimeError("a series that was made is there")


def known_days(
    session: ReadSession, *, series: SeriesRef, spans: Sequence[tuple[date, date]]
) -> dict[date, tuple[list[int | None], str]]:
    """Days of a series by date, each of `spans` from its first up to, not including, its end."""
    rows = session.sql(
        statement(__package__, "series_days.sql"),
        account_id=series.account_id,
        series_id=series.series_id,
        firsts=[first for first, _ in spans],
        ends=[end for _, end in spans],
    )
    return {row.day: (row.energies, row.qualities) for row in rows}


def write_days(
    session: WriteSession, days: Sequence[DayNow], *, why: str, actor: str, now: datetime, zone: ZoneInfo
) -> None:
    """Write whole days of locked series; what they were is kept, and their months are to be summed up anew."""
    session.sql("drop table if exists merged_day")
    staging.stage(
        session,
        table="merged_day",
        columns={
            "account_id": "bigint",
            "series_id": "smallint",
            "day": "date",
            "energies": "bigint[]",
            "qualities": "text",
            "is_new": "boolean",
        },
        rows=(
            (each.series.account_id, each.series.series_id, each.day, each.energies, each.qualities, True)
            for each in days
        ),
    )
    session.sql(
        """update merged_day m set is_new = false from interval_day i
           where i.account_id = m.account_id and i.series_id = m.series_id and i.day = m.day"""
    )
    taking.write_merged(session, zone=str(zone), why=why, actor=actor, now=now, run_id=None)
