"""What is written as evidence stays as it was written, and what is handed out as a file computes nothing."""

import csv
from pathlib import Path
from typing import Final

import psycopg
import pytest

from app.commands import import_report
from core.audit import Actor, record
from core.crypto.vault import Vault
from core.db import Database
from tests.factories.accounts import make_account
from tests.factories.staff import note

EVIDENCE: Final = ("audit", "account_note", "posting", "txn", "consent", "bill_settlement")
CHANGES: Final = ("update {} set {} = {}", "delete from {}", "truncate {} cascade")
WORSE: Final = {"audit": ("act", "'changed'"), "account_note": ("text", "'Rung.'")}
"""A change where setting what is there to itself is none."""


def first_column(dsn: str, table: str) -> str:
    """A column that may be set, as far as its kind goes."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        [(found,)] = connection.execute(
            """select attname from pg_attribute
               where attrelid = cast(%s as regclass) and attnum > 0 and attidentity = '' limit 1""",
            (table,),
        ).fetchall()
    return str(found)


@pytest.mark.parametrize("table", EVIDENCE)
def test_what_is_written_as_evidence_is_changed_by_nobody(
    database: Database, vault: Vault, app_dsn: str, owner_dsn: str, table: str
) -> None:
    """The application has no right to; the owner of the tables is refused by their triggers."""
    with database.write() as session:
        account = make_account(session, vault)
        record(session, actor=Actor("staff:somebody"), act="accounts.revealed", subject=f"account:{account.id}")
        note(session, vault, account.id, "Rang.")
    column, value = WORSE.get(table) or (first_column(owner_dsn, table),) * 2
    for change in CHANGES:
        statement = change.format(table, column, value)
        with psycopg.connect(app_dsn) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)
        with psycopg.connect(owner_dsn) as owner, pytest.raises(psycopg.errors.RestrictViolation):
            owner.execute(statement)


def test_no_cell_of_an_imports_report_is_a_formula(tmp_path: Path) -> None:
    target = tmp_path / "rejects.csv"
    import_report._write(
        target, ("row", "field", "reason"), [(7, "=HYPERLINK(1)", "@SUM(A1)"), (-8, "amount", "plain")]
    )
    with target.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [["7", "'=HYPERLINK(1)", "'@SUM(A1)"], ["-8", "amount", "plain"]]
