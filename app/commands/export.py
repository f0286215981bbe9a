"""`wattline export ...`: facts out of the books into files."""

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from app import wiring
from app.commands.import_ import operator
from core import audit, config, faults
from core.config import Settings
from core.db import Database
from core.pagination import BadCursor, Cursors
from core.periods import start_of
from core.texts import spreadsheet_cell
from services.payments.queries import feed

CANNOT_START: Final = 2
FACTS_AT_ONCE: Final = 2_000
LAST_LINE_BYTES: Final = 64 * 1024
COLUMNS: Final = (
    *("id", "kind", "account_no", "amount_minor", "currency", "provider", "provider_transaction", "payment_no"),
    *("method", "settled", "effective_at", "recorded_at", "cursor"),
)
FORMATS: Final = (".csv", ".jsonl", ".ndjson")

cli = typer.Typer(no_args_is_help=True, help="Facts out of the books into files.")
cli.callback()(lambda: None)


class BadTarget(Exception):
    """The file cannot be what an export goes on with; the message says why."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What one run added, and the place behind it."""

    facts: int
    resumed: bool
    cursor: str


@cli.command("payments")
def export_payments(
    file: Annotated[Path, typer.Argument(help="CSV or JSON Lines by its name; one that is there is gone on with.")],
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day recorded.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day recorded.")] = None,
    after: Annotated[str | None, typer.Option(help="A cursor: only what stands behind it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON and show no progress.")] = False,  # noqa: FBT002 -- an option
) -> None:
    """Write the feed of payments into a file, from the beginning, from a day, or behind a cursor.

    A file that is there already is gone on with behind its last whole row: run again after a crash, or every night.
    Exit code 2 when it cannot be, or when the cursor is none.
    """
    settings = config.load()
    faults.arm_from_environment(settings.environment)
    db = Database(settings.database_url.get_secret_value())
    days = (None if since is None else since.date(), None if until is None else until.date())
    try:
        bar = _bar if not as_json and sys.stderr.isatty() else _quiet
        done = run(db, settings, file=file, days=days, after=after, bar=bar)
    except (BadTarget, OSError) as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(CANNOT_START) from error
    except BadCursor as refusal:
        typer.echo("that is no cursor of the feed of payments", err=True)
        raise typer.Exit(CANNOT_START) from refusal
    finally:
        db.close()
    if as_json:
        typer.echo(json.dumps({"facts": done.facts, "resumed": done.resumed, "cursor": done.cursor}))
    else:
        typer.echo(f"{done.facts} facts written{', behind those that were there' if done.resumed else ''}")
        typer.echo(f"the next begin behind {done.cursor}")


@contextmanager
def _bar(length: int) -> Iterator[Callable[[int], None]]:
    with typer.progressbar(length=length, label="payments", file=sys.stderr) as bar:
        yield bar.update


@contextmanager
def _quiet(_length: int) -> Iterator[Callable[[int], None]]:
    yield lambda _count: None


def run(
    db: Database,
    settings: Settings,
    *,
    file: Path,
    days: tuple[date | None, date | None] = (None, None),
    after: str | None = None,
    bar: Callable[[int], AbstractContextManager[Callable[[int], None]]] = _quiet,
) -> Exported:
    """Write what stands between the bounds and is not in the file yet. Raises BadTarget, BadCursor, OSError."""
    if file.suffix.lower() not in FORMATS:
        raise BadTarget("the name must end in .csv, .jsonl or .ndjson")
    cursors = Cursors(wiring.vault(settings).subkey("cursors"))
    place, end = _bounds(db, settings, days)
    place = max(place, feed.BEGINNING if after is None else feed.place_of(cursors, after))
    with file.open("r+b" if file.exists() else "w+b") as target:
        is_csv = file.suffix.lower() == ".csv"
        last = _last_cursor(target, is_csv=is_csv)
        place = max(place, feed.BEGINNING if last is None else feed.place_of(cursors, last))
        if is_csv and target.tell() == 0:
            target.write(_csv_line(COLUMNS))
        subject: dict[str, Any] = {"from": str(days[0] or ""), "to": str(days[1] or ""), "after_no": place}
        with db.write() as session:
            audit.record(session, actor=operator(), act="payments.exported", subject="payments:feed", after=subject)
        count = 0
        with bar(max(end - place, 0)) as told:
            for facts, reached in _pages(db, place, end):
                place = reached
                target.writelines(_line(fact, feed.cursor_of(cursors, no), is_csv=is_csv) for no, fact in facts)
                target.flush()
                faults.point("export.page.written")
                count += len(facts)
                told(len(facts))
        os.fsync(target.fileno())
    return Exported(count, last is not None, feed.cursor_of(cursors, place))


def _bounds(db: Database, settings: Settings, days: tuple[date | None, date | None]) -> tuple[int, int]:
    """The places between which lies what was recorded on these days, by the supplier's calendar."""
    with db.read() as session:
        if days == (None, None):
            return feed.BEGINNING, feed.last_number(session)
        first = days[0] or date(1970, 1, 1)
        last = days[1] or date(9990, 1, 1)
        between = feed.numbers_between(
            session,
            since=start_of(first, settings.zone),
            before=start_of(last + timedelta(days=1), settings.zone),
        )
    return (0, 0) if between is None else (between[0] - 1, between[1])


def _pages(db: Database, place: int, end: int) -> Iterator[tuple[Sequence[tuple[int, str]], int]]:
    """Page by page, each read in a transaction of its own: a slow disk holds nothing."""
    while place < end:
        with db.read() as session:
            page = feed.page(session, after=place, limit=FACTS_AT_ONCE, until=end)
        place = page.place
        yield page.facts, place


def _last_cursor(target: BinaryIO, *, is_csv: bool) -> str | None:
    """The cursor of the last whole row; what a crash left of another is cut off. Leaves the file at its end.

    Raises BadTarget, and leaves alone, what is no export of payments.
    """
    beginning = _csv_line(COLUMNS) if is_csv else b'{"id"'
    head = target.read(len(beginning))
    if not beginning.startswith(head):
        raise BadTarget("the file is there and is no export of payments")
    begin = target.seek(max(target.seek(0, os.SEEK_END) - LAST_LINE_BYTES, 0))
    tail = target.read()
    whole = tail.rfind(b"\n") + 1
    lines = tail[:whole].decode(errors="replace").splitlines()
    is_empty = not lines or (is_csv and begin == 0 and len(lines) == 1)
    try:
        last = None if is_empty else _cursor_in(lines[-1], is_csv=is_csv)
    except (csv.Error, ValueError, LookupError, TypeError) as error:
        raise BadTarget("the file is there and is no export of payments") from error
    target.truncate(begin + whole)
    target.seek(0, os.SEEK_END)
    return last


def _cursor_in(line: str, *, is_csv: bool) -> str:
    return str(next(csv.reader([line]))[-1] if is_csv else json.loads(line)["cursor"])


def _line(fact: str, cursor: str, *, is_csv: bool) -> bytes:
    if not is_csv:
        return f'{fact[:-1]}, "cursor": "{cursor}"}}\n'.encode()
    told = json.loads(fact)
    settled = ";".join(f"{each['kind']}|{each['no']}|{each['amount_minor']}" for each in told["settled"])
    texts = {**told, **told["amount"], "settled": settled, "cursor": cursor}
    return _csv_line([_cell(texts[column]) for column in COLUMNS])


def _cell(value: str | int | None) -> str:
    """A number is a number; a text of others is kept from being computed."""
    return str(value) if isinstance(value, int) else spreadsheet_cell(value or "")


def _csv_line(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode()
