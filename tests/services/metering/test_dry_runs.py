"""A dry run of readings tells what a load comes to, of every format, and leaves nothing behind."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from core import intake
from core.intake import Checker
from services.accounts.queries import imports
from services.metering import operations
from services.metering.operations import Naming, ReadingsLoader, RegisterReadingsLoader
from tests.factories.readings import Readings, Row, rows, sender
from tests.services.metering.test_green_button import block, document, kind, meter, point, reading
from tests.services.metering.test_nem12 import HEAD, TAIL, day, stream

DAY = date(2026, 3, 2)
START = 1_767_196_800
"""A midnight of the supplier's."""


def csv(readings: Readings, _folder: Path) -> tuple[Path, Checker]:
    readings.take(rows(DAY, ["1", "2", "3"]))
    path = readings.write([*rows(DAY, ["1", "2.5", "3", "4", "-1"]), *rows(DAY, ["1"], meter_no="M9")])
    return path, ReadingsLoader(sender())


def nem12(_readings: Readings, folder: Path) -> tuple[Path, Checker]:
    path = folder / "market.csv"
    lines = (
        HEAD,
        stream(serial="M1"),
        day(["1"] * 48, day="20260105"),
        day(["-1", *["2"] * 47], day="20260102"),
        day(["x"]),
        TAIL,
    )
    path.write_text("\n".join(lines))
    return path, operations.loader_of(path, sender())


def green_button(_readings: Readings, folder: Path) -> tuple[Path, Checker]:
    path = folder / "feed.xml"
    found = [reading(start=START + 3600 * at, value=value) for at, value in enumerate((100, 900_000_000, "x", 7))]
    path.write_bytes(document(point(), meter(), kind(), block(*found)))
    return path, operations.loader_of(path, sender(), naming=Naming(only="M1"))


def registers(readings: Readings, _folder: Path) -> tuple[Path, Checker]:
    shown: list[Row] = [
        {"meter_no": "M1", "register": "total", "read_at": f"2026-0{month}-01", "value": value}
        for month, value in enumerate((0, 100, 50, 200, "x"), 1)
    ]
    return readings.write(shown), RegisterReadingsLoader(sender())


@pytest.mark.parametrize("made", [csv, nem12, green_button, registers])
def test_a_dry_run_tells_what_a_load_comes_to_and_writes_nothing(
    readings: Readings, tmp_path: Path, made: Callable[[Readings, Path], tuple[Path, Checker]]
) -> None:
    path, loader = made(readings, tmp_path)
    before = written(readings)
    dry = intake.check(readings.database, path=path, loader=loader)
    assert written(readings) == before
    real = intake.run(readings.database, path=path, loader=loader)
    assert written(readings) != before
    assert readings.held()
    told = [(each.rows, each.new, each.changed, each.unchanged, each.rejected) for each in (dry, real)]
    assert told[0] == told[1]
    assert 0 < real.rejected < real.rows
    assert readings.refused(dry) == readings.refused(real)
    with readings.database.read() as session:
        totals = [imports.totals(session, run_id=each.run_id) for each in (dry, real)]
    assert totals[0] == totals[1]
    assert sum(each.accounts for each in totals[0]) == 1


def written(readings: Readings) -> dict[str, list[str]]:
    """All that an import writes but its report, and the months that there is room for."""
    with readings.database.read() as session:
        shown = [
            sorted(session.connection().exec_driver_sql(f"select t::text from {table} t").scalars())
            for table in ("register_reading", "meter_register", "(select inhrelid from pg_inherits)")
        ]
    return readings.written() | {"registers": [*shown[0], *shown[1]], "months": shown[2]}
