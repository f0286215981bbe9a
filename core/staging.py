"""Temporary tables that live as long as a transaction: filled by COPY, counted, and judged row by row."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString

import psycopg
import sqlalchemy as sa
from psycopg import sql

from core.db import Statement, WriteSession
from core.records import Reject


def stage(
    session: WriteSession,
    *,
    table: LiteralString,
    columns: Mapping[LiteralString, LiteralString],
    rows: Iterable[Sequence[object]],
) -> None:
    """Fill a temporary (hence unlogged) table by COPY.

    It lives as long as the transaction; `columns` maps names to types.
    """
    make(session, table=table, columns=columns)
    with (
        _driver(session).cursor() as cursor,
        cursor.copy(sql.SQL("copy {} from stdin").format(sql.Identifier(table))) as copy,
    ):
        for row in rows:
            copy.write_row(row)
    analyze(session, table=table)


def make(session: WriteSession, *, table: LiteralString, columns: Mapping[LiteralString, LiteralString]) -> None:
    """Make an empty temporary table that lives as long as the transaction; what it analyzes from now on is sampled."""
    driver = _driver(session)
    driver.execute("set local default_statistics_target = 10")  # a sample of hundreds says enough of thousands
    declared = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in columns.items()
    )
    made = sql.SQL("create temporary table {} ({}) on commit drop").format(sql.Identifier(table), declared)
    driver.execute(made)


def _driver(session: WriteSession) -> psycopg.Connection[Any]:
    connection: psycopg.Connection[Any] | None = session.connection().connection.driver_connection
    if connection is None:
        raise RuntimeError("a session inside a transaction has a connection")
    return connection


def analyze(session: WriteSession, *, table: LiteralString) -> None:
    """Count a temporary table: without statistics the planner takes it for empty and joins by nested loops."""
    _driver(session).execute(sql.SQL("analyze {}").format(sql.Identifier(table)))


def refuse(session: WriteSession, *, table: LiteralString, judgement: Statement, **params: object) -> list[Reject]:
    """Take rows out of a staged table: `judgement` answers (row_no, field, reason), a row as often as it has faults."""
    found = [Reject(row.row_no, row.field, row.reason) for row in session.sql(judgement, **params)]
    if found:
        session.connection().execute(
            sa.text(f"delete from {table} where row_no = any(:row_nos)"),  # noqa: S608 -- a literal name
            {"row_nos": list({each.row_no for each in found})},
        )
    return found
