"""What both edges do with usage: which days a file may have, and what is left of a series for who sees sums alone."""

import enum
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from core.db import ReadSession
from core.periods import Period
from services.accounts.queries import AccountId
from services.metering.queries import files
from services.usage import queries
from services.usage.queries.views import Bar, BarQuality, Series
from web.problems.common import NotFound, SpanWrong
from web.spans import Stretch

MOST_MONTHS: Final = 13
"""A year, and the month that is not over."""


class FileFormat(enum.StrEnum):
    """What readings may be taken home as."""

    CSV = "csv"
    GREEN_BUTTON = "green_button"


_TYPES: Final = {FileFormat.CSV: files.CSV_TYPE, FileFormat.GREEN_BUTTON: files.GREEN_BUTTON_TYPE}
_ENDINGS: Final = {FileFormat.CSV: "csv", FileFormat.GREEN_BUTTON: "xml"}


def span_of(first: date, last: date, *, most_months: int = MOST_MONTHS) -> Period:
    """The days from one to another, both included; raises SpanWrong for none and for more than so many months."""
    months = (last.year - first.year) * 12 + last.month - first.month + (last.day >= first.day)
    if last < first or months > most_months:
        raise SpanWrong(most_months=most_months)
    return Period(first, last + timedelta(days=1))


def file_of(
    session: ReadSession,
    *,
    account_id: AccountId,
    span: Period,
    since: date | None,
    shape: FileFormat,
    zone: ZoneInfo,
    origin: str,
    now: datetime,
) -> tuple[Iterator[bytes], str, str]:
    """A file's pieces, its media type and its name: readings of these days from the holder's first one on.

    Raises NotFound when all of them were before it.
    """
    period = own_days(span, since)
    name = f"usage-{span.first}-{span.end - timedelta(days=1)}.{_ENDINGS[shape]}"
    if shape is FileFormat.CSV:
        pieces = files.csv(session, account_id=account_id, period=period, zone=zone)
    else:
        pieces = files.green_button(session, account_id=account_id, period=period, zone=zone, origin=origin, now=now)
    return pieces, _TYPES[shape], name


def own_days(span: Period, since: date | None) -> Period:
    """Those of the days that are the holder's; raises NotFound for none."""
    if since is None or since <= span.first:
        return span
    if since >= span.end:
        raise NotFound
    return Period(since, span.end)


def series_of(
    session: ReadSession, *, account_id: AccountId, stretch: Stretch, zone: ZoneInfo, today: date, sees_all: bool
) -> Series:
    """Use of a stretch, as this caller sees it."""
    found = queries.series(session, account_id=account_id, of=stretch.of, at=stretch.days.first, zone=zone)
    return expected_of(found) if sees_all else _sums_only(expected_of(found), today=today)


def expected_of(series: Series) -> Series:
    """The same without missing what was before the first reading of all."""
    return replace(series, bars=tuple(_expected(bar, series) for bar in series.bars))


def _expected(bar: Bar, series: Series) -> Bar:
    is_missed = bar.quality is not BarQuality.MISSING or any(
        gap.begin < bar.end and bar.begin < gap.end for gap in series.gaps
    )
    return bar if is_missed else replace(bar, quality=BarQuality.AWAITED)


def _sums_only(series: Series, *, today: date) -> Series:
    """Each month that is over, whole, and nothing of when within it."""
    this_month = today.replace(day=1)
    bars = tuple(_sum_of(bar) if bar.begin.date() < this_month else _awaited(bar) for bar in series.bars)
    exported = [bar.export_kwh for bar in bars if bar.export_kwh is not None]
    return replace(
        series,
        bars=bars,
        periods=(),
        by_period={},
        kwh=sum((bar.kwh for bar in bars if bar.kwh is not None), Decimal(0)),
        export_kwh=sum(exported, Decimal(0)) if exported else None,
        gaps=(),
        known_until=None,
        days_of_registers=0,
        before=None,
        year_before=None,
    )


def _sum_of(bar: Bar) -> Bar:
    return replace(bar, by_period={})


def _awaited(bar: Bar) -> Bar:
    return replace(bar, kwh=None, by_period={}, export_kwh=None, quality=BarQuality.AWAITED)
