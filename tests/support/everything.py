"""Everything that a deployment holds, as text: every table with its sealed cells opened, and Redis."""

import psycopg
import redis
from psycopg import sql

import app.tables  # noqa: F401 -- fills the register of sealed columns
from core.crypto.sealed import sealed_columns
from core.crypto.vault import Vault

COLUMNS = """
select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not c.relispartition
  and a.attnum > 0 and not a.attisdropped and a.atttypid = 'bytea'::regtype
"""
TABLES = """
select c.relname from pg_class c
where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not c.relispartition order by 1
"""


def tables(dsn: str, vault: Vault | None) -> dict[str, str]:
    """The text of each table: rows, bytes as far as they are text; with a vault, sealed cells in clear as well."""
    with psycopg.connect(dsn) as connection:
        connection.execute("set bytea_output = hex")
        found = {name: _rows(connection, "select t::text from {} t", name) for (name,) in connection.execute(TABLES)}
        for name, column in connection.execute(COLUMNS).fetchall():
            query = sql.SQL("select {} from {} where {} is not null").format(
                sql.Identifier(column), sql.Identifier(name), sql.Identifier(column)
            )
            found[name] += "\n".join(bytes(cell).decode("utf-8", "replace") for (cell,) in connection.execute(query))
        for each in sealed_columns() if vault is not None else []:
            assert vault is not None
            query = sql.SQL("select {}, {} from {} r where {} is not null").format(
                sql.SQL(each.owner),
                sql.Identifier("r", each.column),
                sql.Identifier(each.table),
                sql.Identifier("r", each.column),
            )
            found[each.table] += "\n".join(
                vault.open(table=each.table, column=each.cell, owner=owner, sealed=bytes(cell))
                for owner, cell in connection.execute(query)
                if cell
            )
    return found


def _rows(connection: psycopg.Connection[tuple[object, ...]], query: str, name: str) -> str:
    made = sql.SQL(query).format(sql.Identifier(name))
    return "\n".join(str(row) for (row,) in connection.execute(made))


def redis_text(url: str) -> str:
    """Every key of Redis with its value, as far as they are text."""
    client = redis.Redis.from_url(url)
    try:
        return "\n".join(
            f"{key.decode('utf-8', 'replace')} {(client.dump(key) or b'').decode('utf-8', 'replace')}"
            for key in client.scan_iter()
        )
    finally:
        client.close()


def holding(found: dict[str, str], needles: dict[str, str]) -> list[tuple[str, str]]:
    """Which table holds which needle."""
    return [(table, name) for table, text in found.items() for name, needle in needles.items() if needle in text]
