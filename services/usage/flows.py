"""Work that takes many transactions: dry runs over many accounts."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from core import faults
from core.db import Database
from services.usage import operations

log = structlog.get_logger(__name__)


def compare_some(db: Database, *, zone: ZoneInfo, now: datetime) -> int | None:
    """Compare the next accounts of the dry run that has waited longest; answers how many, None when there was none.

    What fails is put off: whoever asked for something else does not wait for it.
    """
    claimed, compared = None, 0
    try:
        with db.write() as session:
            claimed = operations.claim_dry_run(session, now=now)
            if claimed is not None:
                compared = operations.compare_piece(session, run=claimed, zone=zone, now=now)
            faults.point("usage.dry_run.before_commit")
    except Exception:
        if claimed is None:
            raise
        faults.point("usage.dry_run.failed")
        with db.write() as session:
            is_left = operations.put_dry_run_off(session, run_id=claimed.id)
        log.exception("dry_run_put_off", run_id=str(claimed.id), is_left=is_left)
    faults.point("usage.dry_run.committed")
    return None if claimed is None else compared


def compare_all(db: Database, *, zone: ZoneInfo, now: Callable[[], datetime], is_over: Callable[[], bool]) -> int:
    """Go on with what is asked for, piece by piece, one run after the other in turn; returns how many accounts."""
    accounts = 0
    while not is_over() and (compared := compare_some(db, zone=zone, now=now())) is not None:
        accounts += compared
    return accounts
