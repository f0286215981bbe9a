"""`wattline rotate-keys`: personal data at rest under the first key of the ring."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import Annotated, Final

import typer

from app import wiring
from core import config, faults, rotation
from core.db import Database
from core.rotation import KeyCount

UNREADABLE: Final = 1
DEADLINE_S: Final = 3_600.0
"""Counting reads every sealed table whole."""


def rotate_keys(
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON and show no progress.")] = False,  # noqa: FBT002 -- an option
) -> None:
    """Seal all personal data anew with the first key of WATTLINE_DATA_KEYS, while everything runs.

    Repeatable; resumed where it was cut off. Tells how many rows name each key. Exit code 1 when some could not be
    opened by any key of the ring.
    """
    settings = config.load()
    faults.arm_from_environment(settings.environment)
    vault = wiring.vault(settings)
    url = settings.database_url.get_secret_value()
    db = Database(url, pool_size=2, deadline_s=DEADLINE_S, statement_timeout_s=DEADLINE_S)
    try:
        before = _counts(db)
        older = sum(each.rows for each in before if each.key_id != vault.key_id)
        shows_progress = not as_json and sys.stderr.isatty() and older > 0
        with _bar(older) if shows_progress else nullcontext(lambda _resealed: None) as told:
            rotation.rotate(db, vault=vault, told=told)
        with db.read() as session:
            unreadable = rotation.unreadable(session)
        after = _counts(db)
    finally:
        db.close()
    _tell(after, unreadable, vault.key_ids, as_json=as_json)
    if unreadable:
        raise typer.Exit(UNREADABLE)


def by_key(counts: list[KeyCount]) -> dict[str, int]:
    """Rows of all columns together that name each key."""
    return {
        key_id: sum(each.rows for each in counts if each.key_id == key_id)
        for key_id in sorted({each.key_id for each in counts})
    }


def _counts(db: Database) -> list[KeyCount]:
    with db.read() as session:
        return rotation.count_by_key(session)


def _tell(after: list[KeyCount], unreadable: dict[str, int], ring: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        told = {"ring": list(ring), "rows": [asdict(each) for each in after], "unreadable": unreadable}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    named = by_key(after)
    for key_id in dict.fromkeys([*ring, *named]):
        rows = named.get(key_id, 0)
        note = "seals" if key_id == ring[0] else "may be taken out of the ring" if rows == 0 else "still needed"
        typer.echo(f"key {key_id or '(none)'}: {rows} rows, {note}")
    for column, rows in unreadable.items():
        typer.echo(f"{column}: {rows} rows are opened by no key of the ring", err=True)


@contextmanager
def _bar(older: int) -> Iterator[Callable[[int], None]]:
    with typer.progressbar(length=older, label="rows", file=sys.stderr) as bar:
        yield bar.update
