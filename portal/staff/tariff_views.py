"""How a tariff is shown: when which price holds, month by month, for each kind of day."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from portal.words.tariffs import FAULTS
from services.tariffs.errors import Fault
from services.tariffs.queries import DayFacts, Tariff, day_periods, dump, spans

_YEAR: Final = 2025
"""Any year: only months and weekdays matter."""
_MONDAY: Final = 0
_SATURDAY: Final = 5
_QUARTERS: Final = 96
_HOT: Final = Decimal(99)
_UTC: Final = ZoneInfo("UTC")


@dataclass(frozen=True)
class Span:
    """A part of a day with one price: from and to as clock times, and its place as shares of the day."""

    period: str
    start: str
    end: str
    x: Decimal
    width: Decimal


@dataclass(frozen=True)
class Row:
    """Months in which a day goes like this; `first` and `last` are the same for a single one."""

    first: int
    last: int
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Strip:
    """The year of one kind of day: workday, weekend, holiday or hot."""

    kind: str
    rows: tuple[Row, ...]


def strips(tariff: Tariff) -> list[Strip]:
    """When which price holds; kinds of days that go like a workday are left out."""
    names = frozenset(name for window in tariff.windows for name in window.holidays or ())
    places = {window.temperature.place for window in tariff.windows if window.temperature is not None}
    kinds = {
        "workday": (_MONDAY, DayFacts()),
        "weekend": (_SATURDAY, DayFacts()),
        "holiday": (_MONDAY, DayFacts(holidays=names or frozenset({"holiday"}))),
        "hot": (_MONDAY, DayFacts(max_c=dict.fromkeys(places, _HOT))),
    }
    drawn = {kind: _rows(tariff, weekday, facts) for kind, (weekday, facts) in kinds.items()}
    usual = drawn["workday"]
    return [Strip(kind, rows) for kind, rows in drawn.items() if kind == "workday" or rows != usual]


def as_json(tariff: Tariff) -> str:
    """Its document as somebody reads and edits it, its fields in the order of the format."""
    return json.dumps(dump(tariff), ensure_ascii=False, indent=2)


def runs(months: Sequence[int]) -> list[tuple[int, int]]:
    """Months put together: (first, last)."""
    found: list[tuple[int, int]] = []
    for month in months:
        if found and found[-1][1] == month - 1:
            found[-1] = (found[-1][0], month)
        else:
            found.append((month, month))
    return found


def fault_words(say: Callable[[str], str], fault: Fault) -> str:
    """What can be done about a fault, in the reader's language."""
    remedy = say(FAULTS.get(fault.code, fault.code))
    return f"{remedy} ({fault.detail})" if fault.detail else remedy


def _rows(tariff: Tariff, weekday: int, facts: DayFacts) -> tuple[Row, ...]:
    rows: list[Row] = []
    for month in range(1, 13):
        first = date(_YEAR, month, 1)
        day = first + timedelta(days=(weekday - first.weekday()) % 7)
        found = tuple(_span(*each) for each in spans(day_periods(tariff, day, facts, zone=_UTC)))
        if rows and rows[-1].spans == found:
            rows[-1] = Row(rows[-1].first, month, found)
        else:
            rows.append(Row(month, month, found))
    return tuple(rows)


def _span(first: int, end: int, period: str) -> Span:
    share = Decimal(100) / _QUARTERS
    return Span(period, clock(first), clock(end), round(first * share, 3), round((end - first) * share, 3))


def clock(quarter: int) -> str:
    """A quarter-hour of a day as a time."""
    return f"{quarter // 4:02}:{quarter % 4 * 15:02}"
