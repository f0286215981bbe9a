"""Reads of lists that staff asked for as files."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.crypto.vault import Vault
from core.db import ReadSession
from services.accounts.queries import staffing
from services.casework.models import FileState
from services.casework.ports import LISTS


@dataclass(frozen=True, slots=True)
class FileView:
    """A list that somebody asked for as a file. `is_open`: it is ready, and they may still read all that it may tell.

    `rows` so far; `is_cut` says that the list has more than a file holds.
    """

    id: UUID
    of_list: str
    state: str
    rows: int
    pieces: int
    is_cut: bool
    is_open: bool
    is_taken: bool
    asked_at: datetime
    expires_at: datetime


_FILES: Final = """
select id, of_list, state, row_count, piece_count, is_cut, unit_ids, is_everywhere, taken_at, asked_at, expires_at
from staff_file
where staff_id = :staff_id and expires_at > :now and (cast(:id as uuid) is null or id = :id)
order by asked_at desc, id desc
"""


def files_of(session: ReadSession, *, staff_id: UUID, now: datetime) -> list[FileView]:
    """What somebody asked for, the latest first. Served by ix_staff_file_staff_id."""
    rows = session.sql(_FILES, staff_id=staff_id, id=None, now=now)
    return [_file(session, row, staff_id, now=now) for row in rows]


def file_of(session: ReadSession, *, file_id: UUID, staff_id: UUID, now: datetime) -> FileView | None:
    """One of them; None for anybody else's, and for one whose day is over."""
    row = session.sql(_FILES, staff_id=staff_id, id=file_id, now=now).one_or_none()
    return None if row is None else _file(session, row, staff_id, now=now)


def files_to_take(session: ReadSession, *, staff_id: UUID, now: datetime, limit: int) -> int:
    """How many somebody may take and has not taken, counted up to `limit`."""
    found = files_of(session, staff_id=staff_id, now=now)
    return min(limit, sum(each.is_open and not each.is_taken for each in found))


def file_piece(session: ReadSession, *, vault: Vault, file_id: UUID, no: int) -> str | None:
    """The text of one piece; None when the file is gone, or written anew."""
    sealed = session.sql(
        "select text_sealed from staff_file_piece where file_id = :file_id and no = :no", file_id=file_id, no=no
    ).scalar_one_or_none()
    if sealed is None:
        return None
    return vault.open(table="staff_file_piece", column="text", owner=f"file:{file_id}:{no}", sealed=bytes(sealed))


def _file(session: ReadSession, row: sa.Row[Any], staff_id: UUID, *, now: datetime) -> FileView:
    return FileView(
        id=row.id,
        of_list=row.of_list,
        state=row.state,
        rows=row.row_count,
        pieces=row.piece_count,
        is_cut=row.is_cut,
        is_open=row.state == FileState.READY and _may_read(session, row, staff_id, now=now),
        is_taken=row.taken_at is not None,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
    )


def _may_read(session: ReadSession, row: sa.Row[Any], staff_id: UUID, *, now: datetime) -> bool:
    """Whether somebody may still read the list wherever they could while it was written."""
    wanted = LISTS.get().get(row.of_list)
    if wanted is None:
        return False
    units = staffing.held_units(session, staff_id=staff_id, permission=wanted.permission, now=now)
    everywhere = staffing.staff_holds_everywhere
    return units.issuperset(row.unit_ids) and (
        not row.is_everywhere or everywhere(session, staff_id=staff_id, permission=wanted.permission, now=now)
    )
