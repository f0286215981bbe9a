"""A person's rights over their data: a wish that a code proves, and the work that follows it later."""

from datetime import datetime
from typing import Any
from uuid import UUID

from core import faults
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import Database
from services.identity import operations, queries
from services.identity.errors import CodeIsBurnt, CodeWrong, ExportNotReady, InvalidPhone
from services.identity.flows.codes import CodePolicy, CodeRequested, request_code
from services.identity.operations import CodeBurnt, CodeRefused
from services.identity.ports import Purpose
from services.identity.queries import ErasureView


def request_own_code(
    db: Database,
    *,
    vault: Vault,
    policy: CodePolicy,
    user_id: UUID,
    device: str,
    address: str,
    locale: str,
    purpose: Purpose,
    now: datetime,
) -> CodeRequested:
    """Send a code that proves a person's wish to their own telephone. Raises what `request_code` does."""
    with db.read() as session:
        phone = queries.phone_of(session, vault=vault, user_id=user_id)
    if phone is None:
        raise InvalidPhone
    return request_code(
        db,
        vault=vault,
        policy=policy,
        phone=phone,
        device=device,
        address=address,
        locale=locale,
        now=now,
        purpose=purpose,
    )


def ask_erasure(
    db: Database, *, vault: Vault, user_id: UUID, device: str, code: str, actor: Actor, now: datetime
) -> ErasureView:
    """Let a person be erased a week from now; raises, after the try is committed, CodeWrong or CodeIsBurnt."""
    with db.write() as session:
        result = operations.ask_erasure(
            session, vault=vault, user_id=user_id, device=device, code=code, actor=actor, now=now
        )
        faults.point("identity.erasure.before_ask_commit")
    faults.point("identity.erasure.asked")
    match result:
        case CodeRefused():
            raise CodeWrong
        case CodeBurnt():
            raise CodeIsBurnt
        case _:
            return result


def take_export(
    db: Database, *, vault: Vault, user_id: UUID, device: str, code: str, actor: Actor, now: datetime
) -> dict[str, Any]:
    """A person's copy of their data; raises, after the try is committed, ExportNotReady, CodeWrong or CodeIsBurnt."""
    with db.write() as session:
        result = operations.take_export(
            session, vault=vault, user_id=user_id, device=device, code=code, actor=actor, now=now
        )
        faults.point("identity.export.before_take_commit")
    faults.point("identity.export.taken")
    match result:
        case None:
            raise ExportNotReady
        case CodeRefused():
            raise CodeWrong
        case CodeBurnt():
            raise CodeIsBurnt
        case _:
            return result


def erase_due(db: Database, *, vault: Vault, now: datetime) -> int:
    """Erase everybody whose time has come, each in a transaction; returns how many were."""
    erased = 0
    while True:
        with db.write() as session:
            step = operations.erase_next(session, vault=vault, now=now)
            faults.point("identity.erasure.before_commit")
        faults.point("identity.erasure.committed")
        if step is None:
            return erased
        erased += step.is_done


def make_exports(db: Database, *, vault: Vault, now: datetime) -> int:
    """Make every copy of a person's data that was asked for, each in a transaction; returns how many."""
    made = 0
    while True:
        with db.write() as session:
            step = operations.make_next(session, vault=vault, now=now)
            faults.point("identity.export.before_commit")
        faults.point("identity.export.committed")
        if step is None:
            return made
        made += step.is_done
