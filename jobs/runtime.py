"""What a worker process holds. `app` fills it after the fork that made the process: connections must not be shared."""

import os
from collections.abc import Callable
from typing import Final

import structlog

from core.db import Database, WriteSession

log = structlog.get_logger(__name__)

PURGE_AT_ONCE: Final = 5_000


class NotConfigured(RuntimeError):
    """A task ran in a process that `app` has not prepared, or in the child of one."""


_held: tuple[int, Database] | None = None


def use(db: Database) -> None:
    """Hold the process's database; only `app` and tests do."""
    global _held  # noqa: PLW0603 -- one process, one database
    _held = (os.getpid(), db)


def database() -> Database:
    """The database of this process."""
    if _held is None or _held[0] != os.getpid():
        raise NotConfigured
    return _held[1]


def forget(what: str, purge: Callable[[WriteSession, int], int]) -> None:
    """Purge in transactions of at most PURGE_AT_ONCE rows until one finds fewer; a run cut short keeps what it did.

    `purge` takes away up to so many rows and says how many there were.
    """
    count = PURGE_AT_ONCE
    while count == PURGE_AT_ONCE:
        with database().write() as session:
            count = purge(session, PURGE_AT_ONCE)
        log.info("forgotten", what=what, count=count)
