"""Interval readings out of a file, summed by price period: `meter_id,start,import_kwh,export_kwh,kvarh_lag,kvarh_lead`.

The file is read as a stream and never held: packed files may say any size.
"""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Final

from pydantic_core import PydanticCustomError

from services.tariffs import queries
from services.tariffs.errors import Fault, UseInvalid
from services.tariffs.queries import PLAIN_DAY, DayFacts, Tariff
from web.tariff_cases import BillSaid, Measure, Measured

MOST_BYTES: Final = 2 * 1024**3
MOST_LINE: Final = 4096
MINUTE_OF_START: Final = len("2013-07-01T00:30")
NEEDED: Final = ("meter_id", "start", "import_kwh")
ZERO: Final = Decimal(0)
HOUR: Final = 60
_BY_METER: Final = ("kwh", "slots", "max_demand_kw", "kvarh", "export_kwh")


def measured_in(folder: Path) -> Measure:
    """What reads the meter file that a bill names, sought in a folder."""

    def read(tariff: Tariff, said: BillSaid) -> Measured:
        wanted = {
            "meter_id": said.meter_id,
            "from": said.first,
            "to": said.end,
            "interval_minutes": said.interval_minutes,
        }
        if lacking := [Fault(f"$.{name}", "field_missing") for name, value in wanted.items() if value is None]:
            raise UseInvalid(lacking)
        both = [name for name in _BY_METER if name in said.model_fields_set]
        if both:
            raise UseInvalid([Fault(f"$.{name}", "fields_exclusive", f"{name}, meter_file") for name in both])
        return measure(
            tariff,
            folder / (said.meter_file or ""),
            meter_id=said.meter_id or "",
            first=said.first or "",
            end=said.end or "",
            interval_minutes=said.interval_minutes or HOUR,
            calendar={
                day: DayFacts(frozenset(facts.holidays), facts.is_working_weekend, facts.max_c)
                for day, facts in said.calendar.items()
            },
        )

    return read


def measure(
    tariff: Tariff,
    file: Path,
    *,
    meter_id: str,
    first: str,
    end: str,
    interval_minutes: int,
    calendar: Mapping[date, DayFacts],
) -> Measured:
    """Sum the rows of a meter with `first` <= start < `end`, compared as text.

    A start is taken as local time of the tariff, whatever zone the meter came from. `interval_minutes` divides an hour.
    Raises UseInvalid when the file cannot be read, or has no such row.
    """
    found = Measured(max_demand_by_period=dict.fromkeys(tariff.demand_periods, ZERO))
    for number, row in _rows(file):
        if row["meter_id"] != meter_id or not first <= row["start"] < end:
            continue
        try:
            start = datetime.fromisoformat(row["start"][:MINUTE_OF_START])
            _take(found, tariff, start, row, HOUR // interval_minutes, calendar.get(start.date(), PLAIN_DAY))
        except (ValueError, PydanticCustomError):
            raise _refused("file_unreadable", f"line {number}") from None
    if not found.intervals:
        raise _refused("not_found", "no row of this meter in this time")
    found.kwh = {period: found.kwh[period] for period in tariff.periods if found.kwh.get(period)}
    return found


def _take(
    found: Measured, tariff: Tariff, start: datetime, row: Mapping[str, str], per_hour: int, facts: DayFacts
) -> None:
    kwh = queries.decimal_of(row["import_kwh"])
    if kwh < 0:
        raise ValueError("negative")
    found.intervals += 1
    period = queries.period_of(tariff, start, facts)
    found.kwh[period] = found.kwh[period] + kwh if period in found.kwh else kwh
    demand = kwh * per_hour
    found.max_demand_kw = max(found.max_demand_kw, demand)
    named = queries.demand_period_of(tariff, start, facts)
    if named is not None:
        found.max_demand_by_period[named] = max(found.max_demand_by_period[named], demand)
    for column in ("kvarh_lag", "kvarh_lead"):
        if row.get(column):
            found.kvarh += queries.decimal_of(row[column])
    if row.get("export_kwh"):
        found.export_kwh += queries.decimal_of(row["export_kwh"])


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Number and fields of each line behind the heading."""
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            lines = _lines(stream)
            heading = next(lines, "").split(",")
            if not set(NEEDED) <= set(heading):
                raise _refused("file_unreadable", "heading")
            for number, line in enumerate(lines, 2):
                fields = line.split(",")
                if len(fields) != len(heading):
                    raise _refused("file_unreadable", f"line {number}")
                yield number, dict(zip(heading, fields, strict=True))
    except FileNotFoundError:
        raise _refused("not_found", "no such file") from None
    except (OSError, EOFError, zlib.error, ValueError):  # ValueError: no text, or a name that no file can have
        raise _refused("file_unreadable") from None


def _lines(stream: IO[bytes] | gzip.GzipFile) -> Iterator[str]:
    read = 0
    while line := stream.readline(MOST_LINE):
        read += len(line)
        if read > MOST_BYTES or len(line) == MOST_LINE:
            raise _refused("file_unreadable", "too large")
        yield line.decode("ascii").rstrip("\r\n")


def _refused(code: str, detail: str = "") -> UseInvalid:
    return UseInvalid([Fault("$.meter_file", code, detail)])
