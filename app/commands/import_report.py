"""What is told of an import: on the screen or in JSON, and in files beside its file."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import typer

from core import intake
from core.db import Database
from core.intake import Report
from core.money import exponent
from core.texts import spreadsheet_cell
from services.accounts.queries import imports
from services.accounts.queries.imports import UnitTotal, VanishedView
from web.row_faults import fault

AT_ONCE: Final = 1_000
OF_UNITS: Final = "units"
"""A file of this kind makes units: its rows are in none, and have no totals by unit."""
MOST_UNITS: Final = 40
"""Units on a screen; JSON and the console have all of them."""


@dataclass(frozen=True, slots=True)
class Told:
    """The end of a run with its totals. `differences` from what was signed off, a line each."""

    kind: str
    is_check: bool
    report: Report
    totals: list[UnitTotal]
    differences: list[str]

    def vanished_percent(self) -> float:
        """How much of what is known stands nowhere in a file that tells all."""
        known = self.report.known or 0
        return 100 * (self.report.vanished or 0) / known if known else 0.0


@dataclass(frozen=True, slots=True)
class Files:
    """Where rejected rows are explained and where it is listed what vanished; None where there is nothing to say."""

    rejects: Path | None
    vanished: Path | None


def write_files(db: Database, report: Report, *, rejects: Path, vanished: Path) -> Files:
    """Write both; without anything to say, a file of an earlier run goes away. Raises OSError.

    A file is whole or is not there. Once all rejects are in it, only the first of them are kept.
    """
    explained = _all_rejects(db, report.run_id) if report.rejected else None
    _write(rejects, ("row", "field", "reason", "code"), explained)
    while trimmed(db, report.run_id):
        pass
    listed = _all_vanished(db, report.run_id) if report.vanished else None
    _write(vanished, ("unit", "account_no", "bill_no", "open_minor", "currency"), listed)
    return Files(rejects if report.rejected else None, vanished if report.vanished else None)


def trimmed(db: Database, run_id: int) -> bool:
    """Drop the next piece of what a run need not keep; False when that was the last."""
    with db.write() as session:
        return intake.trim(session, run_id=run_id, most=intake.FORGET_AT_ONCE) == intake.FORGET_AT_ONCE


def tell(told: Told, files: Files, *, most_vanished: float, as_json: bool) -> None:
    """Say what came of it."""
    if as_json:
        typer.echo(json.dumps(_document(told, files), ensure_ascii=False))
        return
    report = told.report
    typer.echo(f"{report.rows} rows read, {report.rows - report.rejected} taken, {report.rejected} rejected")
    typer.echo(f"{report.new} new, {report.changed} changed, {report.unchanged} as they are known")
    if report.resumed_from:
        typer.echo(f"went on behind row {report.resumed_from} of a run that was cut off")
    for line in _lines(() if told.kind == OF_UNITS else told.totals):
        typer.echo(line)
    if files.rejects:
        typer.echo(f"each rejected row is explained in {files.rejects}")
    if files.vanished:
        typer.echo(f"{report.vanished} of {report.known} known ones are not in the file, listed in {files.vanished}")
    if told.vanished_percent() > most_vanished:
        typer.echo(
            f"WARNING: {told.vanished_percent():.1f} % vanished, more than {most_vanished:g} %. Is the file whole?",
            err=True,
        )
    if told.is_check:
        typer.echo(f"dry run {report.run_id}: nothing was written; its totals can be signed off in the console")
    for line in told.differences:
        typer.echo(f"differs from what was signed off: {line}", err=True)


def differences(signed: Sequence[UnitTotal], came: Sequence[UnitTotal]) -> list[str]:
    """In what totals differ from those that somebody stands for, unit by unit."""
    before, after = (_figures(each) for each in (signed, came))
    return [
        f"{unit or 'no known unit'}: {name} {after.get((unit, name), 0)}, signed {before.get((unit, name), 0)}"
        for unit, name in sorted(before.keys() | after.keys())
        if before.get((unit, name), 0) != after.get((unit, name), 0)
    ]


def _figures(totals: Iterable[UnitTotal]) -> dict[tuple[str, str], int]:
    found = {}
    for total in totals:
        for name in ("new", "changed", "unchanged", "rejected", "accounts", "vanished"):
            found[total.code, name] = int(getattr(total, name))
        for amount in total.amounts:
            for name in ("bills", "amount_minor", "open_minor", "owed_minor"):
                found[total.code, f"{amount.kind} {amount.currency} {name}"] = int(getattr(amount, name))
    return found


def _document(told: Told, files: Files) -> dict[str, Any]:
    report = told.report
    return {
        "kind": told.kind,
        "run": report.run_id,
        "dry_run": told.is_check,
        "rows": report.rows,
        "taken": report.rows - report.rejected,
        "new": report.new,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "rejected": report.rejected,
        "resumed_from": report.resumed_from,
        "rejects_file": None if files.rejects is None else str(files.rejects),
        "vanished": report.vanished,
        "known": report.known,
        "vanished_file": None if files.vanished is None else str(files.vanished),
        "units": [asdict(total) for total in told.totals],
        "differences": told.differences,
    }


def _lines(totals: Sequence[UnitTotal]) -> Iterator[str]:
    for total in totals[:MOST_UNITS]:
        yield (
            f"  {total.code or 'no known unit'} {total.name}: {total.new} new, {total.changed} changed, "
            f"{total.unchanged} unchanged, {total.rejected} rejected, {total.accounts} accounts"
        )
        for each in total.amounts:
            yield (
                f"    {each.kind}: {each.bills} bills, {_money(each.amount_minor, each.currency)}, "
                f"open {_money(each.open_minor, each.currency)}, owed {_money(abs(each.owed_minor), each.currency)} "
                f"{'less' if each.owed_minor < 0 else 'more'}"
            )
    if len(totals) > MOST_UNITS:
        yield f"  and {len(totals) - MOST_UNITS} more units: --json and the console have them all"


def _money(minor: int, currency: str) -> str:
    return f"{Decimal(minor).scaleb(-exponent(currency))} {currency}"


def _all_rejects(db: Database, run_id: int) -> Iterator[tuple[object, ...]]:
    after = (0, "")
    while True:
        with db.read() as session:
            page = intake.rejects(session, run_id=run_id, after=after)
        if not page:
            return
        yield from ((each.row_no, each.field, each.reason, fault(each.reason).code) for each in page)
        after = (page[-1].row_no, page[-1].field)


def _all_vanished(db: Database, run_id: int) -> Iterator[tuple[object, ...]]:
    after = ("", "")
    while True:
        with db.read() as session:
            page: list[VanishedView] = imports.vanished(session, run_id=run_id, after=after, limit=AT_ONCE)
        if not page:
            return
        yield from ((each.unit, each.account_no, each.bill_no, each.open_minor, each.currency) for each in page)
        after = (page[-1].account_no, page[-1].bill_no)


def _write(target: Path, head: tuple[str, ...], rows: Iterable[tuple[object, ...]] | None) -> None:
    if rows is None:
        target.unlink(missing_ok=True)
        return
    draft = target.with_name(f"{target.name}.new")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(head)
            writer.writerows([_cell(each) for each in row] for row in rows)
        draft.replace(target)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _cell(value: object) -> object:
    """A text of the file is kept from being computed by a spreadsheet."""
    return spreadsheet_cell(value) if isinstance(value, str) else value
