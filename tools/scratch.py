"""A PostgreSQL and a Valkey that vanish with whoever asked for them: for tests and tools.

They live in memory where there is room: a test's database is a copy of hundreds of files, which takes a disk ten times
as long. What survives the death of a server's process on a disk survives it there too.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from app.embedded import DATABASE, PostgresServer, ValkeyServer, free_port, state_folder

MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- each home in it has a name of its own and is entered by its user alone
ROOM_BYTES: Final = 4 << 30
"""A run of all tests on two cores takes less than 1 GiB."""

NAME: Final = "wattline-scratch-"


@dataclass(frozen=True)
class Scratch:
    """A pair of running servers."""

    postgres: PostgresServer
    valkey: ValkeyServer

    def dsn(self, role: str, dbname: str = DATABASE) -> str:
        """Address of a database for a role."""
        return self.postgres.dsn(role, dbname)

    @property
    def redis_url(self) -> str:
        """Valkey's address."""
        return self.valkey.url


@contextlib.contextmanager
def scratch(*, durable: bool) -> Iterator[Scratch]:
    """Both servers in a folder of their own while the block runs."""
    with _home() as home:
        postgres, valkey = PostgresServer(home, durable=durable), ValkeyServer(home, port=free_port())
        try:
            postgres.start()
            valkey.start()
            yield Scratch(postgres, valkey)
        finally:
            valkey.stop()
            postgres.stop()
            shutil.rmtree(state_folder(home), ignore_errors=True)


def _parent() -> Path:
    with contextlib.suppress(OSError):
        room = min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available)
        if room >= ROOM_BYTES and os.access(MEMORY, os.W_OK):
            return MEMORY
    return Path(tempfile.gettempdir())


@contextlib.contextmanager
def _home() -> Iterator[Path]:
    """A folder that is locked as long as its owner lives: what a killed one left is known by that and taken away."""
    parent = _parent()
    for old in parent.glob(f"{NAME}*"):
        with contextlib.suppress(OSError), _locked(old):
            shutil.rmtree(old, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix="wattline-draft-", dir=parent))
    draft.chmod(0o711)  # the server's user passes through, where that is another one
    with _locked(draft):
        home = draft.rename(parent / draft.name.replace("wattline-draft-", NAME))
        try:
            yield home
        finally:
            shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; raises BlockingIOError where another process does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
