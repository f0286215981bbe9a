"""What a worker process holds. `app` fills it after the fork that made the process: connections must not be shared."""

import os
from typing import Final, Protocol

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


class Purge(Protocol):
    """What a task forgets with."""

    def __call__(self, session: WriteSession, /, *, most: int) -> int:
        """Take away up to `most` rows and say how many there were."""


def forget(what: str, purge: Purge) -> None:
    """Purge in transactions of at most PURGE_AT_ONCE rows until one finds fewer; a run cut short keeps what it did."""
    count = PURGE_AT_ONCE
    while count == PURGE_AT_ONCE:
        with database().write() as session:
            count = purge(session, most=PURGE_AT_ONCE)
        log.info("forgotten", what=what, count=count)
