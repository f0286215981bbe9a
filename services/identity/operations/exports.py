"""A person's copy of what is known of them: asked for, made by a job, taken once within three days."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from core import audit, ids, outbox
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import WriteSession, is_lost, to_json
from core.errors import Json
from services.identity import queries, rules
from services.identity.events import DataExportTaken
from services.identity.operations.codes import CodeBurnt, CodeRefused, check_own_code
from services.identity.ports import PERSONAL_DATA, Purpose
from services.identity.queries import ExportView

KEEP: Final = timedelta(days=3)
VERSION: Final = 1
SOON: Final = timedelta(minutes=1)
"""How long a copy that could not be made waits the first time."""

log = structlog.get_logger(__name__)


def ask_export(session: WriteSession, *, user_id: UUID, actor: Actor, now: datetime) -> ExportView:
    """Have a copy made; one that is being made, or waits to be taken, is not made twice."""
    added = session.sql(
        """insert into data_export as e (user_id, id, asked_at, due_at) values (:user_id, :id, :now, :now)
           on conflict (user_id) do update set id = excluded.id, asked_at = excluded.asked_at, made_at = null,
             expires_at = null, document_sealed = null, due_at = excluded.due_at, failures = 0, error = null
           where e.expires_at <= excluded.asked_at""",
        user_id=user_id,
        id=ids.uuid7(),
        now=now,
    ).rowcount
    if added:
        audit.record(session, actor=actor, act="identity.export_asked", subject=f"user:{user_id}")
    found = queries.data_export(session, user_id=user_id, now=now)
    return found or ExportView(now, None)


@dataclass(frozen=True, slots=True)
class Made:
    """One step of the job: whose turn it was, and whether it had to be put off."""

    user_id: UUID
    is_done: bool


def make_next(session: WriteSession, *, vault: Vault, now: datetime) -> Made | None:
    """Make the copy that was asked for first; None when there is none to make.

    One that cannot be made is put off, longer each time, and holds up no other. Raises what broke the connection.
    """
    row = session.sql(
        """select user_id, id, failures from data_export where made_at is null and due_at <= :now
           order by asked_at, user_id limit 1 for update skip locked""",
        now=now,
    ).one_or_none()
    if row is None:
        return None
    try:
        with session.begin_nested():
            _make(session, vault=vault, user_id=row.user_id, export_id=row.id, now=now)
    except Exception as error:
        if is_lost(error):
            raise
        log.exception("export_put_off", export_id=str(row.id))
        session.sql(
            "update data_export set failures = failures + 1, error = :error, due_at = :due_at where id = :id",
            error=type(error).__name__,
            due_at=now + rules.put_off(SOON, failures=row.failures),
            id=row.id,
        )
        return Made(row.user_id, is_done=False)
    return Made(row.user_id, is_done=True)


def _make(session: WriteSession, *, vault: Vault, user_id: UUID, export_id: UUID, now: datetime) -> None:
    sections: dict[str, list[dict[str, Json]]] = {}
    for part in PERSONAL_DATA.get():
        sections |= part.export(session, vault=vault, user_id=user_id)
    document = to_json({"version": VERSION, "made_at": now.isoformat(), "sections": sections})
    session.sql(
        """update data_export set made_at = :now, expires_at = :until, document_sealed = :sealed, error = null
           where id = :id""",
        now=now,
        until=now + KEEP,
        sealed=vault.seal(table="data_export", column="document", owner=f"export:{export_id}", text=document),
        id=export_id,
    )


def take_export(
    session: WriteSession, *, vault: Vault, user_id: UUID, device: str, code: str, actor: Actor, now: datetime
) -> dict[str, Any] | CodeRefused | CodeBurnt | None:
    """The copy, this once, on the word of a code that came to the person's telephone: with it the row is gone.

    Commit whatever comes back. None when no copy is ready, or its three days are over: then the code stays good.
    Publishes DataExportTaken.
    """
    row = session.sql(
        """select id, document_sealed from data_export where user_id = :user_id and expires_at > :now for update""",
        user_id=user_id,
        now=now,
    ).one_or_none()
    if row is None:
        return None
    refused = check_own_code(
        session, vault=vault, user_id=user_id, device=device, code=code, purpose=Purpose.EXPORT, now=now
    )
    if refused is not None:
        return refused
    session.sql("delete from data_export where id = :id", id=row.id)
    outbox.add(session, DataExportTaken(export_id=str(row.id), user_id=str(user_id)))
    audit.record(session, actor=actor, act="identity.export_taken", subject=f"user:{user_id}")
    text = vault.open(
        table="data_export", column="document", owner=f"export:{row.id}", sealed=bytes(row.document_sealed)
    )
    document: dict[str, Any] = json.loads(text)
    return document


def purge_exports(session: WriteSession, *, now: datetime, most: int) -> int:
    """Forget up to `most` copies that nobody took in time; returns how many."""
    return session.sql(
        """delete from data_export where user_id in (
             select user_id from data_export where expires_at <= :now limit :most for update skip locked
           )""",
        now=now,
        most=most,
    ).rowcount
