"""Accounts that were measured: a tariff with times of day and tiers, its calendar, and quarter-hours of many days."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from core.db import WriteSession
from services.tariffs.queries import parse, period_of
from services.usage import operations as usage
from tests.factories.tariffs import make_tariff, make_version
from tests.factories.usage import ZONE, bind, days_of, make_calendar, minutes_of, put_readings

TIMES_AND_TIERS: Final[dict[str, object]] = {
    "id": "times-and-tiers",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "rounding": {"mode": "half_up", "stage": "line"},
    "energy": {
        "lines": "period_plus_adders",
        "prices": {"peak": "0.99500875", "flat": "0.58886875", "valley": "0.22914475"},
        "windows": [
            {"period": "valley", "from": "00:00", "to": "08:00"},
            {"period": "peak", "from": "10:00", "to": "12:00"},
            {"period": "peak", "from": "14:00", "to": "19:00"},
        ],
        "default_period": "flat",
    },
    "tiers": {
        "cycle": "month",
        "seasons": [
            {"months": [5, 6, 7, 8, 9, 10], "bounds": ["260", "600"]},
            {"months": [11, 12, 1, 2, 3, 4], "bounds": ["100", "200"]},
        ],
        "adders": ["0", "0.05", "0.30"],
    },
    "household": {"min_persons": 5, "extra_kwh_per_month": "100", "mode": "shift_all"},
    "per_kwh": [{"code": "fund_renewable", "rate": "0.0190"}, {"code": "fund_water", "rate": "0.0042"}],
}
ONE_PRICE: Final[dict[str, object]] = {
    "id": "one-price",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "rounding": {"mode": "half_up", "stage": "bill"},
    "energy": {"lines": "per_tier", "prices": {"all": "0.66286875"}},
}
WATT_HOUR: Final = 1_000
"""Millionths of a kWh: what meters count in."""


def offer(
    session: WriteSession, document: Mapping[str, object], *, first: date, end: date, code: str | None = None
) -> str:
    """A tariff with one published version from `first` on, and its calendar up to `end`; its code."""
    code = make_tariff(session, code=code)
    tariff = parse(document)
    version = make_version(session, code=code, valid_from=first, document=document, periods=tariff.periods)

    def period(moment: datetime) -> int:
        return tariff.periods.index(period_of(tariff, moment)) + 1

    make_calendar(session, version, days_of(first, end), period=period)
    return code


def measured(
    session: WriteSession,
    account_id: int,
    days: Collection[date],
    *,
    missing: Mapping[date, Collection[int]] | None = None,
    estimated: Mapping[date, Collection[int]] | None = None,
    exported: Collection[date] = (),
) -> None:
    """Quarter-hours of these days, by a rule of the day and the hour; `missing` and `estimated` name quarters."""
    energies: dict[date, list[int | None]] = {}
    qualities: dict[date, str] = {}
    for day in days:
        gone, guessed = set((missing or {}).get(day, ())), set((estimated or {}).get(day, ()))
        quarters = range(minutes_of(day) // 15)
        energies[day] = [None if place in gone else _energy(day, place) for place in quarters]
        qualities[day] = "".join("m" if place in gone else "e" if place in guessed else "a" for place in quarters)
    put_readings(session, account_id, energies, qualities=qualities)
    if exported:
        given = {day: [_sun(place) for place in range(minutes_of(day) // 15)] for day in exported}
        put_readings(session, account_id, given, channel="export")
    usage.aggregate(session, months={day.replace(day=1): [account_id] for day in days}, zone=ZONE)


def household(session: WriteSession, account_id: int, *, today: date, days: int = 70) -> str:
    """An account with this tariff and readings of every quarter-hour up to yesterday; its tariff's code."""
    first = (today - timedelta(days=days)).replace(day=1)
    code = offer(session, TIMES_AND_TIERS, first=first, end=today + timedelta(days=7))
    bind(session, account_id, code, first=first)
    measured(session, account_id, days_of(first, today))
    return code


def _energy(day: date, place: int) -> int:
    hour = place // 4
    watts = 180 + 35 * (hour % 7) + (420 if 17 <= hour < 22 else 0) + 11 * (day.day % 5) + place % 3
    return watts * WATT_HOUR // 4 // WATT_HOUR * WATT_HOUR


def _sun(place: int) -> int:
    return max(0, 400 - 25 * abs(place - 50)) * WATT_HOUR


__all__ = ["ONE_PRICE", "TIMES_AND_TIERS", "ZONE", "household", "measured", "offer"]
