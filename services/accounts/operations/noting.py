"""Notes at rest: what an earlier release wrote in clear is sealed, and a telephone is struck out of what they say."""

import re
from typing import Final
from uuid import UUID

from core.crypto.vault import Vault
from core.db import WriteSession, statement
from services.accounts.queries.finding import note_text
from services.accounts.rules import note_owner

AT_ONCE: Final = 500
"""Notes that are held in memory, and that one transaction seals."""
_DIGIT: Final = "[0-9\uff10-\uff19]"
_GAP: Final = r"[ .()/\-\u00a0\u2010-\u2015\u3000\uff08\uff09\uff0d\uff0f]{0,3}"
_WIDE: Final = ord("\uff10") - ord("0")
_SIGNIFICANT: Final = 8
STRUCK: Final = "***"


def seal_notes(session: WriteSession, *, vault: Vault, most: int = AT_ONCE) -> int:
    """Seal up to `most` notes that stand in clear; returns how many. What somebody holds is left to the next call."""
    found = session.sql(
        """select account_id, id, text from account_note where text <> ''
           order by account_id, id limit :most for update skip locked""",
        most=most,
    ).all()
    _seal(session, vault, [(row.account_id, row.id, row.text) for row in found])
    return len(found)


def strike_phone(session: WriteSession, *, vault: Vault, user_id: UUID, phone: str) -> int:
    """Strike a person's telephone out of all notes about accounts they act or acted for; returns out of how many.

    However it was written: with or without a country's number in front, its digits together or apart. Its last eight
    digits find it. Reads every such note, AT_ONCE at a time, and locks them until the transaction ends.
    """
    pattern, struck = phone_in_text(phone), 0
    after: tuple[int, UUID] = (0, UUID(int=0))
    query = statement(__package__, "notes_of_user.sql")
    while rows := session.sql(query, user_id=user_id, after_account=after[0], after_id=after[1], limit=AT_ONCE).all():
        after = (rows[-1].account_id, rows[-1].id)
        _seal(session, vault, [(row.account_id, row.id, row.text) for row in rows if row.sealed is None])
        for row in rows:
            said = note_text(vault, row.id, row.text, row.sealed)
            left = pattern.sub(STRUCK, said)
            if left != said:
                struck += 1
                session.sql(
                    "update account_note set text_sealed = :sealed where account_id = :account_id and id = :id",
                    sealed=_sealed(vault, row.id, left),
                    account_id=row.account_id,
                    id=row.id,
                )
    return struck


def phone_in_text(phone: str) -> re.Pattern[str]:
    """Finds an E.164 number in what people type."""
    last = phone[-_SIGNIFICANT:]
    end = _GAP.join(f"[{digit}{chr(ord(digit) + _WIDE)}]" for digit in last)
    return re.compile(rf"[+(\uff0b\uff08]?(?:{_DIGIT}{_GAP}){{0,7}}{end}")


def _seal(session: WriteSession, vault: Vault, notes: list[tuple[int, UUID, str]]) -> None:
    if notes:
        session.sql(
            "select account_notes_seal(cast(:accounts as bigint[]), cast(:ids as uuid[]), cast(:sealed as bytea[]))",
            accounts=[account_id for account_id, _, _ in notes],
            ids=[note_id for _, note_id, _ in notes],
            sealed=[_sealed(vault, note_id, text) for _, note_id, text in notes],
        )


def _sealed(vault: Vault, note_id: UUID, text: str) -> bytes:
    return vault.seal(table="account_note", column="text", owner=note_owner(note_id), text=text)
