"""`wattline import KIND FILE`: a file into the database, or what it would do there."""

import enum
import inspect
import os
import pwd
import re
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from app.commands import import_report
from app.commands.import_report import Told
from core import clock, config, faults, intake
from core.audit import Actor
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from core.errors import Refusal
from core.intake import Checker, Loader, Progress, Report, RunTaken, Whole
from core.records import BadFile, digest_of
from services.accounts.operations import AccountsLoader, EntitlementsLoader, UnitsLoader, WholeAccounts
from services.accounts.queries import imports, staffing
from services.billing.operations import BillingModesLoader, BillsLoader, WholeBills
from services.metering import operations as metering
from services.metering.operations import Naming, ReadingSource, Sender, limits_of
from services.tariffs.operations import HolidaysLoader, SlotPricesLoader, TemperaturesLoader

CANNOT_START: Final = 2
SOME_REJECTED: Final = 3
REJECTS_UNWRITTEN: Final = 4
MUCH_VANISHED: Final = 5
NOT_AS_SIGNED: Final = 6
_OFFSET: Final = re.compile(r"([+-])(0\d|1[0-4]):([0-5]\d)")


class Kind(enum.StrEnum):
    """What a file may hold."""

    UNITS = "units"
    ACCOUNTS = "accounts"
    BILLS = "bills"
    BILLING_MODES = "billing-modes"
    READINGS = "readings"
    REGISTER_READINGS = "register-readings"
    ENTITLEMENTS = "entitlements"
    HOLIDAYS = "holidays"
    TEMPERATURES = "temperatures"
    SLOT_PRICES = "slot-prices"


CHECKED: Final = frozenset({Kind.ACCOUNTS, Kind.BILLS, Kind.READINGS, Kind.REGISTER_READINGS})
"""What can be run dry."""
_WHOLE: Final = frozenset({Kind.ACCOUNTS, Kind.BILLS})
"""Of what a file may tell all there is."""


class NotAsSigned(Exception):
    """A file, or what it would do, is not what somebody stands for; nothing was loaded."""


_Zone = Annotated[
    str | None, typer.Option(help="Readings: the zone of times without an offset, as Asia/Shanghai or +10:00.")
]
_Minutes = Annotated[
    int | None, typer.Option(help="Readings: the length of intervals that do not say theirs; 15, 30 or 60.")
]
_Meter = Annotated[
    str | None, typer.Option(help="Readings: the meter number of a Green Button file with one usage point.")
]
_Meters = Annotated[
    Path | None,
    typer.Option(help="Readings: CSV with source and meter_no, what the file calls them.", exists=True, dir_okay=False),
]
_SumFive = Annotated[bool, typer.Option("--sum-five", help="Readings: sum intervals of 5 minutes to 15.")]


def import_file(
    kind: Annotated[Kind, typer.Argument(help="What the file holds.")],
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV or JSON Lines in UTF-8; readings: NEM12 and Green Button too.", exists=True, dir_okay=False
        ),
    ],
    *,
    rejects: Annotated[
        Path | None, typer.Option(help="Where rejected rows are explained; FILE.rejects.csv when absent.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON and show no progress.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge and compare everything, write nothing, keep the report.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="The file tells all there is: list what is known and not in it.")
    ] = False,
    unit: Annotated[str, typer.Option(help="With --full: all there is of this unit and those below.")] = "",
    most_vanished: Annotated[
        float, typer.Option(help="With --full: more than so many per cent vanished is an alarm.", min=0, max=100)
    ] = 5.0,
    signed_off: Annotated[
        int | None, typer.Option(help="Load only if this dry run is signed off and comes out the same again.")
    ] = None,
    zone: _Zone = None,
    minutes: _Minutes = None,
    meter: _Meter = None,
    meters: _Meters = None,
    sum_five: _SumFive = False,
) -> None:
    """Import a file, chunk by chunk; repeatable, resumed when it was cut off.

    Exit code 2 when the file cannot be read or is being imported, 3 when rows were rejected, 4 when the file that
    explains them cannot be written: all other rows are in, and a second start tries again. 5 when more vanished from a
    full file than may, 6 when a file is not what was signed off, or came out otherwise.
    """
    _check_options(kind, dry_run=dry_run, full=full, unit=unit, signed_off=signed_off)
    intervals = Intervals(None if zone is None else labels(zone), minutes, meter, meters, sum_five)
    _check_intervals(kind, intervals)
    settings = config.load()
    faults.arm_from_environment(settings.environment)
    url = settings.database_url.get_secret_value()
    db = Database(url, pool_size=14, deadline_s=intake.DEADLINE_S, statement_timeout_s=intake.DEADLINE_S)
    with_bar = not as_json and sys.stderr.isatty()
    work = _Command(
        db, settings, kind, file, operator(), lambda: _bar(file) if with_bar else nullcontext(_no_progress), intervals
    )
    try:
        if signed_off is not None:
            told = work.load_signed(signed_off)
        else:
            told = work.go(whole=work.whole(unit) if full else None, is_check=dry_run)
        files = _write_files(db, told.report, file, rejects)
    except (BadFile, RunTaken, NotAsSigned) as refusal:
        typer.echo(f"{file}: {_why(refusal, kind)}", err=True)
        raise typer.Exit(NOT_AS_SIGNED if isinstance(refusal, NotAsSigned) else CANNOT_START) from refusal
    finally:
        db.close()
    import_report.tell(told, files, most_vanished=most_vanished, as_json=as_json)
    if code := _code(told, most_vanished):
        raise typer.Exit(code)


def explained(refusal: Refusal) -> str:
    """A refusal on the screen of whoever works here: its code, and what it means."""
    meaning = inspect.cleandoc(type(refusal).__doc__ or "").split("\n\n", maxsplit=1)[0]
    return f"{refusal.code}: {' '.join(meaning.split())}"


def operator() -> Actor:
    """Whoever works at this machine: the operating system's name for them, as no variable can change it."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # containers run as numbers without a name
        name = str(uid)
    return Actor(f"operator:{name}", socket.gethostname())


def run(db: Database, settings: Settings, *, kind: Kind, file: Path, actor: Actor) -> Report:
    """Import one file with this deployment's settings."""
    return intake.run(db, path=file, loader=loader_of(kind, settings, file), actor=actor)


@dataclass(frozen=True, slots=True)
class Intervals:
    """What a file of readings does not say itself: zone of its times, length of its intervals, numbers of meters."""

    labels: tzinfo | None = None
    minutes: int | None = None
    meter: str | None = None
    meters: Path | None = None
    sums_five: bool = False

    def naming(self) -> Naming | None:
        """Names and lengths that formats of others need. Raises BadFile."""
        if self.meter is None and self.meters is None and not self.sums_five:
            return None
        known = {} if self.meters is None else metering.names_of(self.meters)
        return Naming(self.meter, known, self.sums_five)


def labels(text: str) -> tzinfo:
    """A zone by its name or its offset. Raises typer.BadParameter."""
    if found := _OFFSET.fullmatch(text):
        sign = -1 if found[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(found[2]), minutes=int(found[3])))
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise typer.BadParameter("is neither a zone like Asia/Shanghai nor an offset like +10:00") from error


def loader_of(kind: Kind, settings: Settings, file: Path, intervals: Intervals = Intervals()) -> Loader:
    """The loader of a kind of file. Raises BadFile."""
    loader: Loader
    match kind:
        case Kind.UNITS:
            loader = UnitsLoader()
        case Kind.BILLING_MODES:
            loader = BillingModesLoader(now=clock.now())
        case Kind.ENTITLEMENTS:
            loader = EntitlementsLoader(renewals=settings.renewal_months, now=clock.now())
        case Kind.HOLIDAYS:
            loader = HolidaysLoader(zone=settings.zone)
        case Kind.TEMPERATURES:
            loader = TemperaturesLoader(zone=settings.zone)
        case Kind.SLOT_PRICES:
            loader = SlotPricesLoader(zone=settings.zone)
        case _:
            loader = checker_of(kind, settings, file, intervals)
    return loader


def _sender(settings: Settings) -> Sender:
    return Sender(ReadingSource.FILE, operator(), settings.zone, clock.now(), limits_of(settings))


def checker_of(kind: Kind, settings: Settings, file: Path, intervals: Intervals) -> Checker:
    """The loader of a kind of file that can be run dry, one of CHECKED. Raises BadFile."""
    match kind:
        case Kind.READINGS:
            return metering.loader_of(
                file, _sender(settings), naming=intervals.naming(), labels=intervals.labels, minutes=intervals.minutes
            )
        case Kind.REGISTER_READINGS:
            return metering.RegisterReadingsLoader(_sender(settings), labels=intervals.labels)
        case Kind.BILLS:
            return BillsLoader(zone=settings.zone, now=clock.now())
        case _:
            return AccountsLoader(
                Vault(data_keys=settings.data_key_ring, master_key=settings.master_key_bytes),
                currency=settings.supplier_currency,
                phone_region=settings.supplier_phone_region,
                locales=settings.locales,
                zone=settings.zone,
            )


@dataclass(frozen=True, slots=True)
class _Command:
    """One start of the command. `bar` shows how far it is."""

    db: Database
    settings: Settings
    kind: Kind
    file: Path
    actor: Actor
    bar: Callable[[], AbstractContextManager[Callable[[Progress], None]]]
    intervals: Intervals

    def go(self, *, whole: Whole | None, is_check: bool, signed_off_id: int | None = None) -> Told:
        """Load the file or run it dry."""
        with self.bar() as told:
            if is_check:
                report = intake.check(
                    self.db,
                    path=self.file,
                    loader=checker_of(self.kind, self.settings, self.file, self.intervals),
                    actor=self.actor,
                    told=told,
                    whole=whole,
                    signed_off_id=signed_off_id,
                )
            else:
                report = intake.run(
                    self.db,
                    path=self.file,
                    loader=loader_of(self.kind, self.settings, self.file, self.intervals),
                    actor=self.actor,
                    told=told,
                    whole=whole,
                    signed_off_id=signed_off_id,
                )
        with self.db.read() as session:
            return Told(self.kind.value, is_check, report, imports.totals(session, run_id=report.run_id), [])

    def load_signed(self, run_id: int) -> Told:
        """Load what somebody stands for: this very file, and it must still come to the same.

        Raises NotAsSigned. What was cut off while it was loaded goes on: half of it is known by now.
        """
        with self.db.read() as session:
            signed = imports.checked_run(session, run_id=run_id)
            begun = imports.has_begun(session, signed_off_id=run_id)
            wanted = imports.totals(session, run_id=run_id)
        if signed is None or not signed.is_check or signed.kind != self.kind.value:
            msg = f"{run_id} is no dry run of {self.kind.value}"
            raise NotAsSigned(msg)
        if not signed.is_signed:
            msg = f"dry run {run_id} is not signed off"
            raise NotAsSigned(msg)
        if signed.digest != digest_of(self.file):
            raise NotAsSigned("the file is not the one that was signed off: its digest differs")
        whole = self.whole(signed.scope) if signed.is_full else None
        if not begun:
            again = self.go(whole=whole, is_check=True, signed_off_id=run_id)
            if differs := import_report.differences(wanted, again.totals):
                raise NotAsSigned("\n  ".join(("it would not come out as signed off any more:", *differs)))
        told = self.go(whole=whole, is_check=False, signed_off_id=run_id)
        told.differences.extend(import_report.differences(wanted, told.totals))
        return told

    def whole(self, unit: str) -> Whole:
        """The promise that the file tells all there is of a unit. Raises BadFile for an unknown one."""
        with self.db.read() as session:
            if unit and staffing.unit_by_code(session, code=unit) is None:
                raise BadFile(reason=f"{unit} is no known unit")
        return WholeBills(unit) if self.kind is Kind.BILLS else WholeAccounts(unit)


def _check_options(kind: Kind, *, dry_run: bool, full: bool, unit: str, signed_off: int | None) -> None:
    if kind not in CHECKED and (dry_run or signed_off is not None):
        msg = f"a file of {kind.value} has no dry run"
        raise typer.BadParameter(msg)
    if kind not in _WHOLE and full:
        msg = f"a file of {kind.value} never tells all there is"
        raise typer.BadParameter(msg)
    if unit and not full:
        raise typer.BadParameter("--unit says of what --full tells all")
    if signed_off is not None and (dry_run or full):
        raise typer.BadParameter("--signed-off does what was signed off, and nothing besides")


def _check_intervals(kind: Kind, intervals: Intervals) -> None:
    if kind is Kind.REGISTER_READINGS and intervals == Intervals(labels=intervals.labels):
        return
    if kind is not Kind.READINGS and intervals != Intervals():
        msg = f"--zone, --minutes, --meter, --meters and --sum-five say nothing of {kind.value}"
        raise typer.BadParameter(msg)
    if intervals.minutes not in {None, 15, 30, 60}:
        raise typer.BadParameter("--minutes is none of 15, 30, 60")


def _write_files(db: Database, report: Report, file: Path, rejects: Path | None) -> import_report.Files:
    target = rejects or file.with_name(f"{file.name}.rejects.csv")
    try:
        return import_report.write_files(
            db, report, rejects=target, vanished=target.with_name(f"{file.name}.vanished.csv")
        )
    except OSError as error:
        typer.echo(
            f"{error.filename or target}: {error.strerror}. All other rows are in; start again to have these explained",
            err=True,
        )
        raise typer.Exit(REJECTS_UNWRITTEN) from error


def _why(refusal: BadFile | RunTaken | NotAsSigned, kind: Kind) -> str:
    match refusal:
        case BadFile():
            return str(refusal.facts["reason"])
        case RunTaken():
            return f"another process is importing this file or another of {kind.value}: start again when it has ended"
        case _:
            return f"{refusal}\nnothing was loaded"


def _code(told: Told, most_vanished: float) -> int:
    if told.differences:
        return NOT_AS_SIGNED
    if told.vanished_percent() > most_vanished:
        return MUCH_VANISHED
    return SOME_REJECTED if told.report.rejected else 0


def _no_progress(_progress: Progress) -> None:
    """Nobody looks."""


@contextmanager
def _bar(file: Path) -> Iterator[Callable[[Progress], None]]:
    with typer.progressbar(length=file.stat().st_size, label=file.name, file=sys.stderr) as bar:
        yield lambda progress: bar.update(progress.bytes_read - bar.pos)
