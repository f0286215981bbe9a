"""`wattline check-invariants`: whether ledger, bills and payments say the same."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import Annotated, Final

import typer

from core import config
from core.db import Database
from services.billing import flows

BROKEN: Final = 1
DEADLINE_S: Final = 3_600.0


def check_invariants(
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON and show no progress.")] = False,  # noqa: FBT002 -- an option
) -> None:
    """Judge all books, bills, payments and claims, and name each row that breaks a rule. Exit code 1 when any does."""
    url = config.load().database_url.get_secret_value()
    db = Database(url, deadline_s=DEADLINE_S, statement_timeout_s=DEADLINE_S)
    shows_progress = not as_json and sys.stderr.isatty()
    try:
        with _bar() if shows_progress else nullcontext(lambda _done, _of: None) as told:
            found = list(flows.check_all(db, told=told))
    finally:
        db.close()
    if as_json:
        typer.echo(json.dumps({"breaches": [asdict(each) for each in found]}, ensure_ascii=False))
    else:
        for each in found:
            typer.echo(f"{each.rule}  {each.subject or 'the house'}  {each.detail}")
        typer.echo(f"{len(found)} breaches" if found else "Every rule holds.")
    if found:
        raise typer.Exit(BROKEN)


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    with typer.progressbar(length=1_000, label="books", file=sys.stderr) as bar:
        yield lambda done, of: bar.update(done * 1_000 // of - bar.pos)
