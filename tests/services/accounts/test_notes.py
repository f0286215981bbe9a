"""Notes of staff at rest: sealed, also those that an earlier release wrote in clear, and never more than was written."""

from typing import Final

import psycopg
import pytest

from core.crypto.vault import Vault
from core.db import Database
from services.accounts import operations
from services.accounts.operations.noting import phone_in_text
from tests.factories.accounts import make_account
from tests.factories.staff import note, note_in_clear, notes_about
from tests.support.everything import tables

SAID: Final = "Ms Needle rang"


def test_notes_are_sealed_and_those_in_clear_are_read_and_sealed_in_small_steps(
    database: Database, vault: Vault, owner_dsn: str
) -> None:
    with database.write() as session:
        account_id = make_account(session, vault).id
        note(session, vault, account_id, f"{SAID} 0.")
        for number in range(1, 6):
            note_in_clear(session, account_id, f"{SAID} {number}.")
    said = [f"{SAID} {number}." for number in range(6)]
    steps: list[int] = []
    while not steps or steps[-1]:
        with database.write() as session:
            assert notes_about(session, vault, account_id) == said
            steps.append(operations.seal_notes(session, vault=vault, most=2))
    assert steps == [2, 2, 1, 0]
    assert SAID not in tables(owner_dsn, None)["account_note"]
    with database.read() as session:
        assert notes_about(session, vault, account_id) == said


@pytest.mark.parametrize(
    ("text", "key", "is_kept"),
    [
        ("Rang twice.", "b", False),
        ("Rang one.", "a", False),
        ("Rang off", "a", True),
        ("Rang one.", "b", True),
    ],
)
def test_a_sealed_note_becomes_less_or_names_another_key_and_nothing_else(
    database: Database, vault: Vault, app_dsn: str, text: str, key: str, is_kept: bool
) -> None:
    other = Vault(data_keys={key: bytes(32)}, master_key=bytes(32))
    with database.write() as session:
        account_id = make_account(session, vault).id
        note(session, vault, account_id, "Rang one.")
        note_id = session.sql("select id from account_note").scalar_one()
    cell = other.seal(table="account_note", column="text", owner=f"account_note:{note_id}", text=text)
    with psycopg.connect(app_dsn) as app:
        if is_kept:
            app.execute("update account_note set text_sealed = %s", [cell])
        else:
            with pytest.raises(psycopg.errors.RestrictViolation):
                app.execute("update account_note set text_sealed = %s", [cell])


def test_what_reads_notes_in_clear_alone_strikes_nothing_where_some_are_sealed(
    database: Database, vault: Vault, app_dsn: str
) -> None:
    """So that a worker of the release before puts the erasure off instead of leaving the telephone in them."""
    strike = "select account_notes_strike(array[%s::bigint], '8613800138000')"
    with database.write() as session:
        account_id = make_account(session, vault).id
        note_in_clear(session, account_id, "from 13800138000")
    with psycopg.connect(app_dsn, autocommit=True) as app:
        assert app.execute(strike, [account_id]).fetchone() == (1,)
        with database.write() as session:
            note(session, vault, account_id, "from 13800138000")
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            app.execute(strike, [account_id])


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("from +86 138-0013-8000.", "from ***."),
        ("(138) 0013 8000 or 00138000", "*** or ***"),
        (
            "\uff11\uff13\uff18\uff10\uff10\uff11\uff13\uff18\uff10\uff10\uff10\uff0c\u660e\u5929",
            "***\uff0c\u660e\u5929",
        ),
        ("138/00138000, 138 / 00 13 80 00", "***, ***"),
        ("138\u00a00013\u20138000 or 138 - 00138000", "*** or ***"),
        ("bill 3700000001 of 13800139000", "bill 3700000001 of 13800139000"),
    ],
)
def test_a_telephone_is_found_however_it_is_typed(typed: str, left: str) -> None:
    assert phone_in_text("+8613800138000").sub("***", typed) == left
