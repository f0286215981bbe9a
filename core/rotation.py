"""Sealing everything anew with the first key of the ring, in small steps, while others read and write.

A pass goes through a column's table by primary key, a page at a time: a page is read in one transaction, sealed anew
in none, and written in a second that replaces a cell only where it still is what was read, never waiting for a lock.
What others changed meanwhile they sealed themselves. Passes repeat until one finds no cell of an older key. How far a
pass has come is a row, so that a run that was cut off, or another process, goes on there; the cells are the truth.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from core import faults
from core.crypto.sealed import SealedColumn, sealed_columns
from core.crypto.vault import CannotOpen, Vault
from core.db import Database, ReadSession, Timestamp, WriteSession, to_json

log = structlog.get_logger(__name__)

PAGE: Final = 2_000
RECHECK_DAYS: Final = 1
"""A finished column is looked through again so often: a process with yesterday's settings may still seal with them."""


class KeyRotationRow(SQLModel, table=True):
    """How far one column has come towards the key `key_id`; `after` is the last primary key of the present pass."""

    __tablename__ = "key_rotation"

    table_name: str = Field(sa_type=sa.Text, primary_key=True)
    column_name: str = Field(sa_type=sa.Text, primary_key=True)
    key_id: str = Field(sa_type=sa.Text)
    after: list[Any] | None = Field(default=None, sa_type=JSONB)
    resealed: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": sa.text("0")})
    found: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": sa.text("0")})
    unreadable: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": sa.text("0")})
    started_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
    finished_at: datetime | None = Field(default=None, sa_type=Timestamp)


@dataclass(frozen=True, slots=True)
class KeyCount:
    """How many cells of a column name a key. An empty `key_id` counts what is no sealed value at all."""

    table: str
    column: str
    key_id: str
    rows: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where a pass is. `found` counts what it met of older keys, `unreadable` what no key of the ring opens."""

    after: list[Any] | None
    found: int
    unreadable: int
    is_finished: bool


@dataclass(frozen=True, slots=True)
class _Page:
    """Keys of all rows read; of those with an older key also owner and cell."""

    rows: Sequence[sa.Row[Any]]
    is_last: bool


def count_by_key(session: ReadSession) -> list[KeyCount]:
    """What names which key, by column. Reads every sealed table whole."""
    found: list[KeyCount] = []
    for column in sealed_columns():
        rows = session.connection().execute(sa.text(_count_sql(column)))
        found += [KeyCount(column.table, column.column, row.key_id, row.rows) for row in rows]
    return found


def rotate(
    db: Database,
    *,
    vault: Vault,
    is_over: Callable[[], bool] = lambda: False,
    told: Callable[[int], None] = lambda _resealed: None,
    page: int = PAGE,
) -> bool:
    """Seal anew what names an older key; False when `is_over` ended the run before all was done.

    `told` hears after each page how many cells were sealed anew. Any number of runs may work at once: they share the
    pages.
    """
    for column in sealed_columns():
        while not _take_position(db, column, vault.key_id).is_finished:
            if is_over():
                return False
            told(_turn_page(db, vault, column, page))
    return True


def unreadable(session: ReadSession) -> dict[str, int]:
    """Cells that no key of the ring opened in the last pass, by `table.column`; only columns that have some."""
    rows = session.sql(
        """select table_name, column_name, unreadable from key_rotation
           where unreadable > 0 order by table_name, column_name"""
    )
    return {f"{row.table_name}.{row.column_name}": row.unreadable for row in rows}


def _take_position(db: Database, column: SealedColumn, key_id: str) -> Position:
    """Where the column's pass goes on; a new key, or a day since the last whole round, begins a new one."""
    with db.write() as session:
        session.sql(
            """insert into key_rotation as k (table_name, column_name, key_id) values (:table, :column, :key_id)
               on conflict (table_name, column_name) do update
                 set key_id = excluded.key_id, after = null, resealed = 0, found = 0, unreadable = 0,
                   started_at = now(), finished_at = null
                 where k.key_id <> excluded.key_id or k.finished_at < now() - make_interval(days => :days)""",
            table=column.table,
            column=column.column,
            key_id=key_id,
            days=RECHECK_DAYS,
        )
        return _position(session, column)


def _position(session: ReadSession, column: SealedColumn) -> Position:
    row = session.sql(
        """select after, found, unreadable, finished_at from key_rotation
           where table_name = :table and column_name = :column""",
        table=column.table,
        column=column.column,
    ).one()
    return Position(row.after, row.found, row.unreadable, row.finished_at is not None)


def _turn_page(db: Database, vault: Vault, column: SealedColumn, size: int) -> int:
    """One page of the present pass; returns how many cells were sealed anew."""
    with db.read() as session:
        position = _position(session, column)
        page = _read(session, vault, column, after=position.after, size=size)
    faults.point("rotation.page.read")
    old = [row for row in page.rows if row.cell is not None]
    fresh = list(_sealed_anew(vault, column, old))
    lost = len(old) - len(fresh)
    with db.write() as session:
        written = _write(session, column, fresh) if fresh else 0
        _keep(session, column, vault.key_id, position, page, written=written, found=len(fresh), lost=lost)
        faults.point("rotation.page.before_commit")
    faults.point("rotation.page.committed")
    return written


def _read(session: ReadSession, vault: Vault, column: SealedColumn, *, after: list[Any] | None, size: int) -> _Page:
    params = {} if after is None else {f"after_{place}": value for place, value in enumerate(after)}
    rows = (
        session.connection()
        .execute(sa.text(_page_sql(column, is_first=after is None)), {**params, "size": size, "head": vault.head})
        .all()
    )
    return _Page(rows, is_last=len(rows) < size)


def _sealed_anew(vault: Vault, column: SealedColumn, old: Sequence[sa.Row[Any]]) -> Iterator[tuple[sa.Row[Any], bytes]]:
    for row in old:
        try:
            text = vault.open(table=column.table, column=column.cell, owner=row.owner, sealed=bytes(row.cell))
        except CannotOpen:
            log.warning("sealed_unreadable", table=column.table, column=column.column, key=list(map(str, row[:-2])))
            continue
        yield row, vault.seal(table=column.table, column=column.cell, owner=row.owner, text=text)


def _write(session: WriteSession, column: SealedColumn, fresh: Sequence[tuple[sa.Row[Any], bytes]]) -> int:
    params: dict[str, object] = {f"key_{place}": [row[place] for row, _ in fresh] for place in range(len(column.key))}
    params |= {"was": [bytes(row.cell) for row, _ in fresh], "becomes": [cell for _, cell in fresh]}
    return session.connection().execute(sa.text(_write_sql(column)), params).rowcount


def _keep(
    session: WriteSession,
    column: SealedColumn,
    key_id: str,
    position: Position,
    page: _Page,
    *,
    written: int,
    found: int,
    lost: int,
) -> None:
    """Move the pass on, unless another run has. The last page ends it: without a find the column is done."""
    is_clean = page.is_last and position.found + found == 0
    after = None if page.is_last else [str(value) for value in page.rows[-1][: len(column.key)]]
    session.sql(
        """update key_rotation set after = cast(:after as jsonb), resealed = resealed + :written,
             found = case when :is_last then 0 else found + :found end,
             unreadable = case when :is_again then 0 else unreadable + :lost end,
             finished_at = case when :is_clean then now() end
           where table_name = :table and column_name = :column and key_id = :key_id and finished_at is null
             and after is not distinct from cast(:was as jsonb) and found = :was_found""",
        table=column.table,
        column=column.column,
        key_id=key_id,
        after=None if after is None else to_json(after),
        was=None if position.after is None else to_json(position.after),
        was_found=position.found,
        written=written,
        found=found,
        lost=lost,
        is_last=page.is_last,
        is_again=page.is_last and not is_clean,
        is_clean=is_clean,
    )


def _count_sql(column: SealedColumn) -> str:
    return f"""
        select case when get_byte(r.{column.column} || '\\x0000', 0) = 1 and length(r.{column.column}) > 2
            then convert_from(substring(r.{column.column} from 3 for get_byte(r.{column.column}, 1)), 'UTF8')
            else '' end as key_id, count(*) as rows
        from {column.table} r where r.{column.column} is not null group by 1 order by 1"""  # noqa: S608 -- names of models


def _page_sql(column: SealedColumn, *, is_first: bool) -> str:
    names = ", ".join(name for name, _ in column.key)
    bounds = ", ".join(f"cast(:after_{place} as {kind})" for place, (_, kind) in enumerate(column.key))
    behind = "" if is_first else f"where ({names}) > ({bounds})"
    is_old = f"substring(r.{column.column} from 1 for length(:head)) <> :head"
    keys = ", ".join(f"r.{name}" for name, _ in column.key)
    return f"""
        select {keys}, case when {is_old} then {column.owner} end as owner,
          case when {is_old} then r.{column.column} end as cell
        from (select * from {column.table} {behind} order by {names} limit :size) r order by {keys}"""  # noqa: S608 -- as above


def _write_sql(column: SealedColumn) -> str:
    """Rows are locked by ascending key and skipped when somebody has them: whoever works there is never waited for."""
    names = ", ".join(name for name, _ in column.key)
    arrays = ", ".join(f"cast(:key_{place} as {kind}[])" for place, (_, kind) in enumerate(column.key))
    joined = " and ".join(f"r.{name} = {{0}}.{name}" for name, _ in column.key)
    keys = ", ".join(f"r.{name}" for name, _ in column.key)
    cell = column.column
    return f"""
        with given as materialized (
          select * from unnest({arrays}, cast(:was as bytea[]), cast(:becomes as bytea[])) g ({names}, was, becomes)
        ), held as materialized (
          select {keys}, g.was, g.becomes from {column.table} r join given g on {joined.format("g")}
          where r.{cell} = g.was order by {keys} for no key update of r skip locked
        )
        update {column.table} r set {cell} = h.becomes from held h where {joined.format("h")} and r.{cell} = h.was"""  # noqa: S608 -- as above
