"""Programs of the supplier: the units in which they may act, and how much of what lies outside they are told."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from core import audit
from core.audit import Actor
from core.db import WriteSession
from services.accounts.errors import PushesLimited, UnitUnknown
from services.identity import operations as identity
from services.identity.operations import Limit

TOLD_OF_OTHERS: Final = Limit(50, 200)
"""Of how many rows one program is told, an hour and in 24, that what they name is known outside its units."""


def give_program_units(
    session: WriteSession, *, client: UUID, codes: Sequence[str], actor: Actor, now: datetime
) -> None:
    """Let a program read these units and those below them, and no others. Raises UnitUnknown."""
    wanted = sorted(set(codes))
    found = session.sql("select id, code from unit where code = any(:codes) order by code", codes=wanted).all()
    if missing := set(wanted) - {row.code for row in found}:
        raise UnitUnknown(unit=min(missing))
    before = session.sql(
        """with gone as (delete from service_unit where service_client_id = :client returning unit_id)
           select u.code from gone join unit u on u.id = gone.unit_id order by u.code""",
        client=client,
    ).scalars()
    kept = list(before)
    session.sql(
        """insert into service_unit (service_client_id, unit_id, granted_at)
           select :client, id, :now from unnest(cast(:ids as integer[])) id""",
        client=client,
        now=now,
        ids=[row.id for row in found],
    )
    audit.record(
        session,
        actor=actor,
        act="accounts.program_units_given",
        subject=f"service:{client}",
        before={"units": [*kept]},
        after={"units": [*wanted]},
    )


def check_pushes(session: WriteSession, *, client: UUID, now: datetime) -> None:
    """Raise PushesLimited while a program has been told as much of others as TOLD_OF_OTHERS: it pushes nothing then.

    Were pushes without such rows taken all the same, those that are not would tell of theirs.
    """
    wait_s = identity.lookup_wait_s(session, key=_key(client), limit=TOLD_OF_OTHERS, now=now)
    if wait_s is not None:
        raise PushesLimited(retry_after_s=wait_s)


def count_of_others(session: WriteSession, *, client: UUID, rows: Iterable[int], now: datetime) -> None:
    """Count the rows of which one push would tell that others have what they name; each once, however many its faults.

    Raises PushesLimited with all these rows when they are more than is left: the push is to be undone, and
    `note_pushes_limited` says how many of them may be told.
    """
    found = sorted(set(rows))
    for _ in found:
        wait_s = identity.count_lookup(session, key=_key(client), limit=TOLD_OF_OTHERS, now=now)
        if wait_s is not None:
            raise PushesLimited(retry_after_s=wait_s, rows=found)


def note_pushes_limited(session: WriteSession, *, client: UUID, actor: Actor, now: datetime) -> int:
    """Keep, of a push that was refused and undone, that the program has now been told all; audited.

    Answers of how many more rows it may be told: with their numbers it can be mended. What is refused while that lasts
    is not noted again.
    """
    counted = 0
    while identity.count_lookup(session, key=_key(client), limit=TOLD_OF_OTHERS, now=now) is None:
        counted += 1
    if counted:
        audit.record(session, actor=actor, act="accounts.pushes_limited", subject=f"service:{client}")
    return counted


def _key(client: UUID) -> bytes:
    return f"push_of_others|{client}".encode()
