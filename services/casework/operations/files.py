"""Lists of the console as files: asked for, written piece by piece by a job, sealed, kept for a day, for whoever asked.

A piece is one transaction under the lock of the file's row: whoever is killed leaves the pieces that are whole, and
whoever comes next goes on behind them. Erasing people takes the lock that every piece shares.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from core import audit, ids, locks
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import WriteSession, to_json
from core.errors import Json
from core.texts import CSV_MARK, csv_lines
from services.accounts.queries import staffing
from services.casework.errors import FilesMany
from services.casework.models import FileState
from services.casework.ports import LISTS, Part, StaffList
from services.casework.queries.files import FileView, file_of

PIECE_ROWS: Final = 1_000
MOST_ROWS: Final = 1_000_000
"""Rows of one file: longer lists are narrowed by their filters."""

MOST_AT_ONCE: Final = 3
"""Files of one person that are being written."""

MOST_KEPT: Final = 30
KEEP: Final = timedelta(days=1)
MOST_FAILURES: Final = 5
PUT_OFF_S: Final = 15
"""Seconds until the first further try; twice as long each time."""


_ERASING: Final = "casework.files"
_CLAIM = """
select id, staff_id, of_list, filters, unit_ids, is_everywhere, position, piece_count, row_count
from staff_file
where state = 'asked' and due_at <= now() and expires_at > :now and (cast(:id as uuid) is null or id = :id)
order by due_at, id limit 1 for update skip locked
"""
_WRITTEN = """
update staff_file set unit_ids = :unit_ids, is_everywhere = :is_everywhere, position = cast(:position as jsonb),
  piece_count = :pieces, row_count = :rows, is_cut = :is_cut, failures = 0, state = :state,
  due_at = case when :state = 'asked' then now() end,
  expires_at = case when is_anew then expires_at else :expires_at end
where id = :id
"""
_OVER = "update staff_file set state = :state, due_at = null, position = null, piece_count = 0 where id = :id"
_ANEW = """
update staff_file set id = uuidv7(), state = 'asked', due_at = now(), position = null, piece_count = 0, row_count = 0,
  is_cut = false, taken_at = null, is_anew = is_anew or state = 'ready'
where tells_of_people and state in ('asked', 'ready') and expires_at > now()
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A file whose row this transaction holds."""

    id: UUID
    staff_id: UUID
    of_list: str
    filters: Mapping[str, Json]
    unit_ids: frozenset[int]
    is_everywhere: bool
    position: list[Json] | None
    pieces: int
    rows: int


def ask_file(
    session: WriteSession,
    *,
    of_list: str,
    filters: dict[str, Json],
    staff_id: UUID,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Have a list written to a file, as it is filtered; raises FilesMany for who has asked for too many already."""
    locks.lock(session, key=f"{_ERASING}|{staff_id}")
    kept = session.sql(
        """select count(*) as kept, count(*) filter (where state = 'asked' and not is_anew) as open from staff_file
           where staff_id = :staff_id and expires_at > :now""",
        staff_id=staff_id,
        now=now,
    ).one()
    if kept.open >= MOST_AT_ONCE or kept.kept >= MOST_KEPT:
        raise FilesMany(open=MOST_AT_ONCE, kept=MOST_KEPT)
    file_id = ids.uuid7()
    session.sql(
        """insert into staff_file (id, staff_id, of_list, filters, tells_of_people, state, asked_at, due_at, expires_at)
           values (:id, :staff_id, :of_list, cast(:filters as jsonb), :tells, 'asked', :now, now(), :until)""",
        id=file_id,
        staff_id=staff_id,
        of_list=of_list,
        filters=to_json(filters),
        tells=LISTS.get()[of_list].tells_of_people,
        now=now,
        until=now + KEEP,
    )
    after: dict[str, Json] = {"file": str(file_id), **filters}
    audit.record(session, actor=actor, act="casework.file_asked", subject=f"list:{of_list}", after=after)
    return file_id


def claim_file(session: WriteSession, *, file_id: UUID | None, now: datetime) -> Claimed | None:
    """A file whose day is not over, or the one that has waited longest for its next piece.

    None without one, and when others are at it.
    """
    locks.share_lock(session, key=_ERASING)
    row = session.sql(_CLAIM, id=file_id, now=now).one_or_none()
    if row is None:
        return None
    return Claimed(
        row.id,
        row.staff_id,
        row.of_list,
        row.filters,
        frozenset(row.unit_ids),
        row.is_everywhere,
        row.position,
        row.piece_count,
        row.row_count,
    )


def write_piece(session: WriteSession, *, vault: Vault, file: Claimed, now: datetime) -> None:
    """Write the next rows. Where the reader may read now is noted; one who may nowhere any more gets nothing."""
    wanted = LISTS.get().get(file.of_list)
    held = None if wanted is None else _held(session, file.staff_id, wanted, now=now)
    if wanted is None or not held:
        _end(session, file_id=file.id, state=FileState.REFUSED)
        return
    units, is_everywhere = held
    left = MOST_ROWS - file.rows
    asked = Part(file.staff_id, file.filters, file.position, min(PIECE_ROWS, left) or 1, now)
    found = wanted.read(session, asked)
    is_cut = not left and bool(found.rows)
    rows = found.rows if left else ()
    text = _text(wanted, file, rows, is_cut=is_cut)
    if text:
        _keep(session, vault, file, text)
    is_over = found.position is None or not left
    session.sql(
        _WRITTEN,
        id=file.id,
        unit_ids=sorted(file.unit_ids | units),
        is_everywhere=file.is_everywhere or is_everywhere,
        position=None if is_over else to_json(found.position),
        pieces=file.pieces + bool(text),
        rows=file.rows + len(rows),
        is_cut=is_cut,
        state=FileState.READY.value if is_over else FileState.ASKED.value,
        expires_at=now + KEEP,
    )


def put_file_off(session: WriteSession, *, file_id: UUID) -> bool:
    """Try again later what failed, and leave it be after the fifth time in a row; tells whether it was left."""
    row = session.sql(
        """update staff_file set failures = failures + 1,
             due_at = now() + make_interval(secs => :base * power(2, failures))
           where id = :id and state = 'asked' returning failures""",
        id=file_id,
        base=PUT_OFF_S,
    ).one_or_none()
    if row is None or row.failures < MOST_FAILURES:
        return False
    _end(session, file_id=file_id, state=FileState.FAILED)
    return True


def take_file(session: WriteSession, *, file_id: UUID, staff_id: UUID, actor: Actor, now: datetime) -> FileView | None:
    """One's own file, ready, when one may still read in every unit that it may tell of; its pieces are read one by one.

    None for any other.
    """
    found = file_of(session, file_id=file_id, staff_id=staff_id, now=now)
    if found is None or not found.is_open:
        return None
    session.sql("update staff_file set taken_at = :now where id = :id", id=file_id, now=now)
    audit.record(
        session,
        actor=actor,
        act="casework.file_taken",
        subject=f"list:{found.of_list}",
        after={"file": str(file_id), "rows": found.rows},
    )
    return found


def drop_file(session: WriteSession, *, file_id: UUID, staff_id: UUID, actor: Actor) -> bool:
    """Delete one's own file now; False when there is none."""
    row = session.sql(
        "delete from staff_file where id = :id and staff_id = :staff_id returning of_list",
        id=file_id,
        staff_id=staff_id,
    ).one_or_none()
    if row is None:
        return False
    audit.record(
        session, actor=actor, act="casework.file_dropped", subject=f"list:{row.of_list}", before={"file": str(file_id)}
    )
    return True


def write_files_anew(session: WriteSession) -> None:
    """Let files that tell of people be written again from the start: somebody is being erased in this transaction.

    They get other ids, so that whoever takes one meanwhile is cut off rather than given two halves. One whose day is
    over is not written again, and none gets another day.
    """
    locks.lock(session, key=_ERASING)
    session.sql("delete from staff_file_piece p using staff_file f where f.id = p.file_id and f.tells_of_people")
    session.sql(_ANEW)


def purge_files(session: WriteSession, *, now: datetime, most: int) -> int:
    """Forget up to `most` files whose day is over; returns how many."""
    return session.sql(
        """delete from staff_file where id in (
             select id from staff_file where expires_at <= :now order by expires_at limit :most for update skip locked
           )""",
        now=now,
        most=most,
    ).rowcount


def _held(
    session: WriteSession, staff_id: UUID, wanted: StaffList, *, now: datetime
) -> tuple[frozenset[int], bool] | None:
    """The units where they may read this list now, and whether these are all; None without any."""
    units = staffing.held_units(session, staff_id=staff_id, permission=wanted.permission, now=now)
    if not units:
        return None
    may = staffing.staff_holds_everywhere
    return units, may(session, staff_id=staff_id, permission=wanted.permission, now=now)


def _text(wanted: StaffList, file: Claimed, rows: Any, *, is_cut: bool) -> str:
    head = CSV_MARK + csv_lines([wanted.head]) if file.pieces == 0 else ""
    note = csv_lines([(f"only the first {MOST_ROWS} rows: narrow the filters for more",)]) if is_cut else ""
    return head + csv_lines(rows) + note


def _keep(session: WriteSession, vault: Vault, file: Claimed, text: str) -> None:
    owner = f"file:{file.id}:{file.pieces}"
    session.sql(
        "insert into staff_file_piece (file_id, no, text_sealed) values (:file_id, :no, :sealed)",
        file_id=file.id,
        no=file.pieces,
        sealed=vault.seal(table="staff_file_piece", column="text", owner=owner, text=text),
    )


def _end(session: WriteSession, *, file_id: UUID, state: FileState) -> None:
    session.sql("delete from staff_file_piece where file_id = :id", id=file_id)
    session.sql(_OVER, id=file_id, state=state.value)
