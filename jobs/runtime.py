"""What a worker process holds. `app` fills it after the fork that made the process: connections must not be shared."""

import os

from core.db import Database


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
