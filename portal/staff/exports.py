"""Lists of the console as files for spreadsheets: read piece by piece while they leave, and bounded."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

from fastapi.responses import StreamingResponse

from core.db import Database, ReadSession
from core.periods import business_date
from web import spreadsheets
from web.runtime import Runtime

CHUNK: Final = 1_000
MOST_ROWS: Final = 50_000
"""Rows of one export: longer lists are narrowed by their filters."""

R = TypeVar("R")
Cells = tuple[str, ...]
Read = Callable[[ReadSession, R | None, int], Sequence[R]]
"""Up to so many rows behind the last one."""


def export(
    runtime: Runtime, db: Database, *, name: str, head: Cells, read: Read[R], cells: Callable[[R], Cells], now: datetime
) -> StreamingResponse:
    """A file of all rows that `read` finds; `db` is that of `Exports`, whose place is held to its end."""
    day = business_date(now, runtime.settings.zone).isoformat()
    return StreamingResponse(
        _pieces(db, head, read, cells),
        media_type=spreadsheets.MEDIA_TYPE,
        headers=spreadsheets.attachment(f"{name}-{day}.csv"),
    )


def _pieces(db: Database, head: Cells, read: Read[R], cells: Callable[[R], Cells]) -> Iterator[str]:
    """Each read in a transaction of its own: a slow reader holds nothing."""
    yield spreadsheets.MARK + spreadsheets.lines([head])
    last, left = None, MOST_ROWS
    while left > 0:
        wanted = min(CHUNK, left)
        with db.read() as session:
            rows = read(session, last, wanted)
        if rows:
            yield spreadsheets.lines([cells(row) for row in rows])
        if len(rows) < wanted:
            return
        last, left = rows[-1], left - len(rows)
    yield spreadsheets.lines([(f"only the first {MOST_ROWS} rows: narrow the filters for more",)])
