"""Work that takes many transactions: writing files of lists."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog

from core import faults
from core.crypto.vault import Vault
from core.db import Database
from services.casework import operations

log = structlog.get_logger(__name__)


def write_file(db: Database, *, vault: Vault, file_id: UUID | None, now: datetime) -> bool:
    """Write the next piece of a file, of whichever has waited longest without `file_id`; False when there was none.

    What fails is put off: whoever asked for something else does not wait for it.
    """
    claimed = None
    try:
        with db.write() as session:
            claimed = operations.claim_file(session, file_id=file_id, now=now)
            if claimed is not None:
                operations.write_piece(session, vault=vault, file=claimed, now=now)
            faults.point("casework.file.before_commit")
    except Exception as error:
        if claimed is None:
            raise
        faults.point("casework.file.failed")
        with db.write() as session:
            is_left = operations.put_file_off(session, file_id=claimed.id)
        log.warning("file_put_off", file_id=str(claimed.id), is_left=is_left, error=type(error).__name__)
    faults.point("casework.file.committed")
    return claimed is not None


def write_files(db: Database, *, vault: Vault, now: Callable[[], datetime], is_over: Callable[[], bool]) -> int:
    """Write what is asked for, piece by piece, one file after the other in turn; returns how many pieces."""
    written = 0
    while not is_over() and write_file(db, vault=vault, file_id=None, now=now()):
        written += 1
    return written
