"""Comparing many accounts although some of them fail at it."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import sqlalchemy as sa
import structlog

from core.db import ReadSession
from services.tariffs.queries import Fault
from services.usage.queries.views import Difference, Unpriced

log = structlog.get_logger(__name__)

MOST_ALONE: Final = 20
"""Accounts that may fail by themselves of those that are compared together."""
FAILED: Final = Fault("$", "price_failed")


def compare_apart(
    session: ReadSession,
    *,
    rows: Sequence[Any],
    compare: Callable[[Sequence[Any]], list[Difference | Unpriced]],
    most: int,
) -> list[Difference | Unpriced]:
    """What `compare` tells of accounts; those that it fails at by themselves, as nobody foresaw, are without a price.

    What fails together is compared in halves, each in a savepoint. Raises what the last one failed with where more than
    `most` do, and what the server or the connection failed at: then it is not the accounts.
    """
    if not rows:
        return []
    try:
        with session.begin_nested():
            return compare(rows)
    except Exception as error:
        if most == 0 or not _lies_in_accounts(error):
            raise
        if len(rows) == 1:
            log.exception("dry_run_account_failed", account_id=rows[0].id)
            return [_failed(rows[0])]
    half = len(rows) // 2
    found = compare_apart(session, rows=rows[:half], compare=compare, most=most)
    left = most - sum(has_failed(each) for each in found)
    return found + compare_apart(session, rows=rows[half:], compare=compare, most=left)


def has_failed(compared: Difference | Unpriced) -> bool:
    """Whether the comparison of an account failed for a reason that nobody foresaw."""
    return isinstance(compared, Unpriced) and compared.faults == (FAILED,)


def _failed(row: Any) -> Unpriced:
    return Unpriced(row.id, row.account_no, row.account_class, is_by_tried=False, faults=(FAILED,))


def _lies_in_accounts(error: Exception) -> bool:
    """Whether the same would fail again: what the server or the connection failed at may go well the next time."""
    return not isinstance(error, sa.exc.DBAPIError) or isinstance(error, sa.exc.DataError | sa.exc.IntegrityError)
