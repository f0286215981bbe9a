"""Reports of imports in the console, in every state that they have."""

import tempfile
from pathlib import Path
from typing import Final

from core import intake
from core.intake import Report
from services.billing.operations import BillsLoader, WholeBills
from tests.factories.accounts import make_account, make_unit, write_jsonl
from tests.factories.billing import NOW, ZONE, bill_record
from tests.portal.console_scenes import UNIT, at_the_top
from tests.portal.scenes import Stage, scene

UNITS: Final = (("370101", "桥北供电所"), ("370102", "临江供电所"), ("370103", "东山供电所"))


def dry_run(stage: Stage, *, whole: WholeBills | None = None, chunk_rows: int = 1_000) -> Report:
    """A dry run of bills of several stations: new ones, changed ones, such as are wrong, and such as are missing."""
    numbers = []
    with stage.database.write() as session:
        make_unit(session, code=UNIT)
        for code, name in UNITS:
            unit_id = make_unit(session, code=code, parent=UNIT, kind="station", name=name)
            made = [make_account(session, stage.visit.deployment.vault, unit_id=unit_id) for _ in range(4)]
            numbers.append([each.account_no for each in made])
    known = [bill_record(numbers[0][place], f"K{numbers[0][place]}") for place in range(3)]
    file = [{**known[0], "amount_minor": 20_000, "lines": "energy||||20000"}, known[1]]
    for place, station in enumerate(numbers):
        file += [bill_record(no, f"N{no}", amount_minor=9_900 * (place + 1)) for no in station]
        file += [bill_record(no, f"S{no}", state="settled") for no in station]
        file += [bill_record(station[0], f"P{station[0]}", open_minor=600, lines=None)]
        file += [bill_record(station[1], f"W{station[1]}", state="paid", energy_kwh="much")]
    file.append(bill_record("unknown", "X-0001"))
    with tempfile.TemporaryDirectory() as folder:
        loader = BillsLoader(zone=ZONE, now=NOW)
        intake.run(stage.database, path=write_jsonl(Path(folder, "bills-2026-04.jsonl"), known), loader=loader)
        path = write_jsonl(Path(folder, "bills-2026-05.jsonl"), file)
        return intake.check(stage.database, path=path, loader=loader, whole=whole, chunk_rows=chunk_rows)


@scene
def staff_imports(stage: Stage) -> None:
    dry_run(stage)
    at_the_top(stage)
    stage.visit.open("/staff/imports")


@scene
def staff_imports_nothing(stage: Stage) -> None:
    at_the_top(stage)
    stage.visit.open("/staff/imports?kind=units&until=2020-01-01")


@scene
def staff_imports_dates_wrong(stage: Stage) -> None:
    at_the_top(stage)
    stage.visit.open("/staff/imports?since=yesterday")


@scene
def staff_import_to_sign(stage: Stage) -> None:
    report = dry_run(stage, whole=WholeBills(""))
    at_the_top(stage)
    stage.visit.open(f"/staff/imports/{report.run_id}")


@scene
def staff_import_signed(stage: Stage) -> None:
    report = dry_run(stage)
    at_the_top(stage)
    page = stage.visit.open(f"/staff/imports/{report.run_id}")
    page.click("main form button")
    page.wait_for_selector(".note.good")


@scene
def staff_import_rejects(stage: Stage) -> None:
    report = dry_run(stage)
    at_the_top(stage)
    stage.visit.open(f"/staff/imports/{report.run_id}/rejects")


@scene
def staff_import_vanished(stage: Stage) -> None:
    report = dry_run(stage, whole=WholeBills(""))
    at_the_top(stage)
    stage.visit.open(f"/staff/imports/{report.run_id}/vanished")
