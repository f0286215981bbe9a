"""What files call meters, and what they are called here."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.records import BadFile

HEADING: Final = ["source", "meter_no"]


@dataclass(frozen=True, slots=True)
class Naming:
    """How names of a file become meter numbers.

    `known` goes from a name in files to a meter number; `only` is the number of the one meter of a file that names
    none. `sums_minutes` says that intervals of five minutes are to be summed to quarters; they are refused otherwise.
    """

    only: str | None = None
    known: Mapping[str, str] = field(default_factory=dict)
    sums_minutes: bool = False

    def meter_of(self, *names: str) -> str | None:
        """The meter number of the first of these names that is known."""
        return next((self.known[name] for name in names if name in self.known), None)


def names_of(path: Path) -> dict[str, str]:
    """A list of names: CSV in UTF-8 with the columns `source` and `meter_no`. Raises BadFile."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile(reason=f"{path.name} is no CSV in UTF-8") from error
    if not rows or [cell.strip().lower() for cell in rows[0]] != HEADING:
        raise BadFile(reason=f"{path.name} must have the columns {', '.join(HEADING)}")
    known: dict[str, str] = {}
    for no, row in enumerate(rows[1:], 2):
        if not row:
            continue
        if len(row) != len(HEADING) or not all(cell.strip() for cell in row):
            raise BadFile(reason=f"{path.name} row {no} is no name and meter number")
        source, meter_no = (cell.strip() for cell in row)
        if known.setdefault(source, meter_no) != meter_no:
            raise BadFile(reason=f"{path.name} row {no} gives a name a second meter number")
    return known
