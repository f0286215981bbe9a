"""Readings of the demo's meters, as a supplier's files have them: intervals by day, with what real meters do wrong."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from app.demo.bills import days_of, minutes_of, zone_of
from app.demo.suppliers import Household, Supplier
from core.periods import start_of

COLUMNS: Final = ("meter_no", "start", "minutes", "import_kwh", "export_kwh", "kvarh_lag", "quality")
"""Of the file: one row for all channels of an interval."""
MONTHS: Final = 13
"""So many months back readings begin, and on with every day up to yesterday."""
_GAPS: Final = {40: (30, 44), 97: (0, 96)}
"""Days before yesterday on which a meter was not heard for a part of the day or the whole of it, in quarters."""
_ESTIMATED: Final = frozenset({12, 13, 150})
"""Days before yesterday which the meter data system estimated itself."""
_DOUBTED: Final = {5: "-0.4", 26: "250", 27: "250"}
"""What nobody believes, on which day before yesterday: a home gives nothing back, and takes no 250 kWh in an hour."""
_BEGUN: Final = 1_700
"""What the registers of the first account showed when readings begin, in kWh; those of the second twice that."""
_FORGETFUL: Final = 3
"""One meter in so many has gaps and estimates."""


def first_day(latest: date) -> date:
    """The day on which readings begin, for the latest bills of a day."""
    at = latest.year * 12 + latest.month - 1 - MONTHS
    return date(at // 12, at % 12 + 1, 1)


def intervals_of(supplier: Supplier, *, first: date, end: date) -> Iterator[tuple[object, ...]]:
    """Rows of `wattline import readings` of all meters that send intervals, up to, not including, a day."""
    for number, household in enumerate(supplier.households):
        if household.interval_minutes is not None:
            for at in range((end - first).days):
                yield from _day(
                    supplier, household, number, first + timedelta(days=at), before=(end - first).days - at - 1
                )


def meter_of(supplier: Supplier, household: Household) -> str:
    """The number of an account's meter."""
    return f"{supplier.meter_prefix}{household.account_no[-6:]}"


def _day(
    supplier: Supplier, household: Household, number: int, day: date, *, before: int
) -> Iterator[tuple[object, ...]]:
    """One day of one meter; `before` is how many days ago it was, from yesterday on."""
    minutes, meter_no = minutes_of(household), meter_of(supplier, household)
    use = days_of(household, number=number, day=day, zone=zone_of(household))
    taken = [_kwh(energy) for energy in use.taken]
    given = [_kwh(energy) if household.solar_kw else "" for energy in use.given]
    reactive = [_kwh(energy) if household.contract_kw else "" for energy in use.reactive]
    is_forgetful = number % _FORGETFUL == 0 and household.contract_kw is None
    first, end = _GAPS.get(before, (0, 0)) if is_forgetful else (0, 0)
    if is_forgetful and before in _DOUBTED and not household.solar_kw:
        taken[3] = _DOUBTED[before]
    quality = "e" if is_forgetful and before in _ESTIMATED else ""
    starts = _starts(day, minutes, zone_of(household))
    for place, row in enumerate(zip(starts, taken, given, reactive, strict=True)):
        if not first <= place * minutes // 15 < end:
            start, *channels = row
            yield meter_no, start, minutes, *channels, quality


@lru_cache(maxsize=4096)
def _starts(day: date, minutes: int, zone: ZoneInfo) -> tuple[str, ...]:
    """When the intervals of a day begin: the same texts for all meters."""
    start, end, step = start_of(day, zone), start_of(day + timedelta(days=1), zone), timedelta(minutes=minutes)
    return tuple(
        (start + place * step).astimezone(zone).isoformat(timespec="minutes") for place in range((end - start) // step)
    )


def _kwh(watt_hours: int) -> str:
    return f"{watt_hours // 1000}.{watt_hours % 1000:03}"


def registers_of(supplier: Supplier, *, first: date, end: date) -> Iterator[dict[str, object]]:
    """Rows of `wattline import register-readings`: what somebody read at months' beginnings, without intervals.

    The last one is of the day `end` or before. Nobody reads the meter of an account that was closed.
    """
    for number, household in enumerate(supplier.households):
        if household.interval_minutes is None and household.state != "closed":
            shown = _BEGUN * 1000 * (number + 1)
            for at in range((end - first).days + 1):
                day = first + timedelta(days=at)
                if day.day == 1:
                    yield {"meter_no": meter_of(supplier, household), "read_at": f"{day}", "value": _kwh(shown)}
                shown += sum(days_of(household, number=number, day=day, zone=zone_of(household)).taken)
