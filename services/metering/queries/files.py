"""Readings of an account as files for its customer: Green Button and CSV.

All that a file needs is read before its first byte, some hundred rows a year and channel: the session may end then.
Which days a caller may have is decided before; see docs/concepts/metering.md.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from core.db import ReadSession, statement
from core.periods import Period
from services.accounts.queries import AccountId
from services.metering.formats import green_button as atom
from services.metering.formats import spreadsheet
from services.metering.formats.series import Day, Series
from services.metering.measures import Channel

GREEN_BUTTON_TYPE: Final = atom.MEDIA_TYPE
CSV_TYPE: Final = spreadsheet.MEDIA_TYPE


def has_intervals(session: ReadSession, *, account_id: AccountId, period: Period) -> bool:
    """Whether a file of these days has any reading. Served by pk_interval_day, in the months of the span."""
    return bool(
        session.sql(
            """select exists (
                 select from interval_day where account_id = :account_id and day >= :first and day < :end)""",
            account_id=account_id,
            first=period.first,
            end=period.end,
        ).scalar_one()
    )


def green_button(
    session: ReadSession, *, account_id: AccountId, period: Period, zone: ZoneInfo, origin: str, now: datetime
) -> Iterator[bytes]:
    """A feed of ESPI 4.0 with every reading of these days, a day at each step; one without any is a feed as well.

    `origin` is the supplier's address, from which identifiers are made that no other supplier's files have.
    """
    series = _series(session, account_id=account_id, period=period)
    return atom.feed(series, owner=str(account_id), origin=origin, period=period, zone=zone, now=now)


def csv(session: ReadSession, *, account_id: AccountId, period: Period, zone: ZoneInfo) -> Iterator[bytes]:
    """A row for every interval of these days, missing ones too, a day at each step; always with a heading."""
    return spreadsheet.lines(_series(session, account_id=account_id, period=period), zone=zone)


def _series(session: ReadSession, *, account_id: AccountId, period: Period) -> list[Series]:
    found = session.sql(
        statement(__package__, "filed_days.sql"), account_id=account_id, first=period.first, end=period.end
    )
    return [
        Series(
            key=f"{account_id}/{series_id}",
            meter_no=meter_no,
            channel=Channel(channel),
            minutes=minutes,
            days=[Day(row.day, row.energies, row.qualities, row.recorded_at) for row in rows],
            meter_key=f"{account_id}/{first_id}",
        )
        for (series_id, meter_no, channel, minutes, first_id), rows in groupby(found, key=lambda row: tuple(row[:5]))
    ]
