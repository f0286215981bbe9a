"""Readings and calendars for tests of usage: rows as metering and tariffs keep them, written directly."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.db import WriteSession
from core.periods import start_of

ZONE = ZoneInfo("Asia/Shanghai")
QUARTER = timedelta(minutes=15)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def days_of(first: date, end: date) -> list[date]:
    """Every day from one up to, not including, another."""
    return [first + timedelta(n) for n in range((end - first).days)]


def minutes_of(day: date, zone: ZoneInfo = ZONE) -> int:
    """How long a day lasts."""
    return round((start_of(day + timedelta(1), zone) - start_of(day, zone)) / timedelta(minutes=1))


def put_readings(
    session: WriteSession,
    account_id: int,
    days: Mapping[date, Sequence[int | None]],
    *,
    minutes: int = 15,
    channel: str = "import",
    meter_no: str = "M1",
    qualities: Mapping[date, str] | None = None,
    zone: ZoneInfo = ZONE,
) -> None:
    """Energies by day, which are told as changed. None is missing."""
    series: int = session.sql(
        """insert into reading_series (account_id, id, meter_no, channel, interval_minutes)
           values (:account, (select coalesce(max(id), 0) + 1 from reading_series where account_id = :account), :meter, :channel, :minutes)
           on conflict (account_id, meter_no, channel, interval_minutes) do update set meter_no = excluded.meter_no returning id""",
        account=account_id,
        meter=meter_no,
        channel=channel,
        minutes=minutes,
    ).scalar_one()
    for month in sorted({day.replace(day=1) for day in days}):
        session.sql("select make_interval_month(:month)", month=month)
        session.sql(
            "insert into usage_change (account_id, month, days) values (:account, :month, :days)",
            account=account_id,
            month=month,
            days=sum(1 << (day.day - 1) for day in days if day.replace(day=1) == month),
        )
    for day, energies in days.items():
        made = "".join("m" if energy is None else "a" for energy in energies)
        session.sql(
            """insert into interval_day (account_id, series_id, day, energies, qualities, recorded_at)
               values (:account, :series, :day, :energies, :qualities, now())
               on conflict (account_id, series_id, day) do update set energies = excluded.energies, qualities = excluded.qualities""",
            account=account_id,
            series=series,
            day=day,
            energies=list(energies),
            qualities=(qualities or {}).get(day, made),
        )
    session.sql(
        """update reading_series set first_day = least(first_day, :first), last_day = greatest(last_day, :last),
             read_until = greatest(read_until, :until) where account_id = :account and id = :series""",
        account=account_id,
        series=series,
        first=min(days),
        last=max(days),
        until=_until(days, minutes, zone),
    )


def put_total(session: WriteSession, account_id: int, readings: Mapping[date, int], *, zone: ZoneInfo = ZONE) -> None:
    """What a register of all use showed at midnights, in millionths of a kWh."""
    session.sql(
        "insert into meter_register (account_id, id, meter_no, kind) values (:account, 1, 'M1', 'total')",
        account=account_id,
    )
    for day, value in readings.items():
        session.sql(
            """insert into register_reading (account_id, register_id, read_at, value, quality, source, recorded_at, recorded_by)
               values (:account, 1, :at, :value, 'a', 'file', now(), 'operator:test')""",
            account=account_id,
            at=start_of(day, zone),
            value=value,
        )


def _until(days: Mapping[date, Sequence[int | None]], minutes: int, zone: ZoneInfo) -> datetime | None:
    """The end of the last interval that has a value."""
    ends = [
        start_of(day, zone) + (k + 1) * timedelta(minutes=minutes)
        for day, energies in days.items()
        for k, energy in enumerate(energies)
        if energy is not None
    ]
    return max(ends, default=None)


def make_calendar(
    session: WriteSession,
    version_id: int,
    days: Iterable[date],
    *,
    period: Callable[[datetime], int] = lambda _at: 1,
    demand_period: Callable[[datetime], int] | None = None,
    zone: ZoneInfo = ZONE,
) -> None:
    """The index of the period at each quarter-hour of these days, by the local time at which it begins."""
    for day in days:
        begin = start_of(day, zone)
        moments = [(begin + n * QUARTER).astimezone(zone) for n in range(minutes_of(day, zone) // 15)]
        session.sql(
            "insert into tariff_day (version_id, day, periods, demand_periods) values (:version, :day, :periods, :demand)",
            version=version_id,
            day=day,
            periods=[period(moment) for moment in moments],
            demand=None if demand_period is None else [demand_period(moment) for moment in moments],
        )


def bind(
    session: WriteSession,
    account_id: int,
    code: str,
    *,
    no: int = 1,
    first: date = date(2020, 1, 1),
    end: date | None = None,
) -> None:
    """An agreement of an account with a tariff."""
    session.sql(
        """insert into agreement (account_id, id, tariff_code, is_prepaid, valid_from, valid_to)
           values (:account, :no, :code, false, :first, :end)""",
        account=account_id,
        no=no,
        code=code,
        first=first,
        end=end,
    )
