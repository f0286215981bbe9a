"""Advisory locks of one transaction. Rows are locked by their owners, in the documented order."""

import hashlib

from core.db import WriteSession


def number(key: str) -> int:
    """The number by which PostgreSQL knows a key."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)


def try_lock(session: WriteSession, *, key: str) -> bool:
    """Hold `key` until the transaction ends; False at once when another transaction holds it."""
    return bool(session.sql("select pg_try_advisory_xact_lock(:number)", number=number(key)).scalar_one())


def lock(session: WriteSession, *, key: str) -> None:
    """Hold `key` until the transaction ends, waiting for whoever has it (bounded by the lock timeout)."""
    session.sql("select pg_advisory_xact_lock(:number)", number=number(key))


def share_lock(session: WriteSession, *, key: str) -> None:
    """Hold `key` until the transaction ends together with others who share it, waiting for whoever has it alone."""
    session.sql("select pg_advisory_xact_lock_shared(:number)", number=number(key))
