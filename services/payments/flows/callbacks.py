"""Callbacks of providers: kept once, applied once, and acknowledged by the edge after the commit."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from core import faults
from core.db import Database
from services.payments import operations
from services.payments.errors import CallbackRefused
from services.payments.operations import Heard
from services.payments.ports import Notice
from services.payments.queries import merchants

log = structlog.get_logger(__name__)


def apply_stored_callbacks(db: Database, *, source: str, now: datetime, limit: int) -> int:
    """Apply callbacks that are due again, each in its own transaction, at most `limit`; answers how many were tried."""
    for done in range(limit):
        faults.point("payments.callbacks.before_apply")
        with db.write() as session:
            if operations.apply_stored(session, source=source, now=now) is None:
                return done
        faults.point("payments.callbacks.applied")
    return limit


async def take_notices(db: Database, heard: Sequence[Heard]) -> list[bool]:
    """Keep verified callbacks and book what they say was paid, in one statement: nearly every one is no more.

    False says that `receive_notice` is needed for this one, which goes on from wherever this stopped.
    """
    plain = {at: paid for at, each in enumerate(heard) if (paid := operations.plainly_paid(each)) is not None}
    taken = [False] * len(heard)
    if plain:
        faults.point("payments.callback.before_take")
        try:
            told = await db.hot_write(operations.TAKE_NOTICES, operations.take_params(list(plain.values())))
        except PoolTimeout:
            raise
        except psycopg.OperationalError as error:  # a lock that is not free soon, or nobody knows
            log.warning("callbacks_taken_perhaps", callbacks=len(plain), error=type(error).__name__)
            return taken
        for at, is_taken in zip(plain, told, strict=True):
            taken[at] = is_taken
        faults.point("payments.callback.taken")
    return taken


def receive_notice(db: Database, *, source: str, notice: Notice, body: bytes, now: datetime) -> bool:
    """Keep a verified callback once and apply it; acknowledge it then. Answers whether it is applied now.

    One that cannot be applied is kept all the same: `apply_stored_callbacks` goes on with it.
    """
    faults.point("payments.callback.before_keep")
    with db.write() as session:
        applied = operations.receive_notice(session, source=source, notice=notice, body=body, now=now)
        faults.point("payments.callback.before_commit")
    faults.point("payments.callback.committed")
    return applied


def read_with_new_keys(
    db: Database, *, source: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> Notice | CallbackRefused:
    """Verify a callback again with certificates that another process has fetched meanwhile."""
    with db.read() as session:
        operations.learn_keys(session, source=source, now=now)
    try:
        return merchants.provider(source).read_notice(headers, body, now=now)
    except CallbackRefused as refused:
        return refused


def count_refusal(db: Database, *, source: str, reason: str, now: datetime) -> None:
    """Count a callback that is not the platform's."""
    faults.point("payments.refusal.before_count")
    with db.write() as session:
        operations.count_refusal(session, source=source, reason=reason, now=now)
    faults.point("payments.refusal.counted")
