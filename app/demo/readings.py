"""Readings of the demo's meters, as a supplier's files have them: intervals by day, with what real meters do wrong."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from app.demo.bills import days_of, minutes_of, zone_of
from app.demo.suppliers import Household, Supplier
from core.periods import start_of

MONTHS: Final = 13
"""So many months back readings begin, and on with every day up to yesterday."""
_GAPS: Final = {40: (30, 44), 97: (0, 96)}
"""Days before yesterday on which a meter was not heard for a part of the day or the whole of it, in quarters."""
_ESTIMATED: Final = frozenset({12, 13, 150})
"""Days before yesterday which the meter data system estimated itself."""
_DOUBTED: Final = {5: "-0.4", 26: "250", 27: "250"}
"""What nobody believes, on which day before yesterday: a home gives nothing back, and takes no 250 kWh in an hour."""
_FORGETFUL: Final = 3
"""One meter in so many has gaps and estimates."""


def first_day(latest: date) -> date:
    """The day on which readings begin, for the latest bills of a day."""
    at = latest.year * 12 + latest.month - 1 - MONTHS
    return date(at // 12, at % 12 + 1, 1)


def intervals_of(supplier: Supplier, *, first: date, end: date) -> Iterator[dict[str, object]]:
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
) -> Iterator[dict[str, object]]:
    """One day of one meter; `before` is how many days ago it was, from yesterday on."""
    minutes, zone = minutes_of(household), zone_of(household)
    use = days_of(household, number=number, day=day, zone=zone)
    start, step = start_of(day, zone), timedelta(minutes=minutes)
    is_forgetful = number % _FORGETFUL == 0 and household.contract_kw is None
    first, end = _GAPS.get(before, (0, 0)) if is_forgetful else (0, 0)
    is_estimated = is_forgetful and before in _ESTIMATED
    for place, taken in enumerate(use.taken):
        if first <= place * minutes // 15 < end:
            continue
        said = _kwh(taken)
        if is_forgetful and place == 3 and before in _DOUBTED and not household.solar_kw:  # noqa: PLR2004 -- at night
            said = _DOUBTED[before]
        row: dict[str, object] = {
            "meter_no": meter_of(supplier, household),
            "start": (start + place * step).astimezone(zone).isoformat(timespec="minutes"),
            "minutes": minutes,
            "import_kwh": said,
        }
        if household.solar_kw:
            row["export_kwh"] = _kwh(use.given[place])
        if household.contract_kw:
            row["kvarh_lag"] = _kwh(use.reactive[place])
        yield {**row, "quality": "e"} if is_estimated else row


def _kwh(watt_hours: int) -> str:
    return f"{Decimal(watt_hours).scaleb(-3):f}"
