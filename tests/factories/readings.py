"""Readings for tests: rows of any day and channel, imports of files, and what became of them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from core import intake
from core.audit import Actor
from core.db import Database, WriteSession
from core.intake import Report
from services.metering.measures import Channel, IntervalRow, Quality, energy_of
from services.metering.operations import Limits, ReadingsLoader, ReadingSource, Sender, changes_done, claim_changes
from tests.factories.accounts import write_csv

ZONE: Final = ZoneInfo("Asia/Shanghai")
NOW: Final = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
LIMITS: Final = Limits(most_kw=50_000, most_home_kw=100, oldest_days=7305)
Row = dict[str, object]
Days = dict[tuple[str, str, int, date], tuple[list[Decimal | None], str]]


def sender(*, zone: ZoneInfo = ZONE, now: datetime = NOW, actor: str = "operator:test") -> Sender:
    return Sender(ReadingSource.FILE, Actor(actor), zone, now, LIMITS)


def times(day: date, *, zone: ZoneInfo = ZONE, minutes: int = 15) -> list[datetime]:
    """When the intervals of a day begin, as time passes."""
    begins, ends = (datetime.combine(each, datetime.min.time(), zone) for each in (day, day + timedelta(days=1)))
    count = (ends.astimezone(UTC) - begins.astimezone(UTC)) // timedelta(minutes=minutes)
    return [(begins.astimezone(UTC) + k * timedelta(minutes=minutes)).astimezone(zone) for k in range(count)]


def rows(
    day: date,
    kwh: Iterable[str | None],
    *,
    meter_no: str = "M1",
    channel: Channel = Channel.IMPORT,
    minutes: int = 15,
    zone: ZoneInfo = ZONE,
    quality: Quality = Quality.ACTUAL,
) -> list[Row]:
    """Rows of a file: one for each value, from the day's first interval on; None leaves one out."""
    return [
        {
            "meter_no": meter_no,
            "channel": channel.value,
            "start": start.isoformat(),
            "minutes": minutes,
            "kwh": value,
            "quality": quality.name.lower(),
        }
        for start, value in zip(times(day, zone=zone, minutes=minutes), kwh, strict=False)
        if value is not None
    ]


def interval(no: int, start: datetime, kwh: str | None, *, meter_no: str = "M1", minutes: int = 15) -> IntervalRow:
    energy = None if kwh is None else energy_of(Decimal(kwh))
    quality = Quality.MISSING if kwh is None else Quality.ACTUAL
    return IntervalRow(no, meter_no, Channel.IMPORT, start, minutes, energy, quality)


class Readings:
    """Imports of readings into one database."""

    def __init__(self, database: Database, folder: Path, *, zone: ZoneInfo = ZONE, now: datetime = NOW) -> None:
        self.database = database
        self.zone = zone
        self.now = now
        self._folder = folder
        self._written = 0

    def write(self, records: list[Row]) -> Path:
        self._written += 1
        path = self._folder / f"readings{self._written}.csv"
        write_csv(path, records)
        return path

    def take(self, records: list[Row], *, chunk_rows: int = 10_000, **said: object) -> Report:
        return self.take_file(self.write(records), chunk_rows=chunk_rows, **said)

    def take_file(self, path: Path, *, chunk_rows: int = 10_000, **said: object) -> Report:
        loader = ReadingsLoader(sender(zone=self.zone, now=self.now), **said)  # type: ignore[arg-type] # as given
        return intake.run(self.database, path=path, loader=loader, chunk_rows=chunk_rows)

    def days(self) -> Days:
        """Every day by meter, channel, interval and date: kWh and qualities."""
        with self.database.read() as session:
            found = session.sql(
                """select s.meter_no, s.channel, s.interval_minutes, d.day, d.energies, d.qualities
                   from interval_day d join reading_series s on s.account_id = d.account_id and s.id = d.series_id"""
            ).all()
        return {
            (row.meter_no, row.channel, row.interval_minutes, row.day): (
                [None if each is None else Decimal(each).scaleb(-6) for each in row.energies],
                row.qualities,
            )
            for row in found
        }

    def months(self) -> list[date]:
        """The months that wait to be summed up, each once."""
        with self.database.read() as session:
            return sorted(set(session.sql("select month from usage_change").scalars()))

    def held(self) -> list[tuple[str, Decimal, str]]:
        """What waits or waited in quarantine: reason, kWh, state."""
        with self.database.read() as session:
            found = session.sql(
                "select reason, energy, state from reading_quarantine order by start_at, energy, reason"
            )
            return [(row.reason, Decimal(row.energy).scaleb(-6), row.state) for row in found]

    def refused(self, report: Report) -> list[tuple[int, str, str]]:
        with self.database.read() as session:
            told = intake.rejects(session, run_id=report.run_id)
            return [(each.row_no, each.field, each.reason) for each in told]

    def written(self) -> dict[str, list[str]]:
        """Every row of what an import writes, as it is."""
        tables = ("reading_series", "interval_day", "interval_day_revision", "reading_quarantine", "usage_change")
        with self.database.read() as session:
            return {
                table: sorted(session.connection().exec_driver_sql(f"select t::text from {table} t").scalars())
                for table in tables
            }


def sum_up(database: Database) -> None:
    """Take the notes of what changed away, as whoever summed it up does; the rounds are told."""
    is_left = True
    while is_left:
        with database.write() as session:
            changes = claim_changes(session, most=10_000)
            changes_done(session, changes)
        is_left = bool(changes)


def place_meter(
    session: WriteSession, *, account_id: int, meter_no: str, since: date | None = None, until: date | None = None
) -> None:
    """A meter at an account, from a day on up to, not including, another."""
    session.sql(
        """insert into meter (meter_no, account_id, installed_on, removed_on)
           values (:no, :account, :since, :until)""",
        no=meter_no,
        account=account_id,
        since=since,
        until=until,
    )


def show_register(session: WriteSession, *, account_id: int, meter_no: str, shown: Mapping[datetime, int]) -> None:
    """What the total register of a meter showed, in millionths of a kWh, by time."""
    session.sql(
        """insert into meter_register (account_id, id, meter_no, kind)
           select :account, coalesce(max(id), 0) + 1, :meter, 'total' from meter_register where account_id = :account""",
        account=account_id,
        meter=meter_no,
    )
    for read_at, value in shown.items():
        session.sql(
            """insert into register_reading (account_id, register_id, read_at, value, quality, source, recorded_at, recorded_by)
               select account_id, id, :read_at, :value, 'a', 'file', now(), 'operator:test'
               from meter_register where account_id = :account and meter_no = :meter""",
            account=account_id,
            meter=meter_no,
            read_at=read_at,
            value=value,
        )
