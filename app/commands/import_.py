"""`wattline import KIND FILE`: a file of units, accounts or bills into the database."""

import csv
import enum
import json
import os
import pwd
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from core import clock, config, faults, intake
from core.audit import Actor
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from core.intake import BadFile, Loader, Progress, Reject, Report, RunTaken
from services.accounts.operations import AccountsLoader, UnitsLoader
from services.billing.operations import BillsLoader

CANNOT_START: Final = 2
SOME_REJECTED: Final = 3
REJECTS_UNWRITTEN: Final = 4


class Kind(enum.StrEnum):
    """What a file may hold."""

    UNITS = "units"
    ACCOUNTS = "accounts"
    BILLS = "bills"


def import_file(
    kind: Annotated[Kind, typer.Argument(help="What the file holds.")],
    file: Annotated[Path, typer.Argument(help="CSV or JSON Lines in UTF-8.", exists=True, dir_okay=False)],
    rejects: Annotated[
        Path | None, typer.Option(help="Where rejected rows are explained; FILE.rejects.csv when absent.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON and show no progress.")] = False,  # noqa: FBT002 -- an option
) -> None:
    """Import a file, chunk by chunk; repeatable, resumed when it was cut off.

    Exit code 2 when the file cannot be read or is being imported, 3 when rows were rejected, 4 when the file that
    explains them cannot be written: all other rows are in, and a second start tries again.
    """
    settings = config.load()
    faults.arm_from_environment(settings.environment)
    url = settings.database_url.get_secret_value()
    db = Database(url, pool_size=14, deadline_s=intake.DEADLINE_S, statement_timeout_s=intake.DEADLINE_S)
    target = rejects or file.with_name(f"{file.name}.rejects.csv")
    try:
        bar = not as_json and sys.stderr.isatty()
        report = run(db, settings, kind=kind, file=file, actor=operator(), shows_progress=bar)
        _explain(db, report, target)
    except BadFile as refusal:
        typer.echo(f"{file}: {refusal.facts['reason']}", err=True)
        raise typer.Exit(CANNOT_START) from refusal
    except RunTaken as refusal:
        taken = f"another process is importing this file or another of {kind.value}: start again when it has ended"
        typer.echo(f"{file}: {taken}", err=True)
        raise typer.Exit(CANNOT_START) from refusal
    finally:
        db.close()
    _tell(report, kind, target, as_json=as_json)
    if report.rejected:
        raise typer.Exit(SOME_REJECTED)


def operator() -> Actor:
    """Whoever works at this machine: the operating system's name for them, as no variable can change it."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # containers run as numbers without a name
        name = str(uid)
    return Actor(f"operator:{name}", socket.gethostname())


def run(
    db: Database, settings: Settings, *, kind: Kind, file: Path, actor: Actor, shows_progress: bool = False
) -> Report:
    """Import one file with this deployment's settings."""
    loader = loader_of(kind, settings)
    bar = _bar(file) if shows_progress else nullcontext(lambda _progress: None)
    with bar as told:
        return intake.run(db, path=file, loader=loader, actor=actor, told=told)


def loader_of(kind: Kind, settings: Settings) -> Loader:
    """The loader of a kind of file."""
    match kind:
        case Kind.UNITS:
            return UnitsLoader()
        case Kind.ACCOUNTS:
            return AccountsLoader(
                Vault(data_keys=settings.data_key_ring, master_key=settings.master_key_bytes),
                currency=settings.supplier_currency,
                phone_region=settings.supplier_phone_region,
                locales=settings.locales,
                zone=settings.zone,
            )
        case Kind.BILLS:
            return BillsLoader(zone=settings.zone, now=clock.now())


def write_rejects(db: Database, report: Report, target: Path) -> None:
    """Explain rejected rows in a file of row, field, reason; without any, a file of an earlier run goes away.

    The file is whole or is not there. Raises OSError.
    """
    if not report.rejected:
        target.unlink(missing_ok=True)
        return
    draft = target.with_name(f"{target.name}.new")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("row", "field", "reason"))
            writer.writerows((each.row_no, each.field, each.reason) for each in _all_rejects(db, report.run_id))
        draft.replace(target)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _explain(db: Database, report: Report, target: Path) -> None:
    try:
        write_rejects(db, report, target)
    except OSError as error:
        typer.echo(f"{target}: {error.strerror}. All other rows are in; start again to have these explained", err=True)
        raise typer.Exit(REJECTS_UNWRITTEN) from error


def _all_rejects(db: Database, run_id: int) -> Iterator[Reject]:
    after = (0, "")
    while True:
        with db.read() as session:
            page = intake.rejects(session, run_id=run_id, after=after)
        if not page:
            return
        yield from page
        after = (page[-1].row_no, page[-1].field)


@contextmanager
def _bar(file: Path) -> Iterator[Callable[[Progress], None]]:
    with typer.progressbar(length=file.stat().st_size, label=file.name, file=sys.stderr) as bar:
        yield lambda progress: bar.update(progress.bytes_read - bar.pos)


def _tell(report: Report, kind: Kind, target: Path, *, as_json: bool) -> None:
    told: dict[str, Any] = {
        "kind": kind.value,
        "rows": report.rows,
        "taken": report.rows - report.rejected,
        "rejected": report.rejected,
        "resumed_from": report.resumed_from,
        "rejects_file": str(target) if report.rejected else None,
    }
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo(f"{report.rows} rows read, {told['taken']} taken, {report.rejected} rejected")
    if report.resumed_from:
        typer.echo(f"went on behind row {report.resumed_from} of a run that was cut off")
    if report.rejected:
        typer.echo(f"each rejected row is explained in {target}")
